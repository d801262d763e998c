"""Where a line can be cut so that each part is a sentence."""

from __future__ import annotations

import re

# A terminator, any closing quotes or brackets, then white space and the start of something new;
# ideographic terminators need no space after them. Runs are taken whole (possessive, and begun only
# where they begin), or a line of 100,000 full stops would take time quadratic in it.
_END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s++["'“„«¿¡(\[]*+[^\W_a-z])"""
    r"""|(?<![。！？])[。！？]++[”’」』）]*+(?=\s*+\S)"""
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'„“«])(?:(?:[A-Za-zÄÖÜ]\.\s?)*[A-Za-zÄÖÜ]|\d{1,2}|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|No|Nr|Fig|Hr|Fr|Abs|Art|bzw|ca"
    r"|usw|etc|M|Mme|Mlle|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez|Gen|Col|Lt|Capt|Rev|Hon)\.$"
)
_LONGEST = 24  # characters before the end of which an abbreviation is looked for
_SPACE = re.compile(r"\s*")


def split_sentences(text: str) -> list[tuple[str, str]]:
    """Cut `text` at sentence ends into (sentence, the white space after it); joined they are `text` again.

    Does not cut after initials, common abbreviations and numbers of days, nor where the next word starts in lower case.
    """
    parts, start = [], 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text, max(0, start - 1, match.end() - _LONGEST), match.end()):
            continue
        space = _SPACE.match(text, match.end())
        assert space is not None  # it matches nothing, too
        parts.append((text[start : match.end()], space[0]))
        start = space.end()
    body = text[start:]
    stripped = body.rstrip()
    if body or not parts:
        parts.append((stripped, body[len(stripped) :]))
    return parts


def halve(text: str) -> tuple[str, str]:
    """Cut an over-long `text` in two near its middle: after a clause mark, else at a space, else anywhere."""
    middle = len(text) // 2
    window = range(len(text) // 4, len(text) - max(1, len(text) // 4))  # both halves get something
    for good in (",;:，；：、—", " \t"):
        places = [i + 1 for i in window if text[i] in good]
        if places:
            at = min(places, key=lambda i: abs(i - middle))
            return text[:at], text[at:]
    return text[:middle], text[middle:]

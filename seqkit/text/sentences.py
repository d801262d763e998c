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
    r"(?:^|[\s(\"'„“«])(?:[A-Za-zÄÖÜ]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|No|Nr|Hr|Fr|Abs|Art|bzw|ca|usw|etc|z\.\s?B|d\.\s?h|M|Mme|Mlle)\.$"
)


def split_sentences(text: str) -> list[tuple[str, str]]:
    """Cut `text` at sentence ends into (sentence, the white space after it); joined they are `text` again.

    Does not cut after initials and common abbreviations, nor where the next word starts in lower case.
    """
    parts, start = [], 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text, max(0, start - 1, match.end() - 12), match.end()):
            continue
        space = re.compile(r"\s*").match(text, match.end())
        end = space.end() if space else match.end()
        parts.append((text[start : match.end()], text[match.end() : end]))
        start = end
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

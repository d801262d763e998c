"""Where a line can be split so that each part is a sentence."""

from __future__ import annotations

import re

# A terminator, any closing quotes or brackets, then white space and the start of something new.
# Ideographic terminators need no space after them. Runs are matched whole (possessive, and only
# from their start), or a line of 100,000 full stops would take time quadratic in its length.
_END = re.compile(
    r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s++["'“„«¿¡(\[]*+[^\W_a-z])"""
    r"""|(?<![。！？])[。！？]++[”’」』）]*+(?=\s*+\S)"""
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'„“«])"
    r"(?:"
    r"(?:[A-Za-zÄÖÜ]\.\s?)*[A-Za-zÄÖÜ]|\d{1,2}"
    r"|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|No|Nr|Fig|Hr|Fr|Abs|Art|bzw|ca|usw|etc|M|Mme|Mlle"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez|Gen|Col|Lt|Capt|Rev|Hon"
    r")\.$"
)
_LONGEST_ABBREVIATION = 24  # characters
_SPACE = re.compile(r"\s*")

_CLAUSE_MARKS = ",;:，；：、—"
_SPACES = " \t"


def split_sentences(text: str) -> list[tuple[str, str]]:
    """Split `text` into pairs of a sentence and the white space after it.

    Joined, they are `text` again. There is no split after initials, common abbreviations and
    numbers of days, nor where the next word starts in lower case.
    """
    parts: list[tuple[str, str]] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if _ends_with_abbreviation(text, start, end):
            continue

        sentence = text[start:end]
        space = _space_at(text, end)
        parts.append((sentence, space))
        start = end + len(space)

    rest = text[start:]
    if rest or not parts:
        sentence = rest.rstrip()
        space = rest.removeprefix(sentence)
        parts.append((sentence, space))
    return parts


def _ends_with_abbreviation(text: str, start: int, end: int) -> bool:
    """Whether the full stop before `end` belongs to an abbreviation that begins after `start`."""
    before = max(0, start - 1, end - _LONGEST_ABBREVIATION)
    found = _ABBREVIATION.search(text, before, end)
    return found is not None


def _space_at(text: str, start: int) -> str:
    match = _SPACE.match(text, start)
    return match[0] if match else ""


def halve(text: str) -> tuple[str, str]:
    """Split an over-long `text` in two near its middle, each at least a quarter of it.

    After a clause mark if there is one, else after a space, else anywhere.
    """
    length = len(text)
    middle = length // 2
    margin = length // 4
    end = length - max(1, margin)
    window = range(margin, end)

    for separators in (_CLAUSE_MARKS, _SPACES):
        places = [i + 1 for i in window if text[i] in separators]
        if places:
            nearest = min(places, key=lambda place: abs(place - middle))
            return text[:nearest], text[nearest:]

    return text[:middle], text[middle:]

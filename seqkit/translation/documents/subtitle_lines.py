"""The lines of subtitles: how a text is shared out among cues, and laid out in one.

A cue has two lines of at most 42 characters, as the guidelines of broadcasters ask (Netflix, Timed
Text Style Guide).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from .cues import TAG

WIDTH = 42  # characters of a line
_MOST_ALIKE = 4  # lines of a cue that are made about as long as each other
_COMMA = 6  # characters that a cut after a comma may be further off


def shared_out(text: str, lengths: Sequence[int]) -> list[str]:
    """A text cut at blanks into as many parts as there are lengths, about as long as they are.

    A cut after a comma is preferred to one a little nearer. Parts are empty if words run out.
    """
    blanks = [match.start() for match in re.finditer(" ", text)]
    *widths, total = _shown_before(text, [*blanks, len(text)])
    parts: list[str] = []
    start = done = 0  # characters, and those that a viewer sees of them
    first = 0  # of the blanks that are left
    for i, length in enumerate(lengths[:-1]):
        if first == len(blanks):
            parts.append(text[start:])
            start = len(text)
            continue

        goal = done + (total - done) * length / max(1, sum(lengths[i:]))

        def badness(blank: int, goal: float = goal) -> float:
            is_after_comma = text[blanks[blank] - 1] in ",;:–—"
            return abs(widths[blank] - goal) - (_COMMA if is_after_comma else 0)

        best = min(range(first, len(blanks)), key=badness)
        parts.append(text[start : blanks[best]])
        start, done, first = blanks[best] + 1, widths[best] + 1, best + 1
    return [*parts, text[start:]]


def laid_out(text: str) -> list[str]:
    """A cue's text in lines: one if it fits, else two that are about as long.

    What does not fit into two lines gets more, so that nothing is lost; many are filled.
    """
    filled = _filled(text.split(" "))
    if not 1 < len(filled) <= _MOST_ALIKE:
        return filled

    alike = shared_out(text, [1] * len(filled))
    return alike if max(map(_shown, alike)) <= WIDTH else filled


def _filled(words: Sequence[str]) -> list[str]:
    """Words in lines, each filled before the next one begins: the fewest lines that there are."""
    lines = [[words[0]]]
    width = _shown(words[0])
    for word in words[1:]:
        width += 1 + _shown(word)
        if width <= WIDTH:
            lines[-1].append(word)
        else:
            lines.append([word])
            width = _shown(word)
    return [" ".join(line) for line in lines]


def _shown(text: str) -> int:
    """How many characters a viewer sees."""
    return len(TAG.sub("", text))


def _shown_before(text: str, places: Sequence[int]) -> list[int]:
    """How many characters a viewer sees before each place of a text."""
    tags = list(TAG.finditer(text))
    ends = [tag.end() for tag in tags]
    hidden = list(accumulate((len(tag[0]) for tag in tags), initial=0))
    return [place - hidden[bisect_right(ends, place)] for place in places]

"""The lines of subtitles: how a text is shared out among cues, and laid out in one.

A cue has two lines of at most 42 characters, as the guidelines of broadcasters ask (Netflix, Timed
Text Style Guide).
"""

from __future__ import annotations

import re

from .cues import TAG

WIDTH = 42  # characters of a line


def shared_out(text: str, lengths: list[int]) -> list[str]:
    """A text cut at blanks into as many parts as there are lengths, about as long as they are.

    A cut after a comma is preferred to one a little nearer. Parts are empty if words run out.
    """
    parts: list[str] = []
    rest = text
    for i, length in enumerate(lengths[:-1]):
        goal = _shown(rest) * length / max(1, sum(lengths[i:]))
        places = [match.start() for match in re.finditer(" ", rest)]
        if not places:
            parts.append(rest)
            rest = ""
            continue

        def badness(place: int, rest: str = rest, goal: float = goal) -> float:
            bonus = 6 if rest[place - 1 : place] in ",;:–—" else 0
            return abs(_shown(rest[:place]) - goal) - bonus

        best = min(places, key=badness)
        parts.append(rest[:best])
        rest = rest[best + 1 :]
    return [*parts, rest]


def laid_out(text: str) -> list[str]:
    """A cue's text in lines: one if it fits, else two that are about as long.

    What does not fit into two lines gets more, so that nothing is lost.
    """
    words = text.split(" ")
    if _shown(text) <= WIDTH:
        return [text]

    count = 2
    while count < len(words):
        lines = shared_out(text, [1] * count)
        if max(_shown(line) for line in lines) <= WIDTH:
            return lines
        filled = _filled(words)
        if len(filled) <= count:
            return filled
        count += 1
    return words


def _filled(words: list[str]) -> list[str]:
    """Words in lines, each filled before the next one begins."""
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if _shown(longer) <= WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _shown(text: str) -> int:
    """How many characters a viewer sees."""
    return len(TAG.sub("", text))

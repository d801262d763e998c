"""Plain text: a line in, a line out; paragraphs that were wrapped at a width are wrapped again."""

from __future__ import annotations

import re
import textwrap
from itertools import pairwise

from ...text.spans import has_letters
from .segment import Plain, Segment

_PARAGRAPH = re.compile(r"[^\r\n]+(?:(?:\r\n|\n|\r)[^\r\n]+)*")
_LINE = re.compile(r"[^\r\n]+")
_BEGINS = re.compile(r"[\w\"'“„«(¿¡]")  # a line within a paragraph
_ENDED = re.compile(r"[.!?…:]\W*$")
_FEWEST = 3  # lines: of two, the first one is nearly always as wide as the widest
_NARROWEST, _WIDEST = 50, 100  # characters of the longest line of what was wrapped


def segments(text: str) -> list[Segment]:
    """Each line without the blanks around it, or each wrapped paragraph; none without letters."""
    found: list[Segment] = []
    for match in _PARAGRAPH.finditer(text):
        width = _width(match[0])
        if width:
            found += _wrapped(match, width)
            continue
        for line in _LINE.finditer(text, *match.span()):
            inner = line[0].strip()
            if has_letters(inner):
                start = text.index(inner, line.start())
                found.append(Plain(start, start + len(inner), inner))
    return found


def _width(paragraph: str) -> int:
    """How many characters a paragraph was wrapped at; 0 if its line breaks mean something.

    Where a program has wrapped, no line has room for the first word of the next, which two lines
    show at least, and one ends within a sentence. Lines that begin with blanks or marks, or end
    with a backslash as commands do, are laid out by hand.
    """
    lines = paragraph.splitlines()
    width = max(map(len, lines))
    if len(lines) < _FEWEST or not _NARROWEST <= width <= _WIDEST or lines[0][0].isspace():
        return 0

    goes_on = False
    for line, following in pairwise(lines):
        first = following.split(maxsplit=1)[:1]
        if not first or not _BEGINS.match(following) or line.endswith("\\"):
            return 0
        if len(line.rstrip()) + 1 + len(first[0]) <= width:
            return 0
        goes_on |= following[0].islower() and not _ENDED.search(line)
    return width if goes_on else 0


def _wrapped(match: re.Match[str], width: int) -> list[Segment]:
    line_end = re.search(r"\r\n|\n|\r", match[0])
    assert line_end is not None  # of several lines
    stripped = match[0].rstrip()
    joined = " ".join(line.strip() for line in stripped.splitlines())
    if not has_letters(joined):
        return []

    def write(translation: str) -> str:
        lines = textwrap.wrap(
            translation,
            width,
            break_long_words=False,
            break_on_hyphens=False,
            expand_tabs=False,
            replace_whitespace=False,
        )
        return line_end[0].join(lines)

    return [Plain(match.start(), match.start() + len(stripped), joined, write)]

"""Plain text: a line in, a line out."""

from __future__ import annotations

import re

from ...text.spans import has_letters
from .segment import Plain, Segment

_LINE = re.compile(r"[^\r\n]+")


def segments(text: str) -> list[Segment]:
    """Each line without the blanks around it; those without letters are none."""
    found: list[Segment] = []
    for match in _LINE.finditer(text):
        line = match[0].strip()
        if has_letters(line):
            start = text.index(line, match.start())
            found.append(Plain(start, start + len(line), line))
    return found

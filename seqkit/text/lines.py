"""One line of text, and many: what every function that takes either agrees on."""

from __future__ import annotations

from ..errors import DataError


def single_line(text: str) -> str:
    """`text` without the line break at its end; raises `DataError` for one inside."""
    line = text.removesuffix("\n")
    if "\n" in line:
        raise DataError("expected one line; the text holds a line break: give its lines one by one")
    return line


def check_many(texts: object) -> None:
    """Raise TypeError for one string, which Python would take for a list of its characters."""
    if isinstance(texts, str):
        raise TypeError("give a list of texts, not one string")

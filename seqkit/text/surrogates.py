"""Halves of surrogate pairs: what a Python string can hold and no text.

They come from JSON ("\\ud83d" alone), from text that was cut in the middle of an emoji, and from
file names and arguments that are not UTF-8. They cannot be written, so all of seqkit refuses them,
in the same words.
"""

from __future__ import annotations

import re

from ..errors import DataError, half_surrogate

_HALVES = re.compile("[\ud800-\udfff]")


def encoded(text: str, what: str = "the text") -> bytes:
    """`text` in UTF-8; raises `DataError` if it, `what` to the caller, holds a half."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(half_surrogate(text, what)) from None


def without_halves(text: str) -> str:
    """`text` with U+FFFD for each half, to be shown."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)


def spelt_half(data: bytes) -> str:
    """The half that three bytes spell, as some programs write it; "" if they spell none."""
    try:
        char = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return ""
    return char if _HALVES.fullmatch(char) else ""

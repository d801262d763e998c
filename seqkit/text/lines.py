"""One line of text, and many: what every function that takes either agrees on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from ..errors import DataError, WrongType
from .surrogates import encoded

_SHOWN = 40  # characters of a wrong value in an error


def single_line(text: str) -> str:
    """`text` without the line break at its end; raises `DataError` for one inside."""
    check_one(text, "line")
    line = text.removesuffix("\n")
    if "\n" in line:
        raise DataError("expected one line; the text holds a line break: give its lines one by one")
    return line


def check_many(texts: object, what: str = "texts") -> None:
    """Raise `WrongType` for what cannot be many texts, without reading any of them.

    Above all for one string, which Python would take for a list of its characters. `what` is what
    the caller wants a list of.
    """
    if type(texts) is list:  # the usual case, at once
        return
    if isinstance(texts, str):
        raise WrongType(f"give a list of {what}, not one string: [{_shown(texts)}]")

    is_one = isinstance(texts, bytes | bytearray | PurePath)
    if is_one or not isinstance(texts, Iterable):
        raise WrongType(f"give a list of {what}, not {_named(texts)}")


def each_text(texts: Iterable[object], what: str = "texts") -> Iterator[str]:
    """`texts` one by one; raises as `check_many` at once, and at the first that is no text.

    That is `WrongType` for what is no string, `DataError` for one with half a surrogate pair.
    """
    check_many(texts, what)
    return _strings(texts, what)


def _strings(texts: Iterable[object], what: str) -> Iterator[str]:
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise WrongType(f"number {number} of the {what} is {_named(text)}, not a string")
        if not text.isascii():
            encoded(text, f"number {number} of the {what}")
        yield text


def check_texts(texts: Iterable[object], what: str = "texts") -> None:
    """Raise as `each_text` for many things that can be read again."""
    check_many(texts, what)
    if _are_sound(texts):
        return
    for _ in _strings(texts, what):
        pass


def _are_sound(texts: Iterable[Any]) -> bool:
    """Whether all are strings without half a surrogate pair: all at once, which is fast."""
    try:
        "".join(texts).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def check_one(text: object, what: str = "text") -> None:
    """Raise `WrongType` for what is no string, such as a list of them.

    And `DataError` for a string with half a surrogate pair.
    """
    if not isinstance(text, str):
        raise WrongType(f"give one {what} as a string, not {_named(text)}")
    if not text.isascii():
        encoded(text, f"the {what}")


def _named(value: object) -> str:
    """What a wrong value is, as people say it: None, a list, 3 (an int)."""
    if value is None:
        return "None"

    name = type(value).__name__
    kind = f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    if isinstance(value, bool | int | float | bytes | PurePath):
        return f"{_shown(value)} ({kind})"
    return kind


def _shown(value: object) -> str:
    """The value as Python writes it, cut off where it is long."""
    if isinstance(value, str | bytes):
        value = value[: _SHOWN + 1]
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "…"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

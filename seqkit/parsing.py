"""JSON, TOML and paths that others wrote: whatever is wrong with them is one kind of error.

Python's own readers raise more than that: RecursionError for brackets nested a thousand deep, for a
number of 5,000 digits an error that speaks of sys.set_int_max_str_digits, ValueError for a path
with a NUL in it.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from .errors import DataError, WrongType, WrongValue, half_surrogate

DEEPEST = 64  # objects and lists inside each other
_LONGEST_NAME = 255  # bytes of a file's name, of every common file system
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1  # what torch, numpy and TOML itself can hold


class NoPlainData(ValueError):
    """A text that is no JSON or TOML, or holds what no file of ours can mean."""


class BeyondLimits(NoPlainData):
    """Nested too deep, or with a number too long."""


def json_of(text: str | bytes) -> Any:
    """The value of a JSON text."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise BeyondLimits(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise NoPlainData(str(error)) from None
    except UnicodeDecodeError as error:
        raise NoPlainData(f"not UTF-8: byte {error.start}") from None
    except ValueError:
        raise BeyondLimits(_TOO_LONG) from None

    check_plain(value)
    return value


def to_json(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Plain data as JSON text. A number that is not finite is null: JSON knows no others.

    Other programs stop at `NaN` and `Infinity`, which Python writes by default.
    """
    try:
        return json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    except ValueError:
        finite = _finite(value)
        return json.dumps(finite, indent=indent, ensure_ascii=ascii_only, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value


def toml_of(text: str) -> dict[str, Any]:
    """The value of a TOML text."""
    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise BeyondLimits(_TOO_DEEP) from None
    except tomllib.TOMLDecodeError as error:
        raise NoPlainData(str(error)) from None
    except ValueError as error:
        if "digits" in str(error):
            raise BeyondLimits(_TOO_LONG) from None
        raise NoPlainData(str(error)) from None

    check_plain(value)
    return value


def check_plain(value: Any) -> None:
    """Raise `BeyondLimits` for depth and long numbers, `NoPlainData` for half a surrogate pair.

    It names the key.
    """
    for key, part, depth in _parts(value):
        if depth > DEEPEST:
            raise BeyondLimits(_TOO_DEEP)
        if isinstance(part, int) and not _SMALLEST <= part <= _LARGEST:
            raise BeyondLimits(f"{key} is too large a number: at most {_LARGEST} = 2^63 - 1")
        if isinstance(part, str):
            _check_whole(key, part)


def _check_whole(key: str, text: str) -> None:
    wrong = half_surrogate(text, key)
    if wrong:
        raise NoPlainData(wrong)


_TOO_DEEP = f"more than {DEEPEST} lists or tables inside each other"
_TOO_LONG = "a number is too long: at most 2^63 - 1, which has 19 digits"


def _parts(value: Any) -> Iterator[tuple[str, Any, int]]:
    """(key, value, depth) of everything inside `value`; the last comes first."""
    waiting: list[tuple[str, Any, int]] = [("value", value, 0)]
    while waiting:
        key, part, depth = waiting.pop()
        yield key, part, depth

        if isinstance(part, Mapping):
            inside = part.items()
            waiting += [(_joined(key, depth, name), item, depth + 1) for name, item in inside]
        elif isinstance(part, list | tuple):
            waiting += [(key, item, depth + 1) for item in part]


def _joined(key: str, depth: int, name: Any) -> str:
    return f"{key}.{name}" if depth else str(name)


def check_count(least: int = 0, **numbers: Any) -> None:
    """Raise `WrongValue` naming the first that is no whole number from `least` to 2^63 - 1."""
    for name, number in numbers.items():
        is_whole = isinstance(number, int) and not isinstance(number, bool)
        if not is_whole or not least <= number <= _LARGEST:
            raise WrongValue(f"{name} = {_shown(number)} must be a whole number from {least}")


def check_number(**numbers: Any) -> None:
    """Raise `WrongValue` naming the first that is no number, or nan."""
    for name, number in numbers.items():
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or number != number:
            raise WrongValue(f"{name} = {_shown(number)} must be a number")


def _shown(value: Any) -> str:
    try:
        return repr(value)[:40]
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"


def path_of(given: str | PathLike[str], what: str = "path", *, is_run: bool = False) -> Path:
    """`given` as a path; raises `WrongType` for what is none, `DataError` for no file's name.

    With `is_run`, a name that is not UTF-8 is refused: safetensors files cannot be read there.
    """
    try:
        text = fspath(given)
    except TypeError:
        raise WrongType(f"give a {what}, not {type(given).__name__}") from None
    if not isinstance(text, str):
        raise WrongType(f"give a {what} as a string, not as bytes")
    if "\0" in text:
        raise DataError(f"{what} {text!r} holds a NUL character, which no file name has")

    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise DataError(half_surrogate(text, what)) from None

    if is_run and half_surrogate(text, what):
        raise DataError(f"{half_surrogate(text, what)}, or give another {what}")

    path = Path(text)
    longest = max((len(part.encode("utf-8", "surrogateescape")) for part in path.parts), default=0)
    if longest > _LONGEST_NAME:
        raise DataError(f"{what} {text[:40]!r}… is too long: a name has {_LONGEST_NAME} bytes")
    return path

"""What pydantic says of a config, as one line that names the key and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from .errors import hint

_LONGEST_VALUE = 200  # characters of a wrong value in an error


def sentence(cls: type, error: ValidationError) -> str:
    """The first of pydantic's complaints, as one line.

    An unknown key comes first: it is often the reason why another one is missing.
    """
    problems = sorted(error.errors(include_url=False), key=lambda problem: not _is_unknown(problem))
    problem = problems[0]
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""

    path = problem["loc"]
    key = ".".join(map(_step, path))
    if _is_unknown(problem):
        known = _keys(cls, path[:-1])
        return f"unknown key {key!r}.{hint(str(path[-1]), known)}{more}"
    if problem["type"] == "missing":
        return f"missing key {key!r}{more}"

    text = " ".join(problem["msg"].split())
    text = text.removeprefix("Value error, ").removeprefix("Input ")
    if not key:
        return f"{text}{more}"
    if problem["type"] == "value_error":
        return f"{key}: {text}{more}"
    return f"{key} {text}, got {_shown(problem['input'])}{more}"


def _step(part: int | str) -> str:
    """A part of a key: of a list, items are counted from 1."""
    return str(part + 1) if isinstance(part, int) else part


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _is_unknown(problem: Mapping[str, Any]) -> bool:
    return problem["type"] in ("unexpected_keyword_argument", "extra_forbidden")


def _keys(cls: Any, path: Sequence[int | str]) -> list[str]:
    """The keys that the section at `path` inside `cls` knows; numbers lead into lists."""
    for part in path:
        if isinstance(part, int):
            cls = next(iter(get_args(cls)), None)
            continue
        fields = fields_of(cls)
        cls = fields[part].annotation if part in fields else None
    return list(fields_of(cls))


def fields_of(cls: Any) -> Mapping[str, FieldInfo]:
    """The pydantic fields of a config dataclass by name; none of anything else."""
    fields: Mapping[str, FieldInfo] = getattr(cls, "__pydantic_fields__", {})
    return fields

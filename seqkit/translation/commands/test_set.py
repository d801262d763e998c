"""A test set, as several commands are given it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from ...cli.options import PATH
from ...errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


class TestSet(NamedTuple):
    sources: list[str]
    references: list[list[str | None]]  # columns; None where a sentence has no further reference
    paths: list[Path]


def test_set_options(function: F) -> F:
    """--source, --reference, --data and --columns."""
    for option in (
        click.option(
            "--columns",
            default="1,2",
            show_default=True,
            help="Source and reference column of --data, from 1.",
        ),
        click.option(
            "--data",
            type=PATH,
            help="TSV instead: source TAB reference; equal sources are grouped.",
        ),
        click.option(
            "--reference",
            "references",
            type=PATH,
            multiple=True,
            help="Its right translation; give several if any.",
        ),
        click.option("--source", type=PATH, help="Text to translate."),
    ):
        function = option(function)
    return function


def read_test_set(
    source: Path | None, references: tuple[Path, ...], data: Path | None, columns: str
) -> TestSet:
    """What the options ask for; raises `DataError`, `ConfigError` or click's UsageError."""
    if (data is None) == (source is None) or (source is None) == bool(references):
        raise click.UsageError("give --source F --reference F, or --data TSV")

    from ...data.parallel import read_references

    paths = [path for path in (data, source, *references) if path]
    return TestSet(*read_references(paths, _columns(columns)), paths)


def _columns(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() and int(part) for part in parts):
        raise ConfigError(f"--columns {text!r} is not two numbers from 1, such as 1,2")
    return int(parts[0]), int(parts[1])

"""Text that is given on the command line: as it stands, in files, and stdin as "-"."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import DataError, reason
from .options import PATH, as_one, checked_utf8, refuse_input, together

F = TypeVar("F", bound=Callable[..., Any])

STDIN = Path("-")
_TAKEN = "seqkit.stdin"  # who reads stdin, in the context of a command


class TextPath(click.Path):
    """A file of text to read, or "-" for stdin, which only one argument can have."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        path = Path(str(super().convert(value, param, ctx)))  # type: ignore[arg-type]
        if path == STDIN and ctx is not None:
            take_stdin(ctx)
        return path


TEXT = TextPath()


def take_stdin(ctx: click.Context | None = None) -> None:
    """Note that the command reads stdin; raises a usage error if it does so already."""
    ctx = ctx or click.get_current_context()
    if ctx.meta.get(_TAKEN):
        raise click.UsageError("stdin can be read only once: give a file for the other")
    ctx.meta[_TAKEN] = True


@dataclass(frozen=True)
class Given:
    """What a command answers: TEXT, what --input holds, or stdin; and where the answers go."""

    text: tuple[str, ...]
    source: Path | None
    output: Path | None

    def check(self, *, takes_folders: bool = False) -> None:
        """Raise what is wrong with it, before a model is opened."""
        if self.text and self.source:
            raise click.UsageError("give TEXT or --input, not both")
        for line in self.text:
            looks_like_a_path = os.sep in line or Path(line).suffix
            if looks_like_a_path and os.path.isfile(line):
                raise click.UsageError(f"{line} is a file: give it as --input {line}")

        is_folder = takes_folders and self.source is not None and self.source.is_dir()
        if self.source and not is_folder:
            check_readable(self.source)
            refuse_input(self.output, (self.source,))

    @property
    def is_text(self) -> bool:
        """Whether it is on the command line itself; "-" is stdin there, too."""
        return bool(self.text) and self.text != (str(STDIN),)

    def chunks(self) -> Iterable[list[str]]:
        """The lines, some at a time, as soon as they are there."""
        if self.is_text:
            return [[checked_utf8(line) for line in self.text]]
        return read_chunks(self.source)


def given_options(source: str, output: str) -> Callable[[F], F]:
    """TEXT, --input and --output as one `Given`; what the help of the two options says."""
    return together(
        click.argument("text", nargs=-1),
        click.option("-i", "--input", "source", type=TEXT, help=source),
        click.option("-o", "--output", type=PATH, help=output),
        as_one("given", Given),
    )


def read_chunks(path: Path | None) -> Iterator[list[str]]:
    """Lists of lines, as many as can be had without waiting, so that a pipe is answered at once.

    None and "-" are stdin. Raises `DataError` naming the line that is not UTF-8.
    """
    from ..data import files  # imports more than --help should

    return files.read_chunks(path)


def check_readable(path: Path) -> None:
    """Raise `DataError` if the file cannot be read."""
    if path == STDIN or path.is_fifo():  # whose writer would see that it was closed
        return

    try:
        path.open("rb").close()
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None

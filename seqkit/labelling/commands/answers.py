"""What `seqkit classify`, `tag` and `segment` share: a line in, an answer out, as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from ...cli.lines import STDIN, check_readable, read_chunks
from ...cli.options import checked_utf8, opened, refuse_input
from ...cli.progress import counted


def open_model(
    task: str,
    model: str,
    device: str,
    text: Sequence[str],
    source: Path | None,
    output: Path | None,
) -> Any:
    """The model of a run folder, after a look at its input: a mistake there costs no time."""
    check_input(text, source, output)

    from ...runs.load import load

    return load(model, device=device, task=task)


def check_input(text: Sequence[str], source: Path | None, output: Path | None) -> None:
    """Raise what is wrong with the input of a command, before a model is opened."""
    if text and source:
        raise click.UsageError("give TEXT or --input, not both")
    for line in text:
        if Path(line).suffix and Path(line).is_file():
            raise click.UsageError(f"{line} is a file: give it as --input {line}")
    if source:
        check_readable(source)
        refuse_input(output, (source,))


def answer_lines(
    predict: Callable[[list[Any]], Iterable[str]],
    text: Sequence[str],
    source: Path | None,
    output: Path | None,
    *,
    read: Callable[[Path | None], Iterable[list[Any]]] = read_chunks,
) -> None:
    """Write the answers to TEXT, to what `source` holds, or to stdin, in order.

    `read` gives some lines of a file at a time, or whatever else `predict` takes.
    """
    is_text = bool(text) and tuple(text) != (str(STDIN),)
    given = [[checked_utf8(line) for line in text]] if is_text else read(source)
    with opened(output) as write:
        for chunk in counted(given, "lines", show=source is not None):
            for answer in predict(chunk):
                write(answer)

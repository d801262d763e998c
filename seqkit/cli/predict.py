"""`seqkit predict -m RUN …`: what a model makes of new input, whatever its task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from ..parsing import to_json
from .by_task import CommandByTask, check_settings
from .lines import STDIN, TEXT, check_readable, read_chunks
from .options import (
    PATH,
    checked_utf8,
    device_options,
    json_option,
    key_values,
    one_model_option,
    opened,
    refuse_input,
    set_option,
)
from .progress import counted


@click.command("predict")
@one_model_option("A run folder.", required=True)
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@click.option(
    "-i", "--input", "source", type=TEXT, help="Read lines of text from this file; - is stdin."
)
@click.option("-o", "--output", type=PATH, help="Write predictions to this file; else stdout.")
@set_option
@device_options
@json_option
def generic(
    model: str,
    inputs: tuple[str, ...],
    source: Path | None,
    output: Path | None,
    overrides: tuple[str, ...],
    device: str,
    as_json: bool,
) -> None:
    """Run a model on INPUT... and write a line for each.

    INPUT is a text or a file, whichever the model reads. Texts may also come line by line from
    --input or stdin.
    """
    from ..runs.load import load

    if inputs and source:
        raise click.UsageError("give INPUT or --input, not both")
    if source:  # fail before the model is loaded
        check_readable(source)
        refuse_input(output, (source,))
    settings = key_values(overrides, "--set")

    predictor = load(model, device=device)
    check_settings(predictor.predict, settings, "--set")
    list(predictor.predict([], **settings))  # fail before any input is read

    chunks = _chunks(predictor.reads, inputs, source, output)
    with opened(output) as write:
        for chunk in counted(chunks, "predictions", show=bool(inputs or source)):
            for prediction in predictor.predict(chunk, **settings):
                write(_json(prediction) if as_json else str(prediction))


def _chunks(
    reads: str, inputs: Sequence[str], source: Path | None, output: Path | None
) -> Iterable[Sequence[Any]]:
    """The inputs in the form that the model reads them, as soon as they are there."""
    if reads == "files":
        if not inputs:
            raise click.UsageError("this model reads files: give their names as INPUT")
        paths = [Path(name) for name in inputs]
        refuse_input(output, paths)
        return [[path] for path in paths]

    if inputs and inputs != (str(STDIN),):
        return [[checked_utf8(text) for text in inputs]]
    return read_chunks(source)


def _json(prediction: Any) -> str:
    return to_json(prediction.record())


predict = CommandByTask("predict", generic)

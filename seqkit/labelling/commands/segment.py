"""`seqkit segment`: the words of a text that is written without blanks."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, json_option, one_model_option
from ...errors import CheckpointError
from ...parsing import to_json
from .answers import answer_lines, open_model


@click.command()
@click.argument("text", nargs=-1)
@one_model_option("A run folder.", required=True)
@click.option("-i", "--input", "source", type=TEXT, help="Text, line by line; - is stdin.")
@click.option("-o", "--output", type=PATH, help="Where the words go; else stdout.")
@device_options
@json_option
def segment(
    text: tuple[str, ...],
    model: str,
    source: Path | None,
    output: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """TEXT, a file, or stdin with blanks between words: a line in, a line out, in order.

    Blanks that are there stay borders of words.
    """
    tagger = open_model("tagging", model, device, text, source, output)
    if not tagger.segments:
        raise CheckpointError(f"{model} tags words, and finds none: use `seqkit tag`")

    def predict(lines: list[str]) -> list[str]:
        found = tagger.predict(lines)
        return [to_json(one.record()) if as_json else str(one) for one in found]

    answer_lines(predict, text, source, output)

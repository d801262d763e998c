"""`seqkit segment`: the words of a text that is written without blanks."""

from __future__ import annotations

import click

from ...cli.lines import Given, given_options
from ...cli.options import device_options, json_option, one_model_option
from ...errors import CheckpointError
from ...parsing import to_json
from .answers import answer_lines, open_tagger


@click.command()
@one_model_option("A run folder.", required=True)
@given_options("Text, line by line; - is stdin.", "Where the words go; else stdout.")
@device_options
@json_option
def segment(
    given: Given,
    model: str,
    device: str,
    as_json: bool,
) -> None:
    """TEXT, a file, or stdin with blanks between words: a line in, a line out, in order.

    Blanks that are there stay borders of words.
    """
    tagger = open_tagger(model, device, given)
    if not tagger.segments:
        raise CheckpointError(f"{model} tags words, and finds none: use `seqkit tag`")

    def predict(lines: list[str]) -> list[str]:
        found = tagger.predict(lines)
        return [to_json(one.record()) if as_json else str(one) for one in found]

    answer_lines(predict, given)

"""`seqkit classify`: the label of each text, with its probability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, json_option
from ...parsing import to_json
from .answers import answer_lines, open_model


@click.command()
@click.argument("text", nargs=-1)
@click.option("-m", "--model", required=True, help="A run folder.")
@click.option("-i", "--input", "source", type=TEXT, help="Texts, one a line; - is stdin.")
@click.option("-o", "--output", type=PATH, help="Where the labels go; else stdout.")
@click.option("--top", type=int, default=0, help="With --json: the N likeliest classes; 0 is all.")
@click.option(
    "--threshold", type=float, help="Of models that give several labels: the least probability."
)
@device_options
@json_option
def classify(
    text: tuple[str, ...],
    model: str,
    source: Path | None,
    output: Path | None,
    top: int,
    threshold: float | None,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """The label of each TEXT, of each line of a file, or of stdin: a line in, a line out.

    A line is the label, its probability, a tab and the text. Where a text may have several labels,
    it has those that are probable enough, or "-".
    """
    classifier = open_model("text-classification", model, device, threads, text, source, output)
    settings: dict[str, Any] = {"top": top}
    if threshold is not None:
        settings["threshold"] = threshold
    classifier.predict([], **settings)  # fail before any input is read

    def predict(lines: list[str]) -> list[str]:
        found = classifier.predict(lines, **settings)
        return [to_json(one.record()) if as_json else str(one) for one in found]

    answer_lines(predict, text, source, output)

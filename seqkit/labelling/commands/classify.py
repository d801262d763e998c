"""`seqkit classify`: the label of each text, with its probability."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, device_options, json_option, show_notes
from ...parsing import to_json
from .answers import answer_lines, check_input
from .options import models_option, open_classifier, threshold_option


@click.command()
@click.argument("text", nargs=-1)
@models_option
@click.option("-i", "--input", "source", type=TEXT, help="Texts, one a line; - is stdin.")
@click.option("-o", "--output", type=PATH, help="Where the labels go; else stdout.")
@click.option(
    "--top", type=int, metavar="N", help="Show the N likeliest classes; 0 is all, as with --json."
)
@threshold_option
@device_options
@json_option
def classify(
    text: tuple[str, ...],
    models: tuple[str, ...],
    source: Path | None,
    output: Path | None,
    top: int | None,
    threshold: float | None,
    device: str,
    as_json: bool,
) -> None:
    """The label of each TEXT, of each line of a file, or of stdin: a line in, a line out.

    A line is the label, its probability, a tab and the text. Where a text may have several labels,
    it has those that are probable enough, or "-". Several models answer by the mean of their
    probabilities.
    """
    check_input(text, source, output)
    classifier = open_classifier(models, device)
    settings = {"top": top or 0, "threshold": threshold}
    classifier.predict([], **settings)  # fail before any input is read

    from ..classification.remarks import Remarks

    remarks = Remarks(classifier.inputs)

    def predict(lines: list[str]) -> Iterator[str]:
        for found in classifier.predict(lines, **settings):
            remarks.add(found)
            if as_json:
                yield to_json(found.record())
            else:
                yield found.line(found.labels if top is None else found.classes)

    answer_lines(predict, text, source, output)
    show_notes(remarks)

"""`seqkit classify`: the label of each text, with its probability."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ...cli.lines import Given, given_options
from ...cli.options import device_options, json_option, show_notes
from ...parsing import to_json
from .answers import answer_lines
from .options import models_option, open_classifier, threshold_option


@click.command()
@models_option
@given_options("Texts, one a line; - is stdin.", "Where the labels go; else stdout.")
@click.option(
    "--top", type=int, metavar="N", help="Show the N likeliest classes; 0 is all, as with --json."
)
@threshold_option
@device_options
@json_option
def classify(
    given: Given,
    models: tuple[str, ...],
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
    given.check()
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

    answer_lines(predict, given)
    show_notes(remarks)

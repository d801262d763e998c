"""`seqkit explain -m RUN` for text classifiers: the words that decided."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.options import PATH, checked_utf8, device_options, json_option, opened
from ...parsing import to_json
from .options import models_option, open_classifier


@click.command("explain")
@click.argument("text")
@models_option
@click.option("--class", "label", help="What speaks for this class; else for the likeliest.")
@click.option("-o", "--output", type=PATH, help="Write an HTML page that colours the words.")
@device_options
@json_option
def explain(
    text: str,
    models: tuple[str, ...],
    label: str | None,
    output: Path | None,
    device: str,
    as_json: bool,
) -> None:
    """Show which words of TEXT speak for its class and which against it.

    A line for each token: its influence on the log odds of the class (gradient times input, nats),
    its share of attention if the model has attention, and the token. Of an ensemble, whose models
    must cut TEXT into the same tokens, the influence on what they say together.
    """
    given = checked_utf8(text)
    classifier = open_classifier(models, device)

    from ..classification import explain as explanations
    from ..classification.page import explanation_page

    found = explanations.explain(classifier, given, label)
    click.echo(to_json(found.record()) if as_json else found)
    if output is not None:
        note = " + ".join(f"{one.name} {one.digest}" for one in classifier.members)
        with opened(output) as write:
            write(explanation_page(found, note))
        click.echo(f"written to {output}", err=True)

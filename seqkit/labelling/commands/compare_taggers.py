"""`seqkit compare FIRST SECOND` for taggers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.lines import TEXT
from ...cli.options import device_options, json_option, show_notes
from ...parsing import to_json
from ...progress import working

if TYPE_CHECKING:
    from ..tagging.comparison import TaggerComparison


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
@click.option(
    "--show",
    default=5,
    show_default=True,
    type=click.IntRange(min=0),
    help="Show the N sentences that differ most.",
    metavar="N",
)
@device_options
@json_option
def compare(
    first: str,
    second: str,
    files: tuple[Path, ...],
    show: int,
    device: str,
    as_json: bool,
) -> None:
    """Compare the taggers FIRST and SECOND, two run folders, and say whether it is chance.

    On the sentences of FILE..., or on the test sentences of the first run. The paired bootstrap
    draws sentences, McNemar's exact test counts words.
    """
    from ...runs.load import load
    from ..tagging.comparison import TaggerComparison

    models = [load(name, device=device, task="tagging") for name in (first, second)]
    with working("evaluating"):
        data = models[0].read_test_data(files)
        reports = [model.evaluate(data) for model in models]
    result = TaggerComparison(*reports)

    click.echo(to_json(result.record()) if as_json else result)
    show_notes(result)
    if not as_json:
        for number in result.differing(show):
            _show(result, number)


def _show(result: TaggerComparison, number: int) -> None:
    """The right tags of a sentence, and both answers."""
    click.echo("")
    rows = {
        "right": result.first.actual[number],
        "first": result.first.predicted[number],
        "second": result.second.predicted[number],
    }
    for name, tags in rows.items():
        click.echo(f"  {name:<6}  {' '.join(tags)}")

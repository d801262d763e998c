"""`seqkit compare FIRST SECOND` for text classifiers."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import device_options, json_option, show_notes
from ...parsing import to_json
from ...progress import working


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]...")
@click.option(
    "--show",
    default=5,
    show_default=True,
    type=click.IntRange(min=0),
    help="Show N texts that one model alone gets right.",
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
    """Compare the classifiers FIRST and SECOND, two run folders, and say whether it is chance.

    Each may be an ensemble, as RUN+RUN.

    On the labelled texts of FILE..., or on the test texts of the first run. McNemar's exact test
    and the paired bootstrap give the p-values.
    """
    from ...runs.load import load
    from ..classification.comparison import ClassifierComparison

    models = [load(name, device=device, task="text-classification") for name in (first, second)]
    with working("evaluating"):
        data = models[0].read_test_data(files)
        reports = [model.evaluate(data, baselines=False) for model in models]
    result = ClassifierComparison(*reports)

    click.echo(to_json(result.record()) if as_json else result)
    show_notes(result)
    if as_json:
        return
    for number in result.differing(show):
        click.echo(f"\n{' '.join(data.texts.texts[number].split())}")
        click.echo(f"  true    {', '.join(data.texts.labels[number])}")
        for name, report in zip(("first", "second"), reports, strict=True):
            click.echo(f"  {name:<6}  {report.answer(number)}")

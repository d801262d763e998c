"""`seqkit compare FIRST SECOND` for text classifiers, and for taggers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ...cli.lines import TEXT
from ...cli.options import device_options, json_option, show_report, together
from ...progress import working

F = TypeVar("F", bound=Callable[..., Any])


def _options(show: str) -> Callable[[F], F]:
    """FIRST, SECOND, FILE..., --show, where to compute, and --json."""
    return together(
        click.argument("first"),
        click.argument("second"),
        click.argument("files", nargs=-1, type=TEXT, metavar="[FILE]..."),
        click.option(
            "--show",
            default=5,
            show_default=True,
            type=click.IntRange(min=0),
            help=show,
            metavar="N",
        ),
        device_options,
        json_option,
    )


@click.command("compare")
@_options("Show N texts that one model alone gets right.")
def compare_classifiers(**given: Any) -> None:
    """Compare the classifiers FIRST and SECOND, two run folders, and say whether it is chance.

    Each may be an ensemble, as RUN+RUN.

    On the labelled texts of FILE..., or on the test texts of the first run. McNemar's exact test
    and the paired bootstrap give the p-values.
    """
    from ..classification.comparison import ClassifierComparison

    _compare("text-classification", ClassifierComparison, **given, baselines=False)


@click.command("compare")
@_options("Show the N sentences that differ most.")
def compare_taggers(**given: Any) -> None:
    """Compare the taggers FIRST and SECOND, two run folders, and say whether it is chance.

    On the sentences of FILE..., or on the test sentences of the first run. The paired bootstrap
    draws sentences, McNemar's exact test counts words.
    """
    from ..tagging.comparison import TaggerComparison

    _compare("tagging", TaggerComparison, **given)


def _compare(
    task: str,
    comparison: Callable[[Any, Any], Any],
    *,
    first: str,
    second: str,
    files: tuple[Path, ...],
    show: int,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Measure both models on the same examples, with `settings`, and show what differs."""
    from ...runs.load import load

    models = [load(name, device=device, task=task) for name in (first, second)]
    with working("evaluating"):
        data = models[0].read_test_data(files)
        reports = [model.evaluate(data, **settings) for model in models]
    result = comparison(*reports)

    show_report(result, as_json=as_json)
    if as_json:
        return
    for number in result.differing(show):
        click.echo("\n" + "\n".join(result.shown(number, data)))

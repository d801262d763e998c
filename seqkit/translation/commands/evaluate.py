from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import PATH, device_options, opened, refuse_input, show_report
from ...errors import ConfigError
from ...parsing import to_json
from ...progress import working
from .options import (
    TestFiles,
    chunks,
    engine_options,
    models_option,
    open_translator,
    positive_integers,
    search_option,
    test_set_options,
)

if TYPE_CHECKING:
    from ..beam_sweep import BeamResult
    from ..evaluation import TestSet
    from ..translator import Translator


@click.command()
@models_option
@test_set_options
@click.option("--output", "-o", type=PATH, help="Keep the translations here.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="A metric by name, in place of BLEU and chrF; repeat for several.",
)
@click.option(
    "--beam",
    "beams",
    metavar="1,2,4,8",
    help="Width; several are compared on whole lines: BLEU, speed, search errors.",
)
@partial(search_option, show_to=False)  # it is there all the same
@engine_options
@device_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object; with --beam, one for each width."
)
def evaluate(
    models: tuple[str, ...],
    files: TestFiles,
    output: Path | None,
    metrics: tuple[str, ...],
    beams: str | None,
    settings: dict[str, Any],
    engine: str,
    compute: str,
    device: str,
    as_json: bool,
) -> None:
    """Translate a test set and score it: by default BLEU and chrF, with sacrebleu's signatures."""
    widths = _widths(beams)
    if output and len(widths) > 1:
        raise click.UsageError("--output keeps the translations of one width: give one to --beam")
    test_set = files.read()
    refuse_input(output, files.paths)
    names = _metric_names(metrics)

    translator = open_translator(models, device, engine=engine, compute=compute)
    if len(widths) > 1:
        with working("translating"):
            _compare_widths(translator, test_set, widths, names, settings, as_json)
        return

    if widths:
        settings["beam"] = widths[0]
    outputs = _translate(translator, test_set.sources, settings, output)

    from ..evaluation import evaluate_outputs

    changed = translator.changed(settings)
    report = evaluate_outputs(outputs, test_set, names, seen=translator.seen, settings=changed)
    show_report(report, as_json=as_json)


def _widths(beams: str | None) -> list[int]:
    if not beams:
        return []
    try:
        return positive_integers(beams)
    except ValueError:
        raise ConfigError(f"--beam {beams!r} is not a list of widths such as 1,2,4,8") from None


def _metric_names(given: Sequence[str]) -> list[str]:
    """The metrics to compute; raises `UnknownName` before anything is translated."""
    from ..evaluation import METRICS, load_metrics

    return list(load_metrics(given or METRICS))


def _translate(
    translator: Translator, sources: Sequence[str], settings: dict[str, Any], output: Path | None
) -> list[str]:
    """Translations, which are also written to `output`, line by line."""
    from ...cli.progress import counted
    from ..predictions import one_line

    outputs: list[str] = []
    with opened(output) if output else nullcontext(lambda line: None) as write:
        for chunk in counted(chunks(sources), "sentences translated"):
            translations = translator.translate(chunk, **settings)
            outputs += translations
            for line in translations:
                write(one_line(line))
    return outputs


def _compare_widths(
    translator: Translator,
    test_set: TestSet,
    widths: list[int],
    metrics: list[str],
    settings: dict[str, Any],
    as_json: bool,
) -> None:
    """Write a line for each width as soon as it is known."""
    from ..beam_sweep import measure

    click.echo(
        "note: the best of several widths is a little too good on the sentences that chose it: "
        "measure it on others",
        err=True,
    )
    results = measure(translator, test_set, widths, metrics=metrics, settings=settings)
    if as_json:
        for result in results:
            click.echo(to_json(result.record()))
        return

    labels = _labels(metrics)
    click.echo(_header(labels))
    for result in results:
        click.echo(_row(result, labels))

    click.echo(f"{len(test_set.sources):,} sentences")
    for name, label in labels.items():
        click.echo(f"{label} {result.scores[name].signature}")
    click.echo(
        "length: of outputs over references, in tokens of BLEU; "
        "a search error: a reference has a higher score than the output"
    )


def _labels(metrics: list[str]) -> dict[str, str]:
    from ...metrics.text_metric import label_of
    from ..evaluation import load_metrics

    return {name: label_of(metric) for name, metric in load_metrics(metrics).items()}


def _header(labels: dict[str, str]) -> str:
    columns = "  ".join(f"{label:>5}" for label in labels.values())
    return f"beam  {columns}  length  sentences/s  search errors"


def _row(result: BeamResult, labels: dict[str, str]) -> str:
    scores: list[str] = []
    for name, label in labels.items():
        width = max(5, len(label))
        scores.append(f"{result.scores[name].score:{width}.2f}")
    return (
        f"{result.beam:>4}  {'  '.join(scores)}  {result.length_ratio:6.3f}  "
        f"{result.speed:>11.1f}  {result.search_errors:>13.2%}"
    )

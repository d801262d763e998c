"""`seqkit lm perplexity`: measure one model, or compare and mix several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.lines import TEXT, take_stdin
from ...cli.options import PATH, device_options, json_option
from ...errors import DataError
from ...parsing import to_json
from ...progress import working
from .inputs import FILES, arriving_blocks, name_of, note, open_model, read_text

if TYPE_CHECKING:
    from ...metrics.perplexity import Perplexity
    from ...metrics.scoring import Scorer
    from ..baseline import Baseline
    from ..scoring import Measured


@click.command()
@click.option(
    "-m",
    "--model",
    "models",
    required=True,
    multiple=True,
    type=PATH,
    help="Run folder, ARPA file, seqkit's binary, or a mixture (.toml); several to compare, mix.",
)
@click.option(
    "--test", is_flag=True, help="Measure on the text that the first model, a run, held out."
)
@click.option(
    "--fit", type=TEXT, help="Fit the mixture's weights on this text, not the one measured."
)
@click.option(
    "--per-sentence",
    is_flag=True,
    help="A line for each: perplexity, log10 probability, tokens, OOV, text.",
)
@device_options
@json_option
@FILES
def perplexity(
    models: tuple[Path, ...],
    test: bool,
    fit: Path | None,
    per_sentence: bool,
    device: str,
    as_json: bool,
    files: tuple[Path, ...],
) -> None:
    """Perplexity of FILEs (or stdin); of several models also that of their best mixture."""
    from ..scoring import marks_note, measure_text

    _check_usage(models, files, test, per_sentence)
    scorers = [open_model(path, device) for path in models]
    if per_sentence and not test:
        _show_each_line(scorers[0], arriving_blocks(files), files, as_json)
        return

    with working("measuring"):
        text, baseline = _held_out(scorers[0]) if test else (read_text(files), None)
    if per_sentence:
        _show_each_line(scorers[0], text, files, as_json)
        return

    several = len(models) > 1
    names = [str(path) for path in models]
    with working("measuring"):
        measured = [measure_text(scorer, text, to_mix=several) for scorer in scorers]
    reports = [each.report for each in measured]

    if as_json:
        _show_json(names, reports, baseline)
    else:
        _show_table(names, scorers, reports, baseline)
    note(marks_note(scorers, text))
    for name, report in zip(names, reports, strict=True):
        for remark in report.notes:
            note(f"{name}: {remark}")

    if several:
        held_out = read_text((fit,)) if fit else text
        _show_mixture(names, scorers, measured, held_out, text, as_json)


def _check_usage(
    models: Sequence[Path], files: Sequence[Path], test: bool, per_sentence: bool
) -> None:
    if per_sentence and len(models) > 1:
        raise click.UsageError("--per-sentence takes one model")
    if test and files:
        raise click.UsageError("choose one of --test and FILE")
    if not test and not files:
        take_stdin()
    if test and models[0].is_file():
        raise click.UsageError(
            f"--test needs a run folder first, which knows its test text; {models[0]} is a file"
        )


def _held_out(scorer: Scorer) -> tuple[list[bytes], Baseline | None]:
    """The test text of a run, and what counting reaches on it."""
    from ...ngram.text import from_lines
    from ..held_out import HeldOutText

    text = scorer.read_test_data([])
    baseline = text.baseline if isinstance(text, HeldOutText) else None
    return list(from_lines(text)), baseline


def _show_each_line(
    scorer: Scorer, blocks: Iterable[bytes], files: tuple[Path, ...], as_json: bool
) -> None:
    """A line for each line of a text, as soon as it is there."""
    from ..scoring import score_each_line

    is_empty = True
    for block in blocks:
        is_empty = False
        lines: list[str] = []
        for line in score_each_line(scorer, [block]):
            record = to_json(line.record()) if as_json else str(line)
            lines.append(record)
        click.echo("\n".join(lines))

    if is_empty:
        raise DataError(f"{name_of(files)}: the text is empty")


def _show_json(
    names: Sequence[str], reports: Sequence[Perplexity], baseline: Baseline | None
) -> None:
    baselines = {baseline.name: baseline.perplexity} if baseline else {}
    for name, report in zip(names, reports, strict=True):
        record = replace(report, baselines=baselines).record()
        click.echo(to_json({"model": name, **record}))


def _show_table(
    names: Sequence[str],
    scorers: Sequence[Scorer],
    reports: Sequence[Perplexity],
    baseline: Baseline | None,
) -> None:
    from ..scoring import gives_probabilities, oov_note, table

    click.echo(table(names, reports))
    if baseline:
        click.echo(
            f"{baseline.name} of the same tokens, modified Kneser-Ney: "
            f"perplexity {baseline.perplexity:.4f}"
        )

    note(oov_note(reports))
    for name, scorer in zip(names, scorers, strict=True):
        if not gives_probabilities(scorer):
            note(
                f"{name} gives scores, not probabilities: "
                "its perplexity does not compare with any other"
            )


def _show_mixture(
    names: Sequence[str],
    scorers: Sequence[Scorer],
    measured: Sequence[Measured],
    held_out: Sequence[bytes],
    text: Sequence[bytes],
    as_json: bool,
) -> None:
    """The mixture of the models that suits a held-out text best, measured on `text`, if any."""
    from ..mixtures import mix
    from ..scoring import measure_text, report_mixture, why_not_mixed

    obstacle = why_not_mixed(scorers, measured)
    if obstacle:
        note(f"no mixture: {obstacle}")
        return

    is_as_long = sum(map(len, held_out)) == sum(map(len, text))
    is_the_same = is_as_long and b"".join(held_out) == b"".join(text)
    if is_the_same:
        mixture = mix([each.nats for each in measured])
    else:
        mixture = mix([measure_text(scorer, held_out, to_mix=True).nats for scorer in scorers])

    fitted_on = "this text" if is_the_same else "held-out text"
    report = report_mixture(mixture, names, measured, fitted_on=fitted_on)
    click.echo(to_json(report.record()) if as_json else report)
    if is_the_same:
        note(
            "the weights of the mixture were fitted on the text that it is measured on, which "
            "lowers its perplexity: fit them on another with --fit"
        )

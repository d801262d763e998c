from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import STDIN, take_stdin
from ...cli.options import device_options
from ...errors import DataError
from ...parsing import to_json
from .options import (
    TestFiles,
    chunks,
    engine_options,
    open_translator,
    search_option,
    test_set_options,
)

if TYPE_CHECKING:
    from ...metrics.comparison import Comparison, Resampled
    from ..evaluation import TestSet
    from ..translator import Translator


@click.command()
@click.argument("first")
@click.argument("second")
@test_set_options
@click.option(
    "--show",
    default=5,
    show_default=True,
    type=click.IntRange(min=0),
    help="Show the N sentences that differ most.",
    metavar="N",
)
@search_option
@engine_options
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def compare(
    first: str,
    second: str,
    files: TestFiles,
    show: int,
    settings: dict[str, Any],
    engine: str,
    compute: str,
    device: str,
    as_json: bool,
) -> None:
    """Compare FIRST and SECOND on a test set by BLEU and chrF.

    Says whether the difference could be chance. Each of them is a run folder, the name of a shipped
    model, an ensemble as RUN+RUN, or a file of finished translations.
    """
    test_set = files.read()
    open_ = partial(open_translator, device=device, engine=engine, compute=compute)
    outputs = [_outputs(name, test_set.sources, open_, settings) for name in (first, second)]

    from ...metrics import comparison

    result = comparison.compare(outputs[0], outputs[1], test_set.references)
    sentences = _sentences(result, test_set, outputs, show)
    if as_json:
        record = {**result.record(), "sentences": sentences}
        click.echo(to_json(record))
        return

    _write_scores((first, second), result)
    for sentence in sentences:
        _write_sentence(sentence)


def _outputs(
    name: str,
    sources: list[str],
    open_: Callable[[list[str]], Translator],
    settings: dict[str, Any],
) -> list[str]:
    """The translations of a model, or those in a file."""
    if name == str(STDIN):
        take_stdin()
    if name == str(STDIN) or _is_text(Path(name)):
        return _read_outputs(Path(name), len(sources))

    from ...cli.progress import counted

    translator = open_([name])
    if not translator.languages:  # the other model may have several to choose from
        settings = {key: value for key, value in settings.items() if key != "to"}

    outputs: list[str] = []
    for chunk in counted(chunks(sources), f"sentences translated by {name}"):
        outputs += translator.translate(chunk, **settings)
    return outputs


def _is_text(path: Path) -> bool:
    """Whether `path` is a file of translations, and not one that a model is packed in."""
    from ...runs.imported import is_packed_model

    return path.is_file() and not is_packed_model(path)


def _read_outputs(path: Path, sentences: int) -> list[str]:
    from ...data.files import read_lines

    lines = list(read_lines(path))
    if len(lines) != sentences:
        raise DataError(f"{path} has {len(lines):,} lines, the test set {sentences:,} sentences")
    return lines


def _sentences(
    result: Comparison, test_set: TestSet, outputs: Sequence[Sequence[str]], most: int
) -> list[dict[str, Any]]:
    """The sentences that differ most, as plain data."""
    sentences: list[dict[str, Any]] = []
    for i, difference in result.most_different(most):
        answers = [column[i] for column in test_set.references]
        sentences.append(
            {
                "source": test_set.sources[i],
                "references": [answer for answer in answers if answer is not None],
                "first": outputs[0][i],
                "second": outputs[1][i],
                "chrf_difference": difference,
            }
        )
    return sentences


def _write_scores(names: tuple[str, str], result: Comparison) -> None:
    width = max(len(name) for name in names)
    for name, scores in zip(names, (result.first, result.second), strict=True):
        shown = [_interval(metric, score) for metric, score in scores.items()]
        click.echo(f"{name:<{width}}  {'   '.join(shown)}")

    chances = [f"{metric} {p:.4f}" for metric, p in result.p_values.items()]
    click.echo(
        f"p-value of the difference, paired bootstrap of {result.samples:,} samples "
        f"(Koehn 2004): {', '.join(chances)}"
    )
    for signature in result.signatures.values():
        click.echo(signature)


def _interval(metric: str, score: Resampled) -> str:
    return f"{metric} {score.score:.2f} ({score.mean:.2f} ± {score.interval:.2f})"


def _write_sentence(sentence: dict[str, Any]) -> None:
    from ..predictions import one_line

    click.echo(f"\nchrF {sentence['chrf_difference']:+.1f}  {sentence['source']}")
    for reference in sentence["references"]:
        click.echo(f"  reference  {reference}")
    click.echo(f"  first      {one_line(sentence['first'])}")
    click.echo(f"  second     {one_line(sentence['second'])}")

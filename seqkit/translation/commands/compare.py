from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import device_options, key_values, set_threads
from ...errors import DataError
from .options import one_line, open_translator, search_option
from .test_set import read_test_set, test_set_options

if TYPE_CHECKING:
    from ...metrics.comparison import Comparison


@click.command()
@click.argument("first")
@click.argument("second")
@test_set_options
@click.option(
    "--show", default=5, show_default=True, type=click.IntRange(min=0), help="So many sentences."
)
@search_option
@device_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def compare(
    first: str,
    second: str,
    source: Path | None,
    references: tuple[Path, ...],
    data: Path | None,
    columns: str,
    show: int,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Compare FIRST and SECOND on a test set: BLEU and chrF, and whether the difference could be chance.

    Each is a run folder, the name of a shipped model, or a file of finished translations.
    """
    settings = key_values(search, "--search")
    test_set = read_test_set(source, references, data, columns)
    set_threads(threads)
    outputs = [_outputs(name, test_set.sources, device, settings) for name in (first, second)]

    from ...metrics import comparison

    found = comparison.compare(outputs[0], outputs[1], test_set.references)
    sentences: list[dict[str, Any]] = [
        {
            "source": test_set.sources[i],
            "references": [column[i] for column in test_set.references if column[i] is not None],
            "first": outputs[0][i],
            "second": outputs[1][i],
            "chrf_difference": difference,
        }
        for i, difference in found.most_different(show)
    ]
    if as_json:
        click.echo(json.dumps({**found.record(), "sentences": sentences}, ensure_ascii=False))
        return
    _table((first, second), found)
    for sentence in sentences:
        click.echo(f"\nchrF {sentence['chrf_difference']:+.1f}  {sentence['source']}")
        for reference in sentence["references"]:
            click.echo(f"  reference  {reference}")
        click.echo(f"  first      {one_line(sentence['first'])}")
        click.echo(f"  second     {one_line(sentence['second'])}")


def _outputs(name: str, sources: list[str], device: str, settings: dict[str, Any]) -> list[str]:
    """The translations of a model, or those in a file."""
    from ...cli.progress import counted

    if Path(name).is_file():
        from ...data.files import read_lines

        lines = list(read_lines(Path(name)))
        if len(lines) != len(sources):
            raise DataError(
                f"{name} has {len(lines):,} lines, the test set {len(sources):,} sentences"
            )
        return lines
    translator = open_translator([name], device)
    chunks = [sources[i : i + 500] for i in range(0, len(sources), 500)]
    return [
        line
        for chunk in counted(chunks, f"sentences translated by {name}")
        for line in translator.translate(chunk, **settings)
    ]


def _table(names: tuple[str, str], found: Comparison) -> None:
    width = max(map(len, names))
    for name, metrics in zip(names, (found.first, found.second), strict=True):
        shown = "   ".join(
            f"{metric} {value.score:.2f} ({value.mean:.2f} ± {value.interval:.2f})"
            for metric, value in metrics.items()
        )
        click.echo(f"{name:<{width}}  {shown}")
    chances = ", ".join(f"{metric} {p:.4f}" for metric, p in found.p_values.items())
    click.echo(
        f"p-value of the difference, paired bootstrap of {found.samples:,} samples (Koehn 2004): {chances}"
    )
    for signature in found.signatures.values():
        click.echo(signature)

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import PATH, device_options, key_values, opened, refuse_input, set_threads
from ...errors import ConfigError
from .options import models_option, one_line, open_translator, search_option
from .test_set import TestSet, read_test_set, test_set_options

if TYPE_CHECKING:
    from ..translator import Translator


@click.command()
@models_option
@test_set_options
@click.option("--output", "-o", type=PATH, help="Keep the translations here.")
@click.option(
    "--beam",
    "beams",
    metavar="1,2,4,8",
    help="Width; several are compared on whole lines: BLEU, speed, search errors.",
)
@search_option
@device_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object; with --beam, one for each width."
)
def evaluate(
    models: tuple[str, ...],
    source: Path | None,
    references: tuple[Path, ...],
    data: Path | None,
    columns: str,
    output: Path | None,
    beams: str | None,
    search: tuple[str, ...],
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Translate a test set and score it with sacrebleu: BLEU and chrF, with their signatures."""
    settings, widths = key_values(search, "--search"), _widths(beams)
    if output and len(widths) > 1:
        raise click.UsageError("--output keeps the translations of one width: give one to --beam")
    if len(widths) == 1:
        settings["beam"] = widths[0]
    test_set = read_test_set(source, references, data, columns)
    refuse_input(output, test_set.paths)
    set_threads(threads)
    translator = open_translator(models, device)
    if len(widths) > 1:
        _by_width(translator, test_set, widths, settings, as_json)
        return

    from ...cli.progress import counted
    from ...metrics import bleu, chrf

    outputs: list[str] = []
    chunks = [test_set.sources[i : i + 500] for i in range(0, len(test_set.sources), 500)]
    with opened(output) if output else nullcontext(lambda line: None) as write:
        for chunk in counted(chunks, "sentences translated"):
            found = translator.translate(chunk, **settings)
            outputs += found
            for line in found:
                write(one_line(line))
    scores = {
        "bleu": bleu(outputs, test_set.references),
        "chrf": chrf(outputs, test_set.references),
    }
    if as_json:
        record = {
            key: value
            for name, s in scores.items()
            for key, value in ((name, s.score), (f"{name}_signature", s.signature))
        }
        click.echo(json.dumps({**record, "sentences": len(test_set.sources)}))
        return
    for name, label in (("bleu", "BLEU"), ("chrf", "chrF")):
        click.echo(f"{label} {scores[name].score:.2f}  {scores[name].signature}")
    click.echo(f"{len(test_set.sources):,} sentences")


def _widths(beams: str | None) -> list[int]:
    parts = beams.split(",") if beams else []
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise ConfigError(f"--beam {beams!r} is not a list of widths such as 1,2,4,8")
    return [int(part) for part in parts]


def _by_width(
    translator: Translator,
    test_set: TestSet,
    widths: list[int],
    settings: dict[str, Any],
    as_json: bool,
) -> None:
    """A line for each width, as soon as it is known."""
    from ..beam_sweep import measure

    signatures = ""
    if not as_json:
        click.echo("beam   BLEU   chrF  length  sentences/s  search errors")
    for row in measure(translator, test_set.sources, test_set.references, widths, settings):
        signatures = f"BLEU {row.bleu.signature}\nchrF {row.chrf.signature}"
        if as_json:
            click.echo(json.dumps(row.record()))
        else:
            click.echo(
                f"{row.beam:>4}  {row.bleu.score:5.2f}  {row.chrf.score:5.2f}  {row.length_ratio:6.3f}  "
                f"{row.speed:>11.1f}  {row.search_errors:>13.2%}"
            )
    if not as_json:
        click.echo(f"{len(test_set.sources):,} sentences\n{signatures}")
        click.echo(
            "length: of outputs over references, in tokens of BLEU; a search error: a reference has a higher score "
            "than the output"
        )

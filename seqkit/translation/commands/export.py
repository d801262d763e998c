from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.options import PATH
from ...data.aside import check_is_new, new_folder, size_of
from ...errors import ConfigError, DataError
from .options import model_option

if TYPE_CHECKING:
    from ..exporters.run_folder import Exported

# Numbers of the weights that each can have; the first where none are asked for.
COMPUTE = {
    "ctranslate2": ("float32", "int8", "int16", "bfloat16"),
    "argos": ("int8", "float32", "int16", "bfloat16"),
    "huggingface": ("float32", "float16"),
    "run": ("float16", "float32"),
}
_ALL_COMPUTE = ("float32", "float16", "bfloat16", "int16", "int8")


@click.command()
@model_option
@click.option("--to", type=click.Choice(list(COMPUTE)), help="What to write.")
@click.option(
    "--slim", "to", flag_value="run", help="As --to run: a run folder without what trains it."
)
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    help="The folder to write; X.argosmodel for argos, X.zip or a folder for a run.",
)
@click.option(
    "--compute",
    type=click.Choice(_ALL_COMPUTE),
    help="Numbers of the weights. [default: int8 for argos, float16 for a run, else float32]",
)
@click.option(
    "--languages",
    nargs=2,
    metavar="FROM TO",
    help="Codes of the languages, such as en de, if the run does not say.",
)
@click.option(
    "--check",
    "text",
    type=PATH,
    help="Translate this text by both, and say how many lines are identical.",
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=0.95,
    show_default=True,
    help="Fail if a smaller share is identical.",
)
def export(
    model: str | None,
    to: str | None,
    out: Path,
    compute: str | None,
    languages: tuple[str, str] | None,
    text: Path | None,
    least: float,
) -> None:
    """Hand a model on: for CTranslate2, Argos Translate and LibreTranslate, Hugging Face, or as a
    slim run folder.

    Other programs take translators that are Transformers; a slim run folder can be had of any
    model. seqkit opens all of these, too.
    """
    from ...runs.finding import DEFAULT

    if to is None:
        raise click.UsageError("Missing option '--to' (or '--slim').")
    chosen = compute or COMPUTE[to][0]
    if chosen not in COMPUTE[to]:
        raise ConfigError(f"--to {to} has no {chosen}: it has {', '.join(COMPUTE[to])}")

    check_is_new(out)
    _check_name(to, out)
    lines = _lines_of(text) if text else []
    _write(model or DEFAULT, to, out, chosen, languages)
    click.echo(f"{out}: {size_of(out):,} bytes, {chosen}")
    if lines:
        _check(model, to, out, lines, least)


def _check_name(to: str, out: Path) -> None:
    suffix = out.suffix.lower()
    if to == "argos" and suffix != ".argosmodel":
        raise ConfigError(f"Argos installs files that end in .argosmodel: --out {out}.argosmodel")
    if to in ("ctranslate2", "huggingface") and suffix in (".zip", ".argosmodel"):
        raise ConfigError(f"--to {to} writes a folder: give --out a name without {out.suffix}")


def _lines_of(text: Path) -> list[str]:
    from ...data.files import read_lines

    lines = [line for line in read_lines(text) if line.strip()]
    if not lines:
        raise DataError(f"{text} is empty: there is nothing to check with")
    return lines


def _write(model: str, to: str, out: Path, compute: Any, given: tuple[str, str] | None) -> None:
    if to == "run":
        from ...runs.slim import write_slim

        write_slim(model, out, dtype=compute)
        return

    from ...runs.open import config_of
    from ..exporters import argos
    from ..exporters.run_folder import read_run

    exported = read_run(*config_of(model))
    languages = given or tuple(exported.languages)
    if to == "argos" and len(languages) != 2:
        raise ConfigError(
            f"{model} does not say its languages, which Argos goes by: give --languages FROM TO, "
            "such as --languages en de"
        )
    files = _files(exported, to, out, compute, languages)
    own = exported.own_search()
    if own:
        kept = ", ".join(own)
        click.echo(f"note: {kept} stays with seqkit; other programs search without", err=True)
    packed_as = argos.package_name(languages) if to == "argos" else ""
    with new_folder(out, packed_as=packed_as) as folder:
        _fill(folder, files)


def _files(
    exported: Exported, to: str, out: Path, compute: Any, languages: tuple[str, ...]
) -> dict[str, bytes]:
    from ..exporters import argos, ctranslate2, huggingface

    if to == "huggingface":
        return huggingface.folder_files(exported, languages, out.name, dtype=compute)

    model = ctranslate2.model_files(
        exported.weights, exported.model, *exported.tokens, compute=compute
    )
    if to == "argos":
        return argos.package_files(exported, model, languages)
    return {**model, **exported.pieces()}


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _check(model: str | None, to: str, out: Path, lines: Sequence[str], least: float) -> None:
    from ...runs.load import load
    from ..exporters.check import check

    translator = load(model, task="translation", engine="torch")
    agreement = check(translator, to, out, lines)
    click.echo(agreement)
    if agreement.share < least:
        raise DataError(f"{out}: fewer than {least:.1%} of the lines are identical")

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...cli.options import PATH
from ...errors import CheckpointError, DataError, reason

if TYPE_CHECKING:
    from ..exporters.ctranslate2 import Compute

COMPUTE = ("float32", "int8", "int16", "bfloat16")


@click.command()
@click.option("-m", "--model", help="A run folder, or the name of a shipped model.")
@click.option(
    "--to",
    "program",
    type=click.Choice(["ctranslate2"]),
    required=True,
    help="The program to write for.",
)
@click.option("-o", "--out", type=PATH, required=True, help="The folder to write.")
@click.option(
    "--compute",
    type=click.Choice(COMPUTE),
    default="float32",
    show_default=True,
    help="Numbers of the weights; int8 takes a quarter of the room.",
)
@click.option(
    "--check", type=PATH, help="Translate this text by both, and say how many lines are identical."
)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=0.95,
    show_default=True,
    help="Fail if a smaller share is identical.",
)
def export(
    model: str | None, program: str, out: Path, compute: Compute, check: Path | None, least: float
) -> None:
    """Write a translator in the format of another program.

    The folder for CTranslate2 has the SentencePiece models beside it; seqkit opens it, too.
    """
    from ...runs.finding import DEFAULT
    from ...runs.open import config_of
    from ..exporters.ctranslate2 import model_files
    from ..exporters.run_folder import read_run

    if out.exists():
        raise CheckpointError(f"{out} exists: choose another --out")
    exported = read_run(*config_of(model or DEFAULT))
    files = model_files(exported.weights, exported.model, *exported.tokens, compute=compute)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, content in {**files, **exported.pieces()}.items():
            (part / name).write_bytes(content)
        part.rename(out)
    except OSError as error:
        raise CheckpointError(f"cannot write {out}: {reason(error)}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)

    click.echo(f"{out}: {sum(map(len, files.values())):,} bytes, {compute}")
    if check:
        _check(model, out, check, least)


def _check(model: str | None, out: Path, text: Path, least: float) -> None:
    from ...data.files import read_lines
    from ...runs.load import load
    from ..exporters.check import check_ctranslate2

    lines = [line for line in read_lines(text) if line.strip()]
    if not lines:
        raise DataError(f"{text} is empty: there is nothing to check with")
    agreement = check_ctranslate2(load(model, task="translation"), out, lines)
    click.echo(agreement)
    if agreement.share < least:
        raise DataError(f"{out}: fewer than {least:.1%} of the lines are identical")

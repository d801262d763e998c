from __future__ import annotations

from pathlib import Path

import click

from ..errors import CheckpointError
from .options import PATH


@click.command("import")
@click.argument("model", type=PATH)
@click.option("-o", "--out", type=PATH, required=True, help="The run folder to write.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="Numbers of the weights; float16 takes half the room.",
)
def import_model(model: Path, out: Path, dtype: str) -> None:
    """Make a run folder of another program's model.

    MODEL is a CTranslate2 folder, an Argos package, or a Hugging Face folder of a Marian model such
    as OPUS-MT's. Commands that take -m open these as they are, too, and convert them each time.
    """
    from ..plugins import components
    from ..runs.imported import importer_of

    if not model.exists():
        raise CheckpointError(f"nothing at {model}: give a file or a folder of another program")
    importer = importer_of(model)
    if importer is None:
        known = "; ".join(entry.help for entry in components().importers)
        raise CheckpointError(f"{model} is no model that seqkit can import. It imports {known}")

    importer.write_run(model, out, dtype=dtype)
    click.echo(f"{out}: from {importer.name}; use it with -m {out}, train on with --init {out}")

from __future__ import annotations

from pathlib import Path

import click

from ..errors import CheckpointError, ConfigError
from .options import PATH

_OTHERS = (".argosmodel", ".npz", ".bin")  # names of files that are no runs


@click.command("import")
@click.argument("model", type=PATH)
@click.option("-o", "--out", type=PATH, required=True, help="The run folder to write, or X.zip.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="Numbers of the weights; float16 takes half the room.",
)
@click.option(
    "--to", default="", metavar="LANG", help="Target language of a model that has several."
)
def import_model(model: Path, out: Path, dtype: str, to: str) -> None:
    """Make a run folder of another program's model.

    MODEL is a CTranslate2 folder, an Argos package, a Hugging Face folder of a Marian model such as
    OPUS-MT's or its name on the hub (hf:OWNER/NAME), or a Marian .npz. Commands that take -m open
    these as they are, too, and convert them each time.
    """
    from ..plugins import components
    from ..runs.hub import fetch, is_hub_name
    from ..runs.imported import importer_of, is_run

    if out.suffix.lower() in _OTHERS:
        raise ConfigError(
            f"--out {out}: import writes a run folder, or a zip file of it (--out {out.stem}.zip); "
            "`seqkit export` writes the files of other programs"
        )
    path, source = fetch(str(model)) if is_hub_name(model) else (model, str(model))
    if not path.exists():
        raise CheckpointError(f"nothing at {model}: give a file or a folder of another program")
    importer = importer_of(path)
    if importer is None and is_run(path):
        raise CheckpointError(f"{model} is a run of seqkit already: use it with -m {model}")
    if importer is None:
        known = "; ".join(entry.help for entry in components().importers)
        raise CheckpointError(f"{model} is no model that seqkit can import. It imports {known}")

    importer.write_run(path, out, dtype=dtype, source=source, to=to)
    click.echo(f"{out}: from {importer.name}; use it with -m {out}, train on with --init {out}")

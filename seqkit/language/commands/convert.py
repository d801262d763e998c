"""`seqkit lm convert`: write an n-gram model in another format."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.options import PATH, refuse_input
from ...errors import ConfigError
from ...plugins import components
from ...progress import working
from .inputs import check_writable, note


@click.command()
@click.argument("model", type=PATH)
@click.argument("out", type=PATH)
def convert(model: Path, out: Path) -> None:
    """Write the n-gram MODEL to OUT: ARPA for *.arpa and *.arpa.gz, else seqkit's binary.

    MODEL is an ARPA file, packed or not, or seqkit's binary.
    """
    from ... import ngram
    from ...ngram.files import is_arpa

    if model.is_dir():
        raise ConfigError(f"{model} is a folder: only n-gram models can be converted")
    check_writable(out)
    refuse_input(out, (model,))

    with working("reading"):
        opened = ngram.load(model, tokenizers=components().tokenizers.load)
    if is_arpa(out) and opened.unit != "whitespace":
        note(f"ARPA does not keep the tokenizer: split text by {opened.unit} before it is scored")
    with working("writing"):
        ngram.save(opened, out)
    click.echo(f"order {opened.order}; n-grams {opened.tables.sizes}; written to {out}", err=True)

"""`seqkit lm convert`: write an n-gram model in another format."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.options import PATH, refuse_input
from ...errors import ConfigError
from ...plugins import components
from ...progress import working
from .inputs import bytes_of, check_writable, note


@click.command()
@click.argument("model", type=PATH)
@click.argument("out", type=PATH)
@click.option(
    "--prune-entropy",
    type=float,
    metavar="1e-8",
    help="Drop n-grams whose loss raises perplexity by less, relative (Stolcke 1998).",
)
@click.option(
    "--size", metavar="20M", help="Prune so that seqkit's binary has at most this many bytes."
)
@click.option(
    "--bits",
    type=click.Choice(["8", "32"]),
    default="32",
    show_default=True,
    help="Of probabilities in seqkit's binary; 8 makes it a third of the size, or less.",
)
def convert(
    model: Path, out: Path, prune_entropy: float | None, size: str | None, bits: str
) -> None:
    """Write the n-gram MODEL to OUT: ARPA for *.arpa and *.arpa.gz, else seqkit's binary.

    MODEL is an ARPA file, packed or not, or seqkit's binary. It may be made smaller on the way.
    """
    from ... import ngram
    from ...ngram.files import is_arpa
    from ...ngram.pruning import prune, prune_to_size

    if prune_entropy is not None and size is not None:
        raise click.UsageError("choose one of --prune-entropy and --size")
    most = None if size is None else bytes_of("--size", size)

    if model.is_dir():
        raise ConfigError(f"{model} is a folder: only n-gram models can be converted")
    check_writable(out)
    refuse_input(out, (model,))

    with working("reading"):
        opened = ngram.load(model, tokenizers=components().tokenizers.load)
    before = opened.tables.sizes
    with working("pruning"):
        if prune_entropy is not None:
            opened = prune(opened, prune_entropy)
        if most is not None:
            opened = prune_to_size(opened, most, bits=int(bits))
    if is_arpa(out) and opened.unit != "whitespace":
        note(f"ARPA does not keep the tokenizer: split text by {opened.unit} before it is scored")
    with working("writing"):
        ngram.save(opened, out, bits=int(bits))

    sizes = opened.tables.sizes
    shown = sizes if sizes == before else f"{before}, pruned to {sizes}"
    click.echo(f"order {opened.order}; n-grams {shown}; written to {out}", err=True)

"""`seqkit lm filter`: an n-gram model without the words that a task does not need."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import TEXT
from ...cli.options import PATH, refuse_input
from ...errors import DataError
from ...plugins import components
from ...progress import working
from .inputs import check_writable, words_of


@click.command("filter")
@click.option(
    "--vocab",
    required=True,
    type=TEXT,
    help="The words to keep: white space between them, or Kaldi's words.txt.",
)
@click.argument("model", type=PATH)
@click.argument("out", type=PATH)
def filter_model(vocab: Path, model: Path, out: Path) -> None:
    """Write the n-gram MODEL to OUT with nothing but n-grams of the words of --vocab.

    A text of these words has the same score as before. `convert` says what formats there are.
    """
    from ... import ngram
    from ...ngram.filtering import restrict

    check_writable(out)
    refuse_input(out, (model, vocab))
    words = words_of(vocab)
    with working("reading"):
        opened = ngram.load(model, tokenizers=components().tokenizers.load)
    try:
        kept = restrict(opened, words)
    except DataError as error:
        raise DataError(f"{vocab}: {error}") from None
    with working("writing"):
        ngram.save(kept, out)
    click.echo(
        f"order {kept.order}; n-grams {opened.tables.sizes}, filtered to {kept.tables.sizes}; "
        f"written to {out}",
        err=True,
    )

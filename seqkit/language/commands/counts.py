"""`seqkit lm counts`: count n-grams and keep the counts, or add up counts of pieces."""

from __future__ import annotations

from pathlib import Path

import click

from ...cli.lines import take_stdin
from ...cli.options import PATH, refuse_input
from ...errors import ConfigError
from ...progress import working
from .inputs import (
    COUNTS,
    FILES,
    MEMORY,
    ORDER,
    TOKENIZER,
    bytes_of,
    check_writable,
    pre_tokenizer_of,
    read_blocks,
)


@click.command()
@ORDER
@COUNTS
@TOKENIZER
@MEMORY
@click.option("-o", "--out", required=True, type=PATH, help="Packed if it is called *.gz.")
@FILES
def counts(
    order: int, are_counts: bool, tokenizer: str, memory: str, out: Path, files: tuple[Path, ...]
) -> None:
    """Count the n-grams of FILEs (or stdin) and write them as SRILM does: words, tab, count.

    With --counts, add up the counts in FILEs. `seqkit lm ngram --counts` makes a model of them.
    """
    from ...ngram import count_files
    from ...ngram.training import count_blocks

    if not files:
        if are_counts:
            raise ConfigError("--counts: name the files of counts")
        take_stdin()
    check_writable(out)
    refuse_input(out, files)
    with working("counting and writing"):
        if are_counts:
            found = count_files.read(files, order)
        else:
            found = count_blocks(
                read_blocks(files),
                order=order,
                unk="skip",
                pre_tokenizer=pre_tokenizer_of(tokenizer),
                memory=bytes_of("--memory", memory),
            )
        count_files.write(found, out)

    sizes = " ".join(f"{size:,}" for size in found.sizes)
    click.echo(f"{found.tokens:,} tokens; n-grams {sizes}; written to {out}", err=True)

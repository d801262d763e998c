"""`seqkit lm ngram`: count n-grams and write a smoothed model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...cli.lines import TEXT, take_stdin
from ...cli.options import PATH, refuse_input
from ...errors import ConfigError, DataError
from ...progress import working
from .inputs import (
    COUNTS,
    FILES,
    MEMORY,
    MOST_DIGITS,
    ORDER,
    TOKENIZER,
    bytes_of,
    check_writable,
    note,
    pre_tokenizer_of,
    read_blocks,
    shortened,
    words_of,
)

if TYPE_CHECKING:
    from ...ngram.counts import Counts
    from ...ngram.text import Unknown


@click.command()
@ORDER
@click.option(
    "--smoothing",
    default="modified-kneser-ney",
    show_default=True,
    help="modified-kneser-ney, kneser-ney, absolute-discounting, witten-bell, katz, add-k, "
    "stupid-backoff or maximum-likelihood.",
)
@click.option(
    "--prune",
    default="",
    metavar="0,0,1",
    help="Drop k-grams that occur N times or less, N for each k; the last N repeats.",
)
@TOKENIZER
@click.option(
    "--vocab", type=TEXT, help="The only words to know: white space between, or Kaldi's words.txt."
)
@click.option(
    "--unk",
    type=click.Choice(["refuse", "skip", "keep"]),
    default="refuse",
    show_default=True,
    help="What <unk>, <s>, </s> in the text mean: an error, white space, or for <unk> a word.",
)
@click.option(
    "--interpolate-unigrams/--no-interpolate-unigrams",
    default=True,
    help="Give every word a share of <unk>'s.",
)
@click.option(
    "--k",
    "added",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="What add-k adds to every count.",
)
@COUNTS
@MEMORY
@click.option(
    "-o",
    "--out",
    required=True,
    type=PATH,
    help="*.arpa or *.arpa.gz; any other name for seqkit's binary.",
)
@FILES
def ngram(
    order: int,
    smoothing: str,
    prune: str,
    tokenizer: str,
    vocab: Path | None,
    unk: Unknown,
    interpolate_unigrams: bool,
    added: float,
    are_counts: bool,
    memory: str,
    out: Path,
    files: tuple[Path, ...],
) -> None:
    """Count n-grams in FILEs (or stdin) and write a smoothed model, by default as KenLM's lmplz.

    With --counts, FILEs hold the counts, as `seqkit lm counts` and SRILM write them.
    """
    from ...ngram import count_files, save
    from ...ngram.files import check_format, is_arpa
    from ...ngram.smoothing import Options, check, kind_of
    from ...ngram.training import count_blocks, model_of

    if not files and not are_counts:
        take_stdin()
    if prune and any(str(path).isdecimal() and not path.exists() for path in files):
        raise click.UsageError("--prune takes numbers with commas between them: 0,0,1")
    listed = words_of(vocab) if vocab else None
    options = Options(_numbers(prune), listed, interpolate_unigrams, k=added)
    check(smoothing, options, order)
    check_writable(out)
    refuse_input(out, files if vocab is None else (*files, vocab))
    check_format(out, kind_of(smoothing), smoothing)

    pre_tokenizer = pre_tokenizer_of(tokenizer)
    if is_arpa(out) and tokenizer != "whitespace":
        note(f"ARPA does not keep the tokenizer: split text by {tokenizer} before it is scored")

    with working("counting, smoothing and writing"):
        text: Any = {"unk": unk, "pre_tokenizer": pre_tokenizer}
        if are_counts:
            counts = count_files.read(files, order)
            _check_unknown(counts, unk)
        else:
            most = bytes_of("--memory", memory)
            counts = count_blocks(read_blocks(files), order=order, memory=most, **text)
        model = model_of(counts, smoothing=smoothing, options=options, **text)
        for remark in model.notes:
            note(remark)
        save(model, out)

    sizes = " ".join(f"{len(level.keys):,}" for level in model.grams)
    click.echo(
        f"{smoothing}, order {order}, {model.training_tokens:,} tokens; n-grams {sizes}; "
        f"written to {out}",
        err=True,
    )


def _check_unknown(counts: Counts, unk: Unknown) -> None:
    """Raise `DataError` for counts of `<unk>` that --unk does not take for a word."""
    from ...ngram.text import UNK

    times = int(counts.tables[0].counts[UNK])
    if times and unk != "keep":
        raise DataError(f"the counts hold <unk> {times:,} times; --unk keep takes it for a word")


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of --prune: 0,0,1 as (0, 0, 1)."""
    if not text.strip():
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) <= MOST_DIGITS for part in parts):
        raise ConfigError(f"--prune {shortened(text)} is not a list of numbers such as 0,0,1")
    return tuple(int(part) for part in parts)

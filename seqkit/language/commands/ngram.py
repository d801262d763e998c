from __future__ import annotations

import json
import re
from pathlib import Path

import click

from ...cli.options import PATH, refuse_input
from ...errors import ConfigError
from ...plugins import components
from .inputs import FILES, read

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@click.command()
@click.option(
    "--order",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Length of the longest n-gram.",
)
@click.option(
    "--smoothing",
    default="modified-kneser-ney",
    show_default=True,
    help="How the unseen get their share.",
)
@click.option(
    "--prune",
    default="",
    metavar="0,0,1",
    help="Drop k-grams seen so often or less; the last repeats.",
)
@click.option(
    "--tokenizer",
    default="whitespace",
    show_default=True,
    help="whitespace, word, char, or a trained one's folder.",
)
@click.option(
    "--vocab", type=PATH, help="The only words to know: a file, words set apart by white space."
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
    help="Of add-k.",
)
@click.option(
    "--memory", default="4G", show_default=True, help="Counting sorts on disk beyond this."
)
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
    unk: str,
    interpolate_unigrams: bool,
    added: float,
    memory: str,
    out: Path,
    files: tuple[Path, ...],
) -> None:
    """Count n-grams in FILEs (or stdin) and write a smoothed model, by default as KenLM's lmplz does."""
    from ...ngram import save
    from ...ngram.files import check_format, is_arpa
    from ...ngram.smoothing import Options, check, kind_of
    from ...ngram.text import PreTokenizer, blocks
    from ...ngram.training import train_blocks

    listed = frozenset(word for block in blocks(vocab) for word in block.split()) if vocab else None
    options = Options(_numbers(prune), listed, interpolate_unigrams, k=added)
    check(smoothing, options, order)
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ConfigError(
            f"cannot write {out}: {'it is a folder' if out.is_dir() else 'there is no such folder'}"
        )
    refuse_input(out, (*files, *([vocab] if vocab else [])))
    check_format(out, kind_of(smoothing), smoothing)
    pre_tokenizer = PreTokenizer.find(tokenizer, components().tokenizers.load)
    if is_arpa(out) and tokenizer != "whitespace":
        click.echo(
            f"note: ARPA does not say how the text was cut: cut it by {tokenizer} to score it",
            err=True,
        )
    model = train_blocks(
        read(files),
        order=order,
        smoothing=smoothing,
        options=options,
        unk=unk,  # type: ignore[arg-type]
        pre_tokenizer=pre_tokenizer,
        memory=_bytes(memory),
    )
    for note in model.notes:
        click.echo(f"note: {note}", err=True)
    save(model, out)
    sizes = " ".join(f"{len(level.keys):,}" for level in model.grams)
    click.echo(
        f"{smoothing}, order {order}, {model.training_tokens:,} tokens; n-grams {sizes}; written to {out}",
        err=True,
    )


@click.command()
@click.option(
    "--order",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="Up to n-grams of this length.",
)
@click.option(
    "--tokenizer",
    default="word",
    show_default=True,
    help="word, char, whitespace, or a trained one's folder.",
)
@click.option(
    "--top",
    default=10,
    show_default=True,
    type=click.IntRange(min=0),
    help="Show so many of the commonest.",
)
@click.option(
    "--plot", type=PATH, help="Draw count against rank, both logarithmic: a PNG, SVG or PDF."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@FILES
def stats(
    order: int, tokenizer: str, top: int, plot: Path | None, as_json: bool, files: tuple[Path, ...]
) -> None:
    """Tokens, types and the commonest n-grams of FILEs (or stdin), and how they follow Zipf's law."""
    from ...ngram.statistics import draw, frequencies, summary
    from ...ngram.text import PreTokenizer
    from ...ngram.training import count_blocks

    counts = count_blocks(
        read(files),
        order=order,
        unk="skip",
        pre_tokenizer=PreTokenizer.find(tokenizer, components().tokenizers.load),
    )
    tables = frequencies(counts)
    found = summary(counts, tables, top)
    if plot:
        draw(tables, plot)
        click.echo(f"drawn to {plot}", err=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{found['sentences']:,} lines, {found['tokens']:,} tokens")
    for row in found["orders"]:
        click.echo(
            f"{row['order']}-grams: {row['types']:,} different, {row['once']:,} seen once, "
            f"Zipf's exponent {row['zipf_exponent']:.3f}"
        )
        for gram, number in row["commonest"]:
            click.echo(f"  {number:>9,}  {gram}")


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise ConfigError(f"--prune {text!r} is not a list of numbers such as 0,0,1")
    return tuple(int(part) for part in parts)


def _bytes(text: str) -> int:
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", text.upper())
    if not found:
        raise ConfigError(f"--memory {text!r} is no size such as 500M or 4G")
    return int(float(found[1]) * _UNITS[found[2]])

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigError, DataError
from .lm_train import train
from .options import PATH, opened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..metrics import Perplexity
    from ..ngram import Model
    from ..ngram.model import Scores
    from ..tasks.language_model import LanguageModel

    Scorer = Model | LanguageModel

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
FILES = click.argument("files", nargs=-1, type=PATH, metavar="[FILE]...")
MODEL = click.option("-m", "--model", required=True, type=PATH, help="Run folder, ARPA file, or seqkit's binary.")
DEVICE = click.option("--device", help="cpu, cuda or mps; else the best for networks, the CPU for n-grams.")


@click.group()
def lm() -> None:
    """Language models: train, score, perplexity, generate."""


lm.add_command(train)


@lm.command()
@click.option("--order", default=5, show_default=True, type=click.IntRange(min=1), help="Length of the longest n-gram.")
@click.option("--smoothing", default="modified-kneser-ney", show_default=True, help="How the unseen get their share.")
@click.option("--prune", default="", metavar="0,0,1", help="Drop k-grams seen so often or less; the last repeats.")
@click.option(
    "--tokenizer", default="whitespace", show_default=True, help="whitespace, word, char, or a trained one's folder."
)
@click.option("--vocab", type=PATH, help="The only words to know: a file, words set apart by white space.")
@click.option(
    "--unk",
    type=click.Choice(["refuse", "skip", "keep"]),
    default="refuse",
    show_default=True,
    help="What <unk>, <s>, </s> in the text mean: an error, white space, or for <unk> a word.",
)
@click.option(
    "--interpolate-unigrams/--no-interpolate-unigrams", default=True, help="Give every word a share of <unk>'s."
)
@click.option(
    "--k", "added", default=1.0, show_default=True, type=click.FloatRange(min=0, min_open=True), help="Of add-k."
)
@click.option("--memory", default="4G", show_default=True, help="Counting sorts on disk beyond this.")
@click.option("-o", "--out", required=True, type=PATH, help="*.arpa or *.arpa.gz; any other name for seqkit's binary.")
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
    from ..ngram import save
    from ..ngram.smoothing import NOT_ARPA, Options, check
    from ..ngram.text import Cutter, blocks
    from ..ngram.train import train_blocks

    listed = frozenset(word for block in blocks(vocab) for word in block.split()) if vocab else None
    options = Options(_numbers(prune), listed, interpolate_unigrams, k=added)
    check(smoothing, options, order)
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out}: {'it is a folder' if out.is_dir() else 'there is no such folder'}")
    cutter = Cutter.find(tokenizer)
    if out.name.endswith((".arpa", ".arpa.gz")):
        if smoothing in NOT_ARPA:
            raise ConfigError(f"{smoothing} cannot be written as ARPA: name the file without .arpa for seqkit's binary")
        if tokenizer != "whitespace":
            click.echo(f"note: ARPA does not say how the text was cut: cut it by {tokenizer} to score it", err=True)
    model = train_blocks(
        _read(files),
        order=order,
        smoothing=smoothing,
        options=options,
        unk=unk,  # type: ignore[arg-type]
        cutter=cutter,
        memory=_bytes(memory),
    )
    for note in model.notes:
        click.echo(f"note: {note}", err=True)
    save(model, out)
    sizes = " ".join(f"{len(level.keys):,}" for level in model.grams)
    click.echo(f"{smoothing}, order {order}, {model.tokens:,} tokens; n-grams {sizes}; written to {out}", err=True)


@lm.command()
@click.option(
    "-m", "--model", "models", required=True, multiple=True, type=PATH, help="Give several to compare and mix."
)
@click.option("--fit", type=PATH, help="Fit the mixture's weights on this text instead of the one that is measured.")
@DEVICE
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each model, and for the mixture.")
@click.option("--per-sentence", is_flag=True, help="A line for each: perplexity, log10 probability, tokens, OOV.")
@FILES
def perplexity(
    models: tuple[Path, ...],
    fit: Path | None,
    device: str | None,
    as_json: bool,
    per_sentence: bool,
    files: tuple[Path, ...],
) -> None:
    """Perplexity of FILEs (or stdin); of several models also that of their mixture."""
    if per_sentence and len(models) > 1:
        raise click.UsageError("--per-sentence takes one model")
    opened_models = [_open(path, device) for path in models]
    texts = _texts(files)
    if per_sentence:
        _each_sentence(opened_models[0], texts, as_json)
        return
    records = [model.evaluate_blocks(texts) for model in opened_models]
    for path, model, record in zip(models, opened_models, records, strict=True):
        if as_json:
            click.echo(json.dumps({"model": str(path), **record.record()}))
        elif model.choices()["ppl"] == "scores":
            click.echo(f"note: {path} gives scores, not probabilities; its perplexity compares with no other", err=True)
    if not as_json:
        _table(models, records)
    if len(models) > 1 and _mixable(opened_models):
        held_out = _texts((fit,)) if fit else None
        _mixture(models, opened_models, texts, held_out, as_json)


@lm.command()
@MODEL
@DEVICE
@click.option("--tokens", is_flag=True, help="A line for each token: token, score, length of the n-gram found, OOV.")
@click.option("--base", type=click.Choice(["10", "e"]), default="10", show_default=True, help="Base of the logarithms.")
@click.option("--html", "page", type=PATH, help="Write a page that colours each token by its surprisal, and no scores.")
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@FILES
def score(
    model: Path,
    device: str | None,
    tokens: bool,
    base: str,
    page: Path | None,
    output: Path | None,
    files: tuple[Path, ...],
) -> None:
    """Log probability of each line of FILEs (or stdin), its end included.

    A network scores a line after the lines before it; an n-gram model scores each line by itself.
    """
    import math

    import numpy as np

    scorer, factor = _open(model, device), math.log(10) if base == "e" else 1.0
    if output and output.exists() and any(file.exists() and output.samefile(file) for file in files):
        raise click.UsageError(f"{output} is read from: the scores need another file")
    if page:
        _coloured(scorer, page, files)
        return
    with opened(output) if output else nullcontext(click.echo) as write:
        for _, block in _read(files):
            found = scorer.score_block(block)
            values = found.scores.astype(np.float64) * factor
            if not tokens:
                for value in _sums(values, found):
                    write(f"{value:.6f}")
                continue
            columns = (scorer.tokens_of(block), values, found.lengths, found.oov, found.ends)
            for token, value, length, oov, end in zip(*columns, strict=True):
                write(f"{token}\t{value:.6f}\t{length}\t{'OOV' if oov else ''}")
                if end:
                    write("")


def _coloured(scorer: Scorer, path: Path, files: tuple[Path, ...]) -> None:
    from ..surprisal import page

    blocks = _texts(files)
    record = scorer.evaluate_blocks(blocks)
    rows: list[tuple[str, float, bool, bool]] = []
    for block in blocks:
        found = scorer.score_block(block)
        rows += zip(scorer.tokens_of(block), found.scores.tolist(), found.oov, found.ends, strict=True)
    note = f"perplexity {record.perplexity:.4f}, {record.tokens:,} tokens; {record.signature}"
    spaced = scorer.unit not in ("char", "sentencepiece")
    with opened(path) as write:
        write(page(" ".join(str(file) for file in files) or "stdin", note, rows, spaced=spaced).removesuffix("\n"))
    click.echo(f"written to {path}", err=True)


@lm.command()
@MODEL
@click.option("--prompt", default="", help="How the text begins.")
@click.option("--length", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many tokens.")
@click.option(
    "--temperature", default=1.0, show_default=True, type=click.FloatRange(min=0), help="0 = the likeliest token."
)
@click.option("--top-k", default=0, type=click.IntRange(min=0), help="Draw from the likeliest K; 0 = all.")
@click.option(
    "--top-p", default=1.0, type=click.FloatRange(0, 1, min_open=True), help="Draw from the likeliest that sum to P."
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed draws the same text.")
@click.option("--go-on", is_flag=True, help="Do not stop at the end of a line (networks only).")
@DEVICE
def generate(
    model: Path,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int | None,
    go_on: bool,
    device: str | None,
) -> None:
    """Continue a text, up to the end of its sentence."""
    source = _open(model, device)
    further: dict[str, Any] = {"stop": False} if go_on else {}
    if go_on and not hasattr(source, "carries"):
        raise ConfigError("--go-on needs a network: an n-gram model knows nothing beyond the end of a line")
    pieces = source.generate(
        prompt=prompt, length=length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, **further
    )
    for piece in pieces:
        click.echo(piece, nl=False)
    click.echo()


@lm.command()
@click.option("--order", default=3, show_default=True, type=click.IntRange(min=1), help="Up to n-grams of this length.")
@click.option(
    "--tokenizer", default="word", show_default=True, help="word, char, whitespace, or a trained one's folder."
)
@click.option("--top", default=10, show_default=True, type=click.IntRange(min=0), help="Show so many of the commonest.")
@click.option("--plot", type=PATH, help="Draw count against rank, both logarithmic: a PNG, SVG or PDF.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@FILES
def stats(order: int, tokenizer: str, top: int, plot: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Tokens, types and the commonest n-grams of FILEs (or stdin), and how they follow Zipf's law."""
    from ..ngram.statistics import draw, frequencies, summary
    from ..ngram.text import Cutter
    from ..ngram.train import count

    cutter = Cutter.find(tokenizer)
    counts = count(((name, cutter(block)) for name, block in _read(files)), order=order, unk="skip")
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


def _open(path: Path, device: str | None) -> Scorer:
    """The language model at `path`, of whatever kind."""
    from ..loading import load

    scorer: Scorer = load(path, device=device or "auto", task="language-modelling")
    return scorer


def _read(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    """Blocks of whole lines of all files, or of stdin, each with the name of where it comes from."""
    from ..ngram.text import blocks
    from .progress import counted

    for path in files or (None,):
        for block in counted(blocks(path), f"bytes of {path or 'stdin'} read"):
            yield str(path or "stdin"), block


def _sums(values: Iterable[float], found: Scores) -> list[float]:
    """Sums over each sentence."""
    import numpy as np

    ends = np.flatnonzero(found.ends)
    sums: list[float] = np.add.reduceat(np.asarray(values), np.concatenate([[0], ends[:-1] + 1])).tolist()
    return sums


def _texts(files: tuple[Path, ...]) -> list[bytes]:
    """All blocks, of which there must be one; they are read again and again."""
    found = [block for _, block in _read(files)]
    if not found:
        raise DataError(f"{', '.join(map(str, files)) or 'stdin'}: the text is empty")
    return found


def _each_sentence(model: Scorer, texts: list[bytes], as_json: bool) -> None:
    for block in texts:
        for line in block[:-1].split(b"\n"):
            record = model.evaluate_blocks([line + b"\n"])
            if as_json:
                click.echo(json.dumps({"text": line.decode(), **record.record()}, ensure_ascii=False))
            else:
                shown = record.record()
                click.echo(
                    f"{record.perplexity:.4f}\t{shown['log10_probability']:.6f}\t{record.tokens}\t{record.oov}\t"
                    f"{line.decode()}"
                )


def _table(names: tuple[Path, ...], records: list[Perplexity]) -> None:
    width = max(len("model"), *(len(str(name)) for name in names))
    click.echo(f"{'model':<{width}}  perplexity  without OOV      OOV     tokens  bits/char  bits/byte")
    for name, record in zip(names, records, strict=True):
        click.echo(
            f"{name!s:<{width}}  {record.perplexity:>10.4f}  {record.perplexity_without_oov:>11.4f}  {record.oov:>7,}  "
            f"{record.tokens:>9,}  {record.bits_per_char:>9.4f}  {record.bits_per_byte:>9.4f}"
        )
    for name, record in zip(names, records, strict=True):
        click.echo(f"{name!s:<{width}}  {record.signature}")


def _mixable(models: list[Scorer]) -> bool:
    """Whether the models give probabilities to the same tokens; says so if they do not."""
    if len({(model.unit, model.known_words) for model in models}) > 1:
        click.echo("note: no mixture, for the vocabularies differ; bits per character compare all the same", err=True)
        return False
    if any(model.choices()["ppl"] == "scores" for model in models):
        click.echo("note: no mixture, for stupid backoff gives no probabilities", err=True)
        return False
    return True


def _mixture(
    names: tuple[Path, ...], models: list[Scorer], texts: list[bytes], held_out: list[bytes] | None, as_json: bool
) -> None:
    """Fit the weights on `held_out` (on `texts` without) and print the mixture's perplexity of `texts`."""
    import math

    from ..ngram import mix

    logs = [_logs(model, texts) for model in models]
    found = mix([_logs(model, held_out) for model in models]) if held_out is not None else mix(logs)
    total = found.log_probability(logs)
    value = math.exp(-total / len(logs[0]))
    if as_json:
        weights = {str(name): weight for name, weight in zip(names, found.weights, strict=True)}
        logged = total / math.log(10)
        record = {"mixture": weights, "perplexity": value, "tokens": len(logs[0]), "log10_probability": logged}
        click.echo(json.dumps(record))
        return
    shares = " + ".join(f"{weight:.3f} {name}" for name, weight in zip(names, found.weights, strict=True))
    where = "held-out text" if held_out is not None else "this text"
    click.echo(f"mixture, weights fitted on {where}: perplexity {value:.4f} = {shares}")


def _logs(model: Scorer, texts: list[bytes]) -> NDArray[np.float64]:
    """Log probability of every token, in nats."""
    import math

    import numpy as np

    return np.concatenate([model.score_block(block).scores.astype(np.float64) for block in texts]) * math.log(10)


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

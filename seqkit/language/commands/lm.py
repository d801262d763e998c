from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ...cli.options import PATH, device_options, opened, refuse_input, set_threads
from ...errors import ConfigError
from .inputs import FILES, MODEL, open_model, read, texts_of
from .ngram import ngram, stats
from .train import train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...metrics import Perplexity
    from ...metrics.scoring import Scorer, Scores
    from ..task import Baseline

_WHITE = str.maketrans(
    dict.fromkeys(" \t\n", "\N{LOWER ONE EIGHTH BLOCK}")
)  # as SentencePiece shows a space


@click.group()
def lm() -> None:
    """Language models: train, score, perplexity, generate."""


for command in (train, ngram, stats):
    lm.add_command(command)


@lm.command()
@click.option(
    "-m",
    "--model",
    "models",
    required=True,
    multiple=True,
    type=PATH,
    help="Give several to compare and mix.",
)
@click.option(
    "--test", is_flag=True, help="Measure on the test text that the first model, a run, held out."
)
@click.option(
    "--fit",
    type=PATH,
    help="Fit the mixture's weights on this text instead of the one that is measured.",
)
@device_options
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object for each model, and for the mixture."
)
@click.option(
    "--per-sentence",
    is_flag=True,
    help="A line for each: perplexity, log10 probability, tokens, OOV.",
)
@FILES
def perplexity(
    models: tuple[Path, ...],
    test: bool,
    fit: Path | None,
    device: str,
    threads: int | None,
    as_json: bool,
    per_sentence: bool,
    files: tuple[Path, ...],
) -> None:
    """Perplexity of FILEs (or stdin); of several models also that of their mixture."""
    if per_sentence and len(models) > 1:
        raise click.UsageError("--per-sentence takes one model")
    if test and files:
        raise click.UsageError("choose one of --test and FILE")
    set_threads(threads)
    scorers = [open_model(path, device) for path in models]
    texts, baseline = _held_out(models[0]) if test else (texts_of(files), None)
    if per_sentence:
        _each_sentence(scorers[0], texts, as_json)
        return
    measured = [_measure(scorer, texts, compare=len(scorers) > 1) for scorer in scorers]
    records, logs = [each.record for each in measured], [each.nats for each in measured]
    for path, scorer, record in zip(models, scorers, records, strict=True):
        if as_json:
            counted = {baseline.name: baseline.perplexity} if baseline else {}
            click.echo(json.dumps({"model": str(path), **record.record(), **counted}))
        elif scorer.signature_fields()["ppl"] == "scores":
            click.echo(
                f"note: {path} gives scores, not probabilities; its perplexity compares with no other",
                err=True,
            )
    if not as_json:
        _table(models, records)
        if baseline:
            click.echo(
                f"{baseline.name} of the same tokens, modified Kneser-Ney: perplexity {baseline.perplexity:.4f}"
            )
    _warn_of_specials(scorers, texts)
    if len(models) > 1 and _mixable(scorers, measured):
        weights_from = (
            [_measure(scorer, texts_of((fit,))).nats for scorer in scorers] if fit else logs
        )
        _mixture(models, records, logs, weights_from, as_json)


@lm.command()
@MODEL
@device_options
@click.option(
    "--tokens",
    is_flag=True,
    help="A line for each token: token, score, length of the n-gram found, OOV.",
)
@click.option(
    "--base",
    type=click.Choice(["10", "e"]),
    default="10",
    show_default=True,
    help="Base of the logarithms.",
)
@click.option(
    "--html",
    "page",
    type=PATH,
    help="Write a page that colours each token by its surprisal, and no scores.",
)
@click.option("--output", "-o", type=PATH, help="Write here instead of stdout.")
@FILES
def score(
    model: Path,
    device: str,
    threads: int | None,
    tokens: bool,
    base: str,
    page: Path | None,
    output: Path | None,
    files: tuple[Path, ...],
) -> None:
    """Log probability (log10, or nats with --base e) of each line of FILEs (or stdin), its end included.

    A network scores a line after the lines before it; an n-gram model scores each line by itself.
    """
    import numpy as np

    refuse_input(output, files)
    refuse_input(page, files)
    set_threads(threads)
    scorer, factor = open_model(model, device), math.log(10) if base == "e" else 1.0
    if page:
        _write_page(scorer, page, files)
        return
    with opened(output) if output else nullcontext(click.echo) as write:
        for _, block in read(files):
            found = scorer.score_block(block)
            values = found.scores.astype(np.float64) * factor
            if not tokens:
                for value in _sums(values, found):
                    write(f"{value:.6f}")
                continue
            columns = (scorer.tokens_of(block), values, found.lengths, found.oov, found.ends)
            for token, value, length, oov, end in zip(*columns, strict=True):
                write(f"{token.translate(_WHITE)}\t{value:.6f}\t{length}\t{'OOV' if oov else ''}")
                if end:
                    write("")


def _write_page(scorer: Scorer, path: Path, files: tuple[Path, ...]) -> None:
    """An HTML page that colours each token by its surprisal."""
    from ...metrics.scoring import evaluate
    from ..surprisal import page

    rows: list[tuple[str, float, bool, bool]] = []

    def add(block: bytes, found: Scores) -> None:
        rows.extend(
            zip(scorer.tokens_of(block), found.scores.tolist(), found.oov, found.ends, strict=True)
        )

    record = evaluate(scorer, texts_of(files), add)
    note = f"perplexity {record.perplexity:.4f}, {record.tokens:,} tokens; {record.signature}"
    spaced = scorer.unit not in ("char", "sentencepiece")
    with opened(path) as write:
        write(
            page(
                " ".join(str(file) for file in files) or "stdin", note, rows, spaced=spaced
            ).removesuffix("\n")
        )
    click.echo(f"written to {path}", err=True)


@lm.command()
@MODEL
@click.option("--prompt", default="", help="How the text begins.")
@click.option(
    "--length",
    default=100,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many tokens.",
)
@click.option(
    "--temperature",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="0 = the likeliest token.",
)
@click.option(
    "--top-k", default=0, type=click.IntRange(min=0), help="Draw from the likeliest K; 0 = all."
)
@click.option(
    "--top-p",
    default=1.0,
    type=click.FloatRange(0, 1, min_open=True),
    help="Draw from the likeliest that sum to P.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed draws the same text.")
@click.option("--go-on", is_flag=True, help="Do not stop at the end of a line (networks only).")
@device_options
def generate(
    model: Path,
    prompt: str,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int | None,
    go_on: bool,
    device: str,
    threads: int | None,
) -> None:
    """Continue a text, up to the end of its sentence."""
    from ...ngram.text import block_of

    set_threads(threads)
    source = open_model(model, device)
    further: dict[str, Any] = {"stop": False} if go_on else {}
    if go_on and not hasattr(source, "carries_state"):
        raise ConfigError(
            "--go-on needs a network: an n-gram model knows nothing beyond the end of a line"
        )
    pieces = source.generate(
        prompt=prompt,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        **further,
    )
    unknown = int(source.score_block(block_of(prompt.split("\n"))).oov.sum())
    if unknown:
        click.echo(
            f"note: the model does not know {unknown} of the prompt's tokens and reads <unk> for them",
            err=True,
        )
    for piece in pieces:
        click.echo(piece, nl=False)
    click.echo()


def _sums(values: Iterable[float], found: Scores) -> list[float]:
    """Sums over each sentence."""
    import numpy as np

    ends = np.flatnonzero(found.ends)
    sums: list[float] = np.add.reduceat(
        np.asarray(values), np.concatenate([[0], ends[:-1] + 1])
    ).tolist()
    return sums


def _each_sentence(model: Scorer, texts: list[bytes], as_json: bool) -> None:
    for block in texts:
        for line in block[:-1].split(b"\n"):
            record = model.evaluate_blocks([line + b"\n"])
            if as_json:
                click.echo(
                    json.dumps({"text": line.decode(), **record.record()}, ensure_ascii=False)
                )
            else:
                shown = record.record()
                click.echo(
                    f"{record.perplexity:.4f}\t{shown['log10_probability']:.6f}\t{record.tokens}\t{record.oov}\t"
                    f"{line.decode()}"
                )


def _table(names: tuple[Path, ...], records: Sequence[Perplexity]) -> None:
    width = max(len("model"), *(len(str(name)) for name in names))
    click.echo(
        f"{'model':<{width}}  perplexity  without OOV      OOV     tokens    per word  bits/char  bits/byte"
    )
    for name, record in zip(names, records, strict=True):
        click.echo(
            f"{name!s:<{width}}  {record.perplexity:>10.4f}  {record.perplexity_without_oov:>11.4f}  {record.oov:>7,}  "
            f"{record.tokens:>9,}  {record.perplexity_per_word:>10.4g}  {record.bits_per_char:>9.4f}  "
            f"{record.bits_per_byte:>9.4f}"
        )
    for name, record in zip(names, records, strict=True):
        click.echo(f"{name!s:<{width}}  {record.signature}")
    if any(record.oov for record in records):
        click.echo(
            "note: how an unknown token is spelt costs nothing, so with OOV, per word, bits/char and bits/byte "
            "are too low",
            err=True,
        )


def _warn_of_specials(models: list[Scorer], texts: list[bytes]) -> None:
    """Marks of sentences that other tools write are words to an n-gram model, and easy to foresee."""
    marks = sum(block.count(mark) for block in texts for mark in (b"<s>", b"</s>"))
    if marks and any(
        model.unit == "whitespace" and model.signature_fields()["bos"] == "given"
        for model in models
    ):
        click.echo(
            f"note: the text holds <s> or </s> {marks:,} times; they are scored as words: take them out",
            err=True,
        )


def _mixable(models: list[Scorer], measured: list[_Measured]) -> bool:
    """Whether the models give probabilities to the same tokens; says so if they do not."""
    if len({(model.unit, model.known_words) for model in models}) > 1:
        click.echo(
            "note: no mixture, for the vocabularies differ; bits/char compare where there is no OOV",
            err=True,
        )
        return False
    if len({each.tokens for each in measured}) > 1:
        click.echo(
            "note: no mixture, for the models make other tokens of this text: see `normalize`, `lines`",
            err=True,
        )
        return False
    if any(model.signature_fields()["ppl"] == "scores" for model in models):
        click.echo("note: no mixture, for stupid backoff gives no probabilities", err=True)
        return False
    return True


def _mixture(
    names: tuple[Path, ...],
    records: Sequence[Perplexity],
    logs: Sequence[NDArray[np.float64]],
    weights_from: Sequence[NDArray[np.float64]],
    as_json: bool,
) -> None:
    """Print the perplexity of the mixture of models with these log probabilities of the same tokens."""
    from ...metrics.perplexity import finite
    from ...metrics.perplexity import perplexity as perplexity_of
    from ..mixtures import mix

    found = mix(weights_from)
    total = found.log_probability(logs)
    value = perplexity_of(-total, len(logs[0]))
    where = "this text" if weights_from is logs else "held-out text"
    if as_json:
        record = {
            "mixture": {
                str(name): weight for name, weight in zip(names, found.weights, strict=True)
            },
            "perplexity": finite(value),
            "tokens": len(logs[0]),
            "log10_probability": finite(total / math.log(10)),
            "fitted_on": where,
            "signatures": [record.signature for record in records],
        }
        click.echo(json.dumps(record))
        return
    shares = " + ".join(
        f"{weight:.3f} {name}" for name, weight in zip(names, found.weights, strict=True)
    )
    click.echo(f"mixture, weights fitted on {where}: perplexity {value:.4f} = {shares}")


def _held_out(run: Path) -> tuple[list[bytes], Baseline | None]:
    """The test text of a run, and what counting reaches on it."""
    from ...ngram.text import from_lines
    from ...runs.open import config_of
    from ..task import held_out

    if run.is_file():
        raise click.UsageError(
            f"--test needs a run folder first, which knows its test text; {run} is a file"
        )
    lines, baseline = held_out(*config_of(run))
    return list(from_lines(lines)), baseline


class _Measured(NamedTuple):
    record: Perplexity
    nats: NDArray[np.float64]  # log probability of every token
    tokens: bytes  # a digest of them, all unknown ones alike


def _measure(scorer: Scorer, texts: list[bytes], *, compare: bool = False) -> _Measured:
    """What a model says of a text; the digest is made to `compare` models only."""
    import numpy as np

    from ...metrics.scoring import evaluate

    logs: list[NDArray[np.float64]] = []
    digest = hashlib.sha256()

    def each(block: bytes, found: Scores) -> None:
        logs.append(found.nats)
        if compare:
            pairs = zip(scorer.tokens_of(block), found.oov.tolist(), strict=True)
            digest.update(
                "".join(f"{'<unk>' if oov else token}\0" for token, oov in pairs).encode()
            )

    record = evaluate(scorer, texts, each)
    return _Measured(record, np.concatenate(logs), digest.digest())

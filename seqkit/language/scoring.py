"""Several language models on one text: their records, notes on what spoils them, and a mixture.

Models are counted or trained (`seqkit.metrics.scoring.Scorer`); texts are blocks of whole lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics.perplexity import Perplexity
from ..metrics.scoring import LineScore, Scorer, Scores, evaluate, measure
from .mixtures import Doubles, Mixture, MixtureReport

_MARKS = (b"<s>", b"</s>")  # ends of sentences, as other tools write them


@dataclass(frozen=True)
class Measured:
    """What one model says of a text."""

    report: Perplexity
    nats: Doubles  # log probability of every token, (T,); of none unless models are to be mixed
    digest: bytes  # of the tokens, all unknown ones alike; of none likewise


@dataclass(frozen=True)
class LineReport:
    """The score of one line as people read it, and the whole record of it."""

    score: LineScore
    report: Perplexity

    def record(self) -> dict[str, Any]:
        return {"text": self.score.text, **self.report.record()}

    def __str__(self) -> str:
        return str(self.score)


def measure_text(scorer: Scorer, blocks: Iterable[bytes], *, to_mix: bool = False) -> Measured:
    """Measure a model on a text; the digest of its tokens shows which models can be mixed."""
    nats = [np.empty(0)]
    digest = hashlib.sha256()

    def listen(block: bytes, found: Scores) -> None:
        if to_mix:
            nats.append(found.nats)
            digest.update(_known_tokens(scorer, block, found))

    report = evaluate(scorer, blocks, listen)
    return Measured(report, np.concatenate(nats), digest.digest())


def _known_tokens(scorer: Scorer, block: bytes, found: Scores) -> bytes:
    """The tokens of a block, `<unk>` for unknown ones."""
    shown: list[str] = []
    tokens = scorer.tokens_of(block)
    for token, is_unknown in zip(tokens, found.oov.tolist(), strict=True):
        shown.append("<unk>" if is_unknown else token)
    return "\0".join([*shown, ""]).encode()


def score_each_line(scorer: Scorer, blocks: Iterable[bytes]) -> Iterator[LineReport]:
    """The report of every line, with no text before it."""
    fields = scorer.signature_fields()
    for block in blocks:
        if starts_anew(scorer):
            yield from _split(scorer, block, fields)
            continue

        for line in _lines(block):
            report = scorer.evaluate([line])
            yield LineReport(LineScore.of(line, report), report)


def _split(scorer: Scorer, block: bytes, fields: Mapping[str, str]) -> Iterator[LineReport]:
    """The reports of lines that are scored all at once, which is faster."""
    found = scorer.score_block(block)

    start = 0
    ends = np.flatnonzero(found.ends) + 1
    for line, end in zip(_lines(block), ends.tolist(), strict=True):
        scores = found.part(start, end)
        alone = f"{line}\n".encode()
        report = measure(alone, scores, fields, scorer.spelling(alone, scores))
        yield LineReport(LineScore.of(line, report), report)
        start = end


def _lines(block: bytes) -> list[str]:
    return block.decode("utf-8").removesuffix("\n").split("\n")


def line_sums(values: Doubles, ends: NDArray[np.bool_]) -> Doubles:
    """Sums over each line of the values of its tokens (T,); `ends` is True where a line ends."""
    last = np.flatnonzero(ends)
    first = np.concatenate([[0], last[:-1] + 1])
    return np.add.reduceat(values, first)


def table(names: Sequence[str], reports: Sequence[Perplexity]) -> str:
    """The figures of several models on one text, a line for each, and their signatures."""
    width = max(len(name) for name in ("model", *names))
    head = (
        f"{'model':<{width}}  perplexity  without OOV      OOV     tokens    per word  bits/char  "
        "bits/byte"
    )
    rows = [_row(f"{name:<{width}}", each) for name, each in zip(names, reports, strict=True)]
    signatures = [
        f"{name:<{width}}  {each.signature}" for name, each in zip(names, reports, strict=True)
    ]
    return "\n".join([head, *rows, *signatures])


def _row(name: str, report: Perplexity) -> str:
    return (
        f"{name}  {report.perplexity:>10.4f}  {report.perplexity_without_oov:>11.4f}  "
        f"{report.oov:>7,}  {report.tokens:>9,}  {report.perplexity_per_word:>10.4g}  "
        f"{report.bits_per_char:>9.4f}  {report.bits_per_byte:>9.4f}"
    )


def gives_probabilities(scorer: Scorer) -> bool:
    """False for stupid backoff, whose scores sum to no 1 (Brants et al. 2007)."""
    return scorer.signature_fields()["ppl"] != "scores"


def oov_note(reports: Iterable[Perplexity]) -> str:
    """A warning if unknown tokens make figures look better than they are; "" if not."""
    if not any(report.oov for report in reports):
        return ""
    return (
        "the spelling of unknown tokens costs nothing: where there is OOV, per word, bits/char and "
        "bits/byte are too low"
    )


def marks_note(scorers: Iterable[Scorer], blocks: Iterable[bytes]) -> str:
    """A warning if `<s>` and `</s>` of other tools are scored as words; "" if not.

    They are easy to predict, so that the perplexity is too low.
    """
    count = sum(block.count(mark) for block in blocks for mark in _MARKS)
    if not count or not any(_scores_marks(scorer) for scorer in scorers):
        return ""
    return (
        f"the text holds <s> or </s> {count:,} times, and they are scored as words: take them out"
    )


def _scores_marks(scorer: Scorer) -> bool:
    """Whether `<s>` in a text is one token, to a model that adds its own to every line."""
    return starts_anew(scorer) and scorer.tokens_of(b"<s>\n")[:-1] == ["<s>"]


def starts_anew(scorer: Scorer) -> bool:
    """Whether a model sees nothing of the lines before each line."""
    return scorer.signature_fields()["bos"] == "given"


def why_not_mixed(scorers: Sequence[Scorer], measured: Sequence[Measured]) -> str:
    """Why these models cannot be mixed on the text that they were measured on; "" if they can."""
    vocabularies = {(scorer.unit, scorer.known_words) for scorer in scorers}
    if len(vocabularies) > 1:
        return "the vocabularies differ; bits/char compare where there is no OOV"

    digests = {each.digest for each in measured}
    if len(digests) > 1:
        return "the models split this text into different tokens: see `normalize`, `lines`"

    if not all(gives_probabilities(scorer) for scorer in scorers):
        return "stupid backoff gives no probabilities"
    return ""


def report_mixture(
    mixture: Mixture, names: Sequence[str], measured: Sequence[Measured], *, fitted_on: str
) -> MixtureReport:
    """How well a mixture predicts the text that its models were measured on."""
    nats = [each.nats for each in measured]
    return MixtureReport(
        names=list(names),
        mixture=mixture,
        log_probability=mixture.log_probability(nats),
        tokens=len(nats[0]),
        fitted_on=fitted_on,
        signatures=[each.report.signature for each in measured],
    )

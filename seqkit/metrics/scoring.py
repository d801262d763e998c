"""What a language model of any kind says of a text: token by token, line by line, and as a whole.

Shapes: T tokens of a text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..text.lines import each_text
from ..text.spelling import Spelling, count_words
from ..text.tokenizer_models import Unit
from .perplexity import Perplexity, finite


@dataclass(frozen=True, repr=False)
class Scores:
    """The scores of every token of a text, ends of sentences included; arrays are (T,)."""

    scores: NDArray[np.float32]  # log10 probability
    lengths: NDArray[np.int16]  # of the longest n-gram found; 0 where there are no n-grams
    oov: NDArray[np.bool_]
    ends: NDArray[np.bool_]  # True at the end of each sentence

    @property
    def nats(self) -> NDArray[np.float64]:
        """Natural logarithms of the probabilities. (T,)"""
        return self.scores.astype(np.float64) * math.log(10)

    def part(self, start: int, end: int) -> Scores:
        """Those of the tokens from `start` up to `end`."""
        place = slice(start, end)
        columns = self.scores[place], self.lengths[place], self.oov[place], self.ends[place]
        return Scores(*columns)

    def __repr__(self) -> str:
        total = self.scores.sum(dtype=np.float64)
        return (
            f"<Scores of {len(self.scores):,} tokens: log10 probability {total:.4f}, "
            f"{self.oov.sum():,} OOV>"
        )


@dataclass(frozen=True)
class LineScore:
    """What a language model says of one line: what `predict` gives, of any model."""

    text: str
    log10_probability: float  # of its tokens and its end
    perplexity: float  # its end and unknown tokens included
    tokens: int  # its end included
    oov: int  # of these, out of vocabulary

    @classmethod
    def of(cls, line: str, report: Perplexity) -> LineScore:
        """What a `Scorer` that evaluated nothing but `line` says of it."""
        return cls(
            text=line.removesuffix("\n"),
            log10_probability=report.log_probability / math.log(10),
            perplexity=report.perplexity,
            tokens=report.tokens,
            oov=report.oov,
        )

    def record(self) -> dict[str, float | int | str | None]:
        """Plain data for JSON, which knows no infinity: None stands for it."""
        return {
            "text": self.text,
            "log10_probability": finite(self.log10_probability),
            "perplexity": finite(self.perplexity),
            "tokens": self.tokens,
            "oov": self.oov,
        }

    def __str__(self) -> str:
        """Perplexity, log10 probability, tokens, OOV and text, separated by tabs."""
        numbers = f"{self.perplexity:.4f}\t{self.log10_probability:.6f}\t{self.tokens}\t{self.oov}"
        return f"{numbers}\t{self.text}"


class Scorer(Protocol):
    """A language model, whether counted (`ngram.Model`) or trained (`language.LanguageModel`).

    A block is UTF-8 text of raw, whole lines.
    """

    @property
    def unit(self) -> str:
        """The name of the tokenizer."""

    @property
    def token_kind(self) -> Unit:
        """What a token is."""

    @property
    def known_words(self) -> frozenset[str]:
        """The tokens that it can predict, except `<unk>` and the end of a line."""

    def signature_fields(self) -> dict[str, str]:
        """What the signature of a perplexity says of this model."""

    def tokens_of(self, block: bytes) -> list[str]:
        """The tokens of a block as readable text, in the order of their scores.

        The end of a line is `</s>`.
        """

    def score_block(self, block: bytes) -> Scores:
        """log10 probability of every token of a block."""

    def score_blocks(
        self, blocks: Iterable[bytes], *, at_once: bool = False
    ) -> Iterator[tuple[bytes, Scores]]:
        """The blocks of one text with their scores; context is carried from block to block.

        They may be put together into larger ones, unless `at_once` asks for the answer to each
        block before the next one is read.
        """

    def spelling(self, block: bytes, found: Scores) -> Spelling:
        """How long the text is that the tokens of a block spell."""

    def count_seen(self, block: bytes) -> int:
        """How many lines of a block it was trained on, byte for byte; 0 where it is not known."""

    def score(self, sentence: str) -> float:
        """log10 probability (a plain sum) of one line and its end."""

    def perplexity(self, text: str | Iterable[str]) -> float:
        """Of a line or of lines, line ends and unknown tokens included."""

    def next(self, prefix: str = "", *, top: int = 10, start: str = "") -> list[tuple[str, float]]:
        """The tokens likeliest to follow a line that begins with `prefix`, with log10 scores.

        The best first; only those that begin with `start`.
        """

    def predict(self, inputs: Iterable[str], /) -> Iterator[LineScore]:
        """The score of each line, lazily and in order."""

    def read_test_data(self, paths: Sequence[Path]) -> Iterable[str]:
        """The lines of these files; without paths, the test text that a run held out."""

    def evaluate(self, data: Iterable[str], /) -> Perplexity:
        """The record of a text: perplexity with and without unknown tokens, bits, signature."""

    def evaluate_blocks(self, blocks: Iterable[bytes]) -> Perplexity:
        """`evaluate` for blocks."""

    def generate(
        self,
        *,
        prompt: str = "",
        length: int = 100,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
    ) -> Iterator[str]:
        """`prompt` as the model sees it, then what follows, piece by piece."""


def refuse_settings(settings: Mapping[str, Any], what: str) -> None:
    """Raise `ConfigError` for any setting: `what`, such as "a mixture", has none."""
    if settings:
        raise ConfigError(f"{what} takes no settings, such as {next(iter(settings))!r}")


def score_lines(scorer: Scorer, lines: Iterable[str]) -> Iterator[LineScore]:
    """The `LineScore` of each line, lazily; raises `WrongType` at once for a single string."""
    return (score_line(scorer, line) for line in each_text(lines))


def score_line(scorer: Scorer, line: str) -> LineScore:
    """What `scorer` says of one line, with no text before it; raises `DataError` for several."""
    return LineScore.of(line, scorer.evaluate([line]))


def evaluate(
    scorer: Scorer,
    blocks: Iterable[bytes],
    listener: Callable[[bytes, Scores], object] = lambda block, found: None,
) -> Perplexity:
    """The record of a text in blocks; `listener` is called with every block and its scores."""
    total = Perplexity(signature_fields=scorer.signature_fields())
    for block, found, measured in measured_blocks(scorer, blocks):
        listener(block, found)
        total += measured
    return total


def measured_blocks(
    scorer: Scorer, blocks: Iterable[bytes]
) -> Iterator[tuple[bytes, Scores, Perplexity]]:
    """The blocks of a text, each with its scores and its record; these add up to that of all."""
    signature_fields = scorer.signature_fields()
    for block, found in scorer.score_blocks(blocks):
        spelling = scorer.spelling(block, found)
        measured = measure(block, found, signature_fields, spelling)
        yield block, found, replace(measured, seen=scorer.count_seen(block))


def measure(
    block: bytes,
    found: Scores,
    signature_fields: Mapping[str, str],
    spelling: Spelling | None = None,
) -> Perplexity:
    """The record of a block of raw text, from its scores.

    `spelling` is the length of what was predicted; without it, tokens spell the block as it stands.
    """
    spelling = spelling or Spelling(len(block.decode("utf-8", "replace")), len(block))
    scores = found.scores.astype(np.float64)
    known = float(scores[~found.oov].sum())
    unknown = float(scores[found.oov].sum())

    return Perplexity(
        log_probability_known=known * math.log(10),
        log_probability_oov=unknown * math.log(10),
        tokens=len(scores),
        oov=int(found.oov.sum()),
        sentences=int(found.ends.sum()),
        words=count_words(block) + int(found.ends.sum()),
        characters=spelling.characters,
        bytes=spelling.bytes,
        signature_fields=signature_fields,
    )

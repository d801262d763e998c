"""Perplexity, one definition for every model: exp(-(sum of log probabilities) / (number of tokens)).

Sums are kept, never means, so that parts of a text add up; the signature says all that decides whether two
perplexities compare. Jelinek, Mercer, Bahl & Baker 1977; bits per character as in Shannon 1951.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import __version__


@dataclass(frozen=True)
class Perplexity:
    """What a model said of a text. Log probabilities are plain sums in nats."""

    known: float  # of the words that the model knows
    unknown: float  # of those that it does not know
    tokens: int  # scored, ends of sentences included where the signature says so
    oov: int  # of these, out of vocabulary
    sentences: int
    words: int  # of the raw text, set apart by white space, with one for the end of each line
    characters: int  # of the raw text, with one for the end of each line
    bytes: int  # the same in UTF-8
    choices: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Perplexity) -> Perplexity:
        if self.choices != other.choices:
            raise ValueError(f"these do not add up: {self.signature} and {other.signature}")
        return Perplexity(
            self.known + other.known,
            self.unknown + other.unknown,
            self.tokens + other.tokens,
            self.oov + other.oov,
            self.sentences + other.sentences,
            self.words + other.words,
            self.characters + other.characters,
            self.bytes + other.bytes,
            self.choices,
        )

    @property
    def log_probability(self) -> float:
        return self.known + self.unknown

    @property
    def perplexity(self) -> float:
        """Out-of-vocabulary words included, at the probability of `<unk>`."""
        return perplexity(-self.log_probability, self.tokens)

    @property
    def perplexity_without_oov(self) -> float:
        """Out-of-vocabulary words left out of sum and count; words after them stay in."""
        return perplexity(-self.known, self.tokens - self.oov)

    @property
    def perplexity_per_word(self) -> float:
        """Of words at white space and line ends, whatever the tokens are: for models that cut text differently."""
        return perplexity(-self.log_probability, self.words)

    @property
    def bits_per_char(self) -> float:
        return _ratio(-self.log_probability / math.log(2), self.characters)

    @property
    def bits_per_byte(self) -> float:
        return _ratio(-self.log_probability / math.log(2), self.bytes)

    @property
    def signature(self) -> str:
        """Every choice behind the figure, as sacrebleu does for BLEU (Post 2018)."""
        return "|".join(f"{key}:{value}" for key, value in {**self.choices, "version": __version__}.items())

    def record(self) -> dict[str, float | int | str | None]:
        """Plain data for JSON, which knows no infinity: None stands for it."""
        return {
            "perplexity": finite(self.perplexity),
            "perplexity_without_oov": finite(self.perplexity_without_oov),
            "perplexity_per_word": finite(self.perplexity_per_word),
            "oov": self.oov,
            "tokens": self.tokens,
            "sentences": self.sentences,
            "words": self.words,
            "log10_probability": finite(self.log_probability / math.log(10)),
            "bits_per_char": finite(self.bits_per_char),
            "bits_per_byte": finite(self.bits_per_byte),
            "signature": self.signature,
        }


def perplexity(total: float, count: int) -> float:
    """Exp of the mean of `total` nats of surprise over `count` tokens; nan without tokens."""
    mean = _ratio(total, count)
    return math.exp(mean) if mean < 700 else math.inf if mean == mean else math.nan


def finite(value: float) -> float | None:
    """The value, or None for infinity and nan."""
    return value if math.isfinite(value) else None


def _ratio(total: float, count: int) -> float:
    return total / count if count else math.nan

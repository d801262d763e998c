"""Perplexity, one definition for every model: exp(-(sum of log probabilities) / (number of tokens)).

Sums are kept, never means, so that parts of a text add up; the signature says all that decides whether two
perplexities compare. Jelinek, Mercer, Bahl & Baker 1977; bits per character as in Shannon 1951.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from .. import __version__


@dataclass(frozen=True, kw_only=True)
class Perplexity:
    """What a model said of a text. Log probabilities are plain sums in nats."""

    log_probability_known: float = 0.0  # of the tokens that the model knows
    log_probability_oov: float = 0.0  # of those out of its vocabulary
    tokens: int = 0  # scored, ends of sentences included where the signature says so
    oov: int = 0  # of these, out of vocabulary
    sentences: int = 0
    words: int = 0  # of the raw text, set apart by white space, with one for the end of each line
    characters: int = 0  # of the raw text, with one for the end of each line
    bytes: int = 0  # the same in UTF-8
    signature_fields: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Perplexity) -> Perplexity:
        if self.signature_fields != other.signature_fields:
            raise ValueError(f"these do not add up: {self.signature} and {other.signature}")
        sums = [each.name for each in fields(self) if each.name != "signature_fields"]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in sums})

    @property
    def log_probability(self) -> float:
        return self.log_probability_known + self.log_probability_oov

    @property
    def perplexity(self) -> float:
        """Out-of-vocabulary words included, at the probability of `<unk>`."""
        return perplexity(-self.log_probability, self.tokens)

    @property
    def perplexity_without_oov(self) -> float:
        """Out-of-vocabulary words left out of sum and count; words after them stay in."""
        return perplexity(-self.log_probability_known, self.tokens - self.oov)

    @property
    def perplexity_per_word(self) -> float:
        """Of words at white space and line ends, whatever the tokens are: for models that cut text differently.

        It and both figures below are too low if there are unknown tokens, whose spelling costs nothing.
        """
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
        return "|".join(
            f"{key}:{value}"
            for key, value in {**self.signature_fields, "version": __version__}.items()
        )

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

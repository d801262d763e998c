"""Perplexity, one definition for every model: exp(-(sum of log probabilities) / tokens).

Sums are kept, never means, so that parts of a text add up; the signature holds every choice that
decides whether two perplexities compare. Jelinek, Mercer, Bahl & Baker 1977; bits per character as
in Shannon 1951.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import WrongValue
from .signatures import signature_of

_SUMS = (
    "log_probability_known",
    "log_probability_oov",
    "tokens",
    "oov",
    "sentences",
    "words",
    "characters",
    "bytes",
    "seen",
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Perplexity:
    """How well a model predicted a text. Log probabilities are plain sums in nats."""

    log_probability_known: float = 0.0  # of the tokens that the model knows
    log_probability_oov: float = 0.0  # of those out of its vocabulary
    tokens: int = 0  # scored, ends of sentences included where the signature says so
    oov: int = 0  # of these, out of vocabulary
    sentences: int = 0
    words: int = 0  # of the raw text, split at white space, plus one for each end predicted
    characters: int = 0  # of the text that the tokens spell, plus one for each end predicted
    bytes: int = 0  # the same in UTF-8
    seen: int = 0  # lines that the model was trained on, byte for byte, as far as it is known
    signature_fields: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, float] = field(default_factory=dict)
    """Perplexities of other models on the same tokens, by name, shown beside this one."""

    def __add__(self, other: Perplexity) -> Perplexity:
        """The record of two parts of a text; raises `WrongValue` if their signatures differ."""
        if self.signature_fields != other.signature_fields:
            raise WrongValue(f"these do not add up: {self.signature} and {other.signature}")

        sums: dict[str, Any] = {}
        for name in _SUMS:
            own = getattr(self, name)
            sums[name] = own + getattr(other, name)
        return replace(self, **sums, baselines={})  # perplexities do not add up

    def __repr__(self) -> str:
        return f"<Perplexity {self.perplexity:.4f} of {self.tokens:,} tokens, {self.oov:,} OOV>"

    def __str__(self) -> str:
        """A table of one figure a line, with the signature at the end."""
        rows = {
            "perplexity": f"{self.perplexity:.4f}",
            "without OOV": f"{self.perplexity_without_oov:.4f}",
            "per word": f"{self.perplexity_per_word:.4g}",
            "bits/char": f"{self.bits_per_char:.4f}",
            "bits/byte": f"{self.bits_per_byte:.4f}",
            "tokens": f"{self.tokens:,}",
            "OOV": f"{self.oov:,}",
        }
        rows |= {name: f"{value:.4f}" for name, value in self.baselines.items()}

        left = max(len(name) for name in rows)
        right = max(len(value) for value in rows.values())
        lines: list[str] = []
        for name, value in rows.items():
            label = name.ljust(left)
            figure = value.rjust(right)
            lines.append(f"{label}  {figure}")

        lines.append(self.signature)
        return "\n".join(lines)

    @property
    def notes(self) -> list[str]:
        """What to say of lines that the model was trained on."""
        if not self.seen:
            return []
        share = _ratio(self.seen, self.sentences)
        return [
            f"{self.seen:,} of {self.sentences:,} lines ({share:.2%}) are in the training text, "
            "byte for byte"
        ]

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
        known = self.tokens - self.oov
        return perplexity(-self.log_probability_known, known)

    @property
    def perplexity_per_word(self) -> float:
        """Per word at white space and per line end predicted, whatever the tokens are.

        Compares models that split text differently. It and both figures below are too low where
        tokens are unknown: their spelling costs nothing.
        """
        return perplexity(-self.log_probability, self.words)

    @property
    def bits_per_char(self) -> float:
        return _ratio(self._bits, self.characters)

    @property
    def bits_per_byte(self) -> float:
        return _ratio(self._bits, self.bytes)

    @property
    def _bits(self) -> float:
        return -self.log_probability / math.log(2)

    @property
    def signature(self) -> str:
        """Every choice that the figure depends on, as sacrebleu does for BLEU (Post 2018)."""
        return signature_of(self.signature_fields)

    def record(self) -> dict[str, float | int | str | None]:
        """Plain data for JSON, which has no infinity: None stands for it."""
        baselines = {name: finite(value) for name, value in self.baselines.items()}
        log10_probability = self.log_probability / math.log(10)
        return {
            "perplexity": finite(self.perplexity),
            "perplexity_without_oov": finite(self.perplexity_without_oov),
            "perplexity_per_word": finite(self.perplexity_per_word),
            "oov": self.oov,
            "tokens": self.tokens,
            "sentences": self.sentences,
            "words": self.words,
            "log10_probability": finite(log10_probability),
            "bits_per_char": finite(self.bits_per_char),
            "bits_per_byte": finite(self.bits_per_byte),
            "signature": self.signature,
            **baselines,
        }


def perplexity(total: float, count: int) -> float:
    """Exp of the mean of `total` nats of surprise over `count` tokens; nan without tokens."""
    mean = _ratio(total, count)
    if math.isnan(mean):
        return math.nan

    return math.exp(mean) if mean < 700 else math.inf


def finite(value: float) -> float | None:
    """The value, or None for infinity and nan."""
    return value if math.isfinite(value) else None


def _ratio(total: float, count: int) -> float:
    if not count:
        return math.nan

    return total / count

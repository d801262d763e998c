"""What counting reaches on the tokens of a neural model: an n-gram model of the same stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import ngram
from ..data.windows import Ids
from ..ngram.training import LONGEST
from ..text.vocab import EOS


@dataclass(frozen=True)
class Baseline:
    """The perplexity of a modified Kneser-Ney model of the same tokens."""

    order: int
    perplexity: float

    @property
    def name(self) -> str:
        return f"{self.order}-gram"


def measure_baseline(train: Ids, measured: Ids, order: int) -> Baseline:
    """Count one stream of ids, (1 + T,), and measure on another.

    Where no line is long enough for `order`, or no model has it, the model is of a lower one.
    """
    lines = _as_lines(train)
    longest = max(len(line.split()) for line in lines)
    order = min(order, longest, LONGEST)
    model = ngram.train(lines, order=order)

    perplexity = model.perplexity(_as_lines(measured))
    return Baseline(order, perplexity)


def _as_lines(ids: Ids) -> list[str]:
    """The lines of a stream, each as numbers with spaces between them, without their `<eos>`."""
    tokens = ids[1:]
    after_ends = np.flatnonzero(tokens == EOS) + 1
    parts = np.split(tokens, after_ends)[:-1]  # nothing comes after the last end

    lines: list[str] = []
    for part in parts:
        words = map(str, part[:-1].tolist())
        lines.append(" ".join(words))
    return lines

"""What counting reaches on the tokens of a neural model: an n-gram model of the same stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import ngram
from ..data.windows import Ids
from ..ngram.training import LONGEST
from ..text.vocab import EOS

_LINES = 100_000  # whose places are looked at together


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

    Where no line is long enough for `order`, or no model has it, the model is of a lower one. Large
    texts are counted on disk, as by `ngram.train`.
    """
    longest = int(np.diff(_ends(train), prepend=-1).max()) - 1
    order = min(order, longest, LONGEST)
    model = ngram.train(_as_lines(train), order=order)

    perplexity = model.perplexity(_as_lines(measured))
    return Baseline(order, perplexity)


def _ends(ids: Ids) -> NDArray[np.int64]:
    """Where the `<eos>` of each line of a stream is, after the one that it begins with."""
    return np.flatnonzero(ids[1:] == EOS)


def _as_lines(ids: Ids) -> Iterator[str]:
    """The lines of a stream, each as numbers with spaces between them, without their `<eos>`."""
    tokens, ends = ids[1:], _ends(ids)
    start = 0
    for first in range(0, len(ends), _LINES):
        for end in ends[first : first + _LINES].tolist():
            words = map(str, tokens[start:end].tolist())
            yield " ".join(words)
            start = end + 1

"""Training pairs in subwords that are drawn anew each epoch (subword regularisation)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from ..data.batching import Ints, PairBatch, Rows
from ..data.parallel import ParallelText
from ..text.tokenizer import Tokenizer
from .languages import tagged
from .tokenizers import Tokenizers


class SampledPairs:
    """Batches of pairs, each segmentation a pure function of seed and pair."""

    def __init__(
        self,
        text: ParallelText,
        tokenizers: Tokenizers,
        *,
        places: Ints,
        seed: str,
        strength: float,
        to: str,
    ) -> None:
        """`places` says where in the text each pair is; `seed` is another one in each epoch."""
        self._text = text
        self._tokenizers = tokenizers
        self._places = places
        self._seed = seed
        self._strength = strength
        self._to = to

    def __repr__(self) -> str:
        return f"<SampledPairs: {len(self._places):,} pairs>"

    def batch(self, indices: Ints) -> PairBatch:
        """The pairs of these numbers (B,)."""
        places = self._places[indices].tolist()
        source, target = self._tokenizers
        sources = tagged([self._text.sources[place] for place in places], self._to, source)
        targets = [self._text.targets[place] for place in places]

        every = np.arange(len(places))
        return PairBatch.of(
            self._sample(source, sources, places, "source"),
            self._sample(target, targets, places, "target"),
            every,
        )

    def _sample(
        self, tokenizer: Tokenizer, texts: Sequence[str], places: Sequence[int], side: str
    ) -> Rows:
        rows: list[list[int]] = []
        for place, text in zip(places, texts, strict=True):
            rng = random.Random(f"{self._seed}/{place}/{side}")
            rows.append(tokenizer.sample(text, self._strength, rng, eos=True))
        return Rows(rows)

"""Training pairs in subwords that are drawn anew each epoch (subword regularisation)."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from ..data.batching import Ints, PairBatch, Rows
from ..data.parallel import ParallelText
from ..text.tokenizer import Tokenizer
from .languages import tagged
from .sources import Span
from .tokenizers import Tokenizers


class SampledPairs:
    """Batches of pairs, each segmentation a pure function of seed and pair."""

    def __init__(
        self,
        text: ParallelText,
        tokenizers: Tokenizers,
        *,
        places: Ints,
        rounds: Ints,
        seed: str,
        strength: float,
        spans: Sequence[Span],
    ) -> None:
        """`places` says where in the text each pair is; `seed` is another one in each epoch.

        `rounds` tells a pair from the same one that comes again in an epoch.
        """
        self._text = text
        self._tokenizers = tokenizers
        self._places = places
        self._rounds = rounds
        self._seed = seed
        self._strength = strength
        self._languages = [span.to for span in spans]
        self._ends = [span.places.stop for span in spans]

    def __repr__(self) -> str:
        return f"<SampledPairs: {len(self._places):,} pairs>"

    def batch(self, indices: Ints) -> PairBatch:
        """The pairs of these numbers (B,)."""
        places = self._places[indices].tolist()
        rounds = self._rounds[indices].tolist()
        names = [
            f"{place}/{turn}" if turn else str(place)
            for place, turn in zip(places, rounds, strict=True)
        ]
        source, target = self._tokenizers
        sources = [self._tagged(place) for place in places]
        targets = [self._text.targets[place] for place in places]

        every = np.arange(len(places))
        return PairBatch.of(
            self._sample(source, sources, names, "source"),
            self._sample(target, targets, names, "target"),
            every,
        )

    def _tagged(self, place: int) -> str:
        """A source text after the tag of its target language."""
        to = self._languages[bisect_right(self._ends, place)]
        (text,) = tagged([self._text.sources[place]], to, self._tokenizers.source)
        return text

    def _sample(
        self, tokenizer: Tokenizer, texts: Sequence[str], names: Sequence[str], side: str
    ) -> Rows:
        rows: list[list[int]] = []
        for name, text in zip(names, texts, strict=True):
            rng = random.Random(f"{self._seed}/{name}/{side}")
            rows.append(tokenizer.sample(text, self._strength, rng, eos=True))
        return Rows(rows)

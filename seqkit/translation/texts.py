"""Parallel text of a translation task: read, split for validation, encoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.batching import Ints, Rows
from ..data.parallel import Columns, Pair, ParallelText, Skipped, read_pairs
from ..data.stored import Picked
from ..errors import ConfigError, DataError
from ..text.vocab import UNK


class EncodedPairs(NamedTuple):
    """Sentence pairs as ids, each side ending in `<eos>`."""

    sources: Rows
    targets: Rows

    def at(self, places: Ints) -> EncodedPairs:
        """Some of the pairs; nothing is copied where it is all of them, in order."""
        if np.array_equal(places, np.arange(len(self.sources))):
            return self
        return EncodedPairs(self.sources.at(places), self.targets.at(places))


class EncodedText(NamedTuple):
    """What a run trains and validates on, as ids."""

    train: EncodedPairs
    valid: EncodedPairs
    unknown: Sequence[int]  # tokens of the training text, source and target, that are unknown

    def unknown_shares(self, kept: Ints) -> list[float]:
        """The share of unknown tokens among the training pairs at `kept`, source and target.

        Only the others are looked at, which are few.
        """
        is_left_out = np.ones(len(self.train.sources), bool)
        is_left_out[kept] = False
        left_out = np.flatnonzero(is_left_out)

        shares: list[float] = []
        for rows, unknown in zip(self.train, self.unknown, strict=True):
            others = rows.at(left_out)
            total = rows.total - others.total
            shares.append((unknown - others.count(UNK)) / total if total else 0.0)
        return shares


def training_pairs(
    paths: Sequence[Path], columns: Columns, limit: int, skipped: Skipped
) -> Iterator[Pair]:
    """The first `limit` training pairs, 0 for all; raises an error if there are none.

    All are read, so that files which are not parallel are refused whatever the limit.
    """
    if not paths:
        raise ConfigError("[data]: no training text: set data.train to [source, target] or [tsv]")
    pairs = read_pairs(paths, columns, skipped)
    return _at_least_one(_first(pairs, limit, skipped), paths, "training")


def validation_pairs(paths: Sequence[Path], columns: Columns) -> Iterator[Pair]:
    """All validation pairs; raises an error if there are none."""
    return _at_least_one(read_pairs(paths, columns, Skipped()), paths, "validation")


def _first(pairs: Iterator[Pair], limit: int, skipped: Skipped) -> Iterator[Pair]:
    yield from islice(pairs, limit or None)

    left_out = skipped.empty
    deque(pairs, maxlen=0)
    skipped.empty = left_out  # those beyond the limit do not count


def _at_least_one(pairs: Iterator[Pair], paths: Sequence[Path], name: str) -> Iterator[Pair]:
    count = 0
    for pair in pairs:
        yield pair
        count += 1
    if not count:
        raise DataError(f"{', '.join(map(str, paths))}: the {name} text is empty")


def split_off(text: ParallelText, size: int, seed: int, *, name: str) -> ParallelText:
    """Validation text: `size` pairs of a text, at most a tenth; `name` is what errors call it.

    They are in `text` still: see `without`.
    """
    size = min(size, len(text) // 10)
    if not size:
        raise DataError(
            f"{name}: {len(text)} pairs are too few to cut validation text off: give 10 or more, "
            "or data.valid (of several sources, the `valid` of this [[data.sources]])"
        )

    order = np.random.default_rng(seed).permutation(len(text))
    return pairs_at(text, order[:size])


def without(text: ParallelText, held_out: set[str], *, name: str) -> ParallelText:
    """The pairs of a text whose source is not held out; the text itself if that is all of them."""
    is_kept = (source not in held_out for source in text.sources)
    rest = np.flatnonzero(np.fromiter(is_kept, bool, len(text)))
    if len(rest) == len(text):
        return text
    if not len(rest):
        raise DataError(
            f"{name}: each sentence of the training text is in the validation text, too, so that "
            "none is left: give other text, or other data.valid (of several sources, `valid`)"
        )
    train = pairs_at(text, rest)
    train.skipped = text.skipped
    return train


def pairs_at(text: ParallelText, places: Ints) -> ParallelText:
    """Some pairs of a text, by their places: nothing is copied."""
    return ParallelText(Picked(text.sources, places), Picked(text.targets, places))


def short_pairs(pairs: EncodedPairs, longest: int) -> Ints:
    """The places of the pairs of at most `longest` tokens a side, `<eos>` not counted."""
    lengths = np.maximum(pairs.sources.lengths, pairs.targets.lengths)
    return np.flatnonzero(lengths <= longest + 1)

"""Training data from several sources: how much of each an epoch holds, and which items.

A language with little text is seen more often than its share by a temperature (Arivazhagan et al.
2019, arXiv:1907.05019, section 4.2): of languages with N items each, one gets a share in proportion
to N ** (1 / temperature).

Letters: S sources, N items of an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
AnyInts = NDArray[Any]  # of any integer type
Mixing = Callable[[Sequence[int]], "Mixture"]


class Drawn(NamedTuple):
    """The items of an epoch."""

    places: Ints  # (N,) among all items, source after source
    rounds: Ints  # (N,) how often all of its source came before each


def shares(
    sizes: Sequence[int],
    groups: Sequence[str],
    weights: Sequence[float],
    temperature: float,
) -> list[float]:
    """The share of each source, of which there are S; they add up to 1.

    `sizes` counts the items of each. Sources of a group, such as a language, get the group's share
    in proportion to their items, so that it makes no difference in how many files a text is. Then
    each is multiplied by its weight. At a temperature of 1, all items are seen equally often; the
    higher it is, the more equal are the groups.
    """
    group_sizes: dict[str, int] = {}
    for size, group in zip(sizes, groups, strict=True):
        group_sizes[group] = group_sizes.get(group, 0) + size

    raw: list[float] = []
    for size, group, weight in zip(sizes, groups, weights, strict=True):
        of_group = group_sizes[group]
        raw.append(weight * of_group ** (1 / temperature) * size / of_group)

    total = sum(raw)
    return [each / total for each in raw]


class Mixture:
    """Epochs of as many items as all sources have, each source with its share of them.

    An epoch is a pure function of the seed and its number. A source of which an epoch takes a part
    goes on in the next one, so that no item is repeated until its whole source has been seen.
    """

    def __init__(self, sizes: Sequence[int], shares: Sequence[float], seed: int) -> None:
        """`sizes` are those of the sources, each at least 1, and `shares` add up to 1."""
        self._sizes = list(sizes)
        self.seed = seed
        self.counts = _whole_numbers(shares, sum(sizes))
        """How many items of each source an epoch holds."""

    def __repr__(self) -> str:
        parts = zip(self.counts, self._sizes, strict=True)
        return f"<Mixture: {', '.join(f'{count:,} of {size:,}' for count, size in parts)}>"

    def epoch(self, number: int) -> Drawn:
        """The items of epoch `number`, from 0; in no order that a model should see them in."""
        places: list[Ints] = []
        rounds: list[Ints] = []
        before = 0
        for source, (count, size) in enumerate(zip(self.counts, self._sizes, strict=True)):
            for turn, part in self._parts(source, number * count, count):
                places.append(before + part)
                rounds.append(np.full(len(part), turn))
            before += size
        return Drawn(np.concatenate(places), np.concatenate(rounds))

    def _parts(self, source: int, first: int, count: int) -> list[tuple[int, Ints]]:
        """Of the endless row of all items of a source in ever new order, `count` from `first` on.

        The parts of as many orders as that takes, each with the number of its order.
        """
        size = self._sizes[source]
        end = first + count
        found: list[tuple[int, Ints]] = []
        while first < end:
            turn, begin = divmod(first, size)
            order = np.random.default_rng((self.seed, source, turn)).permutation(size)
            part = order[begin : begin + end - first]
            found.append((turn, part))
            first += len(part)
        return found


class MixedIds:
    """The text of an epoch as one stream of ids: pieces of several streams, one after the other.

    Nothing is copied but what is asked for, by the places of ids: an array of any shape.
    """

    def __init__(self, ids: AnyInts, starts: Ints, size: int) -> None:
        """`starts` are the places in `ids` at which pieces of `size` begin, in their order."""
        self._ids = ids
        self._starts = starts
        self._size = size

    def __len__(self) -> int:
        return len(self._starts) * self._size

    def __repr__(self) -> str:
        return f"<MixedIds: {len(self._starts):,} pieces of {self._size:,}>"

    def __getitem__(self, places: Ints) -> AnyInts:
        piece, within = np.divmod(places, self._size)
        return self._ids[self._starts[piece] + within]


class StreamMixture:
    """Epochs of several streams of ids that lie one after the other, in pieces of one size.

    The pieces of an epoch are shuffled. The last one of a stream begins where it still fits, so
    that no id is left out.
    """

    def __init__(self, ids: AnyInts, ends: Sequence[int], size: int, mix: Mixing) -> None:
        """`ends` are those of the streams in `ids`, each of at least `size`.

        `mix` makes the mixture of numbers of pieces.
        """
        self._ids = ids
        self.size = size
        starts: list[Ints] = []
        begin = 0
        for end in ends:
            pieces = -(-(end - begin) // size)
            starts.append(np.minimum(begin + size * np.arange(pieces), end - size))
            begin = end
        self._starts: Ints = np.concatenate(starts)
        self.mixture = mix([len(each) for each in starts])

    def __repr__(self) -> str:
        return f"<StreamMixture: {self.mixture!r}>"

    def epoch(self, number: int, seed: int) -> MixedIds:
        """The stream of epoch `number`: a pure function of its number and the seed."""
        places = self.mixture.epoch(number).places
        order = np.random.default_rng((seed, number)).permutation(places)
        return MixedIds(self._ids, self._starts[order], self.size)


def _whole_numbers(shares: Sequence[float], total: int) -> list[int]:
    """`total` divided by `shares`, with the largest remainders rounded up; each at least 1."""
    exact = np.array(shares) * total
    counts = np.floor(exact).astype(np.int64)
    missing = total - int(counts.sum())
    by_remainder = np.argsort(counts - exact, kind="stable")
    counts[by_remainder[:missing]] += 1
    return [max(1, count) for count in counts.tolist()]

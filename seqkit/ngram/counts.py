"""Counting n-grams by sorting. A k-gram is stored as the (k-1)-gram it ends in and the word before.

Tables are in suffix order (by the last word, then the one before it, …), which is the order of
KenLM's files and makes the table a trie read from right to left. Tokens are divided by their words,
and the most frequent words by those before them, into ranges that are sorted one by one.

Letters: T tokens, n_k distinct k-grams, V words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..threads import cores
from .sorting import Longs, find, first_of_each, sort, totals
from .storage import (
    Growing,
    Storage,
    for_each,
    on_all_cores,
    release,
    stretches,
)
from .text import BOS, EOS, Ids

_BYTES_PER_TOKEN = 160  # that sorting takes
_FEWEST_TOKENS = 1 << 12  # sorted at a time, however little memory there is
_MOST_TOKENS = 1 << 22  # more would leave the processor's cache for nothing


@dataclass(frozen=True)
class Table:
    """All k-grams of one k, in suffix order.

    A key is the index of the last k-1 words in the table before, times V, plus the first word.
    """

    keys: Longs  # (n_k,), ascending
    counts: Longs  # (n_k,): how often each occurs
    contexts: Longs  # (n_k,): index of the first k-1 words in the table before

    def __repr__(self) -> str:
        return f"<Table of {len(self.keys):,} n-grams>"


@dataclass(frozen=True)
class Counts:
    """Counts of all n-grams up to an order. `<s>` may only begin an n-gram."""

    words: list[bytes]
    tables: list[Table]
    tokens: int  # words and ends of sentences
    storage: Storage = field(default_factory=Storage)  # for what is computed from them

    @property
    def order(self) -> int:
        return len(self.tables)

    @property
    def sizes(self) -> list[int]:
        """How many distinct k-grams there are, for k = 1, 2, …"""
        return [len(table.keys) for table in self.tables]

    def parts(self, k: int, places: slice | Longs = slice(None)) -> tuple[Longs, Longs]:
        """Index of the last k-1 words of each k-gram, and its first word. (n_k,) each.

        Those at some `places` only, if they are given.
        """
        keys = self.tables[k - 1].keys[places]
        return np.divmod(keys, len(self.words))

    def __repr__(self) -> str:
        sizes = " + ".join(f"{size:,}" for size in self.sizes)
        return f"<Counts order={self.order}, {self.tokens:,} tokens, {sizes} n-grams>"


class NgramCounter:
    """Collects the ids of a text and counts its n-grams."""

    def __init__(self, order: int, memory: int) -> None:
        """What takes more than `memory` bytes goes to temporary files."""
        self.order = order
        self._storage = Storage(memory)
        self._ids = Growing(self._storage, np.int32)
        self._ids.append(np.full(order, EOS))  # so that every token has enough before it

    def add(self, ids: Ids) -> None:
        """Take the ids of whole sentences, each ended by `</s>`."""
        self._ids.append(ids)

    def finish(self, words: list[bytes]) -> Counts:
        """The counts of everything that was added; raises `DataError` if the disk is full."""
        ids = self._ids.finish()
        size = len(words)
        unigrams = _frequencies(ids[self.order :], size)

        every_id = np.arange(size, dtype=np.int64)
        tables = [Table(every_id, unigrams, np.zeros_like(every_id))]
        for keys, counts in self._longer(ids, unigrams):
            contexts = self._contexts(keys, tables, size)
            tables.append(Table(keys, counts, contexts))
        return Counts(words, tables, len(ids) - self.order, self._storage)

    def _longer(self, ids: Ids, unigrams: Longs) -> list[tuple[Longs, Longs]]:
        """Keys and counts of the k-grams for k = 2, 3, …"""
        size = len(unigrams)
        orders = range(2, self.order + 1)
        all_keys = [Growing(self._storage, np.int64) for _ in orders]
        all_counts = [Growing(self._storage, np.int64) for _ in orders]

        def sorted_range(part: Range) -> list[tuple[Longs, Longs]]:
            columns = part.columns(ids, self.order, self.order)
            return list(_tables(columns, size))

        ranges = ranges_of(ids, self.order, unigrams, _tokens_at_a_time(self._storage.memory))
        for found in on_all_cores(sorted_range, ranges if orders else []):
            offset = 0  # bigrams end in words, which are the same in every range
            for (keys, counts), to_keys, to_counts in zip(found, all_keys, all_counts, strict=True):
                done = to_keys.length
                to_keys.append(keys + offset * size)
                to_counts.append(counts)
                offset = done  # the next longer ones end in the k-grams of this range

        whole_keys = [keys.finish() for keys in all_keys]
        whole_counts = [counts.finish() for counts in all_counts]
        return list(zip(whole_keys, whole_counts, strict=True))

    def _contexts(self, keys: Longs, shorter: list[Table], size: int) -> Longs:
        contexts: Longs = self._storage.empty(len(keys), np.int64)

        def fill(stretch: slice) -> None:
            contexts[stretch] = contexts_of(keys[stretch], shorter, size)
            release(keys, contexts, shorter[-1].keys, shorter[-1].contexts)

        for_each(fill, list(stretches(len(keys))))
        return contexts


def _frequencies(ids: Ids, size: int) -> Longs:
    """How often each word occurs. (T,) -> (V,)"""
    found = np.zeros(size, np.int64)
    for stretch in stretches(len(ids), ids):
        found += totals(ids[stretch], None, size)
    return found


def _tokens_at_a_time(memory: int) -> int:
    """How many tokens each core sorts, in seven sixteenths of the memory."""
    tokens = 7 * memory // 16 // cores() // _BYTES_PER_TOKEN
    return min(max(tokens, _FEWEST_TOKENS), _MOST_TOKENS)


class Range(NamedTuple):
    """The tokens of some words, after some words: their n-grams follow each other in the tables."""

    low: int  # ids of words, from `low` up to `high`
    high: int
    low_before: int  # ids of words before them
    high_before: int

    def columns(self, ids: Ids, first: int, order: int) -> list[Ids]:
        """These tokens, the ones before them, and so on. (first + T,) -> order x (n,)

        The text begins at `first`; what is before only fills the places before its first tokens.
        """
        found = [np.empty((order, 0), np.int32)]
        for stretch in stretches(len(ids) - first, ids):
            begin = first + stretch.start
            words = ids[begin : first + stretch.stop]
            places = np.flatnonzero((words >= self.low) & (words < self.high)) + begin
            if self.high == self.low + 1:
                before = ids[places - 1]
                places = places[(before >= self.low_before) & (before < self.high_before)]
            found.append(np.stack([ids[places - j] for j in range(order)]))
        return list(np.concatenate(found, axis=1))


def ranges_of(ids: Ids, first: int, unigrams: Longs, most: int) -> list[Range]:
    """Divide all tokens into ranges of at most `most`.

    More are together only where one pair of words is as frequent. `ids` as for `Range.columns`.
    """
    size = len(unigrams)
    found = []
    for low, high in _divided(unigrams, most):
        if unigrams[low] <= most:
            found.append(Range(low, high, 0, size))
            continue

        _, words = Range(low, high, 0, size).columns(ids, first, 2)
        before = totals(words, None, size)
        found += [Range(low, high, *part) for part in _divided(before, most)]
    return found


def _divided(counts: Longs, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of words that occur `most` times at most, or are one word."""
    up_to = np.cumsum(counts)
    low = 0
    while low < len(counts):
        before = up_to[low] - counts[low]
        end = np.searchsorted(up_to, before + most, side="right")
        high = max(low + 1, int(end))
        yield low, high

        low = high


def _tables(columns: Sequence[Ids], size: int) -> Iterator[tuple[Longs, Longs]]:
    """Keys and counts of the k-grams for k = 2, 3, …

    `columns[j]` (n,) holds the word j places before each last word, and `</s>` for those before a
    sentence. The k-grams that others end in are numbered within these. `size` is V.
    """
    last, *before = columns
    rows, groups = sort(last.astype(np.int64))

    for column in before:
        first = column[rows]
        first[first == EOS] = BOS
        within, ascending = sort(groups * size + first, groups)
        rows = rows[within]
        starts = first_of_each(ascending)
        begins = np.flatnonzero(starts)
        yield ascending[begins], np.diff(begins, append=len(ascending))

        goes_on = first[within] != BOS
        rows = rows[goes_on]
        groups = np.cumsum(starts)[goes_on] - 1


def contexts_of(keys: Longs, shorter: list[Table], size: int) -> Longs:
    """Index of the first k-1 words of each k-gram in the last of the `shorter` tables."""
    suffixes, first = np.divmod(keys, size)
    if len(shorter) == 1:
        return first
    table = shorter[-1]
    between = table.contexts[suffixes]  # all words but the first and the last
    return find(table.keys, between * size + first)


def depths(ends: NDArray[np.bool_]) -> NDArray[np.int32]:
    """How many words of its sentence come before each token. (T,) -> (T,)

    `ends` marks the last token of each sentence.
    """
    places = np.arange(len(ends), dtype=np.int32)
    follows_end = np.zeros(len(ends), np.bool_)
    follows_end[1:] = ends[:-1]
    starts = np.where(follows_end, places, 0)
    return places - np.maximum.accumulate(starts)

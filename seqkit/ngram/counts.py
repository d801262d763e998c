"""Counting n-grams by sorting. A k-gram is stored as the (k-1)-gram it ends in and the word before.

Tables are in suffix order (by the last word, then the one before it, …), which is the order of
KenLM's files and makes the table a trie read from right to left.

Letters: T tokens, n_k distinct k-grams, V words.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, reason
from .sorting import Longs, find, first_of_each, sort, totals
from .text import BOS, EOS, Ids

_BYTES_PER_TOKEN = 96  # that counting in memory takes, besides 8 for each order
_FEWEST_TOKENS = 1 << 12  # sorted at a time, however little memory there is


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

    @property
    def order(self) -> int:
        return len(self.tables)

    @property
    def sizes(self) -> list[int]:
        """How many distinct k-grams there are, for k = 1, 2, …"""
        return [len(table.keys) for table in self.tables]

    def parts(self, k: int) -> tuple[Longs, Longs]:
        """Index of the last k-1 words of each k-gram, and its first word. (n_k,) each."""
        keys = self.tables[k - 1].keys
        return np.divmod(keys, len(self.words))

    def __repr__(self) -> str:
        sizes = " + ".join(f"{size:,}" for size in self.sizes)
        return f"<Counts order={self.order}, {self.tokens:,} tokens, {sizes} n-grams>"


@dataclass(frozen=True)
class SortedRun:
    """Distinct items in suffix order, with their counts.

    An item is a token and the words before it; `columns[j]` (n,) holds the word j places before.
    """

    columns: Sequence[Ids]
    weights: Longs  # (n,): how often each occurs


class NgramCounter:
    """Sorts ids into runs block by block, and keeps runs on disk when there is more than one."""

    def __init__(self, order: int, memory: int) -> None:
        """Tokens in memory may take `memory` bytes; runs go to a temporary folder."""
        self.order = order
        self.tokens = 0
        bytes_per_token = _BYTES_PER_TOKEN + 8 * order
        self._capacity = max(_FEWEST_TOKENS, memory // bytes_per_token)
        self._held: list[Ids] = []
        self._size = 0
        self._runs: list[SortedRun] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, ids: Ids) -> None:
        """Take the ids of whole sentences, each ended by `</s>`."""
        self.tokens += len(ids)
        while len(ids):
            end = self._fitting(ids)
            self._held.append(ids[:end])
            self._size += end

            ids = ids[end:]
            if len(ids):
                self._spill()

    def _fitting(self, ids: Ids) -> int:
        """How many of `ids` belong into the run at hand: whole sentences, at least one in a run."""
        room = self._capacity - self._size
        if len(ids) <= room:
            return len(ids)

        fitting = ids[: max(room, 1)]
        ends = np.flatnonzero(fitting == EOS)
        if len(ends):
            return int(ends[-1]) + 1
        if self._size:
            return 0
        return int(np.argmax(ids == EOS)) + 1  # the first sentence, however long

    def finish(self, words: list[bytes]) -> Counts:
        """The counts of everything that was added."""
        try:
            if self._runs:
                self._spill()
                return merge(words, self._runs, self.order, self.tokens)

            ids = self._take()
            once = np.ones(len(ids), np.int64)
            run = SortedRun(columns_of(ids, self.order), once)
            return merge(words, [run], self.order, self.tokens)
        finally:
            self._runs = []
            if self._folder:
                self._folder.cleanup()

    def _take(self) -> Ids:
        """The ids at hand, which are let go."""
        ids = np.concatenate([np.empty(0, np.int32), *self._held])
        self._held = []
        self._size = 0
        return ids

    def _spill(self) -> None:
        """Sort the ids at hand into a run on disk; raises `DataError` if the disk is full."""
        columns = columns_of(self._take(), self.order)
        items, weights = distinct(columns)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="seqkit-ngram-")

        arrays: list[NDArray[Any]] = [*items, weights]
        folder = Path(self._folder.name)
        number = len(self._runs)
        paths = [folder / f"run-{number:04}-{j}.npy" for j in range(len(arrays))]
        try:
            for path, array in zip(paths, arrays, strict=True):
                np.save(path, array)
        except OSError as error:
            raise DataError(
                f"cannot sort on disk in {self._folder.name}: {reason(error)}. "
                "Set TMPDIR to another folder"
            ) from None

        *mapped, counts = (np.load(path, mmap_mode="r") for path in paths)
        self._runs.append(SortedRun(mapped, counts))


def columns_of(ids: Ids, order: int) -> list[Ids]:
    """For every token, its word and the order - 1 words before it. (T,) -> order x (T,)

    `<s>` fills the places before a sentence.
    """
    depth = depths(ids == EOS)
    columns = [ids]
    for j in range(1, order):
        inside = depth[j:] >= j
        shifted = np.full(len(ids), BOS, np.int32)
        shifted[j:] = np.where(inside, ids[:-j], BOS)
        columns.append(shifted)
    return columns


def depths(ends: NDArray[np.bool_]) -> NDArray[np.int32]:
    """How many words of its sentence come before each token. (T,) -> (T,)

    `ends` marks the last token of each sentence.
    """
    places = np.arange(len(ends), dtype=np.int32)
    follows_end = np.zeros(len(ends), np.bool_)
    follows_end[1:] = ends[:-1]
    starts = np.where(follows_end, places, 0)
    return places - np.maximum.accumulate(starts)


def distinct(columns: Sequence[Ids]) -> tuple[list[Ids], Longs]:
    """The distinct items in suffix order, and how often each occurs."""
    highest = [int(column.max(initial=0)) for column in columns]
    size = max(highest) + 1
    last, *before = columns
    order, groups = sort(last.astype(np.int64))
    starts = first_of_each(groups)

    for column in before:
        keys = groups * size + column[order]
        within, ascending = sort(keys, groups)
        order = order[within]
        starts = first_of_each(ascending)
        groups = np.cumsum(starts) - 1

    first = np.flatnonzero(starts)
    counts = np.diff(first, append=len(order))
    chosen = order[first]
    items = [column[chosen] for column in columns]
    return items, counts


@dataclass
class _GrowingTable:
    """The k-grams of one k in the ranges of last words that are done."""

    keys: list[Longs] = field(default_factory=list)
    counts: list[Longs] = field(default_factory=list)
    size: int = 0

    def append(self, keys: Longs, counts: Longs) -> None:
        self.keys.append(keys)
        self.counts.append(counts)
        self.size += len(keys)


def merge(words: list[bytes], runs: Sequence[SortedRun], order: int, tokens: int) -> Counts:
    """Merge `runs` into tables, a range of last words at a time."""
    size = len(words)
    unigrams = np.zeros(size, np.int64)
    longer = [_GrowingTable() for _ in range(2, order + 1)]

    for columns, weights in _ranges(runs, size):
        unigrams += totals(columns[0], weights, size)
        offset = 0  # bigrams end in words, which are the same in every range
        found = _tables(columns, weights, size)
        for table, (keys, counts) in zip(longer, found, strict=True):
            done = table.size
            table.append(keys + offset * size, counts)
            offset = done  # the next longer ones end in the k-grams of this range

    ids = np.arange(size, dtype=np.int64)
    tables = [Table(ids, unigrams, np.zeros_like(ids))]
    for table in longer:
        keys = _joined(table.keys)
        contexts = contexts_of(keys, tables, size)
        tables.append(Table(keys, _joined(table.counts), contexts))
    return Counts(words, tables, tokens)


def _joined(parts: list[Longs]) -> Longs:
    return np.concatenate([np.empty(0, np.int64), *parts])


def contexts_of(keys: Longs, shorter: list[Table], size: int) -> Longs:
    """Index of the first k-1 words of each k-gram in the last of the `shorter` tables."""
    suffixes, first = np.divmod(keys, size)
    if len(shorter) == 1:
        return first
    table = shorter[-1]
    between = table.contexts[suffixes]  # all words but the first and the last
    return find(table.keys, between * size + first)


def _ranges(runs: Sequence[SortedRun], size: int) -> Iterator[tuple[Sequence[Ids], Longs]]:
    """Items of all runs, merged: ranges of last words, each about as large as one run."""
    if len(runs) == 1:
        yield runs[0].columns, runs[0].weights
        return

    per_word = np.zeros(size, np.int64)
    for run in runs:
        per_word += totals(run.columns[0], None, size)
    up_to = np.cumsum(per_word)
    most = max(len(run.weights) for run in runs)

    low = 0
    while low < size:
        before = up_to[low - 1] if low else 0
        end = np.searchsorted(up_to, before + most, side="right")
        high = max(low + 1, int(end))
        columns, weights = _between(runs, low, high)
        if len(weights):
            yield columns, weights

        low = high


def _between(runs: Sequence[SortedRun], low: int, high: int) -> tuple[list[Ids], Longs]:
    """The items of all runs whose last word is in [low, high)."""
    parts = [_part(run, low, high) for run in runs]
    columns = zip(*(part.columns for part in parts), strict=True)
    weights = [part.weights for part in parts]
    return list(map(np.concatenate, columns)), np.concatenate(weights)


def _part(run: SortedRun, low: int, high: int) -> SortedRun:
    begin, end = np.searchsorted(run.columns[0], [low, high])
    columns = [column[begin:end] for column in run.columns]
    return SortedRun(columns, run.weights[begin:end])


def _tables(columns: Sequence[Ids], weights: Longs, size: int) -> Iterator[tuple[Longs, Longs]]:
    """Keys and counts of the k-grams for k = 2, 3, …

    An item ends where its words so far begin with `<s>`.
    """
    order, groups = sort(columns[0].astype(np.int64))

    for before, column in pairwise(columns):
        goes_on = before[order] != BOS
        order = order[goes_on]
        groups = groups[goes_on]

        keys = groups * size + column[order]
        within, ascending = sort(keys, groups)
        order = order[within]
        starts = first_of_each(ascending)

        first = np.flatnonzero(starts)
        counts = _sums(weights[order], first)
        yield ascending[first], counts
        groups = np.cumsum(starts) - 1


def _sums(weights: Longs, first: Longs) -> Longs:
    """Sums of stretches of `weights` that begin at `first`."""
    if not len(first):
        return np.empty(0, np.int64)
    return np.add.reduceat(weights, first)

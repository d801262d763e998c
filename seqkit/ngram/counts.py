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

    def __repr__(self) -> str:
        sizes = " + ".join(f"{len(table.keys):,}" for table in self.tables)
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
        self._capacity = max(_FEWEST_TOKENS, memory // (_BYTES_PER_TOKEN + 8 * order))
        self._held: list[Ids] = []
        self._size = 0
        self._runs: list[SortedRun] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, ids: Ids) -> None:
        """Take the ids of whole sentences, each ended by `</s>`."""
        self.tokens += len(ids)
        while len(ids):
            cut = self._fitting(ids)
            self._held.append(ids[:cut])
            self._size += cut
            ids = ids[cut:]
            if len(ids):
                self._spill()

    def _fitting(self, ids: Ids) -> int:
        """How many of `ids` belong into the run at hand: whole sentences, at least one in a run."""
        room = self._capacity - self._size
        if len(ids) <= room:
            return len(ids)

        ends = np.flatnonzero(ids[: max(room, 1)] == EOS)
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

            columns = columns_of(self._take(), self.order)
            run = SortedRun(columns, np.ones(len(columns[0]), np.int64))
            return merge(words, [run], self.order, self.tokens)
        finally:
            self._runs = []
            if self._folder:
                self._folder.cleanup()

    def _take(self) -> Ids:
        """The ids at hand, which are let go."""
        ids = np.concatenate(self._held) if self._held else np.empty(0, np.int32)
        self._held = []
        self._size = 0
        return ids

    def _spill(self) -> None:
        """Sort the ids at hand into a run on disk; raises `DataError` if the disk is full."""
        columns, weights = distinct(columns_of(self._take(), self.order))
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="seqkit-ngram-")
        stem = Path(self._folder.name) / f"run-{len(self._runs):04}"

        arrays: list[NDArray[Any]] = [*columns, weights]
        paths = [f"{stem}-{j}.npy" for j in range(len(arrays))]
        try:
            for path, array in zip(paths, arrays, strict=True):
                np.save(path, array)
        except OSError as error:
            raise DataError(
                f"cannot sort on disk in {self._folder.name}: {reason(error)}. "
                "Set TMPDIR to another folder"
            ) from None

        *kept, counts = (np.load(path, mmap_mode="r") for path in paths)
        self._runs.append(SortedRun(kept, counts))


def columns_of(ids: Ids, order: int) -> list[Ids]:
    """For every token, its word and the order - 1 words before it. (T,) -> order x (T,)

    `<s>` fills the places before a sentence.
    """
    depth = depths(ids == EOS)
    columns = [ids]
    for j in range(1, order):
        shifted = np.full(len(ids), BOS, np.int32)
        if j < len(ids):
            shifted[j:] = np.where(depth[j:] >= j, ids[:-j], BOS)
        columns.append(shifted)
    return columns


def depths(ends: NDArray[np.bool_]) -> NDArray[np.int32]:
    """How many words of its sentence come before each token. (T,) -> (T,)

    `ends` marks the last token of each sentence.
    """
    at = np.arange(len(ends), dtype=np.int32)
    starts = np.zeros(len(ends), np.int32)
    starts[1:][ends[:-1]] = at[1:][ends[:-1]]
    return at - np.maximum.accumulate(starts)


def distinct(columns: Sequence[Ids]) -> tuple[list[Ids], Longs]:
    """The distinct items in suffix order, and how often each occurs."""
    size = max((int(column.max(initial=0)) for column in columns), default=0) + 1
    order, groups = sort(columns[0].astype(np.int64))
    starts = first_of_each(groups)

    for column in columns[1:]:
        within, keys = sort(groups * size + column[order], groups)
        order = order[within]
        starts = first_of_each(keys)
        groups = np.cumsum(starts) - 1

    first = np.flatnonzero(starts)
    counts = np.diff(first, append=len(order))
    chosen = order[first]
    return [column[chosen] for column in columns], counts


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
        for table, (keys, counts) in zip(longer, _tables(columns, weights, size), strict=True):
            found_before = table.size
            table.append(keys + offset * size, counts)
            offset = found_before  # the next longer ones end in the k-grams of this range

    tables = [Table(np.arange(size, dtype=np.int64), unigrams, np.zeros(size, np.int64))]
    for table in longer:
        keys = _joined(table.keys)
        contexts = _contexts(keys, tables, size)
        tables.append(Table(keys, _joined(table.counts), contexts))
    return Counts(words, tables, tokens)


def _joined(parts: list[Longs]) -> Longs:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _contexts(keys: Longs, shorter: list[Table], size: int) -> Longs:
    """Index of the first k-1 words of each k-gram in the last of the `shorter` tables."""
    suffixes, first = np.divmod(keys, size)
    if len(shorter) == 1:
        return first
    table = shorter[-1]
    return find(table.keys, table.contexts[suffixes] * size + first)


def _ranges(runs: Sequence[SortedRun], size: int) -> Iterator[tuple[Sequence[Ids], Longs]]:
    """Items of all runs, merged: ranges of last words, each about as large as one run."""
    if len(runs) == 1:
        yield runs[0].columns, runs[0].weights
        return

    per_word = np.zeros(size, np.int64)
    for run in runs:
        per_word += np.bincount(run.columns[0], minlength=size)
    up_to = np.cumsum(per_word)
    most = max(len(run.weights) for run in runs)

    low = 0
    while low < size:
        before = up_to[low - 1] if low else 0
        end = int(np.searchsorted(up_to, before + most, side="right"))
        high = max(low + 1, end)
        columns, weights = _between(runs, low, high)
        if len(weights):
            yield columns, weights
        low = high


def _between(runs: Sequence[SortedRun], low: int, high: int) -> tuple[list[Ids], Longs]:
    """The items of all runs whose last word is in [low, high)."""
    bounds = [np.searchsorted(run.columns[0], [low, high]) for run in runs]
    parts = [(run, slice(*bound)) for run, bound in zip(runs, bounds, strict=True)]

    columns = []
    for j in range(len(runs[0].columns)):
        columns.append(np.concatenate([run.columns[j][part] for run, part in parts]))
    weights = np.concatenate([run.weights[part] for run, part in parts])
    return columns, weights


def _tables(columns: Sequence[Ids], weights: Longs, size: int) -> Iterator[tuple[Longs, Longs]]:
    """Keys and counts of the k-grams for k = 2, 3, …

    An item ends where its words so far begin with `<s>`.
    """
    order, groups = sort(columns[0].astype(np.int64))

    for before, column in pairwise(columns):
        goes_on = before[order] != BOS
        order, groups = order[goes_on], groups[goes_on]

        within, keys = sort(groups * size + column[order], groups)
        order = order[within]
        starts = first_of_each(keys)

        first = np.flatnonzero(starts)
        yield keys[first], _sums(weights[order], first)
        groups = np.cumsum(starts) - 1


def _sums(weights: Longs, first: Longs) -> Longs:
    """Sums of stretches of `weights` that begin at `first`."""
    if not len(first):
        return np.empty(0, np.int64)
    return np.add.reduceat(weights, first)

"""Counting n-grams by sorting. A k-gram is stored as the (k-1)-gram it ends in and the word before that.

Tables are in suffix order (by the last word, then the one before it, …), which is the order of KenLM's files and
makes the table a trie read from right to left. Letters: T tokens, n_k distinct k-grams, V words.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, reason
from .text import BOS, EOS, Ids

Longs = NDArray[np.int64]
_GROUPED = 1 << 18  # items sorted at a time: their keys fit into a processor's cache
_BYTES_PER_TOKEN = 96  # what counting a token in memory takes, at order 5


@dataclass(frozen=True)
class Table:
    """All k-grams of one k, in suffix order; `keys` is ascending."""

    keys: Longs  # (n_k,): index of the last k-1 words in the table before, times V, plus the first word
    counts: Longs  # (n_k,): how often each occurs
    contexts: Longs  # (n_k,): index of the first k-1 words in the table before


@dataclass(frozen=True)
class Counts:
    """Counts of all n-grams up to an order. n-grams may begin, but not go on, with `<s>`."""

    words: list[bytes]
    tables: list[Table]
    tokens: int  # words and ends of sentences

    @property
    def order(self) -> int:
        return len(self.tables)


def merge(words: list[bytes], runs: Sequence[SortedRun], order: int, tokens: int) -> Counts:
    """Merge `runs` into tables, a range of last words at a time."""
    size = len(words)
    parts: list[list[tuple[Longs, Longs]]] = [[] for _ in range(order)]
    done = [0] * order
    singles = np.zeros(size, np.int64)
    for columns, weights in _ranges(runs, size):
        singles += np.bincount(columns[0], weights, minlength=size).astype(np.int64)
        offsets = [
            0,
            *done[1:],
        ]  # bigrams end in words, whose index is their id; longer ones in what was counted here
        for k, (keys, counts) in enumerate(_tables(columns, weights, size), 2):
            parts[k - 1].append((keys + offsets[k - 2] * size, counts))
            done[k - 1] += len(keys)
    tables = [Table(np.arange(size, dtype=np.int64), singles, np.zeros(size, np.int64))]
    for some in parts[1:]:
        keys = np.concatenate([keys for keys, _ in some]) if some else np.empty(0, np.int64)
        counts = np.concatenate([counts for _, counts in some]) if some else np.empty(0, np.int64)
        suffixes, first = np.divmod(keys, size)
        before = tables[-1]
        contexts = (
            first
            if len(tables) == 1
            else find(before.keys, before.contexts[suffixes] * size + first)
        )
        tables.append(Table(keys, counts, contexts))
    return Counts(words, tables, tokens)


@dataclass(frozen=True)
class SortedRun:
    """Items in suffix order with how often each occurs; `columns[j]` holds the words j places before the last."""

    columns: Sequence[Ids]
    weights: Longs


class NgramCounter:
    """Takes ids block by block, sorts them into runs, and keeps runs on disk when there is more than one."""

    def __init__(self, order: int, memory: int) -> None:
        """`memory` bytes are used for the tokens at hand; runs go to a temporary folder."""
        self.order, self.tokens = order, 0
        self._most = max(1 << 12, memory // (_BYTES_PER_TOKEN + 8 * order))
        self._held: list[Ids] = []
        self._size = 0
        self._runs: list[SortedRun] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, ids: Ids) -> None:
        """Ids of whole sentences, each ended by `</s>`."""
        self.tokens += len(ids)
        while len(ids):
            room = self._most - self._size
            if len(ids) > room:  # cut after a sentence, if one ends there
                ends = np.flatnonzero(ids[: max(room, 1)] == EOS)
                cut = int(ends[-1]) + 1 if len(ends) else (0 if self._size else _first_end(ids))
            else:
                cut = len(ids)
            self._held.append(ids[:cut])
            self._size += cut
            ids = ids[cut:]
            if len(ids):
                self._spill()

    def finish(self, words: list[bytes]) -> Counts:
        """The counts of everything that was added."""
        try:
            if self._runs:
                self._spill()
                return merge(words, self._runs, self.order, self.tokens)
            columns = columns_of(self._take(), self.order)
            return merge(
                words,
                [SortedRun(columns, np.ones(len(columns[0]), np.int64))],
                self.order,
                self.tokens,
            )
        finally:
            self._runs = []
            if self._folder:
                self._folder.cleanup()

    def _take(self) -> Ids:
        ids = np.concatenate(self._held) if self._held else np.empty(0, np.int32)
        self._held, self._size = [], 0
        return ids

    def _spill(self) -> None:
        columns, weights = unique(columns_of(self._take(), self.order))
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="seqkit-ngram-")
        stem = Path(self._folder.name) / f"run-{len(self._runs):04}"
        arrays: list[NDArray[Any]] = [*columns, weights]
        try:
            for j, array in enumerate(arrays):
                np.save(f"{stem}-{j}.npy", array)
        except OSError as error:
            raise DataError(
                f"cannot sort on disk in {self._folder.name}: {reason(error)}; TMPDIR names another"
            ) from None
        *kept, counts = (np.load(f"{stem}-{j}.npy", mmap_mode="r") for j in range(len(arrays)))
        self._runs.append(SortedRun(kept, counts))


def _first_end(ids: Ids) -> int:
    """Length of the first sentence, however long."""
    return int(np.argmax(ids == EOS)) + 1


def columns_of(ids: Ids, order: int) -> list[Ids]:
    """For every token its word and the order - 1 words before it; `<s>` stands before a sentence. order x (T,)."""
    depth = depths(ids == EOS)
    columns = [ids]
    for j in range(1, order):
        shifted = np.full(len(ids), BOS, np.int32)
        shifted[j:] = np.where(depth[j:] >= j, ids[: len(ids) - j], BOS) if j < len(ids) else BOS
        columns.append(shifted)
    return columns


def depths(ends: NDArray[np.bool_]) -> NDArray[np.int32]:
    """How many words of its sentence come before each token; `ends` marks the last token of each. (T,) -> (T,)."""
    at = np.arange(len(ends), dtype=np.int32)
    starts = np.zeros(len(ends), np.int32)
    starts[1:][ends[:-1]] = at[1:][ends[:-1]]
    return at - np.maximum.accumulate(starts)


def _ranges(runs: Sequence[SortedRun], size: int) -> Iterator[tuple[Sequence[Ids], Longs]]:
    """Items of all runs, merged: ranges of last words, each about as large as one run."""
    if len(runs) == 1:
        yield runs[0].columns, runs[0].weights
        return
    per_word = sum(
        (np.bincount(run.columns[0], minlength=size) for run in runs), np.zeros(size, np.int64)
    )
    most = max(len(run.weights) for run in runs)
    total = np.cumsum(per_word)
    low = 0
    while low < size:
        before = total[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(total, before + most, side="right")))
        cuts = [slice(*np.searchsorted(run.columns[0], [low, high])) for run in runs]
        columns = [
            np.concatenate([run.columns[j][cut] for run, cut in zip(runs, cuts, strict=True)])
            for j in range(len(runs[0].columns))
        ]
        weights = np.concatenate([run.weights[cut] for run, cut in zip(runs, cuts, strict=True)])
        if len(weights):
            yield columns, weights
        low = high


def unique(columns: Sequence[Ids]) -> tuple[list[Ids], Longs]:
    """The distinct items in suffix order, and how often each occurs."""
    size = max((int(column.max(initial=0)) for column in columns), default=0) + 1
    order, _ = _sorted(columns[0].astype(np.int64), None)
    groups = columns[0][order].astype(np.int64)
    starts = _starts(groups)
    for column in columns[1:]:
        within, keys = _sorted(groups * size + column[order], groups)
        order, starts = order[within], _starts(keys)
        groups = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    counts = np.diff(first, append=len(order))
    chosen = order[first]
    return [column[chosen] for column in columns], counts


def _tables(columns: Sequence[Ids], weights: Longs, size: int) -> Iterator[tuple[Longs, Longs]]:
    """Keys and counts of the k-grams for k = 2, 3, …; an item whose words so far begin with `<s>` ends there."""
    order, _ = _sorted(columns[0].astype(np.int64), None)
    groups = columns[0][order].astype(np.int64)
    for before, column in pairwise(columns):
        whole = before[order] != BOS
        order, groups = order[whole], groups[whole]
        within, keys = _sorted(groups * size + column[order], groups)
        order, starts = order[within], _starts(keys)
        first = np.flatnonzero(starts)
        yield (
            keys[first],
            np.add.reduceat(weights[order], first) if len(first) else np.empty(0, np.int64),
        )
        groups = np.cumsum(starts) - 1


def _starts(keys: Longs) -> NDArray[np.bool_]:
    starts = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=starts[1:])
    return starts


def _sorted(keys: Longs, groups: Longs | None) -> tuple[Longs, Longs]:
    """The order that sorts `keys`, and the sorted keys. `groups` (ascending) are runs whose keys do not overlap.

    NumPy sorts numbers several times faster than it finds their order, so the place of each key is sorted along in
    its lower bits.
    """
    total = len(keys)
    order, out = np.empty(total, np.int64), np.empty(total, np.int64)
    low = 0
    while low < total:
        high = total
        if groups is not None and low + _GROUPED < total:  # up to the end of a group
            high = int(np.searchsorted(groups, groups[low + _GROUPED], side="right"))
        part = keys[low:high]
        base, bits = int(part.min()), (high - low).bit_length()
        if (int(part.max()) - base) >> (63 - bits):
            within = np.argsort(part, kind="stable")
            order[low:high], out[low:high] = within + low, part[within]
        else:
            packed = np.sort((part - base) << bits | np.arange(high - low))
            np.bitwise_and(packed, (1 << bits) - 1, out=order[low:high])
            order[low:high] += low
            np.right_shift(packed, bits, out=out[low:high])
            out[low:high] += base
        low = high
    return order, out


def find(keys: Longs, queries: Longs) -> Longs:
    """The index in `keys` (ascending) of each query, or -1."""
    if not len(keys):
        return np.full(len(queries), -1, np.int64)
    if len(queries) < _SORTING_PAYS:
        at = np.searchsorted(keys, queries)
        at[at == len(keys)] = 0
        return np.where(keys[at] == queries, at, -1)
    order, ascending = _sorted(queries, None)
    at = np.searchsorted(keys, ascending)
    at[at == len(keys)] = 0
    at[keys[at] != ascending] = -1
    out = np.empty(len(queries), np.int64)
    out[order] = at
    return out


_SORTING_PAYS = (
    1 << 12
)  # so many queries are looked up faster in order: neighbours share the processor's cache


def totals(index: Longs, weights: NDArray[np.generic] | None, size: int) -> Longs:
    """Sums of `weights` (of ones if None) by index, as whole numbers. (n,) -> (size,)."""
    return np.bincount(index, weights, minlength=size).astype(np.int64)

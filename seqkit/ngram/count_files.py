"""Counts of n-grams on disk, as SRILM's ngram-count writes them: the words, a tab, the count.

One n-gram a line, of all orders and in any order; packed files are read whatever their name, and
written packed where the name ends in ".gz". Files of pieces of a text add up.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import cast

import numpy as np

from ..data.aside import replacing
from ..errors import ConfigError, DataError
from .counts import Counts, Table, contexts_of
from .sorting import Longs, find, first_of_each, sort, totals
from .text import BOS, EOS, SPECIALS, blocks

_LINES = 1 << 16  # written at a time
_MOST_DIGITS = 15  # of a count


def write(counts: Counts, path: Path) -> None:
    """Write all n-grams that occur; raises `DataError` where the file cannot be written."""
    with replacing(path) as part, part.open("wb") as raw:
        if path.suffix != ".gz":
            _write(counts, raw)
            return
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
            _write(counts, cast(BufferedIOBase, packed))


def _write(counts: Counts, file: BufferedIOBase) -> None:
    unigrams = counts.tables[0].counts.copy()
    unigrams[BOS] = unigrams[EOS]  # as SRILM counts it: once a sentence
    texts: Sequence[bytes] = counts.words
    for k, table in enumerate(counts.tables, 1):
        if k > 1:
            suffixes, first = counts.parts(k)
            pairs = zip(first.tolist(), suffixes.tolist(), strict=True)
            texts = [counts.words[word] + b" " + texts[suffix] for word, suffix in pairs]

        numbers = unigrams if k == 1 else table.counts
        lines = (
            b"%b\t%d\n" % pair for pair in zip(texts, numbers.tolist(), strict=True) if pair[1]
        )
        while some := b"".join(islice(lines, _LINES)):
            file.write(some)


@dataclass
class _Read:
    """The n-grams of one order as they come."""

    ids: list[int] = field(default_factory=list)  # k for each, the first word first
    counts: list[int] = field(default_factory=list)


def read(paths: Iterable[Path], order: int) -> Counts:
    """The sum of the counts of files, up to an order.

    Raises `DataError` naming the line for one that is no count, and for counts that contradict each
    other; `ConfigError` where there are no n-grams of that order.
    """
    ids: defaultdict[bytes, int] = defaultdict()
    ids.update({word: i for i, word in enumerate(SPECIALS)})
    ids.default_factory = ids.__len__
    found: dict[int, _Read] = {k: _Read() for k in range(1, order + 1)}
    for path in paths:
        _read_file(path, found, ids)

    longest = max((k for k, each in found.items() if each.counts), default=0)
    if not longest:
        raise ConfigError("the files of counts hold no n-grams: name files of counts")
    if longest < order:
        raise ConfigError(f"the counts go up to {longest}-grams: ask for --order {longest}")

    words = list(ids)
    tables = [_unigrams(found[1], len(words))]
    for k in range(2, order + 1):
        tables.append(_table(k, found[k], tables, words))
    tokens = int(tables[0].counts.sum())
    return Counts(words, tables, tokens)


def _read_file(path: Path, found: dict[int, _Read], ids: defaultdict[bytes, int]) -> None:
    number = 0
    for block in blocks(path):
        for line in block.split(b"\n")[:-1]:
            number += 1
            *words, count = line.split() or [b""]
            if not words and not count:
                continue

            if not words or not count.isdigit() or len(count) > _MOST_DIGITS:
                shown = line.decode("utf-8", "replace")[:60]
                raise DataError(
                    f"{path}:{number}: not an n-gram, a tab and its count, a whole number: "
                    f"{shown!r}"
                )
            if len(words) not in found or not int(count):
                continue
            if SPECIALS[BOS] in words[1:]:
                raise DataError(f"{path}:{number}: <s> can only begin an n-gram")

            read = found[len(words)]
            read.ids.extend(map(ids.__getitem__, words))
            read.counts.append(int(count))


def _unigrams(read: _Read, size: int) -> Table:
    places = np.array(read.ids, np.int64)
    counts = totals(places, np.array(read.counts, np.float64), size)
    counts[BOS] = 0  # it is never predicted
    return Table(np.arange(size), counts, np.zeros(size, np.int64))


def _table(k: int, read: _Read, shorter: Sequence[Table], words: Sequence[bytes]) -> Table:
    """The k-grams in suffix order; raises `DataError` where they contradict the shorter ones."""
    size = len(words)
    rows = np.array(read.ids, np.int64).reshape(-1, k)
    keys = rows[:, -1]
    for j in range(2, k + 1):  # from the last word to the first
        keys = keys * size + rows[:, -j]
        if j < k:
            keys = find(shorter[j - 1].keys, keys)
            _check_there(keys >= 0, rows[:, -j:], words)

    order, ascending = sort(keys)
    first = np.flatnonzero(first_of_each(ascending))
    counts = np.add.reduceat(np.array(read.counts, np.int64)[order], first)
    keys = ascending[first]
    rows = rows[order[first]]

    contexts = contexts_of(keys, list(shorter), size)
    _check_there(contexts >= 0, rows[:, :-1], words)
    _check_sums(keys // size, counts, rows, shorter[-1], words)
    return Table(keys, counts, contexts)


def _check_there(is_there: np.ndarray, rows: Longs, words: Sequence[bytes]) -> None:
    """Raise `DataError` for the first of `rows` that has no count although a longer one has."""
    if not is_there.all():
        missing = _text(rows[int(np.argmin(is_there))], words)
        raise DataError(f"the counts contradict each other: {missing!r} is not among them")


def _check_sums(
    suffixes: Longs, counts: Longs, rows: Longs, shorter: Table, words: Sequence[bytes]
) -> None:
    """Raise `DataError` if an n-gram is counted less often than those that end in it together."""
    together = totals(suffixes, counts.astype(np.float64), len(shorter.keys))
    too_many = together > shorter.counts
    if too_many.any():
        i = int(np.argmax(too_many))
        shown = _text(rows[int(np.argmax(suffixes == i))][1:], words)
        if not shorter.counts[i]:
            raise DataError(
                f"the counts contradict each other: {shown!r} is not among them, but longer "
                "n-grams that end in it: give the counts of all orders (ngram-count -write FILE)"
            )
        raise DataError(
            f"the counts contradict each other: {shown!r} is counted {shorter.counts[i]:,} times, "
            f"the longer n-grams that end in it {together[i]:,} times"
        )


def _text(ids: Longs, words: Sequence[bytes]) -> str:
    return b" ".join(words[i] for i in ids.tolist()).decode("utf-8", "replace")

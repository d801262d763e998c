"""From the n-grams of an ARPA file, in any order, to the sorted tables of a model.

Letters: V words, n_k k-grams of one k.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np

from .arpa_parser import Section, error_at, quoted
from .model import Model
from .sorting import Longs, find, first_of_each
from .tables import Grams
from .text import UNK, Ids

Columns = list[Ids]  # k of (n_k,): the ids of words, the last word first


def assemble(path: Path, words: list[bytes], sections: list[Section]) -> Model:
    """The model of what was parsed; raises `DataError` for an n-gram that is there twice."""
    unigrams, *longer = sections
    columns = [section.columns for section in longer]
    unknown = "keep" if _has_unknown(columns) else "unk"
    metadata = {"smoothing": "arpa", "unk": unknown}

    size = len(words)
    tables = _keys(size, columns)
    has_holes = any(-1 in keys for keys in tables)
    if has_holes:
        columns = _with_missing_endings(columns)
        tables = _keys(size, columns)
        metadata["holes"] = "yes"

    ids = np.arange(size)
    of_words = Grams(ids, unigrams.scores, unigrams.backoffs)
    grams = [of_words]

    for section, keys, parts in zip(longer, tables, columns, strict=True):
        order = np.argsort(keys, kind="stable")
        ascending = keys[order]
        _check_distinct(path, section, words, parts, order, ascending)

        level = _sorted_grams(section, order, ascending)
        grams.append(level)

    return Model(words, grams, metadata=metadata)


def _has_unknown(columns: list[Columns]) -> bool:
    """Whether `<unk>` is part of an n-gram, so that it was a word of the training text."""
    every = chain.from_iterable(columns)
    return any(UNK in column for column in every)


def _keys(size: int, columns: list[Columns]) -> list[Longs]:
    """Keys of the k-grams for k = 2, 3, …, in the order of the file. (n_k,) each.

    -1 where the k-gram without its first word is missing.
    """
    tables: list[Longs] = []
    ascending: list[Longs] = []
    for last, *between, first in columns:
        endings = last.astype(np.int64)  # of the k-grams, one word longer each time
        for shorter, column in zip(ascending, between, strict=True):
            keys = _extended(endings, column, size)
            endings = find(shorter, keys)

        keys = _extended(endings, first, size)
        tables.append(keys)

        in_order = np.sort(keys)
        ascending.append(in_order)
    return tables


def _extended(endings: Longs, words: Ids, size: int) -> Longs:
    """Keys of n-grams: the index of what each ends in, and the word before; -1 stays. (n,)"""
    keys = endings * size + words
    is_known = endings >= 0
    return np.where(is_known, keys, -1)


def _with_missing_endings(columns: list[Columns]) -> list[Columns]:
    """The n-grams and, at the end of each order, those that longer ones end in but that lack."""
    tables = [np.stack(parts, axis=1) for parts in columns]  # (n_k, k)
    for i in range(len(tables) - 1, 0, -1):
        longer = tables[i]
        shorter = tables[i - 1]
        all_endings = longer[:, :-1]
        endings = np.unique(all_endings, axis=0)
        present = {row.tobytes() for row in shorter}
        is_missing = [row.tobytes() not in present for row in endings]
        missing = endings[is_missing]
        tables[i - 1] = np.concatenate([shorter, missing])

    by_column = [np.ascontiguousarray(table.T) for table in tables]
    return [list(table) for table in by_column]


def _check_distinct(
    path: Path, section: Section, words: list[bytes], columns: Columns, order: Longs, keys: Longs
) -> None:
    """Raise `DataError` if one of `keys`, which are ascending, is there twice."""
    is_new = first_of_each(keys)
    if is_new.all():
        return

    repeated = np.argmin(is_new)
    place = int(order[repeated])
    ids = [int(column[place]) for column in reversed(columns)]
    shown = " ".join(quoted(words[i]) for i in ids)

    line = section.places[place]
    problem = f"the {len(ids)}-gram {shown} is here for the second time"
    raise error_at(path, line, problem)


def _sorted_grams(section: Section, order: Longs, keys: Longs) -> Grams:
    """The numbers of a section in suffix order, with NaN and 0 for the blanks at its end."""
    blanks = len(keys) - len(section.scores)
    no_scores = np.full(blanks, np.nan, np.float32)
    no_backoffs = np.zeros(blanks, np.float32)

    scores = np.concatenate([section.scores, no_scores])
    backoffs = np.concatenate([section.backoffs, no_backoffs])
    return Grams(keys, scores[order], backoffs[order])

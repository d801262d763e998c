"""From the n-grams of an ARPA file, in any order, to the sorted tables of a model.

Letters: V words, n_k k-grams of one k.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .arpa_parser import Section, error_at, quoted
from .model import Model
from .sorting import Longs, find
from .tables import Grams
from .text import UNK, Ids

Columns = list[Ids]  # k of (n_k,): the ids of words, the last word first


def assemble(path: Path, words: list[bytes], sections: list[Section]) -> Model:
    """The model of what was parsed; raises `DataError` for an n-gram that is there twice."""
    columns = [section.columns for section in sections[1:]]
    metadata = {"smoothing": "arpa", "unk": "keep" if _has_unknown(columns) else "unk"}

    tables = _keys(len(words), columns)
    if any((keys < 0).any() for keys in tables):
        columns = _with_missing_endings(columns)
        tables = _keys(len(words), columns)
        metadata["holes"] = "yes"

    unigrams = sections[0]
    grams = [Grams(np.arange(len(words)), unigrams.scores, unigrams.backoffs)]
    for section, keys, parts in zip(sections[1:], tables, columns, strict=True):
        order = np.argsort(keys, kind="stable")
        ascending = keys[order]
        _check_distinct(path, section, words, parts, order, ascending)
        grams.append(_sorted_grams(section, order, ascending))
    return Model(words, grams, metadata=metadata)


def _has_unknown(columns: list[Columns]) -> bool:
    """Whether `<unk>` is part of an n-gram, so that it was a word of the training text."""
    return any((column == UNK).any() for parts in columns for column in parts)


def _keys(size: int, columns: list[Columns]) -> list[Longs]:
    """Keys of the k-grams for k = 2, 3, …, in the order of the file. (n_k,) each.

    -1 where the k-gram without its first word is missing.
    """
    tables: list[Longs] = []
    ascending: list[Longs] = []
    for last, *between, first in columns:
        index = last.astype(np.int64)  # of what the k-gram ends in, one word longer each time
        for shorter, column in zip(ascending, between, strict=True):
            index = np.where(index >= 0, find(shorter, index * size + column), -1)
        keys = np.where(index >= 0, index * size + first, -1)
        tables.append(keys)
        ascending.append(np.sort(keys))
    return tables


def _with_missing_endings(columns: list[Columns]) -> list[Columns]:
    """The n-grams and, at the end of each order, those that longer ones end in but that lack."""
    rows = [np.stack(parts, axis=1) for parts in columns]  # (n_k, k)
    for i in range(len(rows) - 1, 0, -1):
        present = {row.tobytes() for row in rows[i - 1]}
        endings = np.unique(rows[i][:, :-1], axis=0)
        missing = [row for row in endings if row.tobytes() not in present]
        if missing:
            rows[i - 1] = np.concatenate([rows[i - 1], np.stack(missing)])
    return [list(np.ascontiguousarray(table.T)) for table in rows]


def _check_distinct(
    path: Path, section: Section, words: list[bytes], columns: Columns, order: Longs, keys: Longs
) -> None:
    """Raise `DataError` if one of `keys`, which are ascending, is there twice."""
    same = np.flatnonzero(keys[1:] == keys[:-1])
    if not len(same):
        return
    second = int(order[same[0] + 1])
    gram = " ".join(quoted(words[column[second]]) for column in reversed(columns))
    problem = f"the {len(columns)}-gram {gram} is here for the second time"
    raise error_at(path, section.start + second, problem)


def _sorted_grams(section: Section, order: Longs, keys: Longs) -> Grams:
    """The numbers of a section in suffix order, with NaN and 0 for the blanks at its end."""
    blanks = len(keys) - len(section.scores)
    scores = np.concatenate([section.scores, np.full(blanks, np.nan, np.float32)])
    backoffs = np.concatenate([section.backoffs, np.zeros(blanks, np.float32)])
    return Grams(keys, scores[order], backoffs[order])

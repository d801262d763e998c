"""How often n-grams occur, and Zipf's law."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..drawing.canvas import figure, save
from ..errors import DataError
from .counts import Counts, Longs
from .text import BOS, EOS, UNK


def frequencies(counts: Counts) -> list[tuple[Longs, Longs]]:
    """For k = 1, 2, …: the counts of k-grams within sentences, highest first, and the index of each."""
    size, found = len(counts.words), []
    inside = np.ones(size, np.bool_)
    inside[[UNK, BOS, EOS]] = False
    words = inside.copy()
    for k, table in enumerate(counts.tables, 1):
        if k > 1:
            suffixes, first = np.divmod(table.keys, size)
            inside = inside[suffixes] & words[first]
        index = np.flatnonzero(inside & (table.counts > 0))
        index = index[np.argsort(-table.counts[index], kind="stable")]
        found.append((table.counts[index], index))
    return found


def zipf_exponent(counts: Longs) -> float:
    """S of count ∝ rank^-s, fitted by least squares to the logarithms. `counts` are in falling order."""
    if len(counts) < 2:
        return 0.0
    ranks = np.log(np.arange(1, len(counts) + 1))
    slope = np.polynomial.Polynomial.fit(ranks, np.log(counts), 1).convert().coef
    return float(-slope[1]) if len(slope) > 1 else 0.0


def text_of(counts: Counts, k: int, index: int) -> str:
    """The words of a k-gram."""
    words = []
    for level in range(k, 1, -1):
        index, first = divmod(int(counts.tables[level - 1].keys[index]), len(counts.words))
        words.append(counts.words[first].decode())
    return " ".join([*words, counts.words[index].decode()])


def summary(counts: Counts, tables: list[tuple[Longs, Longs]], top: int) -> dict[str, Any]:
    """Plain data: tokens without line ends, and for each order types, singletons, Zipf's exponent, the commonest."""
    ends = int(counts.tables[0].counts[EOS])
    if counts.tokens == ends:
        raise DataError("the text holds no words")
    orders = [
        {
            "order": k,
            "types": len(found),
            "once": int((found == 1).sum()),
            "zipf_exponent": zipf_exponent(found),
            "commonest": [
                [text_of(counts, k, i), int(n)]
                for n, i in zip(found[:top], index[:top], strict=True)
            ],
        }
        for k, (found, index) in enumerate(tables, 1)
    ]
    return {"sentences": ends, "tokens": counts.tokens - ends, "orders": orders}


def draw(tables: list[tuple[Longs, Longs]], path: Path) -> None:
    """Count against rank for every order, both axes logarithmic."""
    picture, axes = figure()
    for k, (found, _) in enumerate(tables, 1):
        axes.loglog(
            np.arange(1, len(found) + 1), found, label=f"{k}-grams, s = {zipf_exponent(found):.2f}"
        )
    axes.set(xlabel="rank", ylabel="count", title="n-grams by how often they occur")
    axes.legend()
    save(picture, path)

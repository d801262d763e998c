"""How often n-grams occur, and Zipf's law."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..drawing.canvas import figure, save
from ..errors import DataError
from .counts import Counts
from .sorting import Longs
from .text import BOS, EOS, UNK


class Ranked(NamedTuple):
    """The k-grams of one k that lie within sentences, the commonest first."""

    counts: Longs  # (n,)
    places: Longs  # (n,): the index of each in its table of the counts


def frequencies(counts: Counts) -> list[Ranked]:
    """For k = 1, 2, …: the k-grams without `<unk>`, `<s>` and `</s>`, ranked by their counts."""
    is_word = np.ones(len(counts.words), np.bool_)
    is_word[[UNK, BOS, EOS]] = False

    ranked = []
    inside = is_word
    for k, table in enumerate(counts.tables, 1):
        if k > 1:
            suffixes, first = counts.parts(k)
            inside = inside[suffixes] & is_word[first]

        places = np.flatnonzero(inside)
        falling = np.argsort(-table.counts[places], kind="stable")
        places = places[falling]
        ranked.append(Ranked(table.counts[places], places))
    return ranked


def zipf_exponent(counts: Longs) -> float:
    """The s of count ∝ rank^-s, fitted by least squares to the logarithms.

    `counts` are in falling order; 0 for fewer than two.
    """
    if len(counts) < 2:
        return 0.0
    ranks = np.arange(1, len(counts) + 1)
    line = np.polynomial.Polynomial.fit(np.log(ranks), np.log(counts), 1)
    coefficients = line.convert().coef
    if len(coefficients) < 2:
        return 0.0  # the fit leaves out a slope of 0
    return float(-coefficients[1])


def text_of(counts: Counts, k: int, index: int) -> str:
    """The words of a k-gram."""
    words = []
    for table in reversed(counts.tables[1:k]):
        key = int(table.keys[index])
        index, first = divmod(key, len(counts.words))
        words.append(counts.words[first])
    words.append(counts.words[index])
    return b" ".join(words).decode()


def summary(counts: Counts, ranked: list[Ranked], top: int) -> dict[str, Any]:
    """Plain data: tokens without line ends, and for each order the figures of its n-grams.

    These are the distinct ones, those that occur once, Zipf's exponent, and the `top` commonest.
    Raises `DataError` for a text without words.
    """
    ends = int(counts.tables[0].counts[EOS])
    tokens = counts.tokens - ends
    if not tokens:
        raise DataError("the text holds no words")

    orders = []
    for k, level in enumerate(ranked, 1):
        orders.append(_order_summary(counts, k, level, top))
    return {"sentences": ends, "tokens": tokens, "orders": orders}


def _order_summary(counts: Counts, k: int, ranked: Ranked, top: int) -> dict[str, Any]:
    places = ranked.places[:top].tolist()
    numbers = ranked.counts[:top].tolist()
    texts = [text_of(counts, k, place) for place in places]
    commonest = [list(pair) for pair in zip(texts, numbers, strict=True)]

    return {
        "order": k,
        "types": len(ranked.counts),
        "once": int(np.count_nonzero(ranked.counts == 1)),
        "zipf_exponent": zipf_exponent(ranked.counts),
        "commonest": commonest,
    }


def draw(ranked: list[Ranked], path: Path) -> None:
    """Count against rank for every order, both axes logarithmic."""
    picture, axes = figure()
    for k, (counts, _) in enumerate(ranked, 1):
        ranks = np.arange(1, len(counts) + 1)
        exponent = zipf_exponent(counts)
        axes.loglog(ranks, counts, label=f"{k}-grams, s = {exponent:.2f}")
    axes.set(xlabel="rank", ylabel="count", title="n-grams by how often they occur")
    axes.legend()
    save(picture, path)

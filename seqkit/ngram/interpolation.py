"""Interpolated smoothings: every count loses something, which goes to the shorter history.

Computed in float32, step by step as in KenLM's lmplz. Letters: see `estimates`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .counts import Counts
from .estimates import Discounts, Estimate, Followers, Options, Selection, frequencies
from .sorting import Longs, totals
from .storage import for_each, release, stretches
from .tables import Floats
from .text import BOS, UNK

_HISTORIES = 1 << 20  # smoothed at a time
_NO_DISCOUNTS = (0.0, 0.0, 0.0)


def modified_kneser_ney(counts: Counts, options: Options) -> Estimate:
    """Interpolated modified Kneser-Ney, as lmplz.

    Chen & Goodman 1998, section 3; Heafield et al. 2013, section 3.
    """
    notes: list[str] = []
    adjusted = adjusted_counts(counts)
    discounts = []
    for k, table in enumerate(adjusted, 1):
        found, problem = _three_discounts(table)
        if problem:
            found = options.discounts
            shown = " ".join(f"{discount:g}" for discount in found)
            notes.append(
                f"order {k}: {problem}: discounts {shown} are used instead of those of the data"
            )
        discounts.append(found)

    return _by_discounts(counts, adjusted, discounts, options, notes)


def kneser_ney(counts: Counts, options: Options) -> Estimate:
    """Interpolated Kneser-Ney with one discount for each order.

    Kneser & Ney 1995; Chen & Goodman 1998, section 4.1.6.
    """
    notes: list[str] = []
    adjusted = adjusted_counts(counts)
    discounts = _one_discount(adjusted, notes)
    return _by_discounts(counts, adjusted, discounts, options, notes)


def absolute_discounting(counts: Counts, options: Options) -> Estimate:
    """Interpolated absolute discounting.

    Ney, Essen & Kneser 1994; Chen & Goodman 1998, section 2.6.
    """
    notes: list[str] = []
    raw = [table.counts for table in counts.tables]
    return _by_discounts(counts, raw, _one_discount(raw, notes), options, notes)


def witten_bell(counts: Counts, options: Options) -> Estimate:
    """Interpolated Witten-Bell.

    Witten & Bell 1991, method C; Chen & Goodman 1998, section 2.5.
    """
    raw = [table.counts for table in counts.tables]
    return _interpolate(counts, raw, _witten_bell_shares, options, [])


class Shares(NamedTuple):
    """How the probability after each history is divided."""

    own: Floats  # (n_k,): what each k-gram keeps
    rest: Floats  # (H,): what is left to the shorter history


def _witten_bell_shares(level: Followers) -> Shares:
    seen = (level.counts > 0) & level.kept
    kinds = level.totals(seen).astype(np.float32)
    total = level.totals(level.counts).astype(np.float32) + kinds
    counts = level.counts.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = counts / total[level.histories]
        rest = (kinds + _pruned(level)) / total
    return Shares(own, rest)


def _discounted_shares(level: Followers, discounts: Discounts) -> Shares:
    taken = np.array([0.0, *discounts], np.float32)  # by class
    classes = np.minimum(level.counts, 3)
    total = level.totals(level.counts).astype(np.float32)

    n = _kept_of_each_class(level, classes)
    lost = taken[1] * n[1]
    lost += taken[2] * n[2]
    lost += taken[3] * n[3]
    lost += _pruned(level)

    kept = level.counts.astype(np.float32) - taken[classes]
    with np.errstate(invalid="ignore", divide="ignore"):
        own = kept / total[level.histories]
        rest = lost / total
    return Shares(own, rest)


def _kept_of_each_class(level: Followers, classes: Longs) -> Floats:
    """How many followers of class 0 … 3 each history has in the model. (n_k,) -> (4, H)"""
    class_of_kept = np.where(level.kept, classes, 0)
    cells = level.histories * 4 + class_of_kept
    sizes = np.bincount(cells, minlength=4 * level.size)
    return sizes.reshape(level.size, 4).T.astype(np.float32)


def _pruned(level: Followers) -> Floats:
    """The counts of followers that are not in the model, by history. (H,)"""
    pruned = np.where(level.kept, 0, level.counts)
    return level.totals(pruned).astype(np.float32)


def _by_discounts(
    counts: Counts,
    given: list[Longs],
    discounts: Sequence[Discounts],
    options: Options,
    notes: list[str],
) -> Estimate:
    def shares(level: Followers) -> Shares:
        own_discounts = discounts[level.k - 1]
        return _discounted_shares(level, own_discounts)

    return _interpolate(counts, given, shares, options, notes)


def _interpolate(
    counts: Counts,
    given: list[Longs],
    shares: Callable[[Followers], Shares],
    options: Options,
    notes: list[str],
) -> Estimate:
    """p(w|h) = own share + rest of h · p(w|shorter h), down to the uniform distribution.

    `given` are the counts, or adjusted counts, for each k.
    """
    selection = Selection.of(counts, options)
    own, rest = shares(selection.followers(1, given[0]))
    uniform = options.interpolate_unigrams
    unigrams = _unigrams(own, rest[0], selection.vocabulary_size, uniform=uniform)

    probabilities = [unigrams]
    backoffs: list[Floats] = []
    for k in range(2, counts.order + 1):
        mixed, weights = _longer(k, selection, given[k - 1], shares, probabilities[-1])
        probabilities.append(mixed)
        backoffs.append(weights)

    at_the_top = counts.storage.full(counts.sizes[-1], 1, np.float32)
    backoffs.append(at_the_top)
    return selection.estimate(probabilities, backoffs, notes)


def _longer(
    k: int,
    selection: Selection,
    given: Longs,
    shares: Callable[[Followers], Shares],
    shorter: Floats,
) -> tuple[Floats, Floats]:
    """Probabilities of the k-grams (n_k,), k > 1, and the backoffs of their histories (H,).

    `shorter` are the probabilities of the (k-1)-grams. Goes through ranges of histories, so that
    what is computed for each of them is never in memory for all.
    """
    counts = selection.counts
    table = counts.tables[k - 1]
    every = selection.histories(k)
    mixed: Floats = counts.storage.empty(len(table.keys), np.float32)
    weights: Floats = counts.storage.empty(len(every), np.float32)

    def smooth(histories: range) -> None:
        level = selection.followers(k, given, histories)
        own, rest = shares(level)
        followed = level.totals(level.kept) > 0
        weights[histories.start : histories.stop] = np.where(followed, rest, np.float32(1))

        suffixes, _ = counts.parts(k, level.places)
        release(table.keys)
        below = shorter[suffixes]
        release(shorter)
        mixed[level.places] = own + rest[level.histories] * below
        release(mixed, weights)

    ranges = [every[start : start + _HISTORIES] for start in every[::_HISTORIES]]
    for_each(smooth, ranges)
    return mixed, weights


def _unigrams(own: Floats, rest: np.float32, size: int, *, uniform: bool) -> Floats:
    """Probabilities of words without a history; the rest goes to all of them, or to `<unk>`."""
    probabilities = own.copy()
    if uniform:
        probabilities += rest / np.float32(size)
    else:
        probabilities[UNK] += rest
    probabilities[BOS] = 1
    return probabilities


def adjusted_counts(counts: Counts) -> list[Longs]:
    """How many distinct words come before each k-gram. (n_k,) for each k

    k-grams of the highest order, and those that begin with `<s>`, keep their plain counts.
    """
    adjusted = []
    for k in range(1, counts.order):
        table = counts.tables[k - 1]
        words_before = _words_before(counts, k)
        for stretch in stretches(len(table.keys), table.keys, table.counts, words_before):
            _, first = counts.parts(k, stretch)
            plain = first == BOS
            words_before[stretch][plain] = table.counts[stretch][plain]
        adjusted.append(words_before)

    adjusted.append(counts.tables[-1].counts)
    adjusted[0][BOS] = 0
    return adjusted


def _words_before(counts: Counts, k: int) -> Longs:
    """How many distinct words come before each k-gram, k < N. (n_k,)"""
    found: Longs = counts.storage.full(counts.sizes[k - 1], 0, np.int64)
    longer = counts.tables[k].keys
    for stretch in stretches(len(longer), longer, found):
        suffixes, _ = counts.parts(k + 1, stretch)
        low, high = suffixes[0], suffixes[-1] + 1
        found[low:high] += totals(suffixes - low, None, high - low)
    return found


def _three_discounts(counts: Longs) -> tuple[Discounts, str]:
    """D1, D2, D3+ in float32, as lmplz has them, or what is wrong with the counts.

    Chen & Goodman 1998, section 3.
    """
    n = frequencies(counts, 4)
    for i in (1, 2, 3):
        if not n[i]:
            return _NO_DISCOUNTS, f"no n-gram has the count {i}"

    f = np.float32
    tokens = n[1] + 2.0 * n[2]  # of the n-grams with the counts 1 and 2
    y = f(n[1]) / f(tokens)
    found = []
    for j in (1, 2, 3):
        expected = f(j + 1) * y * f(n[j + 1])
        discount = float(f(j) - expected / f(n[j]))
        if not 0 <= discount <= j:
            return _NO_DISCOUNTS, f"the discount of count {j} would be {discount:.3g}"
        found.append(discount)
    d1, d2, d3 = found
    return (d1, d2, d3), ""


def _one_discount(counts: Iterable[Longs], notes: list[str]) -> list[Discounts]:
    """n1 / (n1 + 2 n2) for each order. Ney, Essen & Kneser 1994."""
    discounts = []
    for k, table in enumerate(counts, 1):
        n = frequencies(table, 2)
        if n[1]:
            tokens = n[1] + 2 * n[2]
            discount = n[1] / tokens
        else:
            discount = 0.5
            notes.append(f"order {k}: no n-gram has the count 1: the discount 0.5 is used")
        discounts.append((discount, discount, discount))
    return discounts

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
from .tables import Floats
from .text import BOS, UNK


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
    kinds = level.totals((level.counts > 0) & level.kept).astype(np.float32)
    pruned = level.totals(np.where(level.kept, 0, level.counts)).astype(np.float32)
    total = level.totals(level.counts).astype(np.float32) + kinds
    with np.errstate(invalid="ignore", divide="ignore"):
        own = level.counts.astype(np.float32) / total[level.histories]
        rest = (kinds + pruned) / total
    return Shares(own, rest)


def _discounted_shares(level: Followers, discounts: Discounts) -> Shares:
    taken = np.array([0.0, *discounts], np.float32)
    classes = np.minimum(level.counts, 3)  # each has a discount of its own
    class_of_kept = np.where(level.kept, classes, 0)
    by_class = np.bincount(level.histories * 4 + class_of_kept, minlength=4 * level.size)
    n = by_class.reshape(level.size, 4).astype(np.float32)  # (H, 4)

    pruned = level.totals(np.where(level.kept, 0, level.counts)).astype(np.float32)
    total = level.totals(level.counts).astype(np.float32)
    lost = taken[1] * n[:, 1] + taken[2] * n[:, 2] + taken[3] * n[:, 3] + pruned
    with np.errstate(invalid="ignore", divide="ignore"):
        own = (level.counts.astype(np.float32) - taken[classes]) / total[level.histories]
        rest = lost / total
    return Shares(own, rest)


def _by_discounts(
    counts: Counts,
    given: list[Longs],
    discounts: Sequence[Discounts],
    options: Options,
    notes: list[str],
) -> Estimate:
    def shares(level: Followers) -> Shares:
        return _discounted_shares(level, discounts[level.k - 1])

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
    probabilities: list[Floats] = []
    backoffs: list[Floats] = []
    for k, (table, given_counts) in enumerate(zip(counts.tables, given, strict=True), 1):
        level = selection.followers(k, given_counts)
        own, rest = shares(level)
        if k == 1:
            uniform = options.interpolate_unigrams
            mixed = _unigrams(own, rest[0], selection.vocabulary_size, uniform=uniform)
        else:
            followed = level.totals(level.kept) > 0
            backoffs.append(np.where(followed, rest, 1).astype(np.float32))
            suffixes = table.keys // len(counts.words)
            mixed = own + rest[table.contexts] * probabilities[-1][suffixes]
        probabilities.append(mixed.astype(np.float32))

    backoffs.append(np.ones(len(probabilities[-1]), np.float32))
    return selection.estimate(probabilities, backoffs, notes)


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
    size = len(counts.words)
    adjusted = []
    for table, longer in zip(counts.tables, counts.tables[1:], strict=False):
        left = totals(longer.keys // size, None, len(table.keys))
        from_start = table.keys % size == BOS
        adjusted.append(np.where(from_start, table.counts, left))
    adjusted.append(counts.tables[-1].counts.copy())
    adjusted[0][BOS] = 0
    return adjusted


def _three_discounts(counts: Longs) -> tuple[Discounts, str]:
    """D1, D2, D3+ in float32, as lmplz has them, or what is wrong with the counts.

    Chen & Goodman 1998, section 3.
    """
    n = frequencies(counts, 4)
    for i in (1, 2, 3):
        if not n[i]:
            return (0.0, 0.0, 0.0), f"no n-gram has the count {i}"

    f = np.float32
    y = f(n[1]) / f(n[1] + 2.0 * n[2])
    found = [f(j) - f(j + 1) * y * f(n[j + 1]) / f(n[j]) for j in (1, 2, 3)]
    for j, discount in enumerate(found, 1):
        if not 0 <= discount <= j:
            return (0.0, 0.0, 0.0), f"the discount of count {j} would be {discount:.3g}"
    return (float(found[0]), float(found[1]), float(found[2])), ""


def _one_discount(counts: Iterable[Longs], notes: list[str]) -> list[Discounts]:
    """n1 / (n1 + 2 n2) for each order. Ney, Essen & Kneser 1994."""
    discounts = []
    for k, table in enumerate(counts, 1):
        n = frequencies(table, 2)
        if n[1]:
            discount = n[1] / (n[1] + 2 * n[2])
        else:
            discount = 0.5
            notes.append(f"order {k}: no n-gram has the count 1: the discount 0.5 is used")
        discounts.append((discount, discount, discount))
    return discounts

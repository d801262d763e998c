"""Smoothings that fall back on a shorter history only where nothing was seen after the longer one.

Letters: see `estimates`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .counts import Counts
from .estimates import Estimate, Followers, Options, Selection, frequencies
from .sorting import Longs, totals
from .tables import Floats
from .text import UNK

_RARE = 5  # the highest count that Katz's smoothing discounts
_NOTHING = 1e-9  # less probability than this is rounding


def maximum_likelihood(counts: Counts, options: Options) -> Estimate:
    """Relative frequencies: words unseen after a known history have probability 0."""
    selection = Selection.of(counts, options)
    probabilities: list[Floats] = []
    backoffs: list[Floats] = []
    for k, table in enumerate(counts.tables, 1):
        followers = selection.followers(k)
        total = followers.totals(table.counts)
        shares = table.counts / total[table.contexts]
        probabilities.append(shares.astype(np.float32))

        weights = np.ones(len(table.keys), np.float32)
        if k < counts.order:
            followed = counts.tables[k].contexts
            weights[followed] = 0  # nothing is left to shorter histories
        backoffs.append(weights)
    return selection.estimate(probabilities, backoffs)


def add_k(counts: Counts, options: Options) -> Estimate:
    """(c(hw) + k) / (c(h) + k V); Laplace's rule for k = 1. Chen & Goodman 1998, section 2.1.

    The backoff of a history is the probability of each word that never followed it.
    """
    selection = Selection.of(counts, options)
    totals_of = _history_counts(counts)
    added = options.k * selection.vocabulary_size
    probabilities: list[Floats] = []
    backoffs: list[Floats] = []
    for k, table in enumerate(counts.tables, 1):
        before = totals_of[k - 1][table.contexts]
        seen = (table.counts + options.k) / (before + added)
        unseen = options.k / (totals_of[k] + added)
        probabilities.append(seen.astype(np.float32))
        backoffs.append(unseen.astype(np.float32))

    return selection.estimate(probabilities, backoffs)


def stupid_backoff(counts: Counts, options: Options) -> Estimate:
    """Relative frequencies, times 0.4 for each word by which the history is cut.

    Not a probability distribution. Brants et al. 2007.
    """
    selection = Selection.of(counts, options)
    totals_of = _history_counts(counts)
    probabilities: list[Floats] = []
    for k, table in enumerate(counts.tables, 1):
        given = table.counts.copy()
        if k == 1:
            given[UNK] = given[UNK] or 1  # so that no word has the score 0

        total = totals_of[k - 1][table.contexts]
        shares = given / total
        probabilities.append(shares.astype(np.float32))

    backoffs = [np.ones_like(shares) for shares in probabilities]
    note = "stupid backoff gives scores, not probabilities: its perplexity compares with no other"
    return selection.estimate(probabilities, backoffs, [note])


def katz(counts: Counts, options: Options) -> Estimate:
    """Backoff with Good-Turing discounts for counts up to 5.

    Unigrams give their discounted mass to `<unk>`. Every count loses 0.5 in an order whose
    Good-Turing discounts are out of range, and after a history whose followers are all too frequent
    to be discounted. Katz 1987; Chen & Goodman 1998, section 2.3.
    """
    selection = Selection.of(counts, options)
    notes: list[str] = []
    probabilities: list[Floats] = []
    backoffs: list[Floats] = []
    lower: NDArray[np.float64] = np.empty(0)  # shares of the (k-1)-grams
    for k, table in enumerate(counts.tables, 1):
        ratios = _good_turing(table.counts)
        if ratios is None:
            notes.append(
                f"order {k}: the counts give no Good-Turing discounts: 0.5 is taken from each count"
            )

        level = selection.followers(k)
        shares = _katz_shares(level, ratios)
        if k == 1:
            left = 1 - shares.sum() + shares[UNK]
            shares[UNK] = max(left, 1e-10)
        else:
            suffixes, _ = counts.parts(k)
            backoffs.append(_katz_backoffs(level, shares, lower[suffixes]))
        probabilities.append(shares.astype(np.float32))
        lower = shares

    backoffs.append(np.ones(len(lower), np.float32))
    return selection.estimate(probabilities, backoffs, notes)


def _katz_shares(level: Followers, ratios: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Discounted relative frequencies; `ratios` by count. (n_k,)"""
    less_half = np.maximum(level.counts - 0.5, 0)
    if ratios is None:
        discounted = less_half
    else:
        classes = np.minimum(level.counts, _RARE + 1)
        discounted = level.counts * ratios[classes]

    total = np.maximum(level.mass(level.counts), 1)
    if level.k > 1:
        kept = np.where(level.kept, discounted, 0)
        left = total - level.mass(kept)
        exhausted = left < _NOTHING  # histories whose followers are all frequent
        discounted = np.where(exhausted[level.histories], less_half, discounted)

    shares = discounted / total[level.histories]
    return np.where(level.kept, shares, 0)


def _katz_backoffs(
    level: Followers, shares: NDArray[np.float64], lower: NDArray[np.float64]
) -> Floats:
    """The weight of shorter histories after each history. (n_k,), (n_k,) -> (H,)

    `lower` are the shares of the k-grams without their first word.
    """
    left = 1 - level.mass(shares)
    seen_below = np.where(level.kept, lower, 0)
    left_below = 1 - level.mass(seen_below)

    weights = np.ones(level.size, np.float32)
    some_left = (left_below > _NOTHING) & (left > _NOTHING)
    weights[some_left] = left[some_left] / left_below[some_left]
    return weights


def _good_turing(counts: Longs) -> NDArray[np.float64] | None:
    """Factors for the counts 0 … 6, those of 6 and more being 1; None if one is out of range.

    Katz 1987, equation 13 and after.
    """
    n = frequencies(counts, _RARE + 1)
    if not all(n[1:]):
        return None

    frequent = _RARE + 1
    common = frequent * n[frequent] / n[1]
    if common == 1:
        return None

    ratios = [1.0]
    for r in range(1, frequent):
        adjusted = (r + 1) * n[r + 1] / n[r]
        ratio = (adjusted / r - common) / (1 - common)
        if not 0 < ratio <= 1:
            return None
        ratios.append(ratio)

    ratios.append(1.0)
    return np.array(ratios)


def _history_counts(counts: Counts) -> list[Longs]:
    """c(h) for the histories of 0, 1, … words."""
    histories = [1, *counts.sizes]  # how many there are of each length
    found = []
    for table, size in zip(counts.tables, histories, strict=False):
        of_length = totals(table.contexts, table.counts, size)
        found.append(of_length)

    of_longest = np.zeros(histories[-1], np.int64)  # nothing follows them
    found.append(of_longest)
    return found

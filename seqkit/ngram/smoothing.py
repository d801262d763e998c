"""From counts to probabilities: every smoothing that is taught or used, over the same tables.

Letters: h a history, w a word, c(hw) a count, N1+(h·) the number of distinct words after h, V the vocabulary with
`<unk>` and `</s>` but without `<s>`, which is never predicted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError, hint
from .counts import Counts, Longs, Table, totals
from .text import BOS, EOS, UNK

Floats = NDArray[np.float32]
Kind = Literal["backoff", "add-k", "stupid"]
Discounts = tuple[float, float, float]
_RARE = 5  # the highest count that Katz's smoothing discounts


@dataclass(frozen=True)
class Options:
    """What can be chosen; see `train`."""

    prune: tuple[int, ...] = ()
    vocabulary: frozenset[bytes] | None = None
    interpolate_unigrams: bool = True
    vocabulary_size: int = 0
    discounts: Discounts = (0.5, 1.0, 1.5)
    k: float = 1.0


@dataclass
class Level:
    """k-grams with their probability and, as a history, the weight of what is shorter. Neither is a logarithm yet."""

    keys: Longs  # (n_k,), ascending: index of the last k-1 words in the level before, times V, plus the first word
    probabilities: Floats  # (n_k,)
    backoffs: Floats  # (n_k,)


@dataclass
class Estimate:
    words: list[bytes]
    levels: list[Level]
    notes: list[str] = field(default_factory=list)  # what a person should know, one line each


@dataclass
class _Kept:
    """The tables, and what of them stays in the model."""

    counts: Counts
    masks: list[NDArray[np.bool_]]
    size: int  # |V|

    @classmethod
    def of(cls, counts: Counts, options: Options) -> _Kept:
        thresholds = (
            list(options.prune) + [options.prune[-1] if options.prune else 0] * counts.order
        )
        listed = np.ones(len(counts.words), np.bool_)
        if options.vocabulary is not None:
            listed = np.array([word in options.vocabulary for word in counts.words])
            listed[[UNK, BOS, EOS]] = True
        masks: list[NDArray[np.bool_]] = []
        for table, threshold in zip(counts.tables, thresholds, strict=False):
            kept = table.counts > threshold if threshold else np.ones(len(table.keys), np.bool_)
            if masks:
                suffixes, first = np.divmod(table.keys, len(counts.words))
                kept &= listed[first] & masks[-1][suffixes]
            else:
                kept[[UNK, BOS, EOS]] = True
                kept &= listed
            masks.append(kept)
        return cls(counts, masks, max(int(masks[0].sum()) - 1, options.vocabulary_size))

    def levels(self, estimated: Sequence[tuple[Floats, Floats]]) -> tuple[list[bytes], list[Level]]:
        """What stays, with new indexes."""
        words = [word for word, kept in zip(self.counts.words, self.masks[0], strict=True) if kept]
        levels: list[Level] = []
        indexes: list[Longs] = []
        for table, mask, (probabilities, backoffs) in zip(
            self.counts.tables, self.masks, estimated, strict=True
        ):
            keys = table.keys[mask]
            if levels:
                suffixes, first = np.divmod(keys, len(self.counts.words))
                keys = indexes[-1][suffixes] * len(words) + indexes[0][first]
            else:
                keys = np.arange(len(words))
            indexes.append(np.cumsum(mask) - 1)
            levels.append(Level(keys, probabilities[mask], backoffs[mask]))
        return words, levels


def modified_kneser_ney(counts: Counts, options: Options) -> Estimate:
    """Interpolated modified Kneser-Ney, as lmplz. Chen & Goodman 1998, section 3; Heafield et al. 2013, section 3."""
    notes: list[str] = []
    adjusted = adjusted_counts(counts)
    discounts = []
    for k, table in enumerate(adjusted, 1):
        found, problem = _three_discounts(table)
        if problem:
            found = options.discounts
            shown = " ".join(f"{d:g}" for d in found)
            notes.append(
                f"order {k}: {problem}: discounts {shown} are used instead of those of the data"
            )
        discounts.append(found)
    return _interpolated(counts, adjusted, discounts, options, notes)


def kneser_ney(counts: Counts, options: Options) -> Estimate:
    """Interpolated Kneser-Ney with one discount an order. Kneser & Ney 1995; Chen & Goodman 1998, section 4.1.6."""
    notes: list[str] = []
    adjusted = adjusted_counts(counts)
    return _interpolated(counts, adjusted, _one_discount(adjusted, notes), options, notes)


def absolute_discounting(counts: Counts, options: Options) -> Estimate:
    """Interpolated absolute discounting. Ney, Essen & Kneser 1994; Chen & Goodman 1998, section 2.6."""
    notes: list[str] = []
    raw = [table.counts for table in counts.tables]
    return _interpolated(counts, raw, _one_discount(raw, notes), options, notes)


def witten_bell(counts: Counts, options: Options) -> Estimate:
    """Interpolated Witten-Bell. Witten & Bell 1991, method C; Chen & Goodman 1998, section 2.5."""

    def share(
        k: int, table: Table, given: Longs, kept: NDArray[np.bool_], size: int
    ) -> tuple[Floats, Floats]:
        seen = given > 0
        followers = totals(table.contexts, seen & kept, size).astype(np.float32)
        pruned = totals(table.contexts, np.where(kept, 0, given), size).astype(np.float32)
        total = totals(table.contexts, given, size).astype(np.float32) + followers
        with np.errstate(invalid="ignore", divide="ignore"):
            return given.astype(np.float32) / total[table.contexts], (followers + pruned) / total

    raw = [table.counts for table in counts.tables]
    return _interpolate(counts, raw, share, options, [])


def maximum_likelihood(counts: Counts, options: Options) -> Estimate:
    """Relative frequencies: what was not seen after a known history has probability 0."""
    estimated = []
    for k, table in enumerate(counts.tables, 1):
        size = len(counts.tables[k - 2].keys) if k > 1 else 1
        total = totals(table.contexts, table.counts, size)
        shares = table.counts / np.maximum(total, 1)[table.contexts]
        backoffs = np.ones(len(table.keys), np.float32)
        if k < counts.order:
            backoffs[counts.tables[k].contexts] = (
                0  # a history that was followed leaves nothing to shorter ones
            )
        estimated.append((shares.astype(np.float32), backoffs))
    return Estimate(*_Kept.of(counts, options).levels(estimated))


def add_k(counts: Counts, options: Options) -> Estimate:
    """(c(hw) + k) / (c(h) + k V); Laplace's rule for k = 1. Chen & Goodman 1998, section 2.1.

    The backoff of a history is the probability of each word that never followed it.
    """
    kept = _Kept.of(counts, options)
    totals_of = _continuations(counts)
    estimated = []
    for k, table in enumerate(counts.tables, 1):
        before = totals_of[k - 1][table.contexts]
        probabilities = (table.counts + options.k) / (before + options.k * kept.size)
        backoffs = options.k / (totals_of[k] + options.k * kept.size)
        estimated.append((probabilities.astype(np.float32), backoffs.astype(np.float32)))
    return Estimate(*kept.levels(estimated))


def stupid_backoff(counts: Counts, options: Options) -> Estimate:
    """Relative frequencies, times 0.4 for each word the history is cut by; no distribution. Brants et al. 2007."""
    totals_of = _continuations(counts)
    estimated = []
    for k, table in enumerate(counts.tables, 1):
        given = table.counts.copy()
        if k == 1:
            given[UNK] = given[UNK] or 1  # no word has the score 0
        share = given / np.maximum(totals_of[k - 1][table.contexts], 1)
        estimated.append((share.astype(np.float32), np.ones(len(table.keys), np.float32)))
    notes = [
        "stupid backoff gives scores, not probabilities: its perplexity compares with no other"
    ]
    return Estimate(*_Kept.of(counts, options).levels(estimated), notes)


def katz(counts: Counts, options: Options) -> Estimate:
    """Backoff with Good-Turing discounts for counts up to 5. Katz 1987; Chen & Goodman 1998, section 2.3.

    Unigrams give their discounted mass to `<unk>`. Every count loses 0.5 in an order whose Good-Turing discounts are
    out of range, and after a history whose followers are all too frequent to be discounted.
    """
    kept, notes = _Kept.of(counts, options), list[str]()
    estimated: list[tuple[Floats, Floats]] = []
    lower: NDArray[np.float64] = np.empty(0)
    for k, (table, mask) in enumerate(zip(counts.tables, kept.masks, strict=True), 1):
        ratios = _good_turing(table.counts, _RARE)
        if ratios is None:
            notes.append(
                f"order {k}: the counts give no Good-Turing discounts: 0.5 is taken from each count"
            )
            discounted = np.maximum(table.counts - 0.5, 0)
        else:
            discounted = table.counts * ratios[np.minimum(table.counts, _RARE + 1)]
        size = len(counts.tables[k - 2].keys) if k > 1 else 1
        total = np.maximum(np.bincount(table.contexts, table.counts, size), 1)
        freed = total - np.bincount(table.contexts, np.where(mask, discounted, 0), size)
        none = (freed < 1e-9)[table.contexts] & (
            k > 1
        )  # all followers are frequent: nothing would be left for others
        discounted = np.where(none, np.maximum(table.counts - 0.5, 0), discounted)
        share = np.where(mask, discounted / total[table.contexts], 0)
        if k == 1:
            share[UNK] = max(1 - share.sum() + share[UNK], 1e-10)
        else:
            suffixes = table.keys // len(counts.words)
            left = 1 - np.bincount(table.contexts, share, size)
            left_below = 1 - np.bincount(table.contexts, np.where(mask, lower[suffixes], 0), size)
            with np.errstate(invalid="ignore", divide="ignore"):
                weights = np.where((left_below > 1e-9) & (left > 1e-9), left / left_below, 1.0)
            estimated[-1] = (estimated[-1][0], weights.astype(np.float32))
        estimated.append((share.astype(np.float32), np.ones(len(share), np.float32)))
        lower = share
    return Estimate(*kept.levels(estimated), notes=notes)


SMOOTHINGS: dict[str, Callable[[Counts, Options], Estimate]] = {
    "modified-kneser-ney": modified_kneser_ney,
    "kneser-ney": kneser_ney,
    "absolute-discounting": absolute_discounting,
    "witten-bell": witten_bell,
    "katz": katz,
    "add-k": add_k,
    "maximum-likelihood": maximum_likelihood,
    "stupid-backoff": stupid_backoff,
}
_INTERPOLATED = {"modified-kneser-ney", "kneser-ney", "absolute-discounting", "witten-bell"}
_KINDS: dict[str, Kind] = {"add-k": "add-k", "stupid-backoff": "stupid"}
_UNPRUNED = {"add-k", "maximum-likelihood", "stupid-backoff"}


def kind_of(smoothing: str) -> Kind:
    """How the numbers of a model are combined: as backoff weights, unless the smoothing wants its own way."""
    return _KINDS.get(smoothing, "backoff")


def check(smoothing: str, options: Options, order: int) -> None:
    """Raise `ConfigError` for what is not possible, before any text is read."""
    if smoothing not in SMOOTHINGS:
        raise ConfigError(f"no smoothing {smoothing!r}.{hint(smoothing, SMOOTHINGS)}")
    prune = options.prune
    if len(prune) > order or any(a > b for a, b in pairwise(prune)) or min(prune, default=0) < 0:
        raise ConfigError(
            f"prune {','.join(map(str, prune))} is not {order} rising numbers at most"
        )
    if not options.interpolate_unigrams and smoothing not in _INTERPOLATED:
        raise ConfigError(f"{smoothing} interpolates no unigrams: leave the switch alone")
    if smoothing == "add-k" and not 0 < options.k < math.inf:
        raise ConfigError(f"add-k needs a k above 0, not {options.k}")
    if smoothing in _UNPRUNED and (any(prune) or options.vocabulary is not None):
        raise ConfigError(
            f"{smoothing} has nowhere to put the probability of what is pruned: choose another smoothing"
        )


def estimate(counts: Counts, smoothing: str, options: Options) -> Estimate:
    """A model of `counts`; raises `DataError` if they do not suffice, `ConfigError` as `check`."""
    check(smoothing, options, counts.order)
    if not counts.tokens:
        raise DataError("the training text is empty")
    if not len(counts.tables[-1].keys):
        longest = max(k for k, table in enumerate(counts.tables, 1) if len(table.keys))
        raise DataError(
            f"no sentence is long enough for order {counts.order}: with its ends, the longest has {longest} words"
        )
    return SMOOTHINGS[smoothing](counts, options)


def adjusted_counts(counts: Counts) -> list[Longs]:
    """How many words were seen before each k-gram; plain counts at the highest order and after `<s>`."""
    found = []
    for table, longer in zip(counts.tables, counts.tables[1:], strict=False):
        left = totals(longer.keys // len(counts.words), None, len(table.keys))
        from_start = table.keys % len(counts.words) == BOS
        found.append(np.where(from_start, table.counts, left))
    found.append(counts.tables[-1].counts.copy())
    found[0][BOS] = 0
    return found


def _continuations(counts: Counts) -> list[Longs]:
    """c(h) for the histories of each length, from none on."""
    found = [np.array([counts.tables[0].counts.sum()])]
    for table, longer in zip(counts.tables, [*counts.tables[1:], None], strict=True):
        size = len(table.keys)
        found.append(
            totals(longer.contexts, longer.counts, size) if longer else np.zeros(size, np.int64)
        )
    return found


def _frequencies(counts: Longs, most: int) -> list[int]:
    """How many n-grams have the count 0, 1, …, `most`."""
    return [
        int(n) for n in np.bincount(np.minimum(counts, most + 1), minlength=most + 2)[: most + 1]
    ]


def _three_discounts(counts: Longs) -> tuple[Discounts, str]:
    """D1, D2, D3+ in float32 as lmplz has them, or what is wrong with the counts. Chen & Goodman 1998, section 3."""
    n = _frequencies(counts, 4)
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
    found = []
    for k, table in enumerate(counts, 1):
        n = _frequencies(table, 2)
        discount = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5
        if not n[1]:
            notes.append(f"order {k}: no n-gram has the count 1: the discount 0.5 is used")
        found.append((discount, discount, discount))
    return found


def _good_turing(counts: Longs, most: int) -> NDArray[np.float64] | None:
    """Factors for the counts 0 … most + 1; None if one is out of range. Katz 1987, equation 13 and after."""
    n = _frequencies(counts, most + 1)
    if not all(n[1:]):
        return None
    common = (most + 1) * n[most + 1] / n[1]
    ratios = (
        [1.0]
        + [((r + 1) * n[r + 1] / n[r] / r - common) / (1 - common) for r in range(1, most + 1)]
        + [1.0]
    )
    return np.array(ratios) if all(0 < r <= 1 and math.isfinite(r) for r in ratios) else None


Share = Callable[[int, Table, Longs, NDArray[np.bool_], int], tuple[Floats, Floats]]


def _interpolated(
    counts: Counts,
    given: list[Longs],
    discounts: Sequence[Discounts],
    options: Options,
    notes: list[str],
) -> Estimate:
    """Each count loses its discount; a history's discounts go to the shorter history. lmplz's float32, step by step."""

    def share(
        k: int, table: Table, given: Longs, kept: NDArray[np.bool_], size: int
    ) -> tuple[Floats, Floats]:
        taken = np.array([0.0, *discounts[k - 1]], np.float32)
        classes = np.minimum(given, 3)
        followers = np.bincount(table.contexts * 4 + np.where(kept, classes, 0), minlength=4 * size)
        of_class = followers.reshape(size, 4).astype(np.float32)
        pruned = totals(table.contexts, np.where(kept, 0, given), size).astype(np.float32)
        total = totals(table.contexts, given, size).astype(np.float32)
        lost = (
            taken[1] * of_class[:, 1]
            + taken[2] * of_class[:, 2]
            + taken[3] * of_class[:, 3]
            + pruned
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            own = (given.astype(np.float32) - taken[classes]) / total[table.contexts]
            return own, lost / total

    return _interpolate(counts, given, share, options, notes)


def _interpolate(
    counts: Counts, given: list[Longs], share: Share, options: Options, notes: list[str]
) -> Estimate:
    """p(w|h) = own share + weight of h · p(w|shorter h), down to the uniform distribution."""
    kept = _Kept.of(counts, options)
    estimated: list[tuple[Floats, Floats]] = []
    for k, (table, counted, mask) in enumerate(
        zip(counts.tables, given, kept.masks, strict=True), 1
    ):
        size = len(estimated[-1][0]) if estimated else 1
        own, weights = share(k, table, counted, mask, size)
        if k == 1:
            if options.interpolate_unigrams:
                probabilities = own + weights[0] / np.float32(kept.size)
            else:
                probabilities = own.copy()
                probabilities[UNK] += weights[0]
            probabilities[BOS] = 1
        else:
            followed = totals(table.contexts, mask, size) > 0
            estimated[-1] = (estimated[-1][0], np.where(followed, weights, 1).astype(np.float32))
            suffixes = table.keys // len(counts.words)
            probabilities = own + weights[table.contexts] * estimated[-1][0][suffixes]
        estimated.append(
            (probabilities.astype(np.float32), np.ones(len(probabilities), np.float32))
        )
    return Estimate(*kept.levels(estimated), notes=notes)

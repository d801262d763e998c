"""Sorting and finding whole-number keys, several times faster than NumPy's own functions alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]

_STRETCH = 1 << 18  # keys sorted at a time: they fit into a processor's cache
_SORTING_PAYS = 1 << 8  # from this many queries on: sorted neighbours share the processor's cache
_RUN = 1 << 10  # sorted queries looked for at a time: most lie among keys that the cache holds


def sort(keys: Longs, groups: Longs | None = None) -> tuple[Longs, Longs]:
    """The order that sorts `keys`, and the sorted keys; equal keys keep their order.

    `groups` (ascending) divides `keys` into runs whose values do not overlap, so that each run may
    be sorted by itself. (n,), (n,) -> (n,), (n,)
    """
    order = np.empty(len(keys), np.int64)
    ascending = np.empty(len(keys), np.int64)

    low = 0
    while low < len(keys):
        high = len(keys) if groups is None else _end_of_stretch(groups, low)
        stretch = slice(low, high)
        _sort_stretch(keys[stretch], order[stretch], ascending[stretch])
        order[stretch] += low
        low = high

    return order, ascending


def _end_of_stretch(groups: Longs, low: int) -> int:
    """Where the group ends that holds the last key of a stretch."""
    last = low + _STRETCH
    if last >= len(groups):
        return len(groups)
    end = np.searchsorted(groups, groups[last], side="right")
    return int(end)


def _sort_stretch(keys: Longs, order: Longs, ascending: Longs) -> None:
    """Sort `keys` into `ascending`, and their places into `order`.

    NumPy sorts numbers several times faster than it finds their order, so the place of each key is
    sorted along in its lower bits, if both fit into 63.
    """
    base = int(keys.min())
    bits = len(keys).bit_length()
    span = int(keys.max()) - base

    if span >> (63 - bits):
        order[:] = np.argsort(keys, kind="stable")
        ascending[:] = keys[order]
        return

    packed = (keys - base) << bits
    packed |= np.arange(len(keys))
    packed.sort()

    lower_bits = (1 << bits) - 1
    np.bitwise_and(packed, lower_bits, out=order)
    np.right_shift(packed, bits, out=ascending)
    ascending += base


def first_of_each(ascending: Longs) -> NDArray[np.bool_]:
    """True where a key differs from the one before it. (n,) -> (n,)"""
    starts = np.ones(len(ascending), np.bool_)
    starts[1:] = ascending[1:] != ascending[:-1]
    return starts


def find(keys: Longs, queries: Longs) -> Longs:
    """The index in `keys` (ascending) of each query, or -1. (n,), (m,) -> (m,)"""
    if len(queries) < _SORTING_PAYS:
        return search(keys, queries)

    order, ascending = sort(queries)
    found = np.empty(len(queries), np.int64)
    found[order] = _indexes(keys, ascending, _places(keys, ascending))
    return found


def _places(keys: Longs, queries: Longs) -> Longs:
    """Where sorted queries belong among `keys`; each run is looked for between its neighbours."""
    lows = np.searchsorted(keys, queries[::_RUN]).tolist()
    places = np.empty(len(queries), np.int64)
    for number, (low, high) in enumerate(pairwise([*lows, len(keys)])):
        run = slice(number * _RUN, (number + 1) * _RUN)
        among = keys[low:high].searchsorted(queries[run])
        np.add(among, low, out=places[run])
    return places


def search(keys: Longs, queries: Longs) -> Longs:
    """`find` for queries most of which are not far from the one before them."""
    return _indexes(keys, queries, np.searchsorted(keys, queries))


def _indexes(keys: Longs, queries: Longs, places: Longs) -> Longs:
    """The index of each query, or -1 if the key at its place is another. (m,) -> (m,)"""
    if not len(keys):
        return np.full(len(queries), -1, np.int64)
    nearest = keys.take(places, mode="clip")
    return np.where(nearest == queries, places, -1)


def totals(
    index: NDArray[np.integer[Any]], weights: NDArray[np.generic] | None, size: int
) -> Longs:
    """Sums of `weights` (of ones if None) by index, as whole numbers. (n,), (n,) -> (size,)"""
    return np.bincount(index, weights, minlength=size).astype(np.int64)

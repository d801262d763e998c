"""Small files: probabilities and weights in 8 bits, n-grams without what their order tells.

Quantised as KenLM's trie with -q 8 -b 8 is: bins of equal population, each stood for by its mean
(Whittaker & Raj 2001); unigrams, and weights of 0, stay exact. A key is told by its first word and
by how many n-grams share its ending. Reading unpacks everything, so that scoring is as fast.

Letters: n_k k-grams of one k, V words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sorting import Longs
from .tables import Floats, Grams

Arrays = dict[str, NDArray[Any]]

_CODES = 256
_OVERHEAD = 2 * 4 * _CODES + 512  # bytes of an order: what codes stand for, names in the header
_BLANK = _CODES - 1  # the code of NaN, where there are blanks


def pack(k: int, level: Grams, shorter: int, size: int, *, top: bool) -> Arrays:
    """The arrays of the k-grams, k > 1. `shorter` is n_{k-1}, `size` V; `top` says that k = N."""
    suffixes, firsts = np.divmod(level.keys, size)
    followers = np.bincount(suffixes, minlength=shorter)
    codes, values = quantise(level.scores)
    packed = {
        f"{k}.firsts": _narrow(firsts),
        f"{k}.followers": _narrow(followers),
        f"{k}.scores": codes,
        f"{k}.score-values": values,
    }
    if not top:
        codes, values = quantise(level.backoffs, keep_zero=True)
        packed |= {f"{k}.backoffs": codes, f"{k}.backoff-values": values}
    return packed


def unpack(k: int, arrays: Mapping[str, NDArray[Any]], shorter: int, size: int) -> Grams:
    """The k-grams of packed arrays; raises KeyError or ValueError where they do not fit."""
    firsts = arrays[f"{k}.firsts"].astype(np.int64)
    followers = arrays[f"{k}.followers"].astype(np.int64)
    if len(followers) != shorter or (followers < 0).any() or int(followers.sum()) != len(firsts):
        raise ValueError(f"its {k}-grams do not add up")
    if ((firsts < 0) | (firsts >= size)).any():
        raise ValueError(f"a word of its {k}-grams is out of range")

    suffixes = np.repeat(np.arange(shorter), followers)
    scores = _values(arrays, f"{k}.score-values")[arrays[f"{k}.scores"]]
    backoffs = np.zeros(len(firsts), np.float32)
    if f"{k}.backoffs" in arrays:
        backoffs = _values(arrays, f"{k}.backoff-values")[arrays[f"{k}.backoffs"]]
    return Grams(suffixes * size + firsts, scores, backoffs)


def _values(arrays: Mapping[str, NDArray[Any]], name: str) -> Floats:
    values = arrays[name]
    if len(values) != _CODES:
        raise ValueError(f"{name} are not {_CODES}")
    return values


def quantise(numbers: Floats, *, keep_zero: bool = False) -> tuple[NDArray[np.uint8], Floats]:
    """A code for each number, and what each code stands for. (n,) -> (n,), (256,)

    With `keep_zero`, 0 has a code of its own; so has NaN, if there is any.
    """
    is_nan = np.isnan(numbers)
    is_zero = (numbers == 0) & keep_zero
    ordinary = np.sort(numbers[~is_nan & ~is_zero].astype(np.float64))
    room = _CODES - int(keep_zero) - 1

    distinct = np.unique(ordinary)
    if len(distinct) > room:
        bins = np.array_split(ordinary, room)
        distinct = np.unique([part.mean() for part in bins])

    values = np.zeros(_CODES, np.float32)
    start = int(keep_zero)  # the code of 0, where it has one, is 0
    values[start : start + len(distinct)] = distinct
    values[_BLANK] = np.nan if is_nan.any() else 0

    between = (distinct[1:] + distinct[:-1]) / 2
    codes = np.searchsorted(between, np.nan_to_num(numbers, nan=0.0)) + start
    codes[is_zero] = 0
    codes[is_nan] = _BLANK
    return codes.astype(np.uint8), values


def packed_bytes(suffixes: Longs, shorter: int, size: int) -> int:
    """The bytes of packed k-grams, at most, for the indexes of what they end in. (n_k,)

    `shorter` is n_{k-1}, `size` V.
    """
    followers = np.bincount(suffixes).max(initial=0)
    codes = 2 * len(suffixes)
    words = len(suffixes) * _width(size).itemsize
    return codes + words + shorter * _width(int(followers)).itemsize + _OVERHEAD


def _narrow(numbers: Longs) -> NDArray[Any]:
    """The same numbers in as few bytes as all of them fit into."""
    return numbers.astype(_width(int(numbers.max(initial=0))))


def _width(most: int) -> np.dtype[Any]:
    """The smallest type that holds whole numbers from 0 to `most`."""
    if most < 1 << 8:
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if most < 1 << 16 else np.int32)

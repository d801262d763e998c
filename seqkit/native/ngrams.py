"""Words to ids, and the scores of back-off models, by the compiled library.

Letters: T words of a stream, W known words, N the order of a model, n_k its k-grams.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class _Words(ctypes.Structure):
    """`struct words` of words.c."""

    _fields_ = (
        ("text", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("ids", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("slots", ctypes.c_void_p),
        ("mask", ctypes.c_uint64),
    )


class _Level(ctypes.Structure):
    """`struct level` of ngrams.c."""

    _fields_ = (
        ("keys", ctypes.c_void_p),
        ("scores", ctypes.c_void_p),
        ("backoffs", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("slots", ctypes.c_void_p),
        ("room", ctypes.c_uint64),
    )


class _Model(ctypes.Structure):
    """`struct model` of ngrams.c."""

    _fields_ = (
        ("levels", ctypes.c_void_p),
        ("order", ctypes.c_int64),
        ("words", ctypes.c_int64),
        ("has_blanks", ctypes.c_int64),
    )


class WordIndex:
    """The ids of words, as `seqkit.ngram.text.Vocabulary` gives them."""

    def __init__(self, library: ctypes.CDLL, ids: Mapping[bytes, int]) -> None:
        """`ids` are those of the W words."""
        self._library = library
        lengths = np.fromiter(map(len, ids), np.int64, count=len(ids))
        text = np.frombuffer(b"".join(ids) or b"\0", np.uint8)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        numbers = np.fromiter(ids.values(), np.int32, count=len(ids))
        slots = np.zeros(1 << (2 * len(ids)).bit_length(), np.uint64)

        self._arrays = text, offsets, numbers, slots  # the library keeps their addresses
        self._words = _Words(
            text=_address(text),
            offsets=_address(offsets),
            ids=_address(numbers),
            count=len(ids),
            slots=_address(slots),
            mask=len(slots) - 1,
        )
        library.seqkit_index_words(ctypes.byref(self._words))

    def __repr__(self) -> str:
        return f"<WordIndex of {self._words.count:,} words>"

    def encode(self, block: bytes) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The ids of a block, -1 for other words, and where its lines end. -> (T,), (T,)"""
        ids = np.empty(len(block), np.int32)
        ends = np.empty(len(block), np.bool_)
        count: int = self._library.seqkit_encode(
            ctypes.byref(self._words), block, len(block), _address(ids), _address(ends)
        )
        return ids[:count].copy(), ends[:count].copy()  # most of the memory was never touched


class GramIndex:
    """The n-grams of a back-off model, found by their hashes."""

    def __init__(
        self,
        library: ctypes.CDLL,
        levels: Sequence[tuple[Array, Array, Array]],
        size: int,
        *,
        blanks: bool,
    ) -> None:
        """`levels` are keys, scores and backoffs (n_k,) of the k-grams; `size` is W.

        Takes 12 bytes an n-gram, and a second for 50 million of them.
        """
        self._library = library
        self._arrays: list[Array] = []  # the library keeps their addresses
        self._levels = (_Level * len(levels))()
        for place, (keys, scores, backoffs) in enumerate(levels):
            self._levels[place] = self._level(keys, scores, backoffs, is_unigrams=place == 0)
        self._model = _Model(
            levels=ctypes.addressof(self._levels),
            order=len(levels),
            words=size,
            has_blanks=int(blanks),
        )

    @staticmethod
    def fits(levels: Sequence[tuple[Array, Array, Array]], size: int) -> bool:
        """Whether the arrays are of the lengths that the library takes for granted."""
        if not levels or len(levels[0][1]) != size:
            return False
        return all(len(set(map(len, level))) == 1 for level in levels)

    def __repr__(self) -> str:
        return f"<GramIndex of order {len(self._levels)}>"

    def _level(self, keys: Array, scores: Array, backoffs: Array, *, is_unigrams: bool) -> _Level:
        room = 0 if is_unigrams else len(keys) * 3 // 2 + 1
        level = _Level(
            keys=self._kept(keys, np.int64),
            scores=self._kept(scores, np.float32),
            backoffs=self._kept(backoffs, np.float32),
            count=len(keys),
            slots=self._kept(np.zeros(room, np.uint64), np.uint64),
            room=room,
        )
        if not is_unigrams:
            self._library.seqkit_index_level(ctypes.byref(level))
        return level

    def _kept(self, array: Array, dtype: Any) -> int:
        """The address of an array as C reads it: of the array itself, if it is like that."""
        plain = np.require(array, dtype, ["C", "ALIGNED"])
        self._arrays.append(plain)
        return _address(plain)

    def score(
        self, stream: NDArray[np.int32], depth: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int16]] | None:
        """See `seqkit.ngram.tables.GramTables.score`; None for an id that is no word."""
        stream = np.require(stream, np.int32, ["C", "ALIGNED"])
        depth = np.require(depth, np.int32, ["C", "ALIGNED"])
        scores = np.empty(len(stream), np.float32)
        lengths = np.empty(len(stream), np.int16)
        failed = self._library.seqkit_score(
            ctypes.byref(self._model),
            len(stream),
            _address(stream),
            _address(depth),
            _address(scores),
            _address(lengths),
        )
        return None if failed else (scores, lengths)

    def find(self, k: int, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The index of each key among the k-grams, k > 1, or -1. (n,) -> (n,)"""
        keys = np.require(keys, np.int64, ["C", "ALIGNED"])
        found = np.empty(len(keys), np.int64)
        level = ctypes.byref(self._levels[k - 1])
        self._library.seqkit_find(level, len(keys), _address(keys), _address(found))
        return found


def with_starts(
    library: ctypes.CDLL, ids: Array, ends: NDArray[np.bool_], start: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """See `seqkit.ngram.tables.with_starts`; `start` is the id that stands before sentences."""
    ids = np.require(ids, np.int32, ["C", "ALIGNED"])
    ends = np.require(ends, np.bool_, ["C", "ALIGNED"])
    room = len(ids) + int(np.count_nonzero(ends)) + 1  # one more for a sentence without end
    stream = np.empty(room, np.int32)
    depth = np.empty(room, np.int32)
    count: int = library.seqkit_with_starts(
        len(ids), _address(ids), _address(ends), start, _address(stream), _address(depth)
    )
    return stream[:count], depth[:count]


def _address(array: Array) -> int:
    address: int = array.ctypes.data
    return address

"""What an n-gram model is, whatever its file: a digest of its words and numbers.

The same model has the same digest as ARPA and as binary, and with its n-grams in another order.

Letters: V words, n_k k-grams of one k.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..text.identity import WIDTH, digest_of
from .storage import Storage, stretches
from .tables import Floats, Grams

if TYPE_CHECKING:
    from ..text import Tokenizer

Hashes = NDArray[np.uint64]

_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)
_THIRD = np.uint64(0x94D049BB133111EB)


def digest_of_model(
    words: Sequence[bytes], grams: Sequence[Grams], rules: str, tokenizer: Tokenizer | None
) -> str:
    """Twelve hexadecimal digits; `rules` says how numbers are combined, and which words count."""
    digest = blake2b(rules.encode(), digest_size=WIDTH)
    if tokenizer:
        digest.update(digest_of(tokenizer))

    of_words = _hash_words(words)
    hashes = of_words
    for k, level in enumerate(grams, 1):
        is_top = k == len(grams)
        if k > 1:
            hashes = _longer(level, hashes, of_words)
        total = _sum(hashes, level, with_backoffs=not is_top)
        digest.update(f"{k}:{len(level.scores)}:{total};".encode())
    return digest.hexdigest()


def _hash_words(words: Sequence[bytes]) -> Hashes:
    """(V,)"""
    joined = b"".join(blake2b(word, digest_size=8).digest() for word in words)
    return np.frombuffer(joined, "<u8").astype(np.uint64)


def _longer(level: Grams, shorter: Hashes, of_words: Hashes) -> Hashes:
    """The hashes of k-grams from those of the (k-1)-grams that they end in. (n_k,)"""
    found: Hashes = Storage().empty(len(level.keys), np.uint64)
    for stretch in stretches(len(found), found, level.keys, shorter):
        suffixes, first = np.divmod(level.keys[stretch], len(of_words))
        found[stretch] = _mixed(shorter[suffixes] * _FIRST + of_words[first])
    return found


def _sum(hashes: Hashes, level: Grams, *, with_backoffs: bool) -> int:
    """The sum of the hashes of all k-grams with their numbers, which knows no order."""
    total = 0
    for stretch in stretches(len(hashes), hashes, level.scores):
        numbers = _bits(level.scores[stretch]) << np.uint64(32)
        if with_backoffs:
            numbers |= _bits(level.backoffs[stretch])
        total += int(_mixed(hashes[stretch] ^ _mixed(numbers)).sum(dtype=np.uint64))
    return total & 0xFFFFFFFFFFFFFFFF


def _bits(values: Floats) -> Hashes:
    """The bits of each number; 0 and -0 are one number, and NaN is one."""
    plain = np.where(np.isnan(values), np.float32(np.nan), values + np.float32(0))
    bits: NDArray[Any] = plain.astype(np.float32).view(np.uint32)
    return bits.astype(np.uint64)


def _mixed(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele, Lea & Flood 2014): every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * _SECOND
    values = (values ^ (values >> np.uint64(27))) * _THIRD
    return values ^ (values >> np.uint64(31))

"""Which lines of a text are there for the first time.

A line is known by 64 bits of its digest, so that a text may be larger than memory: of 100 million
lines, two that differ are taken for one with a probability of 0.0003.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Sameness = Literal["exact", "normalised", "off"]
"""When two lines are one: where they are equal, where they have the same letters and digits in
whatever case, punctuation and spacing, or never."""

_NO_WORD = re.compile(r"[\W_]+")
_WIDTH = 8  # bytes of a digest


def keys_of(rows: Iterable[Sequence[str]], *, normalised: bool = False) -> Keys:
    """A number for each row of the sides of a line, equal where the rows are. -> (n,)"""
    digests = []
    for row in rows:
        sides = map(normal_form, row) if normalised else row
        text = "\t".join(sides).encode("utf-8", "surrogatepass")
        digests.append(blake2b(text, digest_size=_WIDTH).digest())
    return np.frombuffer(b"".join(digests), np.uint64)


def normal_form(text: str) -> str:
    """The letters and digits of a text, without case; a text without any stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _NO_WORD.sub("", folded) or text


def first_of_equal(keys: Keys) -> Mask:
    """True where a key comes for the first time. (n,) -> (n,)"""
    _, first = np.unique(keys, return_index=True)
    found = np.zeros(len(keys), np.bool_)
    found[first] = True
    return found

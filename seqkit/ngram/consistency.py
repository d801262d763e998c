"""Whether the tables of a model can be what they claim to be, before anything is looked up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .tables import Floats, Grams
from .text import SPECIALS

_STRETCH = 1 << 20  # entries looked at a time, so that a large file is never in memory as a whole


def check_words(words: Sequence[bytes]) -> None:
    """Raise ValueError unless words are distinct and `<unk>` `<s>` `</s>` come first."""
    if tuple(words[: len(SPECIALS)]) != SPECIALS:
        raise ValueError("its words do not begin with <unk> <s> </s>")
    if len(set(words)) < len(words):
        raise ValueError("a word is there twice")


def check_numbers(grams: Sequence[Grams], size: int, *, blanks: bool) -> None:
    """Raise ValueError for keys that cannot be looked up, or numbers that are no logarithms.

    `size` is the number of words. With `blanks`, a score may be NaN; see `Grams`.
    """
    shorter = size
    for k, level in enumerate(grams, 1):
        if k > 1:
            _check_keys(k, level, shorter * size)
        _check_logarithms(f"a score of a {k}-gram", level.scores, blanks=blanks and k > 1)
        _check_logarithms(f"the backoff of a {k}-gram", level.backoffs, blanks=False)
        shorter = len(level.scores)


def _check_keys(k: int, level: Grams, end: int) -> None:
    """Raise ValueError unless keys ascend from 0 on and stay below `end`."""
    keys = level.keys
    if len(keys) and not 0 <= int(keys[0]) <= int(keys[-1]) < end:
        raise ValueError(f"a key of its {k}-grams is out of range")

    for start in range(0, len(keys), _STRETCH):
        stretch = keys[start : start + _STRETCH + 1]
        if not (stretch[1:] > stretch[:-1]).all():
            raise ValueError(f"the keys of its {k}-grams are out of order")


def _check_logarithms(what: str, values: Floats, *, blanks: bool) -> None:
    """Raise ValueError for infinity and, except where there are `blanks`, for NaN."""
    for start in range(0, len(values), _STRETCH):
        stretch = values[start : start + _STRETCH]
        if (stretch == np.inf).any():
            raise ValueError(f"{what} is infinity")
        if not blanks and np.isnan(stretch).any():
            raise ValueError(f"{what} is NaN")

"""Small counts over tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..parsing import check_count
from .lines import check_many


def ngrams(tokens: Sequence[str], *orders: int) -> Iterator[tuple[str, ...]]:
    """All n-grams of the given orders, in text order: `ngrams("a b c".split(), 1, 2)`.

    Raises `WrongType` for one string.
    """
    check_many(tokens, "tokens")
    for order in orders:
        check_count(1, order=order)
    return _ngrams(tokens, orders)


def _ngrams(tokens: Sequence[str], orders: Sequence[int]) -> Iterator[tuple[str, ...]]:
    for order in orders:
        last = len(tokens) - order
        for start in range(last + 1):
            yield tuple(tokens[start : start + order])

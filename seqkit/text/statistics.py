"""Small counts over tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def ngrams(tokens: Sequence[str], *orders: int) -> Iterator[tuple[str, ...]]:
    """All n-grams of the given orders, in text order: `ngrams("a b c".split(), 1, 2)`."""
    for order in orders:
        last = len(tokens) - order
        for start in range(last + 1):
            yield tuple(tokens[start : start + order])

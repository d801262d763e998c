"""Small counts over tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def ngrams(tokens: Sequence[str], *orders: int) -> Iterator[tuple[str, ...]]:
    """All n-grams of the given orders, in text order: `ngrams("a b c".split(), 1, 2)`."""
    for order in orders:
        for i in range(len(tokens) - order + 1):
            yield tuple(tokens[i : i + order])

"""Numbers of parallel text: the same on both sides, or varied so that copying them is learnt."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from .parallel import Pair, ParallelText

# 7, 1945, 10,000, 1.650.000: digits, perhaps in groups of three
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{3})+(?!\d)|\d+", re.ASCII)
_LONGEST = 7  # digits of a number that is made up


def numbers(text: str) -> Counter[str]:
    """How often each number stands in `text`, as its digits: "10,000" and "10.000" are one."""
    return Counter(_digits(found[0]) for found in _NUMBER.finditer(text))


def varied_copies(text: ParallelText, copies: int, seed: int) -> Iterator[Pair]:
    """`copies` of each pair whose two sides hold the same numbers, with others in their place.

    Every number of a copy is another one of 1 to 7 digits, the same on both sides, so that a model
    learns to copy digits that it has never seen together. A number beside another ("7:50",
    "3.14") keeps its length, and groups of three stay groups.
    """
    rng = random.Random(seed)
    for source, target in zip(text.sources, text.targets, strict=True):
        found = numbers(source)
        if not found or found != numbers(target):
            continue
        for _ in range(copies):
            others = {number: _another(number, source, rng) for number in found}
            yield _replaced(source, others), _replaced(target, others)


def _digits(number: str) -> str:
    return re.sub("[.,]", "", number)


def _another(number: str, text: str, rng: random.Random) -> str:
    """Digits to write in place of `number`, which begin with no zero."""
    is_joined = re.search(rf"\d[.,:/-]{number}|{number}[.,:/-]\d", text)
    length = len(number) if is_joined else rng.randint(1, _LONGEST)
    return str(rng.randrange(10 ** (length - 1), 10**length))


def _replaced(text: str, others: Mapping[str, str]) -> str:
    def replacement(found: re.Match[str]) -> str:
        digits = others[_digits(found[0])]
        separator = re.search("[.,]", found[0])
        return f"{int(digits):,}".replace(",", separator[0]) if separator else digits

    return _NUMBER.sub(replacement, text)

"""Text in capitals, which most models have hardly seen: read in sentence case instead."""

from __future__ import annotations

import math
import re

from ..text.tokenizer import Tokenizer
from ..text.vocab import UNK

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_WORSE = 1.3  # how many times as unlikely, in nats, a model's text must make capitals


def in_capitals(text: str) -> bool:
    """Whether every letter that can be is a capital, and there are two of them or more."""
    return text.isupper() and sum(character.isupper() for character in text) > 1


def sentence_case(text: str, tokenizer: Tokenizer) -> str | None:
    """A text in capitals as it would stand in a text; None if the model knows capitals as well.

    What it knows is told by how often the tokens occurred where the tokenizer was trained. A word
    keeps its capital if it is rarer without it, as names and "I" are.
    """
    lowered = _WORD.sub(lambda word: _cased(word[0], tokenizer), text.lower())
    first = _WORD.search(lowered)
    if first is not None:
        start = first.start()
        lowered = lowered[:start] + lowered[start].upper() + lowered[start + 1 :]

    is_worse = _rarity(text, tokenizer) > _WORSE * _rarity(lowered, tokenizer)
    return lowered if is_worse else None


def within_sentence(text: str, tokenizer: Tokenizer) -> str:
    """A text whose first word has a capital only if the vocabulary has it so more often."""
    first = _WORD.match(text)
    if first is None or not first[0][1:].islower():
        return text
    return _cased(text[0].lower() + first[0][1:], tokenizer) + text[first.end() :]


def _cased(word: str, tokenizer: Tokenizer) -> str:
    """A word in lower case, or with a capital if that is the more frequent form."""
    capital = word[0].upper() + word[1:]
    return capital if _rarity(capital, tokenizer) < _rarity(word, tokenizer) else word


def _rarity(text: str, tokenizer: Tokenizer) -> float:
    """How unlikely the tokens of a text are, in nats, by their counts in the vocabulary."""
    counts = tokenizer.vocab.counts
    total = sum(counts) + len(counts)
    ids = tokenizer.encode(text)
    return sum(math.log(total / (_count(i, counts) + 1)) for i in ids)


def _count(token: int, counts: tuple[int, ...]) -> int:
    return 0 if token == UNK else counts[token]

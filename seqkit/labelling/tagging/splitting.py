"""A line of text as words, the way that the training sentences have them."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from ...text.words import JOINER, split_words

Split = Literal["words", "spaces"]
_CURLY = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'"})


def split_text(line: str, split: Split, known: Container[str]) -> list[str]:
    """The words of a line; `known` are those of the model, in lower case.

    Between blanks, or with punctuation apart, and clitics where the model knows both parts:
    "don't" is "do n't" to a model that was trained on these, and one word to another.
    """
    if split == "spaces":
        return line.split()

    found: list[str] = []
    for token in split_words(line):
        word = token.strip(JOINER)
        found += _apart(word, known)
    return found


def _apart(word: str, known: Container[str]) -> list[str]:
    """A word with an apostrophe in it, in the two parts that are known; else in one."""
    lower = word.lower().translate(_CURLY)
    at = lower.find("'")
    if at < 0 or lower in known:
        return [word]

    places = [at - 1, at, at + 1]  # do|n't, she|'s, l'|homme
    for place in places:
        if 0 < place < len(word) and lower[:place] in known and lower[place:] in known:
            return [word[:place], word[place:]]
    return [word]

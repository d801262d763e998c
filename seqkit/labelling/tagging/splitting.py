"""A line of text as words, the way that the training sentences have them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Literal

from ...text.words import JOINER, split_words
from .encoding import folded

Split = Literal["words", "spaces"]
_CURLY = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'"})
_ADDRESS = re.compile(r"https?://\S*\w/?|www\.\S*\w/?|[\w.+-]+@[\w-]+\.[\w.-]*\w")
_OPENING = "([{<\"'\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}"
_CLOSING = ".,;:!?)]}>\"'\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"


def split_text(line: str, split: Split, known: Container[str]) -> list[str]:
    """The words of a line; `known` are those of the model, as `encoding.folded` has them.

    Between blanks, or with punctuation apart, except in addresses and in what the model knows as
    one word ("U.S.", "3.5", "e-mail"); and with clitics apart where the model knows both parts:
    "don't" is "do n't" to a model that was trained on these, and one word to another.
    """
    chunks = line.split()
    if split == "spaces":
        return chunks

    found: list[str] = []
    for number, chunk in enumerate(chunks, 1):
        whole = _with_whole_word(chunk, known, is_last=number == len(chunks))
        if whole:
            found += whole
            continue
        for token in split_words(chunk):
            found += _apart(token.strip(JOINER), known)
    return found


def _with_whole_word(chunk: str, known: Container[str], *, is_last: bool) -> list[str]:
    """Marks, an address or a known word with marks inside, and marks; nothing for another chunk."""
    for start, end in _cores(chunk):
        core = chunk[start:end]
        if core.isalnum():
            return []

        is_end_of_sentence = is_last and core.endswith(".") and core.count(".") == 1
        is_known = _fold(core) in known and not is_end_of_sentence
        if is_known or _ADDRESS.fullmatch(core):
            return [*chunk[:start], core, *chunk[end:]]
    return []


def _cores(chunk: str) -> Iterator[tuple[int, int]]:
    """Begin and end of what is left of a chunk, as marks around it are taken away."""
    start = 0
    while start < len(chunk):
        end = len(chunk)
        yield start, end
        while end > start + 1 and chunk[end - 1] in _CLOSING:
            end -= 1
            yield start, end
        if chunk[start] not in _OPENING:
            return
        start += 1


def _apart(word: str, known: Container[str]) -> list[str]:
    """A word with an apostrophe in it, in the two parts that are known; else in one."""
    lower = _fold(word).translate(_CURLY)
    at = lower.find("'")
    if at < 0 or lower in known:
        return [word]

    places = [at - 1, at, at + 1]  # do|n't, she|'s, l'|homme
    for place in places:
        if 0 < place < len(word) and lower[:place] in known and lower[place:] in known:
            return [word[:place], word[place:]]
    return [word]


def _fold(word: str) -> str:
    (one,) = folded([word], "words")
    return one

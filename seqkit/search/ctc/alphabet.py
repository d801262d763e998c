"""The labels of a CTC model: which is the blank, where words begin, what each label spells.

Letters: V labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError, DataError, WrongValue, shortened
from ...text.lines import check_texts

Kind = Literal["characters", "pieces", "tokens"]

BLANKS = ("", "<pad>", "[pad]", "<blank>", "[blank]", "<blk>", "<ctc>", "<eps>", "<ctc_blank>")
_WORD = "\N{LOWER ONE EIGHTH BLOCK}"  # U+2581: SentencePiece begins words with it
_INSIDE = "##"  # WordPiece continues words with it
_DELIMITERS = (" ", "|")
_MARK = re.compile(r"[<\[].+[>\]]")


@dataclass(frozen=True, repr=False)
class Alphabet:
    """What each of V labels does to a text.

    A label ends the word before it or not (`begins`), and adds letters (`texts`). Characters with
    a delimiter, SentencePiece's and WordPiece's pieces are all of this form; where nothing marks
    words, each label is a word of its own.
    """

    labels: tuple[str, ...]
    blank: int
    kind: Kind
    texts: tuple[str, ...]  # the letters that a label adds
    begins: NDArray[np.bool_]  # (V,) whether it ends the word before it
    is_silent: NDArray[np.bool_]  # (V,) the blank and marks such as <s>, which text never holds

    @classmethod
    def of(
        cls,
        labels: Sequence[str],
        *,
        blank: str | int | None = None,
        delimiter: str | None = None,
    ) -> Alphabet:
        """Find out what labels, in the order of the model's outputs, mean.

        `blank` is the CTC blank, as a label or an index; without it the label that has a usual name
        of it (`BLANKS`, in any case). `delimiter` is the label between words; without it " ", or
        else "|". Raises `DataError` for labels that are no alphabet, `ConfigError` for a blank or
        delimiter that is not among them.
        """
        labels = tuple(labels)
        _check_labels(labels)
        index = _blank_of(labels, blank)
        if delimiter is not None and delimiter not in labels:
            raise ConfigError(f"the delimiter {delimiter!r} is not among the labels")

        silent = [i == index or bool(_MARK.fullmatch(label)) for i, label in enumerate(labels)]
        spoken = [label for label, is_silent in zip(labels, silent, strict=True) if not is_silent]
        if not spoken:
            raise DataError("the labels are all blanks or marks: there is nothing to spell")

        kind, meanings = _meanings(labels, spoken, delimiter)
        texts = ["" if hidden else text for (text, _), hidden in zip(meanings, silent, strict=True)]
        begins = np.array([is_first for _, is_first in meanings])
        return cls(labels, index, kind, tuple(texts), begins, np.array(silent))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Alphabet of {len(self)} {self.kind}, blank {self.blank}>"

    @cached_property
    def letters(self) -> dict[str, int]:
        """The characters that labels are spelled with, numbered."""
        return {letter: i for i, letter in enumerate(sorted(set("".join(self.texts))))}

    def spell(self, tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of the letters of n tokens, then -1. (n,) -> (n, longest)"""
        spelled = self.spelled
        if spelled.shape[1] > 1 and len(tokens):
            longest = self.lengths[tokens].max()
            spelled = spelled[:, :longest]
        return spelled[tokens]

    @cached_property
    def spelled(self) -> NDArray[np.int64]:
        """The numbers of each label's letters, then -1. -> (V, longest label)"""
        longest = max(map(len, self.texts), default=0)
        table = np.full((len(self), longest), -1, np.int64)
        for row, text in zip(table, self.texts, strict=True):
            row[: len(text)] = [self.letters[letter] for letter in text]
        return table

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many letters each label adds. -> (V,)"""
        return np.array([len(text) for text in self.texts])

    @cached_property
    def between(self) -> str:
        """What stands between the words of a text."""
        is_run_on = self.kind == "tokens" and self.lengths.max() <= 1
        return "" if is_run_on else " "

    def misspelled(self, words: Sequence[str]) -> Iterator[str]:
        """Those of `words` that no sequence of labels spells."""
        letters = set(self.letters)
        in_one_step = self.kind == "characters"
        for word in words:
            has_letters = bool(word) and letters.issuperset(word)
            if not has_letters or not (in_one_step or self._spells(word)):
                yield word

    def _spells(self, word: str) -> bool:
        """Whether labels that do not begin a word spell it after one that does."""
        reached = {len(text) for text in self._first if word.startswith(text)}
        if self.kind == "tokens":
            return len(word) in reached

        for begin in range(len(word)):
            if begin not in reached:
                continue
            for length in self._lengths_inside:
                if word[begin : begin + length] in self._inside:
                    reached.add(begin + length)
        return len(word) in reached

    @cached_property
    def _first(self) -> set[str]:
        return {text for text, begins in self._spoken if begins}

    @cached_property
    def _inside(self) -> set[str]:
        return {text for text, begins in self._spoken if not begins}

    @cached_property
    def _lengths_inside(self) -> list[int]:
        return sorted({len(text) for text in self._inside})

    @cached_property
    def _spoken(self) -> list[tuple[str, bool]]:
        silent = self.is_silent.tolist()
        every = zip(self.texts, self.begins.tolist(), silent, strict=True)
        return [(text, begins) for text, begins, is_silent in every if not is_silent]


def _check_labels(labels: tuple[str, ...]) -> None:
    check_texts(labels, "labels")
    if not labels:
        raise DataError("the list of labels is empty")

    first: dict[str, int] = {}
    for i, label in enumerate(labels):
        if label in first:
            raise DataError(f"labels {first[label]} and {i} are both {label!r}, counted from 0")
        first[label] = i


def _blank_of(labels: tuple[str, ...], blank: str | int | None) -> int:
    """The index of the blank."""
    if isinstance(blank, str):
        if blank not in labels:
            raise ConfigError(f"the blank {blank!r} is not among the labels")
        return labels.index(blank)
    if blank is not None:
        if isinstance(blank, bool) or not isinstance(blank, int) or not 0 <= blank < len(labels):
            raise WrongValue(
                f"blank = {blank!r} must be a label, or its index from 0 to {len(labels) - 1}"
            )
        return blank

    found = [i for i, label in enumerate(labels) if label.lower() in BLANKS]
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(repr(labels[i]) for i in found)
        raise DataError(f"several labels may be the blank, {named}: say which one is")

    likely = [repr(mark) for mark in ("-", "_") if mark in labels]
    hint = f" (such as {' or '.join(likely)})" if likely else ""
    usual = shortened([repr(name) for name in BLANKS], 4)
    raise DataError(f"no label is named like a blank ({usual}): say which one is the blank{hint}")


def _meanings(
    labels: tuple[str, ...], spoken: list[str], delimiter: str | None
) -> tuple[Kind, list[tuple[str, bool]]]:
    """What the labels are, the letters each adds, and whether it ends the word before it."""
    if delimiter is None:
        if any(label.startswith(_WORD) for label in spoken):
            _check_pieces(spoken)
            return "pieces", [(label.lstrip(_WORD), label.startswith(_WORD)) for label in labels]

        if any(label.startswith(_INSIDE) for label in spoken):
            inside = [label.startswith(_INSIDE) for label in labels]
            texts = [label.removeprefix(_INSIDE) for label in labels]
            return "pieces", [(text, not is_in) for text, is_in in zip(texts, inside, strict=True)]

        present = [mark for mark in _DELIMITERS if mark in spoken]
        if not present:
            return "tokens", [(label, True) for label in labels]
        delimiter = present[0]

    return "characters", [("", True) if label == delimiter else (label, False) for label in labels]


def _check_pieces(spoken: list[str]) -> None:
    for label in spoken:
        if _WORD in label.lstrip(_WORD):
            raise DataError(f"label {label!r} holds the end of a word, marked by {_WORD!r}, inside")

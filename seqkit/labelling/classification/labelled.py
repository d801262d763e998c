"""Texts and their labels, whatever they were read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...data.stored import Picked
from ..numbered import Ints, Numbered


class Example(NamedTuple):
    text: str
    labels: tuple[str, ...]  # one, or any number if a text may have several
    place: str  # file and line


@dataclass
class Places:
    """Where in the files something is that people are told of."""

    first: dict[str, str] = field(default_factory=dict)  # where each label occurs first
    empty: list[str] = field(default_factory=list)  # where texts were left out, being empty

    def kept(self, examples: Iterable[Example]) -> Iterator[Example]:
        """The examples that are not empty; notes the places of all."""
        for example in examples:
            if not example.text.strip():
                self.empty.append(example.place)
                continue

            for label in example.labels:
                self.first.setdefault(label, example.place)
            yield example

    def add(self, first: dict[str, str], empty: list[str]) -> None:
        """Note places of texts that follow."""
        self.first = {**first, **self.first}
        self.empty = [*self.empty, *empty]


@dataclass
class LabelledTexts:
    """Texts and their labels, in the order of the files: in memory, or in files of the cache."""

    texts: Sequence[str] = ()
    labels: Numbered = field(default_factory=Numbered)
    first_place: dict[str, str] = field(default_factory=dict)  # where each label occurs first
    empty: list[str] = field(default_factory=list)  # where texts were left out, being empty
    misplaced: list[str] = field(default_factory=list)  # what no format has there, and is not read

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"<LabelledTexts: {len(self):,} texts, {len(self.first_place)} labels>"

    def at(self, rows: Ints) -> LabelledTexts:
        """Some of the texts, by their places: nothing is copied."""
        labels = self.labels.at(rows)
        first = {label: self.first_place[label] for label in labels.present()}
        return LabelledTexts(Picked(self.texts, rows), labels, first)

    def lines(self) -> Iterator[str]:
        """One line for each text and its labels, for a digest."""
        for text, labels in zip(self.texts, self.labels, strict=True):
            yield "\t".join([*labels, text])

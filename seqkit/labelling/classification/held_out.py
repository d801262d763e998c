"""The texts of a run, read again when they are asked for: those for the test, and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...data import digest
from ...data.seen import Seen, SeenTexts
from ...errors import DataError, SeqkitError, shortened
from ...text.vocab import Vocab
from .baselines import Baselines
from .data_config import TextData
from .inputs import Inputs
from .labelled import LabelledTexts
from .prepared import read_parts, read_test
from .texts import read_files


@dataclass(frozen=True)
class TestTexts:
    """Labelled texts that a model is measured on."""

    __test__ = False  # not a test case of pytest

    texts: LabelledTexts
    name: str  # of the file, or of the corpus

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"<TestTexts: {len(self):,} of {self.name}>"

    def digest(self) -> str:
        return digest.of_lines(self.texts.lines())


@dataclass(frozen=True)
class RunTexts:
    """Where the texts of a run are."""

    data: TextData
    folder: Path  # of a step

    def read_test(self, paths: Sequence[Path]) -> TestTexts:
        """The labelled texts in these files; without any, those that the run kept for the test."""
        if paths:
            name = ", ".join(path.name for path in paths)
            return TestTexts(read_files(self.data, list(paths)), name)

        own = self.data.corpus or ", ".join(Path(name).name for name in self.data.test)
        return TestTexts(read_test(self.data), own or "test_share")

    def baselines(self, inputs: Inputs, labels: Vocab) -> tuple[Baselines | None, str]:
        """What the training texts teach by counting, or why it cannot be said."""
        try:
            train = read_parts(self.data).train
            matrix = matrix_of(train, labels.tokens)
        except SeqkitError as error:
            return None, f"no baselines: the training texts cannot be read: {error}"

        rows = inputs.encode(train.texts)
        return Baselines.of(rows, matrix, len(inputs.tokenizer.vocab)), ""

    def seen(self, texts: Sequence[str]) -> list[Seen]:
        """How many of the texts were trained on."""
        known = SeenTexts.load(self.folder)
        return known.count(texts=texts) if known else []


def matrix_of(texts: LabelledTexts, classes: Sequence[str]) -> NDArray[np.uint8]:
    """Which text has which label: (N, K), 0 or 1. Raises `DataError` naming an unknown label."""
    labels = texts.labels
    place_of = {name: place for place, name in enumerate(classes)}
    for label, place in texts.first_place.items():
        if label not in place_of:
            raise DataError(
                f"{place}: the model knows no label {label!r}; it was trained on "
                f"{shortened(classes)}"
            )

    columns = np.array([place_of.get(name, -1) for name in labels.names], np.int64)
    matrix = np.zeros((len(texts), len(classes)), np.uint8)
    matrix[labels.owners(), columns[labels.ids]] = 1
    return matrix


def unknown_labels(texts: LabelledTexts, labels: Vocab) -> list[str]:
    """Labels of texts that a model does not know, sorted.

    Raises `DataError` if it knows none of them: the texts are hardly meant for it.
    """
    unknown = sorted(label for label in texts.first_place if label not in labels)
    if unknown and len(unknown) == len(texts.first_place):
        first, place = next(iter(texts.first_place.items()))
        raise DataError(
            f"{place}: the model knows no label {first!r}, and no other label of these texts; it "
            f"was trained on {shortened(labels.tokens)}"
        )
    return unknown


def notes_on_test(texts: LabelledTexts, unknown: Sequence[str]) -> list[str]:
    """What to say of texts that are to be measured on."""
    notes = notes_on_left_out(texts)
    if unknown:
        count = sum(not set(unknown).isdisjoint(labels) for labels in texts.labels)
        notes.append(
            f"the model does not know the labels of {count:,} texts, which count as wrong: "
            f"{shortened(unknown)}"
        )
    return notes


def notes_on_left_out(*parts: LabelledTexts) -> list[str]:
    """What of the files is not used."""
    notes: list[str] = []
    empty = [place for part in parts for place in part.empty]
    if empty:
        notes.append(f"left out, being empty: {len(empty):,} texts, the first at {empty[0]}")

    misplaced = [path for part in parts for path in part.misplaced]
    if misplaced:
        notes.append(
            "not read, for a folder of texts holds a folder of files for each class: "
            f"{shortened(misplaced, 3)}"
        )
    return notes

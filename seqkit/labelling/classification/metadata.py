"""The classes of a classifier, kept beside its weights."""

from __future__ import annotations

from pathlib import Path

from ...text.vocab import Vocab

LABELS = "labels.tsv"


def load_labels(folder: Path) -> Vocab:
    """The classes, with how many training texts each has. Raises `DataError` naming the file."""
    return Vocab.load(folder / LABELS, specials=())

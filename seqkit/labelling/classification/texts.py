"""The texts of a run: for training, validation and test, cut apart by class and by content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...data.sources import SourceFiles, name_of_source
from ...errors import DataError, shortened
from ..numbered import Ints
from .data_config import TextData
from .labelled import LabelledTexts
from .reading import Layout, read_labelled

_FEW = 20  # classes, of however few texts
_HASHED = 10_000  # texts that are hashed together
_MOST_CLASSES = 0.5  # per text; with more, the labels are hardly meant


@dataclass(frozen=True)
class Parts:
    """The texts of a run, by what they are for."""

    train: LabelledTexts
    valid: LabelledTexts
    test: LabelledTexts  # empty if the run holds no test texts


def cut_apart(train: LabelledTexts, *, test_share: float, valid_share: float) -> Parts:
    """The texts of a source, cut apart; a share of 0 cuts nothing off."""
    rest, test = cut_off(train, test_share)
    rest, valid = cut_off(rest, valid_share)
    return Parts(rest, valid, test)


def check_parts(parts: Parts, sources: Sequence[SourceFiles[Layout]], *, several: bool) -> None:
    """Raise `DataError` for texts that teach no difference, or that are too few."""
    train = [path for source in sources for path in source.train]
    _check_classes(parts.train, name_of_source(train), several=several)
    _check_known(parts.valid, parts.train, "validation")
    if not len(parts.valid):
        valid = [path for source in sources for path in source.valid]
        raise DataError(
            f"{name_of_source(valid or train)}: no texts for validation: every class needs at "
            "least two texts, or give data.valid"
        )


def read_files(data: TextData, paths: list[Path]) -> LabelledTexts:
    """Labelled texts of other files, written as those of the run."""
    formats = {path.suffix for path in paths if data.format == "folder" and not path.is_dir()}
    layout = data.layout._replace(format="auto") if formats else data.layout
    return read_labelled(paths, layout)


def cut_off(texts: LabelledTexts, share: float) -> tuple[LabelledTexts, LabelledTexts]:
    """The texts without `share` of each class, and that part.

    Which texts are cut off depends on what they say, not on where they stand: equal texts of a
    class are on the same side, and a file in another order is cut alike. A class keeps at least one
    text; of a class with a single text nothing is cut off.
    """
    if not share:
        return texts, LabelledTexts()

    hashes = _hashes(texts.texts)
    is_cut = np.zeros(len(texts), bool)
    for rows in texts.labels.groups():
        wanted = max(1, round(share * len(rows)))
        if wanted >= len(rows):
            wanted = len(rows) - 1
        ordered = rows[np.argsort(hashes[rows], kind="stable")]
        is_cut[_whole_groups(ordered, wanted, hashes[ordered])] = True

    rest = texts.at(np.flatnonzero(~is_cut))
    rest.empty, rest.misplaced = texts.empty, texts.misplaced
    return rest, texts.at(np.flatnonzero(is_cut))


def _hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Eight bytes of a hash of each text, as numbers in the order of the bytes."""
    rest = iter(texts)
    parts = [np.zeros(0, np.uint64)]
    while block := list(islice(rest, _HASHED)):
        parts.append(np.frombuffer(b"".join(map(_hash, block)), ">u8").astype(np.uint64))
    return np.concatenate(parts)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


def _whole_groups(ordered: Ints, wanted: int, hashes: NDArray[np.uint64]) -> Ints:
    """The first `wanted` rows, without those of which an equal text would stay behind.

    If that leaves none, the first text with all that equal it, unless that is every row. `hashes`
    are those of the rows, in their order.
    """
    whole = ordered[:wanted]
    if 0 < wanted < len(ordered):
        whole = whole[hashes[:wanted] != hashes[wanted]]
    if not wanted or len(whole):
        return whole

    equal = ordered[hashes == hashes[0]]
    return whole if len(equal) == len(ordered) else equal


def _check_classes(train: LabelledTexts, names: str, *, several: bool) -> None:
    """Raise `DataError` for training texts that teach no difference."""
    if not len(train):
        raise DataError(f"{names}: no texts with a label, so there is nothing to train on")
    least = 1 if several else 2
    if len(train.first_place) < least:
        (label,) = train.first_place or ("",)
        raise DataError(f"{names}: every text has the label {label!r}: give texts of two classes")

    classes = len(train.first_place)
    if not several and classes > max(_FEW, _MOST_CLASSES * len(train)):
        raise DataError(
            f"{names}: {classes:,} labels of {len(train):,} texts, such as "
            f"{next(iter(train.first_place))!r}: is another column the label? Set data.label and "
            "data.text"
        )


def _check_known(others: LabelledTexts, train: LabelledTexts, name: str) -> None:
    for label, place in others.first_place.items():
        if label not in train.first_place:
            raise DataError(
                f"{place}: the {name} text has the label {label!r}, of which there is no training "
                f"text; known are {shortened(sorted(train.first_place))}"
            )

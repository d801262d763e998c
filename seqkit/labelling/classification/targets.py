"""Labels as scikit-learn's users have them, and as files of labelled texts have them.

Shapes: N texts, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import WrongType, WrongValue
from ...text.lines import check_many


@dataclass(frozen=True)
class Targets:
    """The labels of N texts."""

    classes: NDArray[Any]  # (K,), in order; of a matrix, the numbers of its columns
    names: list[str]  # of the classes, as the model has them
    labels: list[str] | list[list[str]]  # of each text, by these names
    several: bool  # whether a text may have any number of labels

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, labels: Iterable[Any]) -> Targets:
        """One label for each text, or a matrix (N, K) of 0 and 1, of which a text has several.

        Raises `WrongType` for anything else, and `WrongValue` for a label that is missing.
        """
        check_many(labels, "labels")
        given = listed(labels)
        if _is_matrix(given):
            return cls._of_matrix(np.asarray(given).astype(bool))

        _check_single(given)
        classes, numbers = np.unique(given, return_inverse=True)
        names = _names(classes)
        return cls(classes, names, [names[number] for number in numbers.tolist()], several=False)

    @classmethod
    def _of_matrix(cls, matrix: NDArray[np.bool_]) -> Targets:
        names = [str(column) for column in range(matrix.shape[1])]
        labels = [[names[column] for column in np.flatnonzero(row)] for row in matrix]
        return cls(np.arange(len(names)), names, labels, several=True)

    def check(self) -> None:
        """Raise `WrongValue` for labels that teach no difference."""
        if self.several and not any(self.labels):
            raise WrongValue("no text has a label: the matrix holds nothing but 0")
        if not self.several and len(self.classes) < 2:
            raise WrongValue(f"a classifier needs two classes; the labels have {self.classes}")


def listed(labels: Any) -> Sequence[Any] | NDArray[Any]:
    """Labels as an array or a list; pandas' frames are taken by rows."""
    if hasattr(labels, "to_numpy"):
        array: NDArray[Any] = labels.to_numpy()
        return array
    return labels if isinstance(labels, np.ndarray) else list(labels)


def _is_matrix(labels: Sequence[Any] | NDArray[Any]) -> bool:
    """Whether labels are a matrix of 0 and 1, as an array or as lists."""
    try:
        array = np.asarray(labels)
    except ValueError:  # rows of different lengths
        return False
    is_of_numbers = array.ndim == 2 and array.dtype.kind in "biuf"
    return is_of_numbers and bool(np.isin(array, (0, 1)).all())


def _check_single(labels: Iterable[Any]) -> None:
    for number, label in enumerate(labels, 1):
        if label is None or (isinstance(label, float | np.floating) and np.isnan(label)):
            raise WrongValue(
                f"number {number} of the labels is {label}: leave out texts without a label"
            )
        if isinstance(label, Sequence | set | np.ndarray) and not isinstance(label, str):
            raise WrongType(
                f"number {number} of the labels is a {type(label).__name__}: give one label for "
                "each text, or for several a matrix of 0 and 1, as scikit-learn's "
                "MultiLabelBinarizer makes it"
            )


def _names(classes: NDArray[Any]) -> list[str]:
    """The classes as text; numbers where that would make two of them the same, or nothing."""
    names = [str(label).strip() for label in classes.tolist()]
    if len(set(names)) == len(names) and all(names):
        return names
    return [str(number) for number in range(len(names))]

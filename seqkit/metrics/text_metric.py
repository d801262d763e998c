"""What a metric of output texts is: the contract of everything registered as a metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from ..errors import DataError, WrongType
from ..text.lines import check_many, each_text

Outputs = Sequence[str]
References = Sequence[Sequence[str | None]]
"""One or more whole sets; None where a sentence has no further reference."""

_EXAMPLE = "[references], with one reference for each output"


class Score(NamedTuple):
    score: float
    signature: str  # everything the score depends on besides the texts
    length_ratio: float = math.nan  # BLEU: tokens of the outputs over tokens of the references


class TextMetric(Protocol):
    """Compares output texts with references. Register one with `plugin.metric`."""

    name: str
    """The name it is registered under; tables show `label` instead if there is one."""
    better: Literal["lower", "higher"]

    def __call__(self, outputs: Outputs, references: References, /) -> Score:
        """The score of a whole test set."""


def label_of(metric: TextMetric) -> str:
    """What tables call a metric."""
    label: str = getattr(metric, "label", metric.name)
    return label


def paired(
    outputs: Iterable[str], references: Iterable[Iterable[str | None]]
) -> tuple[list[str], list[list[str | None]]]:
    """Outputs and references as lists, once it is sure that they belong together.

    Raises `WrongType` for anything but texts, and `DataError` for lists of unequal length, an
    output without any reference, and nothing at all.
    """
    texts = list(each_text(outputs, "outputs"))
    if not texts:
        raise DataError("there are no outputs: nothing can be scored")

    columns = _columns(references)
    for number, column in enumerate(columns, 1):
        if len(column) != len(texts):
            raise DataError(
                f"{len(texts):,} outputs do not pair up with the {len(column):,} references of "
                f"list {number}: give one for each output, None where there is no further one"
            )

    for number, answers in enumerate(zip(*columns, strict=True), 1):
        if all(answer is None for answer in answers):
            raise DataError(f"output {number} has no reference: leave it out, or give one")
    return texts, columns


def _columns(references: Iterable[Iterable[str | None]]) -> list[list[str | None]]:
    check_many(references, f"reference lists, such as {_EXAMPLE}")

    columns: list[list[str | None]] = []
    for column in references:
        if isinstance(column, str):
            raise WrongType(
                f"references are a list of lists, and this is a list of strings: give {_EXAMPLE}"
            )
        columns.append(_column(column, len(columns) + 1))

    if not columns:
        raise DataError(f"there are no references: give {_EXAMPLE}")
    return columns


def _column(column: Iterable[str | None], number: int) -> list[str | None]:
    what = f"references in list {number}"
    check_many(column, what)
    given = list(column)

    for _ in each_text((text for text in given if text is not None), what):
        pass
    return given

"""What a metric of output texts is: the contract of everything registered as a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

Outputs = Sequence[str]
References = Sequence[Sequence[str | None]]
"""One or more whole sets; None where a sentence has no further reference."""


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

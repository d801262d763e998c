"""Two models on the same examples: is the difference more than chance?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from ..metrics.mcnemar import mcnemar


class Measured(Protocol):
    """A report that can be compared with another one."""

    @property
    def signature(self) -> str: ...
    @property
    def notes(self) -> Sequence[str]: ...
    def record(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Measured)


@dataclass(frozen=True, repr=False)
class Comparison(ABC, Generic[R]):
    """The reports of two models on the same examples."""

    first: R
    second: R

    @abstractmethod
    def __post_init__(self) -> None:
        """Raise `DataError` for reports that cannot be compared."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.first!r}, {self.second!r}>"

    @property
    @abstractmethod
    def unit(self) -> str:
        """What `only_right` counts, in the plural."""

    @cached_property
    @abstractmethod
    def only_right(self) -> tuple[int, int]:
        """How many examples the first model alone gets right, and how many the second alone."""

    @cached_property
    @abstractmethod
    def p_values(self) -> dict[str, float]:
        """The p-value of each figure's difference, by the paired bootstrap."""

    @abstractmethod
    def figures(self) -> Mapping[str, tuple[float, float]]:
        """What a person is shown of both models: the figures of `p_values` by name."""

    @abstractmethod
    def differing(self, most: int) -> list[int]:
        """Numbers of examples whose answers differ, the most telling first."""

    @abstractmethod
    def shown(self, number: int, data: Any) -> list[str]:
        """What a person is shown of an example of `data`: what is right, and both answers."""

    @property
    def mcnemar(self) -> float:
        """The p-value of McNemar's exact test, which takes the examples for independent."""
        return mcnemar(*self.only_right)

    @property
    def notes(self) -> list[str]:
        """What both reports have to say besides their figures; the same is said once."""
        first, second = self.first.notes, self.second.notes
        both = [note for note in first if note in second]
        return [
            *both,
            *(f"first: {note}" for note in first if note not in both),
            *(f"second: {note}" for note in second if note not in both),
        ]

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        only_first, only_second = self.only_right
        return {
            "first": self.first.record(),
            "second": self.second.record(),
            "only_first_right": only_first,
            "only_second_right": only_second,
            "mcnemar_p": self.mcnemar,
            "bootstrap_p": self.p_values,
        }

    def __str__(self) -> str:
        """The figures with their p-values, McNemar's test, and both signatures."""
        lines = [f"{'':<10}  {'first':>8}  {'second':>8}  p, paired bootstrap"]
        for name, (first, second) in self.figures().items():
            label = name.replace("_", " ").replace("f1", "F1")
            lines.append(f"{label:<10}  {first:8.4f}  {second:8.4f}  {self.p_values[name]:.4f}")

        only_first, only_second = self.only_right
        lines.append(
            f"{self.unit} right by the first alone: {only_first:,}, by the second alone: "
            f"{only_second:,}; McNemar's exact test: p = {self.mcnemar:.4f}"
        )
        return "\n".join([*lines, self.first.signature, self.second.signature])

"""What modules are arranged into for use: copies of their weights, made anew when these change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

T = TypeVar("T")

_SAMPLES = 128  # numbers of each weight that are looked at before each use


class _Arranged(NamedTuple):
    made: Any
    versions: list[Any]  # what it was made of
    samples: list[Tensor]  # numbers of each weight, and what they were then
    values: Tensor

    def is_of(self, versions: list[Any]) -> bool:
        """Whether it is that of the weights as they are now.

        Torch does not count what changes by `.data` or a fused optimizer.
        """
        return self.versions == versions and torch.equal(torch.cat(self.samples), self.values)


class Arrangements(Generic[T]):
    """One for each module, as long as the module lives."""

    def __init__(self) -> None:
        self._arranged: WeakKeyDictionary[nn.Module, _Arranged] = WeakKeyDictionary()
        self._arranging = Lock()  # once for threads that begin together

    def __repr__(self) -> str:
        return f"<Arrangements of {len(self._arranged)} modules>"

    def forget(self, module: nn.Module) -> None:
        self._arranged.pop(module, None)

    def get(
        self, module: nn.Module, weights: Sequence[Tensor], facts: object, make: Callable[[], T]
    ) -> T:
        """What `make` arranges, anew if `weights` or `facts` have changed."""
        versions = [facts, *((weight.data_ptr(), _version(weight)) for weight in weights)]

        arranged = self._arranged_before(module, versions)
        if arranged is None:
            with self._arranging:
                arranged = self._arranged_before(module, versions)
                if arranged is None:
                    self.forget(module)  # so that there are never two
                    samples = [_spread(weight) for weight in weights]
                    arranged = _Arranged(make(), versions, samples, torch.cat(samples))
                    self._arranged[module] = arranged
        made: T = arranged.made
        return made

    def _arranged_before(self, module: nn.Module, versions: list[Any]) -> _Arranged | None:
        """What is there, if it is of the weights as they are."""
        arranged = self._arranged.get(module)
        return arranged if arranged is not None and arranged.is_of(versions) else None


def weights_of(module: nn.Module) -> Iterator[Tensor]:
    """The parameters of a module and of all in it; torch's own way takes ten times as long."""
    for weight in module._parameters.values():
        if weight is not None:
            yield weight
    for child in module._modules.values():
        if child is not None:
            yield from weights_of(child)


def _spread(weight: Tensor) -> Tensor:
    """Numbers of all rows and columns of a weight, or of as many as is cheap: a view of it."""
    numbers = weight.detach().view(-1)
    step = numbers.numel() // _SAMPLES | 1  # odd, as widths are not: rows give other columns
    return numbers[::step]


def _version(weight: Tensor) -> int:
    """How often a weight was changed in place; nobody counts for those of `inference_mode`."""
    return 0 if weight.is_inference() else weight._version

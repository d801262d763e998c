"""What the task "vision" asks of its models.

Shapes: B images, C channels, S side, K classes.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch import Tensor


class ImageModel(Protocol):
    """A network that classifies images.

    Made as `Model(config, channels=…, size=…, classes=…)`.
    """

    output: Any  # the last layer, a module

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> logits (B, K)"""


@runtime_checkable
class HasAuxiliaryOutputs(Protocol):
    """A network with outputs half-way up, which the task trains together with the main one."""

    def all_logits(self, images: Tensor) -> list[tuple[float, Tensor]]:
        """(B, C, S, S) -> [(weight in the training loss, logits (B, K)), …], the main one first"""

"""What the task "vision" asks of its models.

Shapes: B images, C channels, S side, K classes.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class ImageModel(Protocol):
    """A network that classifies images. Made as `Model(config, channels=…, size=…, classes=…)`.

    One with auxiliary outputs also has `all_logits(images)`, which gives the logits of each with its share of the
    loss: [(1.0, (B, K)), (0.3, (B, K)), …].
    """

    output: Any  # the last layer, a module

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> logits (B, K)"""

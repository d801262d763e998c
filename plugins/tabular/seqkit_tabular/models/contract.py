"""What the tasks "regression" and "classification" ask of their models.

Shapes: B rows of a batch, D features, O outputs.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class TableModel(Protocol):
    """Made as `Model(config, features=…, outputs=…)`."""

    output: Any  # the last layer, a module

    def __call__(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, O): one number in standard deviations of the target, or logits"""

"""The form that the two networks for small images share: 5x5 convolutions, then one hidden layer.

Shapes: B images, C channels, S pixels a side. Convolutions are padded by 2 and keep S; each pooling
halves it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from .common import (
    ConvBlock,
    Dense,
    Init,
    Pooling,
    check_size,
    initialise,
    named,
    order_channels_last,
)


class SmallCNN(nn.Module):
    """5x5 convolutions, each pooled by 2, one hidden layer, output; subclasses give the numbers."""

    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {"batch-norm": {"batch_norm": True}}
    maps: ClassVar[tuple[int, ...]]
    units: ClassVar[int]

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        pooling: Pooling,
        batch_norm: bool,
        dropout: float,
        init: Init,
    ) -> None:
        super().__init__()
        shrinks_by = 2 ** len(self.maps)
        check_size(self, size, shrinks_by, "set data.size = 28")

        self.features = nn.Sequential()
        for i, (inputs, outputs) in enumerate(pairwise((channels, *self.maps)), 1):
            block = ConvBlock(inputs, outputs, 5, padding=2, batch_norm=batch_norm, pooling=pooling)
            self.features.add_module(f"block{i}", block)

        side = size // shrinks_by
        self.hidden = named(
            layer=Dense(self.maps[-1] * side * side, self.units, batch_norm=batch_norm),
            dropout=nn.Dropout(dropout),
        )
        self.output = nn.Linear(self.units, classes)

        initialise(self, init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        features = self.features(images)
        hidden = self.hidden(features.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits

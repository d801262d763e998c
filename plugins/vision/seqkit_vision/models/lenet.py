"""LeNet-5, in the form of "Dive into Deep Learning", section 7.6.

LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition",
section II.B. In the book's form there are plain sigmoids, every map of the second convolution sees
all six of the first, and a softmax output takes the place of Gaussian connections.

Shapes: B images, C channels, S pixels a side. At S = 28: (B, C, 28, 28) -> (B, 6, 28, 28)
-> pooled to 14 -> (B, 16, 10, 10) -> pooled to 5 -> 120 -> 84 -> classes.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import (
    BATCH_NORM,
    INIT,
    POOLING,
    Activation,
    ConvBlock,
    Dense,
    Init,
    Pooling,
    check_size,
    initialise,
    named,
    order_channels_last,
)


@section
class LeNetConfig:
    activation: Activation = setting("sigmoid or relu", default="sigmoid")
    pooling: Pooling = setting(POOLING, default="average")
    batch_norm: bool = setting(BATCH_NORM, default=False)
    init: Init = setting(INIT, default="xavier")


class LeNet(nn.Module):
    """Two 5x5 convolutions with pooling, then three linear layers."""

    Config = LeNetConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {},
        "batch-norm": {"batch_norm": True},
        "modern": {"activation": "relu", "pooling": "max", "init": "kaiming"},
    }

    def __init__(self, config: LeNetConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        check_size(self, size, 12, "set data.size = 28")
        norm, activation = config.batch_norm, config.activation
        block = partial(ConvBlock, batch_norm=norm, activation=activation, pooling=config.pooling)
        dense = partial(Dense, batch_norm=norm, activation=activation)

        self.features = named(
            block1=block(channels, 6, 5, padding=2),
            block2=block(6, 16, 5),
        )
        side = (size // 2 - 4) // 2
        self.hidden = named(
            layer1=dense(16 * side * side, 120),
            layer2=dense(120, 84),
        )
        self.output = nn.Linear(84, classes)

        initialise(self, config.init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        features = self.features(images)
        hidden = self.hidden(features.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits

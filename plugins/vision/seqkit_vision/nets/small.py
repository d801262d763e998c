"""Two nets for small images. `MnistCNN` follows LeNet-5 (LeCun et al. 1998) with ReLU, more maps and dropout
(Hinton et al. 2012, arXiv:1207.0580); `Cifar10CNN` has the three 5x5 convolutions of 32, 32 and 64 maps of
Krizhevsky's cuda-convnet for CIFAR-10 ("Learning multiple layers of features from tiny images", 2009, is the
data's paper), with a hidden layer of 64 units.

Shapes: B images, C channels, S pixels a side. Convolutions are padded by 2 and keep S; each pooling halves it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import (
    BATCH_NORM,
    INIT,
    POOLING,
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
class MnistCNNConfig:
    pooling: Pooling = setting(POOLING, default="max")
    batch_norm: bool = setting(BATCH_NORM, default=False)
    dropout: float = setting("dropout of the hidden layer", default=0.5, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


@section
class Cifar10CNNConfig:
    pooling: Pooling = setting(POOLING, default="max")
    batch_norm: bool = setting(BATCH_NORM, default=False)
    dropout: float = setting("dropout of the hidden layer", default=0.0, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class _SmallCNN(nn.Module):
    """5x5 convolutions, each pooled by 2, one hidden layer, output; the numbers are the subclass's."""

    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {"batch-norm": {"batch_norm": True}}
    maps: ClassVar[tuple[int, ...]]
    units: ClassVar[int]

    def __init__(
        self, config: MnistCNNConfig | Cifar10CNNConfig, *, channels: int, size: int, classes: int
    ) -> None:
        super().__init__()
        check_size(self, size, 2 ** len(self.maps), "set data.size = 28")
        c = config
        self.features = nn.Sequential()
        for i, (inputs, outputs) in enumerate(
            zip((channels, *self.maps), self.maps, strict=False), 1
        ):
            block = ConvBlock(
                inputs, outputs, 5, padding=2, batch_norm=c.batch_norm, pooling=c.pooling
            )
            self.features.add_module(f"block{i}", block)
        side = size // 2 ** len(self.maps)
        self.hidden = named(
            layer=Dense(self.maps[-1] * side * side, self.units, batch_norm=c.batch_norm),
            dropout=nn.Dropout(c.dropout),
        )
        self.output = nn.Linear(self.units, classes)
        initialise(self, c.init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        logits: Tensor = self.output(self.hidden(self.features(images).flatten(1)))
        return logits


class MnistCNN(_SmallCNN):
    Config = MnistCNNConfig
    maps = (32, 64)
    units = 1000


class Cifar10CNN(_SmallCNN):
    Config = Cifar10CNNConfig
    maps = (32, 32, 64)
    units = 64

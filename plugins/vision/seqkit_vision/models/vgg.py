"""VGG, as torchvision has it.

Simonyan & Zisserman 2014, "Very deep convolutional networks for large-scale image recognition",
arXiv:1409.1556, table 1, columns A, B, D, E.

Shapes: B images, C channels, S pixels a side. Five stages of 3x3 convolutions, each pooled by 2: at
S = 224 they end with 512 maps of 7 pixels. Other sizes are averaged to 7 x 7.

The small form leaves out the averaging and the poolings that would leave less than a pixel, and has
hidden layers of 512 units: with 7 x 7 equal copies of one pixel most of the 4,096-unit layers would
be idle.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import (
    DIVISOR,
    INIT,
    SMALL,
    ConvBlock,
    Init,
    check_size,
    initialise,
    order_channels_last,
)


@section
class VGGConfig:
    small: bool = setting(SMALL, default=False)
    divisor: int = setting(DIVISOR, default=1, ge=1, le=64)
    batch_norm: bool = setting(
        "batch norm after each convolution (arXiv:1502.03167)", default=False
    )
    dropout: float = setting("dropout after both hidden layers", default=0.5, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class VGG(nn.Module):
    """Five stages of convolutions, two hidden layers, output.

    `convolutions`, the number for each stage, is the subclass's.
    """

    Config = VGGConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {"divisor": 4, "init": "xavier"},
        "batch-norm": {"batch_norm": True},
        "small": {"small": True},
    }
    channels: ClassVar[tuple[int, ...]] = (64, 128, 256, 512, 512)
    convolutions: ClassVar[tuple[int, ...]]

    def __init__(self, config: VGGConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        c = config
        if not c.small:
            check_size(self, size, 32, 'set data.size = 224, or model.preset = "small"')

        self.features, maps, side = self._stages(c, channels, size)
        if c.small:
            units = 512
            self.pool: nn.Module = nn.Identity()
        else:
            side, units = 7, 4096
            self.pool = nn.AdaptiveAvgPool2d(side)
        self.hidden = nn.Sequential(
            nn.Linear(maps * side * side, units),
            nn.ReLU(),
            nn.Dropout(c.dropout),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Dropout(c.dropout),
        )
        self.output = nn.Linear(units, classes)

        initialise(self, c.init)
        order_channels_last(self)

    def _stages(self, c: VGGConfig, inputs: int, side: int) -> tuple[nn.Sequential, int, int]:
        """The convolutions, how many maps they give, and of what side."""
        layers: list[nn.Module] = []
        for channels, count in zip(self.channels, self.convolutions, strict=True):
            outputs = channels // c.divisor
            for _ in range(count):
                layers += ConvBlock(inputs, outputs, 3, padding=1, batch_norm=c.batch_norm)
                inputs = outputs
            if side > 1 or not c.small:
                layers.append(nn.MaxPool2d(2, 2))
                side //= 2
        return nn.Sequential(*layers), inputs, side

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        features = self.pool(self.features(images))
        hidden = self.hidden(features.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits


class VGG11(VGG):
    convolutions = (1, 1, 2, 2, 2)


class VGG13(VGG):
    convolutions = (2, 2, 2, 2, 2)


class VGG16(VGG):
    convolutions = (2, 2, 3, 3, 3)


class VGG19(VGG):
    convolutions = (2, 2, 4, 4, 4)

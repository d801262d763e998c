"""AlexNet, in its one-tower form, as torchvision has it.

Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural
networks"; one tower: Krizhevsky 2014, arXiv:1404.5997.

Shapes: B images, C channels, S pixels a side. At S = 224 the convolutions give 64 maps of 55, 192
of 27, and 384, 256, 256 of 13 pixels; pooled to 6. Other sizes are averaged to 6 x 6.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import INIT, ConvBlock, Init, check_size, initialise, order_channels_last


@section
class AlexNetConfig:
    batch_norm: bool = setting(
        "batch norm after each convolution (arXiv:1502.03167)", default=False
    )
    dropout: float = setting("dropout before both hidden layers", default=0.5, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class AlexNet(nn.Module):
    """Five convolutions, two hidden layers of 4,096 units, output."""

    Config = AlexNetConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {"batch-norm": {"batch_norm": True}}

    def __init__(self, config: AlexNetConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        check_size(self, size, 63, "set data.size = 224")

        norm = config.batch_norm
        self.features = nn.Sequential(
            *ConvBlock(channels, 64, 11, stride=4, padding=2, batch_norm=norm),
            nn.MaxPool2d(3, 2),
            *ConvBlock(64, 192, 5, padding=2, batch_norm=norm),
            nn.MaxPool2d(3, 2),
            *ConvBlock(192, 384, 3, padding=1, batch_norm=norm),
            *ConvBlock(384, 256, 3, padding=1, batch_norm=norm),
            *ConvBlock(256, 256, 3, padding=1, batch_norm=norm),
            nn.MaxPool2d(3, 2),
        )
        self.pool = nn.AdaptiveAvgPool2d(6)
        self.hidden = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
        )
        self.output = nn.Linear(4096, classes)

        initialise(self, config.init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        features = self.pool(self.features(images))
        hidden = self.hidden(features.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits

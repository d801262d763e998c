"""DenseNet-121, as torchvision has it.

Huang, Liu, van der Maaten & Weinberger 2016, "Densely connected convolutional networks",
arXiv:1608.06993, table 1 (DenseNet-BC: bottlenecks of 4 k maps, transitions that halve).

Shapes: B images, C channels, S pixels a side, I input maps of a layer, k = `growth`. At S = 224:
stem -> 2 k maps of 56; four dense blocks at 56, 28, 14 and 7 pixels, each layer of which adds k
maps; mean over the pixels -> classes. The small form's stem is one 3x3 convolution that keeps S
(section 3, "Implementation details": the networks for CIFAR).
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from seqkit.config import section, setting

from .common import INIT, SMALL, ConvBlock, Init, check_size, initialise, named, order_channels_last


@section
class DenseNetConfig:
    small: bool = setting(SMALL, default=False)
    growth: int = setting(
        "maps that each layer adds, k; the stem has twice as many", default=32, ge=1
    )
    init: Init = setting(INIT, default="kaiming")


class DenseNet121(nn.Module):
    """Four dense blocks with transitions between them."""

    Config = DenseNetConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {"small": {"small": True, "growth": 12}}
    layers: ClassVar[tuple[int, ...]] = (6, 12, 24, 16)

    def __init__(self, config: DenseNetConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        stem_maps = 2 * config.growth
        if config.small:
            check_size(self, size, 8, "set data.size = 32")
            self.stem = ConvBlock(channels, stem_maps, 3, padding=1, bias=False, batch_norm=True)
            self.pool: nn.Module = nn.Identity()
        else:
            check_size(self, size, 29, 'set data.size = 224, or model.preset = "small"')
            self.stem = ConvBlock(
                channels, stem_maps, 7, stride=2, padding=3, bias=False, batch_norm=True
            )
            self.pool = nn.MaxPool2d(3, 2, padding=1)

        self.features, maps = self._blocks(stem_maps, config.growth)
        self.output = nn.Linear(maps, classes)

        initialise(self, config.init)
        order_channels_last(self)

    def _blocks(self, maps: int, growth: int) -> tuple[nn.Sequential, int]:
        """The dense blocks with the transitions between them, and how many maps they give."""
        features = nn.Sequential()
        for i, count in enumerate(self.layers, 1):
            block = nn.Sequential()
            for j in range(1, count + 1):
                block.add_module(f"layer{j}", DenseLayer(maps, growth))
                maps += growth
            features.add_module(f"block{i}", block)

            if i < len(self.layers):
                features.add_module(f"transition{i}", _transition(maps))
                maps //= 2

        features.add_module("norm", nn.BatchNorm2d(maps))
        features.add_module("relu", nn.ReLU(inplace=True))
        return features, maps

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        maps = self.features(self.pool(self.stem(images)))
        logits: Tensor = self.output(maps.mean((2, 3)))
        return logits


class DenseLayer(nn.Module):
    """Norm, ReLU and convolution twice: 1x1 to 4 k maps, then 3x3 to k maps.

    These k maps are appended to the layer's input. A ReLU may overwrite the output of a norm, which
    does not need it again.
    """

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, S, S) -> (B, I + k, S, S)"""
        bottleneck = self.conv1(self.relu1(self.norm1(x)))
        added = self.conv2(self.relu2(self.norm2(bottleneck)))
        return torch.cat((x, added), 1)


def _transition(maps: int) -> nn.Sequential:
    """(B, I, S, S) -> (B, I / 2, S / 2, S / 2)"""
    return named(
        norm=nn.BatchNorm2d(maps),
        relu=nn.ReLU(inplace=True),
        conv=nn.Conv2d(maps, maps // 2, 1, bias=False),
        pool=nn.AvgPool2d(2, 2),
    )

"""GoogLeNet, as torchvision has it.

Szegedy et al. 2014, "Going deeper with convolutions", arXiv:1409.4842, table 1. torchvision has
batch norm after every convolution (Ioffe & Szegedy 2015, arXiv:1502.03167) and, in the third branch
of each block, 3x3 convolutions where the paper has 5x5: a known slip, which the published weights
depend on.

Shapes: B images, C channels, S pixels a side, I inputs and O outputs of a block. At S = 224: stem
-> 192 maps of 28; blocks 3 at 28, 4 at 14, 5 at 7 pixels; mean over the pixels -> 1,024 -> classes.
The small form's stem, two 3x3 convolutions with a pooling between them, halves S only once: images
of 28 pixels meet the blocks at 14, 7 and 4 pixels.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
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
    named,
    order_channels_last,
)

# Channels of each block: 1x1; 3x3 reduced, 3x3; "5x5" reduced, "5x5"; after the pooling (table 1).
_BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


@section
class GoogLeNetConfig:
    small: bool = setting(SMALL, default=False)
    divisor: int = setting(DIVISOR, default=1, ge=1, le=16)
    auxiliary: bool = setting(
        "two auxiliary outputs whose losses count 0.3 while training", default=False
    )
    dropout: float = setting("dropout before the output", default=0.4, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class GoogLeNet(nn.Module):
    """Nine blocks of four branches; `lower`, `middle` and `upper` end where outputs branch off."""

    Config = GoogLeNetConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"auxiliary": True},
        "small": {"small": True, "divisor": 4},
    }

    def __init__(self, config: GoogLeNetConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        c, d = config, config.divisor
        _check_size(self, size, c)

        self.lower = _stem(channels, c)
        self.lower.add_module("inception3a", Inception(192 // d, "3a", d))
        self.lower.add_module("inception3b", Inception(_outputs("3a", d), "3b", d))
        self.lower.add_module("pool3", nn.MaxPool2d(3, 2, ceil_mode=True))
        self.lower.add_module("inception4a", Inception(_outputs("3b", d), "4a", d))
        self.middle = named(
            inception4b=Inception(_outputs("4a", d), "4b", d),
            inception4c=Inception(_outputs("4b", d), "4c", d),
            inception4d=Inception(_outputs("4c", d), "4d", d),
        )
        self.upper = named(
            inception4e=Inception(_outputs("4d", d), "4e", d),
            pool4=nn.MaxPool2d(2, 2, ceil_mode=True),
            inception5a=Inception(_outputs("4e", d), "5a", d),
            inception5b=Inception(_outputs("5a", d), "5b", d),
        )
        self.aux1 = Auxiliary(_outputs("4a", d), classes, d) if c.auxiliary else None
        self.aux2 = Auxiliary(_outputs("4d", d), classes, d) if c.auxiliary else None
        self.dropout = nn.Dropout(c.dropout)
        self.output = nn.Linear(_outputs("5b", d), classes)

        initialise(self, c.init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        return self._logits(self.middle(self.lower(images)))

    def all_logits(self, images: Tensor) -> list[tuple[float, Tensor]]:
        """Weight in the training loss and logits of every output, the main one first.

        (B, C, S, S) -> [(weight, (B, classes)), …]. The weights are the paper's (section 5).
        """
        lower = self.lower(images)
        middle = self.middle(lower)
        outputs = [(1.0, self._logits(middle))]
        if self.aux1 is not None and self.aux2 is not None:
            outputs.append((0.3, self.aux1(lower)))
            outputs.append((0.3, self.aux2(middle)))
        return outputs

    def _logits(self, middle: Tensor) -> Tensor:
        features = self.upper(middle).mean((2, 3))
        logits: Tensor = self.output(self.dropout(features))
        return logits


def _check_size(net: GoogLeNet, size: int, c: GoogLeNetConfig) -> None:
    """With auxiliary outputs, the least size is that at which they see their 4x4 pixels."""
    if c.small:
        check_size(net, size, 15 if c.auxiliary else 3, "set data.size = 32")
    else:
        way_out = 'set data.size = 224, or model.preset = "small"'
        check_size(net, size, 63 if c.auxiliary else 15, way_out)


class Inception(nn.Module):
    """Four branches side by side: 1x1; 3x3; 3x3 for the paper's 5x5; pooling. Figure 2b."""

    def __init__(self, inputs: int, block: str, divisor: int) -> None:
        super().__init__()
        one, reduced3, three, reduced5, five, pooled = _channels(block, divisor)
        self.branch1 = _convolution(inputs, one, 1)
        self.branch2 = nn.Sequential(
            _convolution(inputs, reduced3, 1), _convolution(reduced3, three, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            _convolution(inputs, reduced5, 1), _convolution(reduced5, five, 3, padding=1)
        )
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), _convolution(inputs, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, S, S) -> (B, O, S, S)"""
        branches = (self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x))
        return torch.cat(branches, 1)


class Auxiliary(nn.Module):
    """An output half-way up, whose gradient skips the layers above. Section 5 of the paper."""

    def __init__(self, inputs: int, classes: int, divisor: int) -> None:
        super().__init__()
        maps, units = 128 // divisor, 1024 // divisor
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = _convolution(inputs, maps, 1)
        self.hidden = named(
            linear=nn.Linear(maps * 4 * 4, units), relu=nn.ReLU(), dropout=nn.Dropout(0.7)
        )
        self.output = nn.Linear(units, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, S, S) -> (B, classes)"""
        maps = self.conv(self.pool(x))
        hidden = self.hidden(maps.flatten(1))
        logits: Tensor = self.output(hidden)
        return logits


def _stem(channels: int, c: GoogLeNetConfig) -> nn.Sequential:
    narrow, wide = 64 // c.divisor, 192 // c.divisor
    if c.small:
        return named(
            conv1=_convolution(channels, narrow, 3, padding=1),
            pool1=nn.MaxPool2d(2, 2, ceil_mode=True),
            conv2=_convolution(narrow, wide, 3, padding=1),
        )
    return named(
        conv1=_convolution(channels, narrow, 7, stride=2, padding=3),
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
        conv2=_convolution(narrow, narrow, 1),
        conv3=_convolution(narrow, wide, 3, padding=1),
        pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
    )


def _convolution(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0
) -> ConvBlock:
    return ConvBlock(
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=padding,
        bias=False,
        batch_norm=True,
        eps=1e-3,
    )


def _channels(block: str, divisor: int) -> list[int]:
    return [channels // divisor for channels in _BLOCKS[block]]


def _outputs(block: str, divisor: int) -> int:
    """Channels that a block gives."""
    one, _, three, _, five, pooled = _channels(block, divisor)
    return one + three + five + pooled

"""Network in network. Lin, Chen & Yan 2013, arXiv:1312.4400.

Every convolution is followed by two 1x1 convolutions, a small network that slides over the image,
and the maps of the last block are averaged into the logits (section 3.2).

The paper gives no table. The large form is that of "Dive into Deep Learning", section 8.3 (the
authors' network for ImageNet). The small one is the authors' network for CIFAR-10: 192-160-96,
192-192-192, 192-192-classes, overlapping poolings of 3 by 2, the first of maxima and the second of
averages, each followed by dropout. In both the logits are the averages of a linear layer, where the
authors had a last ReLU: it would leave a class that is off without a gradient.

Shapes: B images, C channels, S pixels a side.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import (
    BATCH_NORM,
    INIT,
    SMALL,
    ConvBlock,
    Init,
    check_size,
    initialise,
    named,
    order_channels_last,
)


@section
class NiNConfig:
    small: bool = setting(SMALL, default=False)
    width: int = setting(
        "channels of the first layer, the others in proportion; 0 = the paper's 96, "
        "or 192 in the small form",
        default=0,
        ge=0,
    )
    batch_norm: bool = setting(BATCH_NORM, default=False)
    dropout: float = setting(
        "dropout before the last block; in the small form after each pooling",
        default=0.5,
        ge=0,
        lt=1,
    )
    init: Init = setting(INIT, default="kaiming")


class NiN(nn.Module):
    """Blocks of one wide and two 1x1 convolutions; no linear layers."""

    Config = NiNConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {"init": "xavier"},
        "batch-norm": {"batch_norm": True},
        "small": {"small": True},
    }

    def __init__(self, config: NiNConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        c = config

        if c.small:
            check_size(self, size, 4, "set data.size = 32")
            self.features = _small(channels, c)
            self.output = nn.Conv2d(_scaled(192, 192, c.width), classes, 1)
        else:
            check_size(self, size, 67, 'set data.size = 224, or model.preset = "small"')
            self.features = _large(channels, classes, c)
            self.output = nn.Conv2d(classes, classes, 1)

        initialise(self, c.init)
        order_channels_last(self)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        maps: Tensor = self.output(self.features(images))  # (B, classes, S', S')
        return maps.mean((2, 3))


def _large(channels: int, classes: int, c: NiNConfig) -> nn.Sequential:
    first, second, third = (_scaled(width, 96, c.width) for width in (96, 256, 384))
    return named(
        block1=_block(channels, (first,) * 3, 11, c, stride=4),
        pool1=nn.MaxPool2d(3, 2),
        block2=_block(first, (second,) * 3, 5, c, padding=2),
        pool2=nn.MaxPool2d(3, 2),
        block3=_block(second, (third,) * 3, 3, c, padding=1),
        pool3=nn.MaxPool2d(3, 2),
        dropout=nn.Dropout(c.dropout),
        block4=_block(third, (classes, classes), 3, c, padding=1),
    )


def _small(channels: int, c: NiNConfig) -> nn.Sequential:
    full, middle, half = (_scaled(width, 192, c.width) for width in (192, 160, 96))
    return named(
        block1=_block(channels, (full, middle, half), 5, c, padding=2),
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
        dropout1=nn.Dropout(c.dropout),
        block2=_block(half, (full, full, full), 5, c, padding=2),
        pool2=nn.AvgPool2d(3, 2, ceil_mode=True),
        dropout2=nn.Dropout(c.dropout),
        block3=_block(full, (full, full), 3, c, padding=1),
    )


def _scaled(channels: int, of: int, width: int) -> int:
    """`channels` where the first layer has `width` in place of `of`."""
    return max(1, channels * width // of) if width else channels


def _block(
    inputs: int,
    widths: tuple[int, ...],
    kernel: int,
    c: NiNConfig,
    *,
    stride: int = 1,
    padding: int = 0,
) -> nn.Sequential:
    """A convolution, and a 1x1 convolution for each width after the first."""
    norm = c.batch_norm
    first = ConvBlock(inputs, widths[0], kernel, stride=stride, padding=padding, batch_norm=norm)

    block = nn.Sequential(first)
    for before, after in pairwise(widths):
        block.append(ConvBlock(before, after, 1, batch_norm=norm))
    return block

"""ResNet. He, Zhang, Ren & Sun 2015, "Deep residual learning for image recognition", arXiv:1512.03385, table 1, as
torchvision has it: the bottleneck of ResNet-50 halves the image in its 3x3 convolution, not in its first 1x1.

Shapes: B images, C channels, S pixels a side, W = `width`. At S = 224: stem -> W maps of 56; stages of W, 2 W, 4 W
and 8 W maps (times 4 for ResNet-50) of 56, 28, 14 and 7 pixels; mean over them -> classes. The small form's stem is
one 3x3 convolution that keeps S (section 4.2, the nets for CIFAR-10).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting

from .common import INIT, SMALL, ConvBlock, Init, initialise, named, order_channels_last


@section
class ResNetConfig:
    small: bool = setting(SMALL, default=False)
    width: int = setting(
        "channels of the first stage; each later one has twice as many", default=64, ge=1
    )
    zero_init: bool = setting(
        "every block begins as the identity: the scale of its last norm is 0 (arXiv:1706.02677, section 5.1)",
        default=False,
    )
    init: Init = setting(INIT, default="kaiming")


class ResNet(nn.Module):
    """Four stages of residual blocks; their number and kind are the subclass's."""

    Config = ResNetConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {"small": {"small": True, "width": 16}}
    blocks: ClassVar[tuple[int, int, int, int]]
    bottleneck: ClassVar[bool] = False

    def __init__(self, config: ResNetConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        c = config
        if c.small:
            self.stem = ConvBlock(channels, c.width, 3, padding=1, bias=False, batch_norm=True)
        else:
            self.stem = ConvBlock(
                channels, c.width, 7, stride=2, padding=3, bias=False, batch_norm=True
            )
        self.pool = nn.Identity() if c.small else nn.MaxPool2d(3, 2, padding=1)
        blocks = self._blocks(c.width)
        self.stage1, self.stage2, self.stage3, self.stage4 = (
            nn.Sequential(*(next(blocks) for _ in range(count))) for count in self.blocks
        )
        self.output = nn.Linear(self._outputs(8 * c.width), classes)
        initialise(self, c.init)
        order_channels_last(self)
        if c.zero_init:
            last = "residual.norm3.weight" if self.bottleneck else "residual.norm2.weight"
            for name, weight in self.named_parameters():
                if name.endswith(last):
                    nn.init.zeros_(weight)

    def _outputs(self, width: int) -> int:
        return 4 * width if self.bottleneck else width

    def _blocks(self, width: int) -> Iterator[Block]:
        """All blocks in order; the first of each stage after stage 1 halves the image."""
        inputs = width
        for stage, count in enumerate(self.blocks):
            for i in range(count):
                yield Block(
                    inputs, width, bottleneck=self.bottleneck, stride=2 if stage and not i else 1
                )
                inputs = self._outputs(width)
            width *= 2

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        x = self.pool(self.stem(images))
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        logits: Tensor = self.output(x.mean((2, 3)))
        return logits


class Block(nn.Module):
    """ReLU(residual(x) + shortcut(x)). Figure 5 of the paper: two 3x3 convolutions, or 1x1, 3x3 and 1x1 to 4 W."""

    def __init__(self, inputs: int, width: int, *, bottleneck: bool, stride: int) -> None:
        super().__init__()
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            self.residual = named(
                conv1=nn.Conv2d(inputs, width, 1, bias=False),
                norm1=nn.BatchNorm2d(width),
                relu1=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, width, 3, stride, 1, bias=False),
                norm2=nn.BatchNorm2d(width),
                relu2=nn.ReLU(inplace=True),
                conv3=nn.Conv2d(width, outputs, 1, bias=False),
                norm3=nn.BatchNorm2d(outputs),
            )
        else:
            self.residual = named(
                conv1=nn.Conv2d(inputs, width, 3, stride, 1, bias=False),
                norm1=nn.BatchNorm2d(width),
                relu1=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, width, 3, 1, 1, bias=False),
                norm2=nn.BatchNorm2d(width),
            )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(outputs))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, S, S) -> (B, O, S', S')"""
        both = self.residual(x)
        both += self.shortcut(
            x
        )  # in place, like the ReLUs: a norm does not need what it gave again
        out: Tensor = self.relu(both)
        return out


class ResNet18(ResNet):
    blocks = (2, 2, 2, 2)


class ResNet34(ResNet):
    blocks = (3, 4, 6, 3)


class ResNet50(ResNet):
    blocks = (3, 4, 6, 3)
    bottleneck = True

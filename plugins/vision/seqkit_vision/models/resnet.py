"""ResNet, as torchvision has it.

He, Zhang, Ren & Sun 2015, "Deep residual learning for image recognition", arXiv:1512.03385,
table 1. The bottleneck of ResNet-50 halves the image in its 3x3 convolution, not in its first 1x1.

Shapes: B images, C channels, S pixels a side, I inputs and O outputs of a block, W = `width`. At
S = 224: stem -> W maps of 56; stages of W, 2 W, 4 W and 8 W maps (times 4 for ResNet-50) of 56, 28,
14 and 7 pixels; mean over the pixels -> classes. The small form's stem is one 3x3 convolution that
keeps S (section 4.2, the networks for CIFAR-10).
"""

from __future__ import annotations

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
        "every block begins as the identity: the scale of its last norm is 0 "
        "(arXiv:1706.02677, section 5.1)",
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
            self.pool: nn.Module = nn.Identity()
        else:
            self.stem = ConvBlock(
                channels, c.width, 7, stride=2, padding=3, bias=False, batch_norm=True
            )
            self.pool = nn.MaxPool2d(3, 2, padding=1)

        self.stage1 = self._stage(0, c.width)
        self.stage2 = self._stage(1, c.width)
        self.stage3 = self._stage(2, c.width)
        self.stage4 = self._stage(3, c.width)
        self.output = nn.Linear(self._outputs(3, c.width), classes)

        initialise(self, c.init)
        order_channels_last(self)
        if c.zero_init:
            self._start_as_identity()

    def _outputs(self, stage: int, width: int) -> int:
        """Maps that a stage gives, counted from 0."""
        maps: int = width * 2**stage
        return 4 * maps if self.bottleneck else maps

    def _stage(self, stage: int, width: int) -> nn.Sequential:
        """The blocks of a stage, counted from 0; after stage 0, the first halves the image."""
        maps = width * 2**stage
        inputs = width if stage == 0 else self._outputs(stage - 1, width)
        outputs = self._outputs(stage, width)
        stride = 1 if stage == 0 else 2

        first = Block(inputs, maps, bottleneck=self.bottleneck, stride=stride)
        blocks = nn.Sequential(first)
        for _ in range(self.blocks[stage] - 1):
            blocks.append(Block(outputs, maps, bottleneck=self.bottleneck, stride=1))
        return blocks

    def _start_as_identity(self) -> None:
        last_norm = "residual.norm3.weight" if self.bottleneck else "residual.norm2.weight"
        for name, weight in self.named_parameters():
            if name.endswith(last_norm):
                nn.init.zeros_(weight)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        x = self.pool(self.stem(images))
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        logits: Tensor = self.output(x.mean((2, 3)))
        return logits


class Block(nn.Module):
    """ReLU(residual(x) + shortcut(x)), figure 5 of the paper.

    The residual is two 3x3 convolutions, or 1x1, 3x3 and 1x1 to 4 W maps.
    """

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
        both += self.shortcut(x)  # in place, like the ReLUs: a norm does not need its output again
        out: Tensor = self.relu(both)
        return out


class ResNet18(ResNet):
    blocks = (2, 2, 2, 2)


class ResNet34(ResNet):
    blocks = (3, 4, 6, 3)


class ResNet50(ResNet):
    blocks = (3, 4, 6, 3)
    bottleneck = True

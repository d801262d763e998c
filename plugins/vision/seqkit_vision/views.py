"""What is done to a batch of bytes on its way to the model: augmentation while training, then normalisation.

Crops, flips and erased patches are drawn for each image (torchvision's v2 transforms draw once for a whole batch);
colours and mixtures are torchvision's. Random numbers are torch's, so a resumed run goes on with the same ones.

Shapes: B images, C channels, S side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_COLOUR_GROUP = 4  # images that share one change of colour


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed; 0 and False leave them as they are."""

    crop: int = 0
    flip: bool = False
    colour: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, of values between 0 and 1."""

    mean: list[float]
    std: list[float]

    def __call__(self, pixels: Tensor) -> Tensor:
        """(B, C, S, S) uint8 -> float, channels last in memory."""
        mean, std = (
            255 * torch.tensor(v, device=pixels.device)[:, None, None]
            for v in (self.mean, self.std)
        )
        return pixels.to(torch.float32, memory_format=torch.channels_last).sub_(mean).div_(std)


@dataclass(frozen=True)
class Plain:
    """The view for measuring: normalised, nothing else."""

    normalise: Normalisation

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return self.normalise(pixels), labels


class Augmented:
    """The view for training."""

    def __init__(self, normalise: Normalisation, how: Augmentation, classes: int) -> None:
        self.normalise, self.how = normalise, how
        self._jitter = self._mix = None
        if how.colour or how.mixup or how.cutmix:
            from .compat import torchvision

            v2 = torchvision.transforms.v2
            if how.colour:
                self._jitter = v2.ColorJitter(how.colour, how.colour, how.colour)
            kinds = [(v2.MixUp, how.mixup), (v2.CutMix, how.cutmix)]
            mixes = [kind(alpha=alpha, num_classes=classes) for kind, alpha in kinds if alpha]
            self._mix = v2.RandomChoice(mixes) if mixes else None

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self.how.crop or self.how.flip:
            pixels = shift(pixels, self.how.crop, self.how.flip)
        if self._jitter:
            pixels = torch.cat([self._jitter(part) for part in pixels.split(_COLOUR_GROUP)])
        images = self.normalise(pixels)
        if self.how.erase:
            images = erase(images, self.how.erase)
        return self._mix(images, labels) if self._mix else (images, labels)


def shift(pixels: Tensor, margin: int, flip: bool) -> Tensor:
    """Each image moved by up to `margin` pixels both ways, black coming in, and mirrored half of the time. Same shape.

    He et al. 2015, arXiv:1512.03385, section 4.2.
    """
    count, _, side, _ = pixels.shape
    padded = torch.nn.functional.pad(pixels, (margin,) * 4)
    device, steps = pixels.device, torch.arange(side, device=pixels.device)
    corner = torch.randint(2 * margin + 1, (2, count, 1), device=device)
    columns = corner[1] + steps
    if flip:
        mirrored = torch.rand(count, 1, device=device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    image = torch.arange(count, device=device)[:, None, None]
    picked = padded.permute(0, 2, 3, 1)[
        image, (corner[0] + steps)[:, :, None], columns[:, None, :]
    ]  # (B, S, S, C)
    return picked.permute(0, 3, 1, 2)


def erase(images: Tensor, probability: float) -> Tensor:
    """A rectangle of 2 to 33 % of the area set to the mean in a share of the images, in place. Same shape.

    Zhong et al. 2017, arXiv:1708.04896, with aspect ratios between 0.3 and 3.3.
    """
    count, side, device = len(images), images.shape[-1], images.device
    draw = torch.rand(5, count, device=device)
    area = side**2 * (0.02 + 0.31 * draw[0])
    aspect = torch.exp((2 * draw[1] - 1) * 1.2)  # log-uniform between 0.3 and 3.3
    height, width = ((area * ratio).sqrt().round().clamp(1, side) for ratio in (aspect, 1 / aspect))
    top, left = ((side - height + 1) * draw[2]).floor(), ((side - width + 1) * draw[3]).floor()
    steps = torch.arange(side, device=device)
    rows = (steps >= top[:, None]) & (steps < (top + height)[:, None])
    columns = (steps >= left[:, None]) & (steps < (left + width)[:, None])
    hit = (
        rows[:, None, :, None]
        & columns[:, None, None, :]
        & (draw[4] < probability)[:, None, None, None]
    )
    return images.masked_fill_(hit, 0.0)

"""What happens to a batch of bytes on its way to the model: augmentation, then normalisation.

Crops, flips and erased patches are drawn for each image (torchvision's v2 transforms draw once for
a whole batch); colours and mixtures are torchvision's. Random numbers are torch's, so a resumed run
continues with the same ones.

Shapes: B images, C channels, S side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_COLOUR_GROUP = 4  # images that share one change of colour

# Zhong et al. 2017, arXiv:1708.04896, section 4.2.
_ERASED_AREA = (0.02, 0.31)  # least share of the image, and how much it varies
_ERASED_LOG_ASPECT = 1.2  # height to width is between exp(-1.2) = 0.3 and exp(1.2) = 3.3


@dataclass(frozen=True)
class Augmentation:
    """How training images are changed; 0 and False leave them untouched."""

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
        mean = 255 * torch.tensor(self.mean, device=pixels.device)[:, None, None]
        std = 255 * torch.tensor(self.std, device=pixels.device)[:, None, None]
        values = pixels.to(torch.float32, memory_format=torch.channels_last)
        return values.sub_(mean).div_(std)


@dataclass(frozen=True)
class Plain:
    """The view for evaluation: normalised, nothing else."""

    normalise: Normalisation

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return self.normalise(pixels), labels


class Augmented:
    """The view for training."""

    def __init__(self, normalise: Normalisation, how: Augmentation, classes: int) -> None:
        self.normalise = normalise
        self.how = how
        self._jitter = _colour_jitter(how.colour)
        self._mix = _mixtures(how, classes)

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self.how.crop or self.how.flip:
            pixels = shift(pixels, self.how.crop, self.how.flip)
        if self._jitter:
            groups = pixels.split(_COLOUR_GROUP)
            pixels = torch.cat([self._jitter(group) for group in groups])

        images = self.normalise(pixels)
        if self.how.erase:
            images = erase(images, self.how.erase)
        if self._mix:
            return self._mix(images, labels)
        return images, labels


def _colour_jitter(strength: float) -> Callable[[Tensor], Tensor] | None:
    if not strength:
        return None
    from .compat import torchvision

    jitter: Callable[[Tensor], Tensor] = torchvision.transforms.v2.ColorJitter(
        brightness=strength, contrast=strength, saturation=strength
    )
    return jitter


def _mixtures(
    how: Augmentation, classes: int
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None:
    if not how.mixup and not how.cutmix:
        return None
    from .compat import torchvision

    v2 = torchvision.transforms.v2
    kinds: list[Any] = []
    if how.mixup:
        kinds.append(v2.MixUp(alpha=how.mixup, num_classes=classes))
    if how.cutmix:
        kinds.append(v2.CutMix(alpha=how.cutmix, num_classes=classes))

    one_of_them: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = v2.RandomChoice(kinds)
    return one_of_them


def shift(pixels: Tensor, margin: int, flip: bool) -> Tensor:
    """Shift each image by up to `margin` pixels both ways, filling with black, and mirror half.

    (B, C, S, S) -> (B, C, S, S). He et al. 2015, arXiv:1512.03385, section 4.2.
    """
    count, _, side, _ = pixels.shape
    device = pixels.device
    padded = F.pad(pixels, (margin, margin, margin, margin)).permute(0, 2, 3, 1)

    # The row and the column of `padded` from which each pixel comes.
    steps = torch.arange(side, device=device)
    top, left = torch.randint(2 * margin + 1, (2, count, 1), device=device)
    rows = top + steps  # (B, S)
    columns = left + steps  # (B, S)
    if flip:
        mirrored = torch.rand(count, 1, device=device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)

    image = torch.arange(count, device=device)[:, None, None]
    picked = padded[image, rows[:, :, None], columns[:, None, :]]  # (B, S, S, C)
    return picked.permute(0, 3, 1, 2)


def erase(images: Tensor, probability: float) -> Tensor:
    """Set a rectangle to the mean in a share of the normalised images, in place.

    (B, C, S, S) -> (B, C, S, S). Zhong et al. 2017, arXiv:1708.04896, algorithm 1.
    """
    count = len(images)
    side = images.shape[-1]
    draw = torch.rand(5, count, device=images.device)

    least, varies_by = _ERASED_AREA
    area = side**2 * (least + varies_by * draw[0])
    aspect = torch.exp((2 * draw[1] - 1) * _ERASED_LOG_ASPECT)
    height = (area * aspect).sqrt().round().clamp(1, side)
    width = (area * (1 / aspect)).sqrt().round().clamp(1, side)
    top = ((side - height + 1) * draw[2]).floor()
    left = ((side - width + 1) * draw[3]).floor()

    rows = _between(top, height, side)
    columns = _between(left, width, side)
    chosen = draw[4] < probability
    erased = rows[:, None, :, None] & columns[:, None, None, :] & chosen[:, None, None, None]
    return images.masked_fill_(erased, 0.0)


def _between(start: Tensor, length: Tensor, side: int) -> Tensor:
    """Which of `side` places are in the interval of each image: (B,), (B,) -> (B, side)"""
    steps = torch.arange(side, device=start.device)
    begin = start[:, None]
    end = begin + length[:, None]
    return (steps >= begin) & (steps < end)

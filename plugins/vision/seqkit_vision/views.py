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
        device = pixels.device
        mean = torch.tensor(self.mean, device=device)[:, None, None]
        std = torch.tensor(self.std, device=device)[:, None, None]

        values = pixels.to(torch.float32, memory_format=torch.channels_last)
        values.sub_(255 * mean)
        values.div_(255 * std)
        return values


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
        how = self.how
        if how.crop or how.flip:
            pixels = shift(pixels, how.crop, how.flip)

        if self._jitter:
            groups = pixels.split(_COLOUR_GROUP)
            changed = [self._jitter(group) for group in groups]
            pixels = torch.cat(changed)

        images = self.normalise(pixels)
        if how.erase:
            images = erase(images, how.erase)

        if self._mix:
            return self._mix(images, labels)
        return images, labels


def _colour_jitter(strength: float) -> Callable[[Tensor], Tensor] | None:
    if not strength:
        return None
    from .compat import torchvision

    jitter: Callable[[Tensor], Tensor] = torchvision.transforms.v2.ColorJitter(
        brightness=strength,
        contrast=strength,
        saturation=strength,
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
        mixup = v2.MixUp(alpha=how.mixup, num_classes=classes)
        kinds.append(mixup)
    if how.cutmix:
        cutmix = v2.CutMix(alpha=how.cutmix, num_classes=classes)
        kinds.append(cutmix)

    one_of_them: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = v2.RandomChoice(kinds)
    return one_of_them


def shift(pixels: Tensor, margin: int, flip: bool) -> Tensor:
    """Shift each image by up to `margin` pixels both ways, filling with black, and mirror half.

    (B, C, S, S) -> (B, C, S, S). He et al. 2015, arXiv:1512.03385, section 4.2.
    """
    count, _, side, _ = pixels.shape
    device = pixels.device
    margins = (margin, margin, margin, margin)
    padded = F.pad(pixels, margins)

    # The row and the column of `padded` from which each pixel comes.
    steps = torch.arange(side, device=device)
    places = 2 * margin + 1
    top, left = torch.randint(places, (2, count, 1), device=device)
    rows = top + steps  # (B, S)
    columns = left + steps  # (B, S)
    if flip:
        mirrored = torch.rand(count, 1, device=device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)

    image = torch.arange(count, device=device)[:, None, None]
    row = rows[:, :, None]
    column = columns[:, None, :]
    channels_last = padded.permute(0, 2, 3, 1)
    picked = channels_last[image, row, column]  # (B, S, S, C)
    return picked.permute(0, 3, 1, 2)


def erase(images: Tensor, probability: float) -> Tensor:
    """Set a rectangle to the mean in a share of the normalised images, in place.

    (B, C, S, S) -> (B, C, S, S). Zhong et al. 2017, arXiv:1708.04896, algorithm 1.
    """
    count = len(images)
    side = images.shape[-1]
    draw = torch.rand(5, count, device=images.device)
    height, width = _erased_sizes(draw[0], draw[1], side)

    possible_tops = side - height + 1
    top = (possible_tops * draw[2]).floor()
    possible_lefts = side - width + 1
    left = (possible_lefts * draw[3]).floor()

    rows = _between(top, height, side)
    columns = _between(left, width, side)
    chosen = draw[4] < probability

    in_rows = rows[:, None, :, None]
    in_columns = columns[:, None, None, :]
    in_image = chosen[:, None, None, None]
    erased = in_rows & in_columns & in_image
    return images.masked_fill_(erased, 0.0)


def _erased_sizes(area_draw: Tensor, aspect_draw: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Height and width of rectangles, from numbers drawn between 0 and 1. (B,) each."""
    least, varies_by = _ERASED_AREA
    share = least + varies_by * area_draw
    area = side**2 * share

    between = 2 * aspect_draw - 1  # -1 and 1
    aspect = torch.exp(between * _ERASED_LOG_ASPECT)
    height = (area * aspect).sqrt()
    width = (area * (1 / aspect)).sqrt()
    return height.round().clamp(1, side), width.round().clamp(1, side)


def _between(start: Tensor, length: Tensor, side: int) -> Tensor:
    """Which of `side` places are in the interval of each image: (B,), (B,) -> (B, side)"""
    steps = torch.arange(side, device=start.device)
    begin = start[:, None]
    end = begin + length[:, None]

    has_begun = steps >= begin
    has_not_ended = steps < end
    return has_begun & has_not_ended

"""How the images are scaled: computed from those of the training, before it.

Shapes: N images, B images of a batch, C channels, S side.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .images import ImageSet
from .views import Normalisation

_SAMPLE = 2000  # images of a large set from which mean and deviation are taken
_TOGETHER = 100  # images that are in memory at once
_SHADES = 256
_LEAST_DEVIATION = 1e-3  # a channel that varies less is not scaled


def channel_statistics(images: ImageSet, rows: Tensor) -> Normalisation:
    """Mean and deviation of each channel over the training images, or a sample of many."""
    if images.is_large:
        rows = rows[:_SAMPLE]

    counts = torch.zeros(images.channels, _SHADES, dtype=torch.int64)
    for part in rows.split(_TOGETHER):
        by_channel = images.pixels(part).transpose(0, 1).flatten(1)  # (C, B * S * S)
        for channel, shades in enumerate(by_channel):
            counts[channel] += torch.bincount(shades, minlength=_SHADES)

    count = len(rows) * images.size**2
    values = torch.arange(_SHADES, dtype=torch.float64) / 255
    mean = (counts * values).sum(1) / count
    mean_square = (counts * values.square()).sum(1) / count
    variance = mean_square - mean.square()
    deviation = variance.clamp(min=0).sqrt()

    varies = deviation > _LEAST_DEVIATION
    deviation = torch.where(varies, deviation, 1.0)
    return Normalisation(mean.tolist(), deviation.tolist())

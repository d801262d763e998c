"""How the images are scaled: computed from those of the training, before it.

Shapes: N images, B images of a batch, C channels, S side.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .images import ImageSet
from .views import Normalisation

_SAMPLE = 2000  # images of a large set from which mean and deviation are taken
_LEAST_DEVIATION = 1e-3  # a channel that varies less is not scaled


def channel_statistics(images: ImageSet, rows: Tensor) -> Normalisation:
    """Mean and deviation of each channel over the training images, or a sample of many."""
    if images.is_large:
        rows = rows[:_SAMPLE]

    total = torch.zeros(images.channels, dtype=torch.float64)
    squares = torch.zeros(images.channels, dtype=torch.float64)
    for part in rows.split(1000):
        pixels = images.pixels(part)
        by_channel = pixels.transpose(0, 1).flatten(1)  # (C, B * S * S)
        values = by_channel.double() / 255
        total += values.sum(1)
        squares += values.square().sum(1)

    count = len(rows) * images.size**2
    mean = total / count
    mean_square = squares / count
    variance = mean_square - mean.square()
    deviation = variance.clamp(min=0).sqrt()

    varies = deviation > _LEAST_DEVIATION
    deviation = torch.where(varies, deviation, 1.0)
    return Normalisation(mean.tolist(), deviation.tolist())

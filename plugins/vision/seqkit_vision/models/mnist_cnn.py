"""A network for MNIST, after LeNet-5 (LeCun et al. 1998).

It has ReLU, more maps, and dropout (Hinton et al. 2012, arXiv:1207.0580). Shapes: `SmallCNN`.
"""

from __future__ import annotations

from dataclasses import asdict

from seqkit.config import section, setting

from .common import BATCH_NORM, INIT, POOLING, Init, Pooling
from .small_cnn import SmallCNN


@section
class MnistCNNConfig:
    pooling: Pooling = setting(POOLING, default="max")
    batch_norm: bool = setting(BATCH_NORM, default=False)
    dropout: float = setting("dropout of the hidden layer", default=0.5, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class MnistCNN(SmallCNN):
    """Two convolutions and 1,000 hidden units."""

    Config = MnistCNNConfig
    maps = (32, 64)
    units = 1000

    def __init__(self, config: MnistCNNConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__(channels=channels, size=size, classes=classes, **asdict(config))

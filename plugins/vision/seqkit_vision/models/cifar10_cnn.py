"""A network for CIFAR-10: the three 5x5 convolutions of Krizhevsky's cuda-convnet.

They have 32, 32 and 64 maps; then comes a hidden layer of 64 units. The paper of the data is
Krizhevsky 2009, "Learning multiple layers of features from tiny images". Shapes: `SmallCNN`.
"""

from __future__ import annotations

from dataclasses import asdict

from seqkit.config import section, setting

from .common import BATCH_NORM, INIT, POOLING, Init, Pooling
from .small_cnn import SmallCNN


@section
class Cifar10CNNConfig:
    pooling: Pooling = setting(POOLING, default="max")
    batch_norm: bool = setting(BATCH_NORM, default=False)
    dropout: float = setting("dropout of the hidden layer", default=0.0, ge=0, lt=1)
    init: Init = setting(INIT, default="kaiming")


class Cifar10CNN(SmallCNN):
    """Three convolutions and 64 hidden units."""

    Config = Cifar10CNNConfig
    maps = (32, 32, 64)
    units = 64

    def __init__(self, config: Cifar10CNNConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__(channels=channels, size=size, classes=classes, **asdict(config))

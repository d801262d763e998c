import pytest
import torch

from seqkit.config import build
from seqkit.plugins import components


@pytest.fixture(scope="session")
def make():
    """`make("lenet", size=32, pooling="max")`: that network, always with the same weights."""

    def call(name, *, channels=1, size=28, classes=10, preset=None, device="cpu", **settings):
        torch.manual_seed(0)
        cls = components().models.load(name)
        chosen = cls.presets[preset] if preset else {}
        config = build(cls.Config, {**chosen, **settings}, name)
        with torch.device(device):
            return cls(config, channels=channels, size=size, classes=classes)

    return call

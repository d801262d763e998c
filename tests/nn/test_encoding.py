"""The encoder of a search beside the layers that training goes through."""

import pytest
import torch
from torch import nn

from seqkit.nn import products
from seqkit.nn.encoding import EncoderReader
from seqkit.nn.transformer import EncoderLayer

WIDTH = 8


def make_layers(prenorm, activation="relu"):
    torch.manual_seed(0)
    layers = []
    for _ in range(2):
        layer = EncoderLayer(
            WIDTH,
            2,
            16,
            dropout=0.0,
            attention_dropout=0.0,
            prenorm=prenorm,
            activation=activation,
        )
        for parameter in layer.parameters():
            nn.init.normal_(parameter, std=0.3)
        layers.append(layer)
    return layers


@pytest.mark.parametrize("enough", [0, products._ENOUGH], ids=["arranged", "few"])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize(("prenorm", "activation"), [(True, "relu"), (False, "swish")])
@torch.no_grad()
def test_a_source_is_read_as_by_the_layers(prenorm, activation, padded, enough, monkeypatch):
    monkeypatch.setattr(products, "_ENOUGH", enough)
    layers = make_layers(prenorm, activation)
    x = torch.randn(3, 5, WIDTH)
    lengths = torch.tensor([4, 2, 5])
    mask = (torch.arange(5) < lengths[:, None])[:, None, None] if padded else None

    expected = x
    for layer in layers:
        expected = layer(expected, mask)
    found = EncoderReader(layers)(x, mask)

    real = mask[:, 0, 0] if padded else torch.ones(3, 5, dtype=torch.bool)
    torch.testing.assert_close(found[real], expected[real], rtol=1e-5, atol=1e-5)

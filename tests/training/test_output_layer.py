"""A trained network on other classes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from seqkit.errors import CheckpointError
from seqkit.training.output_layer import keep_all_but_output


class Network(nn.Module):
    def __init__(self, classes, hidden=3):
        super().__init__()
        self.input = nn.Linear(2, hidden)
        self.auxiliary = nn.ModuleDict({"output": nn.Linear(hidden, classes)})
        self.output = nn.Linear(hidden, classes)


@torch.no_grad()
def test_all_is_kept_but_the_last_layers_which_are_named():
    trained, model = Network(4), Network(5)
    before = model.output.weight.clone()
    new = keep_all_but_output(trained, model, Path("run"))
    assert torch.equal(model.input.weight, trained.input.weight)
    assert torch.equal(model.output.weight, before)
    layers = ("auxiliary.output", "output")
    assert new == [f"{layer}.{name}" for layer in layers for name in ("weight", "bias")]


@pytest.mark.parametrize("other", [Network(4, hidden=6), nn.Sequential(nn.Linear(2, 3))])
def test_another_network_is_refused(other):
    with pytest.raises(CheckpointError, match="run is of another network: it differs in the"):
        keep_all_but_output(other, Network(4), Path("run"))

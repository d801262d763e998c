"""Activation checkpointing: less memory, the same numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from toy_task import make_trainer

from seqkit.errors import ConfigError
from seqkit.nn.transformer import DecoderLayer, EncoderLayer
from seqkit.training.recomputing import layers_of, recompute

RATES = {"dropout": 0.3, "attention_dropout": 0.2, "prenorm": True}


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(EncoderLayer(8, 2, 16, **RATES) for _ in range(2))
        self.decoder = nn.ModuleList(DecoderLayer(8, 2, 16, **RATES) for _ in range(2))

    def forward(self, x):
        memory = x
        for layer in self.encoder:
            memory = layer(memory, None)
        for layer in self.decoder:
            x = layer(x, memory, None)
        return x


def gradients(model, x):
    torch.manual_seed(7)
    model(x).square().sum().backward()
    return [parameter.grad for parameter in model.parameters()]


def kept_numbers(model, x):
    """How many numbers the forward pass keeps for the backward pass."""
    sizes = []

    def pack(tensor):
        sizes.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x)
    return sum(sizes)


def test_gradients_are_the_same_bit_for_bit_with_dropout():
    torch.manual_seed(1)
    model = Stack()
    x = torch.randn(3, 5, 8)
    plain, kept = gradients(model, x), kept_numbers(model, x)

    model.zero_grad()
    recompute(model)
    again = gradients(model, x)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))
    assert kept_numbers(model, x) < kept / 5


def test_the_names_of_weights_stay():
    model = Stack()
    names = list(model.state_dict())
    recompute(model)
    assert list(model.state_dict()) == names


def test_the_layers_are_the_members_of_the_innermost_stacks():
    def block():
        return nn.ModuleDict({"inside": nn.Sequential(nn.Linear(1, 1), nn.ReLU())})

    stages = nn.Sequential(nn.Sequential(block(), block()), nn.Sequential(block()), nn.Linear(1, 1))
    wanted = [stages[0][0], stages[0][1], stages[1][0]]
    found = layers_of(nn.ModuleDict({"stages": stages, "alone": block()}))
    assert [id(layer) for layer in found] == [id(layer) for layer in wanted]


def test_a_model_without_layers_or_with_batch_norm_in_all_is_refused():
    with pytest.raises(ConfigError, match=r"train.activation_checkpointing: this model has no"):
        make_trainer(activation_checkpointing=True)

    inside = nn.Sequential(nn.Linear(3, 1), nn.BatchNorm1d(1))
    with pytest.raises(ConfigError, match="batch norm"):
        recompute(nn.ModuleList([inside]))

"""Fine-tuning: frozen parts, and a last layer that learns faster."""

import pytest
import torch
from torch import nn
from toy_task import Lines

from seqkit.config import OptimConfig, TrainConfig
from seqkit.errors import ConfigError
from seqkit.training import Trainer
from seqkit.training.optim import freeze, train_mode


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.output = nn.Linear(3, 1)

    def forward(self, x):
        return self.output(self.second(self.first(x)))


def changes(optimizer="sgd", **optim):
    """By how much one update changes each parameter."""
    model = Net()
    before = {name: value.clone() for name, value in model.state_dict().items()}

    config = OptimConfig(name=optimizer, lr=0.1, beta1=0.0, clip=0.0, **optim)
    task = Lines(8, 8, carry=False, dropout=0.0)
    list(Trainer(task, model, TrainConfig(steps=1), config).run())

    return {name: value - before[name] for name, value in model.state_dict().items()}


@pytest.mark.parametrize(
    ("freeze", "trained"),
    [
        (["first"], {"second", "output"}),
        (["first", "output.bias"], {"second", "output"}),
        (["all"], {"output"}),
    ],
)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_frozen_parts_do_not_change(freeze, trained, optimizer):
    found = changes(optimizer, freeze=freeze)
    changed = {name.partition(".")[0] for name, change in found.items() if change.any()}
    assert changed == trained
    if "output.bias" in freeze:
        assert not found["output.bias"].any()


def test_a_name_means_a_whole_module_and_not_its_first_letters():
    with pytest.raises(
        ConfigError,
        match=r"no parameter begins with 'fir'\. Did you mean 'first'\? Known: first, out",
    ):
        changes(freeze=["fir"])


def test_tied_weights_are_frozen_by_any_of_their_names():
    for name in ("first", "second", "second.weight"):
        model = Net()
        model.second.weight = model.first.weight
        freeze(model, [name])
        assert not model.first.weight.requires_grad
        assert model.second.bias.requires_grad == (name != "second")


def test_freezing_everything_is_refused():
    with pytest.raises(ConfigError, match="leaves nothing to train"):
        changes(freeze=["all", "output"])


def test_the_last_layer_can_learn_faster():
    plain, fast = changes(), changes(output_rate=10.0)
    for name in plain:
        factor = 10.0 if name.startswith("output") else 1.0
        assert torch.allclose(fast[name], factor * plain[name], rtol=1e-4, atol=1e-7)


def test_frozen_batch_norm_keeps_its_running_statistics():
    for frozen in (True, False):
        norm, dropout = nn.BatchNorm1d(3), nn.Dropout(0.5)
        model = nn.Sequential(norm, dropout, nn.Linear(3, 1))
        norm.requires_grad_(not frozen)

        train_mode(model)
        model(torch.full((4, 3), 5.0))
        assert (norm.running_mean == 0).all() == frozen
        assert dropout.training, "all else is in training mode"

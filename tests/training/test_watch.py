"""What the trainer reports of each layer: gradient norms and dead units."""

import pytest
import torch
from torch import nn
from toy_task import Lines

from seqkit.config import OptimConfig, TrainConfig
from seqkit.training.events import Evaluated
from seqkit.training.trainer import Trainer
from seqkit.training.watch import activity, dead_shares


def test_a_unit_is_dead_if_no_input_ever_makes_it_fire():
    model = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([1.0, -1.0, -1.0]).view(3, 1, 1, 1))
        model[0].bias.copy_(torch.tensor([0.0, 0.0, -9.0]))
        model[3].weight.fill_(1.0)
        model[3].bias.copy_(torch.tensor([0.0, -1000.0]))
    with activity(model) as fired:
        model(torch.ones(2, 1, 2, 2))  # the first channel fires
        model(torch.cat([torch.zeros(1, 1, 2, 2), -torch.ones(1, 1, 2, 2)]))  # the second one, too
    assert dead_shares(fired) == {"1": pytest.approx(1 / 3), "4": 0.5}
    model(torch.full((1, 1, 2, 2), -100.0))
    assert not fired["1"][2], "nothing is recorded afterwards"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(3, 4)
        self.relu = nn.ReLU()
        self.output = nn.Linear(4, 1)

    def forward(self, x):
        return self.output(self.relu(self.hidden(x)))


def trainer(model, *, optim=None, **train):
    optim = OptimConfig(**{"name": "sgd", "lr": 0.01, "beta1": 0.0, "clip": 0.0} | (optim or {}))
    config = TrainConfig(**{"steps": 2, "eval_every": 2} | train)
    task = Lines(8, 8, carry=False, dropout=0.0)
    return Trainer(task, model, config, optim)


def test_each_evaluation_reports_the_gradients_of_the_update_before_it():
    model = Net()
    *_, updated, evaluated = trainer(model, watch=True).run()
    layers = evaluated.layers
    assert set(layers) == {"hidden", "relu", "output"}
    whole = sum(layers[name]["gradient"] ** 2 for name in ("hidden", "output")) ** 0.5
    assert whole == pytest.approx(updated.grad_norm, rel=1e-5)
    assert 0 <= layers["relu"]["dead"] <= 1


@pytest.mark.parametrize(("steps", "evaluations"), [(3, 2), (1, 1)])
def test_the_last_evaluation_reports_gradients_of_its_own(steps, evaluations):
    events = list(trainer(Net(), watch=True, steps=steps).run())
    layers = [event.layers for event in events if isinstance(event, Evaluated)]
    hidden = [layer["hidden"]["gradient"] for layer in layers]
    assert len(set(hidden)) == evaluations

    *_, updated, _ = events
    whole = hidden[-1] ** 2 + layers[-1]["output"]["gradient"] ** 2
    assert whole == pytest.approx(updated.grad_norm**2, rel=1e-5)


def test_nothing_is_watched_unless_it_is_asked_for():
    found = [event for event in trainer(Net()).run() if isinstance(event, Evaluated)]
    assert [event.layers for event in found] == [{}]

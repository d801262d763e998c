"""Layers and losses by their equations are torch's, values and gradients."""

import copy

import pytest
import torch
import torch.nn.functional as F
from seqkit_tabular import losses, scratch
from seqkit_tabular.models.mlp import MLP, MLPConfig
from torch import nn

DOUBLE = {"dtype": torch.float64}


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, **DOUBLE)


def same(ours, theirs, x):
    """Both give the same for `x`, and the same gradients of `x` and of their parameters."""
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, expected = ours(one), theirs(other)
    outer = random(*expected.shape, seed=1)
    torch.testing.assert_close(found, expected)
    (found * outer).sum().backward()
    (expected * outer).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad)


def test_a_linear_layer_begins_and_computes_as_torch_s():
    torch.manual_seed(0)
    theirs = nn.Linear(5, 3)
    torch.manual_seed(0)
    ours = scratch.Linear(5, 3)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    same(ours.double(), theirs.double(), random(7, 5))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("relu", nn.ReLU()), ("sigmoid", nn.Sigmoid()), ("tanh", nn.Tanh()), ("gelu", nn.GELU())],
)
def test_an_activation_is_torch_s(name, theirs):
    ours = scratch.Activation(name)
    same(ours, theirs, random(50))
    same(ours, theirs, torch.tensor([-800.0, -30.0, 30.0, 800.0], **DOUBLE))


def test_batch_norm_is_torch_s_while_training_and_afterwards():
    ours, theirs = scratch.BatchNorm(4).double(), nn.BatchNorm1d(4).double()
    start = {"weight": random(4, seed=2), "bias": random(4, seed=3)}
    for layer in (ours, theirs):
        layer.load_state_dict({**layer.state_dict(), **start})
    for seed in range(3):
        same(ours, theirs, 3 * random(6, 4, seed=seed) + 1)
        ours.zero_grad(), theirs.zero_grad()
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    same(ours.eval(), theirs.eval(), random(6, 4, seed=9))


def test_batch_norm_of_one_row_is_refused_as_by_torch():
    for layer in (scratch.BatchNorm(2), nn.BatchNorm1d(2)):
        with pytest.raises(ValueError, match="more than 1 value per channel when training"):
            layer(torch.zeros(1, 2))


def test_dropout_keeps_the_mean_and_does_nothing_in_evaluation():
    torch.manual_seed(0)
    layer = scratch.Dropout(0.25)
    found = layer(torch.ones(100_000))
    assert set(found.tolist()) == {0.0, float(torch.tensor(1 / 0.75))}
    assert float(found.mean()) == pytest.approx(1, abs=0.01)
    assert torch.equal(layer.eval()(torch.ones(5)), torch.ones(5))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (losses.mse(), F.mse_loss),
        (losses.l1(), F.l1_loss),
        (losses.huber(0.7), lambda p, y, reduction: F.huber_loss(p, y, reduction, 0.7)),
    ],
)
def test_a_loss_of_numbers_is_torch_s(ours, theirs):
    predictions, targets = random(40).requires_grad_(), random(40, seed=1)
    with torch.no_grad():
        predictions[0] = targets[0]  # where the absolute error has a corner
    check_loss(ours, theirs, predictions, targets)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_torch_s(smoothing):
    logits, labels = (20 * random(30, 4)).requires_grad_(), torch.arange(30) % 4
    ours = losses.cross_entropy(smoothing)

    def theirs(z, y, reduction):
        return F.cross_entropy(z, y, reduction=reduction, label_smoothing=smoothing)

    check_loss(ours, theirs, logits, labels)


def check_loss(ours, theirs, predictions, targets):
    """The sums, the weighted sums and their gradients agree."""
    weights = random(len(targets), seed=2).abs()
    for weight, found in ((1, ours(predictions, targets)), (weights, None)):
        found = ours(predictions, targets, weights) if found is None else found
        expected = (theirs(predictions, targets, reduction="none") * weight).sum()
        torch.testing.assert_close(found, expected)
        (mine,) = torch.autograd.grad(3 * found, predictions)
        (its,) = torch.autograd.grad(3 * expected, predictions)
        torch.testing.assert_close(mine, its)


def test_a_perceptron_of_either_form_takes_the_other_s_weights_and_answers_the_same():
    settings = {"hidden": [6, 5], "activation": "gelu", "batch_norm": True, "dropout": 0.0}
    built = {}
    for form in ("torch", "scratch"):
        torch.manual_seed(3)
        config = MLPConfig(**settings, implementation=form)
        built[form] = MLP(config, features=4, outputs=2).double()
    ours, theirs = built["scratch"], built["torch"]
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)

    same(ours, theirs, random(8, 4))
    again = copy.deepcopy(ours)
    again.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(again.eval()(random(3, 4)), theirs.eval()(random(3, 4)))

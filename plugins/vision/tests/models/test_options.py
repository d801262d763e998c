"""No option is dead: each changes what the network is or does, and only what it should."""

import dataclasses
import functools

import pytest
import torch
from torch import nn

from seqkit.plugins import components
from seqkit.training.devices import pick_precision

NAMES = [entry.name for entry in components().models if entry.target.startswith("seqkit_vision.")]
# Another value than any default or cheap one, by option.
OTHER = {
    "init": "xavier",
    "batch_norm": True,
    "pooling": "stochastic",
    "activation": "relu",
    "dropout": 0.75,
    "small": False,
    "width": 9,
    "divisor": 13,
    "growth": 3,
    "hidden": 11,
    "layers": 2,
    "auxiliary": True,
    "zero_init": True,
}
# What makes a net cheap beside its small form.
CHEAP = {"divisor": 16, "width": 8, "growth": 2, "hidden": 9}
OPTIONS = [
    (name, field.name)
    for name in NAMES
    for field in dataclasses.fields(components().models.load(name).Config)
]


def other(name, option):
    if option == "init" and name == "lenet":
        return "kaiming"
    return [9, 11] if (name, option) == ("mlp", "hidden") else OTHER[option]


@pytest.fixture(scope="module")
def cheap(make):
    """`cheap("vgg11", divisor=2)`: a network of few channels, by default in its small form."""

    def call(name, size=None, **settings):
        options = {
            field.name for field in dataclasses.fields(components().models.load(name).Config)
        }
        chosen = {key: value for key, value in CHEAP.items() if key in options}
        if name == "mlp":
            chosen = {"hidden": [9]}
        if "small" in options:
            chosen["small"] = True
        size = size or (28 if {**chosen, **settings}.get("small") else 70)
        return make(name, size=size, **{**chosen, **settings}), size

    return call


def seen(made):
    """The net's weights, by name, and its logits in training, with the same luck every time."""
    net, size = made
    x = torch.rand(3, 1, size, size, generator=torch.Generator().manual_seed(2))
    torch.manual_seed(3)
    with torch.no_grad():
        logits = net.train()(x)
    return dict(net.named_parameters()), logits


@pytest.fixture(scope="module")
def plain(cheap):
    """`plain("vgg11", 28)` is what is seen without an option, computed once."""

    @functools.cache
    def call(name, size):
        made = cheap(name, size=size)
        assert not differ(seen(made), seen(made))
        return seen(made)

    return call


def differ(first, second):
    (weights, logits), (others, other_logits) = first, second
    if weights.keys() != others.keys() or any(
        weights[key].shape != others[key].shape for key in weights
    ):
        return True
    return not torch.equal(logits, other_logits)


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_has_an_effect(name, option, cheap, plain):
    size = 70 if option == "small" or name == "alexnet" else 28
    without = plain(name, size)
    assert differ(without, seen(cheap(name, size=size, **{option: other(name, option)})))


@torch.no_grad()
@pytest.mark.parametrize(
    "name", [name for name, option in OPTIONS if option == "dropout" and name != "alexnet"]
)
def test_dropout_is_for_training_only(name, cheap):
    (plain, size), (dropping, _) = cheap(name, dropout=0.0), cheap(name, dropout=0.75)
    x = torch.rand(3, 1, size, size)
    torch.testing.assert_close(dropping.eval()(x), plain.eval()(x))
    assert torch.equal(plain.train()(x), plain(x))
    assert not torch.equal(dropping.train()(x), dropping(x))


@pytest.mark.parametrize(
    ("name", "norms"),
    [
        ("lenet", 4),
        ("mnist-cnn", 3),
        ("cifar10-cnn", 4),
        ("alexnet", 5),
        ("vgg11", 8),
        ("vgg19", 16),
        ("nin", 8),
    ],
)
def test_batch_norm_stands_between_a_layer_and_its_activation(name, norms, make):
    small = {"small": True} if name.startswith(("vgg", "nin")) else {}
    net = make(name, size=64, device="meta", batch_norm=True, **small)
    leaves = [
        layer
        for layer in net.modules()
        if not list(layer.children()) and not isinstance(layer, nn.MaxPool2d)
    ]
    places = [
        i for i, layer in enumerate(leaves) if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    assert len(places) == norms
    for i in places:
        assert isinstance(leaves[i - 1], nn.Conv2d | nn.Linear)
        assert isinstance(leaves[i + 1], nn.ReLU | nn.Sigmoid)
        assert leaves[i].num_features == len(leaves[i - 1].weight)


@torch.no_grad()
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_zero_init_makes_every_block_begin_as_the_identity(name, cheap):
    blocks = {zero: cheap(name, zero_init=zero)[0].train().stage1[1] for zero in (True, False)}
    x = torch.rand(2, blocks[True].residual.conv1.in_channels, 6, 6)
    assert torch.equal(blocks[True](x), x)
    assert not torch.allclose(blocks[False](x), x)


@pytest.mark.parametrize(
    ("name", "option", "value", "layer", "channels"),
    [
        ("vgg11", "divisor", 4, "features.0", 16),
        ("googlenet", "divisor", 4, "lower.conv2.conv", 48),
        ("nin", "width", 48, "features.block1.0.conv", 48),
        ("nin", "width", 48, "features.block1.1.conv", 40),
        ("nin", "width", 48, "features.block1.2.conv", 24),
        ("resnet18", "width", 20, "stage2.0.residual.conv2", 40),
        ("resnet50", "width", 20, "stage2.0.residual.conv3", 160),
        ("densenet121", "growth", 7, "stem.conv", 14),
        ("densenet121", "growth", 7, "features.block3.layer2.conv2", 7),
    ],
)
def test_widths_are_what_the_option_says(name, option, value, layer, channels, make):
    net = make(name, device="meta", small=True, **{option: value})
    assert net.get_submodule(layer).out_channels == channels


def test_a_small_form_keeps_more_pixels_to_the_end(make):
    """At 32 pixels, without the strided stem of the large form."""
    sides = {}
    for small in (True, False):
        net = make("resnet18", size=32, small=small, device="meta")
        net.stage4.register_forward_hook(
            lambda _, __, out, small=small: sides.update({small: out.size(-1)})
        )
        net(torch.zeros(2, 1, 32, 32, device="meta"))
    assert sides == {True: 4, False: 1}


def test_without_auxiliary_outputs_there_is_one(cheap):
    net, size = cheap("googlenet", dropout=0.0)
    x = torch.rand(3, 1, size, size)
    [(weight, logits)] = net.eval().all_logits(x)
    assert weight == 1.0
    assert torch.equal(logits, net(x))


def test_auxiliary_outputs_do_not_change_the_main_one(cheap):
    net, size = cheap("googlenet", auxiliary=True)
    x = torch.rand(3, 1, size, size)
    (_, main), (_, first), (_, second) = net.eval().all_logits(x)
    assert torch.equal(main, net(x))
    assert first.shape == second.shape == main.shape
    assert not torch.allclose(first, second)


@pytest.mark.parametrize(
    ("name", "pays"), [("resnet18", True), ("lenet", True), ("mlp", False), ("row-lstm", False)]
)
def test_convolutions_ask_for_bf16_where_the_cpu_has_it(name, pays, monkeypatch):
    monkeypatch.setattr("seqkit.training.devices.cpu_has_bf16", lambda: True)
    picked = pick_precision(torch.device("cpu"), "auto", components().models.load(name))
    assert picked == ("bf16" if pays else "fp32")

"""Conformance: what every network must do. A new one adds a cheap form of itself to `CHEAP`."""

import pytest
import torch
from safetensors.torch import load, save
from seqkit_vision.explain import record_outputs
from torch import nn

from seqkit.errors import ConfigError
from seqkit.plugins import components

NAMES = [entry.name for entry in components().models if entry.target.startswith("seqkit_vision.")]
VGGS = ["vgg11", "vgg13", "vgg16", "vgg19"]
# Not fewer than 8 channels: on some CPUs the gradient of a strided 1x1 convolution of fewer, in
# channels-last order, writes beyond its memory (torch 2.13, AMD, one thread).
CHEAP = {
    "softmax-regression": {},
    "mlp": {"hidden": [20, 10]},
    "lenet": {},
    "mnist-cnn": {},
    "cifar10-cnn": {},
    "alexnet": {"size": 64},
    "nin": {"preset": "small", "width": 24},
    "googlenet": {"preset": "small", "divisor": 8, "auxiliary": True},
    "resnet18": {"preset": "small", "width": 8},
    "resnet34": {"preset": "small", "width": 8},
    "resnet50": {"preset": "small", "width": 8},
    "densenet121": {"preset": "small", "growth": 4},
    "row-lstm": {"hidden": 12},
    **{name: {"preset": "small", "divisor": 16, "batch_norm": name == "vgg13"} for name in VGGS},
}
# The least size of the default form, and of the small one if there is one. None: any size.
LEAST = {
    "softmax-regression": None,
    "mlp": None,
    "lenet": 12,
    "mnist-cnn": 4,
    "cifar10-cnn": 8,
    "alexnet": 63,
    "nin": 67,
    "googlenet": 15,
    "resnet18": None,
    "resnet34": None,
    "resnet50": None,
    "densenet121": 29,
    "row-lstm": None,
    **dict.fromkeys(VGGS, 32),
}
SMALL_LEAST = {"nin": 4, "googlenet": 3, "densenet121": 8}
BOUNDS = [
    *((name, False, least) for name, least in LEAST.items() if least),
    *((name, True, least) for name, least in SMALL_LEAST.items()),
]


def images(net_settings, count=4):
    size = net_settings.get("size", 28)
    return torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=sorted(CHEAP))
def made(request, make):
    """A net and images for it."""
    return make(request.param, **CHEAP[request.param]), images(CHEAP[request.param])


def test_every_registered_network_is_tested():
    assert set(NAMES) == set(CHEAP) == set(LEAST)


def test_training_and_evaluation_give_logits(made):
    net, x = made
    for mode in (True, False):
        logits = net.train(mode)(x)
        assert logits.shape == (4, 10)
        assert logits.isfinite().all()


def test_finite_gradients_reach_every_parameter(made):
    net, x = made
    net.train().zero_grad(set_to_none=True)
    heads = net.all_logits(x) if hasattr(net, "all_logits") else [(1.0, net(x))]
    targets = torch.arange(4)
    sum(
        weight * nn.functional.cross_entropy(logits, targets) for weight, logits in heads
    ).backward()
    gradients = {name: p.grad for name, p in net.named_parameters()}
    net.zero_grad(set_to_none=True)
    bad = [
        name
        for name, grad in gradients.items()
        if grad is None or not grad.isfinite().all() or not grad.any()
    ]
    assert bad == []


def test_layers_that_write_over_their_input_change_no_output_of_a_convolution_and_no_gradient(made):
    net, x = made
    net.eval()
    relus = [(layer, layer.inplace) for layer in net.modules() if isinstance(layer, nn.ReLU)]
    convolutions = {
        name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)
    }
    found = []
    for keep in (True, False):
        for layer, inplace in relus:
            layer.inplace = inplace and keep
        with record_outputs(convolutions) as outputs:
            net(x).square().sum().backward()
        gradients = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
        found.append({name: tensor.detach() for name, tensor in (outputs | gradients).items()})
        net.zero_grad(set_to_none=True)
    for layer, inplace in relus:
        layer.inplace = inplace
    torch.testing.assert_close(*found, rtol=0, atol=0)


@torch.no_grad()
def test_images_of_a_batch_do_not_mix_in_evaluation(made):
    net, x = made
    together = net.eval()(x)
    for i in range(len(x)):
        torch.testing.assert_close(net(x[i : i + 1])[0], together[i], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(together[0], together[1])


@torch.no_grad()
def test_every_pixel_region_matters(made):
    net, x = made
    before = net.eval()(x)
    half = x.size(-1) // 2
    for rows in (slice(None, half), slice(half, None)):
        for columns in (slice(None, half), slice(half, None)):
            changed = x.clone()
            changed[:, :, rows, columns] += 1
            assert (net(changed) != before).any()


@torch.no_grad()
def test_weights_survive_safetensors(made, make, request):
    net, x = made
    state = {key: tensor.contiguous() for key, tensor in net.state_dict().items()}
    name = request.node.callspec.params["made"]
    again = make(name, device="meta", **CHEAP[name])
    again.load_state_dict(load(save(state)), assign=True)
    torch.testing.assert_close(again.eval()(x), net.eval()(x), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_every_relu_is_used_at_one_place(made):
    net, x = made
    calls = {name: 0 for name, layer in net.named_modules() if isinstance(layer, nn.ReLU)}

    def watch(name):
        def count(*_):
            calls[name] += 1

        return count

    hooks = [net.get_submodule(name).register_forward_hook(watch(name)) for name in calls]
    net.eval()(x)
    for hook in hooks:
        hook.remove()
    assert {name: n for name, n in calls.items() if n != 1 and not name.startswith("aux")} == {}


def test_the_last_layer_is_called_output_and_gives_the_classes(made):
    net, _ = made
    assert isinstance(net.output, nn.Linear | nn.Conv2d)
    assert len(net.output.weight) == len(net.output.bias) == 10
    *_, last = (name for name, _ in net.named_parameters() if not name.startswith("aux"))
    assert last == "output.bias"


def test_convolutions_are_ordered_channels_last(made):
    net, _ = made
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert all(
        layer.weight.is_contiguous(memory_format=torch.channels_last) for layer in convolutions
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_default_takes_images_of_28_pixels_or_says_what_to_do(name, make):
    least = LEAST[name]
    if least and least > 28:
        with pytest.raises(
            ConfigError, match=rf"^{name} needs images of at least {least} pixels, not 28: set data"
        ):
            make(name, device="meta")
    else:
        assert make(name, device="meta").eval()(torch.zeros(2, 1, 28, 28, device="meta")).shape == (
            2,
            10,
        )


@pytest.mark.parametrize("name", NAMES)
def test_presets_make_nets_and_the_small_one_suits_small_images(name, make):
    for preset in components().models.load(name).presets:
        size = 28 if preset == "small" or not LEAST[name] else 224
        net = make(name, size=size, channels=3, classes=7, preset=preset, device="meta").eval()
        assert net(torch.zeros(2, 3, size, size, device="meta")).shape == (2, 7)


@pytest.mark.parametrize(("name", "small", "least"), BOUNDS)
def test_the_least_size_is_the_true_one(name, small, least, make, monkeypatch):
    settings = {"device": "meta", "preset": "small" if small else None}

    def run(size):
        return make(name, size=size, **settings).eval()(
            torch.zeros(2, 1, size, size, device="meta")
        )

    assert run(least).shape == (2, 10)
    with pytest.raises(
        ConfigError, match=f"^{name} needs images of at least {least} pixels, not {least - 1}: set"
    ) as error:
        run(least - 1)
    cls = components().models.load(name)
    assert ("model.preset" in str(error.value)) == ("small" in cls.presets and not small)
    for module in {base.__module__ for base in cls.__mro__}:  # a base class may check
        if module.startswith("seqkit_vision."):
            monkeypatch.setattr(f"{module}.check_size", lambda *_: None, raising=False)
    with pytest.raises((RuntimeError, UserWarning)):  # an image or a layer of nothing
        run(least - 1)


@pytest.mark.parametrize(("small", "least"), [(False, 63), (True, 15)])
def test_googlenets_auxiliary_outputs_see_no_fewer_pixels_than_they_average_to(
    small, least, make, monkeypatch
):
    def seen(size):
        net = make("googlenet", size=size, small=small, auxiliary=True, device="meta")
        sides = []
        for auxiliary in (net.aux1, net.aux2):
            auxiliary.pool.register_forward_hook(
                lambda _, given, __: sides.append(given[0].size(-1))
            )
        net.all_logits(torch.zeros(2, 1, size, size, device="meta"))
        return sides

    assert seen(least) == [4, 4]
    with pytest.raises(ConfigError, match=f"googlenet needs images of at least {least} pixels"):
        seen(least - 1)
    monkeypatch.setattr("seqkit_vision.models.googlenet.check_size", lambda *_: None)
    assert seen(least - 1) == [3, 3]


@pytest.mark.parametrize("name", [name for name in NAMES if LEAST[name] is None])
def test_networks_without_a_least_size_take_images_of_one_pixel(name, make):
    assert make(name, size=1, device="meta").eval()(
        torch.zeros(2, 1, 1, 1, device="meta")
    ).shape == (2, 10)


@pytest.mark.parametrize("name", VGGS)
@pytest.mark.parametrize("size", [1, 3, 28, 32, 64])
def test_small_vggs_take_any_size(name, size, make):
    net = make(name, size=size, small=True, device="meta").eval()
    assert net(torch.zeros(2, 1, size, size, device="meta")).shape == (2, 10)

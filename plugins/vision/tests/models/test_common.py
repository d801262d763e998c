"""Stochastic pooling and initial weights."""

import itertools

import pytest
import torch
from seqkit_vision.models.common import ConvBlock, StochasticPool2d, initialise, pool
from torch import nn


def windows(x, size, stride):
    """Every window of (B, C, S, S) with its place in the output, one by one."""
    sides = range((x.size(-1) - size) // stride + 1)
    for b, c, i, j in itertools.product(range(x.size(0)), range(x.size(1)), sides, sides):
        top, left = i * stride, j * stride
        yield (b, c, i, j), x[b, c, top : top + size, left : left + size].flatten()


@pytest.fixture(params=[(2, 2), (3, 2), (3, 3)], ids=str)
def shape(request):
    return request.param


@pytest.fixture
def activations():
    torch.manual_seed(0)
    return torch.randn(2, 3, 9, 9).relu()


def test_in_evaluation_it_is_the_probability_weighted_mean(shape, activations):
    found = StochasticPool2d(*shape).eval()(activations)
    for place, window in windows(activations, *shape):
        probabilities = window / window.sum() if window.any() else window
        torch.testing.assert_close(found[place], (probabilities * window).sum())
    assert found.shape == pool("max", *shape)(activations).shape


def test_in_training_every_value_is_one_of_its_window(shape, activations):
    net = StochasticPool2d(*shape)
    for _ in range(5):
        found = net(activations)
        for place, window in windows(activations, *shape):
            assert found[place] in window
            assert found[place] > 0 or not window.any()


def test_values_are_drawn_in_proportion_to_themselves():
    torch.manual_seed(0)
    window = torch.tensor([[1.0, 0.0], [5.0, 2.0]])
    drawn = StochasticPool2d(2, 2)(window.repeat(1, 1, 100, 200)).flatten()
    for value, probability in ((1, 1 / 8), (0, 0), (5, 5 / 8), (2, 2 / 8)):
        assert (
            abs((drawn == value).double().mean().item() - probability)
            < 0.015 * (probability > 0) + 1e-9
        )


def test_a_window_of_zeros_gives_zero_and_finite_gradients():
    for training in (True, False):
        x = torch.zeros(1, 1, 4, 4)
        x[0, 0, 0, 0] = 3.0
        x.requires_grad_()
        found = StochasticPool2d(2, 2).train(training)(x)
        assert found.tolist() == [[[[3.0, 0.0], [0.0, 0.0]]]]
        (10 * found).sum().backward()
        assert x.grad.isfinite().all()


def test_in_training_the_gradient_goes_to_the_drawn_value_alone(activations):
    torch.manual_seed(0)
    x = (activations + 0.1).requires_grad_()
    found = StochasticPool2d(2, 2)(x)
    found.sum().backward()
    for place, window in windows(x.detach(), 2, 2):
        b, c, i, j = place
        gradient = x.grad[b, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten()
        assert gradient.sum() == 1
        assert window[gradient.argmax()] == found[place]


def test_in_evaluation_the_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    x = torch.rand(1, 2, 5, 5, dtype=torch.double) + 0.1
    net = StochasticPool2d(3, 2).eval()
    net.forward(x.clone().requires_grad_()).sum().backward()
    torch.testing.assert_close(net(x), net(x.float()).double())
    y = x.float().requires_grad_()
    net(y)[0, 0, 0, 1].backward()
    step = 1e-2
    up, down = x.float(), x.float()
    up[0, 0, 1, 3] += step
    down[0, 0, 1, 3] -= step
    slope = (net(up) - net(down))[0, 0, 0, 1] / (2 * step)
    torch.testing.assert_close(y.grad[0, 0, 1, 3], slope, rtol=1e-2, atol=1e-3)


def test_half_precision_is_kept_but_not_used_for_sums():
    x = torch.full((1, 1, 2, 2), 300.0, dtype=torch.float16)  # 300 squared is beyond half precision
    for training in (True, False):
        found = StochasticPool2d(2, 2).train(training)(x)
        assert found.dtype == torch.float16
        assert found.item() == 300


def test_pools_of_other_kinds_are_torchs():
    x = torch.rand(2, 3, 7, 7)
    assert torch.equal(pool("max", 3, 2)(x), nn.functional.max_pool2d(x, 3, 2))
    assert torch.equal(pool("average", 3, 2)(x), nn.functional.avg_pool2d(x, 3, 2))


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("pooling", ["max", "average", "stochastic"])
def test_a_block_pools_what_it_activates(pooling, activation, batch_norm):
    """Whatever its order: maxima are taken first, which gives the same values and gradients."""
    torch.manual_seed(0)
    block = ConvBlock(2, 4, 3, batch_norm=batch_norm, activation=activation, pooling=pooling).train(
        pooling == "max"
    )
    images, found = torch.randn(3, 2, 9, 9), []
    activate, pooled = getattr(torch, activation), pool(pooling, 2, 2).train(block.training)
    for run in (
        block,
        lambda x: pooled(activate(block.norm(block.conv(x)) if batch_norm else block.conv(x))),
    ):
        x = images.clone().requires_grad_()
        y = run(x)
        y.square().sum().backward()
        found.append((y.detach(), x.grad, block.conv.weight.grad))
        block.zero_grad(set_to_none=True)
    for ours, wanted in zip(*found, strict=True):
        torch.testing.assert_close(ours, wanted)
    assert y.shape == (3, 4, 3, 3)


def layers():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(40, 100, 3),
        nn.BatchNorm2d(100),
        nn.Linear(500, 200),
        nn.Conv2d(9, 9, 3, bias=False),
    )


@pytest.mark.parametrize(
    ("init", "of_convolution", "of_linear"),
    [("xavier", 2 / (9 * 40 + 9 * 100), 2 / (500 + 200)), ("kaiming", 2 / (9 * 100), 2 / 500)],
)
def test_initial_weights_have_the_papers_variance(init, of_convolution, of_linear):
    net = layers()
    initialise(net, init)
    convolution, norm, linear, _ = net
    for layer, variance in ((convolution, of_convolution), (linear, of_linear)):
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
        assert abs(layer.weight.mean().item()) < 0.02 * variance**0.5
        assert not layer.bias.any()
        largest = layer.weight.abs().max().item() / variance**0.5
        assert largest <= 3**0.5 + 1e-6 if init == "xavier" else largest > 3  # uniform, normal
    assert (norm.weight == 1).all()


def test_the_default_is_torchs_own():
    net = layers()
    initialise(net, "default")
    for ours, torchs in zip(net.parameters(), layers().parameters(), strict=True):
        assert torch.equal(ours, torchs)


@torch.no_grad()
def test_kaiming_keeps_the_size_of_signals_through_many_layers():
    torch.manual_seed(0)
    net = nn.Sequential(*(ConvBlock(64, 64, 3, padding=1) for _ in range(12)))
    x = torch.randn(4, 64, 12, 12)
    sizes = {}
    for init in ("default", "kaiming"):
        initialise(net, init)
        sizes[init] = net(x).std().item()
    assert sizes["default"] < 0.05
    assert 0.2 < sizes["kaiming"] < 5

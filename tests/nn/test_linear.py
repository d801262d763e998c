import pytest
import torch
from torch import nn

from seqkit.nn.linear import _Linear, filled_up, linear
from seqkit.nn.loss import linear_cross_entropy


@pytest.fixture
def calls(monkeypatch):
    """How often a layer was ours, rather than torch's."""
    found = []
    apply = _Linear.apply
    monkeypatch.setattr(_Linear, "apply", lambda *args: found.append(1) or apply(*args))
    return found


def of(layer, x, *, ours):
    """Output in bf16, and the gradients of x, weight and bias."""
    leaf = x.clone().requires_grad_()
    layer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        output = linear(leaf, layer) if ours else layer(leaf)
    output.float().square().sum().backward()
    return output.detach(), leaf.grad, layer.weight.grad, layer.bias.grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 1), (17,), (33, 3), (40, 50), (0,), (2, 0)])
def test_a_linear_layer_in_bf16_is_torch_s_under_autocast(shape, dtype, calls):
    torch.manual_seed(0)
    layer = nn.Linear(24, 40)
    x = torch.randn(*shape, 24).to(dtype)

    found, wanted = of(layer, x, ours=True), of(layer, x, ours=False)
    for mine, other in zip(found, wanted, strict=True):
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
        assert float((mine - other).norm()) <= 1e-2 * float(other.norm())
    assert len(calls) == 1


def test_rows_are_filled_up_with_zeros_to_few_numbers():
    rows = torch.randn(33, 5)
    filled = filled_up(rows)
    assert filled.dtype == torch.bfloat16
    assert torch.equal(filled[:33], rows.bfloat16())
    assert len(filled) > 33
    assert not filled[33:].any()


def test_what_is_frozen_gets_no_gradient(calls):
    layer = nn.Linear(8, 8)
    layer.weight.requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        linear(torch.randn(5, 8), layer).float().sum().backward()
    assert layer.weight.grad is None
    assert layer.bias.grad.tolist() == [5.0] * 8
    assert calls


@pytest.mark.parametrize("kind", ["hook", "no bias", "float64"])
def test_a_layer_that_is_more_than_its_weights_is_called(kind, calls):
    layer = nn.Linear(8, 8, bias=kind != "no bias")
    x = torch.randn(5, 8)
    if kind == "hook":
        layer.register_forward_hook(lambda *_: torch.zeros(()))
    if kind == "float64":
        layer, x = layer.double(), x.double()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(linear(x, layer), layer(x))
    assert not calls


@pytest.mark.parametrize("kind", ["full_backward_hook", "full_backward_pre_hook"])
def test_hooks_of_gradients_are_called(kind):
    layer, called = nn.Linear(8, 8), []
    getattr(layer, f"register_{kind}")(lambda *_: called.append(kind))
    with torch.autocast("cpu", torch.bfloat16):
        linear(torch.randn(5, 8, requires_grad=True), layer).float().sum().backward()
    assert called == [kind]


@pytest.mark.parametrize("rows", [1, 100, 900])
def test_a_loss_with_rows_filled_up_is_that_without(monkeypatch, rows):
    torch.manual_seed(0)
    given = torch.randn(rows, 24), 0.3 * torch.randn(50, 24), torch.randn(50)
    targets = torch.randint(50, (rows,))

    found = []
    for filling in (filled_up, lambda rows: rows.bfloat16()):
        monkeypatch.setattr("seqkit.nn.loss.filled_up", filling)
        leaves = [tensor.clone().requires_grad_() for tensor in given]
        with torch.autocast("cpu", torch.bfloat16):
            loss, nll = linear_cross_entropy(*leaves, targets, smoothing=0.1)
        loss.backward()
        found.append([loss.detach(), nll, *(leaf.grad for leaf in leaves)])

    for filled, plain in zip(*found, strict=True):
        error = (filled - plain).norm() / plain.norm()
        assert float(error) < 5e-3

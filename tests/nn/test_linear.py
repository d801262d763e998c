import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seqkit.nn import linear as module
from seqkit.nn.linear import Dropout, Linear, linear


@pytest.fixture(params=["default", "oneDNN"])
def kernel(request, monkeypatch):
    """Both paths, whatever this CPU would choose; oneDNN's is skipped where torch lacks the operator."""
    if request.param == "oneDNN" and not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("this torch has no mkldnn._linear_pointwise")
    monkeypatch.setattr(module, "FAST_LINEAR", request.param == "oneDNN")


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_and_its_gradients_equal_those_of_torch(kernel, bias):
    torch.manual_seed(0)
    x = torch.randn(40, 3, 8)
    weight, b, upstream = torch.randn(5, 8), torch.randn(5) if bias else None, torch.randn(40, 3, 5)
    results = []
    for function in (linear, F.linear):
        leaves = [t.clone().requires_grad_() for t in (x, weight, b) if t is not None]
        out = function(*leaves)
        out.backward(upstream)
        results.append([out.detach(), *(leaf.grad for leaf in leaves)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_linear_layer_is_torch_s_in_all_but_the_kernel():
    assert issubclass(Linear, nn.Linear)
    assert [name for name, _ in Linear(2, 3).named_parameters()] == ["weight", "bias"]


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    torch.manual_seed(1)
    x = torch.ones(400_003)  # not a multiple of 8: the noise comes in words of eight bytes
    out = Dropout(rate)(x)
    assert float((out == 0).float().mean()) == pytest.approx(rate, abs=0.006)
    assert float(out.mean()) == pytest.approx(1.0, abs=0.01)
    assert len(out.unique()) == 2


def test_the_gradient_of_dropout_goes_through_its_own_mask():
    torch.manual_seed(2)
    x = torch.randn(1000, requires_grad=True)
    out = Dropout(0.4)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad * x.detach(), out.detach())


def test_dropout_of_nearly_everything_is_finite():
    assert Dropout(0.999)(torch.ones(10_000)).isfinite().all()


def test_dropout_does_nothing_in_evaluation_or_at_rate_zero():
    x = torch.randn(10)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_dropout_is_fixed_by_torch_s_seed():
    masks = []
    for _ in range(2):
        torch.manual_seed(3)
        masks.append(Dropout(0.5)(torch.ones(100)))
    assert torch.equal(*masks)
    assert not torch.equal(masks[0], Dropout(0.5)(torch.ones(100)))

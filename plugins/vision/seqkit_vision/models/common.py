"""Parts that the families share: blocks, pooling, initial weights, the least size of images.

Shapes: B images, C channels, S pixels a side, I inputs and O outputs of a layer, K pixels a side of
a window.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn

from seqkit.errors import ConfigError
from seqkit.plugins import components

Init = Literal["default", "xavier", "kaiming"]
Pooling = Literal["max", "average", "stochastic"]
Activation = Literal["relu", "sigmoid"]

# The help of config keys that several networks have.
INIT = (
    "initial weights: default (torch's own), xavier (Glorot & Bengio 2010) "
    "or kaiming (arXiv:1502.01852)"
)
POOLING = "max, average or stochastic (arXiv:1301.3557)"
BATCH_NORM = "batch norm before each hidden activation (arXiv:1502.03167)"
DIVISOR = "divide the numbers of channels by this, for a smaller network"
SMALL = "the form for images of about 28 to 64 pixels"


def check_size(net: nn.Module, size: int, least: int, way_out: str) -> None:
    """Raise `ConfigError` if images of `size` pixels would shrink to nothing inside `net`."""
    if size < least:
        name = _registered_name(type(net))
        raise ConfigError(f"{name} needs images of at least {least} pixels, not {size}: {way_out}")


def _registered_name(model_class: type) -> str:
    target = f"{model_class.__module__}:{model_class.__qualname__}"
    names = (entry.name for entry in components().models if entry.target == target)
    return next(names, model_class.__name__)


def initialise(net: nn.Module, init: Init) -> None:
    """Give convolutions and linear layers their initial weights.

    xavier: uniform with variance 2 / (fan in + fan out), Glorot & Bengio 2010, eq. 16.
    kaiming: normal with variance 2 / fan, He et al. 2015, arXiv:1502.01852, section 2.2. The fan of
    convolutions is fan out, as He et al. trained ResNet (eq. 14). That of linear layers is fan in
    (eq. 10), because the few outputs of a last layer would make its weights huge.
    Biases are zero in both.
    """
    if init == "default":
        return
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            _initialise_layer(layer, init)


def _initialise_layer(layer: nn.Conv2d | nn.Linear, init: Init) -> None:
    if init == "xavier":
        nn.init.xavier_uniform_(layer.weight)
    else:
        fan: Literal["fan_out", "fan_in"] = "fan_out" if isinstance(layer, nn.Conv2d) else "fan_in"
        nn.init.kaiming_normal_(layer.weight, mode=fan, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def order_channels_last(net: nn.Module) -> None:
    """Order the weights of convolutions as fast kernels want them, and as the task orders images.

    torch's stub of `Module.to` asks for a tensor beside the memory format.
    """
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def named(**layers: nn.Module) -> nn.Sequential:
    """One after the other, under these names."""
    return nn.Sequential(OrderedDict(layers))


class ConvBlock(nn.Sequential):
    """Convolution, batch norm if wanted, activation, pooling by 2 if wanted.

    The layers are called `conv`, `norm`, `relu` or `sigmoid`, and `pool`. Max pooling comes before
    the activation: activations are monotonic, so the values are the same, and only a quarter as
    many need to be computed.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        batch_norm: bool = False,
        eps: float = 1e-5,
        activation: Activation = "relu",
        pooling: Pooling | None = None,
    ) -> None:
        super().__init__()
        self.add_module(
            "conv", nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=bias)
        )
        if batch_norm:
            self.add_module("norm", nn.BatchNorm2d(outputs, eps=eps))
        if pooling == "max":
            self.add_module("pool", pool(pooling, 2, 2))
        self.add_module(activation, _activation(activation, inplace=batch_norm))
        if pooling in ("average", "stochastic"):
            self.add_module("pool", pool(pooling, 2, 2))


class Dense(nn.Sequential):
    """Linear layer, batch norm if wanted, activation: `linear`, `norm`, and `relu` or `sigmoid`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        batch_norm: bool = False,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.add_module("linear", nn.Linear(inputs, outputs))
        if batch_norm:
            self.add_module("norm", nn.BatchNorm1d(outputs))
        self.add_module(activation, _activation(activation))


def _activation(kind: Activation, *, inplace: bool = False) -> nn.Module:
    """With `inplace`, ReLU overwrites its input: allowed after a norm, not after a convolution.

    What convolutions give is drawn by `seqkit vision explain`.
    """
    return nn.ReLU(inplace) if kind == "relu" else nn.Sigmoid()


def pool(kind: Pooling, size: int, stride: int) -> nn.Module:
    """Pooling over windows of `size` x `size` pixels, without incomplete ones at the edge."""
    match kind:
        case "max":
            return nn.MaxPool2d(size, stride)
        case "average":
            return nn.AvgPool2d(size, stride)
        case "stochastic":
            return StochasticPool2d(size, stride)


class StochasticPool2d(nn.Module):
    """Stochastic pooling. Zeiler & Fergus 2013, arXiv:1301.3557, eq. 4 to 6.

    In training one activation of each window is drawn with probability proportional to itself; in
    evaluation the mean under these probabilities is taken. Activations must not be negative, as
    after ReLU or a sigmoid. A window of zeros gives 0.
    """

    def __init__(self, size: int, stride: int) -> None:
        super().__init__()
        self.size, self.stride = size, stride

    def extra_repr(self) -> str:
        return f"size={self.size}, stride={self.stride}"

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, C, S', S')"""
        rows = x.unfold(2, self.size, self.stride)
        windows = rows.unfold(3, self.size, self.stride).flatten(4)  # (B, C, S', S', KK)
        return _drawn(windows) if self.training else _weighted_mean(windows)


def _drawn(windows: Tensor) -> Tensor:
    """(B, C, S', S', KK) -> (B, C, S', S')"""
    cumulative = windows.detach().float().cumsum(-1)
    total = cumulative[..., -1:]

    # The first activation at which the running sum passes a uniform share of the whole. In a window
    # of zeros none does: the count is KK and must be brought back inside.
    passed = cumulative <= torch.rand_like(total) * total
    place = passed.sum(-1, keepdim=True).clamp_(max=windows.size(-1) - 1)
    return windows.gather(-1, place).squeeze(-1)


def _weighted_mean(windows: Tensor) -> Tensor:
    """(B, C, S', S', KK) -> (B, C, S', S')"""
    weights = windows.float()
    total = weights.sum(-1)
    total = torch.where(total > 0, total, 1.0)  # a tiny one would give infinite gradients
    mean = weights.square().sum(-1) / total
    return mean.to(windows.dtype)

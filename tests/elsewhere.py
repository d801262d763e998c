"""A device that every machine has: tensors that only say they are not on the CPU.

    with elsewhere():
        seqkit.train(config, out="run", device=DEVICE)

They hold real numbers, so that a whole training and a search run on them. Of an accelerator they
have what mistakes are made with: operations refuse tensors of two devices, numpy and compiled code
cannot read them. The device is PyTorch's "lazy", whose own backend is not used: every build of
PyTorch runs backward passes there. It has no autocast.
"""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

import seqkit
from seqkit.testing.tasks import check_close

DEVICE = "lazy:0"
_FUSED = "torch.optim.optimizer._get_fused_kernels_supported_devices"
_CPU = torch.device("cpu")
_aten = torch.ops.aten

# What copies between devices. CUDA also takes indices from the CPU.
_MOVING = {_aten.copy_.default, _aten._to_copy.default}
_INDEXING = {_aten.index.Tensor, _aten.index_put_.default, _aten.index_put.default}
_LENGTHS_ON_CPU = {_aten._pack_padded_sequence.default}


def check_elsewhere(config, folder, settings, use):
    """A run gives the same figures, and its predictor the same plain data by `use`, as on the CPU.

    The predictor elsewhere is that of the run on the CPU.
    """
    on_cpu = seqkit.train(config, out=folder / "cpu", device="cpu", overrides=settings)
    expected = use(seqkit.load(on_cpu.folder, device="cpu"))

    with elsewhere():
        run = seqkit.train(config, out=folder / "elsewhere", device=DEVICE, overrides=settings)
        check_close(on_cpu.metrics, run.metrics, "figures of the training")
        check_close(expected, use(seqkit.load(on_cpu.folder, device=DEVICE)), "predictions")


class Mixed(RuntimeError):
    """An operation got tensors of two devices, as PyTorch would say on an accelerator."""


class Elsewhere(torch.Tensor):
    """A tensor that says it is on another device, and holds its numbers on the CPU."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held, device):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=device,
        )

    def __init__(self, held, device):
        self.held = held

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})

    def __tensor_flatten__(self):  # so that modules move by exchanging their parameters
        return ["held"], self.device

    @staticmethod
    def __tensor_unflatten__(inner, device, size, stride):
        return Elsewhere(inner["held"], device)

    def tolist(self):  # PyTorch's own refuses subclasses
        return self.held.tolist()

    def data_ptr(self):
        """What tells tensors apart; as an address it is no use to compiled code."""
        return f"elsewhere {self.held.data_ptr():x}"

    def __repr__(self):
        return f"Elsewhere({self.held})"


class _Factories(TorchDispatchMode):
    """Makes what is asked for by `device=…`: no tensor is there yet to say where."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})


@contextmanager
def elsewhere():
    """Within the context, `DEVICE` is a device."""
    with ExitStack() as stack:
        # torch.tensor(…, device=…) makes it on the CPU and moves it then
        stack.callback(torch._C._set_only_lift_cpu_tensors, torch._C._only_lift_cpu_tensors())
        torch._C._set_only_lift_cpu_tensors(True)

        stack.enter_context(patch("torch.is_autocast_enabled", _is_autocast_enabled))
        stack.enter_context(patch(_FUSED, lambda: ["cpu", "lazy"]))
        stack.enter_context(_Factories())
        yield


_autocasts = torch.is_autocast_enabled


def _is_autocast_enabled(device="cpu"):
    return device != "lazy" and _autocasts(device)


def _run(operation, args, kwargs):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    device = _device_of(operation, tensors)
    _check_generator(operation, kwargs.get("generator"), device)

    asked = kwargs.get("device")
    if asked is not None:
        device = torch.device(asked)
        kwargs = {**kwargs, "device": _CPU}

    held_args, held_kwargs = tree_map(_held, (args, kwargs))
    found = operation(*held_args, **held_kwargs)
    if operation._schema.name.endswith("_") and isinstance(args[0], torch.Tensor):
        return args[0]
    return found if device == _CPU else tree_map(lambda leaf: _placed(leaf, device), found)


def _device_of(operation, tensors):
    """Where they all are; raises `Mixed`."""
    if operation in _MOVING | _INDEXING | _LENGTHS_ON_CPU:
        _check_sides(operation, tensors)
        return tensors[0].device

    devices = {tensor.device for tensor in tensors if tensor.dim() or not _takes_numbers(operation)}
    if len(devices) > 1:
        raise Mixed(f"{operation} got tensors on {', '.join(sorted(map(str, devices)))}")
    every = devices or {tensor.device for tensor in tensors}
    return next(iter(every - {_CPU}), _CPU)


def _check_sides(operation, tensors):
    first, *others = (tensor.device for tensor in tensors)
    if operation in _INDEXING and first == _CPU and set(others) - {_CPU}:
        raise Mixed(f"{operation} of a tensor on the CPU got indices elsewhere")
    if operation in _LENGTHS_ON_CPU and others != [_CPU]:
        raise Mixed(f"{operation} takes its lengths from the CPU")


def _takes_numbers(operation):
    """Whether a tensor without dimensions may come from the CPU, as a number."""
    name = operation._schema.name
    is_pointwise = torch.Tag.pointwise in operation.tags
    return is_pointwise or "foreach" in name or "fused" in name or "fill" in name


def _check_generator(operation, generator, device):
    if generator is not None and generator.device != device:
        raise Mixed(f"{operation} on {device} got a random generator of {generator.device}")


def _held(leaf):
    return leaf.held if isinstance(leaf, Elsewhere) else leaf


def _placed(leaf, device):
    return Elsewhere(leaf, device) if isinstance(leaf, torch.Tensor) else leaf

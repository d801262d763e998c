"""Looking into a network: where it looked (Grad-CAM), its filters, activations and dead units.

Shapes: B images, C channels, S side, K classes, h x w a map of activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqkit.errors import ConfigError
from seqkit.training.watch import activity, dead_shares


def convolutions(model: nn.Module) -> dict[str, nn.Conv2d]:
    """The convolutions of a model, by name; raises `ConfigError` if it has none."""
    modules = model.named_modules()
    found = {name: module for name, module in modules if isinstance(module, nn.Conv2d)}
    if not found:
        kind = type(model).__name__
        raise ConfigError(f"{kind} has no convolutions: there is no map to draw")

    return found


@contextmanager
def record_outputs(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Record the last maps (B, channels, h, w) of each of `modules` while the context lasts.

    They are in the order in which the modules ran.
    """
    outputs: dict[str, Tensor] = {}

    with ExitStack() as stack:
        for name, module in modules.items():
            hook = _recorder(name, outputs)
            handle = module.register_forward_hook(hook)
            stack.callback(handle.remove)
        yield outputs


def _recorder(name: str, outputs: dict[str, Tensor]) -> Callable[[nn.Module, object, object], None]:
    def record(_: nn.Module, inputs: object, output: object) -> None:
        outputs.pop(name, None)  # so that it comes last now
        if isinstance(output, Tensor) and output.dim() == 4:
            outputs[name] = output

    return record


def grad_cam(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """How much each place of an image speaks for its class, from 0 to 1.

    (B, C, S, S), (B,) -> (B, S, S). Selvaraju et al. 2016, arXiv:1610.02391, equations 1 and 2, at
    the model's last convolution; if that is one branch of a block, at the output of the block.
    """
    model.eval()
    known = convolutions(model)
    modules = dict(model.named_modules())
    with torch.enable_grad(), record_outputs(modules) as outputs:
        inputs = images.detach().requires_grad_()
        logits = model(inputs)
        maps = _last_maps(outputs, known)
        chosen = logits.gather(1, classes[:, None])
        (gradients,) = torch.autograd.grad(chosen.sum(), maps)

    weights = gradients.mean((2, 3), keepdim=True)
    weighted = (weights * maps).sum(1, keepdim=True)
    heat = F.relu(weighted).detach()
    heat = F.interpolate(heat, images.shape[-2:], mode="bilinear")[:, 0]
    hottest = heat.amax((1, 2), keepdim=True)
    return heat / hottest.clamp(min=1e-12)


def _last_maps(outputs: Mapping[str, Tensor], known: Mapping[str, nn.Conv2d]) -> Tensor:
    """The last output that is as large as that of the last convolution: the block's it is in."""
    names = list(outputs)
    ran = [name for name in known if name in outputs]
    last = max(names.index(name) for name in ran)
    side = outputs[names[last]].shape[2:]

    later = (outputs[name] for name in names[last:])
    as_large = [maps for maps in later if maps.shape[2:] == side]
    return as_large[-1]


@torch.no_grad()
def activations(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Outputs of the first and the last convolution for `images`: name -> (B, channels, h, w)."""
    model.eval()
    with record_outputs(convolutions(model)) as outputs:
        model(images)

    names = list(outputs)
    first = names[0]
    last = names[-1]
    return {first: outputs[first], last: outputs[last]}


def first_filters(model: nn.Module) -> Tensor:
    """The weights of the first convolution, (filters, C, h, w)."""
    found = list(convolutions(model).values())
    first = found[0]
    return first.weight.detach()


@torch.no_grad()
def dead_units(model: nn.Module, batches: Iterator[Tensor]) -> dict[str, float]:
    """Share of each ReLU layer's units that no image of `batches`, (B, C, S, S) each, activates."""
    model.eval()
    with activity(model) as fired:
        for images in batches:
            model(images)
    return dead_shares(fired)

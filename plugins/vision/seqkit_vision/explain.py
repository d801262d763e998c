"""Looking into a network: where it looked (Grad-CAM), its first filters, its activations, its dead units.

Shapes: B images, C channels, S side, K classes, h x w a map of activations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqkit.errors import ConfigError
from seqkit.training.watch import activity, dead_shares


def convolutions(model: nn.Module) -> dict[str, nn.Conv2d]:
    """The convolutions of a model, by name; raises `ConfigError` if it has none."""
    found = {
        name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)
    }
    if not found:
        raise ConfigError(f"{type(model).__name__} has no convolutions: there is no map to draw")
    return found


@contextmanager
def record_outputs(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """While it lasts, the maps (B, channels, h, w) that each of `modules` gave last, in the order in which they did."""
    outputs: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def hook(_: nn.Module, inputs: object, output: object) -> None:
            outputs.pop(name, None)
            if isinstance(output, Tensor) and output.dim() == 4:
                outputs[name] = output

        return module.register_forward_hook(hook)

    handles = [keep(name, module) for name, module in modules.items()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def grad_cam(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """How much each place of an image speaks for its class: (B, C, S, S), (B,) -> (B, S, S), from 0 to 1.

    Selvaraju et al. 2016, arXiv:1610.02391, equations 1 and 2, at the model's last convolution; where it is one branch
    of a block, at what the block makes of all branches.
    """
    model.eval()
    known = convolutions(model)
    with torch.enable_grad(), record_outputs(dict(model.named_modules())) as outputs:
        logits = model(images.detach().requires_grad_())
        names = list(outputs)
        last = max(names.index(name) for name in known if name in outputs)
        maps = [
            outputs[name]
            for name in names[last:]
            if outputs[name].shape[2:] == outputs[names[last]].shape[2:]
        ][-1]
        chosen = logits.gather(1, classes[:, None]).sum()
        (gradients,) = torch.autograd.grad(chosen, maps)
    weights = gradients.mean((2, 3), keepdim=True)
    heat = F.relu((weights * maps).sum(1, keepdim=True)).detach()
    heat = F.interpolate(heat, images.shape[-2:], mode="bilinear")[:, 0]
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=1e-12)


@torch.no_grad()
def activations(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What the first and the last convolution give for `images`: name -> (B, channels, h, w)."""
    model.eval()
    with record_outputs(convolutions(model)) as outputs:
        model(images)
    names = list(outputs)
    return {name: outputs[name] for name in dict.fromkeys((names[0], names[-1]))}


def first_filters(model: nn.Module) -> Tensor:
    """The weights of the first convolution, (filters, C, h, w)."""
    return next(iter(convolutions(model).values())).weight.detach()


@torch.no_grad()
def dead_units(model: nn.Module, batches: Iterator[Tensor]) -> dict[str, float]:
    """Share of each ReLU layer's units that no image of `batches`, (B, C, S, S) each, makes fire."""
    model.eval()
    with activity(model) as fired:
        for images in batches:
            model(images)
    return dead_shares(fired)

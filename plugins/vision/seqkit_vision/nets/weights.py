"""Weights that torchvision publishes or saves, under our names.

torchvision's GoogLeNet was ported from weights whose images were normalised to -1 … 1: it rescales ImageNet's usual
normalisation itself, our net does not, so give it images of mean 0.5 and deviation 0.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from seqkit.config import build
from seqkit.errors import CheckpointError, hint
from seqkit.plugins import components

# Our models that torchvision has, too, by the same names; a VGG with batch norm is `_bn` there.
TORCHVISION = (
    "alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "googlenet", "resnet18", "resnet34", "resnet50", "densenet121",
)  # fmt: skip

# Every pattern that matches is replaced, in order.
_RENAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "alexnet": ((r"^classifier\.6\.", "output."), (r"^classifier\.", "hidden.")),
    "vgg": ((r"^classifier\.6\.", "output."), (r"^classifier\.", "hidden.")),
    "googlenet": (
        (r"^(conv\d|inception3[ab]|inception4a)\.", r"lower.\1."),
        (r"^(inception4[bcd])\.", r"middle.\1."),
        (r"^(inception4e|inception5[ab])\.", r"upper.\1."),
        (r"\.bn\.", ".norm."),
        (r"\.fc1\.", ".hidden.linear."),
        (r"(^|\.)fc2?\.", r"\1output."),
    ),
    "resnet": (
        (r"^conv1\.", "stem.conv."),
        (r"^bn1\.", "stem.norm."),
        (r"^layer(\d)\.", r"stage\1."),
        (r"\.conv(\d)\.", r".residual.conv\1."),
        (r"\.bn(\d)\.", r".residual.norm\1."),
        (r"\.downsample\.", ".shortcut."),
        (r"^fc\.", "output."),
    ),
    "densenet": (
        (r"^features\.(conv|norm)0\.", r"stem.\1."),
        (r"^features\.norm5\.", "features.norm."),
        (r"\.denseblock(\d)\.denselayer", r".block\1.layer"),
        (r"\.(norm|conv)\.(\d)\.", r".\1\2."),  # the published file still has names of torch 0.3
        (r"^classifier\.", "output."),
    ),
}


def from_torchvision(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of torchvision's model, for our model `name` of torchvision's sizes and as many classes.

    A VGG has batch norm, and a GoogLeNet auxiliary outputs (`aux1.`, `aux2.`), if `state` has them. Raises
    `CheckpointError` naming the first tensor that is unknown, missing or of another shape, as when `state` is of
    another architecture.
    """
    if name not in TORCHVISION:
        raise CheckpointError(f"torchvision has no weights for {name!r}.{hint(name, TORCHVISION)}")
    renames = _RENAMES[name.rstrip("0123456789")]
    theirs = {_rename(key, renames): key for key in state}
    tensors = {ours: state[key] for ours, key in theirs.items()}
    where = f"these are not torchvision's weights of {name}"
    if "output.weight" not in tensors:
        raise CheckpointError(f"{where}: there is no output layer")
    wanted = _skeleton(name, tensors).state_dict()
    for key in wanted.keys() - tensors.keys():
        if key.endswith(".num_batches_tracked"):  # files from before torch 0.4.1 have none
            tensors[key] = torch.tensor(0)
    for key, tensor in tensors.items():
        if key not in wanted:
            raise CheckpointError(f"{where}: it has no tensor {theirs[key]!r}")
        if tensor.shape != wanted[key].shape:
            shape, expected = tuple(tensor.shape), tuple(wanted[key].shape)
            raise CheckpointError(
                f"{where}: {theirs[key]!r} is {shape}, where {expected} is needed"
            )
    for key in wanted:
        if key not in tensors:
            raise CheckpointError(f"{where}: what should be {key!r} here is missing")
    return {key: tensors[key] for key in wanted}


def _rename(key: str, renames: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in renames:
        key = re.sub(pattern, replacement, key)
    return key


def _skeleton(name: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Our net without memory, in the variant that `tensors` are of."""
    cls = components().models.load(name)
    settings: dict[str, Any] = {}
    if name.startswith("vgg"):
        settings["batch_norm"] = any(key.endswith(".running_mean") for key in tensors)
    if name == "googlenet":
        settings["auxiliary"] = any(key.startswith("aux") for key in tensors)
    with torch.device("meta"):
        net: nn.Module = cls(
            build(cls.Config, settings, name),
            channels=3,
            size=224,
            classes=len(tensors["output.weight"]),
        )
    return net

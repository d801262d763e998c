"""Weights that torchvision publishes or saves, under our names.

torchvision's GoogLeNet was ported from weights whose images were normalised to -1 … 1. It rescales
ImageNet's usual normalisation itself; our network does not, so give it images normalised with mean
0.5 and deviation 0.5.
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

# Our models that torchvision has under the same names; a VGG with batch norm is `_bn` there.
TORCHVISION = (
    "alexnet",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "googlenet",
    "resnet18",
    "resnet34",
    "resnet50",
    "densenet121",
)

# By family: every pattern that matches is replaced, in order.
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
    """The tensors of torchvision's model, for our model `name` of torchvision's sizes.

    It has as many classes as `state`, and batch norm (a VGG) or auxiliary outputs (a GoogLeNet) if
    `state` has them. Raises `CheckpointError` naming the first tensor that is unknown, missing or
    of another shape, as when `state` is of another architecture.
    """
    if name not in TORCHVISION:
        raise CheckpointError(f"torchvision has no weights for {name!r}.{hint(name, TORCHVISION)}")
    where = f"these are not torchvision's weights of {name}"

    renames = _RENAMES[name.rstrip("0123456789")]
    their_names = {_rename(key, renames): key for key in state}
    tensors = {ours: state[theirs] for ours, theirs in their_names.items()}
    if "output.weight" not in tensors:
        raise CheckpointError(f"{where}: there is no output layer")

    expected = _skeleton(name, tensors).state_dict()
    for key in expected.keys() - tensors.keys():
        if key.endswith(".num_batches_tracked"):  # files from before torch 0.4.1 have none
            tensors[key] = torch.tensor(0)

    for key, tensor in tensors.items():
        if key not in expected:
            raise CheckpointError(f"{where}: it has no tensor {their_names[key]!r}")
        if tensor.shape != expected[key].shape:
            shape, right = tuple(tensor.shape), tuple(expected[key].shape)
            raise CheckpointError(
                f"{where}: {their_names[key]!r} is {shape}, where {right} is needed"
            )
    for key in expected:
        if key not in tensors:
            raise CheckpointError(f"{where}: there is no tensor for {key!r}")

    return {key: tensors[key] for key in expected}


def _rename(key: str, renames: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in renames:
        key = re.sub(pattern, replacement, key)
    return key


def _skeleton(name: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Our network without memory, in the variant that `tensors` belong to."""
    settings: dict[str, Any] = {}
    if name.startswith("vgg"):
        settings["batch_norm"] = any(key.endswith(".running_mean") for key in tensors)
    if name == "googlenet":
        settings["auxiliary"] = any(key.startswith("aux") for key in tensors)

    model_class = components().models.load(name)
    config = build(model_class.Config, settings, name)
    classes = len(tensors["output.weight"])
    with torch.device("meta"):
        skeleton: nn.Module = model_class(config, channels=3, size=224, classes=classes)
    return skeleton

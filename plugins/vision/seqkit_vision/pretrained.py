"""Weights that torchvision publishes as the beginning of a run: from its cache, its server, or a file given."""

from __future__ import annotations

import hashlib
import re
import urllib.error
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqkit.config import RunConfig, to_plain
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.runs.build import make_model
from seqkit.training import checkpoint

from .nets.weights import TORCHVISION, from_torchvision
from .sources import classes_of
from .task import ImageMetadata, write_metadata
from .torch_files import read_tensors
from .views import Normalisation

_IMAGENET = Normalisation([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
_CENTRED = Normalisation(
    [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]
)  # what GoogLeNet's published weights were trained on
SIZE = 224


def needs(config: RunConfig) -> dict[str, Any]:
    """Settings that published weights need, where `config` says nothing else: 224x224, in colour."""
    return {
        "data.size": config.sections["data"]["size"] or SIZE,
        "data.channels": config.sections["data"]["channels"] or 3,
    }


def starting_point(config: RunConfig, file: Path | None, folder: Path) -> Path:
    """Write a checkpoint into `folder` whose weights are published ones, for `seqkit.train(init=…)`.

    `config` has the settings that it `needs`; of its images, their classes alone are looked at.

    `file` is a safetensors file or one of torch.save; without one, torchvision's cache is asked, then its server.
    The last layer is new if the data has another number of classes than ImageNet's 1,000. Raises `CheckpointError`
    for weights of another architecture.
    """
    name = config.model["name"]
    if name not in TORCHVISION:
        raise ConfigError(
            f"torchvision publishes no weights for {name!r}. Known: {', '.join(TORCHVISION)}."
        )
    path = file or published_file(name + ("_bn" if config.model.get("batch_norm") else ""))
    tensors = checkpoint.load_tensors(path) if path.suffix == ".safetensors" else read_tensors(path)
    try:
        weights = from_torchvision(name, tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    classes, size, channels = (
        classes_of(config.sections["data"]["source"]),
        config.sections["data"]["size"],
        config.sections["data"]["channels"],
    )
    dims = {"channels": channels, "size": size, "classes": len(classes)}
    torch.manual_seed(config.train.seed)
    model = make_model(config.model, dims, "vision")
    _fill(model.state_dict(), weights, path)
    normalise = _CENTRED if name == "googlenet" else _IMAGENET
    facts = ImageMetadata(classes=classes, size=size, channels=channels, **asdict(normalise))
    meta = {"config": to_plain(config), "dims": dims, "state": {}, "metrics": {}}
    return checkpoint.write(folder, 0, model, {}, meta, lambda into: write_metadata(into, facts))


def _fill(wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy what fits; only last layers, whose classes differ, may be of another shape."""
    for name, tensor in wanted.items():
        given = weights.get(name)
        if given is None:
            raise CheckpointError(
                f"{path} has nothing for {name!r}: [model] asks for another variant"
            )
        if given.shape == tensor.shape:
            tensor.copy_(given)
        elif ".output." not in f".{name}":
            raise CheckpointError(
                f"{path}: {name!r} is {tuple(given.shape)}, the model has {tuple(tensor.shape)}"
            )


def published_file(builder: str) -> Path:
    """The file of torchvision's best weights for one of its models, fetched if it is not in its cache, and checked.

    Raises `DataError` if it cannot be had or is not what its name says.
    """
    from .compat import torchvision

    url: str = torchvision.models.get_model_weights(builder).DEFAULT.url
    name = url.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(
                url, str(path), hash_prefix=_prefix(name), progress=False
            )
        except (urllib.error.URLError, OSError, RuntimeError) as error:
            raise DataError(
                f"cannot fetch {url}: {getattr(error, 'reason', error)}; put the file at {path}, "
                "or give it with --weights"
            ) from None
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(_prefix(name)):
        raise DataError(
            f"{path} is not what its name says: its sha256 does not begin with {_prefix(name)}; delete it"
        )
    return path


def _prefix(name: str) -> str:
    """The beginning of the file's sha256, which torchvision writes into the name."""
    found = re.search(r"-([0-9a-f]{8,})\.", name)
    if not found:
        raise DataError(f"{name} says no checksum")
    return found[1]

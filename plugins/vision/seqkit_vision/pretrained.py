"""torchvision's published weights as a starting point: from its cache, its server, or a file."""

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
from seqkit.training.output_layer import is_of_output
from seqkit.training.torch_files import read_tensors
from seqkit.training.weights import check_tensors

from .metadata import ImageMetadata, write_metadata
from .sources import classes_of
from .torchvision_weights import TORCHVISION, from_torchvision
from .views import Normalisation

SIZE = 224

# How the images were normalised on which the published weights were trained.
_IMAGENET = Normalisation([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
_GOOGLENET = Normalisation([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])


def needs(config: RunConfig) -> dict[str, Any]:
    """Settings for published weights, where `config` has no others: 224x224, in colour."""
    data = config.sections["data"]
    return {"data.size": data["size"] or SIZE, "data.channels": data["channels"] or 3}


def starting_point(config: RunConfig, file: Path | None, folder: Path) -> Path:
    """Write a checkpoint of published weights into `folder`, for `seqkit.train(init=…)`.

    `config` has the settings that it `needs`; of its images, only the names of the classes are
    read. `file` is a safetensors file or one of torch.save; without it, torchvision's cache and
    then its server are tried. The last layer is new if the data has another number of classes than
    ImageNet's 1,000. Raises `CheckpointError` for weights of another architecture.
    """
    name = config.model["name"]
    if name not in TORCHVISION:
        known = ", ".join(TORCHVISION)
        raise ConfigError(f"torchvision publishes no weights for {name!r}. Known: {known}.")
    path = file or published_file(_builder(config.model))
    weights = _read_weights(name, path)

    data = config.sections["data"]
    normalise = _GOOGLENET if name == "googlenet" else _IMAGENET
    metadata = ImageMetadata(
        classes=classes_of(data["source"]),
        size=data["size"],
        channels=data["channels"],
        **asdict(normalise),
    )

    torch.manual_seed(config.train.seed)
    model = make_model(config.model, metadata.dims, "vision")
    _fill(model.state_dict(), weights, path)

    meta = {"config": to_plain(config), "dims": metadata.dims, "state": {}, "metrics": {}}
    return checkpoint.write(
        folder,
        0,
        checkpoint.unique_tensors(model),
        {},
        meta,
        lambda step_folder: write_metadata(step_folder, metadata),
    )


def _builder(model: Mapping[str, Any]) -> str:
    """Torchvision's name for the network of a [model] section."""
    suffix = "_bn" if model.get("batch_norm") else ""
    return f"{model['name']}{suffix}"


def _read_weights(name: str, path: Path) -> dict[str, Tensor]:
    is_safetensors = path.suffix == ".safetensors"
    tensors = checkpoint.load_tensors(path) if is_safetensors else read_tensors(path)
    try:
        return from_torchvision(name, tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _fill(model: Mapping[str, Tensor], weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy what fits; only last layers, whose classes differ, may have another shape."""
    fitting = {name: weights[name] for name in model if name in weights}
    check_tensors(fitting, model, set(fitting), path)

    for name, tensor in model.items():
        given = weights.get(name)
        if given is None:
            raise CheckpointError(f"{path} has no {name!r}: [model] asks for another variant")

        if given.shape == tensor.shape:
            tensor.copy_(given)
        elif not is_of_output(name):
            raise CheckpointError(
                f"{path}: {name!r} is {tuple(given.shape)}, the model has {tuple(tensor.shape)}"
            )


def published_file(builder: str) -> Path:
    """The file of torchvision's best weights for one of its models, fetched if needed, and checked.

    Raises `DataError` if it cannot be fetched or its checksum is wrong.
    """
    from .compat import torchvision

    url: str = torchvision.models.get_model_weights(builder).DEFAULT.url
    name = url.rpartition("/")[2]
    prefix = _checksum_prefix(name)

    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not path.is_file():
        _fetch(url, path, prefix)
    if not hashlib.sha256(path.read_bytes()).hexdigest().startswith(prefix):
        raise DataError(
            f"{path} is damaged: its sha256 should begin with {prefix}, as its name says; delete it"
        )
    return path


def _fetch(url: str, path: Path, prefix: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=prefix, progress=False)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        why = getattr(error, "reason", error)
        raise DataError(
            f"cannot fetch {url}: {why}; put the file at {path}, or give it with --weights"
        ) from None


def _checksum_prefix(name: str) -> str:
    """The beginning of the file's sha256, which torchvision writes into the name."""
    found = re.search(r"-([0-9a-f]{8,})\.", name)
    if not found:
        raise DataError(f"{name} has no checksum in its name")
    return found[1]

"""What `seqkit serve` offers of image classifiers: the classes of an image, and where it looked.

Shapes: C channels, S side, K classes.
"""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from seqkit.errors import ConfigError, DataError, UnknownName, hint
from seqkit.services import JSON, Asked, Operation, Service, Upload, Work

from .classifier import Classifier, Prediction
from .decoding import decode
from .explain import convolutions, grad_cam
from .readable import is_picture

_COST = 16  # tokens that an image counts for
_SHOWN = 224  # pixels that a small image is enlarged to, at least
_HOT = np.array([255.0, 60.0, 0.0])  # the colour of what speaks for a class
_STRENGTH = 0.6  # of that colour, at most


class Look(Asked):
    """Images, as files of a form."""

    top: int = Field(0, ge=0, description="So many of the likeliest classes; 0 = all.")


class ExplainImage(Look):
    """One image, and the class that is asked about."""

    label: str = Field("", alias="class", description="Else the likeliest.")


def _predict(classifier: Classifier, asked: Look, uploads: Sequence[Upload]) -> Work:
    top = _top(classifier, asked)
    images = [_read(classifier, upload)[0] for upload in uploads]
    names = [upload.name for upload in uploads]

    def compute(some: Sequence[Tensor]) -> list[list[float]]:
        found: list[list[float]] = classifier.probabilities(torch.cat(list(some))).tolist()
        return found

    def answer(rows: Sequence[list[float]]) -> JSON:
        pairs = zip(names, rows, strict=True)
        return {"predictions": [_record(classifier, name, row, top) for name, row in pairs]}

    return Work("predict", images, [_COST] * len(images), compute, answer)


def _explain(classifier: Classifier, asked: ExplainImage, uploads: Sequence[Upload]) -> Work:
    if len(uploads) != 1:
        raise DataError(f"{len(uploads)} files: one image is explained at a time")
    if asked.label and asked.label not in classifier.classes:
        known = hint(asked.label, classifier.classes)
        raise UnknownName(f"the model knows no class {asked.label!r}.{known}")

    top = _top(classifier, asked)
    image, pixels = _read(classifier, uploads[0])

    def find(images: Sequence[Tensor]) -> list[JSON]:
        row = classifier.probabilities(image)[0].tolist()
        record = _record(classifier, uploads[0].name, row, top)
        label = asked.label or max(zip(row, classifier.classes, strict=True))[1]
        number = torch.tensor([classifier.classes.index(label)], device=image.device)
        (heat,) = grad_cam(classifier.model, image, number)
        return [{"prediction": record, "class": label, "image": _png(pixels, heat)}]

    return Work(object(), [image], [4 * _COST], find, lambda results: results[0])


def _top(classifier: Classifier, asked: Look) -> int:
    return min(asked.top, len(classifier.classes)) or len(classifier.classes)


def _record(classifier: Classifier, name: str, row: Sequence[float], top: int) -> JSON:
    """What the model sees in an image, by the shares of its classes: (K,)"""
    pairs = sorted(zip(row, classifier.classes, strict=True), key=lambda pair: -pair[0])[:top]
    names = [label for _, label in pairs]
    return Prediction(name, names, [share for share, _ in pairs]).record()


def _read(classifier: Classifier, upload: Upload) -> tuple[Tensor, Any]:
    """A picture as the model takes it, (1, C, S, S), and its bytes, (C, S, S).

    It is read from a file of ours. Raises `DataError`, which names it as the client does.
    """
    suffix = Path(upload.name).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="seqkit-") as folder:
        path = Path(folder) / f"image{suffix if is_picture(suffix) else '.png'}"
        path.write_bytes(upload.data)
        try:
            pixels = decode(
                path, size=classifier.size, channels=classifier.channels, deep=classifier.deep
            )
            return classifier.read(path), pixels
        except DataError as error:
            raise DataError(str(error).replace(str(path), upload.name)) from None


def _png(pixels: Any, heat: Tensor) -> str:
    """An image (C, S, S) under its heat (S, S), as PNG in base64."""
    shares = heat.cpu().numpy()[..., None] * _STRENGTH  # (S, S, 1)
    colours = np.broadcast_to(pixels.transpose(1, 2, 0), (*shares.shape[:2], 3))
    mixed = colours * (1 - shares) + _HOT * shares

    picture = Image.fromarray(mixed.round().astype(np.uint8))
    larger = max(1, -(-_SHOWN // picture.width))
    size = (picture.width * larger, picture.height * larger)
    picture = picture.resize(size, Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def _has_maps(classifier: Classifier) -> bool:
    try:
        return bool(convolutions(classifier.model))
    except ConfigError:  # it has none
        return False


SERVICE = Service(
    operations=[
        Operation("predict", "The classes of images.", Look, _predict, reads="files"),
        Operation(
            "explain-image",
            "Where the model looked (Grad-CAM).",
            ExplainImage,
            _explain,
            reads="files",
            offered=_has_maps,
        ),
    ],
    describe=lambda classifier: {"reads": "images", "labels": classifier.classes},
)

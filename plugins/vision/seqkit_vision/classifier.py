"""A trained classifier: image files in, class names with probabilities out.

Shapes: N images, B images of a batch, C channels, S side, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.errors import ConfigError, DataError
from seqkit.parsing import check_count
from seqkit.search.soundness import check_numbers
from seqkit.text.lines import check_many

from .decoding import decode
from .held_out import HeldOut, RunData, open_held_out, own_test_images
from .metadata import ImageMetadata
from .report import Report
from .shapes import Wanted
from .views import Plain

_BATCH = 250  # images of a batch in an evaluation


@dataclass(frozen=True)
class Prediction:
    """What the model sees in an image: the likeliest classes first, with their probabilities."""

    image: str
    classes: list[str]
    probabilities: list[float]

    def record(self) -> dict[str, Any]:
        """Plain data: what `--json` prints."""
        by_class = dict(zip(self.classes, self.probabilities, strict=True))
        return {"image": self.image, "classes": by_class}

    def __str__(self) -> str:
        """The image and its classes, separated by tabs."""
        pairs = zip(self.classes, self.probabilities, strict=True)
        columns = [f"{name} {share:.4f}" for name, share in pairs]
        return "\t".join([self.image, *columns])


class Classifier:
    """What `seqkit.load` returns for a run of the task "vision".

    It follows `seqkit.runs.predictor.Predictor`.
    """

    reads: ClassVar[Literal["lines", "files"]] = "files"

    def __init__(
        self, model: nn.Module, metadata: ImageMetadata, *, name: str, run: RunData | None = None
    ) -> None:
        self.model = model
        self.name = name
        self.classes = metadata.classes
        self.size = metadata.size
        self.channels = metadata.channels
        self.normalise = metadata.normalise
        self.deep = metadata.deep
        self._run = run or RunData()

    def __repr__(self) -> str:
        colour = "colour" if self.channels == 3 else "grey"
        images = f"{self.size}x{self.size}, {colour}"
        classes = len(self.classes)
        return f"<Classifier: {self.name}, {classes} classes, images of {images}>"

    @property
    def device(self) -> torch.device:
        parameter = next(self.model.parameters())
        return parameter.device

    def read(self, path: str | Path) -> Tensor:
        """An image file as the model takes it, normalised: (1, C, S, S).

        Raises `DataError` naming the file.
        """
        pixels = decode(Path(path), size=self.size, channels=self.channels, deep=self.deep)
        contiguous = np.ascontiguousarray(pixels)
        images = torch.from_numpy(contiguous)[None]
        return self.normalise(images.to(self.device))

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> Tensor:
        """Normalised images (B, C, S, S) -> (B, K), in float32, on the CPU."""
        logits: Tensor = self.model(images.to(self.device))
        probabilities = logits.float().softmax(-1)
        check_numbers(probabilities)
        return probabilities.cpu()

    def predict(
        self, inputs: Iterable[str | Path], *, top: int = 1, batch: int = 64
    ) -> Iterator[Prediction]:
        """The `top` likeliest classes of each image file, in order, lazily.

        Raises `ConfigError` for a `top` outside 1 to K at once, and `DataError` for a file that
        cannot be read when its turn comes.
        """
        check_many(inputs, "paths")
        check_count(1, batch=batch)
        if not isinstance(top, int) or not 1 <= top <= len(self.classes):
            raise ConfigError(f"top = {top!r}: the model knows {len(self.classes)} classes")

        return self._predictions(iter(inputs), top, batch)

    def _predictions(
        self, paths: Iterator[str | Path], top: int, batch: int
    ) -> Iterator[Prediction]:
        while group := list(islice(paths, batch)):
            images, error = self._read_until_error(group)
            if images:
                yield from self._predict_batch(group, torch.cat(images), top)
            if error:  # after the predictions for the images before it
                raise error

    def _read_until_error(
        self, paths: Sequence[str | Path]
    ) -> tuple[list[Tensor], DataError | None]:
        images: list[Tensor] = []
        for path in paths:
            try:
                images.append(self.read(path))
            except DataError as error:
                return images, error
        return images, None

    def _predict_batch(
        self, paths: Sequence[str | Path], images: Tensor, top: int
    ) -> Iterator[Prediction]:
        likeliest = self.probabilities(images).topk(top)
        shares = likeliest.values.tolist()
        numbers = likeliest.indices.tolist()
        for path, values, classes in zip(paths, shares, numbers, strict=False):
            names = [self.classes[number] for number in classes]
            yield Prediction(str(path), names, values)

    def read_test_data(
        self, paths: Sequence[str | Path] = (), *, skip_bad: bool = False
    ) -> HeldOut:
        """The images of a corpus, a folder or a CSV file; without one, the run's own test images.

        Raises `ConfigError` if the run has no test images, and `DataError` for images that cannot
        be read or classes that the model does not know.
        """
        check_many(paths, "paths")
        if len(paths) > 1:
            raise ConfigError("images are one folder, one CSV file or one corpus: give one name")

        name = str(paths[0]) if paths else own_test_images(self._run)
        wanted = Wanted(self.size, self.channels, self.classes, skip_bad, deep=self.deep)
        return open_held_out(name, self._run, wanted)

    def evaluate(self, data: HeldOut, *, workers: int = 2) -> Report:
        """Accuracy, top 5, precision, recall and F1 of each class, and the confusion matrix.

        Raises `DataError` for images of another size or with other channels than the model takes.
        """
        images = data.images
        given = (images.size, images.channels)
        expected = (self.size, self.channels)
        if given != expected:
            raise DataError(
                f"{data.name}: images of {images.size}x{images.size} "
                f"with {images.channels} channels; "
                f"the model takes {self.size}x{self.size} with {self.channels}"
            )

        every = torch.arange(len(images.labels))
        view = Plain(self.normalise)
        batches = images.batches(every.split(_BATCH), view, workers)
        found = [self.probabilities(batch.to(self.device).images) for batch in batches]

        return Report(
            classes=self.classes,
            probabilities=torch.cat(found).numpy(),
            labels=images.labels.numpy(),
            names=images.names,
            data=data.name,
            size=self.size,
            content=data.content,
            trained_on=data.trained_on,
        )

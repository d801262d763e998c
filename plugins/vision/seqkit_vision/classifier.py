"""A trained classifier: image files or arrays in, class names with probabilities out.

Shapes: N images, B images of a batch, C channels, S side, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from seqkit.errors import ConfigError, DataError

from .decoding import decode
from .images import ImageSet
from .report import Report
from .views import Normalisation, Plain

_BATCH = 250


@dataclass(frozen=True)
class Prediction:
    """What the model sees in an image: the likeliest classes first, with their probabilities."""

    image: str
    classes: list[str]
    probabilities: list[float]


class Classifier:
    """What `seqkit.load` gives for a run of the task "vision"."""

    def __init__(
        self,
        model: nn.Module,
        *,
        classes: Sequence[str],
        size: int,
        channels: int,
        normalise: Normalisation,
        name: str,
    ) -> None:
        self.model, self.classes, self.size, self.channels = model, list(classes), size, channels
        self.normalise, self.name = normalise, name

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def read(self, path: str | Path) -> Tensor:
        """An image file as the model wants it, (1, C, S, S), normalised; raises `DataError` naming the file."""
        pixels = decode(Path(path), size=self.size, channels=self.channels)
        return self.normalise(torch.from_numpy(np.ascontiguousarray(pixels))[None].to(self.device))

    @torch.no_grad()
    def probabilities(self, images: Tensor) -> Tensor:
        """Normalised images (B, C, S, S) -> (B, K), on the CPU."""
        logits: Tensor = self.model(images.to(self.device))
        return logits.float().softmax(-1).cpu()

    def predict(
        self, paths: Iterable[str | Path], *, top: int = 1, batch: int = 64
    ) -> Iterator[Prediction]:
        """The `top` likeliest classes of each image file, in order, as they come.

        Raises `ConfigError` for a `top` outside 1 to K at once, `DataError` for a file that cannot be read when its
        turn comes.
        """
        if not 1 <= top <= len(self.classes):
            raise ConfigError(f"top = {top}: the model knows {len(self.classes)} classes")
        return self._predictions(iter(paths), top, batch)

    def _predictions(
        self, rest: Iterator[str | Path], top: int, batch: int
    ) -> Iterator[Prediction]:
        while group := list(islice(rest, batch)):
            images: list[Tensor] = []
            bad: DataError | None = None
            for path in group:
                try:
                    images.append(self.read(path))
                except DataError as error:  # those before it come first
                    bad = error
                    break
            if images:
                found = self.probabilities(torch.cat(images)).topk(top)
                for path, values, classes in zip(
                    group, found.values.tolist(), found.indices.tolist(), strict=False
                ):
                    yield Prediction(str(path), [self.classes[i] for i in classes], values)
            if bad:
                raise bad

    def evaluate(self, images: ImageSet, *, name: str = "", workers: int = 2) -> Report:
        """Accuracy and all that goes with it on labelled images; `name` says in the report what they are.

        Raises `DataError` if they have another size or other channels than the model's.
        """
        if (images.size, images.channels) != (self.size, self.channels):
            raise DataError(
                f"{name}: images of {images.size}x{images.size} with {images.channels} channels; "
                f"the model wants {self.size}x{self.size} with {self.channels}"
            )
        rows = torch.arange(len(images.labels)).split(_BATCH)
        batches = images.batches(rows, Plain(self.normalise), workers)
        found = [self.probabilities(batch.to(self.device).images) for batch in batches]
        return Report(
            self.classes,
            torch.cat(found).numpy(),
            images.labels.numpy(),
            images.names,
            name,
            self.size,
        )

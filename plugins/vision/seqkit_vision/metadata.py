"""What a checkpoint records about the images of its model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from seqkit.config import required, section, setting
from seqkit.training import metadata as recorded

from .decoding import DEEPEST, GreyRange
from .views import Normalisation

IMAGES = "images.json"


@section
class ImageMetadata:
    """Class names, and the size and normalisation of the images that the model takes."""

    classes: list[str] = required("names, in the order of the outputs", min_length=2)
    size: int = required("side", ge=1)
    channels: int = required("1 grey, 3 colour", ge=1, le=3)
    mean: list[float] = required("of each channel, of values between 0 and 1")
    std: list[Annotated[float, Field(gt=0)]] = required("standard deviation of each channel")
    black: int = setting("value that is black in images of more than 8 bits", default=0, ge=0)
    white: int = setting("value that is white in them", default=DEEPEST, le=DEEPEST)

    def __post_init__(self) -> None:
        if self.black >= self.white:
            raise ValueError(f"black is {self.black}, white {self.white}: it must be greater")
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values, one for each channel")

    @property
    def normalise(self) -> Normalisation:
        return Normalisation(self.mean, self.std)

    @property
    def deep(self) -> GreyRange:
        return GreyRange(self.black, self.white)

    @property
    def dims(self) -> dict[str, int]:
        """The sizes that the model is made with."""
        return {"channels": self.channels, "size": self.size, "classes": len(self.classes)}


def write_metadata(folder: Path, metadata: ImageMetadata) -> None:
    """Write `metadata` into a step folder."""
    recorded.write_metadata(folder / IMAGES, metadata)


def read_metadata(folder: Path) -> ImageMetadata:
    """What `write_metadata` wrote, checked against the sizes of the model beside it.

    Raises `CheckpointError` if it is missing or damaged.
    """
    return recorded.read_metadata(
        ImageMetadata, folder / IMAGES, "the class names and sizes of a model"
    )

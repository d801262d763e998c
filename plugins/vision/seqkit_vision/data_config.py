"""The [data] section of image classifiers."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

from pydantic import field_validator

from seqkit.config import section, setting
from seqkit.data.files import lasting
from seqkit.data.splits import check_folds

from .corpora import CLASSES
from .decoding import LARGEST_SIDE
from .images import MEMORY
from .views import Augmentation


@section
class ImageData:
    """Where the images are and how they are batched."""

    source: str = setting(
        "mnist, fashion-mnist, cifar10, a folder with a folder of images per class, "
        "or a CSV file (path,label)",
        default="",
        on_resume="place",
    )
    test: str = setting(
        "test images for `seqkit evaluate`, given like source; '' = the source's own",
        default="",
        on_resume="any",
    )
    size: int = setting(
        "side of the square that images are scaled to; 0 = they all have one size",
        default=0,
        ge=0,
        le=LARGEST_SIDE,
    )
    channels: Literal[0, 1, 3] = setting("1 grey, 3 colour, 0 as the images are", default=0)
    limit: int = setting("use N training images, drawn at random; 0 = all", default=0, ge=0)
    valid_share: float = setting(
        "share of the training images used for validation", default=0.1, gt=0, lt=1
    )
    folds: int = setting("instead, split the training images into N parts …", default=0, ge=0)
    fold: int = setting("… and validate on this one, counted from 0", default=0, ge=0)
    batch: int = setting("images per batch", default=64, ge=1)
    crop: int = setting("shift each image by up to N pixels", default=0, ge=0)
    flip: bool = setting("mirror half of the images", default=False)
    colour: float = setting(
        "change brightness, contrast and saturation by up to this share", default=0.0, ge=0, le=1
    )
    erase: float = setting(
        "share of the images that lose a rectangle (arXiv:1708.04896)", default=0.0, ge=0, le=1
    )
    mixup: float = setting("alpha of mixtures of two images (arXiv:1710.09412)", default=0.0, ge=0)
    cutmix: float = setting(
        "alpha of images pasted into images (arXiv:1905.04899)", default=0.0, ge=0
    )
    class_weights: bool = setting(
        "weight classes by the inverse of their number of images", default=False
    )
    skip_bad: bool = setting(
        "skip and report files that cannot be read, instead of stopping",
        default=False,
        on_resume="any",
    )
    memory: int = setting(
        "bytes; a larger set is not moved to the GPU, but read batch by batch",
        default=MEMORY,
        on_resume="any",
        ge=0,
    )
    workers: int = setting(
        "threads that read batches of such a set ahead", default=2, on_resume="any", ge=0
    )

    def __post_init__(self) -> None:
        check_folds(self.folds, self.fold)

    @field_validator("source", "test")
    @classmethod
    def _absolute(cls, name: str) -> str:
        """So that a run's config.toml repeats the run from anywhere."""
        if not name or name in CLASSES:
            return name
        return lasting(name)

    @property
    def augmentation(self) -> Augmentation:
        names = [each.name for each in fields(Augmentation)]
        return Augmentation(**{name: getattr(self, name) for name in names})

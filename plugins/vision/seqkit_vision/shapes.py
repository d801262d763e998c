"""What images become: squares of one size, grey or coloured, of 256 shades.

Shapes: C channels, S side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from seqkit.errors import DataError

from .decoding import SIXTEEN_BITS, GreyRange, probe
from .deep import measured_range
from .images import MEMORY
from .listing import Listing

FIX_OR_SKIP = "fix or remove it, or skip such files with --skip-bad"


class Shape(NamedTuple):
    """What files are decoded to."""

    size: int
    channels: int
    deep: GreyRange = SIXTEEN_BITS

    @property
    def bytes(self) -> int:
        """Of one image."""
        return self.channels * self.size**2


@dataclass(frozen=True)
class Wanted:
    """What the images must become; 0, () and None = whatever they are."""

    size: int = 0
    channels: int = 0
    classes: Sequence[str] = ()
    skip_bad: bool = False
    memory: int = MEMORY
    deep: GreyRange | None = None

    @property
    def shape(self) -> Shape | None:
        """None if a part of it is to be found out."""
        if self.size and self.channels and self.deep:
            return Shape(self.size, self.channels, self.deep)
        return None


def common_shape(listing: Listing, wanted: Wanted) -> Shape:
    """What all images have in common, unless it is given; colour if any image is.

    Raises `DataError` if the sizes differ or are not square.
    """
    size, channels = _size_and_channels(listing, wanted)
    return Shape(size, channels, wanted.deep or measured_range(listing.paths))


def _size_and_channels(listing: Listing, wanted: Wanted) -> tuple[int, int]:
    if wanted.size and wanted.channels:
        return wanted.size, wanted.channels

    first, channels = None, 1
    for path in listing.paths:
        try:
            width, height, of_this_image = probe(path)
        except DataError as error:
            if wanted.skip_bad:
                continue
            raise with_advice(error) from None

        channels = max(channels, of_this_image)
        first = first or (path, width, height)
        if wanted.size and channels == 3:  # there is nothing else to find out
            break
        if not wanted.size and (width, height) != first[1:]:
            raise _different_sizes(listing.where, first, (path, width, height))

    if first is None:
        raise none_readable(listing)
    _, width, height = first
    if not wanted.size and width != height:
        raise DataError(
            f"{listing.where}: images are {width}x{height}, not square: "
            f"set data.size, such as {min(width, height)}"
        )
    return wanted.size or width, wanted.channels or channels


def with_advice(error: DataError) -> DataError:
    """An error about a file, with what can be done."""
    return DataError(f"{error}; {FIX_OR_SKIP}")


def none_readable(listing: Listing) -> DataError:
    return DataError(f"{listing.where} holds no image that can be read")


def _different_sizes(
    where: str, one: tuple[Path, int, int], other: tuple[Path, int, int]
) -> DataError:
    examples = [f"{path.name} is {width}x{height}" for path, width, height in (one, other)]
    return DataError(
        f"{where}: images of different sizes ({', '.join(examples)}): "
        "set data.size to the side of the square that they should become, such as 64"
    )

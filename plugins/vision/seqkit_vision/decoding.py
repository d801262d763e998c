"""One image file → one array of bytes. Whatever is wrong with a file is one line with its name.

Which files are images, finding.py knows; which kinds can be read, readable.py.

Shapes: C channels (1 grey, 3 colour), S side.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from seqkit.errors import DataError, reason

from . import readable

DEEPEST = 65535  # the greatest value of 16 bits
MOST_PIXELS = 64_000_000  # a good camera's; a larger file of some kilobytes may fill the memory
LARGEST_SIDE = 8_000  # of the square with as many pixels
_TOO_MANY = (
    f"more than {MOST_PIXELS:,} pixels: a decompression bomb, or an image to be made smaller first"
)
_BROKEN = (  # what Pillow's readers are known to raise for damaged files
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_WITH_PARTS = ("MPO", "PSD")  # a photograph and previews of it; a picture and its layers
_ORIENTATION = 0x0112  # the EXIF tag
_QUARTER_TURNS = (5, 6, 7, 8)
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")
_WHITE = (255, 255, 255, 255)

Pixels = NDArray[np.uint8]


class GreyRange(NamedTuple):
    """The values of images with more than 8 bits that become black and white.

    A camera of 12 bits writes 0 to 4,095 into files of 16.
    """

    black: int = 0
    white: int = DEEPEST


SIXTEEN_BITS = GreyRange()


def decode(
    path: Path, *, size: int = 0, channels: int = 0, deep: GreyRange = SIXTEEN_BITS
) -> Pixels:
    """The image as (C, H, W) or, with `size`, as (C, S, S): its middle square, scaled to S.

    It is turned as its EXIF data say and put on white if it is transparent. With `channels` = 0 it
    stays grey or coloured. Raises `DataError` if it is damaged, an animation, or has more than 64
    million pixels.
    """
    with _opened(path) as file:
        image = _plain(ImageOps.exif_transpose(file), deep)

    channels = channels or len(image.getbands())
    image = image.convert("L" if channels == 1 else "RGB")
    if size:
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)

    array: Pixels = np.array(image, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def probe(path: Path) -> tuple[int, int, int]:
    """Width, height and channels of an image as `decode` gives it, mostly from its header alone."""
    with _opened(path) as file:
        turned = file.getexif().get(_ORIENTATION) in _QUARTER_TURNS
        width, height = ImageOps.exif_transpose(file).size if turned else file.size
        opaque_grey = file.mode in ("1", "L") and "transparency" not in file.info
        grey = opaque_grey or _is_deep(file)
        return width, height, 1 if grey else 3


def deep_values(path: Path) -> tuple[int, int] | None:
    """The least and the greatest value of an image with more than 8 bits; None for any other.

    Raises `DataError` like `decode`.
    """
    with _opened(path) as file:
        if not _is_deep(file):
            return None
        values = _deep_pixels(file)
        return int(values.min()), int(values.max())


def _is_deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a pixel and channel; Pillow knows such greys only."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image, checked; what goes wrong inside the block becomes a `DataError`."""
    try:
        with warnings.catch_warnings():
            # Pillow's, on odd metadata; its warning about size is replaced by our limit.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=readable.formats(path.suffix.lower())) as file:
                _check(file, path)
                yield file
    except UnidentifiedImageError:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is an empty file") from None
        advice = readable.advice(path.suffix.lower())
        way_out = f": {advice}" if advice else ""
        raise DataError(f"{path} is not an image that can be read{way_out}") from None
    except Image.DecompressionBombError:  # Pillow's own limit, above ours
        raise DataError(f"{path} has {_TOO_MANY}") from None
    except OSError as error:
        if error.errno is not None:
            raise DataError(f"cannot read {path}: {reason(error)}") from None
        raise DataError(f"{path} is damaged: {error}") from None
    except _BROKEN as error:
        raise DataError(f"{path} is damaged: {str(error) or type(error).__name__}") from None


def _check(file: Image.Image, path: Path) -> None:
    if file.width * file.height > MOST_PIXELS:
        raise DataError(f"{path} is {file.width:,} x {file.height:,}, {_TOO_MANY}")

    if file.format in _WITH_PARTS:
        return
    frames = getattr(file, "n_frames", 1)
    if frames > 1:
        raise DataError(
            f"{path} is an animation or stack of {frames} images: "
            "save the one that is meant as a file"
        )


def _plain(image: Image.Image, deep: GreyRange) -> Image.Image:
    """The same as 8-bit grey or RGB, however it is stored."""
    if _is_deep(image):
        return _from_deep(image, deep)

    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, _WHITE)
        return Image.alpha_composite(white, image).convert("RGB")

    grey = image.mode in ("1", "L")
    return image.convert("L" if grey else "RGB")


def _from_deep(image: Image.Image, deep: GreyRange) -> Image.Image:
    """Scale more than 8 bits a pixel to 8."""
    values = _deep_pixels(image).clip(deep.black, deep.white)
    shades = (values - deep.black) * 255 / (deep.white - deep.black)
    return Image.fromarray(shades.round().astype(np.uint8))


def _deep_pixels(image: Image.Image) -> NDArray[np.float64]:
    values = np.asarray(image, dtype=np.float64)
    fits = values.min(initial=0) >= 0 and values.max(initial=0) <= DEEPEST
    if image.mode == "F" or not fits:
        raise ValueError(
            f"its pixels are of kind {image.mode!r}, which has no fixed white: "
            "save it with 8 or 16 bits"
        )
    return values

"""One image file → one array of bytes. What is damaged, enormous or no image is said in one line with its name.

Shapes: C channels (1 grey, 3 colour), S side.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from seqkit.errors import DataError, reason

SUFFIXES = (
    ".bmp",
    ".gif",
    ".jfif",
    ".jpe",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
MOST_PIXELS = 64_000_000  # a photograph of a good camera; beyond it, a file of some kilobytes may fill the memory
_TOO_MANY = (
    f"more than {MOST_PIXELS:,} pixels: a decompression bomb, or an image to be made smaller first"
)
_FORMATS = (
    "BMP",
    "GIF",
    "JPEG",
    "PNG",
    "PPM",
    "TIFF",
    "WEBP",
)  # for others Pillow may run a program: Ghostscript
_BROKEN = (  # what Pillow's readers are known to raise on damaged files
    ArithmeticError, AttributeError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError,
    struct.error, zlib.error,
)  # fmt: skip
_ORIENTATION = 0x0112  # the EXIF tag
_QUARTER_TURNS = (5, 6, 7, 8)
_TRANSPARENT = ("RGBA", "LA", "PA", "RGBa", "La")

Pixels = NDArray[np.uint8]


def decode(path: Path, *, size: int = 0, channels: int = 0) -> Pixels:
    """The image as (C, H, W), (C, S, S) with `size`: its shorter side is scaled to S, the middle is cut out.

    It is turned as its EXIF data say, laid on white if it is transparent, and `channels` = 0 keeps it grey or
    coloured as it is. Raises `DataError` if it cannot be read whole, moves, or has more than 64 million pixels.
    """
    with _opened(path) as file:
        image = _plain(ImageOps.exif_transpose(file))
    image = image.convert("L" if (channels or len(image.getbands())) == 1 else "RGB")
    if size:
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    array: Pixels = np.array(image, dtype=np.uint8)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def probe(path: Path) -> tuple[int, int, int]:
    """Width, height and channels of an image, as `decode` would give it; mostly from its header alone."""
    with _opened(path) as file:
        turned = file.getexif().get(_ORIENTATION) in _QUARTER_TURNS
        width, height = ImageOps.exif_transpose(file).size if turned else file.size
        deep = file.mode in ("I", "F") or file.mode.startswith("I;16")
        grey = file.mode in ("1", "L") and "transparency" not in file.info
        return width, height, 1 if deep or grey else 3


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image, checked; what goes wrong inside the block is said as a `DataError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Pillow's, on odd metadata; its limit on size is replaced by ours
            with Image.open(path, formats=_FORMATS) as file:
                _check(file, path)
                yield file
    except UnidentifiedImageError:
        empty = path.stat().st_size == 0
        raise DataError(
            f"{path} is {'an empty file' if empty else 'no image that can be read'}"
        ) from None
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
    frames = (
        1 if file.format == "MPO" else getattr(file, "n_frames", 1)
    )  # MPO: a photograph, then previews of it
    if frames > 1:
        raise DataError(
            f"{path} is an animation or stack of {frames} images: save the one that is meant as a file"
        )


def _plain(image: Image.Image) -> Image.Image:
    """The same as 8-bit grey or RGB, whatever way it is stored."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _from_deep(image)
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """16 bits a pixel: the upper eight of them."""
    values = np.asarray(image, dtype=np.float64)
    if image.mode == "F" or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise ValueError(
            f"its pixels are of kind {image.mode!r}, which has no fixed white: save it with 8 or 16 bits"
        )
    return Image.fromarray((values / 257).round().astype(np.uint8))


def find_images(folder: Path) -> list[Path]:
    """Image files in `folder` and below, sorted by path; hidden ones are left out.

    Raises `DataError` for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"cannot read {error.filename}: {reason(error)}")

    found: list[Path] = []
    for inside, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(inside, name) for name in names if not name.startswith(".") and _is_image(name)
        ]
    return sorted(found)


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES

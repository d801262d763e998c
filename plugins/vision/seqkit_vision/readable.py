"""Which kinds of image files can be read: those of the installed Pillow that need no other program.

Formats with a magic number are known by their content, whatever a file is called; the others only
by the suffix of the file.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

import PIL
from PIL import Image, features

_BY_CONTENT = (
    "AVIF",
    "BMP",
    "GIF",
    "HEIF",
    "JPEG",
    "JPEG2000",
    "JXL",
    "PNG",
    "PPM",
    "TIFF",
    "WEBP",
)
_BY_SUFFIX = (
    "DDS",
    "DIB",
    "FITS",
    "ICNS",
    "ICO",
    "MSP",
    "PCX",
    "PSD",
    "QOI",
    "SGI",
    "SUN",
    "TGA",
    "XBM",
    "XPM",
)
_SAME = {"MPO": "JPEG"}  # a photograph, then previews of it

# Without these libraries Pillow knows the format, and cannot decode it.
_NEEDS = {
    "AVIF": lambda: features.check_module("avif"),
    "JPEG": lambda: features.check_codec("jpg"),
    "JPEG2000": lambda: features.check_codec("jpg_2000"),
    "WEBP": lambda: features.check_module("webp"),
}

# Packages that teach Pillow a format: what they are called where they come from.
_TEACHERS = {"pillow_heif": "pillow-heif", "pillow_jxl": "pillow-jxl-plugin"}
_TAUGHT_BY = {
    ".heic": "pillow_heif",
    ".heif": "pillow_heif",
    ".hif": "pillow_heif",
    ".jxl": "pillow_jxl",
}

_CODECS = ("avif", "jpg", "jpg_2000", "libjpeg_turbo", "libtiff", "webp")

# Pictures that neither Pillow reads nor one of these packages.
_OTHER_PICTURES = (
    *(".ai", ".cr2", ".cr3", ".dcm", ".djvu", ".dng", ".exr", ".hdr", ".jxr", ".arw"),
    *(".nef", ".orf", ".raf", ".raw", ".rw2", ".svg", ".svgz", ".xcf"),
)


@cache
def suffixes() -> dict[str, str]:
    """The suffixes of files that can be read, in lower case, with their formats."""
    _learn()
    Image.init()
    known = {**Image.registered_extensions(), ".pnm": "PPM"}
    allowed = (*_BY_CONTENT, *_BY_SUFFIX)

    found: dict[str, str] = {}
    for suffix, name in sorted(known.items()):
        same = _SAME.get(name, name)
        if same in allowed and _can_decode(same):
            found[suffix] = same
    return found


@cache
def formats(suffix: str) -> tuple[str, ...]:
    """Pillow's names of the formats that a file with this suffix, in lower case, may have."""
    by_content = [name for name in _BY_CONTENT if name in suffixes().values()]
    own = suffixes().get(suffix)
    if own is None or own in by_content:
        return tuple(by_content)
    return (*by_content, own)


@cache
def is_picture(suffix: str) -> bool:
    """Whether files with this suffix are pictures, readable or not."""
    if suffix in suffixes() or suffix in _TAUGHT_BY or suffix in _OTHER_PICTURES:
        return True
    return suffix in Image.registered_extensions()


def advice(suffix: str) -> str:
    """How pictures with this suffix can be used; "" if they can be read, or are no pictures."""
    if suffix in suffixes() or not is_picture(suffix):
        return ""
    package = _TEACHERS.get(_TAUGHT_BY.get(suffix, ""))
    return f"`pip install {package}` to read them" if package else "convert them to PNG or JPEG"


def libraries() -> dict[str, str | None]:
    """What pixels depend on beside our code, with versions; None = not there."""
    found = {name: features.version(name) for name in _CODECS}
    found["pillow"] = PIL.__version__
    for module, distribution in _TEACHERS.items():
        found[module] = version(distribution) if find_spec(module) else None
    return found


def _can_decode(name: str) -> bool:
    if name not in Image.OPEN:
        return False
    check = _NEEDS.get(name)
    return check is None or bool(check())


def _learn() -> None:
    """Let the packages that are installed teach Pillow their formats."""
    for module in _TEACHERS:
        if find_spec(module) is None:
            continue
        try:
            teacher = importlib.import_module(module)
            if module == "pillow_heif":
                teacher.register_heif_opener()
        except Exception:  # a broken package is as good as none
            continue

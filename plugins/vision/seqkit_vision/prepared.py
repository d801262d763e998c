"""Image files decoded once, by several processes, into one array in the cache.

Two kinds of entries: "shapes" (what the images have in common, where that is not given) and
"images" (their pixels, one after the other, and their fingerprints). A second run reads the files
only to see that they are the same.

Shapes: N images, C channels, S side.
"""

from __future__ import annotations

import errno
import os
import warnings
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqkit.data import digest
from seqkit.data.cache import Cache, Facts, Sources
from seqkit.data.pool import map_in_order
from seqkit.data.stored import blocks_of, mapped
from seqkit.errors import DataError, reason
from seqkit.progress import doing

from . import decoding, deep, fingerprints, readable
from .decoding import GreyRange, decode
from .listing import Listing
from .shapes import Shape, Wanted, common_shape, none_readable, with_advice

_BLOCK = 250  # images that a process decodes at once
_PIXELS = "pixels"
_PRINTS = "prints"
_RESERVES_NOTHING = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # ZFS, some network disks


class PreparedImages:
    """The images of a listing, each file decoded unless that was done before."""

    def __init__(self, listing: Listing, wanted: Wanted) -> None:
        """Raises `DataError` for a file that cannot be read, unless `wanted.skip_bad`."""
        self._listing = listing
        self._wanted = wanted
        self._cache = Cache.of_user()
        try:
            self._files = Sources(listing.paths, skip_unreadable=wanted.skip_bad)
        except DataError as error:
            raise with_advice(error) from None

        self._key = {
            "files": self._digest_of_files(),
            "skip_bad": wanted.skip_bad,
            "code": _code(),
        }
        self._about = Path(listing.where).name
        self.shape = wanted.shape or self._common_shape()
        self._entry = self._cache.entry(
            "images", {**self._key, "shape": self.shape}, self._write, about=self._about
        )

    def __repr__(self) -> str:
        return f"<PreparedImages: {len(self._listing.paths):,} files>"

    @property
    def rows(self) -> list[int]:
        """The files that could be read, by their places in the listing."""
        skipped = {row for row, _, _ in self._entry.facts["skipped"]}
        return [row for row in range(len(self._listing.paths)) if row not in skipped]

    @property
    def notes(self) -> list[str]:
        """On the files that could not be read, and on the cache."""
        notes = [
            f"skipped: {before}{self._listing.paths[row]}{after}"
            for row, before, after in self._entry.facts["skipped"]
        ]
        return [*notes, self._cache.note] if self._cache.note else notes

    def pixels(self) -> Tensor:
        """Of all files, zeros for those that could not be read: (N, C, S, S), not to be written."""
        array = mapped(self._entry.folder / _PIXELS, np.uint8)
        size = self.shape.size
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch's: that it cannot be written to
            return torch.from_numpy(array.reshape(-1, self.shape.channels, size, size))

    def prints(self) -> Tensor:
        """The fingerprints of all files: (N,) int64"""
        return torch.from_numpy(np.fromfile(self._entry.folder / _PRINTS, np.int64))

    def _digest_of_files(self) -> str:
        """Of their content; by their suffixes, which decide how some are read."""
        files = zip(self._files.digests, self._listing.paths, strict=True)
        return digest.of_lines(f"{content} {path.suffix.lower()}" for content, path in files)

    def _common_shape(self) -> Shape:
        wanted = self._wanted
        key = {**self._key, "given": [wanted.size, wanted.channels, wanted.deep]}
        facts = self._cache.entry("shapes", key, self._measure, about=self._about).facts
        return Shape(facts["size"], facts["channels"], GreyRange(*facts["deep"]))

    def _measure(self, folder: Path) -> Facts:
        """The facts of an entry "shapes", which has no files."""
        with doing("looking at the images"):
            shape = common_shape(self._listing, self._wanted)
        self._files.check()
        return shape._asdict()

    def _write(self, folder: Path) -> Facts:
        """Fill an entry "images", by several processes."""
        paths = self._listing.paths
        file = folder / _PIXELS
        _reserve(file, len(paths) * self.shape.bytes)
        work = _Work(paths, self.shape, file, self._wanted.skip_bad)

        prints: list[int] = []
        skipped: list[_Skipped] = []
        with doing("decoding images"):
            for block in map_in_order(partial(_decode_block, work), blocks_of(len(paths), _BLOCK)):
                prints += block.prints
                skipped += block.skipped

        if len(skipped) == len(paths):
            raise none_readable(self._listing)
        self._files.check()
        (folder / _PRINTS).write_bytes(np.array(prints, np.int64).tobytes())
        return {"skipped": skipped}


class _Work(NamedTuple):
    """What a process is given."""

    paths: list[Path]
    shape: Shape
    file: Path
    skip_bad: bool


class _Skipped(NamedTuple):
    """A file that could not be read, and what is said of it before and after its name."""

    row: int
    before: str
    after: str


class _Block(NamedTuple):
    """What is kept of some files beside their pixels."""

    prints: list[int]
    skipped: list[_Skipped]


def _decode_block(work: _Work, places: slice) -> _Block:
    """Write the pixels of some files to where they belong."""
    prints: list[int] = []
    skipped: list[_Skipped] = []
    with work.file.open("r+b") as file:
        for row in range(places.start, places.stop):
            path = work.paths[row]
            prints.append(fingerprints.of_file(path))
            try:
                pixels = decode(path, **work.shape._asdict())
            except DataError as error:
                if not work.skip_bad:
                    raise with_advice(error) from None
                before, _, after = str(error).partition(str(path))
                skipped.append(_Skipped(row, before, after))
                continue

            file.seek(row * work.shape.bytes)
            file.write(pixels.tobytes())
    return _Block(prints, skipped)


def _reserve(path: Path, size: int) -> None:
    """A file of zeros. A disk without room for it is told now, and not after hours of decoding."""
    with path.open("wb") as file:
        file.truncate(size)
        if not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno in _RESERVES_NOTHING:
                return
            said = f"{reason(error)} for {size / 1e9:,.1f} GB of decoded images"
            raise OSError(error.errno, said) from None


def _code() -> dict[str, Any]:
    """What tells pixels that are decoded here from those of other code and other libraries."""
    modules = [Path(str(module.__file__)) for module in (decoding, deep, readable)]
    return {"code": Sources(modules).digests, "libraries": readable.libraries()}

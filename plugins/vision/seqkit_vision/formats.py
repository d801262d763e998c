"""The files of MNIST (idx) and of CIFAR-10 (binary) as arrays of bytes; nothing in them is run."""

from __future__ import annotations

import math
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.data.files import BinaryFile, open_bytes, reading
from seqkit.data.unpacking import ENVIRONMENT, limits_are_on
from seqkit.errors import DataError

Bytes = NDArray[np.uint8]

_UBYTE = 8  # third byte of an idx file's magic number: the type; the fourth counts the dimensions
_RECORD = 1 + 3 * 32 * 32  # CIFAR-10: a label, then red, green and blue planes
_PIECE = 1 << 24  # bytes read at once
_MOST_BYTES = 4_000_000_000  # of a file; CIFAR-10 has 31 million
_BATCHES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def read_idx(path: Path, dims: int) -> Bytes:
    """An idx file, plain or packed, with `dims` dimensions; raises `DataError` for anything else.

    Nothing is read after a wrong header, nor more than it says.
    """
    header = 4 + 4 * dims
    with reading(path), open_bytes(path) as file:
        head = file.read(header)
        shape = _shape(head, dims, path)
        expected = math.prod(shape)
        _check_size(expected, path)
        data = b"".join(_pieces(file, expected + 1))

    if len(head) < header or len(data) != expected:
        found = "more" if len(data) > expected else f"{len(head) + len(data):,} bytes"
        raise DataError(
            f"{path} is damaged: {found}, its header {shape} says {header + expected:,}"
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _pieces(file: BinaryFile, most: int) -> Iterator[bytes]:
    """What the file holds, up to `most` bytes; never asks for all that a header claims at once."""
    while most > 0 and (piece := file.read(min(most, _PIECE))):
        yield piece
        most -= len(piece)


def _shape(head: bytes, dims: int, path: Path) -> tuple[int, ...]:
    magic = bytes([0, 0, _UBYTE, dims])
    if head[:4] != magic:
        plural = "s" if dims > 1 else ""
        raise DataError(
            f"{path} is not an idx file of bytes with {dims} dimension{plural}: "
            f"its magic number is {head[:4].hex() or 'missing'}, expected {magic.hex()}"
        )
    ends = range(8, len(head) + 1, 4)
    return tuple(int.from_bytes(head[end - 4 : end], "big") for end in ends)


def _check_size(size: int, path: Path) -> None:
    """Raise `DataError` for a file that claims more than any corpus of small images has."""
    if size > _MOST_BYTES and limits_are_on():
        raise DataError(
            f"{path} claims to hold {size / 1e9:,.0f} GB, which no corpus of small images does: "
            f"look at what it is; {ENVIRONMENT}=off reads it all the same"
        )


def read_idx_pair(images: Path, labels: Path) -> tuple[Bytes, Bytes]:
    """(N, 1, S, S) images and their (N,) labels."""
    pixels = read_idx(images, 3)
    classes = read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise DataError(f"{images} has {len(pixels):,} images, {labels} {len(classes):,} labels")
    return pixels[:, None], classes


def read_cifar10(path: Path, part: str) -> tuple[Bytes, Bytes]:
    """(N, 3, 32, 32) images and (N,) labels of "train" or "test", from the binary form's archive.

    Raises `DataError` if it is damaged or another archive.
    """
    names = _BATCHES[part]
    found = _read_members(path, names)

    for name in names:
        if name not in found:
            raise DataError(f"{path} has no {name}: it is not the binary form of CIFAR-10")
        data = found[name]
        if not data or len(data) % _RECORD:
            raise DataError(
                f"{path}: {name} is damaged: {len(data):,} bytes are not records of {_RECORD:,}"
            )

    batches = [np.frombuffer(found[name], np.uint8).reshape(-1, _RECORD) for name in names]
    records = np.concatenate(batches)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def _read_members(path: Path, names: list[str]) -> dict[str, bytes]:
    """Files of a .tar.gz archive by name, in whatever folder; nothing is written anywhere."""
    try:
        with reading(path), open_bytes(path) as packed:
            found = _read_tar(packed, names, path)
            while packed.read(1 << 20):  # to the end, where gzip's checksum is
                pass
    except tarfile.TarError:
        raise DataError(f"{path} is damaged: it is not a whole .tar.gz archive") from None
    return found


def _read_tar(packed: BinaryFile, names: list[str], path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=packed, mode="r:") as archive:
        for member in archive:
            name = Path(member.name).name
            if name not in names or not member.isfile():
                continue
            _check_size(member.size, path)
            file = archive.extractfile(member)
            if file is not None:
                found[name] = file.read()
    return found

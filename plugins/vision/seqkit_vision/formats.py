"""The files of MNIST (idx) and of CIFAR-10 (binary) as arrays of bytes; nothing in them is run."""

from __future__ import annotations

import math
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.data.files import BinaryFile, open_bytes, reading
from seqkit.errors import DataError

Bytes = NDArray[np.uint8]

_UBYTE = 8  # third byte of an idx file's magic number: the type; the fourth counts the dimensions
_RECORD = 1 + 3 * 32 * 32  # CIFAR-10: a label, then red, green and blue planes
_BATCHES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def read_idx(path: Path, dims: int) -> Bytes:
    """An idx file, plain or gzip, with `dims` dimensions; raises `DataError` for anything else."""
    with reading(path), open_bytes(path) as file:
        data = file.read()

    magic = bytes([0, 0, _UBYTE, dims])
    if data[:4] != magic:
        plural = "s" if dims > 1 else ""
        raise DataError(
            f"{path} is not an idx file of bytes with {dims} dimension{plural}: "
            f"its magic number is {data[:4].hex() or 'missing'}, expected {magic.hex()}"
        )

    header = 4 + 4 * dims
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, header, 4))
    expected = header + math.prod(shape)
    if len(data) != expected:
        raise DataError(
            f"{path} is damaged: {len(data):,} bytes, its header {shape} says {expected:,}"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


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
            found = _read_tar(packed, names)
            while packed.read(1 << 20):  # to the end, where gzip's checksum is
                pass
    except tarfile.TarError:
        raise DataError(f"{path} is damaged: it is not a whole .tar.gz archive") from None
    return found


def _read_tar(packed: BinaryFile, names: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=packed, mode="r:") as archive:
        for member in archive:
            name = Path(member.name).name
            if name not in names or not member.isfile():
                continue
            file = archive.extractfile(member)
            if file is not None:
                found[name] = file.read()
    return found

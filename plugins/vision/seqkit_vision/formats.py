"""The files of MNIST (idx) and of CIFAR-10 (binary) as arrays of bytes. Nothing in them can run code."""

from __future__ import annotations

import math
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqkit.data.files import open_bytes, reading
from seqkit.errors import DataError

Bytes = NDArray[np.uint8]

_UBYTE = 8  # the third byte of an idx file's magic number: what its numbers are; the fourth is how many dimensions
_RECORD = 1 + 3 * 32 * 32  # CIFAR-10: a label, then red, green and blue planes
_BATCHES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def read_idx(path: Path, dims: int) -> Bytes:
    """An idx file, plain or gzip, with that many dimensions; raises `DataError` for anything else."""
    with reading(path), open_bytes(path) as file:
        data = file.read()
    header = 4 + 4 * dims
    if len(data) < 4 or data[:4] != bytes([0, 0, _UBYTE, dims]):
        raise DataError(
            f"{path} is no idx file of bytes with {dims} dimension{'s' if dims > 1 else ''}: "
            f"its magic number is {data[:4].hex() or 'missing'}, expected 0000{_UBYTE:02x}{dims:02x}"
        )
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims))
    wanted = header + math.prod(shape)
    if len(data) != wanted:
        raise DataError(
            f"{path} is damaged: {len(data):,} bytes, its header {shape} says {wanted:,}"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def read_idx_pair(images: Path, labels: Path) -> tuple[Bytes, Bytes]:
    """(N, 1, S, S) images and their (N,) labels."""
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(classes):
        raise DataError(f"{images} has {len(pixels):,} images, {labels} {len(classes):,} labels")
    return pixels[:, None], classes


def read_cifar10(path: Path, part: str) -> tuple[Bytes, Bytes]:
    """(N, 3, 32, 32) images and (N,) labels of "train" or "test", out of the archive of the binary form."""
    found = {}
    try:
        with (
            reading(path),
            open_bytes(path) as packed,
            tarfile.open(fileobj=packed, mode="r:") as archive,
        ):
            for member in archive:  # only read, never written anywhere
                name = Path(member.name).name
                file = (
                    archive.extractfile(member)
                    if name in _BATCHES[part] and member.isfile()
                    else None
                )
                if file is not None:
                    found[name] = file.read()
            while packed.read(1 << 20):  # to the end, where gzip's checksum is
                pass
    except tarfile.TarError:
        raise DataError(f"{path} is damaged: it is not a whole .tar.gz archive") from None
    missing = [name for name in _BATCHES[part] if name not in found]
    if missing:
        raise DataError(f"{path} has no {missing[0]}: it is not the binary form of CIFAR-10")
    for name, data in found.items():
        if not data or len(data) % _RECORD:
            raise DataError(
                f"{path}: {name} is damaged: {len(data):,} bytes are no records of {_RECORD:,}"
            )
    records = np.concatenate(
        [np.frombuffer(found[name], np.uint8).reshape(-1, _RECORD) for name in _BATCHES[part]]
    )
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]

"""Image files made by the tests: noise of known pixels, headers that lie; how they are opened."""

import gzip
import io
import struct
import tarfile
import zlib

import numpy as np
import pytest
from PIL import Image
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source

from seqkit.errors import DataError


def noise(height, width, channels=3, seed=0):
    """(H, W, C) bytes, or (H, W) if grey."""
    array = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return array[..., 0] if channels == 1 else array


def write(path, array, **options):
    """An image file of what its suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def write_folder(folder, counts, *, size=6, channels=1):
    """A folder of PNG files for each class; {name: how many}. Every image is another one."""
    seed = 0
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            write(folder / name / f"{i:03}.png", noise(size, size, channels, seed))
            seed += 1
    return folder


def png_header(width, height):
    """A PNG file that claims this size, and has hardly a pixel."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
    )
    sealed = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(sealed)


def idx(array, *, magic=None, shape=None):
    """The bytes of an idx file; another magic number or shape make a damaged one."""
    shape = array.shape if shape is None else shape
    return (
        (magic or bytes([0, 0, 8, len(shape)]))
        + struct.pack(f">{len(shape)}I", *shape)
        + array.tobytes()
    )


def write_idx_corpus(folder, name, parts):
    """{"train" or "t10k": (images, labels)} as MNIST's files; `folder` is for SEQKIT_CORPORA."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for part, (images, labels) in parts.items():
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / name / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(array)))


def cifar10_batches(random, each):
    """{name: (labels, (N, 3, 32, 32) images)} of the six files of CIFAR-10."""
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    return {
        name: (
            random.integers(0, 10, each, dtype=np.uint8),
            random.integers(0, 256, (each, 3, 32, 32), dtype=np.uint8),
        )
        for name in names
    }


def records(labels, images):
    """A label byte, then 1,024 red, 1,024 green, 1,024 blue ones; one after the other."""
    return b"".join(
        bytes([label]) + image.tobytes() for label, image in zip(labels, images, strict=True)
    )


def write_tar(path, members):
    """A .tar.gz of {name: bytes}; in place of bytes it may be the target of a symbolic link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            if isinstance(data, str):
                member.type, member.linkname = tarfile.SYMTYPE, data
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


def opened(source, part="train", **wanted):
    return open_source(str(source), part, Wanted(**wanted))


def complaint(source, part="train", error=DataError, **wanted):
    """The one line that is said of a source."""
    with pytest.raises(error) as caught:
        opened(source, part, **wanted)
    assert "\n" not in str(caught.value)
    return str(caught.value)

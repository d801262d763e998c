"""Small images that are easy to tell apart: a bright bar at the top, middle or bottom."""

import gzip
import io
import struct
import tarfile

import numpy as np
from PIL import Image

CLASSES = ["bottom", "middle", "top"]  # sorted, as a folder lists them


def bar(name, *, size=12, channels=1, random):
    """(S, S) or, in colour, (S, S, 3): darkness with noise, and a bar of a third of the height."""
    pixels = random.integers(0, 60, (size, size, 3))
    row = ["top", "middle", "bottom"].index(name) * size // 3
    pixels[row : row + size // 3, 1:-1] = random.integers(150, 256, (size // 3, size - 2, 3))
    return pixels[..., 0].astype(np.uint8) if channels == 1 else pixels.astype(np.uint8)


def write_bars(folder, *, each=10, size=12, channels=1, seed=0, names=None):
    """A folder with a folder of PNG files per class; `names` are other names for the classes."""
    random = np.random.default_rng(seed)
    for name, called in zip(CLASSES, names or CLASSES, strict=True):
        (folder / called).mkdir(parents=True)
        for i in range(each):
            image = Image.fromarray(bar(name, size=size, channels=channels, random=random))
            image.save(folder / called / f"{i:03}.png")
    return folder


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


def write_corpora(folder, *, images=80):
    """Stand-ins for mnist, fashion-mnist and cifar10, for SEQKIT_CORPORA: nothing but noise."""
    random = np.random.default_rng(0)
    labels = np.arange(images) % 10
    for name in ("mnist", "fashion-mnist"):
        (folder / name).mkdir(parents=True)
        for part in ("train", "t10k"):
            write_idx(
                folder / name / f"{part}-images-idx3-ubyte.gz",
                random.integers(0, 256, (images, 28, 28)),
            )
            write_idx(folder / name / f"{part}-labels-idx1-ubyte.gz", labels)
    (folder / "cifar10").mkdir()
    with tarfile.open(folder / "cifar10/cifar-10-binary.tar.gz", "w:gz") as archive:
        for name in ("test_batch.bin", *(f"data_batch_{i}.bin" for i in range(1, 6))):
            records = np.concatenate(
                [labels[:, None], random.integers(0, 256, (images, 3072))], 1
            ).astype(np.uint8)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = records.nbytes
            archive.addfile(member, io.BytesIO(records.tobytes()))
    return folder

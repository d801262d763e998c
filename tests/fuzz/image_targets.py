"""The readers of the vision plugin, as targets."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import torch
from bars import write_bars
from PIL import Image
from seqkit_vision import formats
from seqkit_vision.decoding import decode, deep_values, probe
from seqkit_vision.readable import suffixes
from seqkit_vision.record import ImageRecord, Records, read_records, write_records
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source, parts_of
from targets import Target

import seqkit
from seqkit.training.torch_files import read_tensors

SUFFIXES = ("png", "jpg", "gif", "bmp", "webp", "tif", "ppm", "tga", "pcx", "sgi", "ico", "dib")
NOT_EVERYWHERE = {".avif": "AVIF", ".jp2": "JPEG2000"}  # Pillow may lack the library


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


# Pictures


def _write_pictures(folder: Path) -> None:
    for suffix in SUFFIXES:
        Image.fromarray(_noise(6, 5, 3)).save(folder / f"colour.{suffix}")
    for suffix, name in NOT_EVERYWHERE.items():
        if suffix in suffixes():
            Image.fromarray(_noise(16, 16, 3)).save(folder / f"colour{suffix}", format=name)
    Image.fromarray(_noise(4, 4)).save(folder / "grey.png")
    Image.fromarray(_noise(4, 4).astype(np.uint16) * 16).save(folder / "deep.png")
    Image.fromarray(_noise(4, 4)).convert("P").save(folder / "palette.png", transparency=3)


def _read_pictures(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        probe(path)
        deep_values(path)
        decode(path, size=8, channels=3)


def _write_folder(folder: Path) -> None:
    write_bars(folder / "photos", each=3)
    rows = [f"photos/{name}/00{i}.png,{name}" for name in ("top", "middle") for i in range(3)]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    parts = [f"{row},{part}" for row, part in zip(rows, ("train", "val", "test") * 2, strict=True)]
    (folder / "parts.csv").write_text("\n".join(["path,label,split", *parts]) + "\n")


def _read_folder(folder: Path) -> None:
    open_source(str(folder / "list.csv"), "train", Wanted(size=8))
    for part in parts_of(str(folder / "parts.csv")):
        open_source(str(folder / "parts.csv"), part, Wanted(size=8))
    open_source(str(folder / "photos"), "train", Wanted(skip_bad=True))


# Data sets


def _idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def _write_idx(folder: Path) -> None:
    (folder / "images").write_bytes(_idx(_noise(5, 4, 4)))
    (folder / "labels.gz").write_bytes(gzip.compress(_idx(_noise(5)), mtime=0))


def _read_idx(folder: Path) -> None:
    formats.read_idx_pair(folder / "images", folder / "labels.gz")


def _write_cifar10(folder: Path) -> None:
    from pictures_made import write_tar

    names = [f"data_batch_{i}.bin" for i in range(1, 6)]
    write_tar(folder / "cifar.tar.gz", {name: bytes(3073 * 2) for name in names})


def _read_cifar10(folder: Path) -> None:
    formats.read_cifar10(folder / "cifar.tar.gz", "train")


# Models


def _write_weights(folder: Path) -> None:
    state = {"features.0.weight": torch.ones(2, 3), "steps": torch.arange(3)}
    torch.save(state, folder / "today.pth")
    torch.save({"state_dict": state}, folder / "old.pth", _use_new_zipfile_serialization=False)


def _read_weights(folder: Path) -> None:
    for name in ("today.pth", "old.pth"):
        read_tensors(folder / name)


def _write_classifier(folder: Path) -> None:
    write_bars(folder / "photos", each=8, size=28)
    settings = {
        "data.source": str(folder / "photos"),
        "model.name": "lenet",
        "train.steps": 1,
        "train.eval_every": 1,
    }
    seqkit.train("vision/default", out=folder / "run", overrides=settings, device="cpu")


def _open_classifier(folder: Path) -> None:
    model = seqkit.load(folder / "run", device="cpu")
    list(model.predict([folder / "photos/top/000.png"]))
    model.evaluate(model.read_test_data([folder / "photos"]))


def _read_records(folder: Path) -> None:
    read_records(folder, 3)


def _write_records(folder: Path) -> None:
    both = [ImageRecord(torch.arange(3), torch.arange(3), torch.arange(3)) for _ in range(2)]
    write_records(folder, Records(*both))


TARGETS = [
    Target("pictures", _write_pictures, ("*",), _read_pictures, 50),
    Target("image-folder", _write_folder, ("*.csv", "photos/top/*"), _read_folder, 40),
    Target("image-records", _write_records, ("*",), _read_records, 100),
    Target("idx", _write_idx, ("*",), _read_idx, 100),
    Target("cifar10", _write_cifar10, ("*",), _read_cifar10, 30),
    Target("torch-weights", _write_weights, ("*",), _read_weights, 60),
    Target("open-classifier", _write_classifier, ("run/**/*",), _open_classifier, 10),
]

"""Corpora made by the test in their true formats, whole and damaged."""

import gzip

import numpy as np
import pytest
import torch
from pictures_made import (
    cifar10_batches,
    complaint,
    idx,
    opened,
    records,
    write_idx_corpus,
    write_tar,
)
from PIL import Image
from seqkit_vision.corpora import ARTICLES, CIFAR10, CIFAR10_FILE, DIGITS
from seqkit_vision.sources import parts_of

from seqkit.data.corpora import ENVIRONMENT
from seqkit.errors import ConfigError


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """The folder where seqkit looks for corpora."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    return tmp_path


def digits(count, side=6, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, side, side), dtype=np.uint8), np.arange(
        count, dtype=np.uint8
    ) % 10


@pytest.mark.parametrize(("name", "classes"), [("mnist", DIGITS), ("fashion-mnist", ARTICLES)])
def test_parts_of_a_corpus_of_grey_images_are_its_files(shelf, name, classes):
    train, test = digits(12), digits(5, seed=1)
    write_idx_corpus(shelf, name, {"train": train, "t10k": test})
    assert parts_of(name) == {"train", "test"}
    for part, (images, labels) in (("train", train), ("test", test)):
        source = opened(name, part)
        assert source.classes == classes
        assert (source.images.size, source.images.channels) == (6, 1)
        assert source.images.names[3] == f"{name} {part} 3"
        assert source.images.labels.tolist() == labels.tolist()
        np.testing.assert_array_equal(source.images.pixels(torch.arange(len(labels)))[:, 0], images)


def test_cifar10_is_read_from_its_archive(shelf):
    batches = cifar10_batches(np.random.default_rng(0), 2)
    write_tar(
        shelf / "cifar10" / CIFAR10_FILE, {name: records(*batch) for name, batch in batches.items()}
    )
    source = opened("cifar10", "test")
    labels, images = batches["test_batch.bin"]
    assert source.classes == CIFAR10
    assert source.images.labels.tolist() == labels.tolist()
    np.testing.assert_array_equal(source.images.pixels(torch.arange(2)), images)
    assert len(opened("cifar10").images.labels) == 10
    grey = opened("cifar10", "test", channels=1).images.pixels(torch.arange(2))
    for image, luma in zip(images, grey, strict=True):
        pillow = np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L"))
        assert np.abs(luma[0].numpy().astype(int) - pillow).max() <= 1


def test_a_corpus_is_scaled_and_coloured_as_asked(shelf):
    images, labels = digits(3, side=12)
    write_idx_corpus(shelf, "mnist", {"train": (images, labels)})
    scaled = opened("mnist", size=8, channels=3).images
    assert (scaled.size, scaled.channels) == (8, 3)
    pixels = scaled.pixels(torch.arange(3))
    assert pixels.dtype == torch.uint8
    assert torch.equal(pixels[:, 0], pixels[:, 2])
    for image, made in zip(images, pixels[:, 0].numpy(), strict=True):
        pillow = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR))
        assert np.abs(made.astype(int) - pillow).max() <= 1


def test_a_corpus_that_would_not_fit_into_memory_at_its_size_is_refused(shelf):
    write_idx_corpus(shelf, "mnist", {"train": digits(3)})
    assert opened("mnist", size=12, memory=3 * 144).images.size == 12
    said = complaint("mnist", error=ConfigError, size=12, memory=3 * 144 - 1)
    assert (
        said == "3 images at data.size = 12 take 0.0 GB: set data.memory higher or data.size lower"
    )


@pytest.mark.parametrize("label", [10, 255])
def test_a_label_outside_the_range_is_reported_with_its_file(shelf, label):
    images, labels = digits(3)
    labels[1] = label
    write_idx_corpus(shelf, "mnist", {"train": (images, labels)})
    path = shelf / "mnist" / "train-labels-idx1-ubyte.gz"
    assert complaint("mnist") == f"{path}: label {label} is outside the range 0 to 9"


def test_a_label_outside_the_range_in_cifar10_is_reported(shelf):
    record = bytes([10]) + bytes(3072)
    path = write_tar(shelf / "cifar10" / CIFAR10_FILE, {"test_batch.bin": record})
    assert complaint("cifar10", "test") == f"{path}: label 10 is outside the range 0 to 9"


def test_a_corpus_without_images_or_files_is_reported(shelf, monkeypatch):
    write_idx_corpus(shelf, "mnist", {"train": digits(0)})
    assert complaint("mnist").endswith("train-images-idx3-ubyte.gz holds no images")
    monkeypatch.setenv("XDG_CACHE_HOME", str(shelf / "cache"))
    assert "corpus 'mnist' is not on this machine" in complaint("mnist", "test")
    assert "run `seqkit corpora fetch cifar10`" in complaint("cifar10")


def test_damaged_files_of_a_corpus_are_reported(shelf):
    write_idx_corpus(shelf, "mnist", {"train": digits(3)})
    labels, images = (
        shelf / "mnist" / f"train-{kind}-ubyte.gz" for kind in ("labels-idx1", "images-idx3")
    )
    labels.write_bytes(gzip.compress(idx(np.zeros(2, np.uint8))))
    assert complaint("mnist") == f"{images} has 3 images, {labels} 2 labels"
    labels.write_bytes(images.read_bytes())
    assert f"{labels} is not an idx file of bytes with 1 dimension" in complaint("mnist")
    images.write_bytes(images.read_bytes()[:-10])
    assert complaint("mnist") == f"{images} is damaged: it is not a whole gzip file"

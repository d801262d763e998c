"""The plugin's cards, and the real files of its corpora where they are."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from seqkit_vision.corpora import CIFAR10_FILE, CLASSES, IDX
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source

from seqkit.data.corpora import ENVIRONMENT
from seqkit.errors import DataError
from seqkit.recipes import corpora

FILES = [
    (name, file) for name in ("mnist", "fashion-mnist") for pair in IDX.values() for file in pair
]
FILES.append(("cifar10", CIFAR10_FILE))


def found(name, file):
    """The real file; without it, the test is skipped."""
    if not os.environ.get(ENVIRONMENT):
        pytest.skip(f"{ENVIRONMENT} is not set")
    try:
        return corpora().locate(name, [file])[0]
    except DataError as error:
        pytest.skip(str(error))


def test_every_corpus_of_images_has_a_card_and_ten_classes():
    assert set(CLASSES) <= set(corpora().names())
    files = [(name, file) for name in CLASSES for file in corpora().card(name).files]
    assert sorted(files) == sorted(FILES)
    for name, classes in CLASSES.items():
        assert len(set(classes)) == 10
        about = corpora().card(name)
        assert about.title
        assert about.source
        assert about.licence
        assert set(about.splits) == {"train", "test"}


@pytest.mark.parametrize(("name", "file"), FILES)
def test_cards_say_where_a_file_can_be_fetched_and_what_it_must_be(name, file):
    about = corpora().card(name).files[file]
    assert about.address.startswith(("https://", "http://"))
    assert about.address.endswith(file)
    assert len(about.sha256) == 64
    assert len(about.text_sha256) == (0 if name == "cifar10" else 64)


def test_no_two_files_have_the_same_checksum():
    sums = [corpora().card(name).files[file].sha256 for name, file in FILES]
    assert len(set(sums)) == len(sums)


@pytest.mark.parametrize(("name", "file"), FILES)
def test_checksums_are_those_of_the_real_files(name, file):
    about, data = corpora().card(name).files[file], found(name, file).read_bytes()
    inside = hashlib.sha256(gzip.decompress(data)).hexdigest() if about.text_sha256 else ""
    assert about.sha256 == hashlib.sha256(data).hexdigest() or inside == about.text_sha256
    assert inside == about.text_sha256


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_corpora_are_as_their_papers_say(name):
    found(name, IDX["test"][0])
    source = open_source(name, "test", Wanted())
    assert (len(source.images.labels), source.images.size, source.images.channels) == (
        10_000,
        28,
        1,
    )
    counts = torch.bincount(source.images.labels)
    assert len(counts) == 10
    if name == "fashion-mnist":  # its classes are even; MNIST's are not
        assert counts.tolist() == [1000] * 10
    else:
        assert counts.tolist() != [1000] * 10
    first = source.images.pixels(torch.tensor([0]))[0, 0].numpy()
    assert (
        CLASSES[name][source.images.labels[0]]
        == {"mnist": "7", "fashion-mnist": "ankle boot"}[name]
    )
    assert first.min() == 0 < first.max()
    assert np.count_nonzero(first[0]) == 0


def test_a_corpus_is_found_under_the_folder_that_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / CIFAR10_FILE).touch()
    found = corpora().locate("cifar10", [CIFAR10_FILE])
    assert found == [Path(tmp_path / "cifar10" / CIFAR10_FILE)]

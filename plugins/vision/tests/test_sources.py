"""Images from folders, CSV files and corpora, and everything that may be wrong with them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures_made import complaint, noise, opened, write, write_folder
from PIL import Image
from seqkit_vision.sources import classes_of, parts_of

from seqkit.errors import ConfigError

PETS = {"cat": 3, "dog": 2}


def labelled(source):
    """{the last two parts of a path: its class}"""
    names = ["/".join(Path(name).parts[-2:]) for name in source.images.names]
    return {
        name: source.classes[label]
        for name, label in zip(names, source.images.labels.tolist(), strict=True)
    }


# Folders


def test_a_folder_of_folders_gives_images_classes_and_names(tmp_path):
    source = opened(write_folder(tmp_path, {"dog": 2, "cat": 3}))
    assert source.classes == ["cat", "dog"]
    assert source.images.labels.tolist() == [0, 0, 0, 1, 1]
    assert labelled(source) == {
        "cat/000.png": "cat",
        "cat/001.png": "cat",
        "cat/002.png": "cat",
        "dog/000.png": "dog",
        "dog/001.png": "dog",
    }
    assert (source.images.size, source.images.channels, source.notes) == (6, 1, [])
    stored = [np.asarray(Image.open(name)) for name in source.images.names]
    np.testing.assert_array_equal(source.images.pixels(torch.arange(5)), np.stack(stored)[:, None])


def test_classes_are_known_without_reading_an_image(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, {"dog": 2, "cat": 3})
    (tmp_path / "pets.csv").write_text(
        "path,label\ncat/000.png,10\ndog/000.png,9\n", encoding="utf-8"
    )
    for name in ("prepared.decode", "shapes.probe"):
        monkeypatch.setattr(f"seqkit_vision.{name}", None)
    assert classes_of(str(folder)) == ["cat", "dog"]
    assert classes_of(str(tmp_path / "pets.csv")) == ["9", "10"]
    assert len(classes_of("cifar10")) == 10
    with pytest.raises(ConfigError, match="no images: set data"):
        classes_of("")


def test_images_below_the_folder_of_a_class_are_of_that_class(tmp_path):
    write_folder(tmp_path, PETS)
    write(tmp_path / "dog" / "puppies" / "a.png", noise(6, 6, 1))
    assert opened(tmp_path).images.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_classes_in_other_scripts_keep_their_names(tmp_path):
    source = opened(write_folder(tmp_path, {"кошка": 1, "狗": 1, "mèo con": 1}))
    assert source.classes == ["mèo con", "кошка", "狗"]
    assert len(source.images.names) == 3


@pytest.mark.parametrize("test", ["test", "Test", "testing"])
@pytest.mark.parametrize("train", ["train", "training", "TRAIN"])
def test_folders_named_for_parts_are_the_parts(tmp_path, train, test):
    write_folder(tmp_path / train, PETS)
    write_folder(tmp_path / test, {"cat": 1, "dog": 1})
    assert parts_of(str(tmp_path)) == {"train", "test"}
    assert len(opened(tmp_path, "train").images.labels) == 5
    assert len(opened(tmp_path, "test").images.labels) == 2
    assert labelled(opened(tmp_path, "test")) == {"cat/000.png": "cat", "dog/000.png": "dog"}


@pytest.mark.parametrize("valid", ["val", "valid", "Validation", "dev"])
def test_a_validation_folder_is_one_and_stands_for_test_images_if_there_are_none(tmp_path, valid):
    write_folder(tmp_path / "train", PETS)
    write_folder(tmp_path / valid, {"cat": 1, "dog": 1})
    assert parts_of(str(tmp_path)) == {"train", "valid"}
    assert len(opened(tmp_path, "train").images.labels) == 5
    assert len(opened(tmp_path, "valid").images.labels) == 2
    assert len(opened(tmp_path, "test").images.labels) == 2


def test_a_test_folder_is_preferred_to_a_validation_folder(tmp_path):
    for number, part in enumerate(("train", "val", "test"), 1):
        write_folder(tmp_path / part, {"cat": number, "dog": number})
    assert len(opened(tmp_path, "test").images.labels) == 6


def test_a_folder_without_parts_is_all_training_data_and_read_whole_as_test_data(tmp_path):
    write_folder(tmp_path, PETS)
    assert not parts_of(str(tmp_path))
    assert labelled(opened(tmp_path, "train")) == labelled(opened(tmp_path, "test"))


def test_a_class_named_train_among_others_is_a_class(tmp_path):
    write_folder(tmp_path, {"bus": 1, "plane": 1, "train": 2})
    source = opened(tmp_path)
    assert source.classes == ["bus", "plane", "train"]
    assert source.images.labels.tolist() == [0, 1, 2, 2]
    assert not parts_of(str(tmp_path))


def test_parts_beside_other_folders_are_parts(tmp_path):
    write_folder(tmp_path / "train", PETS)
    (tmp_path / "notes").mkdir()
    (tmp_path / ".git").mkdir()
    assert opened(tmp_path).classes == ["cat", "dog"]


def test_parts_without_classes_are_not_taken_for_classes(tmp_path):
    write_folder(tmp_path, {"train": 2, "test": 2})
    assert complaint(tmp_path) == (
        f"{tmp_path / 'train'} has no folders: "
        "put the images of each class into a folder named for it"
    )


def test_a_folder_of_images_without_class_folders_is_refused(tmp_path):
    write(tmp_path / "a.png", noise(6, 6))
    assert "has no folders: put the images of each class into a folder named for it" in complaint(
        tmp_path
    )


def test_a_class_without_images_is_refused(tmp_path):
    write_folder(tmp_path, PETS)
    (tmp_path / "mouse").mkdir()
    (tmp_path / "mouse" / "readme.txt").write_text("soon")
    assert (
        complaint(tmp_path)
        == f"{tmp_path / 'mouse'} holds no images: fill or remove the folder of that class"
    )


def test_a_single_class_cannot_be_trained_on(tmp_path):
    assert "has a single class, 'cat': there is nothing to tell apart" in complaint(
        write_folder(tmp_path, {"cat": 3})
    )


def test_images_of_different_sizes_need_a_size(tmp_path):
    write_folder(tmp_path, PETS)
    write(tmp_path / "dog" / "large.png", noise(9, 9, 1))
    said = complaint(tmp_path)
    assert (
        "images of different sizes (000.png is 6x6, large.png is 9x9): set data.size to the side"
        in said
    )
    source = opened(tmp_path, size=8)
    assert source.images.pixels(torch.arange(6)).shape == (6, 1, 8, 8)


def test_images_that_are_not_square_need_a_size(tmp_path):
    for name in PETS:
        write(tmp_path / name / "a.png", noise(6, 9, 1))
    assert "images are 9x6, not square: set data.size, such as 6" in complaint(tmp_path)
    assert opened(tmp_path, size=6).images.size == 6


def test_grey_images_among_coloured_ones_become_coloured_unless_grey_is_asked_for(tmp_path):
    write_folder(tmp_path, PETS)
    write(tmp_path / "dog" / "colour.png", noise(6, 6))
    source = opened(tmp_path)
    assert source.images.channels == 3
    np.testing.assert_array_equal(source.images.pixels(torch.arange(1))[0, 0], noise(6, 6, 1, 0))
    assert opened(tmp_path, size=6).images.channels == 3
    assert opened(tmp_path, channels=1).images.channels == 1


def test_a_folder_without_read_permission_is_reported(tmp_path, monkeypatch):
    write_folder(tmp_path, PETS)

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert complaint(tmp_path) == f"cannot read {tmp_path}: Permission denied"


def test_a_single_image_in_colour_is_found_among_a_thousand(tmp_path):
    write_folder(tmp_path, PETS)
    grey = (tmp_path / "cat").iterdir().__next__().read_bytes()
    for number in range(1000):
        (tmp_path / "cat" / f"{number:04}.png").write_bytes(grey)
    write(tmp_path / "dog" / "z.png", noise(6, 6))
    assert opened(tmp_path, size=6).images.channels == 3


def test_a_class_name_that_is_not_utf8_is_reported_before_training(tmp_path):
    write_folder(tmp_path, PETS)
    os.rename(os.fsencode(tmp_path / "cat"), os.fsencode(tmp_path) + b"/caf\xe9")
    assert "the name of the class folder 'caf\\udce9' is not UTF-8: rename it" in complaint(
        tmp_path
    )


def test_an_unknown_source_is_refused_with_what_is_accepted(tmp_path):
    known = (
        "give a corpus (mnist, fashion-mnist, cifar10), "
        "a folder with a folder of images per class, or a CSV file"
    )
    for name in ("minst", tmp_path / "nowhere", write(tmp_path / "a.png", noise(2, 2))):
        said = complaint(name)
        assert said.startswith(f"no images at {str(name)!r}: ")
        assert known in said


# The classes of a model


def test_the_classes_of_a_model_decide_labels(tmp_path):
    write_folder(tmp_path, PETS)
    source = opened(tmp_path, "test", classes=["dog", "horse", "cat"])
    assert source.classes == ["dog", "horse", "cat"]
    assert source.images.labels.tolist() == [2, 2, 2, 0, 0]


def test_a_single_class_that_the_model_knows_can_be_evaluated(tmp_path):
    assert opened(
        write_folder(tmp_path, {"cat": 2}), "test", classes=["cat", "dog"]
    ).images.labels.tolist() == [0, 0]


def test_a_class_that_the_model_does_not_know_is_refused(tmp_path):
    write_folder(tmp_path / "images", PETS)
    assert "the model knows no class 'dog'. Did you mean 'dogs'? Known: cat, dogs." in complaint(
        tmp_path / "images", classes=["cat", "dogs"]
    )
    (tmp_path / "a.csv").write_text("path,label\nimages/cat/000.png,lion\n")
    assert "a.csv: the model knows no class 'lion'." in complaint(
        tmp_path / "a.csv", classes=["cat", "dog"]
    )


def test_a_corpus_with_other_classes_than_the_model_is_refused():
    assert "mnist: the model knows no class '0'." in complaint("mnist", classes=["cat", "dog"])


# Files that cannot be read


@pytest.fixture
def damaged(tmp_path):
    """Cats and dogs, of which one cat is an empty file and one dog is text."""
    write_folder(tmp_path, {"cat": 3, "dog": 3})
    (tmp_path / "cat" / "001.png").write_bytes(b"")
    (tmp_path / "dog" / "002.png").write_text("woof")
    return tmp_path


@pytest.mark.parametrize("wanted", [{}, {"size": 6}, {"size": 6, "channels": 1}])
def test_a_damaged_file_is_named_with_what_to_do(damaged, wanted):
    assert complaint(damaged, **wanted) == (
        f"{damaged / 'cat' / '001.png'} is an empty file; "
        "fix or remove it, or skip such files with --skip-bad"
    )


@pytest.mark.parametrize("memory", [10**9, 10])
@pytest.mark.parametrize("wanted", [{}, {"size": 6}, {"size": 6, "channels": 1}])
def test_damaged_files_can_be_skipped_and_every_one_is_noted(damaged, wanted, memory):
    source = opened(damaged, skip_bad=True, memory=memory, **wanted)
    assert source.images.is_large == (memory == 10)
    assert list(labelled(source)) == ["cat/000.png", "cat/002.png", "dog/000.png", "dog/001.png"]
    assert list(labelled(source).values()) == ["cat", "cat", "dog", "dog"]
    np.testing.assert_array_equal(source.images.pixels(torch.arange(4))[3, 0], noise(6, 6, 1, 4))
    assert source.notes == [
        f"skipped: {damaged / 'cat' / '001.png'} is an empty file",
        f"skipped: {damaged / 'dog' / '002.png'} is not an image that can be read",
    ]


@pytest.mark.parametrize("size", [0, 6])
def test_a_source_of_damaged_files_only_is_refused(tmp_path, size):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    said = complaint(tmp_path, skip_bad=True, size=size)
    assert said == f"{tmp_path} holds no image that can be read"


# Memory


def test_a_set_larger_than_memory_has_the_same_images(tmp_path):
    write_folder(tmp_path, PETS, channels=3)
    small, large = (
        opened(tmp_path, memory=memory).images for memory in (5 * 3 * 36, 5 * 3 * 36 - 1)
    )
    assert (small.is_large, large.is_large) == (False, True)
    assert (large.size, large.channels, large.names) == (6, 3, small.names)
    assert torch.equal(large.labels, small.labels)
    rows = torch.tensor([4, 0])
    assert torch.equal(large.pixels(rows), small.pixels(rows))

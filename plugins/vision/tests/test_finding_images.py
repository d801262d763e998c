"""Image files are found below a folder."""

import os

import pytest
from pictures_made import noise, write
from seqkit_vision.decoding import SUFFIXES, decode, find_images

from seqkit.errors import DataError


def test_images_are_found_below_a_folder_in_order_without_hidden_ones(tmp_path):
    for name in (
        "b.png",
        "a.JPG",
        "deep/er/c.tiff",
        "ж.webp",
        ".hidden.png",
        ".git/d.png",
        "notes.txt",
        "e.png.bak",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find_images(tmp_path)]
    assert found == ["a.JPG", "b.png", "deep/er/c.tiff", "ж.webp"]


def test_a_folder_inside_a_hidden_one_has_its_images(tmp_path):
    write(tmp_path / ".cache" / "cats" / "a.png", noise(2, 2))
    assert len(find_images(tmp_path / ".cache" / "cats")) == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_known_suffix_can_be_decoded(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}", noise(8, 8, 1))
    assert find_images(tmp_path) == [path]
    assert decode(path).shape[1:] == (8, 8)


def test_a_subfolder_without_read_permission_is_reported(tmp_path, monkeypatch):
    (tmp_path / "more").mkdir()
    real = os.scandir

    def refuse(path):
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=f"cannot read {tmp_path / 'more'}: Permission denied"):
        find_images(tmp_path)

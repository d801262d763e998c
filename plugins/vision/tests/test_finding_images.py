"""Image files are found below a folder; what is left out is counted and named."""

import os

import pytest
from pictures_made import noise, opened, write, write_folder
from PIL import Image
from seqkit_vision import readable
from seqkit_vision.decoding import decode
from seqkit_vision.finding import find_images

from seqkit.errors import DataError


def names(found, folder):
    return [str(path.relative_to(folder)) for path in found.images]


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
        "README",
        "what.a long suffix",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_images(tmp_path)
    assert names(found, tmp_path) == ["a.JPG", "b.png", "deep/er/c.tiff", "ж.webp"]
    assert found.left_out == {
        "hidden": 2,
        ".txt": 1,
        ".bak": 1,
        "without a suffix": 1,
        "with an odd suffix": 1,
    }


def test_a_folder_inside_a_hidden_one_has_its_images(tmp_path):
    write(tmp_path / ".cache" / "cats" / "a.png", noise(2, 2))
    assert len(find_images(tmp_path / ".cache" / "cats").images) == 1


WRITTEN = {  # by Pillow, whose readers all releases have
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "GIF": (".gif",),
    "ICNS": (".icns",),
    "ICO": (".ico",),
    "JPEG": (".jfif", ".jpe", ".jpeg", ".jpg"),
    "JPEG2000": (".j2c", ".j2k", ".jp2", ".jpc", ".jpf", ".jpx"),
    "AVIF": (".avif",),
    "PCX": (".pcx",),
    "PNG": (".apng", ".png"),
    "PPM": (".pbm", ".pgm", ".pnm", ".ppm"),
    "SGI": (".bw", ".rgb", ".rgba", ".sgi"),
    "TGA": (".icb", ".tga", ".vda", ".vst"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_installed_pillow_can_read_is_read(tmp_path, name):
    if name not in readable.suffixes().values():
        pytest.skip(f"this Pillow has no {name}")
    for suffix in WRITTEN[name]:
        path = tmp_path / f"a{suffix}"
        Image.fromarray(noise(16, 16)).save(path, format=name)
        assert decode(path, channels=3).shape[0] == 3
        path.rename(tmp_path / f"a{suffix.upper()}")
    found = find_images(tmp_path)
    assert len(found.images) == len(WRITTEN[name])
    assert not found.left_out


def test_nothing_that_runs_another_program_is_read(tmp_path):
    path = tmp_path / "a.eps"
    Image.fromarray(noise(8, 8)).save(path)
    assert not find_images(tmp_path).images
    for called in (path, path.rename(tmp_path / "a.png")):
        called.touch()
        with pytest.raises(DataError):
            decode(called)


def test_a_kind_without_a_magic_number_is_known_by_its_suffix_alone(tmp_path):
    path = write(tmp_path / "a.tga", noise(8, 8))
    assert decode(path).shape == (3, 8, 8)
    with pytest.raises(DataError, match=r"a.png is not an image that can be read$"):
        decode(path.rename(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("suffix", "way_out"),
    [
        (".heic", "`pip install pillow-heif` to read them"),
        (".jxl", "`pip install pillow-jxl-plugin` to read them"),
        (".svg", "convert them to PNG or JPEG"),
        (".cr2", "convert them to PNG or JPEG"),
        (".eps", "convert them to PNG or JPEG"),
    ],
)
def test_pictures_that_cannot_be_read_are_counted_with_the_way_out(tmp_path, suffix, way_out):
    if suffix in readable.suffixes():
        pytest.skip(f"{suffix} can be read here")
    write_folder(tmp_path, {"cat": 3, "dog": 2})
    for i in range(4):
        (tmp_path / f"dog/{i}{suffix.upper()}").write_bytes(b"x")
    source = opened(tmp_path)
    assert len(source.images.labels) == 5
    assert source.notes == [f"left out of {tmp_path}: 4 {suffix} ({suffix}: {way_out})"]
    with pytest.raises(DataError, match=f"is not an image that can be read: {way_out}"):
        decode(tmp_path / f"dog/0{suffix.upper()}")


def test_a_class_of_pictures_that_cannot_be_read_says_so(tmp_path):
    write_folder(tmp_path, {"cat": 3, "dog": 2})
    (tmp_path / "emu").mkdir()
    (tmp_path / "emu/a.svg").touch()
    with pytest.raises(DataError, match=r"emu holds no images: fill .*; left out of it: 1 \.svg"):
        opened(tmp_path)


def test_files_beside_the_folders_of_the_classes_are_counted_too(tmp_path):
    write_folder(tmp_path / "train", {"cat": 3, "dog": 2})
    write_folder(tmp_path / "test", {"cat": 3, "dog": 2})
    write_folder(tmp_path / "unsorted", {"cat": 3})
    for name in ("labels.csv", "train/a.png", "train/.DS_Store", "train/.cache/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert opened(tmp_path).notes == [
        f"left out of {tmp_path / 'train'}: 2 hidden, 1 .png",
        f"left out of {tmp_path}: 3 in the folder 'unsorted', 1 .csv",
    ]


def test_kinds_are_named_the_commonest_first_and_not_without_end(tmp_path):
    for i in range(20):
        (tmp_path / f"a.x{i:02}").touch()
    (tmp_path / "b.x19").touch()
    (line,) = find_images(tmp_path).note_on_others(tmp_path)
    assert line.startswith(f"left out of {tmp_path}: 2 .x19, 1 .x00, 1 .x01, ")
    assert line.endswith(" 1 .x06, 12 of other kinds")


# Links


def test_links_are_followed_once_and_never_in_a_circle(tmp_path):
    write_folder(tmp_path / "photos", {"cat": 1, "dog": 2})
    write_folder(tmp_path / "elsewhere", {"more": 3})
    cats = tmp_path / "photos/cat"
    (cats / "aaa").symlink_to(tmp_path / "elsewhere/more")
    (cats / "bbb").symlink_to(tmp_path / "elsewhere/more")  # once
    (tmp_path / "elsewhere/more/back").symlink_to(cats)
    (cats / "up").symlink_to(tmp_path / "photos")  # dogs are no cats
    (cats / "itself").symlink_to(cats / "itself")
    (cats / "nowhere.png").symlink_to(tmp_path / "nowhere.png")
    (cats / "file.png").symlink_to(tmp_path / "photos/dog/000.png")
    found = find_images(cats)
    assert names(found, cats) == ["000.png", *(f"aaa/00{i}.png" for i in range(3)), "file.png"]
    assert found.left_out == {
        "behind a link to a folder that is read anyway": 3,
        "behind a broken link": 2,
    }


def test_a_folder_is_found_under_its_own_name_rather_than_a_link_s(tmp_path):
    write(tmp_path / "zzz/a.png", noise(2, 2))
    (tmp_path / "aaa").symlink_to(tmp_path / "zzz")
    assert names(find_images(tmp_path), tmp_path) == ["zzz/a.png"]


def test_a_class_may_be_a_link(tmp_path):
    write_folder(tmp_path / "elsewhere", {"felines": 3})
    write_folder(tmp_path / "photos", {"dog": 2})
    (tmp_path / "photos/cat").symlink_to(tmp_path / "elsewhere/felines")
    assert opened(tmp_path / "photos").images.labels.tolist() == [0, 0, 0, 1, 1]


def test_a_class_that_is_a_link_to_all_classes_is_refused(tmp_path):
    write_folder(tmp_path, {"cat": 1, "dog": 2})
    (tmp_path / "pets").symlink_to(tmp_path)
    with pytest.raises(DataError, match="pets holds no images"):
        opened(tmp_path)


def test_a_pipe_with_the_name_of_an_image_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    found = find_images(tmp_path)
    assert not found.images
    assert found.left_out == {"not a regular file": 1}


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

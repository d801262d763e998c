"""Images in the cache: decoded once, and the same as if each file were read each time."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from bars import write_bars
from pictures_made import complaint, noise, opened, write, write_folder
from PIL import Image
from seqkit_vision import fingerprints, prepared
from seqkit_vision.decoding import decode

from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.training import checkpoint

PETS = {"cat": 13, "dog": 12}
ADVICE = "; fix or remove it, or skip such files with --skip-bad"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.setattr(prepared, "_BLOCK", 4)
    monkeypatch.setattr("seqkit.data.pool.cores", lambda: 2)
    return Cache(tmp_path / "cache")


@pytest.fixture
def pets(tmp_path):
    return write_folder(tmp_path / "pets", PETS, channels=3)


def kinds_in(cache):
    return sorted(one.folder.name.partition("-")[0] for one in cache.listed())


def every(source):
    return source.images.pixels(torch.arange(len(source.images.labels)))


def each_decoded(source):
    """The images of a source without the cache."""
    size, channels = source.images.size, source.images.channels
    files = map(Path, source.images.names)
    return torch.from_numpy(
        np.stack([decode(file, size=size, channels=channels) for file in files])
    )


def no_decoding(monkeypatch):
    """Whatever opens an image fails from now on."""
    for name in ("decode", "common_shape", "map_in_order"):
        monkeypatch.setattr(prepared, name, None)


def test_the_pixels_and_the_fingerprints_are_those_of_each_file(pets):
    source = opened(pets, size=5)
    paths = [path for name in PETS for path in sorted((pets / name).iterdir())]
    assert source.images.names == [str(path) for path in paths]
    assert torch.equal(every(source), each_decoded(source))
    assert source.prints.tolist() == [fingerprints.of_file(path) for path in paths]


@pytest.mark.parametrize("wanted", [{}, {"size": 4}, {"size": 4, "channels": 1}])
@pytest.mark.parametrize("memory", [0, 10**9])
def test_a_second_run_opens_no_image(pets, cache, wanted, memory, monkeypatch):
    first = opened(pets, memory=memory, **wanted)
    no_decoding(monkeypatch)
    again = opened(pets, memory=memory, **wanted)
    assert torch.equal(every(again), every(first))
    assert (again.content, again.deep, again.notes) == (first.content, first.deep, first.notes)
    assert kinds_in(cache) == ["images", "shapes"]


def test_what_was_found_out_and_what_was_asked_for_is_the_same_entry(pets, cache, monkeypatch):
    """A resumed run, and an evaluation, ask for the size that the first run has found."""
    first = opened(pets)
    no_decoding(monkeypatch)
    again = opened(pets, size=6, channels=3, deep=first.deep)
    assert torch.equal(every(again), every(first))
    assert kinds_in(cache) == ["images", "shapes"]


def test_files_that_moved_are_known_and_called_what_they_are_now(pets, monkeypatch):
    first = opened(pets)
    no_decoding(monkeypatch)
    again = opened(pets.rename(pets.with_name("animals")))
    assert torch.equal(every(again), every(first))
    assert all("/animals/" in name for name in again.images.names)


@pytest.mark.parametrize(
    ("change", "opens"),
    [
        (lambda pets: write(pets / "cat/004.png", noise(6, 6, seed=99)), {}),
        (lambda pets: (pets / "cat/004.png").rename(pets / "cat/999.png"), {}),
        (lambda pets: (pets / "cat/004.png").rename(pets / "cat/004.jpg"), {}),
        (lambda pets: (pets / "cat/004.png").unlink(), {}),
        (lambda pets: None, {"size": 4}),
        (lambda pets: None, {"channels": 1}),
    ],
    ids=["other pixels", "other order", "other suffix", "one less", "other size", "grey"],
)
def test_whatever_pixels_depend_on_makes_them_anew(pets, cache, change, opens):
    opened(pets)
    change(pets)
    source = opened(pets, **opens)
    assert kinds_in(cache).count("images") == 2
    assert torch.equal(every(source), each_decoded(source))


def test_another_pillow_decodes_anew(pets, cache, monkeypatch):
    opened(pets)
    monkeypatch.setattr("PIL.__version__", "99.0")
    opened(pets)
    assert kinds_in(cache).count("images") == 2


def test_what_is_skipped_once_is_skipped_and_noted_again(pets, monkeypatch):
    (pets / "cat/001.png").write_bytes(b"")
    (pets / "dog/011.png").write_text("woof")
    first = opened(pets, skip_bad=True)
    no_decoding(monkeypatch)
    again = opened(pets.rename(pets.with_name("animals")), skip_bad=True)
    assert len(again.images.labels) == len(again.prints) == 23
    assert torch.equal(every(again), every(first))
    assert torch.equal(again.prints, first.prints)
    moved = pets.with_name("animals")
    assert again.notes == [
        f"skipped: {moved / 'cat/001.png'} is an empty file",
        f"skipped: {moved / 'dog/011.png'} is not an image that can be read",
    ]


def test_a_file_that_is_not_there_is_named_or_skipped(tmp_path, cache):
    write(tmp_path / "a.png", noise(6, 6, 1))
    write(tmp_path / "b.png", noise(6, 6, 1))
    (tmp_path / "list.csv").write_text("path,label\na.png,x\ngone.png,y\nb.png,y\n")
    gone = f"cannot read {tmp_path / 'gone.png'}: No such file or directory"
    assert complaint(tmp_path / "list.csv") == gone + ADVICE
    source = opened(tmp_path / "list.csv", skip_bad=True)
    assert source.notes == [f"skipped: {gone}"]
    assert source.images.labels.tolist() == [0, 1]

    write(tmp_path / "gone.png", noise(6, 6, 1))
    assert len(opened(tmp_path / "list.csv", skip_bad=True).images.labels) == 3


def test_a_damaged_file_is_named_by_its_process_and_nothing_is_left(pets, cache):
    path = pets / "dog/003.png"
    path.write_bytes(path.read_bytes()[:-40])
    said = complaint(pets, size=6, channels=3)
    assert said.startswith(f"{path} is damaged: ")
    assert said.endswith(ADVICE)
    assert not [one for one in cache.listed() if one.folder.name.startswith("images")]


def test_a_file_that_changes_while_it_is_read_is_refused(pets, cache, monkeypatch):
    def decode_and_change(path, **how):
        write(pets / "cat/002.png", noise(6, 6, seed=99))
        return decode(path, **how)

    monkeypatch.setattr(prepared, "decode", decode_and_change)
    assert "cat/002.png changed while it was read: run it again" in complaint(pets)
    assert kinds_in(cache) == ["shapes"]


def test_a_full_disk_is_told_before_anything_is_decoded(pets, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    monkeypatch.setattr(prepared, "map_in_order", None)
    said = complaint(pets)
    assert "No space left on device for 0.0 GB of decoded images. `seqkit cache clear`" in said
    assert kinds_in(cache) == ["shapes"]


@pytest.mark.parametrize("code", ["EINVAL", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_that_reserves_no_room_is_written_to(pets, cache, monkeypatch, code):
    def reserve(*_):
        raise OSError(getattr(errno, code), "not on this disk")

    monkeypatch.setattr(os, "posix_fallocate", reserve, raising=False)
    source = opened(pets)
    assert torch.equal(every(source), each_decoded(source))
    assert kinds_in(cache) == ["images", "shapes"]


def test_a_cache_that_cannot_be_written_is_noted_and_nothing_is_kept(pets, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "file/cache"))
    source = opened(pets)
    assert every(source).shape == (25, 3, 6, 6)
    (note,) = source.notes
    assert "is not kept for next time: cannot write" in note


@pytest.mark.parametrize("name", ["pixels", "prints", "entry.json"])
def test_a_damaged_entry_is_made_anew(pets, cache, name):
    expected = every(opened(pets)).clone()
    (entry,) = cache.root.glob("images-*")
    content = (entry / name).read_bytes()
    (entry / name).write_bytes(content[: len(content) // 2])
    assert torch.equal(every(opened(pets)), expected)


def test_images_are_held_when_the_cache_is_deleted(pets, cache):
    source = opened(pets)
    expected = every(source)
    cache.clear()
    assert torch.equal(every(source), expected)


def test_a_run_trains_on_when_files_and_cache_are_deleted(tmp_path, cache, train):
    """Files are read at the start only."""
    data = write_bars(tmp_path / "bars", each=10)

    def delete(event):
        shutil.rmtree(data, ignore_errors=True)
        cache.clear()

    found = train(tmp_path / "run", {"data.source": str(data)}, listener=delete)
    assert checkpoint.read_meta(checkpoint.resolve(found.folder, "last"))["state"]["step"] == 4


KILLED = """
import os, signal
from seqkit_vision import prepared
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source

prepared.fingerprints.of_file = lambda path: os.kill(os.getpid(), signal.SIGKILL)
open_source({folder!r}, "train", Wanted(size=6, channels=3))
"""


def test_a_run_that_is_killed_while_decoding_leaves_nothing_that_is_used(pets, cache):
    script = KILLED.format(folder=str(pets))
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [one.is_whole for one in cache.listed() if "images" in one.folder.name] == [False]

    source = opened(pets, size=6, channels=3)
    assert torch.equal(every(source), each_decoded(source))
    assert all(one.is_whole for one in cache.listed())


LARGE = """
import resource
import torch
from seqkit_vision.shapes import Wanted
from seqkit_vision.sources import open_source
from seqkit_vision.views import Normalisation, Plain

used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (used + {more}, used + {more}))
images = open_source({folder!r}, "train", Wanted(memory=0)).images
rows = torch.arange(len(images.labels)).split(2)
view = Plain(Normalisation([0.0] * 3, [1.0] * 3))
CPU = torch.device("cpu")
means = [float(batch.to(CPU).images.mean()) for batch in images.batches(rows, view, 1)]
assert len(means) == 120
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_images_larger_than_memory_are_decoded_and_read_in_bounded_memory(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "flat" / name).mkdir(parents=True)
        for i in range(120):
            image = Image.new("RGB", (500, 500), (i, 50, 90))
            image.save(tmp_path / "flat" / name / f"{i:03}.jpg")
    decoded = 240 * 3 * 500**2
    script = LARGE.format(folder=str(tmp_path / "flat"), more=decoded * 2 // 3)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

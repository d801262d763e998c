"""Images are known by content when a run is resumed: they may move, and stay what they were."""

import shutil

import pytest
import torch
from bars import write_bars
from safetensors.torch import load_file
from seqkit_vision.record import TRAINED, ImageRecord, Records, read_records, write_records

from seqkit.errors import CheckpointError
from seqkit.training import checkpoint

RATE = {"optim.decay": "none"}
SHORT = {"train.steps": 4, "train.eval_every": 2, **RATE}
LONGER = {**SHORT, "train.steps": 8}


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Images, a run on them, and an uninterrupted run: read from files while training, or not."""
    folder = tmp_path_factory.mktemp("start")
    write_bars(folder / "photos", each=20)
    return folder


@pytest.fixture(params=["in memory", "from files"])
def resume(request, start, train, tmp_path):
    """`resume(photos, **data)` continues, in a copy, a run that was stopped; returns its folder."""
    memory = 0 if request.param == "from files" else 10**9
    data = {"data.memory": memory, "data.workers": 0}
    source = {"data.source": str(start / "photos")}
    for name, settings in (("short", SHORT), ("whole", LONGER)):
        if not (start / request.param / name).exists():
            train(start / request.param / name, {**settings, **data, **source})
    shutil.copytree(start / request.param / "short", tmp_path / "run")
    shutil.copytree(start / "photos", tmp_path / "photos")

    def call(photos=tmp_path / "photos", **changes):
        more = {f"data.{name}": value for name, value in changes.items()}
        settings = {**LONGER, **data, "data.source": str(photos), **more}
        return train(tmp_path / "run", settings, resume=True).folder

    call.whole = start / request.param / "whole"
    call.photos = tmp_path / "photos"
    return call


def assert_same(one, other):
    for file in (checkpoint.MODEL, checkpoint.TRAINER):
        mine, theirs = (load_file(checkpoint.resolve(run, "last") / file) for run in (one, other))
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_images_that_were_moved_are_the_same(resume, tmp_path):
    assert_same(resume.whole, resume(resume.photos.rename(tmp_path / "else")))


@pytest.mark.parametrize("change", [{"workers": 1}, {"memory": 5}, {"skip_bad": True}], ids=str)
def test_how_images_are_loaded_may_change(resume, change):
    assert_same(resume.whole, resume(**change))


def test_images_that_were_renamed_are_trained_and_validated_on_as_before(resume):
    for folder in resume.photos.iterdir():
        for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):
            path.rename(path.with_name(f"new{number:03}.png"))
    assert_same(resume.whole, resume())


def swap_classes(photos):
    (photos / "top").rename(photos / "spare")
    (photos / "bottom").rename(photos / "top")
    (photos / "spare").rename(photos / "bottom")


def swap_two(photos):
    one, other, spare = photos / "top/003.png", photos / "bottom/003.png", photos / "spare"
    one.rename(spare)
    other.rename(one)
    spare.rename(other)


def add_one(photos):
    write_bars(photos.with_name("more"), each=1, seed=9)
    (photos.with_name("more") / "top/000.png").rename(photos / "top/more.png")


def change_one(photos):
    write_bars(photos.with_name("more"), each=1, seed=9)
    (photos.with_name("more") / "top/000.png").rename(photos / "top/000.png")


@pytest.mark.parametrize("change", [swap_classes, swap_two, add_one, change_one])
def test_images_that_have_changed_are_refused(resume, change):
    change(resume.photos)
    with pytest.raises(CheckpointError) as caught:
        resume()
    assert "cannot resume" in str(caught.value)
    assert ": the images have changed (data.source = '" in str(caught.value)


def test_what_earlier_runs_recorded_of_damaged_images_is_still_their_use(tmp_path):
    numbers = torch.arange(3)
    uses = torch.tensor([0, 1, 17])
    write_records(tmp_path, Records(ImageRecord(numbers, numbers, uses)))
    assert read_records(tmp_path).prints_of_use(TRAINED) == {1, 2}

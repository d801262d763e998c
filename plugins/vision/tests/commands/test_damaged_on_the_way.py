"""A picture that turns out to be damaged during training: what the error advises works."""

import shutil

import pytest
from bars import write_bars

from seqkit.training import checkpoint

STEPS = ("train.steps=20", "train.eval_every=5", "data.batch=8", "data.memory=0")
SIZE = ("data.size=12", "data.channels=1")  # so that no header is looked at before


@pytest.fixture
def photos(tmp_path):
    return write_bars(tmp_path / "photos", each=20)


@pytest.fixture(params=[0, 2], ids=["without workers", "with workers"])
def train(request, cli, photos, tmp_path):
    """`train("--resume", …)` trains on the photos, which are read from their files."""
    settings = (*STEPS, *SIZE, f"data.workers={request.param}", "model.name=softmax-regression")
    given = [word for setting in settings for word in ("--set", setting)]
    fixed = ["--data", photos, "--out", tmp_path / "run", "--device", "cpu", *given]
    return lambda *args: cli("vision", "train", *fixed, *args)


@pytest.fixture
def damaged(train, photos, tmp_path, monkeypatch):
    """A picture that cut training short, as in a set of which only a sample is looked at before."""
    monkeypatch.setattr("seqkit_vision.statistics._SAMPLE", 2)
    path = photos / "middle/007.png"
    shutil.copy(path, tmp_path / "whole.png")
    path.write_bytes(path.read_bytes()[:-40])

    done = train("--set", "train.eval_every=1")
    error = done.err.splitlines()[-1]
    assert done.code == 1
    assert error.startswith(f"error: {path} is damaged")
    assert "fix or remove it, or skip such files with --skip-bad" in error
    assert "Traceback" not in done.err
    return path


def last_step(run):
    return checkpoint.read_meta(checkpoint.resolve(run, "last"))["state"]["step"]


def remove(path, whole):
    path.unlink()


def mend(path, whole):
    shutil.copy(whole, path)


def mend_under_another_name(path, whole):
    shutil.copy(whole, path.with_name("mended.png"))
    path.unlink()


@pytest.mark.parametrize("way_out", [remove, mend, mend_under_another_name])
def test_the_picture_may_be_removed_or_mended(train, damaged, tmp_path, way_out):
    way_out(damaged, tmp_path / "whole.png")
    done = train("--resume")
    assert done.code == 0, done.err
    assert last_step(tmp_path / "run") == 20
    said = "1 of the 60 images of this run are gone: it goes on without them"
    assert (said in done.err) == (way_out is remove)

    assert train("--resume", "--set", "train.steps=24").code == 0
    assert last_step(tmp_path / "run") == 24


def test_such_pictures_may_be_skipped(train, damaged, tmp_path):
    done = train("--resume", "--skip-bad")
    assert done.code == 0, done.err
    assert f"skipped: {damaged} is damaged" in done.err
    assert last_step(tmp_path / "run") == 20


def test_nothing_that_was_learned_is_lost(train, damaged, tmp_path):
    assert last_step(tmp_path / "run") >= 0
    again = train("--resume")
    assert f"{damaged} is damaged" in again.err  # as long as nothing was done about it
    assert again.code == 1


def test_a_picture_that_is_damaged_before_training_goes_on_may_be_removed(train, photos, tmp_path):
    assert train("--set", "train.steps=10").code == 0
    path = photos / "top/003.png"
    path.write_bytes(b"")
    said = train("--resume").complaint()
    assert str(path) in said
    path.unlink()
    assert train("--resume").code == 0
    assert last_step(tmp_path / "run") == 20


def test_in_memory_too_it_may_be_removed(cli, photos, tmp_path):
    given = ["vision", "train", "--data", photos, "--out", tmp_path / "run", "--device", "cpu"]
    settings = ("train.eval_every=5", "data.batch=8", "model.name=softmax-regression")
    given += [word for setting in settings for word in ("--set", setting)]
    assert cli(*given, "--set", "train.steps=10").code == 0
    path = photos / "top/003.png"
    path.write_bytes(path.read_bytes()[:-40])
    resumed = [*given, "--set", "train.steps=20", "--resume"]
    assert f"{path} is damaged" in cli(*resumed).complaint()
    for way_out in (["--skip-bad"], []):
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
        assert cli(*resumed, *way_out, "--out", tmp_path / "copy").code == 0
        shutil.rmtree(tmp_path / "copy")
        path.unlink(missing_ok=True)

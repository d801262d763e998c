"""A picture that is damaged when a run is to be resumed: what the error advises works."""

import shutil

import pytest
from bars import write_bars

from seqkit.training import checkpoint


@pytest.fixture(params=[10**9, 0], ids=["small set", "large set"])
def train(request, cli, tmp_path):
    """`train("--resume", …)` trains on photos."""
    photos = write_bars(tmp_path / "photos", each=20)
    settings = ("train.eval_every=5", "data.batch=8", f"data.memory={request.param}")
    given = [word for setting in settings for word in ("--set", setting)]
    fixed = ["--model", "softmax-regression", "--data", photos, "--out", tmp_path / "run", *given]
    return lambda *args: cli("vision", "train", *fixed, "--device", "cpu", *args)


@pytest.fixture
def damaged(train, tmp_path):
    """A picture that was whole when the first ten updates were made."""
    assert train("--set", "train.steps=10").code == 0
    path = tmp_path / "photos/middle/007.png"
    shutil.copy(path, tmp_path / "whole.png")
    path.write_bytes(path.read_bytes()[:-40])

    error = resumed(train).complaint()
    assert error.startswith(f"{path} is damaged")
    assert "fix or remove it, or skip such files with --skip-bad" in error
    assert last_step(tmp_path / "run") == 10  # nothing that was learned is lost
    return path


def resumed(train, *args):
    return train("--resume", "--set", "train.steps=20", *args)


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
    done = resumed(train)
    assert done.code == 0, done.err
    assert last_step(tmp_path / "run") == 20
    said = "1 of the 60 images of this run are gone: it goes on without them"
    assert (said in done.err) == (way_out is remove)

    assert train("--resume", "--set", "train.steps=24").code == 0
    assert last_step(tmp_path / "run") == 24


def test_such_pictures_may_be_skipped(train, damaged, tmp_path):
    done = resumed(train, "--skip-bad")
    assert done.code == 0, done.err
    assert f"skipped: {damaged} is damaged" in done.err
    assert last_step(tmp_path / "run") == 20

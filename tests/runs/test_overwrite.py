"""--overwrite: the old run is there until the new one has a checkpoint."""

import shutil

import pytest
from tensors import assert_same, step_folders

import seqkit
from seqkit.errors import Interrupted
from seqkit.runs import replaced
from seqkit.training import Updated, checkpoint

OTHER = {"train.seed": 5}


class Killed(BaseException):
    """Ends the process there, as SIGKILL would."""


@pytest.fixture
def run(here):
    """A run, and a copy of it."""
    seqkit.train("tiny.toml", out="run", device="cpu")
    (here / "run/notes.txt").write_text("mine")
    shutil.copytree(here / "run", here / "before")
    return here / "run"


def overwrite(listener=lambda event: None, **more):
    return seqkit.train(
        "tiny.toml", out="run", device="cpu", overwrite=True, overrides=OTHER, listener=listener
    )


def at_step(step, error):
    def listen(event):
        if isinstance(event, Updated) and event.step == step:
            raise error

    return listen


def at_start(error):
    def listen(event):
        raise error

    return listen


def contents(run):
    return {
        str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()
    }


def test_nothing_is_left_of_the_old_run_once_the_new_one_has_a_checkpoint(here, run):
    assert overwrite().step == 4
    assert not list(run.glob(".*"))
    assert (run / "notes.txt").exists()
    seqkit.train("tiny.toml", out="fresh", device="cpu", overrides=OTHER)
    assert_same(here / "fresh", run)


@pytest.mark.parametrize("place", ["set_aside", "move"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_a_kill_before_its_first_checkpoint_leaves_the_old_run(
    here, run, monkeypatch, place, number
):
    """Killed while it moves the old run aside or after that; the next command brings it back."""
    real = getattr(replaced, place)
    done = []

    def act(*args):
        real(*args)
        done.append(args)
        if len(done) == number or place == "set_aside":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(replaced, place, act)
        patch.setattr("seqkit.runs.start." + place, act, raising=False)
        patch.setattr("seqkit.runs.entry.restore", lambda folder: False)  # it has no time to
        with pytest.raises(Killed):
            overwrite()

    events = []
    seqkit.train("tiny.toml", out="run", device="cpu", resume=True, listener=events.append)
    assert "the new one stopped before it had saved anything: it is back" in events[0].notes[0]
    assert contents(run) == contents(here / "before")
    assert seqkit.load("run").translate(["a b"])


def test_an_error_before_the_first_checkpoint_leaves_the_old_run(here, run, monkeypatch):
    monkeypatch.setattr(checkpoint, "write", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        overwrite(at_step(1, MemoryError))
    assert contents(run) == contents(here / "before")
    assert not (run / replaced.REPLACED).exists()


def test_a_new_run_that_was_killed_after_its_first_checkpoint_is_the_one_that_stays(
    here, run, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("seqkit.runs.folder.discard", lambda run: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            overwrite()
    seqkit.train("tiny.toml", out="run", device="cpu", overrides=OTHER, resume=True)
    seqkit.train("tiny.toml", out="fresh", device="cpu", overrides=OTHER)
    assert_same(here / "fresh", run)
    assert not list(run.glob(".*"))


def test_a_run_that_is_half_deleted_is_never_brought_back(run, monkeypatch):
    def half(path):
        (path / "config.toml").unlink()
        raise Killed

    replaced.set_aside(run)
    shutil.copytree(run.parent / "before", run, dirs_exist_ok=True)
    with monkeypatch.context() as patch:
        patch.setattr(replaced, "remove", lambda p: half(p) if p.is_dir() else None)
        with pytest.raises(Killed):
            replaced.discard(run)
    assert not replaced.restore(run)
    assert not list(run.glob(".*"))


def test_a_stop_saves_and_then_the_new_run_is_the_one_that_stays(here, run):
    import os
    import signal

    def listen(event):
        if isinstance(event, Updated):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted):
        overwrite(listen)
    assert step_folders(run) == ["step-000001"]
    assert not list(run.glob(".*"))


def test_a_step_folder_that_is_a_link_is_replaced_and_its_target_left_alone(here, run):
    elsewhere = here / "big disk"
    (run / "step-000002").rename(elsewhere)
    (run / "step-000002").symlink_to(elsewhere)
    assert overwrite().step == 4
    assert (elsewhere / checkpoint.META).exists()
    assert not (run / "step-000002").is_symlink()


def test_what_looks_like_a_step_folder_and_is_none_stays(run):
    (run / "step-by-step.txt").write_text("mine")
    (run / "step-000002-backup").mkdir()
    overwrite()
    assert (run / "step-by-step.txt").exists()
    assert (run / "step-000002-backup").exists()


def test_a_run_that_has_lost_its_config_is_kept_as_well(run, monkeypatch):
    (run / "config.toml").unlink()
    before = contents(run)
    with monkeypatch.context() as patch:
        patch.setattr("seqkit.runs.entry.restore", lambda folder: False)  # it has no time to
        with pytest.raises(Killed):
            overwrite(at_start(Killed))
    assert replaced.restore(run)
    assert contents(run) == {**before, "config.toml": b""}

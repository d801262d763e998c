"""`last` or `best` empty, garbled or gone: no step is lost, and what is done about it is said."""

import shutil

import pytest
from letters import write_config, write_pairs
from tensors import assert_same, step_folders

import seqkit
from seqkit.errors import CheckpointError, ConfigError
from seqkit.training import Updated, checkpoint

SETTINGS = {"train.steps": 8, "train.eval_every": 2, "train.keep": 9, "optim.lr": 1e-2}
LONGER = SETTINGS | {"train.steps": 11}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a config, a run of 8 steps, and one of 11 that never stopped."""
    folder = tmp_path_factory.mktemp("runs")
    write_pairs(folder)
    config = write_config(folder / "tiny.toml")
    seqkit.train(config, out=folder / "short", overrides=SETTINGS, device="cpu")
    seqkit.train(config, out=folder / "long", overrides=LONGER, device="cpu")
    return folder


def resume(runs, run):
    events = []
    seqkit.train(
        runs / "tiny.toml",
        out=run,
        overrides=LONGER,
        device="cpu",
        resume=True,
        listener=events.append,
    )
    return events


def same_as_never_stopped(runs, run):
    whole = runs / "long"
    assert_same(whole, run)
    assert step_folders(whole) == step_folders(run)
    for name in ("best", "last"):
        assert (whole / name).read_text() == (run / name).read_text()
    return True


DAMAGE = {
    "empty": b"",
    "blank": b" \n",
    "garbled": b"\xff\x00\x80step-0",
    "gone": None,
    "to a folder that is gone": b"step-000099\n",
    "outside": b"../long/step-000008\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("names", [["last"], ["best"], ["best", "last"]], ids="+".join)
def test_the_newest_whole_step_is_resumed_and_the_best_stays_the_best(
    runs, tmp_path, damage, names
):
    run = tmp_path / "run"
    shutil.copytree(runs / "short", run)
    for name in names:
        (run / name).unlink()
        if DAMAGE[damage] is not None:
            (run / name).write_bytes(DAMAGE[damage])

    start = resume(runs, run)[0]
    assert start.step == 8
    says = f"`last` of {run} leads nowhere: resuming from step-000008, the newest whole one"
    assert start.notes == ([says] if "last" in names else [])
    assert same_as_never_stopped(runs, run)


def test_a_step_that_is_not_whole_is_passed_over(runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs / "short", run)
    shutil.rmtree(run / "step-000008")  # which `last` names
    (run / "step-000006" / checkpoint.TRAINER).write_bytes(b"half")

    start, update, *_ = resume(runs, run)
    assert "resuming from step-000004, the newest whole one" in start.notes[0]
    assert isinstance(update, Updated)
    assert update.step == 5
    assert same_as_never_stopped(runs, run)


@pytest.mark.parametrize("left", ["a pointer", "a damaged step"])
def test_with_no_whole_step_left_nothing_is_touched(runs, tmp_path, left):
    run = tmp_path / "run"
    shutil.copytree(runs / "short", run)
    for folder in checkpoint.step_folders(run):
        shutil.rmtree(folder)
    if left == "a damaged step":
        (run / "step-000008").mkdir()
        for name in ("best", "last"):
            (run / name).unlink()
    before = {path: path.read_bytes() for path in run.iterdir() if path.is_file()}

    with pytest.raises(CheckpointError, match="no whole one is left; leaving it untouched"):
        resume(runs, run)
    assert before == {path: path.read_bytes() for path in run.iterdir() if path.is_file()}


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs / "short", run)
    for folder in checkpoint.step_folders(run):
        shutil.rmtree(folder)
    for name in ("best", "last"):
        (run / name).unlink()
    assert resume(runs, run)[0].step == 0
    assert same_as_never_stopped(runs, run)


@pytest.mark.parametrize("damage", [None, b"", b"task = ", b"\xff"], ids=str)
def test_a_lost_config_is_written_again_from_the_checkpoint(runs, tmp_path, damage):
    run = tmp_path / "run"
    shutil.copytree(runs / "short", run)
    config = (run / "config.toml").read_bytes()
    (run / "config.toml").unlink()
    if damage is not None:
        (run / "config.toml").write_bytes(damage)

    with pytest.raises(ConfigError, match="cannot resume"):
        seqkit.train(runs / "tiny.toml", out=run, overrides=LONGER | {"train.seed": 5}, resume=True)
    assert resume(runs, run)[0].step == 8
    assert same_as_never_stopped(runs, run)
    assert (run / "config.toml").read_bytes() == config.replace(b"steps = 8", b"steps = 11")

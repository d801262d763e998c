"""A run folder that is deleted or moved while it trains becomes a whole run folder again."""

import logging
import shutil

import pytest
from tensors import assert_same

import seqkit
from seqkit.errors import CheckpointError
from seqkit.training import Updated, checkpoint

SETTINGS = {"train.steps": 7, "train.eval_every": 2}


def at_step(step, action):
    def listen(event):
        if isinstance(event, Updated) and event.step == step:
            action()

    return listen


def train(out, listener=lambda event: None, **more):
    settings = {"overrides": SETTINGS, "device": "cpu", "listener": listener}
    return seqkit.train("tiny.toml", out=out, **settings | more)


def delete_visible_files(run):
    for path in run.glob("[!.]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


ACCIDENTS = {
    "deleted": shutil.rmtree,
    "emptied": delete_visible_files,
    "moved": lambda run: run.rename(run.with_name("moved")),
    "moved with what is above": lambda run: run.parent.rename(run.parent.with_name("moved")),
    "without its log": lambda run: (run / "log.jsonl").unlink(),
    "without its config": lambda run: (run / "config.toml").unlink(),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_it_is_saved_again_with_its_whole_log(here, caplog, capsys, accident):
    run = here / "runs/run"
    train(here / "whole")
    with caplog.at_level(logging.WARNING, "seqkit"):
        done = train(run, at_step(5, lambda: ACCIDENTS[accident](run)), progress=True)
    assert done.step == 7
    note = f"{run} was deleted or moved while it trains: it is saved again"
    assert note in caplog.text
    assert note in capsys.readouterr().err.replace("\n", "")
    assert_same(here / "whole", run)
    assert not list(run.glob(".*"))

    def events(folder):
        lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
        return [line.partition('"seconds"')[0] for line in lines]

    assert events(run) == events(here / "whole")
    assert seqkit.load(run).translate(["a b"])

    longer = SETTINGS | {"train.steps": 9}
    for folder in (run, here / "whole"):
        train(folder, resume=True, overrides=longer)
    assert_same(here / "whole", run)


def test_another_run_that_has_taken_its_place_meanwhile_is_left_alone(here):
    def accident():
        shutil.rmtree(here / "run")
        train("run", overrides=SETTINGS | {"train.seed": 5})

    with pytest.raises(CheckpointError, match="cannot save: run was deleted, and another run has"):
        train("run", at_step(3, accident))
    meta = checkpoint.read_meta(checkpoint.resolve(here / "run", prefer="last"))
    assert meta["config"]["train"]["seed"] == 5
    assert meta["state"]["step"] == 7


def test_another_run_that_trains_there_now_is_left_alone(here):
    lock = seqkit.runs.lock.Lock(here / "run")

    def accident():
        shutil.rmtree(here / "run")
        lock.acquire()

    with pytest.raises(CheckpointError, match="run is in use by process"):
        train("run", at_step(3, accident))

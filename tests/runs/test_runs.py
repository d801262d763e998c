"""Runs as folders on disk: stopped, resumed, damaged, and never lost."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

import seqkit
from seqkit.errors import CheckpointError, ConfigError
from seqkit.training import checkpoint

LONG = [
    "--set",
    "train.steps=40",
    "--set",
    "train.eval_every=7",
    "--set",
    "train.average=0.9",
    "--set",
    "train.accumulate=2",
]


def weights(folder):
    """All tensors of the last checkpoint of a run, the trainer's too."""
    last = checkpoint.resolve(folder, prefer="last")
    return load_file(last / checkpoint.MODEL), load_file(last / checkpoint.TRAINER)


def assert_same(one, other):
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        assert mine.keys() == theirs.keys()
        assert [name for name in mine if not torch.equal(mine[name], theirs[name])] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_run_stopped_in_the_middle_and_resumed_is_the_same_bit_for_bit(here, cli, number):
    assert cli("train", "tiny.toml", "--out", "whole", *LONG).code == 0
    command = [sys.executable, "-m", "seqkit", "train", "tiny.toml", "--out", "broken", *LONG]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = here / "broken/log.jsonl"
    while (
        not log.exists() or len(log.read_text().splitlines()) < 17
    ):  # in the middle of an interval
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    message = process.communicate()[1]
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), message
    if number == signal.SIGTERM:
        assert "the same command with --resume goes on" in message
    resumed = cli("train", "tiny.toml", "--out", "broken", "--resume", *LONG)
    assert resumed.code == 0, resumed.err
    assert_same(here / "whole", here / "broken")
    logs = [(here / f"{run}/log.jsonl").read_text().splitlines() for run in ("whole", "broken")]
    steps = [[json.loads(line)["step"] for line in log] for log in logs]
    assert steps[0] == steps[1]  # each update is logged once


def test_a_finished_run_can_go_on_for_longer_and_config_toml_repeats_it(here, cli):
    assert cli("train", "tiny.toml", "--out", "a").code == 0
    assert cli("train", "tiny.toml", "--out", "a", "--resume", "--set", "train.steps=8").code == 0
    assert cli("train", "tiny.toml", "--out", "b", "--set", "train.steps=8").code == 0
    assert cli("train", "b/config.toml", "--out", "c").code == 0
    assert_same(here / "a", here / "b")
    assert_same(here / "b", here / "c")


def test_resuming_under_other_settings_is_refused_by_name(here, cli):
    cli("train", "tiny.toml", "--out", "a")
    done = cli("train", "tiny.toml", "--out", "a", "--resume", "--set", "optim.lr=0.5")
    assert "cannot resume a: optim.lr was 0.001 and is now 0.5" in done.complaint()


def test_a_folder_that_exists_is_kept_unless_told_otherwise(here, cli):
    cli("train", "tiny.toml", "--out", "a")
    before = weights(here / "a")[0]
    assert (
        "a exists: continue it with --resume, replace it with --overwrite"
        in cli("train", "tiny.toml", "--out", "a").complaint()
    )
    (here / "mine").mkdir()
    (here / "mine/thesis.txt").write_text("years of work")
    assert (
        "is no run folder" in cli("train", "tiny.toml", "--out", "mine", "--overwrite").complaint()
    )
    assert (here / "mine/thesis.txt").exists()
    (here / "a/notes.txt").write_text("mine")
    assert cli("train", "tiny.toml", "--out", "a", "--overwrite", "--set", "train.seed=5").code == 0
    assert (here / "a/notes.txt").exists()
    after = weights(here / "a")[0]
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_training_starts_from_the_weights_and_tokenizers_of_another_run(here, cli, run):
    args = [
        "train",
        run / "config.toml",
        "--out",
        "more",
        "--init",
        run,
        "--set",
        "optim.lr=1e-9",
        "--set",
        "train.steps=1",
    ]
    assert cli(*args).code == 0
    started, given = (
        weights(here / "more")[0],
        load_file(checkpoint.resolve(run) / checkpoint.MODEL),
    )
    for name in given:
        torch.testing.assert_close(started[name], given[name], rtol=0, atol=1e-6)


def test_a_full_disk_loses_nothing(here, cli, monkeypatch):
    real, calls = checkpoint._save, []

    def full(path, tensors):
        calls.append(path)
        if len(calls) > 2:  # the first checkpoint is two files
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, tensors)

    monkeypatch.setattr(checkpoint, "_save", full)
    done = cli("train", "tiny.toml", "--out", "a")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(
        "error: cannot save a/step-000004: No space left on device"
    )
    monkeypatch.setattr(checkpoint, "_save", real)
    assert sorted(path.name for path in (here / "a").glob("*step*")) == ["step-000002"]
    assert seqkit.load("a").translate(["abc"])
    assert cli("train", "tiny.toml", "--out", "a", "--resume").code == 0


def test_old_checkpoints_go_but_not_the_best_nor_the_last(here, cli):
    settings = [
        "--set",
        "train.steps=6",
        "--set",
        "train.eval_every=1",
        "--set",
        "train.keep=1",
        "--set",
        "optim.lr=1e-12",
    ]
    cli("train", "tiny.toml", "--out", "a", *settings)
    kept = {path.name for path in (here / "a").glob("step-*")}
    pointed = {(here / f"a/{name}").read_text().strip() for name in ("best", "last")}
    assert pointed <= kept
    assert len(kept) == len(pointed) + 1


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the trained run to damage, and its step folder."""
    folder = tmp_path / "copy"
    shutil.copytree(run, folder)
    for name in ("best", "last"):
        (folder / name).write_text((run / "best").read_text())
    return folder, checkpoint.resolve(folder)


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def pickle_there(folder, step):
    step.rename(folder / "gone")
    torch.save({"weight": torch.zeros(1)}, folder / "model.pt")


DAMAGE = {
    "model.safetensors is damaged": lambda _, step: os.truncate(step / "model.safetensors", 1000),
    "cannot read .*model.safetensors: No such file": lambda _, step: (
        step / "model.safetensors"
    ).unlink(),
    "meta.json is damaged": lambda _, step: (step / "meta.json").write_text("{"),
    "meta.json: should be an object": lambda _, step: edit(step / "meta.json", config=3),
    "has format 99, this seqkit reads up to 1: install a newer": lambda _, step: edit(
        step / "meta.json", format=99
    ),
    "does not fit the model": lambda _, step: edit(
        step / "meta.json", dims={"target_vocab": 7, "source_vocab": 0}
    ),
    "cannot read tokenizer": lambda _, step: shutil.rmtree(step / "tokenizer"),
    r"no finished checkpoint yet": lambda folder, step: step.rename(folder / f".{step.name}.part"),
    r"is a pickle|holds a pickle \(model.pt\), which can run code": pickle_there,
    "a pickle under that name is never loaded": lambda _, step: torch.save(
        {}, step / "model.safetensors"
    ),
}


@pytest.mark.parametrize("says", DAMAGE)
def test_a_damaged_run_folder_is_one_clear_line(copy, cli, says):
    folder, step = copy
    DAMAGE[says](folder, step)
    with pytest.raises(seqkit.SeqkitError, match=says):
        seqkit.load(folder)
    assert str(folder) in cli("translate", "-m", folder, "abc").complaint()


def test_what_is_no_model_is_told_apart(tmp_path, cli):
    for model, says in (
        (tmp_path / "none", "no model at"),
        (tmp_path, "is not a run folder"),
        ("en-du", "no shipped model 'en-du'"),
        (tmp_path / "model.pt", "is a pickle, which can run code"),
    ):
        assert says in cli("translate", "-m", model, "abc").complaint()


def test_a_model_of_another_task_is_refused(run, monkeypatch):
    with pytest.raises(
        CheckpointError, match=r"is a model for 'translation'; this command needs one for 'vision'"
    ):
        seqkit.load(run, task="vision")
    with pytest.raises(CheckpointError, match="is a file: a model is a run folder"):
        seqkit.load(run / "config.toml", task="vision")


def test_a_model_for_another_task_is_refused_before_training(here, cli):
    settings = ["--set", 'model={name="transformer-lm"}']
    assert cli("train", "tiny.toml", "--out", "a", *settings).complaint() == (
        "[model] transformer-lm is not for this task: it needs vocab, the data gives "
        "target_vocab, source_vocab; `seqkit models` says what each is for"
    )
    assert not (here / "a").exists()


def test_training_works_from_python_and_says_what_it_does(here):
    events = []
    found = seqkit.train(
        "tiny.toml", out="p", overrides={"train.steps": 2}, device="cpu", listener=events.append
    )
    assert [type(event).__name__ for event in events] == [
        "Started",
        "Updated",
        "Updated",
        "Evaluated",
        "Saved",
    ]
    assert found.step == 2
    assert found.metrics["perplexity"] > 1
    assert len(seqkit.load(found.folder).translate(["abc", ""])) == 2
    with pytest.raises(ConfigError, match=r"unknown key 'train\.nope'"):
        seqkit.train("tiny.toml", out="q", overrides={"train.nope": 2})
    assert not (here / "q").exists()

"""Run folders: never lost, never overwritten unasked, and no older than they need to be."""

import errno
import os

import torch
from safetensors.torch import load_file
from tensors import step_folders, weights

import seqkit
from seqkit.training import checkpoint


def test_a_run_that_exists_is_left_untouched(here, cli):
    cli("train", "tiny.toml", "--out", "a")
    says = "a exists: continue it with --resume, replace it with --overwrite"
    assert says in cli("train", "tiny.toml", "--out", "a").complaint()


def test_a_folder_that_no_run_wrote_is_left_untouched(here, cli):
    (here / "mine").mkdir()
    (here / "mine/thesis.txt").write_text("years of work")
    for option in ("--overwrite", "--resume"):
        done = cli("train", "tiny.toml", "--out", "mine", option)
        assert "mine is not a run folder (it has no config.toml)" in done.complaint()
    assert (here / "mine/thesis.txt").exists()


def test_there_must_be_something_to_resume(here, cli):
    done = cli("train", "tiny.toml", "--out", "new", "--resume")
    assert "nothing to resume at new: train without --resume" in done.complaint()
    done = cli("train", "tiny.toml", "--out", "new", "--resume", "--overwrite")
    assert "choose one of resume and overwrite" in done.complaint()


def test_overwriting_deletes_what_the_run_wrote_and_nothing_else(here, cli):
    cli("train", "tiny.toml", "--out", "a")
    before = weights(here / "a")[0]
    (here / "a/notes.txt").write_text("mine")
    assert cli("train", "tiny.toml", "--out", "a", "--overwrite", "--set", "train.seed=5").code == 0

    assert (here / "a/notes.txt").exists()
    after = weights(here / "a")[0]
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_training_starts_from_the_weights_and_tokenizers_of_another_run(here, cli, beginner):
    settings = ["--set", "optim.lr=1e-9", "--set", "train.steps=1"]
    assert cli("train", "tiny.toml", "--out", "more", "--init", beginner, *settings).code == 0

    started = weights(here / "more")[0]
    given = load_file(checkpoint.resolve(beginner) / checkpoint.MODEL)
    for name in given:
        torch.testing.assert_close(started[name], given[name], rtol=0, atol=1e-6)


def test_a_full_disk_loses_nothing(here, cli, monkeypatch):
    real = checkpoint._save
    saved = []

    def save_until_full(path, tensors):
        saved.append(path)
        if len(saved) > 2:  # the first checkpoint is two files
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, tensors)

    monkeypatch.setattr(checkpoint, "_save", save_until_full)
    done = cli("train", "tiny.toml", "--out", "a")
    assert done.code == 1
    last_line = done.err.splitlines()[-1]
    assert last_line.startswith("error: cannot save a/step-000004: No space left on device")

    monkeypatch.setattr(checkpoint, "_save", real)
    assert sorted(path.name for path in (here / "a").glob("*step*")) == ["step-000002"]
    assert seqkit.load("a").translate(["abc"])
    assert cli("train", "tiny.toml", "--out", "a", "--resume").code == 0


def test_the_best_the_last_and_the_newest_checkpoints_are_kept(here):
    settings = {"train.steps": 6, "train.eval_every": 1, "train.keep": 2, "optim.lr": 1e-12}
    evaluations = []

    def listen(event):
        if isinstance(event, seqkit.training.Evaluated):
            evaluations.append(event)

    seqkit.train("tiny.toml", out="a", overrides=settings, device="cpu", listener=listen)
    best = max(event.step for event in evaluations if event.best)
    others = [step for step in range(1, 6) if step != best][-2:]
    kept = sorted({best, 6, *others})
    assert step_folders(here / "a") == [f"step-{step:06}" for step in kept]

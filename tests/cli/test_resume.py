"""Stopping, killing and resuming: a resumed run is as if it had never stopped."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from letters import write_lines
from tensors import assert_same

import seqkit
from seqkit.errors import CheckpointError, Interrupted
from seqkit.runs.open import config_of
from seqkit.training import checkpoint


def stop_at(step, number=signal.SIGTERM):
    """A listener that has this process told to stop after that update."""

    def listen(event):
        if type(event).__name__ == "Updated" and event.step == step:
            os.kill(os.getpid(), number)

    return listen


class Killed(BaseException):
    """Ends the process there, as SIGKILL would: nothing is saved."""


@contextmanager
def killed_at_an_update():
    def die(*_):
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqkit.runs.loop._Loop._note", die)
        patch.setattr("seqkit.runs.loop._Loop._rescue", die)
        yield


@pytest.mark.parametrize("step", [3, 4, 5, 10], ids=lambda step: f"step {step}")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"train.average": 0.9, "train.accumulate": 2},
        {
            "text.tokenizer": "sentencepiece",
            "text.vocab_size": 280,
            "text.subword_regularization": 0.2,
            "optim.name": "sgd",
        },
    ],
    ids=["plain", "averaged and accumulated", "sampled subwords"],
)
def test_a_run_stopped_anywhere_resumes_bit_for_bit(here, settings, step):
    """Epochs have 2 or 3 batches; steps 4 and 10 have an evaluation; 10 of 10 is the end."""
    overrides = {"train.steps": 10, "train.eval_every": 2, "data.batch_tokens": 200, **settings}
    seqkit.train("tiny.toml", out="whole", overrides=overrides)
    how = {"out": "stopped", "overrides": overrides}
    if step < 10:
        with pytest.raises(
            Interrupted,
            match=f"stopped at step {step}, saved in stopped: rerun the same command with",
        ):
            seqkit.train("tiny.toml", **how, listener=stop_at(step))
        assert checkpoint.resolve(here / "stopped", prefer="last").name == f"step-{step:06}"
    else:
        seqkit.train("tiny.toml", **how, listener=stop_at(step))
    seqkit.train("tiny.toml", **how, resume=True)
    assert_same(here / "whole", here / "stopped")


def test_ctrl_c_saves_too_and_the_old_signal_handlers_come_back(here):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted, match="stopped at step 3"):
        seqkit.train("tiny.toml", out="run", listener=stop_at(3, signal.SIGINT))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_stopped_command_exits_as_after_the_signal_and_says_how_to_continue(
    here, cli, monkeypatch
):
    stop = stop_at(3)
    monkeypatch.setattr(
        "seqkit.runs.progress.TrainingProgress._updated", lambda self, event: stop(event)
    )
    done = cli("train", "tiny.toml", "--out", "run")
    assert (done.code, done.out) == (143, "")
    assert done.err.splitlines()[-1].endswith(
        "stopped at step 3, saved in run: rerun the same command with --resume to continue"
    )


def test_a_run_killed_before_its_first_checkpoint_starts_again(here, cli):
    with killed_at_an_update(), pytest.raises(Killed):
        seqkit.train("tiny.toml", out="run")
    assert "has no finished checkpoint yet" in cli("translate", "-m", "run", "a").complaint()
    assert cli("train", "tiny.toml", "--out", "run", "--resume").code == 0
    cli("train", "tiny.toml", "--out", "whole")
    assert_same(here / "whole", here / "run")


def test_what_a_killed_run_leaves_is_cleaned_up_on_resume(here, cli):
    cli("train", "tiny.toml", "--out", "run")
    (here / "run/.step-000006.part").mkdir()
    write_lines(here / "run/.step-000006.part/model.safetensors", ["half"])
    shutil.copytree(
        here / "run/step-000004", here / "run/step-000006"
    )  # whole, but nothing points to it
    with (here / "run/log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"event": "updated", "step": 5}\n{"event": "upd')
    assert cli("train", "tiny.toml", "--out", "run", "--resume", "--set", "train.steps=6").code == 0
    assert not list((here / "run").glob(".step-*"))
    steps = [
        json.loads(line)["step"]
        for line in (here / "run/log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert steps == [1, 2, 2, 3, 4, 4, 5, 6, 6]


def test_init_takes_weights_tokenizers_and_the_model_section(here, run, beginner):
    found = seqkit.train(
        "tiny.toml", out="new", init=beginner, overrides={"train.steps": 1, "optim.lr": 1e-9}
    )
    assert found.step == 1
    given, started = seqkit.load(beginner), seqkit.load("new")
    assert started.source.vocab == given.source.vocab
    for name, tensor in given.model.state_dict().items():
        torch.testing.assert_close(started.model.state_dict()[name], tensor, rtol=0, atol=1e-6)

    seqkit.train("tiny.toml", out="other", init=run, overrides={"train.steps": 1})
    kept = config_of(run)[0].model
    assert config_of("other")[0].model == {**kept, "dropout": 0.1}  # that is the recipe's


def test_a_run_started_from_other_weights_has_them_even_if_it_is_killed_at_once(here, beginner):
    with killed_at_an_update(), pytest.raises(Killed):
        seqkit.train("tiny.toml", out="run", init=beginner)
    seqkit.train("tiny.toml", out="run", resume=True)
    seqkit.train("tiny.toml", out="whole", init=beginner)
    assert_same(here / "whole", here / "run")


def test_resuming_with_other_data_is_refused(here):
    seqkit.train("tiny.toml", out="run")
    with (here / "train.source").open("a") as source, (here / "train.target").open("a") as target:
        source.write("a b c\n")
        target.write("c b a\n")
    with pytest.raises(
        CheckpointError,
        match="the training text, source side and the training text, target side have changed",
    ):
        seqkit.train("tiny.toml", out="run", resume=True, overrides={"train.steps": 8})


@pytest.mark.parametrize("name", ["config.toml", "log.jsonl"])
def test_a_full_disk_at_the_start_of_a_resumed_run_leaves_its_files(here, monkeypatch, name):
    seqkit.train("tiny.toml", out="run")
    before, real = (here / "run" / name).read_bytes(), Path.write_text

    def full(self, text, **how):
        real(self, text[:9], **how)
        if name in self.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CheckpointError, match="cannot write to run: No space left on device"):
        seqkit.train("tiny.toml", out="run", resume=True, overrides={"train.steps": 8})
    assert (here / "run" / name).read_bytes() == before


def test_a_checkpoint_that_best_or_last_points_to_is_never_replaced(here, monkeypatch):
    """Stopped before its evaluation at what becomes the last step: it is evaluated then."""
    settings = {"train.steps": 5, "train.eval_every": 9}
    with pytest.raises(Interrupted):
        seqkit.train("tiny.toml", out="run", overrides=settings, listener=stop_at(3))
    there = []
    real = checkpoint.point

    def point(run, name, folder):
        there.append((run / "step-000003").exists())
        real(run, name, folder)

    monkeypatch.setattr(checkpoint, "point", point)
    found = seqkit.train(
        "tiny.toml", out="run", overrides={**settings, "train.steps": 3}, resume=True
    )
    assert found.step == 3
    assert checkpoint.resolve(here / "run").name == "step-000003-evaluated"
    assert there
    assert all(there)  # it goes when nothing points to it any more
    assert not (here / "run/step-000003").exists()


def test_a_run_is_not_overwritten_by_one_that_cannot_start(here, cli):
    cli("train", "tiny.toml", "--out", "run")
    done = cli(
        "train",
        "tiny.toml",
        "--out",
        "run",
        "--overwrite",
        "--set",
        "text.subword_regularization=0.1",
    )
    assert (
        "text.subword_regularization needs a tokenizer of subwords such as sentencepiece"
        in done.complaint()
    )
    assert seqkit.load("run").translate(["a"])


def test_several_processes_save_when_they_are_asked_to_stop(here, cli):
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "-m",
        "seqkit",
        "train",
    ]
    command += [
        "tiny.toml",
        "--out",
        "run",
        "--set",
        "train.steps=100000",
        "--set",
        "train.eval_every=100000",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = here / "run/log.jsonl"
    while not log.exists() or len(log.read_text().splitlines()) < 5:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    message = process.communicate()[1]
    last = checkpoint.resolve(here / "run", prefer="last")
    assert "saved in run: rerun the same command with --resume to continue" in message
    assert checkpoint.read_meta(last)["state"]["step"] >= 5


def test_init_from_a_missing_model_is_refused_before_any_work(here, cli):
    said = cli("train", "tiny.toml", "--out", "run", "--init", "en-ed").complaint()
    assert said == "no folder and no shipped model 'en-ed'. Did you mean 'en-de'? Known: en-de."
    assert (
        "no model at run/none"
        in cli("train", "tiny.toml", "--out", "run", "--init", "run/none").complaint()
    )
    assert not (here / "run").exists()


def test_a_closed_progress_pipe_is_not_mistaken_for_a_full_disk(here):
    def listen(event):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    with pytest.raises(BrokenPipeError):
        seqkit.train("tiny.toml", out="run", listener=listen)

"""Whatever ends training: the last whole update is saved, and a resumed run goes on from there."""

import errno
import os
import signal
import subprocess
import sys

import pytest
import torch
from letters import write_config, write_pairs
from tensors import assert_same

import seqkit
from seqkit.errors import (
    CheckpointError,
    DataError,
    Diverged,
    Interrupted,
    StopTraining,
    TrainingError,
)
from seqkit.training import Evaluated, Trainer, Updated, checkpoint
from seqkit.translation.task import TranslationTask

SETTINGS = {"train.steps": 8, "train.eval_every": 4, "data.batch_tokens": 200}
NO_MEMORY = "[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    write_pairs(folder)
    return write_config(folder / "tiny.toml", dropout=0.3)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The run that nothing ends."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return seqkit.train(config, out=out, overrides=SETTINGS, device="cpu").folder


@pytest.fixture
def start(config, tmp_path):
    """`start()` trains into one folder, `start(resume=True)` goes on there."""

    def train(**how):
        return seqkit.train(config, out=tmp_path / "run", overrides=SETTINGS, device="cpu", **how)

    return train


def last_step(folder):
    last = checkpoint.resolve(folder / "run", prefer="last")
    return checkpoint.read_meta(last)["state"]["step"]


def raising(error, kind, step):
    """A listener that raises at an event of that kind and step."""

    def listen(event):
        if type(event).__name__ == kind and event.step == step:
            raise error

    return listen


@pytest.mark.parametrize(
    "error",
    [
        ValueError("mine"),
        KeyboardInterrupt(),
        Interrupted("mine"),
        DataError("mine"),
        SystemExit(3),
        BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(("kind", "step"), [("Updated", 3), ("Updated", 4)])
def test_what_a_listener_raises_comes_out_once_all_is_saved(
    whole, start, tmp_path, error, kind, step
):
    with pytest.raises(type(error)) as raised:
        start(listener=raising(error, kind, step))
    assert raised.value is error
    assert last_step(tmp_path) == step
    start(resume=True)
    assert_same(whole, tmp_path / "run")


@pytest.mark.parametrize("kind", ["Evaluated", "Saved"])
def test_an_evaluation_that_a_listener_ends_at_is_the_best_if_it_was(whole, start, tmp_path, kind):
    with pytest.raises(ValueError, match="mine") as raised:
        start(listener=raising(ValueError("mine"), kind, 4))
    assert raised.value.__notes__ == [
        f"step 4 is saved in {tmp_path / 'run'}: --resume goes on from there"
    ]
    assert (tmp_path / "run/best").read_text() == "step-000004\n"
    assert (tmp_path / "run/last").read_text() == "step-000004\n"
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_a_listener_that_fails_at_the_start_leaves_a_run_that_resume_begins_again(
    whole, start, tmp_path
):
    with pytest.raises(ValueError, match="mine"):
        start(listener=raising(ValueError("mine"), "Started", 0))
    start(resume=True)
    assert_same(whole, tmp_path / "run")


@pytest.mark.parametrize(
    ("kind", "step", "ends"), [("Updated", 3, 3), ("Evaluated", 4, 4), ("Saved", 4, 4)]
)
def test_a_listener_can_end_a_run_as_if_it_were_finished(start, tmp_path, kind, step, ends):
    events = []

    def listen(event):
        events.append(event)
        raising(StopTraining(), kind, step)(event)

    run = start(listener=listen)
    assert run.step == ends
    assert [event.step for event in events if isinstance(event, Evaluated)] == [ends]
    assert run.metrics["perplexity"] > 1
    assert last_step(tmp_path) == ends
    assert start(resume=True).step == 8


def test_a_listener_that_ends_a_run_where_it_is_evaluated_changes_nothing(whole, start, tmp_path):
    start(listener=raising(StopTraining(), "Updated", 4))
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def fails_at(monkeypatch, batch, error, *, owner=TranslationTask, name="train_batches"):
    """Reading fails at that batch of the first epoch."""
    real = getattr(owner, name)

    def read(self, *args, **how):
        for number, item in enumerate(real(self, *args, **how)):
            if number == batch:
                raise error
            yield item

    monkeypatch.setattr(owner, name, read)


@pytest.mark.parametrize(
    ("error", "raised", "says"),
    [
        (
            lambda: DataError("photo.png is damaged"),
            DataError,
            "damaged; step 1 is saved",
        ),
        (lambda: OSError(errno.EIO, "bad disk", "x"), OSError, "bad disk"),
        (lambda: RuntimeError("a bug"), RuntimeError, "a bug"),
        (MemoryError, TrainingError, r"out of memory at step 2 \(MemoryError\): free some, or"),
        (lambda: RuntimeError(NO_MEMORY), TrainingError, "out of memory at step 2"),
        (
            lambda: torch.OutOfMemoryError("CUDA"),
            TrainingError,
            "out of memory at step 2",
        ),
    ],
    ids=["data", "disk", "bug", "memory", "memory of torch", "memory of CUDA"],
)
@pytest.mark.parametrize("name", ["train_batches", "valid_batches"])
def test_an_error_while_reading_saves_the_last_whole_update(
    whole, start, tmp_path, monkeypatch, name, error, raised, says
):
    if name == "valid_batches":
        says = says.replace("step 2", "step 5").replace("step 1", "step 4")
    with monkeypatch.context() as patch:
        fails_at(patch, 1 if name == "train_batches" else 0, error(), name=name)
        with pytest.raises(raised, match=says):
            start()
    assert last_step(tmp_path) == (1 if name == "train_batches" else 4)
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_an_error_within_an_update_saves_the_update_before_it(whole, start, tmp_path, monkeypatch):
    """Its dropout has drawn from the generator, which goes back to where it was."""
    real, calls = TranslationTask.step, []

    def step(self, *args):
        found = real(self, *args)
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError(NO_MEMORY)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(TranslationTask, "step", step)
        with pytest.raises(TrainingError, match=r"out of memory at step 3 .*--init .*; step 2 is"):
            start()
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_an_error_in_the_midst_of_changing_the_weights_saves_nothing(
    whole, start, tmp_path, monkeypatch
):
    real = Trainer._apply

    def torn(self, *args):
        real(self, *args)
        if self.state.step == 5:
            raise RuntimeError(NO_MEMORY)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_apply", torn)
        with pytest.raises(TrainingError, match=r"out of memory at step 6.*is that of step 4"):
            start()
    assert last_step(tmp_path) == 4
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_a_run_that_diverges_is_saved_and_the_advice_works(start, config, tmp_path, monkeypatch):
    real = TranslationTask.step

    def step(self, model, batch, carry):
        found = real(self, model, batch, carry)
        calls.append(1)
        return found._replace(loss=found.loss * float("nan")) if len(calls) > 2 else found

    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(TranslationTask, "step", step)
        with pytest.raises(Diverged) as raised:
            start()
    message = str(raised.value)
    run = tmp_path / "run"
    assert "training diverged at step 3" in message
    assert f"into another --out, with --init {run}; step 2 is saved in {run}: --resume" in message

    lower = SETTINGS | {"optim.lr": 1e-4}
    seqkit.train(config, out=tmp_path / "new", overrides=lower, init=run, device="cpu")
    assert start(resume=True).step == 8


def test_a_log_that_cannot_be_written_saves_the_checkpoint(whole, start, tmp_path, monkeypatch):
    from seqkit.runs.log import Log

    real = Log.write

    def write(self, event):
        if event["step"] == 3:
            raise CheckpointError("cannot write to run: No space left on device")
        real(self, event)

    with monkeypatch.context() as patch:
        patch.setattr(Log, "write", write)
        with pytest.raises(CheckpointError, match=r"No space left on device; step 3 is saved"):
            start()
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_an_error_that_cannot_be_saved_is_shown_nonetheless(whole, start, tmp_path, monkeypatch):
    def full(*args, **how):
        raise CheckpointError("cannot save: No space left on device")

    with monkeypatch.context() as patch:
        fails_at(patch, 1, DataError("photo.png is damaged"))
        patch.setattr("seqkit.training.checkpoint.write", full)
        with pytest.raises(DataError, match=r"^photo.png is damaged$"):
            start()
    start(resume=True)
    assert_same(whole, tmp_path / "run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_that_stops_saves_and_names_itself(whole, start, tmp_path, number):
    def stop(event):
        if isinstance(event, Updated) and event.step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match="stopped at step 3") as raised:
        start(listener=stop)
    assert raised.value.signal == number
    start(resume=True)
    assert_same(whole, tmp_path / "run")


def test_a_run_under_nohup_ignores_a_terminal_that_closes(start):
    def close(event):
        if isinstance(event, Updated) and event.step == 3:
            os.kill(os.getpid(), signal.SIGHUP)

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert start(listener=close).step == 8
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
def test_a_reader_of_the_output_that_goes_away_ends_a_run_that_is_saved(config, whole, tmp_path):
    options = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "seqkit", "train", config, "--out", "run", *options]
    running = subprocess.Popen(
        [*command, "--threads", "1", "--device", "cpu", "--set", "train.steps=100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
    )
    assert any(b"step      4" in line for line in running.stdout)
    running.stdout.close()
    assert running.wait(60) == 141
    assert last_step(tmp_path) > 4

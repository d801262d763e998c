"""Resuming: bit for bit the run that never stopped, wherever it stopped."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
from letters import write_config, write_pairs
from tensors import assert_same, step_folders

import seqkit
from seqkit.errors import CheckpointError, Interrupted
from seqkit.runs import changes
from seqkit.training import Evaluated, Updated, checkpoint

LONG = {
    "train.steps": 40,
    "train.eval_every": 7,
    "train.average": 0.9,
    "train.accumulate": 2,
    "train.precision": "fp32",
}
OPTIONS = [part for key, value in LONG.items() for part in ("--set", f"{key}={value}")]


def steps_logged(run):
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_run_stopped_and_resumed_is_the_same_bit_for_bit(here, cli, number):
    whole = cli("train", "tiny.toml", "--out", "whole", "--threads", 1, *OPTIONS)
    assert whole.code == 0

    stopped = ["train", "tiny.toml", "--out", "stopped", "--threads", "1", *OPTIONS]
    process = subprocess.Popen(
        [sys.executable, "-m", "seqkit", *stopped], stderr=subprocess.PIPE, text=True
    )
    log = here / "stopped/log.jsonl"
    while not log.exists() or log.read_bytes().count(b"\n") < 17:  # between two evaluations
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    message = process.communicate()[1]
    assert process.returncode == (-9 if number == signal.SIGKILL else 143), message
    if number == signal.SIGTERM:
        assert "rerun the same command with --resume to continue" in message

    resumed = cli(*stopped, "--resume")
    assert resumed.code == 0, resumed.err
    assert_same(here / "whole", here / "stopped")
    assert steps_logged(here / "whole") == steps_logged(here / "stopped")


class Killed(BaseException):
    """Ends the process there, as SIGKILL would."""


SHORT = {"train.steps": 7, "train.eval_every": 2, "train.average": 0.9}


@pytest.fixture(scope="module")
def config_and_whole(tmp_path_factory):
    """A config, and the run that was trained by it without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    write_pairs(folder)
    config = write_config(folder / "tiny.toml")
    run = seqkit.train(config, out=folder / "run", overrides=SHORT, device="cpu")
    return config, run.folder


@pytest.mark.parametrize("place", ["write", "point best", "point last", "prune"])
@pytest.mark.parametrize("step", [2, 4, 7])
def test_a_kill_while_saving_leaves_the_run_as_if_it_had_not_happened(
    config_and_whole, tmp_path, monkeypatch, place, step
):
    config, whole = config_and_whole
    killed = tmp_path / "killed"
    with monkeypatch.context() as patch:
        kill_after(patch, place, step)
        with pytest.raises(Killed):
            seqkit.train(config, out=killed, overrides=SHORT, device="cpu")

    seqkit.train(config, out=killed, overrides=SHORT, device="cpu", resume=True)
    assert_same(whole, killed)
    assert step_folders(whole) == step_folders(killed)
    assert steps_logged(whole) == steps_logged(killed)
    for name in ("best", "last"):
        assert (whole / name).read_text() == (killed / name).read_text()


def kill_after(monkeypatch, place, step):
    """Kill the process after this action on the folder of `step`."""
    function, _, pointer = place.partition(" ")
    real = getattr(checkpoint, function)

    def act(run, *args, **more):
        result = real(run, *args, **more)
        is_there = pointer in ("", *args) and (run / f"step-{step:06}").exists()
        if is_there:
            raise Killed
        return result

    monkeypatch.setattr(checkpoint, function, act)


def test_a_finished_run_continues_for_longer(here, cli):
    assert cli("train", "tiny.toml", "--out", "a").code == 0
    assert cli("train", "tiny.toml", "--out", "a", "--resume", "--set", "train.steps=8").code == 0
    assert cli("train", "tiny.toml", "--out", "b", "--set", "train.steps=8").code == 0
    assert_same(here / "a", here / "b")


@pytest.mark.parametrize(("decay", "rate"), [("linear", "0.0005"), ("cosine", "0.0005")])
def test_a_run_with_a_decay_that_goes_on_for_longer_says_what_happens_to_its_rate(
    here, cli, decay, rate
):
    options = ["train", "tiny.toml", "--out", "a", "--set", f"optim.decay={decay}"]
    assert "learning rate" not in cli(*options).err
    assert "learning rate" not in cli(*options, "--resume").err
    longer = cli(*options, "--resume", "--set", "train.steps=8")
    assert (
        f"train.steps was 4 and is now 8: the learning rate ({decay} decay) goes on with {rate} "
        "instead of 0, and falls to 0 at step 8"
    ) in longer.err


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ((0.0005, 0.0), "0.0005 instead of 0"),
        ((0.0018341, 0.0018342), "0.0018341 instead of 0.0018342"),
        ((0.25, 0.25), "0.25, as before"),
    ],
)
def test_two_rates_are_told_apart_by_as_many_digits_as_that_takes(rates, said):
    assert changes.told_apart(*rates) == said


def test_config_toml_repeats_a_run(here, cli):
    assert cli("train", "tiny.toml", "--out", "a", "--set", "train.seed=3").code == 0
    assert cli("train", "a/config.toml", "--out", "b").code == 0
    assert_same(here / "a", here / "b")


def test_resuming_under_other_settings_is_refused_by_name(here, cli):
    cli("train", "tiny.toml", "--out", "a")
    done = cli("train", "tiny.toml", "--out", "a", "--resume", "--set", "optim.lr=0.5")
    assert "cannot resume a: optim.lr was 0.001 and is now 0.5" in done.complaint()


def test_a_run_of_an_earlier_version_is_resumed(here):
    """Its state and its config have keys by their old names."""
    settings = {"train.steps": 4, "train.eval_every": 1}
    seqkit.train("tiny.toml", out="a", overrides=settings, device="cpu")
    shutil.copytree(here / "a", here / "old")
    meta_file = checkpoint.resolve(here / "old", prefer="last") / checkpoint.META
    with_old_names(meta_file, stale="evaluations_since_best")
    with_old_names(meta_file, drops="evaluations_without_improvement")
    with_old_names(meta_file, sampling="subword_regularization", patience="beam_patience")
    with_old_names(here / "old/config.toml", sampling="subword_regularization")

    longer = settings | {"train.steps": 6}
    for out in ("a", "old"):
        seqkit.train("tiny.toml", out=out, overrides=longer, device="cpu", resume=True)
    assert_same(here / "a", here / "old")
    state = checkpoint.read_meta(checkpoint.resolve(here / "old", prefer="last"))["state"]
    assert "evaluations_since_best" in state
    assert "stale" not in state


def test_a_run_of_a_version_that_described_its_data_in_other_words_is_resumed(here):
    run = seqkit.train("tiny.toml", out="a", device="cpu")
    meta_file = checkpoint.resolve(run.folder, prefer="last") / checkpoint.META
    with_old_names(meta_file, **{"sentence pairs to train on": "training pairs"})

    longer = {"train.steps": run.step + 1}
    resumed = seqkit.train("tiny.toml", out="a", overrides=longer, device="cpu", resume=True)
    assert resumed.step == run.step + 1


def test_a_damaged_description_of_the_data_is_one_clear_line(here):
    run = seqkit.train("tiny.toml", out="a", device="cpu")
    meta_file = checkpoint.resolve(run.folder, prefer="last") / checkpoint.META
    meta = json.loads(meta_file.read_text(encoding="utf-8"))
    meta_file.write_text(json.dumps({**meta, "about": [1, None], "digests": {}}), encoding="utf-8")

    longer = {"train.steps": run.step + 1}
    with pytest.raises(CheckpointError, match=r"`about` in meta\.json is damaged"):
        seqkit.train("tiny.toml", out="a", overrides=longer, device="cpu", resume=True)


def with_old_names(path, **names):
    text = path.read_text(encoding="utf-8")
    for old, new in names.items():
        assert new in text
        text = text.replace(new, old)
    path.write_text(text, encoding="utf-8")


def test_a_listener_may_stop_a_run_that_is_then_resumed(here):
    def stop(event):
        if isinstance(event, Updated) and event.step == 3:
            raise Interrupted("enough")

    with pytest.raises(Interrupted, match="enough"):
        seqkit.train("tiny.toml", out="a", device="cpu", listener=stop)
    events = []
    seqkit.train("tiny.toml", out="a", device="cpu", resume=True, listener=events.append)
    assert [event.step for event in events if isinstance(event, Updated)] == [4]
    assert [event.step for event in events if isinstance(event, Evaluated)] == [4]
    assert steps_logged(here / "a") == [1, 2, 2, 3, 4, 4]  # the third update only once

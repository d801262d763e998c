"""A run folder has one owner at a time, who is named to the second."""

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

import seqkit
from seqkit.errors import CheckpointError
from seqkit.runs import lock as lock_module
from seqkit.runs.lock import LOCK, Lock
from seqkit.training import Updated

ENDLESS = ["--set", "train.steps=100000", "--set", "train.eval_every=100000"]
TRAIN = ["-m", "seqkit", "train", "tiny.toml", "--device", "cpu", "--threads", "1"]


@contextmanager
def training(here, out, *options, launcher=(sys.executable,)):
    """A training in processes of its own, past its first updates."""
    command = [*launcher, *TRAIN, "--out", out, *ENDLESS, *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    log = here / out / "log.jsonl"
    try:
        while not log.exists() or log.read_bytes().count(b"\n") < 3:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()  # torchrun ends its processes, too
        process.communicate(timeout=60)


def test_the_second_is_refused_at_once_and_told_who_trains_there(here, cli):
    with training(here, "run") as process:
        config = (here / "run/config.toml").read_bytes()
        for options in ([], ["--resume"], ["--overwrite"]):
            complaint = cli("train", "tiny.toml", "--out", "run", *options).complaint()
            assert complaint.startswith(f"run is in use by process {process.pid} on ")
            assert ", training since 20" in complaint
            assert complaint.endswith(": stop it, wait until it ends, or choose another --out")
        assert (here / "run/config.toml").read_bytes() == config


def test_of_two_that_start_at_once_one_trains(here):
    commands = [
        [sys.executable, *TRAIN, "--out", "run", "--set", f"train.seed={n}"] for n in (1, 2)
    ]
    both = [subprocess.Popen(c, stderr=subprocess.PIPE, text=True) for c in commands]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], errors
    refused = errors[0] if both[0].returncode else errors[1]
    assert "run is in use by " in refused or "run exists: continue it" in refused
    steps = (here / "run/log.jsonl").read_text(encoding="utf-8").count('"updated"')
    assert steps == 4


def test_the_lock_ends_with_its_process(here, cli):
    with training(here, "run") as process:
        process.kill()
        process.wait()
        assert (here / "run" / LOCK).exists()  # left over, and locks nothing
        resumed = cli("train", "tiny.toml", "--out", "run", "--resume", "--set", "train.steps=1")
        assert resumed.code == 0, resumed.err
    assert not (here / "run" / LOCK).exists()


@pytest.mark.parametrize("text", ["", "process 1 on elsewhere\n", "\x00\xff" * 500])
def test_a_lock_file_that_a_dead_process_left_blocks_nobody(here, text):
    (here / "run").mkdir()
    (here / "run" / LOCK).write_text(text, encoding="latin-1")
    assert seqkit.train("tiny.toml", out="run", device="cpu").step == 4


def test_a_forked_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    lock = Lock(tmp_path)
    lock.acquire()
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        os.write(tell, b"!")
        time.sleep(30)
        os._exit(0)
    os.read(ready, 1)
    try:
        lock._close()  # as the end of this process would
        Lock(tmp_path).acquire()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_processes_of_one_launch_are_one_owner_and_a_second_launch_is_refused(here, cli):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc-per-node", "2"]
    with training(here, "run", launcher=launcher):
        assert (
            "run is in use by" in cli("train", "tiny.toml", "--out", "run", "--resume").complaint()
        )
        command = [*launcher, *TRAIN, "--out", "run", "--overwrite", *ENDLESS]
        second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert second.returncode
        assert "error: run is in use by process" in second.stderr


def test_a_listener_cannot_train_into_the_folder_of_its_own_run(here):
    def listen(event):
        if isinstance(event, Updated):
            with pytest.raises(CheckpointError, match=f"in use by process {os.getpid()} on"):
                seqkit.train("tiny.toml", out="run", device="cpu", resume=True)

    assert seqkit.train("tiny.toml", out="run", device="cpu", listener=listen).step == 4


def test_what_cannot_start_leaves_no_folder_and_no_lock(here, cli):
    settings = ["--set", f"data.train=['{here}/none', '{here}/none']"]
    out = here / "deep/er/run"
    assert cli("train", "tiny.toml", "--out", out, *settings).code == 1
    assert not (here / "deep").exists()

    seqkit.train("tiny.toml", out="run", device="cpu")
    assert cli("train", "tiny.toml", "--out", "run", "--overwrite", *settings).code == 1
    assert not (here / "run" / LOCK).exists()


def test_a_disk_without_locks_is_said_and_trained_on(here, monkeypatch):
    def refuse(opened):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(lock_module, "_lock", refuse)
    events = []
    seqkit.train("tiny.toml", out="run", device="cpu", listener=events.append)
    (note,) = events[0].notes
    assert note.startswith("run is on a disk without locks (Function not implemented): see to it")


def test_a_lock_file_deleted_while_it_was_being_locked_is_not_taken_for_the_lock(
    tmp_path, monkeypatch
):
    real = lock_module._lock
    path = tmp_path / LOCK
    locked = []

    def lock(opened):
        if not locked:
            path.unlink()  # by the one who held it until now
        locked.append(opened)
        real(opened)

    monkeypatch.setattr(lock_module, "_lock", lock)
    Lock(tmp_path).acquire()
    assert len(locked) == 2
    with pytest.raises(CheckpointError, match="in use by"):
        Lock(tmp_path).acquire()


def test_a_folder_that_cannot_be_made_is_one_clear_line(here, cli):
    (here / "file").write_text("")
    complaint = cli("train", "tiny.toml", "--out", "file/run").complaint()
    assert complaint == "cannot write to file/run: Not a directory"

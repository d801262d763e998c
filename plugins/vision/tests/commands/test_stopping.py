"""Training that is stopped while threads read batches ahead."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from bars import write_bars

from seqkit.training import checkpoint

pytestmark = pytest.mark.slow

LONG = {
    "data.memory": 0,
    "data.workers": 2,
    "data.batch": 4,
    "train.steps": 100_000,
    "train.eval_every": 50_000,
}


@pytest.fixture
def start(tmp_path):
    """`start()` trains in a process group of its own, until ten updates are logged."""
    write_bars(tmp_path / "photos", each=40)
    sets = [part for key, value in LONG.items() for part in ("--set", f"{key}={value}")]
    running = []

    def begin(*options):
        command = ["vision", "train", "--model", "softmax-regression", "--data", "photos"]
        process = subprocess.Popen(
            [sys.executable, "-m", "seqkit", *command, "--out", "run", *sets, *options],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        while len(updates(tmp_path)) < 10:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def updates(folder):
    logs = list(folder.glob("run/**/log.jsonl"))
    return logs[0].read_bytes().splitlines() if logs else []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("options", [(), ("--folds", "2")], ids=["one run", "folds"])
def test_a_process_group_that_is_told_to_stop_saves_in_one_line(start, tmp_path, number, options):
    process = start(*options)
    os.killpg(process.pid, number)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("error: stopped at step ")

    run = tmp_path / "run/fold-0" if options else tmp_path / "run"
    saved = checkpoint.read_meta(checkpoint.resolve(run, prefer="last"))["state"]["step"]
    assert saved == json.loads(updates(tmp_path)[-1])["step"]

"""Two processes that train together, as torchrun starts them: stopped, killed, started again."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from letters import write_config, write_pairs
from processes import (
    SECONDS,
    command_line,
    command_line_and_threads,
    end,
    free_port,
    start,
    train_on_broken_data,
    train_with_listener,
    wait_for_lines,
)
from tensors import assert_same

import seqkit
from seqkit.training import checkpoint

pytestmark = pytest.mark.slow

SETTINGS = {
    "train.steps": 60,  # more than are done before a busy machine's signals arrive
    "train.eval_every": 7,
    "train.precision": "fp32",
    "data.batch_tokens": 200,
    "data.goal": "bleu",
}
RESUMED = re.compile(r"resuming at step \d+")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    write_pairs(folder)
    return write_config(folder / "tiny.toml", dropout=0.3)


def options(config, *more, **changed):
    settings = SETTINGS | {key.replace("_", ".", 1): value for key, value in changed.items()}
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    fixed = ["--device", "cpu", "--threads", "1"]
    return ["train", *map(str, [config, "--out", "run", *fixed, *sets, *more])]


def finish(arguments, folder, **how):
    codes, said = end(start(command_line, folder, *arguments, **how), folder)
    assert set(codes) == {0}, said
    return folder / "run"


def evaluations(run):
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    events = map(json.loads, lines)
    return {event["step"]: event["metrics"] for event in events if event["event"] == "evaluated"}


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The run of two processes that nothing ends."""
    return finish(options(config), tmp_path_factory.mktemp("whole"))


def test_a_run_of_two_stopped_and_resumed_is_the_same_bit_for_bit(config, whole, tmp_path):
    """With dropout: each process goes on with random numbers of its own."""
    processes = start(command_line, tmp_path, *options(config))
    wait_for_lines(tmp_path, 11, processes)
    os.kill(processes[1].pid, signal.SIGTERM)
    codes, said = end(processes, tmp_path)
    assert codes == [143, 143], said
    assert all(text.splitlines()[-1].startswith("error: stopped at step ") for text in said)

    assert_same(whole, finish(options(config, "--resume"), tmp_path))
    assert evaluations(whole) == evaluations(tmp_path / "run")


def test_a_killed_process_ends_the_others_in_one_line_and_another_number_goes_on(config, tmp_path):
    processes = start(command_line, tmp_path, *options(config, train_steps=100_000))
    wait_for_lines(tmp_path, 11, processes)
    processes[1].kill()
    codes, said = end(processes, tmp_path)
    assert codes == [1, -9], said
    assert "Traceback" not in said[0]
    complaint = said[0].splitlines()[-1]
    assert complaint.startswith("error: process 0 of 2 has lost touch with another one")
    saved = list(evaluations(tmp_path / "run"))
    last = saved[-1]
    assert checkpoint.resolve(tmp_path / "run", prefer="last").name == f"step-{last:06}"

    one = finish(options(config, "--resume", train_steps=last + 3), tmp_path, world=1)
    assert [*evaluations(one)] == [*saved, last + 3]
    three = finish(options(config, "--resume", train_steps=last + 5), tmp_path, world=3)
    assert [*evaluations(three)] == [*saved, last + 3, last + 5]


def test_a_launch_that_starts_again_goes_on_and_any_other_is_refused(config, whole, tmp_path):
    launch = {"TORCHELASTIC_RUN_ID": "mine"}
    processes = start(command_line, tmp_path, *options(config), **launch)
    wait_for_lines(tmp_path, 11, processes)
    processes[0].kill()
    codes, said = end(processes, tmp_path)
    assert codes == [-9, 1], said

    for other in ({}, {"TORCHELASTIC_RUN_ID": "other"}):
        codes, said = end(start(command_line, tmp_path, *options(config), **other), tmp_path)
        assert codes == [1, 1]
        assert all("run exists: continue it with --resume" in text for text in said)
    assert_same(whole, finish(options(config), tmp_path, **launch))


def test_a_launch_that_overwrites_does_so_once(config, whole, tmp_path):
    seqkit.train(config, out=tmp_path / "run", device="cpu")
    launch = {"TORCHELASTIC_RUN_ID": "mine"}
    processes = start(command_line, tmp_path, *options(config, "--overwrite"), **launch)
    wait_for_lines(tmp_path, 11, processes)
    processes[1].kill()
    end(processes, tmp_path)
    processes = start(command_line, tmp_path, *options(config, "--overwrite"), **launch)
    codes, said = end(processes, tmp_path)
    assert codes == [0, 0], said
    assert RESUMED.search(said[0])
    assert_same(whole, tmp_path / "run")


def test_torchrun_starts_a_killed_process_again_and_the_run_goes_on(config, whole, tmp_path):
    launched = torchrun(config, tmp_path, "--nproc-per-node=2", "--standalone")
    kill_one_of(launched, tmp_path, 1)
    said = launched.communicate(timeout=SECONDS)[1]
    assert launched.returncode == 0, said
    assert RESUMED.search(said), said
    assert_same(whole, tmp_path / "run")


def test_two_machines_start_again_together_though_each_counts_its_own_restarts(
    config, whole, tmp_path
):
    """A torchrun for each machine, as over a network."""
    found = ["--rdzv-backend=c10d", "--rdzv-id=mine", f"--rdzv-endpoint=127.0.0.1:{free_port()}"]
    machines = [
        torchrun(config, tmp_path, "--nnodes=2", *found, f"--rdzv-conf=is_host={int(not number)}")
        for number in range(2)
    ]
    kill_one_of(machines[0], tmp_path, 0)
    said = [machine.communicate(timeout=SECONDS)[1] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said
    assert RESUMED.search("".join(said)), said
    assert_same(whole, tmp_path / "run")


def torchrun(config, folder, *arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--max-restarts=1", *arguments]
    return subprocess.Popen(
        [*command, "-m", "seqkit", *options(config)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_one_of(launched, folder, number):
    """One of the processes that torchrun has started, when there is a checkpoint."""
    log = folder / "run/log.jsonl"
    while not log.exists() or log.read_bytes().count(b"\n") < 11:
        assert launched.poll() is None
        time.sleep(0.005)
    os.kill(children(launched.pid)[number], signal.SIGKILL)


def children(process):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=True
    )
    return sorted(map(int, listed.stdout.split()))


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are named in /proc")
@pytest.mark.parametrize("how", ["in memory", "by DDP", "by FSDP2"])
def test_no_thread_of_the_group_is_left_for_the_end_of_python(config, tmp_path, how):
    """One that still frees a tensor then is ended within a destructor, which aborts the process."""
    arguments = options(config, train_steps=9, train_shard=str(how == "by FSDP2").lower())
    processes = start(command_line_and_threads, tmp_path, how, *arguments)
    codes, said = end(processes, tmp_path)
    assert codes == [0, 0], said
    left = [text.splitlines()[-1] for text in said]
    assert all(line.startswith("threads: ") and "gloo" not in line for line in left), said


def test_two_processes_find_the_figures_of_one(config, whole, tmp_path):
    """Of the same weights: the sums are added in another order, the translations are the same."""
    last = checkpoint.resolve(whole, prefer="last")
    figures = checkpoint.read_meta(last)["metrics"]
    assert figures.keys() == {"perplexity", "bleu", "chrf"}

    one = finish(options(config, "--init", whole, train_steps=1, optim_lr=1e-12), tmp_path, world=1)
    pair = tmp_path / "pair"
    two = finish(options(config, "--init", whole, train_steps=1, optim_lr=1e-12), pair)
    assert evaluations(two)[1] == pytest.approx(evaluations(one)[1], rel=1e-6)


def test_an_error_of_one_process_is_saved_by_the_first_and_named_by_that_one(config, tmp_path):
    codes, said = end(start(train_on_broken_data, tmp_path, config), tmp_path)
    assert codes == [1, 1], said
    assert "another of the processes stopped with an error, which it names; step 3 is" in said[0]
    assert "photo.png is damaged; step 3 is saved in run: --resume goes on from there" in said[1]
    assert checkpoint.resolve(tmp_path / "run", prefer="last").name == "step-000003"


@pytest.mark.parametrize("what", ["error", "end"])
def test_a_listener_of_the_first_process_ends_all(config, tmp_path, what):
    codes, said = end(start(train_with_listener, tmp_path, config, what), tmp_path)
    assert codes == ([0, 0] if what == "end" else [1, 1]), said
    if what == "error":
        assert "ValueError: mine" in said[0]
        assert "the first process stopped with an error, which it names; step 3" in said[1]
    assert checkpoint.resolve(tmp_path / "run", prefer="last").name == "step-000003"

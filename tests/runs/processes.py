"""Two or more processes that train together, as torchrun starts them, but without its seconds.

They are forked from a process that has imported torch already.
"""

import multiprocessing
import os
import socket
import sys
import time

SECONDS = 300  # for a busy machine

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["seqkit.cli.main", "seqkit.runs.start", "seqkit.translation.task"])


def start(what, folder, *arguments, world=2, **environment):
    """Start `what(*arguments)` in `folder`, once for each rank; errors go to files there."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("said-*"):
        old.unlink()
    environment = {
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        **environment,
    }
    processes = [
        _context.Process(
            target=_run, args=(what, folder, arguments, environment | {"RANK": str(rank)})
        )
        for rank in range(world)
    ]
    for process in processes:
        process.start()
    return processes


def _run(what, folder, arguments, environment):
    os.chdir(folder)
    os.environ.update(environment)
    said = os.open(f"said-{environment['RANK']}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    what(*arguments)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_lines(folder, count, processes):
    """Until that many events are logged."""
    log = folder / "run/log.jsonl"
    while not log.exists() or log.read_bytes().count(b"\n") < count:
        assert all(process.is_alive() for process in processes), said(folder)
        time.sleep(0.005)


def end(processes, folder):
    """The exit code of each process, and what it has said."""
    for process in processes:
        process.join(SECONDS)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    return codes, said(folder)


def said(folder):
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("said-*"))]


def command_line(*arguments):
    """`seqkit ARGUMENTS`."""
    from seqkit.cli.main import main

    sys.argv = ["seqkit", *arguments]
    main()


def command_line_and_threads(how, *arguments):
    """`seqkit ARGUMENTS`, what Python does at its end, and the threads that still run then."""
    import atexit
    from pathlib import Path

    from seqkit.training import processes

    if how == "by DDP":
        processes.found_machine = lambda *_: None
    try:
        command_line(*arguments)
    except SystemExit as error:
        code = error.code
    atexit._run_exitfuncs()
    tasks = Path("/proc/self/task").glob("*/comm")
    print("threads:", *sorted(task.read_text().strip() for task in tasks), flush=True)
    sys.exit(code)


def train_on_broken_data(config):
    """Reading fails in the second process, after three batches."""
    from itertools import islice

    from seqkit.errors import DataError
    from seqkit.translation.task import TranslationTask

    batches = TranslationTask.train_batches

    def broken(self, *args, **how):
        yield from islice(batches(self, *args, **how), 3)
        raise DataError("photo.png is damaged")

    if os.environ["RANK"] == "1":
        TranslationTask.train_batches = broken
    _train(config, {"data.batch_tokens": 30, "train.eval_every": 9, "train.steps": 20})


def train_with_listener(config, what):
    """The listener ends the run at its third update, or fails there."""
    from seqkit.errors import StopTraining

    def listen(event):
        if type(event).__name__ == "Updated" and event.step == 3:
            raise StopTraining if what == "end" else ValueError("mine")

    _train(config, {"train.steps": 20, "train.eval_every": 9}, listener=listen)


def _train(config, settings, **how):
    import seqkit

    try:
        seqkit.train(config, out="run", device="cpu", overrides=settings, **how)
    except seqkit.SeqkitError as error:
        sys.exit(f"error: {error}")

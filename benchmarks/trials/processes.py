"""Training processes that kill.py starts, watches and kills.

Importing torch takes longer than these trainings. So most of them are forks of this process, which
has imported it and started no thread; the others are the real command line, or torchrun.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT = 240.0  # seconds until a process counts as hung; machines may be busy
GRACE = 60  # seconds that the other one of two has when one has failed
TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port")
SAVING = ("open", "os.rename", "os.mkdir")
PRUNING = ("os.remove", "os.rmdir")


@dataclass(frozen=True)
class Trap:
    """A signal that a process sends itself before its N-th change of the file system."""

    run: Path
    events: tuple[str, ...] = SAVING + PRUNING
    at: int = 0  # 0: never
    number: int = signal.SIGKILL
    counts: Path | None = None  # a file for the number of such changes by event, written at the end

    def set(self) -> None:
        """Watch this process, and none that it forks."""
        me = os.getpid()
        done: Counter[str] = Counter()

        def watch(event: str, args: tuple[Any, ...]) -> None:
            if event not in self.events or os.getpid() != me or not self._is_here(event, args):
                return
            done[event] += 1
            if done.total() == self.at:
                os.kill(me, self.number)
            if self.counts is not None:
                os.write(written, f"{event}\n".encode())

        if self.counts is not None:
            written = os.open(self.counts, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        sys.addaudithook(watch)

    def _is_here(self, event: str, args: tuple[Any, ...]) -> bool:
        path = str(args[0])
        if event == "open":
            mode, flags = args[1], args[2]
            writes = flags & (os.O_WRONLY | os.O_RDWR) or set(mode or "") & set("wax+")
            return bool(writes) and path.startswith(str(self.run))
        in_open_folder = event in PRUNING and args[1] != -1  # how shutil.rmtree deletes
        return in_open_folder or path.startswith(str(self.run))


def changes(counts: Path) -> Counter[str]:
    """How often a watched process changed the file system, by event."""
    return Counter(counts.read_text(encoding="utf-8").split())


class Running:
    """A process, and what it started: a group of processes of their own."""

    def __init__(self, pid: int, output: Path, reader: int | None) -> None:
        self.pid = pid
        self.output = output
        self._reader = reader
        self._code: int | None = None
        self._known: list[int] = []  # what it had started when it was sent a signal

    @property
    def code(self) -> int | None:
        """The exit code, -N after signal N; None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self) -> int | None:
        """Wait for its end; None if it has to be killed for that."""
        end = time.monotonic() + LIMIT
        while self.code is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.code

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Whether the condition came true before the process ended."""
        end = time.monotonic() + LIMIT
        while self.code is None and time.monotonic() < end:
            if holds():
                return True
            time.sleep(0.002)
        return False

    def send(self, number: int, pid: int | None = None) -> None:
        """Send it, or one of its descendants, a signal."""
        self._known = self.descendants()
        with suppress(ProcessLookupError):
            os.kill(pid or self.pid, number)

    def send_group(self, number: int) -> None:
        self._known = self.descendants()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def close_output(self) -> None:
        """Do what `| head` does."""
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None

    def descendants(self) -> list[int]:
        """Processes that it started, and those that they did; the eldest first."""
        found = _children(self.pid)
        for pid in found:
            found += _children(pid)
        return found

    def end(self) -> None:
        """Kill whatever is left of it: torchrun's processes outlive it, and are no group of its."""
        left = self._known
        self.send_group(signal.SIGKILL)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.close_output()

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in text.split()]


def start(
    how: str, arguments: Sequence[str], output: Path, *, piped: bool = False, trap: Trap | None
) -> Running:
    """Start `seqkit` with `arguments`: "fork", "command", "pair" (two forks) or "torchrun".

    With `piped`, what it says goes into a pipe that can be closed, else into the file `output`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = None, os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    if piped:
        os.close(writer)
        reader, writer = os.pipe()

    pid = os.fork()
    if not pid:
        os.setsid()
        _redirect(writer)
        _become(how, arguments, trap)
    os.close(writer)
    return Running(pid, output, reader)


def _redirect(writer: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.closerange(3, 1024)


def _become(how: str, arguments: Sequence[str], trap: Trap | None) -> None:
    """Run `seqkit` in this process, or in two that it starts; does not return."""
    if how == "fork":
        _run_here(arguments, {}, trap)
    if how == "pair":
        _lead(arguments, trap)
    command = ["-m", "seqkit", *arguments]
    if how == "torchrun":
        command = [*TORCHRUN, str(_free_port()), *command]
    os.execv(sys.executable, [sys.executable, *command])


def _lead(arguments: Sequence[str], trap: Trap | None) -> None:
    """Start two processes as torchrun does, and end as the first of them that fails."""
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    ranks = []
    for rank in range(2):
        pid = os.fork()
        if not pid:
            _run_here(
                arguments,
                {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                None if rank else trap,
            )
        ranks.append(pid)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    codes = []
    for _ in range(2):
        pid, status = os.wait()
        ranks.remove(pid)
        codes.append(os.waitstatus_to_exitcode(status))
        if codes[-1]:
            # One that never began leaves the other waiting for it; torchrun, too, ends that one.
            signal.signal(signal.SIGALRM, lambda *_: _kill(ranks))
            signal.alarm(GRACE)
    os._exit(next((abs(code) for code in codes if code), 0))


def _kill(processes: Sequence[int]) -> None:
    for process in processes:
        os.kill(process, signal.SIGKILL)


def _run_here(arguments: Sequence[str], environment: Mapping[str, str], trap: Trap | None) -> None:
    from seqkit.cli.main import main

    os.environ.update(environment)
    sys.argv = ["seqkit", *arguments]
    if trap is not None:
        trap.set()

    code = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def logged_lines(run: Path) -> int:
    return log_of(run).count(b"\n")


def log_of(run: Path) -> bytes:
    """A run's log; nothing if there is none yet."""
    try:
        return (run / "log.jsonl").read_bytes()
    except OSError:
        return b""


def is_resumable(run: Path) -> bool:
    """Whether --resume has something to go on from, be it only a config."""
    return (run / "config.toml").exists()


def our_traceback(said: str) -> str:
    """The last traceback in what a process said; torchrun shows one of its own for each end."""
    _, found, text = said.rpartition("Traceback (most recent call last):")
    ours = re.search(r'File "[^"]*/(seqkit|seqkit_vision)/[^"]*\.py"', text)
    return found + text if ours else ""

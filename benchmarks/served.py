"""A service that runs for a while, and what it costs; the sentences that it is asked for."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from .machine import SEQKIT
from .texts import lines_of

WORDS = 15
SENTENCES = 2000
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def served(*models: str, options: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """The address of a service with these models, and its process."""
    command = [*SEQKIT, "serve", "--port", "0", *options]
    for model in models:
        command += ["-m", model]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        address, said = "", ""
        while not address:
            line = process.stderr.readline()
            if not line:
                raise RuntimeError(f"seqkit serve has ended: {said.strip()}")
            said = line
            address = next((word for word in line.split() if word.startswith("http://")), "")
        threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()  # its log
        yield address.rstrip(".,"), process.pid
    finally:
        process.terminate()
        process.wait()


def sentences_of(path: str) -> list[str]:
    """The lines of a file, or of Multi30k's training text those of 15 words; each once."""
    if path:
        lines: Iterable[str] = Path(path).read_text(encoding="utf-8").splitlines()
    else:
        captions = lines_of("multi30k", "train.en.gz")
        lines = (line.strip() for line in captions if len(line.split()) == WORDS)
    return list(islice(dict.fromkeys(lines), SENTENCES))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

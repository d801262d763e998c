"""A service that runs for a while, and what it costs; the sentences that it is asked for."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seqkit.recipes import corpora

from .machine import SEQKIT

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
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        return list(dict.fromkeys(lines))[:SENTENCES]
    (found,) = corpora().locate("multi30k", ["train.en.gz"])
    with gzip.open(found, "rt", encoding="utf-8") as file:
        chosen = [line.strip() for line in file if len(line.split()) == WORDS]
    return list(dict.fromkeys(chosen))[:SENTENCES]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> int:
    """Bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")

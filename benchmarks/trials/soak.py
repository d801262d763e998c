"""A million lines through `translate` and `lm score`, with the memory of each process on the way:

    python -m benchmarks.trials.soak [--lines 1000000] [--only "lm score, counted"]

The models are small and learnt in seconds: what grows with the text is what is looked for. A
command fails if its memory over the last nine tenths exceeds that over the first by a tenth and
20 MB, or if an output line is missing. Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .runs import SETUPS, WORDS, write_setup

BLOCK = 1000  # lines written at once
SLACK = 20_000  # kB


class Measured(NamedTuple):
    """What a command did with the text."""

    lines: int
    seconds: float
    early: int  # kB, the most over the first tenth of the lines
    late: int  # kB, the most afterwards
    code: int

    def is_constant(self) -> bool:
        return self.late <= 1.1 * self.early + SLACK


def main() -> None:
    """Print a table; exit with 1 if a command fails, loses lines or grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--only", action="append", default=[], help="a row; may be repeated")
    options = parser.parse_args()

    good = True
    print("| command | lines | seconds | lines/s | MB, first tenth | MB, the rest |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as spare:
        for name, command, words in _commands(Path(spare)):
            if options.only and name not in options.only:
                continue
            found = _measure(command, options.lines, words)
            good = good and not found.code and found.lines == options.lines and found.is_constant()
            print(
                f"| {name} | {found.lines:,} | {found.seconds:.0f} | "
                f"{found.lines / found.seconds:,.0f} | {found.early / 1000:.0f} | "
                f"{found.late / 1000:.0f} |",
                flush=True,
            )
    sys.exit(0 if good else 1)


def _commands(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Name, arguments, and the words of the lines to feed; trains the models."""
    import seqkit
    from seqkit import ngram

    for name in ("translation", "language"):
        config = write_setup(SETUPS[name], folder / name)
        seqkit.train(config, out=folder / name / "run", device="cpu")
    translator, network = (str(folder / name / "run") for name in ("translation", "language"))
    counted = folder / "lm.arpa"
    ngram.save(ngram.train([" ".join(WORDS)] * 3 + WORDS, order=3), counted)

    short = ["--search", "beam=1", "--search", "max_length=8"]
    yield "translate", ["translate", "-m", translator, *short], list("abcdefghij")
    yield "lm score, counted", ["lm", "score", "-m", str(counted)], WORDS
    yield "lm score, trained", ["lm", "score", "-m", network], WORDS


def _measure(arguments: list[str], lines: int, words: list[str]) -> Measured:
    command = [sys.executable, "-m", "seqkit", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    writer = threading.Thread(target=_write, args=(process.stdin, lines, words))
    writer.start()

    early = late = done = 0
    for _ in process.stdout:
        done += 1
        if done % BLOCK:
            continue
        memory = _memory(process.pid)
        if done <= lines / 10:
            early = max(early, memory)
        else:
            late = max(late, memory)
    writer.join()
    code = process.wait()
    return Measured(done, time.monotonic() - began, early, late, code)


def _write(file: BinaryIO, lines: int, words: list[str]) -> None:
    """No two blocks are the same, so that nothing can be remembered to good effect."""
    draw = random.Random(1)
    with file:
        for start in range(0, lines, BLOCK):
            count = min(BLOCK, lines - start)
            block = [" ".join(draw.choices(words, k=draw.randint(1, 6))) for _ in range(count)]
            file.write("".join(f"{line}\n" for line in block).encode())


def _memory(pid: int) -> int:
    """The resident memory of a process, kB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main()

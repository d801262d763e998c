"""Damage files of every kind at random and read them, for as long as you like:

    python -m benchmarks.trials.fuzz --minutes 60 [--seed 1] [--only arpa] [--findings FOLDER]

Nothing but a `SeqkitError` or a result may come out, within ten seconds of the processor and 400 MB
of further memory. What else comes out goes into --findings: a folder for each kind of failure, with
the damaged files and the traceback. To keep one as a test, copy its files, as small as they can be,
to tests/fuzz/cases/TARGET/NAME.

The work is done by child processes, because some damage may end a process: then the parent has
seen which.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / part)
    for part in ("tests/fuzz", "tests", "plugins/vision/tests", "plugins/tabular/tests")
]

import fuzzing  # noqa: E402
from targets import Target  # noqa: E402

MEMORY = 6_000_000_000  # bytes of address space beside what the imports take
BATCH_SECONDS = 4.0  # of one child
HANGS = 300.0  # seconds without an end of a child


def main() -> None:
    """Print how many cases were tried and which failed; exit with 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="a target; may be repeated")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()

    targets = fuzzing.all_targets()
    chosen = [targets[name] for name in options.only or targets]
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(spare)
        for target in chosen:
            (folder / "valid" / target.name).mkdir(parents=True)
        _in_child(lambda: [target.write(folder / "valid" / target.name) for target in chosen])

        end = time.monotonic() + 60 * options.minutes
        batch = 0
        while time.monotonic() < end:
            for target in chosen:
                worker = Worker(target, folder, f"{options.seed} {batch}", options.findings)
                tried[target.name] += worker.run()
                found[target.name] += worker.failed
            batch += 1

    _print_table(tried, found)
    sys.exit(1 if found.total() else 0)


class Worker:
    """A batch of cases of one target, in a child process."""

    def __init__(self, target: Target, folder: Path, seed: str, findings: Path) -> None:
        self.target = target
        self.valid = folder / "valid" / target.name
        self.damaged = folder / "damaged"
        self.log = folder / "log"
        self.seed = f"{seed} {target.name}"
        self.findings = findings
        self.failed = 0

    def run(self) -> int:
        """Returns how many cases were tried."""
        self.log.write_bytes(b"")
        code = _in_child(self._work)
        lines = self.log.read_text(encoding="utf-8").splitlines()
        self.failed = sum(line == "failed" for line in lines)
        if code:
            self.failed += 1
            self._keep(f"the process ended with {code}")
        return len(lines) + bool(code)

    def _work(self) -> None:
        memory = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        end = time.monotonic() + BATCH_SECONDS
        number = 0
        with self.log.open("a", buffering=1) as log:
            while time.monotonic() < end and number < 20 * self.target.rounds:
                fuzzing.damage(self.target, self.valid, self.damaged, f"{self.seed} {number}")
                found = fuzzing.problem(self.target, self.damaged)
                if found:
                    self._keep(found)
                log.write("failed\n" if found else "passed\n")
                number += 1

    def _keep(self, found: str) -> None:
        """Keep the first case of each kind of failure: of each place and error."""
        kind = re.sub(r"[^A-Za-z]+", "-", _where(found))[:80].strip("-")
        folder = self.findings / self.target.name / kind
        if folder.exists():
            return
        folder.mkdir(parents=True)
        for name in self.target.files(self.damaged):
            same = self.valid / name
            data = (self.damaged / name).read_bytes()
            if not same.is_file() or same.read_bytes() != data:
                (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "files" / name).write_bytes(data)
        (folder / "problem.txt").write_text(found, encoding="utf-8", errors="replace")
        print(f"{self.target.name}: {_where(found)} ({folder})", file=sys.stderr, flush=True)


def _where(found: str) -> str:
    """The last line of ours in a traceback, and the type of the error."""
    lines = found.strip().splitlines()
    ours = [
        line.strip()
        for line in lines
        if line.lstrip().startswith("File") and "seqkit" in line and "site-packages" not in line
    ]
    place = ours[-1].rpartition("/")[2] if ours else ""
    return f"{place} {lines[-1].partition(':')[0]}"[:120]


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _in_child(work: Callable[[], object]) -> int:
    """Run `work()` in a child process; its exit code, -N for signal N."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    end = time.monotonic() + HANGS
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _print_table(tried: Counter[str], found: Counter[str]) -> None:
    print("| reader | cases | failures |")
    print("|---|---|---|")
    for name, count in tried.items():
        print(f"| {name} | {count:,} | {found[name]} |")
    print(f"| all | {tried.total():,} | {found.total()} |")


if __name__ == "__main__":
    main()

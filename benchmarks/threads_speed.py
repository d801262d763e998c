"""One thread, two, and how they wait for each other, on a quiet and on a busy machine:

    python benchmarks/threads_speed.py [--busy 2]

Wall and user seconds of training three models for some updates. `--busy` starts that many processes
that do nothing but count, for the second half of the table. The policy is set in the environment
of a process for each measurement, because OpenMP reads it when torch is imported.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

WARM_UP = 3
WORK = {  # recipe: updates, and settings that leave out what is not training
    "fashion-mnist/lenet": (400, {}),
    "multi30k/de-en": (6, {}),
    "tatoeba-deu-eng/english-lstm-200": (
        12,
        {"data.baseline_order": 0, "data.sampled_softmax": 0},
    ),
}
POLICIES: list[tuple[int, dict[str, str]]] = [
    (1, {}),
    (2, {}),
    (2, {"OMP_WAIT_POLICY": "passive"}),
    (2, {"GOMP_SPINCOUNT": "1000"}),
    (2, {"GOMP_SPINCOUNT": "10000"}),
    (2, {"GOMP_SPINCOUNT": "60000"}),
]


def measure(recipe: str, threads: int) -> str:
    """Wall and user seconds of the updates of a recipe, in this process."""
    import torch

    from seqkit import recipes
    from seqkit.runs.build import make_trainer

    updates, overrides = WORK[recipe]
    torch.set_num_threads(threads)
    events = make_trainer(recipes.load(recipe, overrides), device="cpu").run()
    list(islice(events, WARM_UP))

    began = time.perf_counter()
    user = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    list(islice(events, updates))
    user = resource.getrusage(resource.RUSAGE_SELF).ru_utime - user
    return f"{time.perf_counter() - began:8.2f} {user:8.2f}"


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep that many cores busy."""
    command = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--busy", type=int, default=os.cpu_count())
    parser.add_argument("--measure", nargs=2, metavar=("RECIPE", "THREADS"))
    arguments = parser.parse_args()
    if arguments.measure:
        recipe, threads = arguments.measure
        print(measure(recipe, int(threads)))
        return

    print(f"{'machine':8} {'recipe':34} {'threads and policy':32} {'wall s':>8} {'user s':>8}")
    for processes in (0, arguments.busy):
        with load(processes):
            measure_all("busy" if processes else "quiet")


def measure_all(machine: str) -> None:
    for recipe in WORK:
        for threads, policy in POLICIES:
            command = [sys.executable, __file__, "--measure", recipe, str(threads)]
            done = subprocess.run(
                command, env={**os.environ, **policy}, stdout=subprocess.PIPE, text=True, check=True
            )
            settings = " ".join(f"{name}={value}" for name, value in policy.items())
            what = f"{threads} {settings}"
            print(f"{machine:8} {recipe:34} {what:32} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()

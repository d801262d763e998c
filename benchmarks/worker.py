"""One turn of one contestant, in a process of its own:

    PYTHON -m benchmarks.worker MODULE FUNCTION CORES < settings.json

pins itself to the cores ("0,1"), calls the function and prints one JSON line. Whatever the work
itself prints goes to stderr. Runs in peers' environments too: the standard library only.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys

from .core import Clock, peak_memory


def main(module: str, function: str, cores: str) -> None:
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    settings = json.loads(sys.stdin.read())
    run = getattr(importlib.import_module(module), function)
    clock = Clock()
    takes_clock = len(inspect.signature(run).parameters) > 1
    found = run(settings, clock) if takes_clock else run(settings)
    if found is None:
        return

    told = {"work": found.work, "result": found.result, "said": found.said}
    told |= {"cpu": clock.cpu, "wall": clock.wall, "peak": peak_memory()}
    answers.write(json.dumps(told) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

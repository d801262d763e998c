"""Damage a target's files, read them, and say what is wrong with the result."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import mutations
from targets import Target

from seqkit.errors import SeqkitError

SECONDS = 10.0  # of the processor: a busy machine is no hang
GROWTH = 400_000  # kB
LONGEST = 2000  # characters of an error


class TookTooLongError(BaseException):
    """Nothing in between catches it."""


def all_targets() -> dict[str, Target]:
    """Every target that is installed, by name."""
    import targets

    found = list(targets.TARGETS)
    try:
        import seqkit_vision  # noqa: F401
    except ImportError:
        pass
    else:
        import image_targets

        found += image_targets.TARGETS
    try:
        import seqkit_tabular  # noqa: F401
    except ImportError:
        pass
    else:
        import table_targets

        found += table_targets.TARGETS
    return {target.name: target for target in found}


def damage(target: Target, valid: Path, folder: Path, seed: str) -> list[str]:
    """Copy `valid` to `folder` with a file or two damaged; returns their names."""
    draw = random.Random(seed)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(valid, folder, symlinks=True)

    names = draw.sample(files := target.files(valid), min(len(files), draw.choice((1, 1, 1, 2))))
    for name in names:
        path = folder / name
        data = path.read_bytes()
        for _ in range(draw.choice((1, 1, 2))):
            mutation = mutations.by_name(name) if draw.random() < 0.7 else mutations.blind
            data = mutation(data, draw)
        path.write_bytes(data)
    return names


def problem(target: Target, folder: Path) -> str:
    """What is wrong with how the target reads `folder`: "" for a result or a `SeqkitError`."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = ""
    try:
        with _limited(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(folder)
    except SeqkitError as error:
        if len(str(error)) > LONGEST:
            found = f"an error of {len(str(error)):,} characters: {str(error)[:200]}"
    except TookTooLongError:
        found = f"more than {SECONDS} seconds\n{traceback.format_exc()}"
    except BaseException:
        found = traceback.format_exc()

    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if not found and growth > GROWTH:
        found = f"{growth:,} kB of memory"
    return found


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)

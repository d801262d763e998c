"""This machine: its processor, the cores that are measured on, and where things are kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqkit.native import library

ROOT = Path(__file__).parent.parent
SEQKIT = (sys.executable, "-m", "seqkit")
KENLM = "KenLM's programs on the PATH, or in the folder that `--set kenlm=FOLDER` names"


def cpu() -> str:
    """The processor and what speeds products up on it: "AMD EPYC (AVX-512, bf16)".

    Without our compiled library it is another machine: such figures are not compared with others.
    """
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    found = re.search(r"^flags\s*:\s*(.*)$", text, re.MULTILINE)
    flags = found[1].split() if found else []

    known = {"amx_bf16": "AMX", "avx512f": "AVX-512", "avx512_bf16": "bf16", "avx2": "AVX2"}
    named = [word for flag, word in known.items() if flag in flags]
    if "AVX-512" in named:
        named.remove("AVX2")
    without = "" if library.status() == "used" else ", without the compiled library"
    return f"{name[1] if name else 'unknown'} ({', '.join(named) or 'no AVX2'}){without}"


def cores(count: int) -> list[int]:
    """The first cores that this process may use; fewer if there are not so many."""
    return sorted(os.sched_getaffinity(0))[:count]


def cache() -> Path:
    """Where environments of peers, data and models are kept: SEQKIT_BENCHMARKS, or ~/.cache."""
    named = os.environ.get("SEQKIT_BENCHMARKS")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(named) if named else base / "seqkit-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def programs_of_kenlm(settings: Mapping[str, Any]) -> Path | None:
    """The folder of lmplz, query and build_binary, which no package of PyPI brings.

    `--set kenlm=BIN` names it, or it is `kenlm` in the cache or on the PATH; None if there is none.
    """
    if "kenlm" in settings:
        return Path(settings["kenlm"])
    found = shutil.which("lmplz", path=f"{cache() / 'kenlm'}{os.pathsep}{os.environ['PATH']}")
    return Path(found).parent if found else None


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where a file or folder is written that is to be at `path` when it is complete, not before."""
    part = path.with_name(f"{path.name}.part")
    if part.is_dir():
        shutil.rmtree(part)
    yield part
    part.rename(path)


def said_by(command: Iterable[object], source: Path | None = None) -> str:
    """What a command of texts and paths prints, given a file as its standard input.

    Raises `RuntimeError` with the last line of its complaint if it fails.
    """
    given = [str(part) for part in command]
    with open(source or os.devnull, "rb") as text:
        done = subprocess.run(given, stdin=text, capture_output=True)
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise RuntimeError(f"{Path(given[0]).name} failed ({done.returncode}): {complaint[-1]}")
    return done.stdout.decode()

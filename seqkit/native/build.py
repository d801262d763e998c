"""Compile the C files of this folder into a shared library; the standard library only.

Run by `hatch_build.py` when seqkit is installed or a wheel is built. `python -m
seqkit.native.build` does it again in a checkout, after a change of the C files.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-fvisibility=default")
_SECONDS = 300


def sources() -> list[Path]:
    """The C files, in the order of their names."""
    return sorted(FOLDER.glob("*.c"))


def library_name() -> str:
    """The name of the library: it tells of which sources it was made, so that none is stale."""
    digest = 0
    for path in sorted([*sources(), *FOLDER.glob("*.h")]):
        digest = zlib.crc32(path.read_bytes(), digest)
    return f"seqkit-{digest:08x}.so"


def compiler() -> list[str]:
    """The command of the C compiler: `CC`, or the first there is; empty if there is none."""
    given = shlex.split(os.environ.get("CC", ""))
    names = [given[0]] if given else _COMPILERS
    found = next(filter(None, map(shutil.which, names)), None)
    return [found, *given[1:]] if found else []


def build(folder: Path) -> Path | None:
    """Compile the library into `folder`; None if this machine cannot, whatever the reason."""
    import subprocess  # here, because whoever only opens the library does without
    import tempfile

    command = compiler()
    if not command or os.name != "posix":
        return None

    target = folder / library_name()
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        part = Path(aside) / target.name
        files = [str(path) for path in sources()]
        whole = [*command, *_FLAGS, *_architectures(), "-o", str(part), *files, "-lm"]
        try:
            done = subprocess.run(whole, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode or not part.exists():
            return None
        part.replace(target)  # a process that has the old one open keeps it
    return target


def _architectures() -> list[str]:
    """Options for Pythons of macOS that run on both of its processors."""
    if not sysconfig.get_platform().endswith("universal2"):
        return []
    return ["-arch", "arm64", "-arch", "x86_64"]


def refresh() -> Path | None:
    """Compile the library into this folder, and remove those of older sources."""
    target = build(FOLDER)
    for path in FOLDER.glob("seqkit-*.so"):
        if path != target:
            path.unlink()
    return target


if __name__ == "__main__":
    built = refresh()
    sys.exit(0 if built else "no C compiler, or it failed: seqkit does without the library")

"""Compile the C files of this folder into a shared library; the standard library only.

Run by `hatch_build.py` when seqkit is installed or a wheel is built. `python -m
seqkit.native.build` does it again in a checkout, after a change of the C files; elsewhere, this
file is run by its path, since `-m` finds the checkout first wherever it is the current folder.
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


def sources(folder: Path | None = None) -> list[Path]:
    """The C files, in the order of their names."""
    return sorted((folder or FOLDER).glob("*.c"))


def library_name(folder: Path | None = None) -> str:
    """The name of the library: it tells of which sources it was made, so that none is stale."""
    digest = 0
    for path in sorted([*sources(folder), *_headers(folder)]):
        digest = zlib.crc32(path.read_bytes(), digest)
    return f"seqkit-{digest:08x}.so"


def _headers(folder: Path | None) -> list[Path]:
    return list((folder or FOLDER).glob("*.h"))


def compiler() -> list[str]:
    """The command of the C compiler: `CC`, or the first there is; empty if there is none."""
    try:
        given = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        sys.stderr.write(f"CC={os.environ['CC']}: {error}\n")
        return []
    names = [given[0]] if given else _COMPILERS
    found = next(filter(None, map(shutil.which, names)), None)
    return [found, *given[1:]] if found else []


def build(folder: Path) -> Path | None:
    """Compile the library into `folder`; None if this machine cannot, whatever the reason.

    What the compiler says is then written to standard error, which pip shows with -v.
    """
    import subprocess  # here, because whoever only opens the library does without
    import tempfile

    command = compiler()
    if not command or os.name != "posix":
        return None

    with tempfile.TemporaryDirectory(dir=folder) as aside:
        own = Path(aside)
        for path in [*sources(), *_headers(None)]:
            shutil.copy(path, own)  # they may change while they are compiled
        target = folder / library_name(own)
        part = own / target.name
        files = [str(path) for path in sources(own)]
        whole = [*command, *_FLAGS, *_architectures(), "-o", str(part), *files, "-lm"]
        try:
            done = subprocess.run(whole, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"{command[0]}: {error}\n")
            return None
        if done.returncode or not part.exists():
            sys.stderr.write(done.stderr.decode(errors="replace"))
            return None
        part.replace(target)  # a process that has the old one open keeps it
    return target


def _architectures() -> list[str]:
    """On macOS: what pip and cibuildwheel ask for, or the processors that this Python is for."""
    if sys.platform == "darwin" and "ARCHFLAGS" in os.environ:
        return shlex.split(os.environ["ARCHFLAGS"])
    if not sysconfig.get_platform().endswith("universal2"):
        return []
    return ["-arch", "arm64", "-arch", "x86_64"]


def refresh() -> Path | None:
    """Compile the library into this folder, and remove those of older sources."""
    target = build(FOLDER)
    wanted = library_name()
    for path in FOLDER.glob("seqkit-*.so"):
        if path.name != wanted:
            path.unlink(missing_ok=True)  # another process may do the same
    return target


def main() -> None:
    """Compile the library into this folder, and say where it is, or why there is none."""
    try:
        built = refresh()
    except OSError as error:
        sys.exit(f"cannot write {FOLDER}: {error.strerror}")
    if built is None:
        sys.exit("no C compiler, or it failed: seqkit does without the library")
    sys.stdout.write(f"{built}\n")


if __name__ == "__main__":
    main()

"""Whether the tests notice one-line mistakes: `python tests/tools/mutants.py [LIST.toml…]`.

Each [[mutant]] of tests/tools/mutants/*.toml names a `file`, a text `old` that occurs in it exactly
once, a text `new` to put in its place, and `tests`: arguments of pytest; `only` selects among them
by name (pytest -k). The mistake is made in a temporary copy of the checkout, where the tests are
then run. Prints "killed" or "survived" for each; exits with 1 if one survives or is out of date.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).with_name("mutants")
COPIED = ("seqkit", "plugins", "corpora", "tests", "docs", "pyproject.toml", "README.md")
SECONDS = 600  # a mutant that hangs the tests is killed, too


@dataclass(frozen=True)
class Mutant:
    file: str
    old: str
    new: str
    tests: list[str]
    only: str = ""

    def __str__(self) -> str:
        change = f"{self.old.strip()!r} -> {self.new.strip()!r}"
        return f"{self.file}: {' '.join(change.split())}"

    def mutated(self, root: Path) -> str:
        """The file's text with the mistake; raises ValueError unless `old` occurs exactly once."""
        text = (root / self.file).read_text(encoding="utf-8")
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.old!r} occurs {count} times in {self.file}")
        return text.replace(self.old, self.new)


def read(lists: Iterable[Path]) -> Iterator[Mutant]:
    """All mutants of these files."""
    for path in lists:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        for entry in found.get("mutant", []):
            yield Mutant(**entry)


def copy_of(root: Path, folder: Path) -> Path:
    """A copy of what tests need of a checkout."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=unwanted)
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def is_killed(mutant: Mutant, root: Path) -> bool:
    """Whether the mutant's tests fail in the copy `root`; leaves the file as it was."""
    path = root / mutant.file
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant.mutated(root), encoding="utf-8")
    try:
        return _fails(mutant, root)
    finally:
        path.write_text(original, encoding="utf-8")


def _fails(mutant: Mutant, root: Path) -> bool:
    """Whether one of its tests fails; raises ValueError if none is found."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-k", mutant.only]
    packages = os.pathsep.join([str(root), *map(str, (root / "plugins").glob("*"))])
    environment = {
        **os.environ,
        "PYTHONPATH": packages,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", *options, *mutant.tests]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode in (4, 5):  # pytest found no test of that name
        raise ValueError(f"no tests {' '.join(mutant.tests)}: {done.stdout[-300:]}")
    return done.returncode != 0


def main(lists: list[str]) -> int:
    paths = [Path(name) for name in lists] or sorted(LISTS.glob("*.toml"))
    good = True
    with tempfile.TemporaryDirectory() as folder:
        root = copy_of(ROOT, Path(folder))
        for mutant in read(paths):
            try:
                result = "killed" if is_killed(mutant, root) else "survived"
            except (OSError, ValueError) as error:
                result = f"out of date ({error})"
            good = good and result == "killed"
            print(f"{result:9} {mutant}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

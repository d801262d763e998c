"""Models of other programs: found by content, and made run folders of."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from ..plugins import components

_META = "meta.json"  # of a run, which needs no importer


class Importer(Protocol):
    """Reads the models of another program: what `Plugin.importer` adds."""

    name: str

    def fits(self, path: Path) -> bool:
        """Whether the content of `path`, a file or a folder, is such a model. Imports no torch."""

    def write_run(self, path: Path, folder: Path, *, dtype: Any) -> None:
        """Write the run folder `folder`, which does not exist, with weights of `dtype`.

        Raises `SeqkitError`, leaving nothing.
        """


def importer_of(path: Path) -> Importer | None:
    """What reads `path`, or None if it is no model of another program."""
    if not path.exists() or (path / _META).exists():
        return None
    for entry in components().importers:
        importer: Importer = entry.load()
        if importer.fits(path):
            return importer
    return None


@cache
def run_of(path: Path) -> Path | None:
    """A run folder of what another program wrote at `path`, for as long as this process lives.

    None if it is no such model.
    """
    importer = importer_of(path)
    if importer is None:
        return None
    place = Path(tempfile.mkdtemp(prefix="seqkit-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    folder = place / path.name
    importer.write_run(path, folder, dtype="float32")
    return folder

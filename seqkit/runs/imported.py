"""What is no run folder yet: models of other programs, known by content, and zipped runs."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from ..errors import DataError
from ..plugins import components
from .zipped import META, is_zipped_run, unzip_run

_ZIPPED = (".argosmodel", ".npz", ".zip")


class Importer(Protocol):
    """Reads the models of another program: what `Plugin.importer` adds."""

    name: str
    task: str  # of its models

    def fits(self, path: Path) -> bool:
        """Whether the content of `path`, a file or a folder, is such a model. Imports no torch."""

    def write_run(
        self, path: Path, folder: Path, *, dtype: Any, source: str = "", to: str = ""
    ) -> None:
        """Write the run folder `folder`, which does not exist, with weights of `dtype`.

        The run says that it is from `source`, or else from `path`. `to` is the language that it
        translates into, if the model has several. Raises `SeqkitError`, leaving nothing.
        """

    # Two methods that it may have:
    #
    # check_kind(folder) raises `SeqkitError` for a folder without its weights that is not worth
    # fetching them.
    #
    # open_light(path, device=, engine=, compute=) returns the predictor of a model as
    # `seqkit.load`, without torch; None if a run folder is to be made and opened.


def importer_of(path: Path) -> Importer | None:
    """What reads `path`, or None if it is no model of another program.

    Raises `DataError` for a file whose name says that it is a zip archive, and which is none: a
    download that was cut off.
    """
    if not path.exists() or (path / META).exists():
        return None
    _check_whole(path)
    for entry in components().importers:
        importer: Importer = entry.load()
        if importer.fits(path):
            return importer
    return None


def _check_whole(path: Path) -> None:
    if path.is_file() and path.suffix.lower() in _ZIPPED and not zipfile.is_zipfile(path):
        raise DataError(
            f"{path} is damaged: it is not a whole zip file, as {path.suffix} files are; fetch it "
            "again"
        )


def is_packed_model(path: Path) -> bool:
    """Whether the file at `path` is a model: a zipped run, or another program's package."""
    return path.is_file() and (is_zipped_run(path) or importer_of(path) is not None)


def is_run(path: Path) -> bool:
    """Whether `path` is a run of ours: its folder, a step folder of it, or either in a zip file."""
    return (path / META).exists() or any(path.glob(f"*/{META}")) or is_zipped_run(path)


@cache
def run_of(path: Path, source: str = "") -> Path | None:
    """A run folder of what is zipped at `path`, or of what another program wrote there.

    It lives as long as this process, and says that it is from `source`, or else from `path`. None
    if `path` is neither.
    """
    importer = importer_of(path)
    if importer is None and not is_zipped_run(path):
        return None

    place = Path(tempfile.mkdtemp(prefix="seqkit-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    folder = place / path.name
    try:
        if importer is None:
            return unzip_run(path, folder)
        importer.write_run(path, folder, dtype="float32", source=source)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)  # a process may live long, and try again
        raise
    return folder

"""Run folders packed into a zip file, to be handed on."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..data.archives import names_in, unpack
from ..errors import DataError

META = "meta.json"  # of a checkpoint, in every run folder
_TRAINER = "trainer.safetensors"  # which only resuming needs, and that is done in a folder
_LITTER = ("__MACOSX", ".DS_Store")


def is_zipped_run(path: Path) -> bool:
    """Whether `path` is a zip file with a run folder or a step folder in it."""
    return any(PurePosixPath(name).name == META for name in names_in(path))


def unzip_run(path: Path, folder: Path) -> Path:
    """Unpack a run into the new folder `folder`; returns the folder in it that is the run.

    Raises `DataError` for an archive that is damaged or not safe to unpack.
    """
    folder.mkdir()
    unpack(path, folder, place=_place)
    run = _only_folder(folder)
    if not any(run.glob(META)) and not any(run.glob(f"*/{META}")):
        raise DataError(f"{path} holds no run folder, or several: unpack it first (unzip {path})")
    return run


def _place(name: str) -> str:
    path = PurePosixPath(name)
    is_wanted = path.name != _TRAINER and path.parts[0] not in _LITTER and path.name not in _LITTER
    return name if is_wanted else ""


def _only_folder(folder: Path) -> Path:
    """The folder that everything is in: zip programs put one around what they pack."""
    entries = list(folder.iterdir())
    while len(entries) == 1 and entries[0].is_dir():
        folder = entries[0]
        entries = list(folder.iterdir())
    return folder

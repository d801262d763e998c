"""How a run enters its folder: alone, with what was there before resumed, refused or set aside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..config import RunConfig
from ..errors import CheckpointError, SeqkitError
from ..training.processes import Processes
from .folder import check_folder, check_usable
from .launch import is_of_this_launch
from .lock import Lock
from .log import unwritable
from .replaced import restore

_BACK = (
    "the run in this folder was to be replaced, and the new one stopped before it had saved "
    "anything: it is back"
)


@dataclass
class Entry:
    """What a run has found in its folder."""

    lock: Lock
    last: Path | None = None  # the step folder to resume
    overwrites: bool = False  # what is in the folder
    notes: list[str] = field(default_factory=list)  # what a person should know of it


@contextmanager
def entered(
    folder: Path, config: RunConfig, processes: Processes, *, resume: bool, overwrite: bool
) -> Iterator[Entry]:
    """Own `folder` while the context is open; raises at once if that cannot be.

    Among several processes the first one owns it for all, and tells the others what it has found.
    """
    entry = Entry(Lock(folder))
    refusal: SeqkitError | None = None
    try:
        if processes.first:
            try:
                _enter(folder, config, entry, resume=resume, overwrite=overwrite)
            except SeqkitError as error:
                refusal = error
            except OSError as error:
                refusal = unwritable(folder, error)
        _tell_others(processes, entry, refusal)
        yield entry
    except BaseException:
        if processes.first and entry.lock.held:
            with suppress(CheckpointError):
                restore(folder)
        raise
    finally:
        entry.lock.release()


def _enter(folder: Path, config: RunConfig, entry: Entry, *, resume: bool, overwrite: bool) -> None:
    check_usable(folder, resume=resume, overwrite=overwrite)
    entry.lock.acquire()
    if entry.lock.note:
        entry.notes.append(entry.lock.note)
    if restore(folder):
        entry.notes.append(_BACK)

    if is_of_this_launch(folder):
        resume, overwrite = True, False

    entry.overwrites = overwrite
    entry.last, notes = check_folder(folder, config, resume=resume, overwrite=overwrite)
    entry.notes += notes


def _tell_others(processes: Processes, entry: Entry, refusal: SeqkitError | None) -> None:
    """Raise in every process what the first one was refused with; pass on what it has found."""
    last = None if entry.last is None else str(entry.last)
    record = {"refusal": None if refusal is None else str(refusal), "last": last}
    found = processes.gather_records(record)[0]

    if refusal is not None:
        raise refusal
    if found["refusal"] is not None:
        raise CheckpointError(found["refusal"])
    entry.last = None if found["last"] is None else Path(found["last"])

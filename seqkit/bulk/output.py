"""The folder OUTPUT, and how a repeated command goes on where the last one was stopped.

    OUTPUT/
      news-00000.jsonl      a part for each shard, written aside and renamed
      _failed/news-00000.jsonl   rows without an answer, each with its error
      _job/job.json         what is done, by which model: another command is refused
      _job/manifest.jsonl   a line for each part that is there, with the digests of what was read
                            and of what was written; flushed after the part
      _SUCCESS              all of INPUT is done

Readers of folders such as Spark and pyarrow leave out what begins with "_" or ".".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..data.files import reading
from ..errors import ConfigError, DataError, reason
from ..parsing import json_of, to_json
from ..runs.lock import Lock
from ..training import disk
from .inputs import Input

JOB, FAILED, SUCCESS = "_job", "_failed", "_SUCCESS"
_MANIFEST = "manifest.jsonl"
_ADVICE = "name another OUTPUT"
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Part:
    """What the manifest knows of a part."""

    part: str  # its name below OUTPUT
    rows: int  # of the shard
    failed: int  # of them, which were set aside
    input: str  # digest of the shard
    output: str  # digest of the part
    aside: str = ""  # digest of the file of rows set aside, if there is one


class Output:
    """An OUTPUT that this process owns; see `owned`."""

    def __init__(self, folder: Path, parts: Mapping[str, Part]) -> None:
        self.folder = folder
        self.parts = dict(parts)
        self._asked: set[str] = set()  # parts that INPUT still has

    def done(self, name: str, digest: str) -> Part | None:
        """The part of that name if it is whole.

        Raises `DataError` unless the shard's digest is what it was: INPUT has changed.
        """
        self._asked.add(name)
        part = self.parts.get(name)
        if part is None:
            return None
        if part.input != digest:
            raise DataError(
                f"{self.folder / name} was made of other rows: INPUT has changed since, or it is "
                f"another; {_ADVICE}"
            )
        return part if self._is_whole(part) else None

    def _is_whole(self, part: Part) -> bool:
        """Whether its files are there as they were written."""
        aside = self.folder / _aside(part.part)
        return _digest(self.folder / part.part) == part.output and (
            not part.aside or _digest(aside) == part.aside
        )

    def aside(self, name: str) -> list[Any]:
        """The rows of a part that were set aside. Raises `DataError` if they cannot be read."""
        if not self.parts[name].failed:
            return []
        path = self.folder / _aside(name)
        with reading(path):
            return [json_of(line) for line in path.read_bytes().splitlines()]

    def commit(
        self,
        name: str,
        digest: str,
        write: Callable[[Path], None],
        rows: int,
        failed: Sequence[Any],
    ) -> Part:
        """Write a part by `write`, its failed rows and its line of the manifest, in this order."""
        with self._writing():
            output = _written(self.folder / name, write)
            aside = ""
            path = self.folder / _aside(name)
            if failed:
                text = "".join(f"{to_json(row)}\n" for row in failed)
                aside = _written(path, lambda part: _write_text(part, text))
            else:
                path.unlink(missing_ok=True)  # of an attempt that was killed

            part = Part(name, rows, len(failed), digest, output, aside)
            self._append(part)
        self.parts[name] = part
        return part

    def _append(self, part: Part) -> None:
        with (self.folder / JOB / _MANIFEST).open("ab") as file:
            file.write(f"{to_json(asdict(part))}\n".encode())
            file.flush()
            os.fsync(file.fileno())

    def finish(self) -> None:
        """Say that nothing is missing. Raises `DataError` if there is more than INPUT has now."""
        for name in self.parts.keys() - self._asked:
            raise DataError(
                f"{self.folder / name} was made of rows that INPUT does not have now; {_ADVICE}"
            )
        with self._writing():
            disk.replace(self.folder / SUCCESS, "")

    def unfinish(self) -> None:
        with self._writing():
            (self.folder / SUCCESS).unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"cannot write {self.folder}: {reason(error)}; the same command goes on from here "
                "once that is mended"
            ) from None


@contextmanager
def owned(folder: Path, job: Mapping[str, Any], inputs: Sequence[Input]) -> Iterator[Output]:
    """The OUTPUT of a job, a new one or one that goes on.

    Raises `ConfigError` for a folder of another job or of something else, `CheckpointError` while
    another process writes there, `DataError` if it cannot be written.
    """
    _check_is_ours(folder)
    try:
        (folder / JOB).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {reason(error)}") from None

    lock = Lock(folder / JOB, doing="writing", other="OUTPUT")
    lock.acquire()
    try:
        _compare(folder, job)
        output = Output(folder, _read_manifest(folder))
        _check_inputs(output, inputs)
        output.unfinish()
        yield output
    finally:
        lock.release()


def _check_is_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: OUTPUT is a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / JOB).is_dir():
        raise ConfigError(f"{folder} exists and is not of seqkit bulk: {_ADVICE}")


def _compare(folder: Path, job: Mapping[str, Any]) -> None:
    """Write job.json, or raise `ConfigError` if it is there and says something else."""
    path = folder / JOB / "job.json"
    try:
        if not path.exists():
            disk.replace(path, f"{to_json(job, indent=2)}\n")
            return
        known = json_of(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}): {_ADVICE}") from None

    for key, value in json_of(to_json(job)).items():
        was = known.get(key) if isinstance(known, dict) else None
        if was != value:
            raise ConfigError(
                f"{folder} is of another command: {key} was {_shown(was)} and is now "
                f"{_shown(value)}. Repeat that command to go on with it, or {_ADVICE}"
            )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else to_json(value)


def _read_manifest(folder: Path) -> dict[str, Part]:
    """The parts that are done. A last line that a crash cut short is taken back."""
    path = folder / JOB / _MANIFEST
    try:
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            os.truncate(path, len(whole))
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None

    found: dict[str, Part] = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            part = Part(**json_of(line))
        except (ValueError, TypeError):
            raise DataError(f"{path}:{number} is damaged: {_ADVICE}") from None
        found[part.part] = part
    return found


def _check_inputs(output: Output, inputs: Sequence[Input]) -> None:
    """Raise `DataError` if there are parts of files that INPUT has no longer."""
    stems = {each.stem for each in inputs}
    for name in output.parts:
        if name.rpartition("-")[0] not in stems:
            raise DataError(
                f"{output.folder / name} was made of a file that INPUT does not have now; {_ADVICE}"
            )


# Files


def _aside(part: str) -> Path:
    """Where rows of a part are set aside, below OUTPUT; those of a part that is ours, beside it."""
    path = Path(part).with_suffix(".jsonl")
    return path if path.parts[0] == JOB else FAILED / path


def _written(path: Path, write: Callable[[Path], None]) -> str:
    """Write a file aside, flush it and rename it; return its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part.{path.name}")
    try:
        write(part)
        disk.flush(part)
        digest = _digest(part)
        disk.move(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return digest


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _digest(path: Path) -> str:
    """Of a file's content; "" if it is not there."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(_MEGABYTE):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def digest_of_files(path: Path) -> str:
    """Of a file, or of all files below a folder and their names."""
    if not path.is_dir():
        return _digest(path)

    digest = blake2b(digest_size=16)
    for file in sorted(path.rglob("*")):
        if file.is_file():
            name = file.relative_to(path).as_posix()
            digest.update(f"{name}\0{_digest(file)}\n".encode("utf-8", "replace"))
    return digest.hexdigest()

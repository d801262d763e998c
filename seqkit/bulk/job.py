"""From INPUT to OUTPUT: shards are read, answered in pieces, and written when they are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from ..parsing import check_count, toml_of
from ..runs.finding import place_of
from ..runs.imported import is_run
from ..training.checkpoint import resolve
from .cluster import RayPool, check_ray, connected
from .formats import Answer, Failure, Format, Shard
from .inputs import Input, find_inputs, format_of
from .output import Output, Part, digest_of_files, owned
from .pieces import Done, Piece, Pool, answered
from .verbs import Kinds, Request, open_request

ROWS = 5000  # of a shard
_PIECE_ROWS = 500
_MIXTURE = ".toml"
_PIECE_CHARACTERS = 100_000

Note = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What to read, and where and how to write it."""

    inputs: Sequence[Input]
    format: Format[Any]
    output: Path
    rows: int  # of a shard

    def shards(self) -> Iterator[tuple[Input, Shard[Any]]]:
        """All of INPUT, in order."""
        for each in self.inputs:
            for shard in self.format.shards(each.path, self.rows):
                yield each, shard


@dataclass(frozen=True)
class Progress:
    """A shard that is done."""

    part: Part
    is_new: bool  # and not of an earlier command

    def __len__(self) -> int:
        return self.part.rows


def run(
    source: str | Path,
    output: str | Path,
    request: Request,
    *,
    fields: Sequence[str | None] = (None,),
    as_json: bool = False,
    rows: int = ROWS,
    workers: int | None = None,
    address: str | None = None,
    note: Note = lambda text: None,
) -> Iterator[Progress]:
    """Answer every row of `source` into the folder `output`; goes on with what is there.

    `fields` are what is read of a row: the text, and the target where pairs are scored; None is the
    usual one. A shard is yielded once it is written. `workers` are processes of one thread; None =
    one a CPU of the cluster, which is this machine unless `address` names one (HOST:PORT). The
    model is opened here first, so that one that does not open is said before anything starts.
    `note` is called with what people should know. Raises `SeqkitError`; whatever was yielded is
    there for good.
    """
    check_ray()
    check_count(1, rows=rows)
    task = make_task(source, output, fields, as_json=as_json, rows=rows)
    kinds = open_request(request, reads_pairs=len(fields) > 1).kinds
    task.format.check(task.inputs[0].path, list(kinds))

    job = description(request, fields, task)
    with owned(task.output, job, task.inputs) as out:
        yield from work_off(task, out, request, kinds, workers, address, note)
        out.finish()


def make_task(
    source: str | Path,
    output: str | Path,
    fields: Sequence[str | None],
    *,
    as_json: bool,
    rows: int,
) -> Task:
    """Raises `DataError` or `ConfigError` for an INPUT that is none."""
    inputs = find_inputs(source, Path(output))
    return Task(inputs, format_of(inputs, fields, as_json=as_json), Path(output), rows)


def description(request: Request, fields: Sequence[str | None], task: Task) -> dict[str, Any]:
    """What a command to go on must have in common with the first one."""
    return {
        "verb": request.verb,
        "model": "" if request.verb == "select" else digest_of_model(request.model),
        "settings": dict(request.settings),
        "fields": list(fields),
        "prefix": request.prefix,
        "format": f"{task.format.name} to {task.format.suffix}",
        "rows": task.rows,
        "seqkit": __version__,
    }


def digest_of_model(model: str | None) -> str:
    """Of the files of a model: of a run those of its step, of a mixture those of all parts."""
    path = place_of(model).path
    if path.suffix != _MIXTURE:
        return digest_of_files(resolve(path) if path.is_dir() and is_run(path) else path)

    mixture = toml_of(path.read_text(encoding="utf-8"))
    parts = [digest_of_model(str(path.parent / part["path"])) for part in mixture["models"]]
    return " ".join([digest_of_files(path), *parts])


def work_off(
    task: Task,
    out: Output,
    request: Request,
    kinds: Kinds,
    workers: int | None,
    address: str | None,
    note: Note,
) -> Iterator[Progress]:
    """Yield the shards that are there, and those that become so.

    Ray starts at the first that is missing.
    """
    writer = _Writer(task, out, kinds)
    todo = _todo(task, out, writer)
    first: Piece | None = None
    while first is None:
        found = next(todo, None)
        if found is None:
            return
        if isinstance(found, Piece):
            first = found
        else:
            yield found

    with connected(address, workers) as number:
        pool = RayPool(request, reads_pairs=len(first.rows[0]) > 1)
        yield from _answered(todo, first, pool, min(number, pool.most), writer, note)
    assert not writer.open, f"not written: {sorted(writer.open)}"


def _answered(
    todo: Iterator[Piece | Progress],
    first: Piece,
    pool: Pool,
    workers: int,
    writer: _Writer,
    note: Note,
) -> Iterator[Progress]:
    """Yield the shards of `todo`, of which `first` is the first piece, as they are done."""
    passed: list[Progress] = []  # shards that were there, noticed between two pieces

    def pieces() -> Iterator[Piece]:
        yield first
        for found in todo:
            if isinstance(found, Piece):
                yield found
            else:
                passed.append(found)

    for done in answered(pieces(), pool, workers, note):
        progress = writer.add(done)
        yield from _emptied(passed)
        if progress is not None:
            yield progress
    yield from _emptied(passed)


def _emptied(items: list[Progress]) -> Iterator[Progress]:
    while items:
        yield items.pop(0)


def _todo(task: Task, out: Output, writer: _Writer) -> Iterator[Piece | Progress]:
    """What is to be done, in order: pieces of shards, and shards that are done already."""
    for each, shard in task.shards():
        name = each.part(shard.number, task.format.suffix)
        part = out.done(name, shard.digest)
        if part is not None:
            yield Progress(part, is_new=False)
            continue

        unit = writer.begin(name, shard)
        if not unit.missing:
            yield writer.write(unit)
        yield from _pieces(unit)


class _Unit:
    """A shard in work."""

    def __init__(self, name: str, shard: Shard[Any]) -> None:
        self.name = name
        self.shard = shard
        self.answers: list[Any] = [
            text if isinstance(text, Failure) else None for text in shard.texts
        ]
        self.missing = self.answers.count(None)

    @property
    def place(self) -> str:
        return self.shard.place


def _pieces(unit: _Unit) -> Iterator[Piece]:
    """The readable rows of a shard, the longest first, a piece of about the same length each."""
    texts = unit.shard.texts
    lengths = {i: sum(map(len, text)) for i, text in enumerate(texts) if unit.answers[i] is None}
    indices: list[int] = []
    characters = 0
    for i in sorted(lengths, key=lambda i: -lengths[i]):
        if len(indices) == _PIECE_ROWS or (indices and characters > _PIECE_CHARACTERS):
            yield _piece(unit, indices)
            indices = []
            characters = 0
        indices.append(i)
        characters += lengths[i]
    if indices:
        yield _piece(unit, indices)


def _piece(unit: _Unit, indices: list[int]) -> Piece:
    return Piece(unit, indices, [unit.shard.texts[i] for i in indices])


class _Writer:
    """Puts answers together, and writes a shard once it has all of them."""

    def __init__(self, task: Task, out: Output, kinds: Kinds) -> None:
        self._format = task.format
        self._out = out
        self._kinds = kinds
        self.open: set[str] = set()  # shards in work

    def begin(self, name: str, shard: Shard[Any]) -> _Unit:
        self.open.add(name)
        return _Unit(name, shard)

    def add(self, done: Done) -> Progress | None:
        unit: _Unit = done.piece.shard
        for i, answer in zip(done.piece.indices, done.answers, strict=True):
            unit.answers[i] = answer
        unit.missing -= len(done.answers)
        return None if unit.missing else self.write(unit)

    def write(self, unit: _Unit) -> Progress:
        shard = unit.shard
        answers: list[Answer | Failure] = unit.answers
        failed = [
            self._set_aside(shard, i, answer.error)
            for i, answer in enumerate(answers)
            if isinstance(answer, Failure)
        ]

        def write(path: Path) -> None:
            self._format.write(shard, answers, self._kinds, path)

        part = self._out.commit(unit.name, shard.digest, write, len(shard), failed)
        self.open.discard(unit.name)
        return Progress(part, is_new=True)

    def _set_aside(self, shard: Shard[Any], i: int, error: str) -> Mapping[str, Any]:
        return {
            "file": str(shard.path),
            "row": shard.numbers[i],
            "error": error,
            "input": self._format.row(shard, i),
        }

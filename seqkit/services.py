"""What a task offers to programs that ask over HTTP: the contract of a domain and `seqkit serve`.

A domain, or a plugin, registers a `Service` under the name of its task (`Plugin.service`). Each of
its operations is `POST /v1/NAME`. A request becomes `Work`: items that are computed together with
those of other requests; or `Pieces`: an answer that grows, such as a text that is generated.

Errors of the caller are `SeqkitError`s, raised by `begin`; their sentences are shown to the caller,
so they name no file of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JSON = Any  # plain data


class Asked(BaseModel):
    """Base of what every operation is asked: the model's name; further keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field("", description="A name of GET /v1/models; else the first that can do it.")


@dataclass(frozen=True)
class Upload:
    """A file that came with a request: its content. Its name is the client's, never a path here."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Work:
    """A request in items that are computed together with those of other requests.

    Items of the same `kind` are computed together, whoever asked for them: `compute` may depend on
    `kind` and on nothing else of the request. It runs in a thread of the model. If the clients of
    all its items leave, it is given up after the next result, or where it calls
    `seqkit.wanted.check_wanted`: so what takes long yields its results one by one.
    """

    kind: Hashable
    items: Sequence[Any]
    costs: Sequence[int]  # of each item, in tokens
    compute: Callable[[Sequence[Any]], Iterable[Any]]  # a result for each item, in order
    answer: Callable[[Sequence[Any]], JSON]  # what the request gets, of the results of its items
    events: Callable[[int, Sequence[Any]], Iterable[JSON]] | None = None
    """Where the answer can be streamed: the events of the results so far, of which the first `int`
    were reported before."""


@dataclass(frozen=True)
class Pieces:
    """An answer computed piece by piece; each is an event where the request has `stream`."""

    pieces: Generator[JSON, None, None]  # closed if the client leaves
    answer: Callable[[Sequence[JSON]], JSON]  # of all pieces, where it is not streamed
    cost: int = 1  # tokens that are expected


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked of a model: `POST /v1/NAME`."""

    name: str
    help: str  # one line
    request: type[Asked]  # the schema of the request
    begin: Callable[[Any, Any, Sequence[Upload]], Work | Pieces]
    """(predictor, request, uploads) -> what there is to do. Raises `SeqkitError` for a request that
    cannot be answered, before anything is computed."""
    reads: Literal["json", "files"] = "json"  # files come as multipart/form-data
    offered: Callable[[Any], bool] = lambda predictor: True  # whether this model can do it


@dataclass(frozen=True)
class Service:
    """All that a task offers."""

    operations: Sequence[Operation]
    describe: Callable[[Any], Mapping[str, JSON]] = lambda predictor: {}
    """What `GET /v1/models` says of a model, besides its name, task and operations.

    The page shows `predict` of a model whose `reads` is "texts", "sentences", "images" or, with its
    `target` and `columns` (each a name, and a mean or values), "rows".
    """
    at_once: Callable[[Any], int] = lambda predictor: 1
    """How many batches the predictor computes at once, each in a thread of its own."""
    batch_tokens: Callable[[Any], int] = lambda predictor: 1500
    """How many tokens of items, padded to the longest, are computed together."""

    def operation(self, name: str) -> Operation | None:
        found = [operation for operation in self.operations if operation.name == name]
        return found[0] if found else None

"""What is done with each row, by the predictor that `seqkit.load` opens.

A `Request` says what, in plain data, so that every worker process opens it for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from ..errors import ConfigError, SeqkitError
from ..runs.load import load
from .formats import Answer, Failure, Texts

Verb = Literal["translate", "predict", "score", "select"]
Kinds = dict[str, str]  # of the fields of an answer: text, number, count, json
Answers = Callable[[Sequence[Texts]], Sequence[Answer]]


@runtime_checkable
class PairScorer(Protocol):
    """A predictor that scores a text given another: a `Translator`."""

    def token_scores(
        self, sources: Sequence[str], targets: Sequence[str], *, to: str = ""
    ) -> list[list[float]]:
        """Log probability (nats) of each token of each target."""


@runtime_checkable
class LineScorer(Protocol):
    """A language model, counted or trained: its `predict` scores lines."""

    def predict(self, inputs: Iterable[str], **settings: Any) -> Iterator[Any]:
        """A `LineScore` for each line."""

    def score(self, sentence: str) -> float:
        """log10 probability of a line and its end."""

    def score_block(self, block: bytes) -> Any:
        """Of every token of whole lines."""


class Pair(Protocol):
    """Models of a domain and of general text; see `seqkit.language.domains`."""

    def differences(self, lines: Sequence[str]) -> Any:
        """-> (n,)"""


@dataclass(frozen=True)
class Request:
    """What to do with every row."""

    verb: Verb
    model: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    engine: str = "auto"
    compute: str = "float32"
    prefix: str = ""  # of the answer's fields
    pair: Pair | None = None  # what `select` scores by


@dataclass(frozen=True)
class Opened:
    """A verb with its model open."""

    kinds: Kinds
    answers: Answers

    def answer_all(self, rows: Sequence[Texts]) -> list[Answer | Failure]:
        """An answer for each row; of rows that fail together, each is tried by itself at last."""
        if not rows:
            return []
        try:
            return list(self.answers(rows))
        except Exception as error:  # whatever a model may raise is about one of these rows
            if len(rows) == 1:
                return [Failure(_said(error))]
            half = len(rows) // 2
            return [*self.answer_all(rows[:half]), *self.answer_all(rows[half:])]


def _said(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, SeqkitError) else f"{type(error).__name__}: {said}"


def open_request(request: Request, *, reads_pairs: bool = False) -> Opened:
    """Open the model; raises `CheckpointError`, `DataError` or `ConfigError` as `load` does."""
    if request.verb == "select":
        return _selecting(request)

    task = "translation" if request.verb == "translate" else None
    predictor = load(
        request.model,
        device=request.device,
        task=task,
        engine=request.engine,
        compute=request.compute,
    )
    if request.verb == "translate":
        return _translating(predictor, request)
    if request.verb == "predict":
        return _predicting(predictor, request)
    if isinstance(predictor, PairScorer):
        return _scoring_pairs(predictor, request, reads_pairs)
    return _scoring_lines(predictor, request, reads_pairs)


# Translating, labelling


def _translating(translator: Any, request: Request) -> Opened:
    list(translator.predict([], **request.settings))  # fail before any row is read
    several = translator.settings(request.settings).nbest > 1
    kinds = {"translation": "text", "log_probability": "number"}
    if several:
        kinds["nbest"] = "json"

    def answers(rows: Sequence[Texts]) -> list[Answer]:
        found: list[Answer] = []
        for line in translator.predict([text for (text,) in rows], **request.settings):
            record = line.record()
            found.append(_answer(record, kinds, request, str(line)))
        return found

    return Opened(_prefixed(kinds, request), answers)


def _predicting(predictor: Any, request: Request) -> Opened:
    list(predictor.predict([], **request.settings))
    reads_files = predictor.reads == "files"
    kinds = {"prediction": "json"}

    def answers(rows: Sequence[Texts]) -> list[Answer]:
        texts = [text for (text,) in rows]
        inputs = [Path(text) for text in texts] if reads_files else texts
        found: list[Answer] = []
        for text, prediction in zip(
            texts, predictor.predict(inputs, **request.settings), strict=True
        ):
            record = dict(prediction.record())
            if record.get("text") == text:  # the row has it
                del record["text"]
            whole = {"prediction": record}
            found.append(_answer(whole, kinds, request, str(prediction)))
        return found

    return Opened(_prefixed(kinds, request), answers)


# Scoring


def _scoring_pairs(translator: PairScorer, request: Request, reads_pairs: bool) -> Opened:
    if not reads_pairs:
        raise ConfigError(
            "a translator scores pairs: name the field of the translation by --target"
        )
    to = dict(request.settings)
    language = str(to.pop("to", ""))
    _refuse(to)
    translator.token_scores([], [], to=language)
    kinds = {"log_probability": "number", "tokens": "count"}

    def answers(rows: Sequence[Texts]) -> list[Answer]:
        sources = [source for source, _ in rows]
        targets = [target for _, target in rows]
        found: list[Answer] = []
        for logs in translator.token_scores(sources, targets, to=language):
            total = math.fsum(logs)
            record = {"log_probability": total, "tokens": len(logs)}
            found.append(_answer(record, kinds, request, f"{total:.6f}"))
        return found

    return Opened(_prefixed(kinds, request), answers)


def _scoring_lines(predictor: Any, request: Request, reads_pairs: bool) -> Opened:
    if reads_pairs:
        raise ConfigError("--target is for translators: this model scores one text")
    _refuse(request.settings)
    kinds = {
        "log10_probability": "number",
        "perplexity": "number",
        "tokens": "count",
        "oov": "count",
    }
    if not isinstance(predictor, LineScorer):
        raise ConfigError(
            f"{request.model} is no translator and no language model: seqkit bulk predict runs it"
        )

    def answers(rows: Sequence[Texts]) -> list[Answer]:
        found: list[Answer] = []
        for line in predictor.predict(text for (text,) in rows):
            shown = f"{line.log10_probability:.6f}"
            found.append(_answer(line.record(), kinds, request, shown))
        return found

    return Opened(_prefixed(kinds, request), answers)


def _selecting(request: Request) -> Opened:
    pair = request.pair
    assert pair is not None
    kinds = {"score": "number"}

    def answers(rows: Sequence[Texts]) -> list[Answer]:
        scores = pair.differences([text for (text,) in rows]).tolist()
        return [_answer({"score": score}, kinds, request, f"{score:.6f}") for score in scores]

    return Opened(_prefixed(kinds, request), answers)


def _refuse(settings: Mapping[str, Any]) -> None:
    for name in settings:
        raise ConfigError(f"--set: unknown key {name!r}: scores have no such setting")


# Fields


def _prefixed(kinds: Kinds, request: Request) -> Kinds:
    return {f"{request.prefix}{name}": kind for name, kind in kinds.items()}


def _answer(record: Mapping[str, Any], kinds: Kinds, request: Request, line: str) -> Answer:
    fields = {f"{request.prefix}{name}": record.get(name) for name in kinds}
    return Answer(fields, " ".join(line.splitlines()))

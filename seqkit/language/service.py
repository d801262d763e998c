"""What `seqkit serve` offers of language models, counted or trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from ..metrics.perplexity import finite
from ..ngram.mixed_model import MixedModel
from ..ngram.model import Model
from ..ngram.text import from_lines
from ..services import JSON, Asked, Operation, Pieces, Service, Upload, Work
from .surprisal import scored_tokens

_PER_TOKEN = 4  # characters, about: what a text costs is known before it is read
_SPACE = "▁"  # how subwords write the blank before a word


class Text(Asked):
    """A text of one or several lines."""

    text: str


class Lines(Asked):
    """Lines of text."""

    text: str | list[str] = Field(description="A line, or a list of lines.")


class Complete(Asked):
    """The beginning of a line, after which something follows."""

    text: str = ""
    top: Annotated[int, Field(ge=1, le=100)] = Field(10, description="How many words.")
    start: str = Field("", description="How the words begin: what is typed of one.")


class Generate(Asked):
    """How a text is to begin, and how it is drawn."""

    text: str = Field("", description="How it begins.")
    tokens: Annotated[int, Field(ge=1, le=2000)] = Field(100, description="At most so many.")
    temperature: float = Field(1.0, ge=0, description="0 takes the likeliest token.")
    top_k: int = Field(0, ge=0, description="Only the k likeliest tokens; 0 = all.")
    top_p: float = Field(1.0, gt=0, le=1, description="Only tokens that hold this probability.")
    seed: int | None = Field(None, ge=0, description="Fixes what is drawn.")
    stream: bool = Field(False, description="Send server-sent events, token by token.")


def _score(model: Any, asked: Lines, uploads: Sequence[Upload]) -> Work:
    lines = [asked.text] if isinstance(asked.text, str) else asked.text
    list(model.predict(lines[:0]))

    def compute(some: Sequence[str]) -> list[JSON]:
        return [found.record() for found in model.predict(some)]

    return Work(
        kind="score",
        items=lines,
        costs=[_cost(line) for line in lines],
        compute=compute,
        answer=lambda records: {
            "scores": [record["log10_probability"] for record in records],
            "unit": "log10 probability",
            "records": list(records),
        },
    )


def _perplexity(model: Any, asked: Text, uploads: Sequence[Upload]) -> Work:
    return _alone(asked.text, lambda: model.evaluate(asked.text.split("\n")).record())


def _surprisal(model: Any, asked: Text, uploads: Sequence[Upload]) -> Work:
    def find() -> JSON:
        report, tokens = scored_tokens(model, from_lines(asked.text.split("\n")))
        return {
            "tokens": [
                {
                    "text": token.text,
                    "bits": finite(token.surprisal),
                    "unknown": bool(token.is_unknown),
                    "end": bool(token.is_end),
                }
                for token in tokens
            ],
            "spaced": model.token_kind == "word",
            "report": report.record(),
        }

    return _alone(asked.text, find)


def _complete(model: Any, asked: Complete, uploads: Sequence[Upload]) -> Work:
    line = asked.text.rpartition("\n")[2]

    def find() -> JSON:
        following = model.next(line, top=asked.top, start=asked.start)
        return {
            "next": [
                {"word": word.replace(_SPACE, " "), "probability": 10**score}
                for word, score in following
                if math.isfinite(score)
            ]
        }

    return _alone(line, find)


def _generate(model: Any, asked: Generate, uploads: Sequence[Upload]) -> Pieces:
    by_line = isinstance(model, Model | MixedModel)  # counted models know no line before
    prompt = asked.text.rpartition("\n")[2] if by_line else asked.text
    pieces = model.generate(
        prompt=prompt,
        length=asked.tokens,
        temperature=asked.temperature,
        top_k=asked.top_k,
        top_p=asked.top_p,
        seed=asked.seed,
    )
    return Pieces(
        pieces=_after_prompt(pieces),
        answer=lambda found: {"text": "".join(piece["delta"] for piece in found)},
        cost=asked.tokens,
    )


def _after_prompt(pieces: Iterator[str]) -> Generator[JSON, None, None]:
    """What follows the prompt, which is the first piece."""
    for piece in islice(pieces, 1, None):
        yield {"delta": piece}


def _alone(text: str, find: Callable[[], JSON]) -> Work:
    """Work of one item, which is computed by itself."""
    return Work(
        kind=object(),
        items=[find],
        costs=[_cost(text)],
        compute=lambda finds: [one() for one in finds],
        answer=lambda results: results[0],
    )


def _cost(text: str) -> int:
    return 1 + len(text) // _PER_TOKEN


SERVICE = Service(
    operations=[
        Operation("score", "Log probabilities of lines.", Lines, _score),
        Operation("perplexity", "Perplexity of a text.", Text, _perplexity),
        Operation("surprisal", "How much each token surprises.", Text, _surprisal),
        Operation("complete", "What may come next.", Complete, _complete),
        Operation("generate", "A text, drawn token by token.", Generate, _generate),
    ],
)

"""What `seqkit serve` offers of language models, counted or trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from ..errors import TooLarge
from ..metrics.perplexity import Perplexity, finite
from ..metrics.scoring import measured_blocks
from ..ngram.mixed_model import MixedModel
from ..ngram.model import Model
from ..ngram.text import from_lines
from ..services import JSON, Asked, Operation, Pieces, Service, Upload, Work
from .surprisal import ScoredToken, tokens_of_block

_PER_TOKEN = 4  # characters, about: what a text costs is known before it is read
_MOST = 100_000  # characters that a model reads at once
_BLOCK = 16_000  # characters of a longer text before others have their turn
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
    for line in lines:
        _check_length(line)

    def compute(some: Sequence[str]) -> Iterator[JSON]:
        for found in model.predict(some):
            yield found.record()

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


def _perplexity(model: Any, asked: Text, uploads: Sequence[Upload]) -> Pieces:
    blocks = _blocks(model, asked.text)
    return Pieces(
        pieces=(measured for _, _, measured in measured_blocks(model, blocks)),
        answer=lambda records: _sum(model, records).record(),
        cost=_cost(asked.text),
    )


def _surprisal(model: Any, asked: Text, uploads: Sequence[Upload]) -> Pieces:
    blocks = _blocks(model, asked.text)

    def pieces() -> Generator[tuple[list[JSON], Perplexity], None, None]:
        for block, found, measured in measured_blocks(model, blocks):
            tokens = tokens_of_block(model, block, found)
            yield [_token_record(token) for token in tokens], measured

    def answer(found: Sequence[tuple[list[JSON], Perplexity]]) -> JSON:
        return {
            "tokens": [token for tokens, _ in found for token in tokens],
            "spaced": model.token_kind == "word",
            "report": _sum(model, [measured for _, measured in found]).record(),
        }

    return Pieces(pieces(), answer, cost=_cost(asked.text))


def _blocks(model: Any, text: str) -> Iterator[bytes]:
    """The lines of a text in blocks; raises `TooLarge` for what cannot be read block by block."""
    lines = text.split("\n")
    for piece in lines if _reads_by_line(model) else [text]:
        _check_length(piece)
    return from_lines(lines, most=_BLOCK)


def _sum(model: Any, records: Sequence[Perplexity]) -> Perplexity:
    return sum(records, Perplexity(signature_fields=model.signature_fields()))


def _token_record(token: ScoredToken) -> JSON:
    return {
        "text": token.text,
        "bits": finite(token.surprisal),
        "unknown": bool(token.is_unknown),
        "end": bool(token.is_end),
    }


def _complete(model: Any, asked: Complete, uploads: Sequence[Upload]) -> Work:
    line = asked.text.rpartition("\n")[2]
    _check_length(line)

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
    prompt = asked.text.rpartition("\n")[2] if _reads_by_line(model) else asked.text
    _check_length(prompt)
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


def _reads_by_line(model: Any) -> bool:
    """Whether a model knows no line before the one that it reads, as counted ones."""
    return isinstance(model, Model | MixedModel)


def _check_length(text: str) -> None:
    if len(text) > _MOST:
        raise TooLarge(
            f"this model reads {_MOST:,} characters at once, and these are {len(text):,}: "
            "send them in parts"
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

"""n-best lists in Moses' format: `0 ||| text ||| name= 1.5 name= -2 3 ||| score`, a line each.

`seqkit translate --nbest N` writes the short form, `0 ||| text ||| score`, or with --json all that
it knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.files import name_of, read_chunks
from ..errors import DataError
from ..parsing import json_of, path_of
from .predictions import one_line

SCORE = "score"  # the one feature of the short form
LOG_PROBABILITIES = ("log_probability", "lm_log_probability")  # those of JSON
_BAR = "|||"
_FIELDS = 3  # at least


@dataclass(frozen=True)
class Entry:
    """One output of a sentence."""

    text: str
    features: dict[str, float]


def read_nbest(path: str | Path | None) -> list[list[Entry]]:
    """The outputs of each sentence, in order; None or "-" is stdin.

    Several numbers of one name are features of their own: `TM= -1 -2` is TM.1 and TM.2. Numbers
    after the features, and alignments, are not read. Of the JSON of `seqkit translate`, features
    are the log probabilities. Raises `DataError` naming file and line.
    """
    path = None if path is None else path_of(path, "n-best list")
    found: list[list[Entry]] = []
    names: list[str] = []
    lines = (line for chunk in read_chunks(path) for line in chunk)
    for number, line in enumerate(lines, 1):
        where = f"{name_of(path)}:{number}"
        if line.startswith("{"):
            found.append(_of_json(line, where))
        else:
            _add(found, *_parsed(line, where), where)

        own = list(found[-1][-1].features)
        names = names or own
        if own != names:
            raise DataError(
                f"{where} has the features {', '.join(own)} where the lines before it have "
                f"{', '.join(names)}"
            )
    if not found:
        raise DataError(f"{name_of(path)} has no lines: it is not an n-best list")
    return found


def _add(found: list[list[Entry]], sentence: int, entry: Entry, where: str) -> None:
    """Add an output; raises `DataError` if it is not of the last sentence or the next one."""
    if sentence == len(found):
        found.append([])
    if sentence != len(found) - 1:
        raise DataError(
            f"{where}: sentence {sentence} where {len(found) - 1} goes on or {len(found)} begins: "
            "sentences are numbered from 0, and none is left out"
        )
    found[-1].append(entry)


def _of_json(line: str, where: str) -> list[Entry]:
    """The outputs of a line that `seqkit translate --nbest N --json` wrote."""
    try:
        entries = [
            Entry(
                one_line(output["translation"]),
                {name: float(output[name]) for name in LOG_PROBABILITIES if name in output},
            )
            for output in json_of(line)["nbest"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        entries = []
    values = [value for entry in entries for value in entry.features.values()]
    if not values or not all(math.isfinite(value) for value in values):
        raise DataError(f"{where} is not what `seqkit translate --nbest N --json` writes")
    return entries


def _parsed(line: str, where: str) -> tuple[int, Entry]:
    fields = [field.strip() for field in line.split(_BAR)]
    if len(fields) < _FIELDS or not fields[0].isdecimal():
        raise DataError(
            f"{where} is not a line of an n-best list, such as `0 ||| text ||| score` or "
            "`0 ||| text ||| name= number ||| score`"
        )
    sentence, text, numbers, *_ = fields
    return int(sentence), Entry(text, dict(_features(numbers, where)))


def _features(field: str, where: str) -> Iterator[tuple[str, float]]:
    """Name and value of each number; raises `DataError` for what is none."""
    values: dict[str, list[float]] = {}
    name = SCORE
    for word in field.split():
        if word.endswith("="):
            name = word[:-1]
            if name in values:
                raise DataError(f"{where} has the feature {name} twice")
            values[name] = []
        else:
            values.setdefault(name, []).append(_number(word, where))

    if not any(values.values()):
        raise DataError(f"{where} has neither features nor a score")
    for name, own in values.items():
        if len(own) == 1:
            yield name, own[0]
        else:
            yield from ((f"{name}.{i}", value) for i, value in enumerate(own, 1))


def _number(word: str, where: str) -> float:
    try:
        found = float(word)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise DataError(f"{where}: {word!r} is no number for a feature")
    return found


def nbest_lines(sentence: int, ranked: Iterable[tuple[Entry, float]]) -> list[str]:
    """Candidates and their scores, best first, as lines of Moses' format."""
    return [
        f"{sentence} {_BAR} {candidate.text} {_BAR} {_written(candidate)} {_BAR} {score:.6f}"
        for candidate, score in ranked
    ]


def _written(candidate: Entry) -> str:
    return " ".join(f"{name}= {value:.6g}" for name, value in candidate.features.items())


def texts_of(nbest: Sequence[Sequence[Entry]]) -> list[str]:
    """All texts, one after the other."""
    return [candidate.text for candidates in nbest for candidate in candidates]

"""n-best lists ranked anew: by weights of their features, of language models and of length.

    nbest = read_nbest("dev.nbest")
    weights = tune(nbest, [references], lms=["lm.arpa"])
    weights.save("weights.toml")
    texts = [best.text for best in rescore(read_nbest("test.nbest"), weights)]

Letters: S sentences, N outputs of a sentence, F features.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import tomli_w

from ..data.aside import replacing
from ..data.files import reading
from ..errors import ConfigError, DataError, SeqkitError
from ..metrics.overlap import Statistics, statistics
from ..metrics.text_metric import References
from ..metrics.tuning import Candidates, Doubles
from ..metrics.tuning import tune as tune_weights
from ..parsing import path_of, toml_of
from .nbest import Entry, read_nbest, texts_of

__all__ = ["Weights", "read_nbest", "rescore", "tune"]

LENGTH = "length"
_TYPE = "weights of features"  # of the file
_OF_FILES = 1.0  # the weight from which tuning starts, for features of the list; 0 for others

Metric = Literal["bleu", "chrf"]


@dataclass(frozen=True)
class Weights:
    """What each feature is multiplied by, and the language models that some of them come from."""

    of: dict[str, float]  # by name
    lms: dict[str, str]  # paths of language models, by the name of their feature

    def save(self, path: str | Path) -> None:
        """Write a TOML file, in which language models are named relative to its folder."""
        path = path_of(path, "file of weights")
        folder = path.absolute().parent
        lms = {name: os.path.relpath(Path(lm).absolute(), folder) for name, lm in self.lms.items()}
        with replacing(path) as part:
            part.write_text(tomli_w.dumps({"type": _TYPE, "weights": self.of, "lm": lms}), "utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Weights:
        """Read what `save` wrote; raises `DataError` naming the file."""
        path = path_of(path, "file of weights")
        with reading(path):
            text = path.read_text(encoding="utf-8", errors="replace")
        try:
            content = toml_of(text)
            if content.get("type") != _TYPE:
                raise ValueError(f'it does not say type = "{_TYPE}"')
            of = {str(name): float(value) for name, value in content["weights"].items()}
            lms = {str(name): str(path.parent / lm) for name, lm in content["lm"].items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{path} does not hold weights of features: {error}") from None
        except KeyError as error:
            raise DataError(f"{path} does not hold weights: {error} is missing") from None
        if not all(math.isfinite(value) for value in of.values()):
            raise DataError(f"{path}: a weight is no finite number")
        return cls(of, lms)


class Tuning(NamedTuple):
    """Weights, and the corpus scores of the outputs that are chosen without and with them."""

    weights: Weights
    before: float  # of the first output of each sentence
    after: float
    best: float  # of the output of each sentence with the best score of its own


def tune(
    nbest: Sequence[Sequence[Entry]],
    references: References,
    *,
    lms: Sequence[str | Path] = (),
    metric: Metric = "bleu",
    seed: int = 1,
    device: str = "auto",
) -> Tuning:
    """The weights with which the best outputs of a development set have the highest score.

    Features are those of the lists, the length in words, and the log probability of each text by
    each language model, counted or trained. Raises `DataError` for references that do not pair up.
    """
    if metric not in ("bleu", "chrf"):
        raise ConfigError(f"metric = {metric!r}: weights are tuned for 'bleu' or 'chrf'")
    for number, column in enumerate(references, 1):
        if len(column) != len(nbest):
            raise DataError(
                f"the n-best list has {len(nbest):,} sentences, the references of list {number} "
                f"{len(column):,}"
            )

    paths = {f"lm{number}": str(path) for number, path in enumerate(lms, 1)}
    whole = with_features(nbest, paths, device)
    names = list(whole[0][0].features)
    numbers = _statistics(whole, references, metric)
    sizes = [len(candidates) for candidates in whole]
    candidates = Candidates(
        [_matrix(candidates, names) for candidates in whole],
        np.split(numbers.rows, np.cumsum(sizes)[:-1]),
        numbers.score,
    )

    of_list = set(nbest[0][0].features)
    start = np.array([_OF_FILES if name in of_list else 0.0 for name in names])
    tuned = tune_weights(candidates, start, seed=seed)
    weights = dict(zip(names, tuned.weights.tolist(), strict=True))
    first = np.sum([rows[0] for rows in candidates.numbers], axis=0)
    return Tuning(
        Weights(weights, paths), numbers.score(first), tuned.score, _best(candidates, numbers)
    )


def rescore(
    nbest: Sequence[Sequence[Entry]], weights: Weights, *, device: str = "auto"
) -> Iterator[list[tuple[Entry, float]]]:
    """The outputs of each sentence with all features and their scores, best first.

    Raises `ConfigError` if the lists have not the features that there are weights for.
    """
    whole = with_features(nbest, weights.lms, device)
    names = list(weights.of)
    _check_names(names, whole[0][0].features)
    values = np.array(list(weights.of.values()))

    for candidates in whole:
        scores = (_matrix(candidates, names) @ values).tolist()
        ranked = sorted(zip(candidates, scores, strict=True), key=lambda pair: -pair[1])
        yield ranked


def with_features(
    nbest: Sequence[Sequence[Entry]], lms: Mapping[str, str], device: str
) -> list[list[Entry]]:
    """The outputs with their length and the log probabilities (nats) of language models."""
    texts = texts_of(nbest)
    columns: dict[str, Sequence[float]] = {LENGTH: [len(text.split()) for text in texts]}
    for name, path in lms.items():
        columns[name] = _scored(path, texts, device)

    rows = zip(*columns.values(), strict=True)
    added = iter([dict(zip(columns, row, strict=True)) for row in rows])
    return [[_extended(candidate, next(added)) for candidate in each] for each in nbest]


def _extended(candidate: Entry, added: dict[str, float]) -> Entry:
    for name in added:
        if name in candidate.features:
            raise DataError(
                f"the n-best list has a feature {name!r}, which is added here: rename it"
            )
    return replace(candidate, features={**candidate.features, **added})


def _scored(path: str, texts: Sequence[str], device: str) -> list[float]:
    """Log probabilities (nats) by a language model; raises a `SeqkitError` that names it."""
    from ..runs.load import load

    try:
        model: Any = load(path, device=device, task="language-modelling")
    except SeqkitError as error:
        raise type(error)(f"lm: {error}") from None
    met = {text: model.score(text) * math.log(10) for text in dict.fromkeys(texts)}
    return [met[text] for text in texts]


def _statistics(
    nbest: Sequence[Sequence[Entry]], references: References, metric: Metric
) -> Statistics:
    """The numbers of each output, one after the other."""
    repeated = [
        [answer for answer, each in zip(column, nbest, strict=True) for _ in each]
        for column in references
    ]
    return statistics(metric, texts_of(nbest), repeated)


def _best(candidates: Candidates, numbers: Statistics) -> float:
    """The score of an oracle that takes the output with the best score of each sentence."""
    chosen = []
    for rows in candidates.numbers:
        own = [numbers.score(row) for row in rows]
        chosen.append(rows[int(np.argmax(own))])
    return numbers.score(np.sum(chosen, axis=0))


def _matrix(candidates: Iterable[Entry], names: Sequence[str]) -> Doubles:
    """(N, F)"""
    return np.array([[candidate.features[name] for name in names] for candidate in candidates])


def _check_names(names: Sequence[str], features: Mapping[str, float]) -> None:
    lacking = [name for name in names if name not in features]
    beyond = [name for name in features if name not in names]
    if lacking or beyond:
        raise ConfigError(
            f"the weights are of {', '.join(names)}, the n-best list has {', '.join(features)}: "
            "tune them on a list that was made in the same way"
        )

"""What a CTC model says of each frame: checked, normalised on request, and its likely labels.

Shapes: T frames, V labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, WrongType, WrongValue
from .alphabet import Alphabet
from .paths import Emission

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Values = Literal["log", "probabilities", "logits"]

_VALUES = ("log", "probabilities", "logits")
_TOLERANCE = 0.02  # of a frame's sum: float16 is off by less than 0.01


def log_probabilities(
    array: Any, alphabet: Alphabet, *, values: Values = "log", name: str = "the array"
) -> Floats:
    """The log probabilities of one utterance, (T, V), in nats and float64.

    `values` says what `array` holds: natural logarithms of probabilities, probabilities, or logits,
    which a softmax makes probabilities of. Nothing is guessed: what is not that raises `DataError`,
    which says what it looks like, as do nan, no frames, and another shape.
    """
    if values not in _VALUES:
        raise WrongValue(f"values = {values!r} must be one of {', '.join(_VALUES)}")
    given = _numbers(array, name)
    _check_shape(given, alphabet, name)
    found = given.astype(np.float64)
    _check_finite(found, alphabet, values, name)

    if values == "logits":
        return found - _log_sums(found)[:, None]
    if values == "probabilities":
        _check_probabilities(found, name)
        with np.errstate(divide="ignore"):
            return np.log(found)
    _check_logs(found, name)
    return found


def _numbers(array: Any, name: str) -> NDArray[Any]:
    given = np.asarray(array)
    if given.dtype.kind not in "fiu":
        raise WrongType(f"{name} holds {given.dtype}, not numbers (T frames, V labels)")
    return given


def _check_shape(given: NDArray[Any], alphabet: Alphabet, name: str) -> None:
    size = len(alphabet)
    shape = given.shape
    if given.ndim != 2:
        of_many = given.ndim == 3 and shape[2] == size
        hint = ": give its utterances one by one, each without its padding" if of_many else ""
        raise DataError(f"{name} has the shape {shape}, not (frames, {size} labels){hint}")
    if shape[1] != size:
        if shape[0] == size:
            raise DataError(
                f"{name} has the shape {shape}: labels by frames. Transpose it: frames come first"
            )
        missing = ": is a label, such as the blank, missing?" if shape[1] == size + 1 else ""
        raise DataError(
            f"{name} has {shape[1]} columns for {size} labels{missing or '; they must agree'}"
        )
    if not len(given):
        raise DataError(f"{name} has no frames")


def _check_finite(found: Floats, alphabet: Alphabet, values: str, name: str) -> None:
    least = 0.0 if values == "log" else found.min()
    if np.isfinite(found.max()) and np.isfinite(least):  # one look at them: NaN is the maximum
        return

    is_wrong = ~np.isfinite(found)
    if values == "log":
        is_wrong &= ~np.isneginf(found)  # the logarithm of 0
    if is_wrong.any():
        frame, label = np.argwhere(is_wrong)[0].tolist()
        what = found[frame, label]
        raise DataError(f"{name} holds {what} in frame {frame}, label {alphabet.labels[label]!r}")


def _check_logs(found: Floats, name: str) -> None:
    with np.errstate(over="ignore"):
        rough = np.exp(found.astype(np.float32)).sum(axis=1)  # a quarter of the time of float64
    if (np.abs(rough - 1) < _TOLERANCE / 2).all():
        return

    sums = _log_sums(found)
    is_off = np.abs(sums) > _TOLERANCE
    if not is_off.any():
        return

    frame = int(is_off.argmax())
    if _sums_to_one(found).all():
        raise DataError(
            f"{name} holds probabilities, not their logarithms: take the logarithm, or give "
            'values = "probabilities" (--values probabilities)'
        )
    total = np.exp(min(sums[frame], 700.0))
    raise DataError(
        f"{name} holds no log probabilities: frame {frame} sums to {total:.4g}, not to 1. Logits "
        'must go through a log softmax: do so, or give values = "logits" (--values logits)'
    )


def _check_probabilities(found: Floats, name: str) -> None:
    is_off = ~_sums_to_one(found)
    if is_off.any():
        frame = int(is_off.argmax())
        least, total = found[frame].min(), found[frame].sum()
        raise DataError(
            f"{name} holds no probabilities: frame {frame} sums to {total:.4g}, its least is "
            f'{least:.4g}. Are they logarithms (values = "log") or logits?'
        )


def _sums_to_one(found: Floats) -> NDArray[np.bool_]:
    """Which frames are probabilities. -> (T,)"""
    sums = np.where((found >= 0).all(axis=1), found.sum(axis=1), -np.inf)
    is_one: NDArray[np.bool_] = np.abs(sums - 1) <= _TOLERANCE
    return is_one


def _log_sums(found: Floats) -> Floats:
    """The log of the sum of exp of each frame. -> (T,)"""
    highest = found.max(axis=1)
    highest[np.isneginf(highest)] = 0.0
    with np.errstate(divide="ignore"):
        sums: Floats = np.log(np.exp(found - highest[:, None]).sum(axis=1)) + highest
    return sums


class Frame(NamedTuple):
    """A frame in which other labels than the blank are likely, or several in which none is."""

    begin: int
    end: int
    blank: float  # log probability of the blank, in all of them
    tokens: Longs  # (K,) the likely labels, the blank not among them
    logs: Floats  # (K,)


def likely_labels(logs: Floats, alphabet: Alphabet, least: float) -> Iterator[Frame]:
    """The labels of each frame whose log probability is at least `least`, and the likeliest.

    Frames that say nothing but blank are given as one: only their sum matters to a search.
    """
    spoken = logs.copy()
    spoken[:, alphabet.is_silent] = -np.inf
    is_likely = spoken >= max(least, np.finfo(np.float64).min)
    best = spoken.max(axis=1)
    is_said = best > logs[:, alphabet.blank]
    is_likely[is_said, spoken[is_said].argmax(axis=1)] = True

    blanks = logs[:, alphabet.blank].tolist()
    frames, tokens = np.nonzero(is_likely)
    bounds = frames.searchsorted(np.arange(len(logs) + 1)).tolist()
    values = spoken[frames, tokens]

    waiting = 0  # where a run of nothing but blank began
    for frame, (begin, end) in enumerate(pairwise(bounds)):
        if begin == end:
            continue
        if waiting < frame:
            yield _nothing(waiting, frame, blanks)
        yield Frame(frame, frame + 1, blanks[frame], tokens[begin:end], values[begin:end])
        waiting = frame + 1
    if waiting < len(logs):
        yield _nothing(waiting, len(logs), blanks)


def _nothing(begin: int, end: int, blanks: list[float]) -> Frame:
    empty = np.empty(0)
    return Frame(begin, end, sum(blanks[begin:end]), empty.astype(np.int64), empty)


def best_path(logs: Floats, alphabet: Alphabet) -> list[Emission]:
    """The label of each frame that is likeliest, repeats and blanks left out (Graves et al. 2006).

    Marks such as <s> are left out as well.
    """
    likeliest = logs.argmax(axis=1)
    changes = np.flatnonzero(np.diff(likeliest)) + 1
    begins = np.concatenate([[0], changes])
    ends = np.concatenate([changes, [len(likeliest)]])

    labels = likeliest[begins]
    is_heard = ~alphabet.is_silent[labels]
    found = zip(labels, begins, ends, strict=True)
    return [
        Emission(int(label), int(begin), int(end))
        for (label, begin, end), heard in zip(found, is_heard, strict=True)
        if heard
    ]

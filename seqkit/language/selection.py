"""The lines of a general text that are most like those of a domain.

A line s scores H_I(s) - H_G(s), the difference of its cross-entropies by a model of the domain and
by one of the general text: low for what the first expects and the second does not. Moore & Lewis
2010 (P10-2041); summed over the sides of a parallel text, Axelrod et al. 2011 (D11-1033).

The general text may be larger than memory: it is read once for a sample that the general model is
counted on, once for the scores, and once more for whatever is done with the lines chosen. Two
numbers are kept of each line.

Letters: n lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np

from ..errors import ConfigError, DataError, WrongType, WrongValue
from ..ngram.text import PreTokenizer
from ..ngram.training import check_order
from ..parsing import check_count
from ..text import TokenizerLookup, built_in
from ..text.lines import check_many, single_line
from .aligned import Source, in_chunks
from .domains import CountedPair, DistinctSample, Doubles, Pair
from .duplicates import Keys, Mask, Sameness, first_of_equal, keys_of

ORDER = 4
TOKENIZER = "word"

Row = Sequence[str]  # the sides of a line


@dataclass(frozen=True)
class Selected:
    """A line of the general text that was chosen."""

    number: int  # of the line, from 1
    score: float  # bits a token, summed over the sides: the lower, the more like the domain
    text: str | tuple[str, ...]  # the line, or its sides

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"number": self.number, "score": self.score, "text": self.text}


def select(
    general: Iterable[str] | Iterable[Row],
    in_domain: Iterable[str] | Iterable[Row],
    *,
    top: float | None = None,
    threshold: float | None = None,
    dedup: Sameness = "exact",
    order: int = ORDER,
    tokenizer: str = TOKENIZER,
    seed: int = 1,
    tokenizers: TokenizerLookup = built_in,
) -> Iterator[Selected]:
    """The lines of `general` that are most like `in_domain`, in their order.

    Lines are strings, or tuples of the sides of a parallel text. `top` is a share (0.2) or a number
    of lines (5000); `threshold` is the highest score instead. Blank lines are left out, and, unless
    `dedup` is "off", all but the first of equal ones; see `duplicates`. Raises at once: `DataError`
    for texts that are empty, have different sides or hold line breaks, `ConfigError` for settings
    that select nothing.
    """
    check_amount(top, threshold)
    check_settings(dedup, order, seed)
    rows, are_lines = _rows_of(general, "general text")
    own, _ = _rows_of(in_domain, "in-domain text")
    if len(own[0]) != len(rows[0]):
        raise DataError(
            f"the lines of the general text have {len(rows[0])} sides, "
            f"those of the in-domain text {len(own[0])}"
        )

    pre_tokenizer = PreTokenizer.find(tokenizer, tokenizers)
    source = partial(in_chunks, rows)
    sides = list(zip(*own, strict=True))
    survey = survey_text(source, sides, dedup=dedup, seed=seed)
    pairs = counted_pairs(sides, survey, order=order, pre_tokenizer=pre_tokenizer)
    scores = score_text(source, pairs)
    choice = choose(scores, survey, top=top, threshold=threshold)

    return (
        Selected(i + 1, float(scores[i]), rows[i][0] if are_lines else rows[i])
        for i in np.flatnonzero(choice.mask).tolist()
    )


def check_amount(top: float | None, threshold: float | None) -> None:
    """Raise `ConfigError` unless one of both says how many lines to choose, and it is some."""
    if (top is None) == (threshold is None):
        raise ConfigError("say how much to select: by top or by threshold")
    amount = threshold if top is None else top
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise WrongType(f"top and threshold are numbers, not {amount!r}")
    if math.isnan(amount):
        raise WrongValue("top and threshold are numbers, not nan")

    if isinstance(top, float) and not 0 < top <= 1:
        raise WrongValue(f"top is a share above 0 and up to 1, or a number of lines, not {top!r}")
    if isinstance(top, int) and top < 1:
        raise WrongValue(f"top is a number of lines from 1, or a share, not {top!r}")


def check_settings(dedup: str, order: int, seed: int) -> None:
    """Raise `ConfigError` for what is none."""
    if dedup not in get_args(Sameness):
        raise ConfigError(f"dedup is 'exact', 'normalised' or 'off', not {dedup!r}")
    check_order(order)
    check_count(seed=seed)


def _rows_of(given: Iterable[Any], what: str) -> tuple[list[tuple[str, ...]], bool]:
    """Tuples of sides, and whether the lines were strings; raises `DataError` for other things."""
    check_many(given, "lines")
    lines = list(given)
    if not lines:
        raise DataError(f"the {what}: the text is empty")

    are_strings = isinstance(lines[0], str)
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(lines, 1):
        if isinstance(line, str) != are_strings or not isinstance(line, str | Sequence):
            raise WrongType(
                f"line {number} of the {what}: give strings, or a tuple of sides for each line"
            )
        row = (line,) if are_strings else tuple(line)
        if len(row) != len(rows[0] if rows else row) or not row:
            raise DataError(f"line {number} of the {what} has {len(row)} sides, others have not")
        rows.append(tuple(single_line(side) for side in row))
    return rows, are_strings


@dataclass(frozen=True)
class Survey:
    """What reading a text once tells of it."""

    is_blank: Mask  # (n,): one of its sides has no word
    is_first: Mask  # (n,): no equal line comes before
    samples: Sequence[Sequence[str]]  # of each side, as large as the in-domain text

    def __len__(self) -> int:
        return len(self.is_blank)

    @property
    def candidates(self) -> Mask:
        """The lines that may be chosen. (n,)"""
        return self.is_first & ~self.is_blank

    @property
    def blanks(self) -> int:
        return int(self.is_blank.sum())

    @property
    def duplicates(self) -> int:
        """How many lines are there for a second time, blank ones aside."""
        return len(self) - self.blanks - int(self.candidates.sum())


def survey_text(
    source: Source,
    in_domain: Sequence[Sequence[str]],
    *,
    dedup: Sameness,
    seed: int,
    name: str = "the general text",
) -> Survey:
    """Read a text for its samples, blank lines and duplicates.

    `in_domain` has the lines of each side; without any, there are no samples. Raises `DataError`
    with the `name` of the text where it has no line to choose.
    """
    samples = [DistinctSample(sum(map(len, lines)), seed) for lines in in_domain]
    keys: list[Keys] = [np.empty(0, np.uint64)]
    blanks: list[Mask] = [np.empty(0, np.bool_)]
    for chunk in source():
        for sample, texts in zip(samples, chunk.texts, strict=False):
            sample.add(keys_of(zip(texts, strict=True)), texts)

        sides = zip(*chunk.lines, *chunk.texts, strict=True)
        are_blank = (not all(map(str.strip, row)) for row in sides)
        blanks.append(np.fromiter(are_blank, np.bool_, count=len(chunk)))
        if dedup != "off":
            whole = zip(*chunk.lines, strict=True)
            keys.append(keys_of(whole, normalised=dedup == "normalised"))

    is_blank = np.concatenate(blanks)
    if is_blank.all():
        raise DataError(f"{name}: the text is empty")
    is_first = np.ones_like(is_blank)
    if dedup != "off":
        is_first = first_of_equal(np.concatenate(keys))
    return Survey(is_blank, is_first, [sample.lines for sample in samples])


def counted_pairs(
    in_domain: Sequence[Sequence[str]], survey: Survey, *, order: int, pre_tokenizer: PreTokenizer
) -> list[Pair]:
    """A pair of n-gram models for each side, of the in-domain text and of the sample."""
    return [
        CountedPair(own, sample, order=order, pre_tokenizer=pre_tokenizer)
        for own, sample in zip(in_domain, survey.samples, strict=True)
    ]


def score_text(source: Source, pairs: Sequence[Pair]) -> Doubles:
    """The score of each line, summed over its sides. -> (n,)"""
    scores: list[Doubles] = [np.empty(0)]
    for chunk in source():
        total = np.zeros(len(chunk))
        for pair, texts in zip(pairs, chunk.texts, strict=True):
            total += pair.differences(texts)
        scores.append(total)
    return np.concatenate(scores)


@dataclass(frozen=True)
class Choice:
    """The lines that were chosen."""

    mask: Mask  # (n,)
    highest: float  # score among them

    def __len__(self) -> int:
        return int(self.mask.sum())


def choose(
    scores: Doubles, survey: Survey, *, top: float | None = None, threshold: float | None = None
) -> Choice:
    """The lines with the lowest scores, the first of equal ones. (n,)

    A share is one of the lines that may be chosen. Raises `DataError` if the text has changed since
    the survey, or no line is below the threshold.
    """
    if len(scores) != len(survey):
        raise DataError(
            f"the general text had {len(survey):,} lines and now has {len(scores):,}: "
            "leave it as it is while it is read"
        )

    places = np.flatnonzero(survey.candidates)
    ascending = places[np.argsort(scores[places], kind="stable")]
    if threshold is not None:
        count = int((scores[places] <= threshold).sum())
    else:
        count = _number_of(top or 0, len(places))
    if not count:
        lowest = float(scores[ascending[0]])
        raise DataError(f"no line scores {threshold:g} or less: the lowest score is {lowest:.4f}")

    chosen = ascending[:count]
    mask = np.zeros(len(scores), np.bool_)
    mask[chosen] = True
    return Choice(mask, float(scores[chosen[-1]]))


def _number_of(top: float, lines: int) -> int:
    """How many of some lines a share or a number is: one at least."""
    if isinstance(top, int):
        return min(top, lines)
    return max(1, round(top * lines))

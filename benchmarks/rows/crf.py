"""The CRF alone: a batch at once, one sentence after the other, and a plain loop in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..core import SEED, Clock, Contestant, Outcome, Row, Settings, close

TAGS, SENTENCES, WORDS = 45, 32, 25  # a batch of CoNLL-2000 in BIOES
ROUNDS, QUICK = 10, 1


class Batch(NamedTuple):
    """Random emissions of sentences of 5 to 25 words, right tags, and the CRF."""

    crf: Any
    emissions: Any
    tags: Any
    lengths: Any
    real: Any


def by_seqkit(settings: Settings, clock: Clock) -> Outcome:
    from seqkit.nn.crf import log_partition, negative_log_likelihood, viterbi

    batch = _batch()

    def with_gradients() -> float:
        loss = negative_log_likelihood(batch.emissions, batch.tags, batch.real, batch.crf()).sum()
        loss.backward()
        return float(loss.detach())

    def best() -> float:
        found = viterbi(batch.emissions, batch.real, batch.crf())
        return float(found[batch.real].sum())

    def partition() -> float:
        return float(log_partition(batch.emissions, batch.real, batch.crf()).sum().detach())

    work = {"likelihood": with_gradients, "Viterbi": best, "partition": partition}
    return _run(work[settings["work"]], settings, clock)


def one_by_one(settings: Settings, clock: Clock) -> Outcome | None:
    from seqkit.nn.crf import negative_log_likelihood

    if settings["work"] != "likelihood":
        return None
    batch = _batch()

    def with_gradients() -> float:
        total = 0.0
        for row in range(SENTENCES):
            own = slice(row, row + 1)
            emissions, tags, real = batch.emissions[own], batch.tags[own], batch.real[own]
            loss = negative_log_likelihood(emissions, tags, real, batch.crf()).sum()
            loss.backward()
            total += float(loss.detach())
        return total

    return _run(with_gradients, settings, clock)


def by_plain_loop(settings: Settings, clock: Clock) -> Outcome | None:
    """The forward algorithm by its definition, without gradients."""
    if settings["work"] != "partition":
        return None
    batch = _batch()

    def forward() -> float:
        between = batch.crf.between.tolist()
        rows = zip(batch.emissions.tolist(), batch.lengths.tolist(), strict=True)
        return sum(_log_partition(row[:length], between) for row, length in rows)

    return _run(forward, settings, clock)


def _log_partition(rows: list[list[float]], between: list[list[float]]) -> float:
    columns = list(zip(*between, strict=True))
    total = list(rows[0])
    for row in rows[1:]:
        total = [
            _log_sum([a + b for a, b in zip(total, column, strict=True)]) + emitted
            for column, emitted in zip(columns, row, strict=True)
        ]
    return _log_sum(total)


def _log_sum(values: list[float]) -> float:
    largest = max(values)
    return largest + math.log(sum(math.exp(value - largest) for value in values))


def _batch() -> Batch:
    import torch

    from seqkit.nn.crf import LinearChainCRF

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    crf = LinearChainCRF(TAGS)
    emissions = torch.randn(SENTENCES, WORDS, TAGS, requires_grad=True)
    tags = torch.randint(TAGS, (SENTENCES, WORDS))
    lengths = torch.randint(5, WORDS + 1, (SENTENCES,))
    return Batch(crf, emissions, tags, lengths, torch.arange(WORDS) < lengths[:, None])


def _run(work: Callable[[], float], settings: Settings, clock: Clock) -> Outcome:
    work()
    rounds = QUICK if settings["quick"] else ROUNDS
    with clock:
        for _ in range(rounds):
            total = work()
    return Outcome(rounds * SENTENCES, {"total": total})


ROW = Row(
    title="a CRF of 45 tags, 32 sentences of up to 25 words",
    unit="sentences",
    cases={
        "likelihood and gradients": {"work": "likelihood"},
        "partition function": {"work": "partition"},
        "Viterbi": {"work": "Viterbi"},
    },
    contestants=[
        Contestant("seqkit", by_seqkit),
        Contestant("seqkit, one by one", one_by_one),
        Contestant("a plain loop", by_plain_loop),
    ],
    agree=close(1e-4),
)

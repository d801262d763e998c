"""CPU seconds of the CRF by itself: a batch, one sentence after the other, and a plain loop.

python benchmarks/tagging_speed.py

Whole taggers: `benchmarks/labelling_speed.py`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch

from seqkit.nn.crf import LinearChainCRF, negative_log_likelihood, viterbi

TAGS, SENTENCES, WORDS = 45, 32, 25  # a batch of CoNLL-2000 in BIOES


def main() -> None:
    torch.set_num_threads(1)
    measure_crf()


def measure_crf() -> None:
    torch.manual_seed(1)
    crf = LinearChainCRF(TAGS)
    emissions = torch.randn(SENTENCES, WORDS, TAGS, requires_grad=True)
    tags = torch.randint(TAGS, (SENTENCES, WORDS))
    lengths = torch.randint(5, WORDS + 1, (SENTENCES,))
    real = torch.arange(WORDS) < lengths[:, None]

    def together() -> None:
        negative_log_likelihood(emissions, tags, real, crf()).sum().backward()

    def one_by_one() -> None:
        for row in range(SENTENCES):
            own = slice(row, row + 1)
            loss = negative_log_likelihood(emissions[own], tags[own], real[own], crf())
            loss.sum().backward()

    def plain_loop() -> None:
        between = crf.between.tolist()
        for row, length in zip(emissions.tolist(), lengths.tolist(), strict=True):
            forward_algorithm(row[:length], between)

    cases = {
        "likelihood and gradients, a batch": together,
        "the same, one sentence after the other": one_by_one,
        "Viterbi, a batch": lambda: viterbi(emissions, real, crf()),
        "likelihood alone, a plain loop": plain_loop,
    }
    for name, work in cases.items():
        work()
        milliseconds = 1000 * min(cpu_seconds(work) for _ in range(5))
        print(f"{name}: {milliseconds:.1f} ms")


def forward_algorithm(rows: list[list[float]], between: list[list[float]]) -> float:
    """By its definition, in Python."""
    total = list(rows[0])
    for row in rows[1:]:
        columns = zip(*between, strict=True)
        total = [
            _log_sum([a + b for a, b in zip(total, column, strict=True)]) + emitted
            for column, emitted in zip(columns, row, strict=True)
        ]
    return _log_sum(total)


def _log_sum(values: list[float]) -> float:
    largest = max(values)
    return largest + math.log(sum(math.exp(value - largest) for value in values))


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()

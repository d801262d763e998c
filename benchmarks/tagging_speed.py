"""CPU seconds of tagging a test set that is in memory, and of the CRF by itself.

python benchmarks/tagging_speed.py RUN       words a second on the test sentences of a run
python benchmarks/tagging_speed.py           the CRF: a batch, one by one, and a plain loop
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import torch

import seqkit
from seqkit.nn.crf import LinearChainCRF, negative_log_likelihood, viterbi

TAGS, SENTENCES, WORDS = 45, 32, 25  # a batch of CoNLL-2000 in BIOES


def main() -> None:
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        measure_tagger(sys.argv[1])
    else:
        measure_crf()


def measure_tagger(run: str) -> None:
    tagger = seqkit.load(run, device="cpu")
    sentences = [words for words, _ in tagger.read_test_data()]
    if tagger.segments:
        sentences = [list("".join(words)) for words in sentences]
    count = sum(map(len, sentences))

    tagger.tag(sentences[:100])
    for _ in range(3):
        seconds = cpu_seconds(lambda: tagger.tag(sentences))
        print(
            f"{count:,} {tagger.data.unit} in {seconds:.2f} CPU s: {count / seconds:,.0f} a second"
        )


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

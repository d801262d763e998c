"""How fast a Transformer language model generates, and scores the hypotheses of a search.

    OMP_NUM_THREADS=1 taskset -c 1 python benchmarks/lm_generation.py

The networks are untrained, as time does not depend on the weights; their 8,000 tokens are of
Tatoeba's English. Figures are CPU seconds, start-up not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import torch

from seqkit.config import build
from seqkit.data.files import read_lines
from seqkit.language.language_model import LanguageModel
from seqkit.plugins import components
from seqkit.recipes import corpora
from seqkit.text import TextConfig, Tokenizer

LINES = 30_000
HYPOTHESES, STEPS = 50, 40


def main() -> None:
    torch.set_num_threads(1)
    (path,) = corpora().locate("tatoeba-deu-eng", ["train.tsv.gz"])
    lines = [line.split("\t")[0] for line in islice(read_lines(path), LINES)]
    tokenizer = Tokenizer.train(lines, TextConfig(tokenizer="sentencepiece", vocab_size=8000))

    for preset in ("tiny", "small"):
        model = untrained(preset, tokenizer)
        generated(model, 10)
        for length in (200, 800):
            seconds = timed(lambda model=model, length=length: generated(model, length))
            print(f"{preset}: {length} tokens in {seconds:.2f} CPU s")
        seconds = timed(lambda model=model: searched(model))
        print(f"{preset}: {HYPOTHESES} hypotheses of {STEPS} tokens scored in {seconds:.2f} CPU s")


def untrained(preset: str, tokenizer: Tokenizer) -> LanguageModel:
    network = components().models.load("transformer-lm")
    torch.manual_seed(0)
    config = build(network.Config, network.presets[preset], "[model]")
    made = network(config, vocab=len(tokenizer.vocab)).eval()
    return LanguageModel(made, tokenizer, name="transformer-lm", steps=256, stride=128)


def generated(model: LanguageModel, length: int) -> None:
    for _ in model.generate(prompt="Tom", length=length, seed=0, stop=False):
        pass


def searched(model: LanguageModel) -> None:
    """A token more for every hypothesis, which then change places, as in a search."""
    scorer = model.scorer()
    states = scorer.begin(HYPOTHESES)
    tokens = np.arange(HYPOTHESES) + 10
    for _ in range(STEPS):
        _, states = scorer.step(states, tokens)
        states = scorer.select(states, list(reversed(range(HYPOTHESES))))


def timed(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()

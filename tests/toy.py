"""A decoder without a network, and a small batch of token ids."""

from __future__ import annotations

import random

import torch

from seqkit.text.vocab import BOS, EOS, PAD


class Table:
    """A decoder whose next-token distribution is random, by a seed.

    It depends on the source and on all tokens so far.
    """

    def __init__(self, vocab: int, seed: int) -> None:
        self.vocab = vocab
        self.seed = seed

    def log_probabilities(self, source: int, prefix: tuple[int, ...]) -> torch.Tensor:
        noise = random.Random(f"{self.seed} {source} {prefix}")
        logits = torch.tensor([noise.gauss(0, 2) for _ in range(self.vocab)])
        logits[[PAD, BOS]] = float("-inf")
        return logits.log_softmax(-1)

    def start(self, source):
        return [(int(row[0]), ()) for row in source]

    def step(self, ids, state):
        grown = []
        for (source, prefix), token in zip(state, ids.tolist(), strict=True):
            grown.append((source, prefix if token == BOS else (*prefix, token)))
        rows = [self.log_probabilities(source, prefix) for source, prefix in grown]
        return torch.stack(rows), grown

    def select(self, state, rows):
        return [state[row] for row in rows.tolist()]


def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Three sources of 4, 2 and 5 tokens, padded (3, 5), and target inputs (3, 4)."""
    source = torch.tensor([[5, 6, 7, EOS, PAD], [8, EOS, PAD, PAD, PAD], [9, 10, 4, 5, EOS]])
    inputs = torch.tensor([[BOS, 4, 5, 6], [BOS, 7, 8, 9], [BOS, 10, 11, 12]])
    return source, inputs

"""Outputs that are given: their probability, and what the model attends to while it says them.

Shapes: B sentences, S source positions, T target positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from ..data.batching import pad
from ..text.vocab import BOS, EOS, PAD
from .decoder import Hypothesis

_ROWS = 512  # logits at a time
_BATCH = 64  # hypotheses at a time


class EncoderDecoder(Protocol):
    """A model that is given whole outputs."""

    def __call__(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> hidden states (B, T, D)"""

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) -> (…, V)"""

    def attention(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> (B, layers, heads, T, S); ValueError if there is none"""


@torch.no_grad()
def log_probabilities(
    model: EncoderDecoder,
    sources: Sequence[list[int]],
    outputs: Sequence[list[int]],
    device: torch.device | None = None,
) -> list[list[float]]:
    """Log probability (nats) of every token of each output and of its `<eos>`, one list a pair.

    Sources are as models read them, `<eos>` included; outputs are without `<bos>` and `<eos>`.
    """
    order = sorted(range(len(sources)), key=lambda i: (len(sources[i]), len(outputs[i])))
    found: list[list[float]] = [[] for _ in sources]
    for start in range(0, len(order), _BATCH):
        part = order[start : start + _BATCH]
        targets = pad([[*outputs[i], EOS] for i in part]).to(device)
        inputs = pad([[BOS, *outputs[i]] for i in part]).to(device)
        real = targets != PAD
        hidden = model(pad([sources[i] for i in part]).to(device), inputs)[real]  # (tokens, D)
        logs = [
            model.logits(rows).float().log_softmax(-1).gather(1, picks[:, None])[:, 0]
            for rows, picks in zip(hidden.split(_ROWS), targets[real].split(_ROWS), strict=True)
        ]
        values = torch.cat(logs).tolist()
        for i in part:
            found[i], values = values[: len(outputs[i]) + 1], values[len(outputs[i]) + 1 :]
    return found


@torch.no_grad()
def attention(
    model: EncoderDecoder, source: list[int], output: list[int], device: torch.device | None = None
) -> Tensor:
    """How much each output token, and the `<eos>` after them, looks at each source token: (layers, heads, T + 1, S).

    Raises ValueError for a model without attention.
    """
    return model.attention(pad([source]).to(device), pad([[BOS, *output]]).to(device))[0].cpu()


def covered(model: EncoderDecoder, source: Tensor, hypotheses: list[Hypothesis], beta: float) -> list[Hypothesis]:
    """Hypotheses with the coverage penalty in their scores, best first. Wu et al. 2016, arXiv:1609.08144, equation 14.

    source (S,) may be padded. Attention is the mean over all layers and heads.
    """
    ids = source[source != PAD].tolist()
    again = []
    for hypothesis in hypotheses:
        looked = attention(model, ids, hypothesis.ids, source.device).mean((0, 1)).sum(0)  # (S,)
        penalty = beta * float(looked.clamp(1e-9, 1.0).log().sum())
        again.append(hypothesis._replace(score=hypothesis.score + penalty))
    return sorted(again, key=lambda h: -h.score)

"""Outputs that are given: their probability, and what the model attends to while it says them.

Shapes: B sentences, S source positions, T target positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from ..data.batching import pad
from ..text.vocab import BOS, EOS, PAD
from .decoder import Hypothesis

_ROWS = 512  # logits at a time
_CELLS = 20_000  # source times target positions at a time: what attention is computed for


class EncoderDecoder(Protocol):
    """A model that is given whole outputs."""

    attends: bool  # whether it has attention over the source to look at

    def __call__(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> hidden states (B, T, D)"""

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) -> (…, V)"""

    def cross_attention_weights(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> (B, layers, heads, T, S); raises ValueError without attention"""


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
    found: list[list[float]] = [[] for _ in sources]
    for part in _batches(sources, outputs):
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


def _batches(sources: Sequence[list[int]], outputs: Sequence[list[int]]) -> Iterator[list[int]]:
    """Indices of pairs of like size, `_CELLS` with padding at a time, or one pair."""
    part: list[int] = []
    longest = 1
    for i in sorted(range(len(sources)), key=lambda i: (len(sources[i]), len(outputs[i]))):
        target = max(longest, len(outputs[i]) + 1)
        if part and (len(part) + 1) * target * len(sources[i]) > _CELLS:
            yield part
            part, target = [], len(outputs[i]) + 1
        part.append(i)
        longest = target
    if part:
        yield part


@torch.no_grad()
def attention(
    model: EncoderDecoder, source: list[int], output: list[int], device: torch.device | None = None
) -> Tensor:
    """How much each output token, and the `<eos>` after them, looks at each source token: (layers, heads, T + 1, S).

    Only for a model that `attends`.
    """
    return model.cross_attention_weights(
        pad([source]).to(device), pad([[BOS, *output]]).to(device)
    )[0].cpu()


@torch.no_grad()
def covered(
    model: EncoderDecoder, source: Tensor, hypotheses: list[Hypothesis], beta: float
) -> list[Hypothesis]:
    """Hypotheses with the coverage penalty in their scores, best first. Wu et al. 2016, arXiv:1609.08144, equation 14.

    source (S,) may be padded. Attention is the mean over all layers and heads.
    """
    ids = source[source != PAD]
    inputs = pad([[BOS, *h.ids] for h in hypotheses]).to(source.device)
    weights = model.cross_attention_weights(ids.expand(len(hypotheses), -1), inputs).mean(
        (1, 2)
    )  # (N, T, S)
    looked = (weights * (inputs != PAD)[:, :, None]).sum(1)  # (N, S)
    penalties = (beta * looked.clamp(1e-9, 1.0).log().sum(1)).tolist()
    again = [
        h._replace(score=h.score + penalty)
        for h, penalty in zip(hypotheses, penalties, strict=True)
    ]
    return sorted(again, key=lambda h: -h.score)

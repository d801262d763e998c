"""Outputs that are given: how probable they are, and what the model attends to.

Shapes: B sentences, S source positions, T target positions, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from ..data.batching import pad
from ..text.vocab import BOS, EOS, PAD
from ..wanted import check_wanted
from .hypothesis import Hypothesis
from .soundness import check_numbers

_ROWS = 512  # target positions whose logits exist at a time
_CELLS = 20_000  # source times target positions in a batch, which attention is computed for


class EncoderDecoder(Protocol):
    """A model that can be given whole outputs."""

    attends: bool  # whether it has attention over the source

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
    """Log probability (nats) of every token of each output and of its `<eos>`.

    Sources are as models read them, `<eos>` included; outputs are without `<bos>` and `<eos>`.
    """
    found: list[list[float]] = [[] for _ in sources]
    for indices in _batches(sources, outputs):
        check_wanted()
        own_sources = [sources[i] for i in indices]
        source = pad(own_sources).to(device)

        own_outputs = [outputs[i] for i in indices]
        inputs = _inputs(own_outputs, device)
        with_eos = [[*output, EOS] for output in own_outputs]
        targets = pad(with_eos).to(device)

        values = _target_log_probabilities(model, source, inputs, targets)
        remaining = iter(values)
        for i in indices:
            length = len(outputs[i]) + 1
            own_values = islice(remaining, length)
            found[i] = list(own_values)
    return found


def _inputs(outputs: Sequence[list[int]], device: torch.device | None) -> Tensor:
    """What the decoder reads to produce each output and its `<eos>`: (B, T) ids"""
    inputs = [[BOS, *output] for output in outputs]
    return pad(inputs).to(device)


def _target_log_probabilities(
    model: EncoderDecoder, source: Tensor, inputs: Tensor, targets: Tensor
) -> list[float]:
    """(B, S), (B, T), (B, T) ids -> a value for each target that is not padding, row by row"""
    real = targets != PAD
    hidden = model(source, inputs)[real]  # (tokens, D)
    tokens = targets[real]

    values: list[float] = []
    for start in range(0, len(tokens), _ROWS):
        chunk = slice(start, start + _ROWS)
        logits = model.logits(hidden[chunk])
        logp = logits.float().log_softmax(-1)

        gold = tokens[chunk, None]
        gold_logp = logp.gather(1, gold)
        check_numbers(gold_logp)
        values += gold_logp[:, 0].tolist()
    return values


def _batches(sources: Sequence[list[int]], outputs: Sequence[list[int]]) -> Iterator[list[int]]:
    """Indices of pairs of similar size: `_CELLS` with padding in a batch, or one pair."""
    source_lengths = [len(source) for source in sources]
    output_lengths = [len(output) for output in outputs]
    sizes = list(zip(source_lengths, output_lengths, strict=True))

    indices = range(len(sizes))
    order = sorted(indices, key=lambda i: sizes[i])

    batch: list[int] = []
    longest = 1  # output in the batch, with <eos>
    for i in order:
        source_length, output_length = sizes[i]
        length = output_length + 1
        longest = max(longest, length)

        pairs = len(batch) + 1
        cells = pairs * longest * source_length
        if batch and cells > _CELLS:
            yield batch
            batch = []
            longest = length
        batch.append(i)

    if batch:
        yield batch


@torch.no_grad()
def attention(
    model: EncoderDecoder, source: list[int], output: list[int], device: torch.device | None = None
) -> Tensor:
    """How much each output token, and the `<eos>` after them, attends to each source token.

    (layers, heads, T + 1, S), on the CPU. Only for a model that `attends`.
    """
    sources = pad([source]).to(device)
    inputs = _inputs([output], device)
    weights = model.cross_attention_weights(sources, inputs)
    return weights[0].cpu()


@torch.no_grad()
def mean_attention(
    model: EncoderDecoder,
    sources: Sequence[list[int]],
    outputs: Sequence[list[int]],
    device: torch.device | None = None,
) -> list[Tensor]:
    """The mean of `attention` over layers and heads for each pair, (T + 1, S), many at once."""
    found: dict[int, Tensor] = {}
    for indices in _batches(sources, outputs):
        check_wanted()
        source = pad([sources[i] for i in indices]).to(device)
        inputs = _inputs([outputs[i] for i in indices], device)
        of_heads = model.cross_attention_weights(source, inputs)  # (B, layers, heads, T, S)
        weights = of_heads.mean((1, 2)).cpu()
        for row, i in enumerate(indices):
            found[i] = weights[row, : len(outputs[i]) + 1, : len(sources[i])]
    return [found[i] for i in range(len(sources))]


@torch.no_grad()
def with_coverage_penalty(
    model: EncoderDecoder, source: Tensor, hypotheses: list[Hypothesis], beta: float
) -> list[Hypothesis]:
    """Hypotheses with the coverage penalty in their scores, best first.

    Wu et al. 2016, arXiv:1609.08144, equation 14; attention is the mean over all layers and heads.
    `source` (S,) may be padded.
    """
    ids = source[source != PAD]
    sources = ids.expand(len(hypotheses), -1)  # (N, S)
    outputs = [hypothesis.ids for hypothesis in hypotheses]
    inputs = _inputs(outputs, source.device)

    of_heads = model.cross_attention_weights(sources, inputs)
    weights = of_heads.mean((1, 2))  # (N, T, S)
    real = inputs != PAD
    attended = (weights * real[:, :, None]).sum(1)  # (N, S)

    clamped = attended.clamp(1e-9, 1.0)
    coverage = clamped.log().sum(1)
    penalties = (beta * coverage).tolist()

    penalized = []
    for hypothesis, penalty in zip(hypotheses, penalties, strict=True):
        score = hypothesis.score + penalty
        penalized.append(hypothesis._replace(score=score))
    return sorted(penalized, key=lambda hypothesis: -hypothesis.score)

"""Linear-chain conditional random fields (Lafferty, McCallum & Pereira 2001).

A sequence of tags scores the sum of its emissions, one a step, and of the scores of its chain: of
the first tag, of each tag after the one before, of the last tag. Its probability is the exponential
of that, divided by the sum over all sequences, which the forward algorithm gives.

Everything is computed in float32, and nothing depends on what stands behind the end of a sequence.

Shapes: B sequences, T steps, K tags.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .checks import check_sizes

# Not minus infinity: the logarithm of a sum of nothing but zeros has no gradient.
_FORBIDDEN = -1e4


class Allowed(NamedTuple):
    """Which tags may stand where."""

    first: Tensor  # (K,) bool: at the beginning
    between: Tensor  # (K, K) bool: the tag of the column after that of the row
    last: Tensor  # (K,) bool: at the end


class Chain(NamedTuple):
    """What tags score by their places."""

    first: Tensor  # (K,) at the beginning
    between: Tensor  # (K, K) the tag of the column after that of the row
    last: Tensor  # (K,) at the end

    def only(self, allowed: Allowed) -> Chain:
        """The same chain, in which no sequence can win that is not allowed."""
        parts = zip(self, allowed, strict=True)
        return Chain(*(scores.masked_fill(~may, _FORBIDDEN) for scores, may in parts))


class LinearChainCRF(nn.Module):
    """The learned part of a chain; it begins indifferent."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        check_sizes(tags=tags)
        self.first = nn.Parameter(torch.zeros(tags))
        self.between = nn.Parameter(torch.zeros(tags, tags))
        self.last = nn.Parameter(torch.zeros(tags))

    def forward(self) -> Chain:
        return Chain(self.first.float(), self.between.float(), self.last.float())


def no_chain(emissions: Tensor) -> Chain:
    """The chain that scores nothing: each tag for itself. (B, T, K)"""
    tags = emissions.size(-1)
    zeros = emissions.new_zeros(tags, dtype=torch.float32)
    return Chain(zeros, zeros.new_zeros(tags, tags), zeros)


def negative_log_likelihood(emissions: Tensor, tags: Tensor, real: Tensor, chain: Chain) -> Tensor:
    """Of each sequence of tags: (B, T, K), (B, T), (B, T) -> (B,) nats

    `real` says which steps are not padding; every sequence has one step at least.
    """
    emissions = emissions.float()
    return log_partition(emissions, real, chain) - score(emissions, tags, real, chain)


def score(emissions: Tensor, tags: Tensor, real: Tensor, chain: Chain) -> Tensor:
    """What sequences of tags score: (B, T, K), (B, T), (B, T) -> (B,)"""
    tags = tags.masked_fill(~real, 0)
    emitted = emissions.float().gather(-1, tags[..., None])[..., 0]
    total = (emitted * real).sum(1)

    steps = chain.between[tags[:, :-1], tags[:, 1:]]
    total = total + (steps * real[:, 1:]).sum(1)

    ends = real.sum(1, keepdim=True) - 1
    last = tags.gather(1, ends)[:, 0]
    return total + chain.first[tags[:, 0]] + chain.last[last]


def log_partition(emissions: Tensor, real: Tensor, chain: Chain) -> Tensor:
    """The logarithm of the sum over all sequences of tags: (B, T, K), (B, T) -> (B,)

    By the forward algorithm (Rabiner 1989, section III.A), with logarithms.
    """
    *_, total = _forward(emissions.float(), real, chain)
    return (total + chain.last).logsumexp(-1)


def _forward(emissions: Tensor, real: Tensor, chain: Chain) -> list[Tensor]:
    """The log of the sum over all beginnings that end in each tag, for each step: T of (B, K)

    In the padding, those of the last real step.
    """
    total = chain.first + emissions[:, 0]
    totals = [total]
    every_step = zip(emissions.unbind(1)[1:], real.unbind(1)[1:], strict=True)
    for emitted, is_real in every_step:
        by_previous = total[:, :, None] + chain.between  # (B, K, K)
        extended = by_previous.logsumexp(1) + emitted
        total = torch.where(is_real[:, None], extended, total)
        totals.append(total)
    return totals


def _backward(emissions: Tensor, real: Tensor, chain: Chain) -> list[Tensor]:
    """The log of the sum over all ways to go on after each tag, for each step: T of (B, K)"""
    total = chain.last.expand(emissions.size(0), -1)
    totals = [total]
    steps = list(zip(emissions.unbind(1)[1:], real.unbind(1)[1:], strict=True))
    for emitted, is_real in reversed(steps):
        by_next = chain.between + (emitted + total)[:, None, :]  # (B, K, K)
        extended = by_next.logsumexp(2)
        total = torch.where(is_real[:, None], extended, total)
        totals.append(total)
    return totals[::-1]


@torch.no_grad()
def marginals(emissions: Tensor, real: Tensor, chain: Chain) -> Tensor:
    """How probable each tag is at each step, over all sequences: (B, T, K), (B, T) -> (B, T, K)

    By the forward and the backward algorithm. In the padding they mean nothing.
    """
    emissions = emissions.float()
    before = torch.stack(_forward(emissions, real, chain), 1)
    after = torch.stack(_backward(emissions, real, chain), 1)
    return (before + after).softmax(-1)


@torch.no_grad()
def viterbi(emissions: Tensor, real: Tensor, chain: Chain) -> Tensor:
    """The tags of the best sequence: (B, T, K), (B, T) -> (B, T)

    Viterbi 1967. Of equally good ones, the same whatever is in the batch. In the padding, tags mean
    nothing.
    """
    emissions = emissions.float()
    best = chain.first + emissions[:, 0]
    unchanged = torch.arange(best.size(-1), device=best.device).expand_as(best)

    pointers: list[Tensor] = []  # for each step but the first, the best tag before each tag
    every_step = zip(emissions.unbind(1)[1:], real.unbind(1)[1:], strict=True)
    for emitted, is_real in every_step:
        found = (best[:, :, None] + chain.between).max(1)
        is_real = is_real[:, None]
        best = torch.where(is_real, found.values + emitted, best)
        pointers.append(torch.where(is_real, found.indices, unchanged))

    tag = (best + chain.last).argmax(-1, keepdim=True)  # (B, 1)
    tags = [tag]
    for pointer in reversed(pointers):
        tag = pointer.gather(1, tag)
        tags.append(tag)
    return torch.cat(tags[::-1], 1)

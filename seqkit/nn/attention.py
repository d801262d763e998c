"""Attention: with one head over a recurrent encoder, and with many heads.

Shapes: B batch, T queries, S keys, D width of queries, M of the memory, H heads, E = D / H.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..errors import WrongValue
from . import passes
from .checks import check_name, check_rates, check_sizes
from .linear import linear

Kind = Literal["dot", "scaled-dot", "general", "additive"]

_WRITTEN_OUT = 512  # keys: beyond, the weights of all queries take more memory than they save time


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the last dimension where `mask` is True: (…, S), (…, S) -> (…, S)

    0 elsewhere. A fully masked row gets zeros, not nan, and no gradient.
    """
    if mask is None:
        return scores.softmax(-1)

    lowest = torch.finfo(scores.dtype).min
    masked = scores.masked_fill(~mask, lowest)
    weights = masked.softmax(-1)
    return weights * mask


class Attention(nn.Module):
    """Attention with one head: how much each query attends to each position of a memory.

    "dot", "general": Luong et al. 2015, arXiv:1508.04025, section 3.1. "scaled-dot": Vaswani et al.
    2017, arXiv:1706.03762, section 3.2.1. "additive": Bahdanau et al. 2015, arXiv:1409.0473,
    appendix A.1.2.
    """

    def __init__(self, kind: Kind, width: int, memory: int, *, dropout: float = 0.0) -> None:
        """`width` is D, `memory` M; raises `WrongValue` if they differ for a plain dot product."""
        super().__init__()
        check_name("attention", kind, get_args(Kind))
        check_sizes(width=width, memory=memory)
        check_rates(dropout=dropout)
        if kind in ("dot", "scaled-dot") and width != memory:
            raise WrongValue(
                f"{kind} attention needs queries as wide as the memory: {width} and {memory}"
            )
        self.kind = kind
        self.dropout = dropout
        self.scale = width**-0.5 if kind == "scaled-dot" else 1.0

        self.keys: nn.Linear | None = None
        self.query: nn.Linear | None = None
        self.energy: nn.Parameter | None = None
        if kind in ("general", "additive"):
            self.keys = nn.Linear(memory, width, bias=False)
        if kind == "additive":
            self.query = nn.Linear(width, width)
            bound = width**-0.5
            energy = torch.empty(width).uniform_(-bound, bound)
            self.energy = nn.Parameter(energy)

    def project(self, memory: Tensor) -> Tensor:
        """(B, S, M) -> keys (B, S, D): compute once, attend many times"""
        if self.keys is None:
            return memory
        keys: Tensor = self.keys(memory)
        return keys

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, T, D), (B, S, D) -> (B, T, S)"""
        if self.query is None or self.energy is None:
            products = queries @ keys.mT
            return products * self.scale

        query: Tensor = self.query(queries)
        mixed = query[:, :, None] + keys[:, None]  # (B, T, S, D)
        return mixed.tanh() @ self.energy

    def forward(
        self, queries: Tensor, keys: Tensor, memory: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Queries (B, T, D), keys of `project`, memory (B, S, M) -> context (B, T, M), weights

        The weights are (B, T, S), before dropout. `mask` (B, 1, S) is True for what may be read.
        """
        scores = self.scores(queries, keys)
        weights = masked_softmax(scores, mask)
        dropped = F.dropout(weights, self.dropout, self.training)
        context = dropped @ memory
        return context, weights


class KeyValue(NamedTuple):
    """What attention reads from: both (B, H, S, E)."""

    keys: Tensor
    values: Tensor


def attend(
    queries: Tensor,
    memory: KeyValue,
    *,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    causal: bool = False,
) -> Tensor:
    """Scaled dot-product attention, by what is fastest here: (B, H, T, E) -> (B, H, T, E)

    Either `mask` is True where a query may attend, at one key at least, and broadcasts to
    (B, H, T, S); or, with `causal`, query t attends to keys 0..t. The gradient of torch's kernel
    takes five times as long in bf16 on CPUs as in float32: there, two products and a softmax are
    written out, as long as the weights between them take little memory.
    """
    keys, values = memory
    if torch.is_grad_enabled() and not dropout:
        heads = passes.Heads.of(queries, keys, values, mask, causal)
        if heads is not None:
            return cast(Tensor, _Attend.apply(*heads))  # type: ignore[no-untyped-call]

    if queries.device.type == "cpu" and queries.dtype == torch.bfloat16:
        if keys.size(2) <= _WRITTEN_OUT:
            return _attend_by_products(queries, memory, mask, dropout, causal)
        queries, keys, values = queries.float(), keys.float(), values.float()

    read = F.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask, dropout_p=dropout, is_causal=causal
    )
    return read.to(memory.values.dtype)


class _Attend(torch.autograd.Function):
    """The same by the compiled library, which has no weights of all queries in memory."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        heads = passes.Heads(*inputs)
        read, log_totals = passes.attend(heads)
        ctx.save_for_backward(heads.queries, heads.keys, heads.values, heads.real, log_totals)
        ctx.causal = heads.causal
        return read

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_read: Tensor) -> tuple[Tensor | None, ...]:
        queries, keys, values, real, log_totals = ctx.saved_tensors
        heads = passes.Heads(queries, keys, values, real, ctx.causal)
        return (*passes.attend_gradient(heads, log_totals, of_read), None, None)


def _attend_by_products(
    queries: Tensor, memory: KeyValue, mask: Tensor | None, dropout: float, causal: bool
) -> Tensor:
    """The same, with weights (B, H, T, S) in memory. torch sums softmax in float32."""
    length, width = queries.shape[2:]
    if causal:
        mask = queries.new_ones(length, memory.keys.size(2), dtype=torch.bool).tril()

    scaled = queries * width**-0.5
    scores = scaled @ memory.keys.mT
    if mask is not None:
        lowest = torch.finfo(scores.dtype).min
        scores = scores.masked_fill_(~mask, lowest)

    weights = torch.softmax(scores, -1)
    return F.dropout(weights, dropout) @ memory.values


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention in `heads` subspaces.

    Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
    """

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0) -> None:
        """`dropout` is on the attention weights; on the CPU it rules out the fused kernel."""
        super().__init__()
        check_sizes(width=width, heads=heads)
        check_rates(dropout=dropout)
        if width % heads:
            raise WrongValue(f"width = {width} must be a multiple of heads = {heads}")

        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def project(self, memory: Tensor) -> KeyValue:
        """(B, S, D) -> keys and values, (B, H, S, E) each: compute once, attend many times"""
        keys, values = linear(memory, self.key_value).chunk(2, dim=-1)
        return KeyValue(self._split(keys), self._split(values))

    def forward(
        self, x: Tensor, memory: KeyValue, *, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """(B, T, D), memory of S positions -> (B, T, D)

        `mask` is True where a query may attend and broadcasts to (B, H, T, S); with `causal`, query
        t attends to keys 0..t.
        """
        queries = self._split(linear(x, self.query))
        dropout = self.dropout if self.training else 0.0
        read = attend(queries, memory, mask=mask, dropout=dropout, causal=causal)
        joined = read.transpose(1, 2).flatten(2)  # (B, H, T, E) -> (B, T, D)
        return linear(joined, self.out)

    def weights(self, x: Tensor, memory: KeyValue, mask: Tensor | None) -> Tensor:
        """How much each query attends to each key: (B, T, D) -> (B, H, T, S)

        To look at; `forward` never has them in memory.
        """
        queries = self._split(self.query(x))
        products = queries @ memory.keys.mT
        scores = products / math.sqrt(queries.size(-1))
        return masked_softmax(scores, mask)

    def _split(self, x: Tensor) -> Tensor:
        """(B, S, D) -> (B, H, S, E)"""
        batch, length, _ = x.shape
        by_head = x.view(batch, length, self.heads, -1)
        return by_head.transpose(1, 2)

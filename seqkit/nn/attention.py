"""Attention: of one head over a recurrent encoder, and of many heads.

Shapes: B batch, T queries, S keys, D width of queries, M of the memory, H heads, E = D / H.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear

Kind = Literal["dot", "scaled-dot", "general", "additive"]


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the last dimension where `mask` is True: (…, S), (…, S) -> (…, S); 0 elsewhere.

    A row in which nothing may be looked at gets zeros, not nan, and no gradient.
    """
    if mask is None:
        return scores.softmax(-1)
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights * mask


class Attention(nn.Module):
    """Attention of one head over a memory: how much each query looks at each position, and what it reads there.

    "dot", "general": Luong et al. 2015, arXiv:1508.04025, section 3.1. "scaled-dot": Vaswani et al. 2017, section
    3.2.1. "additive": Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2.
    """

    def __init__(self, kind: Kind, width: int, memory: int, *, dropout: float = 0.0) -> None:
        """`width` is D, `memory` M: the dot products need them equal, or raise ValueError."""
        super().__init__()
        if kind in ("dot", "scaled-dot") and width != memory:
            raise ValueError(
                f"{kind} attention needs queries as wide as the memory: {width} and {memory}"
            )
        self.kind, self.dropout = kind, dropout
        self.scale = width**-0.5 if kind == "scaled-dot" else 1.0
        self.keys = Linear(memory, width, bias=False) if kind in ("general", "additive") else None
        self.query = Linear(width, width) if kind == "additive" else None
        self.energy = (
            nn.Parameter(torch.empty(width).uniform_(-(width**-0.5), width**-0.5))
            if self.query
            else None
        )

    def project(self, memory: Tensor) -> Tensor:
        """(B, S, M) -> keys (B, S, D): compute once, attend many times."""
        return memory if self.keys is None else cast(Tensor, self.keys(memory))

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(B, T, D), (B, S, D) -> (B, T, S)"""
        if self.query is None or self.energy is None:
            return queries @ keys.mT * self.scale
        mixed = self.query(queries)[:, :, None] + keys[:, None]  # (B, T, S, D)
        return cast(Tensor, mixed.tanh() @ self.energy)

    def forward(
        self, queries: Tensor, keys: Tensor, memory: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Queries (B, T, D), keys of `project`, memory (B, S, M) -> what is read (B, T, M), weights (B, T, S).

        `mask` (B, 1, S) is True where the memory may be looked at.
        """
        weights = masked_softmax(self.scores(queries, keys), mask)
        return F.dropout(weights, self.dropout, self.training) @ memory, weights


class KeyValue(NamedTuple):
    """What attention reads from: both (B, H, S, E)."""

    keys: Tensor
    values: Tensor


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention in `heads` subspaces (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0) -> None:
        """`dropout` is on the attention weights; on the CPU it costs the fused kernel."""
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = Linear(width, width)
        self.key_value = Linear(width, 2 * width)
        self.out = Linear(width, width)

    def project(self, memory: Tensor) -> KeyValue:
        """(B, S, D) -> keys and values, (B, H, S, E) each: compute once, attend many times."""
        keys, values = self.key_value(memory).chunk(2, dim=-1)
        return KeyValue(self._split(keys), self._split(values))

    def forward(
        self, x: Tensor, memory: KeyValue, *, mask: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """(B, T, D), memory of S positions -> (B, T, D).

        `mask` is True where a query may look and broadcasts to (B, H, T, S); `causal` lets query t see keys 0..t.
        """
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(
            self._split(self.query(x)),
            memory.keys,
            memory.values,
            attn_mask=mask,
            dropout_p=dropout,
            is_causal=causal,
        )
        return cast(Tensor, self.out(mixed.transpose(1, 2).flatten(2)))

    def weights(self, x: Tensor, memory: KeyValue, mask: Tensor | None) -> Tensor:
        """How much each query looks at each key, written out: (B, T, D) -> (B, H, T, S). For looking at."""
        queries = self._split(self.query(x))
        return masked_softmax(queries @ memory.keys.mT / math.sqrt(queries.size(-1)), mask)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)  # (B, S, D) -> (B, H, S, E)

"""Multi-head attention.

Shapes: B batch, T queries, S keys, D width, H heads, E = D / H.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear


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

    def forward(self, x: Tensor, memory: KeyValue, *, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """(B, T, D), memory of S positions -> (B, T, D).

        `mask` is True where a query may look and broadcasts to (B, H, T, S); `causal` lets query t see keys 0..t.
        """
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(
            self._split(self.query(x)), memory.keys, memory.values, attn_mask=mask, dropout_p=dropout, is_causal=causal
        )
        return cast(Tensor, self.out(mixed.transpose(1, 2).flatten(2)))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)  # (B, S, D) -> (B, H, S, E)

"""Transformer layers (Vaswani et al. 2017, arXiv:1706.03762).

Shapes: B sentences, S source positions, T target positions, D width, H heads, E = D / H.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .attention import KeyValue, MultiHeadAttention
from .linear import Dropout, Linear


class FeedForward(nn.Module):
    """Two linear layers with a ReLU between them (section 3.3)."""

    def __init__(self, width: int, hidden: int, *, dropout: float) -> None:
        super().__init__()
        self.up, self.down = Linear(width, hidden), Linear(hidden, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(…, D) -> (…, D)"""
        return self.down(self.dropout(self.up(x).relu()))  # type: ignore[no-any-return]


class Residual(nn.Module):
    """Layer norm and residual connection around a sublayer: before it (`prenorm`, arXiv:2002.04745) or after it."""

    def __init__(self, width: int, *, dropout: float, prenorm: bool) -> None:
        super().__init__()
        self.norm, self.dropout, self.prenorm = nn.LayerNorm(width), Dropout(dropout), prenorm

    def enter(self, x: Tensor) -> Tensor:
        """What the sublayer is given: (…, D) -> (…, D)"""
        return self.norm(x) if self.prenorm else x

    def leave(self, x: Tensor, output: Tensor) -> Tensor:
        """The sublayer's input and its output, joined: (…, D), (…, D) -> (…, D)"""
        x = x + self.dropout(output)
        return x if self.prenorm else self.norm(x)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network."""

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float,
        attention_dropout: float,
        prenorm: bool,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.feed_forward = FeedForward(width, hidden, dropout=dropout)
        self.around_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_feed_forward = Residual(width, dropout=dropout, prenorm=prenorm)

    def forward(self, x: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
        """(B, S, D), mask broadcasting to (B, H, S, S) -> (B, S, D)"""
        y = self.around_attention.enter(x)
        x = self.around_attention.leave(
            x, self.attention(y, self.attention.project(y), mask=mask, causal=causal)
        )
        return self.around_feed_forward.leave(
            x, self.feed_forward(self.around_feed_forward.enter(x))
        )


class DecoderLayer(nn.Module):
    """Self-attention over the past, attention to the encoded source, and a feed-forward network."""

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        dropout: float,
        attention_dropout: float,
        prenorm: bool,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.cross_attention = MultiHeadAttention(width, heads, dropout=attention_dropout)
        self.feed_forward = FeedForward(width, hidden, dropout=dropout)
        self.around_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_cross_attention = Residual(width, dropout=dropout, prenorm=prenorm)
        self.around_feed_forward = Residual(width, dropout=dropout, prenorm=prenorm)

    def forward(self, x: Tensor, memory: KeyValue, mask: Tensor | None) -> Tensor:
        """All target positions at once: (B, T, D), memory of (B, S) positions -> (B, T, D).

        `mask` is True where a source position may be looked at and broadcasts to (B, H, T, S).
        """
        x = self._past(x)
        y = self.around_cross_attention.enter(x)
        x = self.around_cross_attention.leave(x, self.cross_attention(y, memory, mask=mask))
        return self.around_feed_forward.leave(
            x, self.feed_forward(self.around_feed_forward.enter(x))
        )

    def cross_attention_weights(self, x: Tensor, memory: KeyValue, mask: Tensor | None) -> Tensor:
        """How much each target position looks at each source position: (B, T, D) -> (B, H, T, S)"""
        return self.cross_attention.weights(
            self.around_cross_attention.enter(self._past(x)), memory, mask
        )

    def _past(self, x: Tensor) -> Tensor:
        """Self-attention of each position over those before it: (B, T, D) -> (B, T, D)"""
        y = self.around_attention.enter(x)
        return self.around_attention.leave(
            x, self.attention(y, self.attention.project(y), causal=True)
        )

    def step(
        self,
        x: Tensor,
        past: Tensor | None,
        memory: KeyValue,
        mask: Tensor | None,
        *,
        rows: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """One target position: (R, 1, D), `past` (2, R, H, t, E) -> (R, 1, D), past (2, R, H, t + 1, E).

        `past` is keys and values in one tensor; `rows` (R,) picks from it first. R rows share the memory of B
        sentences, R / B of them each: (B, S).
        """
        y = self.around_attention.enter(x)
        now = torch.stack(self.attention.project(y))
        past = now if past is None else _grown(past, rows, now)
        x = self.around_attention.leave(x, self.attention(y, KeyValue(past[0], past[1])))
        y = self.around_cross_attention.enter(x).view(
            memory.keys.size(0), -1, x.size(-1)
        )  # (B, R / B, D)
        x = self.around_cross_attention.leave(
            x, self.cross_attention(y, memory, mask=mask).view_as(x)
        )
        return self.around_feed_forward.leave(
            x, self.feed_forward(self.around_feed_forward.enter(x))
        ), past


def _grown(past: Tensor, rows: Tensor | None, now: Tensor) -> Tensor:
    """(2, R', H, t, E), rows (R,) of it, (2, R, H, 1, E) -> (2, R, H, t + 1, E); picked and extended in one copy."""
    if rows is None:
        return torch.cat([past, now], 3)
    if torch.is_grad_enabled() or past.device.type != "cpu":
        return torch.cat([past.index_select(1, rows), now], 3)
    length = past.size(3)
    grown = now.new_empty(*now.shape[:3], length + 1, now.size(4))
    torch.index_select(past, 1, rows, out=grown[:, :, :, :length])
    grown[:, :, :, length:] = now
    return grown


def sinusoids(length: int, width: int) -> Tensor:
    """Fixed position encodings (section 3.5): (length, width)"""
    position = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10_000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)[:, : width // 2]
    return table


class Embedding(nn.Module):
    """Token embeddings times sqrt(D), plus sinusoidal positions (sections 3.4 and 3.5)."""

    positions: Tensor

    def __init__(self, vocab: int, width: int, *, dropout: float, padding: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab, width, padding_idx=padding)
        nn.init.normal_(self.tokens.weight, std=width**-0.5)
        with torch.no_grad():
            self.tokens.weight[padding].zero_()
        self.dropout = Dropout(dropout)
        self.register_buffer("positions", sinusoids(256, width), persistent=False)

    def forward(self, ids: Tensor, start: int = 0) -> Tensor:
        """(B, T) ids at positions start, start + 1, … -> (B, T, D)"""
        width, end = self.positions.size(1), start + ids.size(1)
        if end > self.positions.size(0):
            self.positions = sinusoids(2 * end, width).to(self.positions)
        x = self.tokens(ids) * math.sqrt(width) + self.positions[start:end]
        return self.dropout(x)  # type: ignore[no-any-return]


def check_width(width: int, heads: int) -> None:
    """Raises ValueError if `heads` do not divide the width, or sines and cosines do not share it."""
    if width % heads or width % 2:
        raise ValueError(f"width = {width} must be even and a multiple of heads = {heads}")


def initialise(model: nn.Module) -> None:
    """Xavier for all matrices but embeddings (Glorot & Bengio 2010), zeros for biases."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2 and "embedding" not in name:
            nn.init.xavier_uniform_(parameter)
        elif name.endswith(".bias"):
            nn.init.zeros_(parameter)

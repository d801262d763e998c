"""The encoder of a Transformer for a search: without dropout and gradients.

Shapes: B sentences, S source positions, D width, H heads, E = D / H.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .arranged import ArrangedLayer
from .attention import KeyValue, attend
from .transformer import EncoderLayer


class EncoderReader:
    """The layers of an encoder, with the weights that they have when it is made."""

    def __init__(self, layers: Sequence[EncoderLayer]) -> None:
        self.layers = [_ReadingLayer(layer) for layer in layers]

    def __call__(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, S, D), mask (B, 1, 1, S), True where a source has a token -> (B, S, D)"""
        sentences, length, width = x.shape
        rows = x.reshape(-1, width)
        for layer in self.layers:
            rows = layer(rows, sentences, mask)
        return rows.view(sentences, length, width)


class _ReadingLayer(ArrangedLayer):
    """A layer of an encoder."""

    def __call__(self, x: Tensor, sentences: int, mask: Tensor | None) -> Tensor:
        """(B * S, D) -> (B * S, D)"""
        y = self.enter(self.own_norm, x)
        by_head = self.all(y).view(sentences, -1, 3, self.heads, x.size(1) // self.heads)
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4).unbind()  # (B, H, S, E)
        read = attend(queries, KeyValue(keys, values), mask=mask)
        joined = read.transpose(1, 2).reshape(x.shape)
        x = self.leave(self.own_norm, x, self.out(joined))
        return self.feed_forward(x)

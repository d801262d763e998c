"""The encoder of a Transformer for a search: without dropout and gradients.

Shapes: B sentences, S source positions, D width, H heads, E = D / H.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .attention import KeyValue, attend
from .products import Product, normed
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


class _ReadingLayer:
    """The weights of an `EncoderLayer`, those of queries, keys and values as one."""

    def __init__(self, layer: EncoderLayer) -> None:
        attention, feed_forward = layer.attention, layer.feed_forward
        self.heads = attention.heads
        self.prenorm = layer.around_attention.prenorm

        self.all = Product.joining(attention.query, attention.key_value)
        self.out = Product.of(attention.out)
        self.up = Product.of(feed_forward.up)
        self.down = Product.of(feed_forward.down)
        self.activate = feed_forward.activate

        self.own_norm = layer.around_attention.norm
        self.last_norm = layer.around_feed_forward.norm

    def __call__(self, x: Tensor, sentences: int, mask: Tensor | None) -> Tensor:
        """(B * S, D) -> (B * S, D)"""
        y = normed(self.own_norm, x) if self.prenorm else x
        by_head = self.all(y).view(sentences, -1, 3, self.heads, x.size(1) // self.heads)
        queries, keys, values = by_head.permute(2, 0, 3, 1, 4).unbind()  # (B, H, S, E)
        read = attend(queries, KeyValue(keys, values), mask=mask)
        joined = read.transpose(1, 2).reshape(x.shape)
        x = x + self.out(joined)
        x = x if self.prenorm else normed(self.own_norm, x)

        y = normed(self.last_norm, x) if self.prenorm else x
        inside = self.activate(self.up(y))
        x = x + self.down(inside)
        return x if self.prenorm else normed(self.last_norm, x)

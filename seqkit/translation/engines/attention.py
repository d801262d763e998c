"""What a Transformer attends to in outputs that are given, by numpy.

torch takes 1.5 s to import and 250 MB of memory, more than the alignments of most documents cost.
So a model that CTranslate2 searches with is not opened in torch only to align words. Texts of any
length are read together: all layers see their tokens as the rows of one matrix, and only attention
goes text by text.

Shapes: N tokens of all texts, T of a target with `<bos>`, S of its source with `<eos>`, D width,
H heads, E = D / H.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from ...text.vocab import BOS, EOS
from ..models.transformer_config import TransformerConfig
from ..weights import (
    EPSILON,
    Array,
    Attention,
    FeedForward,
    Layer,
    Linear,
    Norm,
    Weights,
    sinusoids,
)

_TOKENS = 4000  # of sources and of outputs, read together


class AttentionReader:
    """Weights that are read with: encoder and decoder, without the output layer."""

    def __init__(self, weights: Weights, config: TransformerConfig) -> None:
        self._weights = weights
        self._heads = config.heads
        self._prenorm = config.prenorm
        self._zero_start = config.zero_start
        self._source_eos = config.source_eos
        self._activate = _ACTIVATIONS[config.activation]

    def mean_attention(
        self, sources: Sequence[list[int]], outputs: Sequence[list[int]]
    ) -> list[Array]:
        """The mean over layers and heads of what each output attends to: (T, S) each.

        Sources end in `<eos>`; outputs are without `<bos>` and `<eos>`. The same as
        `search.forced_decoding.mean_attention` by torch.
        """
        found: list[Array] = []
        for some in _batches(sources, outputs):
            found += self._read_together(sources[some], outputs[some])
        return found

    def _read_together(
        self, sources: Sequence[list[int]], outputs: Sequence[list[int]]
    ) -> list[Array]:
        read = [self._without_eos(source) for source in sources]
        source_spans = _spans(read)
        memory = self._encoded(read, source_spans)

        inputs = [[BOS, *output] for output in outputs]
        spans = _spans(inputs)
        x = self._embedded(self._weights.target_embedding, inputs, self._weights.positions)
        if self._zero_start:
            x[[span.start for span in spans]] = self._positions(1, self._weights.positions)[0]

        sums = [
            np.zeros((len(target), len(source)), np.float32)
            for target, source in zip(inputs, sources, strict=True)
        ]
        for layer in self._weights.decoder:
            x, weights = self._decoder_layer(layer, x, spans, memory, source_spans)
            for total, of_text in zip(sums, weights, strict=True):
                total[:, : of_text.shape[2]] += of_text.mean(0)
        return [total / np.float32(len(self._weights.decoder)) for total in sums]

    def _without_eos(self, source: list[int]) -> list[int]:
        return source if self._source_eos or source[-1:] != [EOS] else source[:-1]

    def _encoded(self, texts: Sequence[list[int]], spans: Sequence[slice]) -> Array:
        """(N, D)"""
        positions = self._weights.positions_of_source
        x = self._embedded(self._weights.source_embedding, texts, positions)
        for layer in self._weights.encoder:
            x = self._self_attention(layer, x, spans, causal=False)
            x = self._feed_forward(layer.feed_forward, x)
        return x if self._weights.encoder_norm is None else _normed(self._weights.encoder_norm, x)

    def _embedded(
        self, embedding: Array, texts: Sequence[list[int]], learned: Array | None
    ) -> Array:
        """(N, D)"""
        ids = np.concatenate([np.asarray(text, np.int64) for text in texts])
        places = np.concatenate([np.arange(len(text)) for text in texts])
        positions = self._positions(int(places.max(initial=0)) + 1, learned)
        scale = np.float32(math.sqrt(self._weights.width))
        embedded: Array = embedding[ids] * scale + positions[places]
        return embedded

    def _positions(self, length: int, learned: Array | None) -> Array:
        return sinusoids(length, self._weights.width) if learned is None else learned

    # Layers

    def _decoder_layer(
        self,
        layer: Layer,
        x: Array,
        spans: Sequence[slice],
        memory: Array,
        sources: Sequence[slice],
    ) -> tuple[Array, list[Array]]:
        """The next layer's input, and what each text attends to: (N, D), (H, T, S) each"""
        x = self._self_attention(layer, x, spans, causal=True)
        cross = layer.cross_attention
        assert cross is not None  # in a decoder
        y = self._entering(cross.norm, x)
        read, weights = self._attended(cross, y, spans, memory, sources, causal=False)
        x = self._leaving(cross.norm, x, read)
        return self._feed_forward(layer.feed_forward, x), weights

    def _self_attention(
        self, layer: Layer, x: Array, spans: Sequence[slice], *, causal: bool
    ) -> Array:
        y = self._entering(layer.attention.norm, x)
        read, _ = self._attended(layer.attention, y, spans, y, spans, causal=causal)
        return self._leaving(layer.attention.norm, x, read)

    def _feed_forward(self, layer: FeedForward, x: Array) -> Array:
        hidden = self._activate(_linear(layer.up, self._entering(layer.norm, x)))
        return self._leaving(layer.norm, x, _linear(layer.down, hidden))

    def _entering(self, norm: Norm, x: Array) -> Array:
        return _normed(norm, x) if self._prenorm else x

    def _leaving(self, norm: Norm, x: Array, sublayer: Array) -> Array:
        return x + sublayer if self._prenorm else _normed(norm, x + sublayer)

    def _attended(
        self,
        attention: Attention,
        x: Array,
        spans: Sequence[slice],
        memory: Array,
        sources: Sequence[slice],
        *,
        causal: bool,
    ) -> tuple[Array, list[Array]]:
        """What is read of a memory, and the weights of each text: (N, D), (H, T, S) each"""
        scale = np.float32(1 / math.sqrt(x.shape[1] // self._heads))
        queries: Array = self._by_head(_linear(attention.query, x)) * scale
        keys = self._by_head(_linear(attention.key, memory))
        values = self._by_head(_linear(attention.value, memory))

        read = np.empty_like(queries)
        weights: list[Array] = []
        for span, source in zip(spans, sources, strict=True):
            scores = queries[:, span] @ keys[:, source].transpose(0, 2, 1)
            if causal:
                scores += np.triu(np.full(scores.shape[1:], -np.inf, np.float32), 1)
            of_text = _softmax(scores)
            read[:, span] = of_text @ values[:, source]
            weights.append(of_text)
        joined = read.transpose(1, 0, 2).reshape(x.shape)
        return _linear(attention.out, joined), weights

    def _by_head(self, x: Array) -> Array:
        """(N, D) -> (H, N, E)"""
        return x.reshape(len(x), self._heads, -1).transpose(1, 0, 2)


def _batches(sources: Sequence[list[int]], outputs: Sequence[list[int]]) -> Iterator[slice]:
    """Stretches of the pairs with at most `_TOKENS` tokens, or of one pair."""
    start = tokens = 0
    for i, (source, output) in enumerate(zip(sources, outputs, strict=True)):
        tokens += len(source) + len(output)
        if tokens > _TOKENS and i > start:
            yield slice(start, i)
            start = i
            tokens = len(source) + len(output)
    if start < len(sources):
        yield slice(start, len(sources))


def _spans(texts: Sequence[list[int]]) -> list[slice]:
    """The rows of each text."""
    ends = accumulate(map(len, texts), initial=0)
    return [slice(start, end) for start, end in pairwise(ends)]


def _linear(layer: Linear, x: Array) -> Array:
    return x @ layer.weight.T + layer.bias


def _normed(norm: Norm, x: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    normed: Array = centred / np.sqrt(variance + np.float32(EPSILON))
    return normed * norm.weight + norm.bias


def _softmax(scores: Array) -> Array:
    """Over the last dimension, which may be empty."""
    powers = np.exp(scores - scores.max(-1, keepdims=True, initial=-np.inf))
    weights: Array = powers / powers.sum(-1, keepdims=True)
    return weights


# Activations, as `nn.transformer` has them


def _swish(x: Array) -> Array:
    swished: Array = x / (1 + np.exp(-x))
    return swished


def _gelu(x: Array) -> Array:
    """By the error function of Abramowitz & Stegun 1964, 7.1.26, within 1.5e-7; see layers.h."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911 * math.sqrt(0.5)) * size)
    total = np.float32(1.061405429) * t
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        total = (total + np.float32(factor)) * t
    beyond = np.float32(0.5) * total * np.exp(np.float32(-0.5) * x * x)
    activated: Array = np.maximum(x, np.float32(0)) - size * beyond
    return activated


def _gelu_tanh(x: Array) -> Array:
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    activated: Array = x * np.float32(0.5) * (1 + np.tanh(inner))
    return activated


def _relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0))


_ACTIVATIONS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "relu": _relu,
    "swish": _swish,
    "gelu": _gelu,
    "gelu-tanh": _gelu_tanh,
}

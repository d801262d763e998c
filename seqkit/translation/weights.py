"""The weights of a Transformer in no one's layout: what importers make and exporters read.

Matrices are as `torch.nn.Linear` has them, (outputs, inputs), in float32. Positions are sines in
the first half of the width and cosines in the second, as Marian, Hugging Face and CTranslate2 have
them; ours alternate, so the width is permuted on the way in and out.

Shapes: V vocabulary, D width, H hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

Array = NDArray[np.float32]

NEVER = -1e4
"""The output bias of a token that the model does not have: a probability of 0, in float16, too."""

EPSILON = 1e-5  # of our layer norms, as of torch's


@dataclass(frozen=True)
class Linear:
    weight: Array  # (outputs, inputs)
    bias: Array  # (outputs,)

    def fits(self, outputs: int, inputs: int) -> bool:
        return self.weight.shape == (outputs, inputs) and self.bias.shape == (outputs,)


@dataclass(frozen=True)
class Norm:
    weight: Array  # (D,)
    bias: Array

    def fits(self, width: int) -> bool:
        return self.weight.shape == self.bias.shape == (width,)


@dataclass(frozen=True)
class Attention:
    query: Linear
    key: Linear
    value: Linear
    out: Linear
    norm: Norm

    def fits(self, width: int) -> bool:
        linears = (self.query, self.key, self.value, self.out)
        return self.norm.fits(width) and all(linear.fits(width, width) for linear in linears)


@dataclass(frozen=True)
class FeedForward:
    up: Linear  # (H, D)
    down: Linear  # (D, H)
    norm: Norm

    def fits(self, width: int, hidden: int) -> bool:
        is_whole = self.up.fits(hidden, width) and self.down.fits(width, hidden)
        return is_whole and self.norm.fits(width)


@dataclass(frozen=True)
class Layer:
    attention: Attention
    cross_attention: Attention | None  # in the decoder
    feed_forward: FeedForward

    def fits(self, width: int, hidden: int) -> bool:
        cross = self.cross_attention is None or self.cross_attention.fits(width)
        return cross and self.attention.fits(width) and self.feed_forward.fits(width, hidden)


@dataclass(frozen=True)
class Weights:
    """All weights of an encoder-decoder."""

    source_embedding: Array  # (V, D)
    target_embedding: Array  # the same object if both languages share it
    output: Array  # (V, D), the same object as `target_embedding` if they are tied
    output_bias: Array | None  # (V,)
    positions: Array | None  # (longest, D), or None where they are the paper's sinusoids
    encoder: Sequence[Layer]
    decoder: Sequence[Layer]
    encoder_norm: Norm | None  # after the last layer, if norms come before the sublayers
    decoder_norm: Norm | None
    source_positions: Array | None = None  # where the source has learned others

    @property
    def shared(self) -> bool:
        return self.source_embedding is self.target_embedding

    @property
    def positions_of_source(self) -> Array | None:
        return self.positions if self.source_positions is None else self.source_positions

    @property
    def tied(self) -> bool:
        return self.output is self.target_embedding

    @property
    def width(self) -> int:
        return int(self.target_embedding.shape[-1])

    @property
    def hidden(self) -> int:
        """The size inside the feed-forward networks."""
        return len(self.encoder[0].feed_forward.up.weight) if self.encoder else 0

    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(np.isfinite(array).all()) for array in _arrays(self))

    def misfit(self, heads: int) -> str:
        """What is wrong with the shapes; '' if the layers fit together."""
        width = self.width
        if width % 2 or not heads or width % heads:
            return f"a width of {width} is not even, or no multiple of heads = {heads}"

        for name, rows in (("source", self.source_embedding), ("target", self.target_embedding)):
            if rows.ndim != 2 or rows.shape[1] != width:
                return f"the {name} embedding is {rows.shape}"
        if self.output.shape != self.target_embedding.shape:
            return f"the output layer is {self.output.shape}"
        if self.output_bias is not None and self.output_bias.shape != self.output.shape[:1]:
            return f"the output bias is {self.output_bias.shape}"
        for positions in (self.positions, self.source_positions):
            if positions is not None and positions.shape[1:] != (width,):
                return f"the positions are {positions.shape}"

        hidden = self.hidden
        for side, layers in (("encoder", self.encoder), ("decoder", self.decoder)):
            for number, layer in enumerate(layers):
                if not layer.fits(width, hidden):
                    return f"layer {number} of the {side}"
        norms = [norm for norm in (self.encoder_norm, self.decoder_norm) if norm is not None]
        return "" if all(norm.fits(width) for norm in norms) else "the last norm"


def _arrays(part: Any) -> Iterator[Array]:
    """All arrays in a layer, in layers, or in all weights."""
    if isinstance(part, np.ndarray):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from _arrays(getattr(part, field.name))
    elif isinstance(part, Sequence):
        for each in part:
            yield from _arrays(each)


# Into our layout


def state_of(weights: Weights) -> dict[str, Array]:
    """The state of `seqkit.translation.models.transformer.Transformer`, tied tensors once."""
    order = _ours(weights.width)
    state = {"output": _columns(weights.output, order)}
    if not weights.tied:
        state["target_embedding.tokens.weight"] = _columns(weights.target_embedding, order)
    if not weights.shared:
        state["source_embedding.tokens.weight"] = _columns(weights.source_embedding, order)
    if weights.output_bias is not None:
        state["output_bias"] = weights.output_bias
    if weights.positions is not None:
        state["target_embedding.positions"] = _columns(weights.positions, order)
    if weights.positions_of_source is not None and not weights.shared:
        state["source_embedding.positions"] = _columns(weights.positions_of_source, order)

    for side, layers, norm in (
        ("encoder", weights.encoder, weights.encoder_norm),
        ("decoder", weights.decoder, weights.decoder_norm),
    ):
        for number, layer in enumerate(layers):
            state |= _under(f"{side}.{number}", _layer(layer, order))
        if norm is not None:
            state |= _under(f"{side}_norm", _norm(norm, order))
    return {name: np.ascontiguousarray(array) for name, array in state.items()}


def _ours(width: int) -> NDArray[np.int64]:
    """Sines and cosines one after the other -> alternating: the columns in the order of ours."""
    halves = np.arange(width).reshape(2, width // 2)
    return halves.T.reshape(-1)


def _layer(layer: Layer, order: NDArray[np.int64]) -> dict[str, Array]:
    state = _under("attention", _attention(layer.attention, order))
    state |= _under("around_attention.norm", _norm(layer.attention.norm, order))
    if layer.cross_attention is not None:
        state |= _under("cross_attention", _attention(layer.cross_attention, order))
        state |= _under("around_cross_attention.norm", _norm(layer.cross_attention.norm, order))

    state |= _under("feed_forward.up", _reads(layer.feed_forward.up, order))
    state |= _under("feed_forward.down", _writes(layer.feed_forward.down, order))
    state |= _under("around_feed_forward.norm", _norm(layer.feed_forward.norm, order))
    return state


def _attention(attention: Attention, order: NDArray[np.int64]) -> dict[str, Array]:
    key_value = joined([attention.key, attention.value])
    return {
        **_under("query", _reads(attention.query, order)),
        **_under("key_value", _reads(key_value, order)),
        **_under("out", _writes(attention.out, order)),
    }


def _reads(linear: Linear, order: NDArray[np.int64]) -> dict[str, Array]:
    """A layer whose inputs are in the width of the model."""
    return {"weight": _columns(linear.weight, order), "bias": linear.bias}


def _writes(linear: Linear, order: NDArray[np.int64]) -> dict[str, Array]:
    """A layer whose outputs are."""
    return {"weight": linear.weight[order], "bias": linear.bias[order]}


def _columns(array: Array, order: NDArray[np.int64]) -> Array:
    """Twice as fast as `array[:, order]`, whose rows are not in one piece."""
    return np.take(array, order, axis=1)


def _norm(norm: Norm, order: NDArray[np.int64]) -> dict[str, Array]:
    return {"weight": norm.weight[order], "bias": norm.bias[order]}


def _under(prefix: str, state: Mapping[str, Array]) -> dict[str, Array]:
    return {f"{prefix}.{name}": array for name, array in state.items()}


# And out of it


def weights_of(state: Mapping[str, Array], layers: tuple[int, int], *, prenorm: bool) -> Weights:
    """The state of our Transformer of `layers` (encoder, decoder), as `Weights`."""
    tied = state.get("target_embedding.tokens.weight") is None
    order = np.argsort(_ours(state["output"].shape[1]))

    output = state["output"][:, order]
    target = output if tied else state["target_embedding.tokens.weight"][:, order]
    source = target
    if "source_embedding.tokens.weight" in state:
        source = state["source_embedding.tokens.weight"][:, order]

    def stack(side: str, count: int) -> list[Layer]:
        return [_layer_of(_below(f"{side}.{i}", state), order) for i in range(count)]

    positions = state.get("target_embedding.positions")
    of_source = state.get("source_embedding.positions")
    if of_source is not None and np.array_equal(of_source, state["target_embedding.positions"]):
        of_source = None
    encoder, decoder = layers
    return Weights(
        source_embedding=source,
        target_embedding=target,
        output=output,
        output_bias=state.get("output_bias"),
        positions=None if positions is None else positions[:, order],
        encoder=stack("encoder", encoder),
        decoder=stack("decoder", decoder),
        encoder_norm=_norm_of(_below("encoder_norm", state), order) if prenorm else None,
        decoder_norm=_norm_of(_below("decoder_norm", state), order) if prenorm else None,
        source_positions=None if of_source is None else of_source[:, order],
    )


def _layer_of(state: Mapping[str, Array], order: NDArray[np.int64]) -> Layer:
    has_cross = "cross_attention.query.weight" in state
    return Layer(
        attention=_attention_of("attention", state, order),
        cross_attention=_attention_of("cross_attention", state, order) if has_cross else None,
        feed_forward=FeedForward(
            _reader(_below("feed_forward.up", state), order),
            _writer(_below("feed_forward.down", state), order),
            _norm_of(_below("around_feed_forward.norm", state), order),
        ),
    )


def _attention_of(name: str, state: Mapping[str, Array], order: NDArray[np.int64]) -> Attention:
    own = _below(name, state)
    key, value = parted(_reader(_below("key_value", own), order), 2)
    return Attention(
        query=_reader(_below("query", own), order),
        key=key,
        value=value,
        out=_writer(_below("out", own), order),
        norm=_norm_of(_below(f"around_{name}.norm", state), order),
    )


def _reader(state: Mapping[str, Array], order: NDArray[np.int64]) -> Linear:
    return Linear(state["weight"][:, order], state["bias"])


def _writer(state: Mapping[str, Array], order: NDArray[np.int64]) -> Linear:
    return Linear(state["weight"][order], state["bias"][order])


def _norm_of(state: Mapping[str, Array], order: NDArray[np.int64]) -> Norm:
    return Norm(state["weight"][order], state["bias"][order])


def _below(prefix: str, state: Mapping[str, Array]) -> dict[str, Array]:
    start = prefix + "."
    return {
        name.removeprefix(start): array for name, array in state.items() if name.startswith(start)
    }


# What several formats need


def joined(layers: Sequence[Linear]) -> Linear:
    """Several layers with the same inputs as one."""
    return Linear(
        np.concatenate([layer.weight for layer in layers]),
        np.concatenate([layer.bias for layer in layers]),
    )


def parted(linear: Linear, parts: int) -> list[Linear]:
    """`joined` the other way round; raises `DataError` if the layers are not of equal size."""
    if len(linear.weight) % parts or len(linear.bias) != len(linear.weight):
        raise DataError(
            f"a matrix of {len(linear.weight)} rows with {len(linear.bias)} biases is not {parts} "
            "layers"
        )
    weights = np.split(linear.weight, parts)
    biases = np.split(linear.bias, parts)
    return [Linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def sinusoids(
    length: int, width: int, *, first: int = 0, last_rate_is_exact: bool = False
) -> Array:
    """Positions `first`, … of the paper (section 3.5), sines before cosines: (length, width)

    With `last_rate_is_exact`, rates fall to 1/10000 exactly, as in tensor2tensor and in Marian.
    """
    half = width // 2
    steps = half - 1 if last_rate_is_exact else half
    rates = np.exp(np.arange(half) * -(np.log(10000.0) / max(steps, 1)))
    angles = np.arange(first, first + length)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def in_our_order(rows: Array, tokens: Sequence[int | None], missing: float = 0.0) -> Array:
    """The rows of tokens, by their ids; None is a token without a row, which becomes `missing`."""
    ids = np.array([0 if token is None else token for token in tokens])
    ordered: Array = np.take(rows, ids, axis=0)
    absent = np.array([token is None for token in tokens])
    ordered[absent] = missing
    return ordered

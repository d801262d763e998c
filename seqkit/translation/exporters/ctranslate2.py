"""Our Transformer as a CTranslate2 model: a folder, or files in memory.

The names of variables are those of CTranslate2's `TransformerSpec`, revision 7, in a model.bin of
version 6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...parsing import to_json
from ...text.vocab import BOS, EOS, SPECIALS, UNK
from ..weights import Array, Attention, Layer, Linear, Norm, Weights, joined, sinusoids

Compute = Literal["float32", "int8", "int16", "bfloat16"]

_VERSION, _REVISION = 6, 7
_KIND = "TransformerSpec"
_TYPES = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
_BFLOAT16 = 5
_ACTIVATIONS = {"relu": 0, "gelu-tanh": 1, "swish": 2, "gelu": 3}
_POSITIONS = 2048
_INT16_LARGEST = 1023.0  # of products of 16-bit integers that are summed in 32 bits


def model_files(
    weights: Weights,
    config: Mapping[str, Any],
    source: Sequence[str],
    target: Sequence[str],
    *,
    compute: Compute = "float32",
) -> dict[str, bytes]:
    """The files of a CTranslate2 folder, by name.

    `config` is the complete [model] section of a run, `source` and `target` are the tokens by id.
    """
    model = b"".join(_model(weights, config, compute))
    beside = files_beside(source, target, SPECIALS, source_eos=config["source_eos"])
    return {"model.bin": model, **beside}


def files_beside(
    source: Sequence[str], target: Sequence[str], specials: Sequence[str], *, source_eos: bool
) -> dict[str, bytes]:
    """The files beside a model.bin, whose rows are in the order of these tokens.

    `specials` are what our four special tokens are called among them.
    """
    description = {
        "add_source_bos": False,
        "add_source_eos": source_eos,
        "bos_token": specials[BOS],
        "decoder_start_token": specials[BOS],
        "eos_token": specials[EOS],
        "unk_token": specials[UNK],
        "layer_norm_epsilon": None,
    }
    files = {"config.json": _json(description)}
    if list(source) == list(target):
        return {**files, "shared_vocabulary.json": _json(list(target))}
    return {
        **files,
        "source_vocabulary.json": _json(list(source)),
        "target_vocabulary.json": _json(list(target)),
    }


def _json(value: Any) -> bytes:
    return (to_json(value, indent=1, ascii_only=True) + "\n").encode()


def _model(weights: Weights, config: Mapping[str, Any], compute: Compute) -> Iterator[bytes]:
    """The parts of a model.bin."""
    variables: dict[str, NDArray[Any]] = {}
    for name, array in sorted(_variables(weights, config).items()):
        variables |= _stored(name, array, compute)
    aliases = _aliases(weights, variables)

    yield struct.pack("<I", _VERSION)
    yield _text(_KIND)
    yield struct.pack("<II", _REVISION, len(variables))
    for name, array in variables.items():
        is_bfloat16 = array.dtype == np.uint16
        code = _BFLOAT16 if is_bfloat16 else _TYPES[array.dtype.name]
        yield _text(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        yield struct.pack("<BI", code, array.nbytes)
        yield np.ascontiguousarray(array).tobytes()

    yield struct.pack("<I", len(aliases))
    for alias, name in aliases.items():
        yield _text(alias) + _text(name)


def _text(text: str) -> bytes:
    content = text.encode() + b"\0"
    return struct.pack("<H", len(content)) + content


def _variables(weights: Weights, config: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    found: dict[str, Any] = {}
    for side in ("encoder", "decoder"):
        found |= {
            f"{side}/num_heads": np.int16(config["heads"]),
            f"{side}/pre_norm": np.int8(config["prenorm"]),
            f"{side}/activation": np.int8(_ACTIVATIONS[config["activation"]]),
            f"{side}/scale_embeddings": np.int8(1),
        }
    positions = weights.positions
    if positions is None:
        positions = sinusoids(_POSITIONS, weights.width)
    found |= {
        "encoder/embeddings_merge": np.int8(0),
        "decoder/start_from_zero_embedding": np.int8(config["zero_start"]),
        "decoder/alignment_heads": np.int16(1),
        "decoder/alignment_layer": np.int16(-1),
        "decoder/alibi": np.int8(0),
        "decoder/alibi_use_positive_positions": np.int8(0),
        "decoder/scale_alibi": np.int8(0),
        "decoder/position_encodings/encodings": positions,
        "decoder/embeddings/weight": weights.target_embedding,
    }
    if weights.output_bias is not None:
        found["decoder/projection/bias"] = weights.output_bias
    if not weights.tied:
        found["decoder/projection/weight"] = weights.output
    if not weights.shared:
        found["encoder/embeddings_0/weight"] = weights.source_embedding

    for side, layers in (("encoder", weights.encoder), ("decoder", weights.decoder)):
        for number, layer in enumerate(layers):
            found |= _layer(f"{side}/layer_{number}", layer)
    for side, norm in (("encoder", weights.encoder_norm), ("decoder", weights.decoder_norm)):
        if norm is not None:
            found |= _norm(f"{side}/layer_norm", norm)
    return {name: np.asarray(array) for name, array in found.items()}


def _layer(prefix: str, layer: Layer) -> dict[str, Array]:
    own = f"{prefix}/self_attention"
    attention = layer.attention
    found = _linear(f"{own}/linear_0", joined([attention.query, attention.key, attention.value]))
    found |= _linear(f"{own}/linear_1", attention.out)
    found |= _norm(f"{own}/layer_norm", attention.norm)
    if layer.cross_attention is not None:
        found |= _cross_attention(f"{prefix}/attention", layer.cross_attention)

    forward = layer.feed_forward
    found |= _linear(f"{prefix}/ffn/linear_0", forward.up)
    found |= _linear(f"{prefix}/ffn/linear_1", forward.down)
    return found | _norm(f"{prefix}/ffn/layer_norm", forward.norm)


def _cross_attention(prefix: str, attention: Attention) -> dict[str, Array]:
    return {
        **_linear(f"{prefix}/linear_0", attention.query),
        **_linear(f"{prefix}/linear_1", joined([attention.key, attention.value])),
        **_linear(f"{prefix}/linear_2", attention.out),
        **_norm(f"{prefix}/layer_norm", attention.norm),
    }


def _linear(prefix: str, linear: Linear) -> dict[str, Array]:
    return {f"{prefix}/weight": linear.weight, f"{prefix}/bias": linear.bias}


def _norm(prefix: str, norm: Norm) -> dict[str, Array]:
    return {f"{prefix}/gamma": norm.weight, f"{prefix}/beta": norm.bias}


def _aliases(weights: Weights, variables: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Second names: of tied matrices and their scales, and of the encoder's positions."""
    embedding = "decoder/embeddings/weight"
    aliases = {"encoder/position_encodings/encodings": "decoder/position_encodings/encodings"}
    if weights.tied:
        aliases["decoder/projection/weight"] = embedding
    if weights.shared:
        aliases["encoder/embeddings_0/weight"] = embedding

    scales = {
        f"{alias}_scale": f"{name}_scale"
        for alias, name in aliases.items()
        if f"{name}_scale" in variables
    }
    return aliases | scales


# Types


def _stored(name: str, array: NDArray[Any], compute: Compute) -> dict[str, NDArray[Any]]:
    """A variable in the type that it is stored in, with the scale of its integers."""
    is_matrix = name.endswith("weight")
    match compute:
        case "int8" if is_matrix:
            return _as_int8(name, array)
        case "int16" if is_matrix:
            scale = _INT16_LARGEST / max(float(np.abs(array).max()), 1e-12)
            integers = np.rint(array * scale).astype(np.int16)
            return {name: integers, f"{name}_scale": np.asarray(scale, np.float32)}
        case "bfloat16" if array.dtype == np.float32 and array.ndim:
            return {name: _as_bfloat16(array)}
        case _:
            return {name: array}


def _as_int8(name: str, array: Array) -> dict[str, NDArray[Any]]:
    """Each row times a scale that makes its largest number 127."""
    largest = np.abs(array).max(axis=1)
    scale = 127.0 / np.where(largest == 0, 127.0, largest)
    integers = np.rint(array * scale[:, None]).astype(np.int8)
    return {name: integers, f"{name}_scale": scale.astype(np.float32)}


def _as_bfloat16(array: Array) -> NDArray[np.uint16]:
    """The upper half of float32, rounded to the nearest, halves to even."""
    bits = np.ascontiguousarray(array).view(np.uint32)
    odd = (bits >> 16) & 1
    rounded: NDArray[np.uint16] = ((bits + 0x7FFF + odd) >> 16).astype(np.uint16)
    return rounded

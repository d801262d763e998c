"""Hugging Face folders of Marian models: OPUS-MT and its relatives.

The names of tensors are those of `MarianMTModel`. Models with norms before the sublayers, which it
has no place for, are `PegasusForConditionalGeneration`, as `seqkit export` writes them. Text is cut
by source.spm, ids come from
vocab.json, and outputs are joined by target.spm.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, reason
from ...parsing import json_of
from ...text.pieces import PieceTokenizer
from ..data_config import LANGUAGE
from ..weights import Array, Attention, FeedForward, Layer, Linear, Norm, Weights, sinusoids
from ..weights_file import read_state
from .foreign import Foreign, Vocabulary, card_in

CONFIG = "config.json"
_MARIAN, _PEGASUS = "marian", "pegasus"
_BESIDE = ("source.spm", "target.spm", "vocab.json")
_SAFE = "model.safetensors"
_PICKLE = "pytorch_model.bin"
_ACTIVATIONS = {
    "swish": "swish",
    "silu": "swish",
    "relu": "relu",
    "gelu": "gelu",
    "gelu_new": "gelu-tanh",
}


def is_folder(path: Path) -> bool:
    """Whether `path` has a model's config with the name of a kind of model, or Marian's files."""
    if all((path / name).is_file() for name in _BESIDE):
        return True
    config = path / CONFIG
    try:
        return "model_type" in json_of(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def check_kind(folder: Path) -> None:
    """Raise `DataError` for a folder, maybe without weights, of another kind of model."""
    if is_folder(folder):
        _Config(folder / CONFIG)


def read(folder: Path) -> Foreign:
    """Read a folder; raises `DataError` for what is damaged, missing, or no Marian model."""
    config = _Config(folder / CONFIG)
    model = _Model(_read_tensors(folder), config, folder)
    source, target = _read_vocabularies(folder, config)

    weights = model.weights()
    start = config.integer("decoder_start_token_id", below=len(target.tokens))
    end = config.integer("eos_token_id", below=len(target.tokens))
    return Foreign(
        format="Hugging Face",
        weights=weights,
        heads=config.integer("decoder_attention_heads"),
        prenorm=config.values["model_type"] == _PEGASUS,
        activation=config.activation(),
        zero_start=not weights.target_embedding[start : start + 1].any(),
        source_eos=True,
        source=source,
        target=target,
        start=target.tokens[start],
        unknown="<unk>",
        end=target.tokens[end],
        source_pieces=PieceTokenizer.read(folder / "source.spm"),
        target_pieces=PieceTokenizer.read(folder / "target.spm"),
        languages=_read_languages(folder / "tokenizer_config.json"),
        card=card_in(folder),
    )


class _Config:
    """config.json, with each value checked when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values = _read_object(path)
        kind = self.values.get("model_type")
        if kind not in (_MARIAN, _PEGASUS):
            raise DataError(
                f"{path.parent} is a model of kind {kind!r}: "
                "of Hugging Face's, seqkit opens Marian models (OPUS-MT) only"
            )
        if not self.flag("scale_embedding", default=False):
            raise DataError(f"{path}: embeddings that are not scaled are not supported")
        heads = self.integer("decoder_attention_heads")
        if heads != self.integer("encoder_attention_heads"):
            raise DataError(f"{path}: encoder and decoder have different numbers of heads")

    def integer(self, name: str, *, below: int = 1 << 31) -> int:
        value = self.values.get(name)
        if not isinstance(value, int) or not 0 <= value < below:
            raise DataError(f"{self.path} is damaged: {name} is {value!r}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        return bool(self.values.get(name, default))

    def activation(self) -> str:
        name = self.values.get("activation_function", "gelu")
        if name not in _ACTIVATIONS:
            raise DataError(f"{self.path}: seqkit's Transformer has no activation {name!r}")
        return _ACTIVATIONS[name]


class _Model:
    """The tensors of a model, by what they mean."""

    def __init__(self, tensors: Mapping[str, Array], config: _Config, folder: Path) -> None:
        self.tensors = tensors
        self.config = config
        self.folder = folder

    def weights(self) -> Weights:
        source, target = self.embeddings()
        output = target
        is_tied = self.config.flag("tie_word_embeddings", default=True)
        if not is_tied and "lm_head.weight" in self.tensors:
            output = self.array("lm_head.weight")

        return Weights(
            source_embedding=source,
            target_embedding=target,
            output=output,
            output_bias=self.array("final_logits_bias").reshape(-1),
            positions=self.positions(),
            encoder=self.layers("encoder"),
            decoder=self.layers("decoder"),
            encoder_norm=self.optional_norm("model.encoder.layer_norm"),
            decoder_norm=self.optional_norm("model.decoder.layer_norm"),
        )

    def embeddings(self) -> tuple[Array, Array]:
        if self.config.flag("share_encoder_decoder_embeddings", default=True):
            names = ("model.shared.weight", "model.decoder.embed_tokens.weight", "lm_head.weight")
            name = next((name for name in names if name in self.tensors), names[0])
            both = self.array(name)
            return both, both
        return (
            self.array("model.encoder.embed_tokens.weight"),
            self.array("model.decoder.embed_tokens.weight"),
        )

    def positions(self) -> Array | None:
        """Learned positions; transformers saves the sinusoids, too, of some models."""
        name = "model.decoder.embed_positions.weight"
        if name not in self.tensors:
            return None
        positions = self.tensors[name]
        if positions.ndim != 2 or positions.shape[1] % 2:
            return positions  # refused with all that does not fit
        are_sinusoids = np.allclose(positions, sinusoids(*positions.shape), atol=1e-4)
        return None if are_sinusoids else positions

    def layers(self, side: str) -> list[Layer]:
        count = self.config.integer(f"{side}_layers")
        return [self.layer(f"model.{side}.layers.{number}", side) for number in range(count)]

    def layer(self, prefix: str, side: str) -> Layer:
        attention = self.attention(f"{prefix}.self_attn")
        cross_attention = None
        if side == "decoder":
            cross_attention = self.attention(f"{prefix}.encoder_attn")
        feed_forward = FeedForward(
            self.linear(f"{prefix}.fc1"),
            self.linear(f"{prefix}.fc2"),
            self.norm(f"{prefix}.final_layer_norm"),
        )
        return Layer(attention, cross_attention, feed_forward)

    def attention(self, prefix: str) -> Attention:
        return Attention(
            self.linear(f"{prefix}.q_proj"),
            self.linear(f"{prefix}.k_proj"),
            self.linear(f"{prefix}.v_proj"),
            self.linear(f"{prefix}.out_proj"),
            self.norm(f"{prefix}_layer_norm"),
        )

    def linear(self, prefix: str) -> Linear:
        return Linear(self.array(f"{prefix}.weight"), self.array(f"{prefix}.bias"))

    def optional_norm(self, prefix: str) -> Norm | None:
        return self.norm(prefix) if f"{prefix}.weight" in self.tensors else None

    def norm(self, prefix: str) -> Norm:
        return Norm(self.array(f"{prefix}.weight"), self.array(f"{prefix}.bias"))

    def array(self, name: str) -> Array:
        if name not in self.tensors:
            raise DataError(f"{self.folder}: the weights lack {name!r}")
        return self.tensors[name]


# Files


def _read_tensors(folder: Path) -> dict[str, Array]:
    """The weights in float32, read without torch where that can be; no pickle is run."""
    safe = folder / _SAFE
    pickled = folder / _PICKLE
    if not safe.exists() and not pickled.exists():
        raise DataError(f"{folder} has no weights: it lacks {_SAFE}")

    if not safe.exists():
        from ...training.torch_files import read_tensors

        return {name: tensor.float().numpy() for name, tensor in read_tensors(pickled).items()}
    try:
        return read_state(safe)
    except ValueError:  # float64
        from ...training.weights import load_tensors

        return {name: tensor.float().numpy() for name, tensor in load_tensors(safe).items()}


def _read_vocabularies(folder: Path, config: _Config) -> tuple[Vocabulary, Vocabulary]:
    """The source's and the target's; the same object if there is one for both."""
    source = _read_vocabulary(folder / "vocab.json")
    path = folder / "target_vocab.json"
    return source, _read_vocabulary(path) if path.exists() else source


def _read_vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.of_ids(path, _read_object(path))


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found: Any = json_of(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except ValueError:
        raise DataError(f"{path} is damaged: not a JSON file") from None
    if not isinstance(found, dict):
        raise DataError(f"{path} is damaged: not a JSON object")
    return found


def _read_languages(path: Path) -> tuple[str, str] | None:
    values = _read_object(path) if path.exists() else {}
    found = values.get("source_lang"), values.get("target_lang")
    match found:
        case (str(source), str(target)):
            return _language(source), _language(target)
        case _:
            return None


def _language(name: str) -> str:
    """A code, or else that of several languages: OPUS-MT has "ROMANCE", "eng+deu" and the like."""
    return name if LANGUAGE.fullmatch(name) else "mul"

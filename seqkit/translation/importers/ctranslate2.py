"""CTranslate2 folders: model.bin, its config and its vocabularies.

The names of variables are those of CTranslate2's `TransformerSpec`. Layers that read the same
thing are one matrix there: queries, keys and values of self-attention, keys and values of the
attention to the source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast, overload

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...parsing import json_of
from ...text.pieces import PieceTokenizer
from ..weights import (
    EPSILON,
    Array,
    Attention,
    FeedForward,
    Layer,
    Linear,
    Norm,
    Weights,
    parted,
    sinusoids,
)
from .ctranslate2_file import FILE, Variables, is_model, read_variables
from .ctranslate2_vocabularies import has_vocabulary, read_vocabularies
from .foreign import Foreign, Vocabulary
from .target_pieces import target_pieces as pieces_of_target

CONFIG = "config.json"

_ACTIVATIONS = {0: "relu", 1: "gelu-tanh", 2: "swish", 3: "gelu"}
_HEADS_OF_KIND = {"TransformerBase": 8, "TransformerBig": 16}  # before the heads were written down
_KINDS = ("TransformerSpec", *_HEADS_OF_KIND)
_POSITIONS = 1024  # made for a model whose positions are computed

# What another kind of Transformer would have: the variable, and the value that ours stands for.
_EXPECTED: dict[str, Any] = {
    "scale_embeddings": True,
    "alibi": False,
    "rms_norm": False,
    "multi_query_attention": False,
    "embeddings_merge": 0,
    "project_in/weight": None,
    "project_out/weight": None,
    "layernorm_embedding/gamma": None,
    "layer_0/self_attention/relative_position_keys": None,
    "layer_0/self_attention/relative_attention_bias": None,
    "layer_0/self_attention/rotary_dim": None,
    "layer_0/ffn/linear_0_noact/weight": None,
}

# Variables that say how to align, or more of what `_EXPECTED` rules out.
_WITHOUT_EFFECT = (
    "/alignment_heads",
    "/alignment_layer",
    "/alibi_use_positive_positions",
    "/scale_alibi",
)


def is_folder(path: Path) -> bool:
    """Whether a model.bin of CTranslate2 is there, or a vocabulary as it calls them."""
    return is_model(path / FILE) or has_vocabulary(path)


def read(folder: Path) -> Foreign:
    """Read a folder; raises `DataError` for what is damaged, or is no Transformer of our kind."""
    return _foreign(_Model(read_variables(folder / FILE), folder / FILE), folder)


def read_stored(folder: Path) -> tuple[Foreign, bytes] | None:
    """A model whose file CTranslate2 may read itself, and that file; raises as `read`.

    Its matrices are in the numbers of the file: their shapes are right, their values are not. None
    if the file holds anything that `read` does not look at, or numbers that are none: CTranslate2
    believes what it is given.
    """
    path = folder / FILE
    model = _Stored(read_variables(path), path)
    found = _foreign(model, folder)
    starts = found.zero_start or found.start in found.target.tokens
    return (found, path.read_bytes()) if starts and model.is_plain() else None


def _foreign(model: _Model, folder: Path) -> Foreign:
    config = _read_config(folder / CONFIG)
    source, target = read_vocabularies(folder, config.get("unk_token", "<unk>"))
    source_pieces, target_pieces = _read_pieces(folder, target)

    return Foreign(
        format="CTranslate2",
        weights=model.weights(),
        heads=model.heads,
        prenorm=model.prenorm(),
        activation=model.activation(),
        zero_start=model.flag("decoder/start_from_zero_embedding", default=False),
        source_eos=bool(config.get("add_source_eos", False)),
        source=source,
        target=target,
        start=config.get("decoder_start_token", config.get("bos_token", "<s>")),
        unknown=config.get("unk_token", "<unk>"),
        end=config.get("eos_token", "</s>"),
        source_pieces=source_pieces,
        target_pieces=target_pieces,
    )


class _Model:
    """The variables of a model, by what they mean."""

    def __init__(self, variables: Variables, path: Path) -> None:
        self.variables = variables
        self.path = path
        self.asked: set[str] = set()  # the names of the variables that were looked for
        if variables.kind not in _KINDS:
            raise DataError(
                f"{path} is a {variables.kind}: seqkit opens encoder-decoder Transformers only"
            )
        for side in ("encoder", "decoder"):
            for name, expected in _EXPECTED.items():
                self._expect(f"{side}/{name}", expected)
        self.heads = self._heads()

    def weights(self) -> Weights:
        source, target = self.embeddings()
        output = target
        if not self.same("decoder/projection/weight", "decoder/embeddings/weight"):
            output = self.matrix("decoder/projection/weight")

        return Weights(
            source_embedding=source,
            target_embedding=target,
            output=output,
            output_bias=self.optional("decoder/projection/bias"),
            positions=self.positions(width=target.shape[1]),
            encoder=self.layers("encoder"),
            decoder=self.layers("decoder"),
            encoder_norm=self.optional_norm("encoder/layer_norm"),
            decoder_norm=self.optional_norm("decoder/layer_norm"),
        )

    def embeddings(self) -> tuple[Array, Array]:
        names = ("encoder/embeddings/weight", "encoder/embeddings_0/weight")
        (source_name,) = [name for name in names if self.has(name)] or names[:1]
        target_name = "decoder/embeddings/weight"

        target = self.matrix(target_name)
        is_one = self.same(source_name, target_name)
        return (target if is_one else self.matrix(source_name)), target

    def positions(self, width: int) -> Array | None:
        """None where they are the paper's."""
        name = "decoder/position_encodings/encodings"
        if not self.has(name):  # OpenNMT-tf: made by CTranslate2, as tensor2tensor made them
            return sinusoids(_POSITIONS, width, first=1, last_rate_is_exact=True)

        found = self.array(name)
        encoder = "encoder/position_encodings/encodings"
        if not self.same(encoder, name) and not np.array_equal(self.array(encoder), found):
            raise DataError(f"{self.path}: encoder and decoder have different positions")
        is_the_papers = np.abs(found - sinusoids(*found.shape)).max() < 1e-3
        return None if is_the_papers else found

    def layers(self, side: str) -> Sequence[Layer]:
        count = 0
        while self.has(f"{side}/layer_{count}/self_attention/linear_0/weight"):
            self.layer(f"{side}/layer_{count}", side)  # raises for what is damaged
            count += 1
        if not count:
            self.damaged(f"the {side} has no layers")
        return _Layers(count, lambda i: self.layer(f"{side}/layer_{i}", side))

    def layer(self, prefix: str, side: str) -> Layer:
        own = f"{prefix}/self_attention"
        query, key, value = self.parts(f"{own}/linear_0", 3)
        attention = Attention(
            query, key, value, self.linear(f"{own}/linear_1"), self.norm(f"{own}/layer_norm")
        )

        cross_attention = None
        if side == "decoder":
            cross = f"{prefix}/attention"
            key, value = self.parts(f"{cross}/linear_1", 2)
            cross_attention = Attention(
                self.linear(f"{cross}/linear_0"),
                key,
                value,
                self.linear(f"{cross}/linear_2"),
                self.norm(f"{cross}/layer_norm"),
            )

        forward = f"{prefix}/ffn"
        feed_forward = FeedForward(
            self.linear(f"{forward}/linear_0"),
            self.linear(f"{forward}/linear_1"),
            self.norm(f"{forward}/layer_norm"),
        )
        return Layer(attention, cross_attention, feed_forward)

    def parts(self, prefix: str, count: int) -> list[Linear]:
        try:
            return parted(self.linear(prefix), count)
        except DataError as error:
            self.damaged(f"{prefix}: {error}")

    def linear(self, prefix: str) -> Linear:
        weight = self.matrix(f"{prefix}/weight")
        bias = self.optional(f"{prefix}/bias")
        return Linear(weight, np.zeros(len(weight), np.float32) if bias is None else bias)

    def optional_norm(self, prefix: str) -> Norm | None:
        return self.norm(prefix) if self.has(f"{prefix}/gamma") else None

    def norm(self, prefix: str) -> Norm:
        return Norm(self.array(f"{prefix}/gamma"), self.array(f"{prefix}/beta"))

    # Arrays

    def matrix(self, name: str) -> Array:
        """A matrix as float32; integers were made by a scale for each row, or one for all."""
        scale = self.scale(name)
        if scale is None:
            return self.array(name)

        array = self.stored(name)
        divisors = scale[:, None] if scale.ndim else scale
        quotients: Array = np.divide(array, divisors, dtype=np.float32)
        return quotients

    def scale(self, name: str) -> Array | None:
        scale = self.optional(f"{self.name(name)}_scale")
        array = self.stored(name)
        if scale is not None and scale.ndim and scale.shape != array.shape[:1]:
            self.damaged(f"{name!r} has {scale.size} scales for {len(array)} rows")
        return scale

    def optional(self, name: str) -> Array | None:
        return self.array(name) if self.has(name) else None

    def array(self, name: str) -> Array:
        return self.stored(name).astype(np.float32)

    def stored(self, name: str) -> NDArray[np.generic]:
        """An array in the numbers of the file."""
        if not self.has(name):
            self.damaged(f"it lacks {name!r}")
        return self.variables.arrays[self.name(name)]

    def has(self, name: str) -> bool:
        self.asked.add(self.name(name))
        return self.name(name) in self.variables.arrays

    def name(self, name: str) -> str:
        return self.variables.aliases.get(name, name)

    def same(self, first: str, second: str) -> bool:
        return self.name(first) == self.name(second)

    # Single values

    def flag(self, name: str, *, default: bool) -> bool:
        return bool(self.value(name, default))

    def value(self, name: str, default: Any) -> Any:
        if not self.has(name):
            return default
        array = self.variables.arrays[self.name(name)]
        if array.size != 1:
            self.damaged(f"{name!r} is not one value")
        return array.item()

    def prenorm(self) -> bool:
        found = self.flag("decoder/pre_norm", default=True)
        if found != self.flag("encoder/pre_norm", default=True):
            raise DataError(f"{self.path}: only one of encoder and decoder has norms first")
        return found

    def activation(self) -> str:
        code = self.value("decoder/activation", 0)
        if code not in _ACTIVATIONS or code != self.value("encoder/activation", 0):
            raise DataError(f"{self.path}: seqkit's Transformer has no activation {code}")
        return _ACTIVATIONS[code]

    def _heads(self) -> int:
        default = _HEADS_OF_KIND.get(self.variables.kind)
        heads = self.value("decoder/num_heads", default)
        if not isinstance(heads, int) or heads != self.value("encoder/num_heads", default):
            self.damaged("the number of attention heads")
        return heads

    def _expect(self, name: str, expected: Any) -> None:
        if self.has(name) and (expected is None or self.value(name, expected) != expected):
            raise DataError(f"{self.path}: seqkit's Transformer has nothing like {name!r}")

    def damaged(self, why: str) -> NoReturn:
        raise DataError(f"{self.path} is damaged: {why}")


class _Layers(Sequence[Layer]):
    """Read when they are asked for: in float32 they take four times what they do in the file."""

    def __init__(self, count: int, read: Callable[[int], Layer]) -> None:
        self._places = range(count)
        self._read = read

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Layer: ...

    @overload
    def __getitem__(self, place: slice) -> list[Layer]: ...

    def __getitem__(self, place: int | slice) -> Layer | list[Layer]:
        if isinstance(place, slice):
            return [self._read(i) for i in self._places[place]]
        return self._read(self._places[place])


class _Stored(_Model):
    """The same, with the matrices in the numbers of the file."""

    def matrix(self, name: str) -> Array:
        is_whole = self.stored(name).dtype.kind == "f"
        if is_whole != (self.scale(name) is None):
            self.damaged(f"{name!r} is not of real numbers, or of integers with a scale")
        return cast(Array, self.stored(name))

    def is_plain(self) -> bool:
        """Whether nothing is in the file but what was looked for, and all numbers are finite."""
        arrays = self.variables.arrays
        others = {name for name in arrays.keys() - self.asked if not name.endswith(_WITHOUT_EFFECT)}
        is_known = self.variables.kind == _KINDS[0] and not others
        return is_known and all(np.isfinite(array).all() for array in arrays.values())


def _read_config(path: Path) -> dict[str, Any]:
    """config.json; models of before it have none."""
    if not path.exists():
        return {}
    try:
        config = json_of(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(f"{path} is damaged: not a JSON file") from None
    if not isinstance(config, dict):
        raise DataError(f"{path} is damaged: not a JSON object")

    if config.get("add_source_bos"):
        raise DataError(f"{path}: sources that begin with a token of their own are not supported")
    epsilon = config.get("layer_norm_epsilon")
    if epsilon not in (None, EPSILON):
        raise DataError(f"{path}: layer_norm_epsilon is {epsilon}; seqkit's is {EPSILON}")
    return config


def _read_pieces(
    folder: Path, target: Vocabulary
) -> tuple[PieceTokenizer | None, PieceTokenizer | None]:
    """The SentencePiece models beside a model, under the names that converters give them."""
    both = folder / "sentencepiece.model"
    if both.exists():
        pieces = PieceTokenizer.read(both)
        return pieces, pieces_of_target(pieces, target.tokens)

    source = folder / "source.spm"
    if source.exists():
        return PieceTokenizer.read(source), PieceTokenizer.read(folder / "target.spm")
    return None, None

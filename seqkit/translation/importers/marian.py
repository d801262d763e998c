"""Marian's own models: a .npz with all weights and settings, its vocabularies beside it.

Names are those of Marian's `transformer` type: `encoder_l1_self_Wq` and so on, with matrices
transposed. Positions are Marian's, whose rates reach 1/10000 exactly. Only decoders with
self-attention are Transformers: the SSRU of Bergamot's students is not one.
"""

from __future__ import annotations

import ast
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, NoReturn

import numpy as np

from ...data.files import reading
from ...errors import DataError, reason
from ...text.pieces import PieceTokenizer
from ..weights import Array, Attention, FeedForward, Layer, Linear, Norm, Weights, sinusoids
from .foreign import Foreign, Vocabulary, card_in

_SETTINGS = "special:model.yml"
_POSITIONS = 1024
_LARGEST = 8 << 30  # bytes of all arrays
_RATIO = 200  # an array is unpacked to at most so many times its size
_ACTIVATIONS = {"swish": "swish", "relu": "relu", "gelu": "gelu"}

# What another kind of Transformer would have said. The letter d, for dropout, counts for nothing.
_EXPECTED = {
    "type": ("transformer",),
    "transformer-decoder-autoreg": ("self-attention",),
    "transformer-preprocess": ("",),
    "transformer-postprocess": ("an",),
    "transformer-postprocess-emb": ("",),
    "transformer-postprocess-top": ("",),
    "transformer-ffn-depth": ("2",),
    "transformer-no-projection": ("false",),
    "transformer-train-position-embeddings": ("false",),
    "transformer-tied-layers": ("[]", ""),
    "right-left": ("false",),
    "ulr": ("false",),
}
_WITH_DROPOUT = ("transformer-preprocess", "transformer-postprocess", "transformer-postprocess-emb")


def is_model(path: Path) -> bool:
    """Whether `path` is such a .npz, or a folder with one."""
    found = _find(path)
    try:
        with zipfile.ZipFile(found) as file:
            return f"{_SETTINGS}.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        return False


def read(path: Path) -> Foreign:
    """Read a model and its vocabularies; raises `DataError` for what is damaged or unsupported."""
    found = _find(path)
    model = _Model(_read_arrays(found), found)
    source, target = _read_vocabularies(found.parent, model)
    source_pieces, target_pieces = _read_pieces(found.parent, source, target)

    return Foreign(
        format="Marian",
        weights=model.weights(),
        heads=model.integer("transformer-heads"),
        prenorm=False,
        activation=model.activation(),
        zero_start=True,
        source_eos=True,
        source=source,
        target=target,
        start="",  # no token: its embedding is zero
        unknown="<unk>",
        end="</s>",
        source_pieces=source_pieces,
        target_pieces=target_pieces,
        card=card_in(found.parent),
    )


def _find(path: Path) -> Path:
    """The .npz of a folder, the one with the best scores if there are several."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.npz"), key=lambda file: ("best" not in file.name, file.name))
    return found[0] if found else path / "model.npz"


class _Model:
    """The arrays of a model, by what they mean."""

    def __init__(self, arrays: Mapping[str, Array], path: Path) -> None:
        self.arrays = arrays
        self.path = path
        settings = _parse(arrays[_SETTINGS].tobytes().rstrip(b"\0"), path)
        self.settings: Mapping[str, Any] = settings if isinstance(settings, dict) else {}
        self._check_kind()

    def _check_kind(self) -> None:
        if self.settings.get("transformer-decoder-autoreg") == "rnn":
            raise DataError(
                f"{self.path}: its decoder is recurrent (SSRU), as in the models of Firefox; "
                "seqkit opens decoders with self-attention only"
            )
        for name, expected in _EXPECTED.items():
            value = str(self.settings.get(name, expected[0]))
            if name in _WITH_DROPOUT:
                value = value.replace("d", "")
            if value not in expected:
                shown = self.settings[name]
                raise DataError(
                    f"{self.path}: seqkit's Transformer has nothing like {name}: {shown}"
                )

    def weights(self) -> Weights:
        source, target = self.embeddings()
        output = target
        if "decoder_ff_logit_out_Wt" in self.arrays:
            output = self.array("decoder_ff_logit_out_Wt")
        elif "decoder_ff_logit_out_W" in self.arrays:
            output = self.array("decoder_ff_logit_out_W").T
        has_bias = "decoder_ff_logit_out_b" in self.arrays
        if target.ndim != 2 or target.shape[1] < 4 or target.shape[1] % 2:
            self.damaged(f"the target embedding is {target.shape}")

        return Weights(
            source_embedding=source,
            target_embedding=target,
            output=output,
            output_bias=self.vector("decoder_ff_logit_out_b") if has_bias else None,
            positions=sinusoids(_POSITIONS, target.shape[1], last_rate_is_exact=True),
            encoder=self.layers("encoder", self.integer("enc-depth")),
            decoder=self.layers("decoder", self.integer("dec-depth")),
            encoder_norm=None,
            decoder_norm=None,
        )

    def embeddings(self) -> tuple[Array, Array]:
        if "Wemb" in self.arrays:
            both = self.array("Wemb")
            return both, both
        return self.array("encoder_Wemb"), self.array("decoder_Wemb")

    def layers(self, side: str, count: int) -> list[Layer]:
        return [self.layer(f"{side}_l{number}", side) for number in range(1, count + 1)]

    def layer(self, prefix: str, side: str) -> Layer:
        feed_forward = FeedForward(
            self.linear(f"{prefix}_ffn_W1", f"{prefix}_ffn_b1"),
            self.linear(f"{prefix}_ffn_W2", f"{prefix}_ffn_b2"),
            self.norm(f"{prefix}_ffn_ffn_ln"),
        )
        cross_attention = self.attention(f"{prefix}_context") if side == "decoder" else None
        return Layer(self.attention(f"{prefix}_self"), cross_attention, feed_forward)

    def attention(self, prefix: str) -> Attention:
        query, key, value, out = (
            self.linear(f"{prefix}_W{letter}", f"{prefix}_b{letter}") for letter in "qkvo"
        )
        return Attention(query, key, value, out, self.norm(f"{prefix}_Wo_ln"))

    def linear(self, weight: str, bias: str) -> Linear:
        return Linear(self.array(weight).T, self.vector(bias))

    def norm(self, prefix: str) -> Norm:
        return Norm(self.vector(f"{prefix}_scale"), self.vector(f"{prefix}_bias"))

    def vector(self, name: str) -> Array:
        return self.array(name).reshape(-1)

    def array(self, name: str) -> Array:
        if name not in self.arrays:
            self.damaged(f"it lacks {name!r}")
        return self.arrays[name].astype(np.float32, copy=False)

    def integer(self, name: str) -> int:
        value = self.settings.get(name)
        if not isinstance(value, str) or not value.isdecimal() or len(value) > 4:
            self.damaged(f"{name} is {value!r}")
        return int(value)

    def activation(self) -> str:
        name = self.settings.get("transformer-ffn-activation", "swish")
        if name not in _ACTIVATIONS:
            raise DataError(f"{self.path}: seqkit's Transformer has no activation {name!r}")
        return _ACTIVATIONS[name]

    def damaged(self, why: str) -> NoReturn:
        raise DataError(f"{self.path} is damaged: {why}")


# Files


def _read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of a .npz; nothing in it is run, and no size that it claims is believed."""
    try:
        with zipfile.ZipFile(path) as file:
            members = file.infolist()
            _check_sizes(members, path)
            return {
                member.filename.removesuffix(".npy"): _array_of(file.read(member), member, path)
                for member in members
            }
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise DataError(f"{path} is damaged: not a whole .npz file") from None


def _check_sizes(members: list[zipfile.ZipInfo], path: Path) -> None:
    total = sum(member.file_size for member in members)
    for member in members:
        is_bomb = member.file_size > _RATIO * max(member.compress_size, 1 << 10)
        if is_bomb or total > _LARGEST:
            raise DataError(f"{path}: {member.filename} unpacks to too much, left as it is")


def _array_of(content: bytes, member: zipfile.ZipInfo, path: Path) -> Array:
    """The array in a .npy file: 6 bytes, a version, the length of a header, the header, numbers."""
    length = int.from_bytes(content[8:10], "little")
    start = 10 + length
    try:
        if content[:7] != b"\x93NUMPY\x01":
            raise ValueError("not version 1")
        header = ast.literal_eval(content[10:start].decode("latin-1"))
        dtype, shape = np.dtype(header["descr"]), header["shape"]
        is_plain = dtype.kind in "fiu" and not header["fortran_order"]
        if not is_plain or not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError("not plain numbers")
        return np.frombuffer(content, dtype, offset=start).reshape(shape)
    except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
        raise DataError(f"{path} is damaged: {member.filename} is no array of numbers") from None


def _read_vocabularies(folder: Path, model: _Model) -> tuple[Vocabulary, Vocabulary]:
    """The source's and the target's; the same object if there is one for both."""
    paths = _vocabulary_paths(folder)
    if len(paths) not in (1, 2):
        raise DataError(
            f"{folder} has {len(paths)} vocabularies: name the source's and the target's in "
            "decoder.yml, as in `vocabs: [source.yml, target.yml]`"
        )
    source = _read_vocabulary(paths[0])
    is_one = len(paths) == 1 or paths[0] == paths[1]
    return source, source if is_one else _read_vocabulary(paths[1])


def _vocabulary_paths(folder: Path) -> list[Path]:
    """Those that decoder.yml names, or else the ones in the folder."""
    decoder = folder / "decoder.yml"
    if decoder.exists():
        settings = _parse(_bytes_of(decoder), decoder)
        named = settings.get("vocabs") if isinstance(settings, dict) else None
        if isinstance(named, list) and all(isinstance(name, str) for name in named):
            return [folder / PureWindowsPath(name).name for name in named]

    by_name = [*folder.glob("*vocab*.yml"), *folder.glob("*vocab*.yaml")]
    return sorted(by_name or folder.glob("*vocab*.spm"))


def _read_vocabulary(path: Path) -> Vocabulary:
    if path.suffix == ".spm":  # its ids are the vocabulary
        return Vocabulary(path, PieceTokenizer.read(path).pieces)

    found = _parse(_bytes_of(path), path)
    if not isinstance(found, dict) or not all(isinstance(token, str) for token in found):
        raise DataError(f"{path} is damaged: not a vocabulary, token: id")
    return Vocabulary.of_ids(path, found)


def _read_pieces(
    folder: Path, source: Vocabulary, target: Vocabulary
) -> tuple[PieceTokenizer | None, PieceTokenizer | None]:
    """The SentencePiece models: the vocabularies themselves, or source.spm and target.spm."""
    if source.path.suffix == ".spm":
        pieces = PieceTokenizer.read(source.path)
        return pieces, pieces if source is target else PieceTokenizer.read(target.path)

    names = [folder / "source.spm", folder / "target.spm"]
    if not any(name.exists() for name in names):
        return None, None  # tokens are words between spaces, or what a person has cut by hand
    return PieceTokenizer.read(names[0]), PieceTokenizer.read(names[1])


def _bytes_of(path: Path) -> bytes:
    with reading(path):
        return path.read_bytes()


def _parse(content: bytes, path: Path) -> Any:
    """YAML as dicts, lists and strings."""
    try:
        import yaml
    except ImportError:
        raise DataError(f"{path} is YAML: `pip install 'seqkit[hub]'` to read it") from None
    reads_strings_only = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # no object is made
    try:
        return reads_strings_only(content.decode("utf-8")).get_single_data()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise DataError(f"{path} is damaged: not YAML in UTF-8") from None

"""seqkit's own file of an n-gram model: safetensors, mapped into memory, so it loads at once."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ..data.files import reading
from ..errors import DataError
from ..text import Tokenizer, TokenizerLookup, built_in
from .model import Model
from .recognition import BINARY_TYPE, LONGEST_HEADER, is_safetensors
from .tables import Grams, Kind
from .text import PreTokenizer

FORMAT = "1"
_METADATA = "about."  # before the keys of Model.metadata
_TOKENIZER = "tokenizer/"  # before the names of its files
_DTYPES = {"I64": np.int64, "F32": np.float32, "U8": np.uint8}

Header = dict[str, str]
Arrays = dict[str, NDArray[Any]]


def write(model: Model, path: Path) -> None:
    """Write `model` and its tokenizer; raises OSError or SafetensorError."""
    words = b"\n".join(model.vocabulary.words)
    arrays: Arrays = {"words": np.frombuffer(words, np.uint8)}
    for k, level in enumerate(model.grams, 1):
        if k > 1:
            arrays[f"{k}.keys"] = level.keys
        arrays[f"{k}.scores"] = level.scores
        arrays[f"{k}.backoffs"] = level.backoffs
    if model.tokenizer:
        arrays |= _tokenizer_files(model.tokenizer)

    header = {"type": BINARY_TYPE, "format": FORMAT, "kind": model.kind, "order": str(model.order)}
    for key, value in model.metadata.items():
        header[_METADATA + key] = value
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(contiguous, path, header)


def _tokenizer_files(tokenizer: Tokenizer) -> Arrays:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(Path(folder))
        return {
            _TOKENIZER + file.name: np.frombuffer(file.read_bytes(), np.uint8)
            for file in Path(folder).iterdir()
        }


def is_binary(path: Path) -> bool:
    """Whether the file begins as a safetensors file does."""
    with reading(path), path.open("rb") as file:
        return is_safetensors(file.read(9))


def read(path: Path, tokenizers: TokenizerLookup = built_in) -> Model:
    """Map a file into memory; raises `DataError` for a damaged one, or one of another version."""
    try:
        header, arrays = _mapped(path)
        if header.get("type") != BINARY_TYPE:
            raise DataError(f"{path} is a safetensors file, but not an n-gram model")
        if header["format"] != FORMAT:
            raise DataError(
                f"{path} has format {header['format']}; this seqkit reads {FORMAT}: "
                "train the model again"
            )
        return _model(header, arrays, tokenizers)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(f"{path} is damaged: {error}") from None


def _model(header: Header, arrays: Arrays, tokenizers: TokenizerLookup) -> Model:
    """The model of a file; raises ValueError or KeyError for contents that do not fit together."""
    kind: Any = header["kind"]
    order = int(header["order"])
    if kind not in get_args(Kind) or order < 1:
        raise ValueError("its header is wrong")

    words = arrays["words"].tobytes().split(b"\n")
    grams = []
    for k in range(1, order + 1):
        keys = arrays[f"{k}.keys"] if k > 1 else np.arange(len(words))
        scores = arrays[f"{k}.scores"]
        backoffs = arrays[f"{k}.backoffs"]
        level = Grams(keys, scores, backoffs)
        sizes = {len(column) for column in level}
        if len(sizes) > 1:
            raise ValueError("columns of one k have different lengths")
        grams.append(level)

    metadata = _with_prefix(header, _METADATA)
    pre_tokenizer = _pre_tokenizer(metadata, arrays, tokenizers)
    return Model(words, grams, kind=kind, metadata=metadata, pre_tokenizer=pre_tokenizer)


def _pre_tokenizer(metadata: Header, arrays: Arrays, tokenizers: TokenizerLookup) -> PreTokenizer:
    """The trained tokenizer in the file, or the one that the metadata name."""
    files = _with_prefix(arrays, _TOKENIZER)
    if not files:
        return PreTokenizer(metadata.get("unit", "whitespace"), tokenizers=tokenizers)

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            if Path(name).name != name:
                raise ValueError(f"a file of its tokenizer is called {name!r}")
            (Path(folder) / name).write_bytes(content.tobytes())
        return PreTokenizer.trained(Tokenizer.load(Path(folder), tokenizers=tokenizers))


def _with_prefix(entries: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in entries.items()
        if name.startswith(prefix)
    }


def _mapped(path: Path) -> tuple[Header, Arrays]:
    """Metadata and arrays of a safetensors file, whose arrays stay on disk until they are used."""
    with reading(path):
        data = np.memmap(path, np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > min(len(data), LONGEST_HEADER):
        raise ValueError("its header is cut off")

    start = 8 + length
    entries = json.loads(data[8:start].tobytes())
    header = entries.pop("__metadata__")
    if not isinstance(header, dict):
        raise ValueError("its header is wrong")

    arrays = {}
    for name, entry in entries.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        if not 0 <= begin <= end <= len(data):
            raise ValueError("it is cut off")
        dtype = _DTYPES[entry["dtype"]]
        arrays[name] = data[begin:end].view(dtype)
    return header, arrays

"""seqkit's own file of an n-gram model: a safetensors file that is read by memory map, so that loading is instant."""

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
from .model import Grams, Model
from .smoothing import Kind

FORMAT = "1"
_KIND = "seqkit n-gram model"
_TYPES = {"I64": np.int64, "F32": np.float32, "U8": np.uint8}
_HEADER_AT_MOST = 100_000_000  # bytes; the limit of safetensors itself


def write(model: Model, path: Path) -> None:
    """Write `model`, its tokenizer included; raises OSError."""
    arrays: dict[str, NDArray[Any]] = {
        "words": np.frombuffer(b"\n".join(model.vocabulary.words), np.uint8)
    }
    for k, level in enumerate(model.grams, 1):
        if k > 1:
            arrays[f"{k}.keys"] = level.keys
        arrays[f"{k}.scores"] = level.scores
        arrays[f"{k}.backoffs"] = level.backoffs
    if model.tokenizer:
        with tempfile.TemporaryDirectory() as folder:
            model.tokenizer.save(Path(folder))
            for file in Path(folder).iterdir():
                arrays[f"tokenizer/{file.name}"] = np.frombuffer(file.read_bytes(), np.uint8)
    about = {"type": _KIND, "format": FORMAT, "kind": model.kind, "order": str(model.order)}
    save_file(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        path,
        about | _prefixed(model),
    )


def _prefixed(model: Model) -> dict[str, str]:
    return {f"about.{key}": value for key, value in model.about.items()}


def is_binary(path: Path) -> bool:
    """Whether the file begins as a safetensors file does."""
    with reading(path), path.open("rb") as file:
        head = file.read(9)
    return (
        len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < _HEADER_AT_MOST
    )


def read(path: Path, tokenizers: TokenizerLookup = built_in) -> Model:
    """Map a file into memory; raises `DataError` for a damaged one, or one of another version."""
    try:
        about, arrays = _mapped(path)
        if about.get("type") != _KIND:
            raise DataError(f"{path} is a safetensors file, but no n-gram model")
        if about["format"] != FORMAT:
            raise DataError(
                f"{path} has format {about['format']}; this seqkit reads {FORMAT}: train the model anew"
            )
        words = arrays["words"].tobytes().split(b"\n")
        if about["kind"] not in get_args(Kind) or int(about["order"]) < 1:
            raise ValueError("its header is wrong")
        grams = [
            Grams(
                np.arange(len(words)) if k == 1 else arrays[f"{k}.keys"],
                arrays[f"{k}.scores"],
                arrays[f"{k}.backoffs"],
            )
            for k in range(1, int(about["order"]) + 1)
        ]
        if any(len({len(column) for column in level}) > 1 for level in grams):
            raise ValueError("columns of one k have different lengths")
        metadata = {
            key.removeprefix("about."): value
            for key, value in about.items()
            if key.startswith("about.")
        }
        kind: Any = about["kind"]
        return Model(
            words,
            grams,
            kind=kind,
            about=metadata,
            tokenizer=_tokenizer(arrays, tokenizers),
            tokenizers=tokenizers,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(f"{path} is damaged: {error}") from None


def _mapped(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Metadata and arrays of a safetensors file, whose arrays stay on disk until they are used."""
    with reading(path):
        data = np.memmap(path, np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > min(len(data), _HEADER_AT_MOST):
        raise ValueError("its header is cut off")
    header = json.loads(data[8 : 8 + length].tobytes())
    about = header.pop("__metadata__")
    if not isinstance(about, dict):
        raise ValueError("its header is wrong")
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if not 0 <= begin <= end <= len(data):
            raise ValueError("it is cut off")
        arrays[name] = data[begin:end].view(_TYPES[entry["dtype"]])
    return about, arrays


def _tokenizer(arrays: dict[str, NDArray[Any]], tokenizers: TokenizerLookup) -> Tokenizer | None:
    files = {
        name.removeprefix("tokenizer/"): a
        for name, a in arrays.items()
        if name.startswith("tokenizer/")
    }
    if not files:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            if Path(name).name != name:
                raise ValueError(f"a file of its tokenizer is called {name!r}")
            (Path(folder) / name).write_bytes(content.tobytes())
        return Tokenizer.load(Path(folder), tokenizers=tokenizers)

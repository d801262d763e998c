"""seqkit's own file of an n-gram model: safetensors, mapped into memory, so it loads at once.

A checksum in its header covers metadata and arrays, so that a damaged file is noticed.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from ..data.files import reading
from ..errors import DataError
from ..parsing import to_json
from ..text import TokenizerLookup, built_in
from .consistency import check_numbers, check_words
from .model import Model
from .packing import pack, unpack
from .recognition import BINARY_TYPE, LONGEST_HEADER, is_safetensors
from .storage import stretches
from .tables import Grams, Kind
from .text import PreTokenizer

if TYPE_CHECKING:
    from ..text import Tokenizer

FORMAT, PACKED = "1", "2"
_METADATA = "about."  # before the keys of Model.metadata
_TOKENIZER = "tokenizer/"  # before the names of its files
_CHECKSUM = "crc32"  # its name in the header; files of older versions have none
_DIGEST = "digest"  # of the model, which takes longer to compute than all else; not if it is packed
_DTYPES = {
    "I64": np.int64,
    "I32": np.int32,
    "U16": np.uint16,
    "U8": np.uint8,
    "F32": np.float32,
}

Header = dict[str, str]
Arrays = dict[str, NDArray[Any]]


def write(model: Model, path: Path, *, packed: bool = False) -> None:
    """Write `model` and its tokenizer, `packed` by `packing`; raises OSError."""
    words = b"\n".join(model.vocabulary.words)
    arrays: Arrays = {"words": np.frombuffer(words, np.uint8)}
    for k, level in enumerate(model.grams, 1):
        if k > 1 and packed:
            shorter = len(model.grams[k - 2].keys)
            arrays |= pack(k, level, shorter, len(model.vocabulary), top=k == model.order)
            continue
        if k > 1:
            arrays[f"{k}.keys"] = level.keys
        arrays[f"{k}.scores"] = level.scores
        arrays[f"{k}.backoffs"] = level.backoffs
    if model.tokenizer:
        arrays |= tokenizer_files(model.tokenizer)

    version = PACKED if packed else FORMAT
    header = {"type": BINARY_TYPE, "format": version, "kind": model.kind, "order": str(model.order)}
    for key, value in model.metadata.items():
        header[_METADATA + key] = value
    if not packed:
        header[_DIGEST] = model.digest
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header[_CHECKSUM] = _checksum(header, contiguous)
    _save(contiguous, path, header)


def _save(arrays: Arrays, path: Path, header: Header) -> None:
    """Write a safetensors file piece by piece; safetensors itself copies all arrays first."""
    names = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))  # so all are aligned
    names_of_types = {np.dtype(each): name for name, each in _DTYPES.items()}
    entries: dict[str, Any] = {"__metadata__": header}
    end = 0
    for name in names:
        array = arrays[name]
        entries[name] = {
            "dtype": names_of_types[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [end, end + array.nbytes],
        }
        end += array.nbytes

    text = to_json(entries).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            for piece in _pieces(arrays[name]):
                file.write(piece)


def _pieces(array: NDArray[Any]) -> Iterator[memoryview]:
    """The bytes of an array, of which few are in memory at a time."""
    for stretch in stretches(len(array), array):
        yield array[stretch].view(np.uint8).data


def tokenizer_files(tokenizer: Tokenizer) -> Arrays:
    """The bytes of each file of a tokenizer, by the names that they have in a model's file."""
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
        if header["format"] not in (FORMAT, PACKED):
            raise DataError(
                f"{path} has format {header['format']}; this seqkit reads {FORMAT} and {PACKED}: "
                "train the model again"
            )
        _check_names(arrays)
        if _CHECKSUM in header and header[_CHECKSUM] != _checksum(header, arrays):
            raise ValueError("its content does not match its checksum")

        model = _model(header, arrays, tokenizers)
        if _CHECKSUM in header and _DIGEST in header:
            model.digest = header[_DIGEST]
        return model
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}") from None


def _checksum(header: Header, arrays: Arrays) -> str:
    """Of all metadata but the checksum itself, and of all arrays, in the order of their names."""
    total = 0
    for key in sorted(header.keys() - {_CHECKSUM}):
        total = zlib.crc32(f"{key}\0{header[key]}\0".encode(), total)

    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name}\0{array.dtype.str}\0{array.size}\0".encode(), total)
        for piece in _pieces(array):
            total = zlib.crc32(piece, total)
    return f"{total:08x}"


def _check_names(arrays: Arrays) -> None:
    """Raise ValueError if a file of the tokenizer would be written outside of its folder."""
    for name in _with_prefix(arrays, _TOKENIZER):
        if Path(name).name != name:
            raise ValueError(f"a file of its tokenizer is called {name!r}")


def _model(header: Header, arrays: Arrays, tokenizers: TokenizerLookup) -> Model:
    """The model of a file; raises ValueError or KeyError for contents that do not fit together."""
    kind: Any = header["kind"]
    order = int(header["order"])
    if kind not in get_args(Kind) or order < 1:
        raise ValueError("its header is wrong")

    words = arrays["words"].tobytes().split(b"\n")
    grams: list[Grams] = []
    for k in range(1, order + 1):
        if k > 1 and header["format"] == PACKED:
            grams.append(unpack(k, arrays, len(grams[-1].keys), len(words)))
            continue
        keys = arrays[f"{k}.keys"] if k > 1 else np.arange(len(words))
        scores = arrays[f"{k}.scores"]
        backoffs = arrays[f"{k}.backoffs"]
        level = Grams(keys, scores, backoffs)
        sizes = {len(column) for column in level}
        if len(sizes) > 1:
            raise ValueError("columns of one k have different lengths")
        grams.append(level)

    metadata = _with_prefix(header, _METADATA)
    check_words(words)
    check_numbers(grams, len(words), blanks=metadata.get("holes") == "yes")
    pre_tokenizer = _pre_tokenizer(metadata, arrays, tokenizers)
    return Model(words, grams, kind=kind, metadata=metadata, pre_tokenizer=pre_tokenizer)


def _pre_tokenizer(metadata: Header, arrays: Arrays, tokenizers: TokenizerLookup) -> PreTokenizer:
    """The trained tokenizer in the file, or the one that the metadata name."""
    files = _with_prefix(arrays, _TOKENIZER)
    if not files:
        return PreTokenizer(metadata.get("unit", "whitespace"), tokenizers=tokenizers)

    from ..text import Tokenizer  # needs pydantic, most models do not

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
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
        data = np.asarray(np.memmap(path, np.uint8, mode="r"))  # plain arrays are faster
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

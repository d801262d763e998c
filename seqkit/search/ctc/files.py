"""Labels and outputs of CTC models, as files. No pickle is read."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...data.files import read_lines, reading
from ...errors import DataError
from ...parsing import NoPlainData, json_of

_NUMBERED = re.compile(r"(\S+)[ \t]+(\d+)")  # "a 5": icefall, ESPnet and Kaldi number their tokens
_ARRAYS = (".npy", ".npz")
_MAGIC = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")  # how .npy and .npz, empty or not, begin


def read_labels(path: Path) -> list[str]:
    """The labels of a model's outputs, in their order.

    A label a line (an empty line is the label "", often the blank); lines of a token and its number
    each; a JSON list; or JSON of tokens and numbers, as Hugging Face's vocab.json. Raises
    `DataError` naming the file.
    """
    lines = list(read_lines(path))
    text = "\n".join(lines)
    if path.suffix == ".json" or text.lstrip()[:1] == "{":
        return _of_json(text, path)

    pairs = [_NUMBERED.fullmatch(line.strip()) for line in lines]
    if pairs and all(pairs):
        numbers = {pair[1]: int(pair[2]) for pair in pairs if pair}
        if len(numbers) < len(pairs):
            raise DataError(f"{path}: a token is there twice")
        return _in_order(numbers, path)
    return lines


def _of_json(text: str, path: Path) -> list[str]:
    try:
        found: Any = json_of(text)
    except NoPlainData as error:
        raise DataError(f"{path} is not JSON: {error}") from None

    if isinstance(found, dict) and isinstance(found.get("labels"), list):  # pyctcdecode's
        found = found["labels"]
    if isinstance(found, dict):
        return _in_order(found, path)
    if isinstance(found, list) and all(isinstance(label, str) for label in found):
        return found
    raise DataError(f"{path} holds neither a list of labels nor labels with their numbers")


def _in_order(numbers: dict[str, Any], path: Path) -> list[str]:
    """Labels by their numbers, which must be 0, 1, 2, …"""
    by_number = {number: label for label, number in numbers.items() if type(number) is int}
    for number in range(len(numbers)):
        if number not in by_number:
            raise DataError(
                f"{path}: {len(numbers)} labels must have the numbers 0 to {len(numbers) - 1}, "
                f"each once, but none has {number}"
            )
    return [by_number[number] for number in range(len(numbers))]


def read_outputs(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """The utterances of a `.npy` or `.npz` file, or of those in a folder, with their names.

    Raises `DataError` naming what cannot be read; an array that needs pickle is refused.
    """
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix in _ARRAYS)
        if not files:
            raise DataError(f"{path} holds no .npy or .npz file")
        for file in files:
            yield from read_outputs(file)
        return

    with reading(path), path.open("rb") as opened:
        yield from _arrays(opened, path)


def _arrays(file: BinaryIO, path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays of an open file, with their names."""
    head = file.read(max(map(len, _MAGIC)))
    if not head.startswith(_MAGIC):
        raise DataError(f"{path} is neither a .npy nor a .npz file")
    file.seek(0)

    opened = _read(lambda: np.load(file, allow_pickle=False), str(path))
    if isinstance(opened, np.ndarray):
        yield str(path), opened
        return
    if not opened.files:
        raise DataError(f"{path} holds no array")
    for name in opened.files:
        yield f"{path}:{name}", _read(partial(opened.__getitem__, name), f"{path}:{name}")


def _read(read: Callable[[], Any], name: str) -> Any:
    """What `read` returns; raises `DataError` for what NumPy cannot read."""
    try:
        return read()
    except (ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
    if "allow_pickle" in said:
        raise DataError(
            f"{name} holds pickled objects, which could run any code and are not read: save one "
            "array of numbers for each utterance"
        )
    raise DataError(f"{name} cannot be read as a NumPy array: {said}")

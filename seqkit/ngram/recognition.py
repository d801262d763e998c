"""Models known by their first bytes, so that none is counted as text or read as another."""

from __future__ import annotations

import re
from pathlib import Path

from ..data.files import open_text, reading
from ..errors import DataError

HEAD = 1 << 20  # bytes at the beginning of a file in which an ARPA file's \data\ must come
BINARY_TYPE = "seqkit n-gram model"  # in the header of seqkit's binary
LONGEST_HEADER = 100_000_000  # bytes; the limit of safetensors itself

_LOOKED_AT = 1 << 16  # bytes of a text
_DATA = re.compile(rb"^[ \t]*\\data\\[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_HEADER = re.compile(  # from \data\ through the sizes to the first title
    rb"^[ \t]*\\data\\[ \t\r]*\n(?:[ \t]*(?:#.*|ngram[ \t].*)?\r?\n)+[ \t]*\\1-grams:",
    re.MULTILINE | re.IGNORECASE,
)
_KENLM = (b"mmap lm http", "a binary of KenLM")
_OTHERS = (
    _KENLM,
    (b"iARPA", "an iARPA file of IRSTLM"),
    (b"blmt", "a binary of IRSTLM"),
    (b"SRILM_BINARY", "a binary of SRILM"),
    (b"Trie", "a binary of CMU Sphinx"),
)


def check_arpa(head: bytes, name: str) -> None:
    """Raise `DataError` if a file that begins with `head` is the model of another format."""
    if is_safetensors(head):
        raise DataError(f"{name} is a packed safetensors file: unpack it first")

    start = head.lstrip()
    for magic, kind in _OTHERS:
        if start.startswith(magic):
            raise DataError(f"{name} is {kind}, not an ARPA file: give the ARPA file of the model")


def has_data(head: bytes) -> bool:
    """Whether there is a line \\data\\ in the beginning of a file."""
    return _DATA.search(head) is not None


def is_safetensors(head: bytes) -> bool:
    """Whether a file begins as a safetensors file does."""
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and length < LONGEST_HEADER


def is_model_file(path: Path) -> bool:
    """Whether a file begins as seqkit's binary or as an ARPA file that is not packed."""
    with reading(path), path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    if is_safetensors(head):
        return BINARY_TYPE.encode() in head
    return _HEADER.search(head) is not None


def refuse_model(head: bytes, name: str) -> None:
    """Raise `DataError` if what is given as text begins like an n-gram model."""
    kind = _kind_of(head[:_LOOKED_AT])
    if not kind:
        return

    model = "MODEL" if name == "stdin" else name
    raise DataError(
        f"{name} is {kind}, not text: `seqkit lm perplexity -m {model} TEXT` measures it on a "
        f"text, `seqkit lm convert {model} OUT` writes it in another format"
    )


def refuse_model_file(path: Path) -> None:
    """`refuse_model` for a file that will be read as text."""
    if path.is_file():  # what comes from a pipe can be read only once
        with reading(path), open_text(path) as file:
            refuse_model(file.read(_LOOKED_AT), str(path))


def _kind_of(head: bytes) -> str:
    """What kind of model begins with `head`; "" for a text."""
    if is_safetensors(head):
        is_ours = BINARY_TYPE.encode() in head
        return "an n-gram model (seqkit's binary)" if is_ours else "a safetensors file"
    if _HEADER.search(head):
        return "an n-gram model (ARPA)"
    return _KENLM[1] if head.startswith(_KENLM[0]) else ""

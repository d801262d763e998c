"""Bytes as text: UTF-8 with or without a byte-order mark; anything else is named, with a way out.

Every reader of text decodes through this file, so that all of them agree.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from ..errors import DataError, half_surrogate, reason
from ..parsing import path_of
from .surrogates import spelt_half

MARK = b"\xef\xbb\xbf"  # the byte-order mark (BOM) in UTF-8
HEAD = 4096  # bytes that `check_encoding` wants to see, if there are as many

_WIDE_MARKS = {  # UTF-32 first: its little-endian mark begins with that of UTF-16
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UNPACK = {".gz": "gzip -dc", ".bz2": "bzip2 -dc", ".xz": "xz -dc", ".zst": "zstd -dc"}
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_FEWEST_CHARACTERS = 4  # to tell UTF-16 by, where there is no mark
_FEWEST_CONTROLS = 0.4  # share of control characters in UTF-16 that is valid UTF-8, too
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\n"))  # tabs, too: Hindi's upper bytes


def without_mark(head: bytes) -> bytes:
    """The first bytes of a text without its byte-order mark, which is no part of the text."""
    return head.removeprefix(MARK)


def check_encoding(head: bytes, name: str) -> None:
    """Raise `DataError` if a text that begins with `head` is UTF-16 or UTF-32, marked or not."""
    found = _wide_encoding(head)
    if found:
        raise DataError(f"{name}:1: not UTF-8 but {found}: {_conversion(found, name)}")


def decode(data: bytes, name: str, before: int = 0) -> str:
    """Whole lines of a file, `before` lines after its first.

    Raises `DataError` naming file, line and column of a byte that is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(_explain(error, name, before)) from None


def decode_file(data: bytes, name: str) -> str:
    """All bytes of a file as text, without a byte-order mark; raises `DataError`."""
    check_encoding(data[:HEAD], name)
    return decode(without_mark(data), name)


def read_file(path: str | Path, kind: str = "") -> str:
    """The text of a small file, which is a `kind` to people; raises `DataError` naming it."""
    path = path_of(path, kind or "file")
    what = f"{kind} {path}" if kind else str(path)
    try:
        data = path_of(path, kind or "file").read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {what}: {reason(error)}") from None
    return decode_file(data, str(path))


# What else it may be


def _explain(error: UnicodeDecodeError, name: str, before: int) -> str:
    data: bytes = error.object
    line = before + data.count(b"\n", 0, error.start) + 1
    where = f"{name}:{line}"

    start = data.rfind(b"\n", 0, error.start) + 1
    column = error.start - start + 1
    half = spelt_half(data[error.start : error.start + 3])
    if half:
        good = data[start : error.start].decode("utf-8")
        return half_surrogate(good + half, f"{where}: the line")

    found = f"{where}: not UTF-8: byte {data[error.start]:#04x} at column {column}"
    return f"{found}; if the text is in another encoding, {_conversion('WINDOWS-1252', name)}"


def _wide_encoding(head: bytes) -> str:
    """The name of UTF-16 or UTF-32, if the text begins like one; else ""."""
    for mark, encoding in _WIDE_MARKS.items():
        if head.startswith(mark):
            return encoding

    if b"\0" not in head:
        return ""
    for encoding in _WIDE:
        if _reads_as(head, encoding):
            return encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    return ""


def _reads_as(head: bytes, encoding: str) -> bool:
    """Whether bytes with NULs among them are more likely text in `encoding` than in UTF-8."""
    width = 4 if "32" in encoding else 2
    whole = len(head) - len(head) % width
    try:
        text = head[:whole].decode(encoding)
    except UnicodeDecodeError as error:
        is_cut_off = error.reason in ("unexpected end of data", "truncated data")
        if not is_cut_off:
            return False
        text = head[: error.start].decode(encoding)

    lost_lines = b"\n" in head and "\n" not in text
    if lost_lines or not _is_plain(text):
        return False
    if len(text) < _FEWEST_CHARACTERS or min(text) > "\xff":  # NULs are half of such a character
        return False
    return width == 4 or not _is_utf8(head) or _share(head, _CONTROLS) > _FEWEST_CONTROLS


def _is_plain(text: str) -> bool:
    """Whether a text is without control characters, as most are."""
    return all(char.isprintable() or char.isspace() for char in text)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _share(head: bytes, of: bytes) -> float:
    rest = head.translate(None, of)
    return 1 - len(rest) / len(head)


def _conversion(encoding: str, name: str) -> str:
    """How to get UTF-8: a line that can be pasted."""
    if name.startswith("stdin"):
        return f"put `iconv -f {encoding} -t UTF-8` into the pipe before it"

    old = shlex.quote(name)
    for suffix, unpack in _UNPACK.items():
        if name.endswith(suffix):
            new = shlex.quote(f"{name.removesuffix(suffix)}.utf8")
            return f"convert it: {unpack} {old} | iconv -f {encoding} -t UTF-8 > {new}"

    new = shlex.quote(f"{name}.utf8")
    return f"convert it: iconv -f {encoding} -t UTF-8 {old} > {new}"

"""Tokens that stand for bytes, such as <0x5B>: unknown characters are spelt with them."""

from __future__ import annotations

import re
from collections.abc import Iterable

BYTE_TOKENS = tuple(f"<0x{byte:02X}>" for byte in range(256))
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


def is_byte(token: str) -> bool:
    """Whether a token stands for a byte."""
    return _BYTE.fullmatch(token) is not None


def spell(text: str) -> list[str]:
    """The byte tokens of `text` in UTF-8."""
    return [BYTE_TOKENS[byte] for byte in text.encode("utf-8")]


def join_bytes(tokens: Iterable[str]) -> list[str]:
    """Replace runs of byte tokens by the characters they spell; by U+FFFD if they spell none."""
    joined: list[str] = []
    run = bytearray()

    def end_run() -> None:
        if run:
            joined.append(run.decode("utf-8", errors="replace"))
            run.clear()

    for token in tokens:
        byte = _BYTE.fullmatch(token)
        if byte:
            run.append(int(byte[1], 16))
        else:
            end_run()
            joined.append(token)
    end_run()
    return joined

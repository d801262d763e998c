"""What data is, whatever its files are called and wherever they are: a digest of its content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice

_LINES = 10_000  # that are hashed at once


def of_lines(lines: Iterable[str]) -> str:
    """The digest of these lines in this order: a fifth of a second for a million of them."""
    digest = blake2b(digest_size=16)
    count = 0
    for block in _blocks(lines):
        text = "\n".join(block) + "\n"
        digest.update(text.encode("utf-8", "surrogatepass"))
        count += len(block)
    digest.update(f"{count}".encode())  # a line of two is not two lines
    return digest.hexdigest()


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while block := list(islice(rest, _LINES)):
        yield block

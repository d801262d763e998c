"""What a tokenizer is, whatever it is called: a digest of everything that decides how it splits."""

from __future__ import annotations

import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tokenizer import Tokenizer

WIDTH = 6  # bytes of a digest in a signature


def digest_of(tokenizer: Tokenizer) -> bytes:
    """Equal for tokenizers with the same settings, model and vocabulary."""
    digest = blake2b(digest_size=WIDTH)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        for file in sorted(Path(folder).iterdir()):
            content = file.read_bytes()
            digest.update(f"{file.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.digest()

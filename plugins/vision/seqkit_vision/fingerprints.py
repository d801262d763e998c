"""What an image is, whatever its file is called: 64 bits of a hash of its bytes.

Two images of a million agree by chance once in some 37 million sets. Of a large file the size, the
beginning, the middle and the end are read, so that sets that do not fit into memory are known, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b, sha256
from pathlib import Path

import torch
from torch import Tensor

_WHOLE = 1 << 18  # bytes; a larger file is read in part
_PIECE = 1 << 16
UNREADABLE = 0  # of a file that cannot be opened; reading it says why


def of_file(path: Path) -> int:
    """The fingerprint of a file, or `UNREADABLE`."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_WHOLE + 1)
            if len(beginning) <= _WHOLE:
                return _hash([beginning])

            size = path.stat().st_size
            pieces = [str(size).encode(), beginning[:_PIECE]]
            for start in ((size - _PIECE) // 2, size - _PIECE):
                file.seek(start)
                pieces.append(file.read(_PIECE))
            return _hash(pieces)
    except (OSError, ValueError):
        return UNREADABLE


def of_pixels(images: Tensor) -> Tensor:
    """Of images that are not files: (N, C, H, W) uint8 -> (N,) int64"""
    hashes = [_hash([image.tobytes()]) for image in images.numpy()]
    return torch.tensor(hashes, dtype=torch.int64)


def digest(prints: Tensor, labels: Tensor, classes: Sequence[str]) -> str:
    """Of a set: the same for the same images in the same classes, in any order. (N,), (N,)"""
    names = [classes[label] for label in labels.tolist()]
    images = zip(prints.tolist(), names, strict=True)
    lines = sorted(f"{print_} {name}" for print_, name in images)
    return sha256("\n".join(lines).encode()).hexdigest()


def _hash(pieces: Iterable[bytes]) -> int:
    digest = blake2b(digest_size=8)
    for piece in pieces:
        digest.update(piece)
    return int.from_bytes(digest.digest(), "big", signed=True)

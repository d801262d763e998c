"""What a trained network is: a digest of its weights, its settings and whatever else decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

_WIDTH = 6  # bytes of a digest in a signature


def digest_of_network(model: Any, settings: Mapping[str, Any], *others: bytes) -> str:
    """Twelve hexadecimal digits, the same on every device.

    `others` are digests of what belongs to the network, such as its tokenizer or its classes.
    """
    digest = blake2b(json.dumps(settings, sort_keys=True, default=str).encode(), digest_size=_WIDTH)
    for other in others:
        digest.update(other)

    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

"""What a trained language model is: a digest of its weights, its settings and its tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from ..text.identity import WIDTH, digest_of
from ..text.tokenizer import Tokenizer


def digest_of_network(model: Any, settings: Mapping[str, Any], tokenizer: Tokenizer) -> str:
    """Twelve hexadecimal digits, the same on every device."""
    digest = blake2b(json.dumps(settings, sort_keys=True, default=str).encode(), digest_size=WIDTH)
    digest.update(digest_of(tokenizer))
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()

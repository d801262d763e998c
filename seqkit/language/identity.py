"""What a trained language model is: a digest of its weights, its settings and its tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..text.identity import digest_of
from ..text.tokenizer import Tokenizer
from ..training import identity


def digest_of_network(model: Any, settings: Mapping[str, Any], tokenizer: Tokenizer) -> str:
    """Twelve hexadecimal digits, the same on every device."""
    return identity.digest_of_network(model, settings, digest_of(tokenizer))

"""Typographic marks, which many models have hardly seen: read as plain ones instead."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ..text.byte_tokens import is_byte
from ..text.subword import SPACE
from ..text.tokenizer import Tokenizer
from ..text.vocab import UNK

_PLAIN = {
    **dict.fromkeys("’‘‛′", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("–—‐‑−", "-"),
    "…": "...",
}
_RARE = 0.1  # how often a model must have seen a mark for each time it saw the plain one


def with_plain_marks(text: str, tokenizer: Tokenizer) -> str:
    """A text with plain marks for those that a model does not know, or far less well."""
    return text if text.isascii() else text.translate(_unknown(tokenizer))


@lru_cache(maxsize=8)
def _unknown(tokenizer: Tokenizer) -> Mapping[int, str]:
    return {
        ord(mark): plain
        for mark, plain in _PLAIN.items()
        if _count(mark, tokenizer) <= _RARE * _count(plain[0], tokenizer)
        and _is_spelt(plain, tokenizer)
        and not (_is_spelt(mark, tokenizer) and not any(tokenizer.vocab.counts))
    }


def _count(mark: str, tokenizer: Tokenizer) -> int:
    """How often a mark was seen where the tokenizer was trained; 0 if that is not known."""
    vocab = tokenizer.vocab
    return sum(vocab.counts[vocab[token]] for token in (mark, SPACE + mark) if token in vocab)


def _is_spelt(mark: str, tokenizer: Tokenizer) -> bool:
    """Whether a model has a token for a mark, or its own tokenizer makes one of it."""
    ids = tokenizer.encode(mark)
    return UNK not in ids and not any(is_byte(tokenizer.vocab.tokens[i]) for i in ids)

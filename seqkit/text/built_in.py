"""The tokenizers that come with seqkit, by name; a plugin's are found by whoever knows the registry."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UnknownName, hint
from .subword import SentencePieceTokenizer
from .tokenizer_models import CharTokenizer, TokenizerModel, WhitespaceTokenizer, WordTokenizer

TokenizerLookup = Callable[[str], type[TokenizerModel]]
"""Name → class of a tokenizer; raises `UnknownName`. `seqkit.plugins.components().tokenizers.load` knows all."""

BUILT_IN: dict[str, type[TokenizerModel]] = {
    "sentencepiece": SentencePieceTokenizer,
    "word": WordTokenizer,
    "char": CharTokenizer,
    "whitespace": WhitespaceTokenizer,
}


def built_in(name: str) -> type[TokenizerModel]:
    """The class of seqkit's own tokenizer of that name; raises `UnknownName`."""
    if name not in BUILT_IN:
        raise UnknownName(f"no tokenizer {name!r}.{hint(name, BUILT_IN)}")
    return BUILT_IN[name]

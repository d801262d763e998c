"""Tokenizer classes by name: those of seqkit here, a plugin's wherever the registry is known."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ConfigError, UnknownName, hint
from .subword import SentencePieceTokenizer
from .tokenizer_models import CharTokenizer, TokenizerModel, WhitespaceTokenizer, WordTokenizer

TokenizerLookup = Callable[[str], type[TokenizerModel]]
"""Name → class of a tokenizer; raises `UnknownName`.

`seqkit.plugins.components().tokenizers.load` knows those of plugins, too.
"""

BUILT_IN: dict[str, type[TokenizerModel]] = {
    "sentencepiece": SentencePieceTokenizer,
    "word": WordTokenizer,
    "char": CharTokenizer,
    "whitespace": WhitespaceTokenizer,
}

_CONTRACT = ("has_own_vocab", "unit", "split", "join", "save", "load")
_CONTRACT_OF_TRAINED = (*_CONTRACT, "train", "encode_ids", "sample")


def built_in(name: str) -> type[TokenizerModel]:
    """The class of seqkit's own tokenizer of that name; raises `UnknownName`."""
    if not isinstance(name, str) or name not in BUILT_IN:
        raise UnknownName(f"no tokenizer {name!r}.{hint(name, BUILT_IN)}")
    return BUILT_IN[name]


def find_class(name: str, tokenizers: TokenizerLookup) -> type[TokenizerModel]:
    """The class that `tokenizers` finds for `name`.

    Raises `UnknownName`, and `ConfigError` for a class that does not follow `TokenizerModel`.
    """
    found = tokenizers(name)
    is_trained = getattr(found, "has_own_vocab", False)
    contract = _CONTRACT_OF_TRAINED if is_trained else _CONTRACT

    missing = [member for member in contract if not hasattr(found, member)]
    if missing:
        protocol = "TrainedTokenizerModel" if is_trained else "TokenizerModel"
        raise ConfigError(
            f"tokenizer {name!r} does not follow seqkit.text.{protocol}: "
            f"it lacks {', '.join(missing)}"
        )
    return found

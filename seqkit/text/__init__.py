"""Text → tokens → ids and back. Imports no torch.

`Tokenizer` is the whole way; `Normalizer`, a tokenizer model and `Vocab` are its parts.

tokenizer.py         the whole way, saved as one thing; identity.py tells two of them apart
normalize.py         its first part: named steps
tokenizer_models.py  its second: words (words.py), characters, white space; subword.py: trained
                     subwords, subword_sampling.py: drawn anew; pieces.py, moses_bpe.py: those of
                     other programs; lookup.py: which class a name means
vocab.py             its third: ids; tags.py and byte_tokens.py: tokens that are no words
sentences.py         where a line ends a sentence, by abbreviations.py
spans.py             what in a line is not language
decoding.py          bytes as text; surrogates.py: strings that are none; lines.py: one and many
spelling.py          how long the text is that tokens spell
torchtext.py         for people who come from there; statistics.py: n-grams of tokens
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .lookup import TokenizerLookup, built_in
from .normalize import Normalizer
from .statistics import ngrams
from .subword import SentencePieceTokenizer
from .tokenizer_models import (
    CharTokenizer,
    TokenizerModel,
    TrainedTokenizerModel,
    Unit,
    WhitespaceTokenizer,
    WordTokenizer,
)
from .vocab import BOS, EOS, PAD, SPECIALS, UNK, Vocab

if TYPE_CHECKING:
    from .sentences import split_sentences
    from .tokenizer import TextConfig, Tokenizer

__all__ = [
    "BOS",
    "EOS",
    "PAD",
    "SPECIALS",
    "UNK",
    "CharTokenizer",
    "Normalizer",
    "SentencePieceTokenizer",
    "TextConfig",
    "Tokenizer",
    "TokenizerLookup",
    "TokenizerModel",
    "TrainedTokenizerModel",
    "Unit",
    "Vocab",
    "WhitespaceTokenizer",
    "WordTokenizer",
    "built_in",
    "ngrams",
    "split_sentences",
]


_MODULE_OF = {
    "TextConfig": ".tokenizer",
    "Tokenizer": ".tokenizer",
    "split_sentences": ".sentences",
}


def __getattr__(name: str) -> Any:
    """Imports what takes long when it is used: n-grams of words need neither pydantic nor rules."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__

"""Text → tokens → ids and back. Imports no torch.

`Tokenizer` is the whole way; `Normalizer`, a tokenizer model and `Vocab` are its parts.
"""

from .lookup import TokenizerLookup, built_in
from .normalize import Normalizer
from .sentences import split_sentences
from .statistics import ngrams
from .subword import SentencePieceTokenizer
from .tokenizer import TextConfig, Tokenizer
from .tokenizer_models import (
    CharTokenizer,
    TokenizerModel,
    TrainedTokenizerModel,
    Unit,
    WhitespaceTokenizer,
    WordTokenizer,
)
from .vocab import BOS, EOS, PAD, SPECIALS, UNK, Vocab

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

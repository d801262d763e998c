"""Text → tokens → ids and back. Imports no torch."""

from .normalize import Normalizer
from .sentences import split_sentences
from .statistics import ngrams
from .subword import SentencePieceSplitter
from .tokenizer import TextConfig, Tokenizer
from .tokenizer_models import (
    CharSplitter,
    Splitter,
    TrainedSplitter,
    WhitespaceSplitter,
    WordSplitter,
)
from .vocab import BOS, EOS, PAD, SPECIALS, UNK, Vocab

__all__ = [
    "BOS", "EOS", "PAD", "SPECIALS", "UNK", "CharSplitter", "Normalizer", "SentencePieceSplitter", "Splitter",
    "TextConfig", "Tokenizer", "TrainedSplitter", "Vocab", "WhitespaceSplitter", "WordSplitter", "ngrams",
    "split_sentences",
]  # fmt: skip

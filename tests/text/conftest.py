"""Subword models that several files use."""

import pytest
from subwords import LINES

from seqkit.text import SentencePieceTokenizer


@pytest.fixture(scope="session", params=["bpe", "unigram"])
def subwords(request):
    return SentencePieceTokenizer.train(LINES, vocab_size=310, model_type=request.param)


@pytest.fixture(scope="session")
def bpe():
    return SentencePieceTokenizer.train(LINES, vocab_size=310)


@pytest.fixture(scope="session")
def unigram():
    return SentencePieceTokenizer.train(LINES, vocab_size=310, model_type="unigram")

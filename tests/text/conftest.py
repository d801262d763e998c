"""Subword models that several files use."""

import pytest
from subwords import LINES

from seqkit.text import SentencePieceSplitter


@pytest.fixture(scope="session", params=["bpe", "unigram"])
def subwords(request):
    return SentencePieceSplitter.train(LINES, vocab_size=310, model_type=request.param)


@pytest.fixture(scope="session")
def bpe():
    return SentencePieceSplitter.train(LINES, vocab_size=310)


@pytest.fixture(scope="session")
def unigram():
    return SentencePieceSplitter.train(LINES, vocab_size=310, model_type="unigram")

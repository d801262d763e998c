"""SentencePiece models for other programs cut text as our tokenizers do, and normalise it."""

import unicodedata

import pytest
import sentencepiece
from sentencepiece import SentencePieceProcessor

from seqkit.errors import ConfigError
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.exporters.pieces import piece_model

TEXT = ["Der Bär brüllt früh.", "Ein Café in Köln, 1984!", "été à Zürich", "한국어 텍스트"] * 20

ODD = [
    "Der  B\u00e4r ",  # two spaces, one at the end
    unicodedata.normalize("NFD", "brüllt früh, été, ế"),
    unicodedata.normalize("NFD", "한국어"),
    "e\u0302\u0301 \u00ea\u0301 \u1ebf",  # one letter, spelt in three ways
    "in\u00a0K\u00f6ln\u2009und\u3000Z\u00fcrich",
    "So\u00adft\u200b hy\ufeffphen\u200e",
    "\u212b \u2126",  # signs that NFC makes letters of
    "100 000 Ω 日本",
]


@pytest.fixture(scope="module")
def trained():
    """Tokenizers by their normalisation steps."""
    cache = {}

    def train(*steps, **settings):
        key = (steps, *settings.items())
        if key not in cache:
            config = TextConfig(vocab_size=330, normalize=list(steps), **settings)
            cache[key] = Tokenizer.train(TEXT, config)
        return cache[key]

    return train


def processor(tokenizer):
    return SentencePieceProcessor(model_proto=piece_model(tokenizer))


@pytest.mark.parametrize(
    "steps",
    [
        ("nfc", "spaces", "control", "squeeze"),
        ("nfkc", "squeeze"),
        ("nfc", "spaces", "lower", "squeeze"),
        ("casefold", "spaces", "squeeze"),
        ("nfc",),
        (),
    ],
)
def test_text_is_cut_by_sentencepiece_alone_as_by_our_tokenizer(trained, steps):
    tokenizer = trained(*steps)
    theirs = processor(tokenizer)
    for text in [*TEXT[:4], *ODD]:
        assert theirs.encode(text, out_type=str) == tokenizer.split(text), ascii(text)
        assert theirs.encode(text) == tokenizer.encode(text)


def test_pieces_are_joined_to_the_text(trained):
    tokenizer = trained("nfc", "spaces", "control", "squeeze")
    theirs = processor(tokenizer)
    for text in TEXT[:4]:
        assert theirs.decode_pieces(tokenizer.split(text)) == text


def test_normalisation_by_context_is_refused(trained):
    tokenizer = trained("nfc", "apart")
    with pytest.raises(ConfigError, match=r"text\.normalize has 'apart'"):
        piece_model(tokenizer)


def test_words_have_no_pieces():
    tokenizer = Tokenizer.train(TEXT, TextConfig(tokenizer="word"))
    assert piece_model(tokenizer) is None


def test_the_library_says_nothing_of_the_table_it_reads(trained, capfd):
    piece_model(trained("nfc"))
    assert capfd.readouterr().err == ""
    assert sentencepiece.__version__

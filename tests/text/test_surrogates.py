"""Half a surrogate pair is no text: refused in the same words, wherever a string comes in."""

import random

import pytest

import seqkit
from seqkit import ngram
from seqkit.errors import DataError, SeqkitError
from seqkit.metrics.comparison import compare
from seqkit.metrics.overlap import bleu, chrf
from seqkit.text import Normalizer, SentencePieceTokenizer, TextConfig, Tokenizer, Vocab
from seqkit.text.surrogates import encoded, without_halves

BAD = "a \ud83d b"
LINES = ["the cat sees", "a dog ran", "four or five"] * 20
WORDS = r"half a surrogate pair \('\\ud83d'\) at character \d+: repair or remove it"
NAMES = ["word", "char", "whitespace", "sentencepiece"]


def config(name, **settings):
    return TextConfig(tokenizer=name, vocab_size=280, **settings)


TOKENIZERS = {name: Tokenizer.train(LINES, config(name)) for name in NAMES}
TOKENIZERS["char, no bytes"] = Tokenizer.train(LINES, config("char", byte_fallback=False))
OF_A_TOKENIZER = {
    "encode": lambda tokenizer: tokenizer.encode(BAD),
    "encode_all": lambda tokenizer: tokenizer.encode_all(["good", BAD]),
    "split": lambda tokenizer: tokenizer.split(BAD),
    "token_strings": lambda tokenizer: tokenizer.token_strings(BAD),
    "join": lambda tokenizer: tokenizer.join([BAD]),
    "model.split": lambda tokenizer: tokenizer.model.split(BAD),
    "model.join": lambda tokenizer: tokenizer.model.join(["a", BAD]),
}
MODELS = {name: ngram.train(LINES, order=2, tokenizer=name) for name in ("whitespace", "char")}
OF_A_MODEL = {
    "score": lambda model: model.score(BAD),
    "full_scores": lambda model: list(model.full_scores(BAD)),
    "perplexity": lambda model: model.perplexity(["good", BAD]),
    "evaluate": lambda model: model.evaluate([BAD]),
    "predict": lambda model: list(model.predict([BAD])),
    "generate": lambda model: list(model.generate(prompt=BAD)),
    "in": lambda model: BAD in model,
}
OTHERS = {
    "Normalizer": lambda: Normalizer(["nfc"])(BAD),
    "Normalizer()": lambda: Normalizer()(BAD),
    "Vocab": lambda: Vocab(["a", BAD]),
    "Vocab.build": lambda: Vocab.build([["a"], [BAD]]),
    "Vocab.encode": lambda: Vocab(["a"]).encode(["a", BAD]),
    "Vocab[]": lambda: Vocab(["a"])[BAD],
    "sample": lambda: TOKENIZERS["sentencepiece"].sample(BAD, 0.1, random.Random(1)),
    "subwords": lambda: SentencePieceTokenizer.train([*LINES, BAD], vocab_size=280),
    "ngram.train": lambda: ngram.train([BAD]),
    "ngram.count": lambda: ngram.count([BAD]),
    "vocabulary": lambda: ngram.train(LINES, order=2, vocabulary=[BAD]),
    "bleu": lambda: bleu([BAD], [["a"]]),
    "bleu, reference": lambda: bleu(["a"], [[BAD]]),
    "chrf": lambda: chrf([BAD], [["a"]]),
    "compare": lambda: compare([BAD], ["b"], [["a"]]),
    "TextConfig": lambda: TextConfig(normalize=[BAD]),
    "load": lambda: seqkit.load(BAD),
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("call", OF_A_TOKENIZER)
def test_every_tokenizer_refuses_it(tokenizer, call):
    with pytest.raises(DataError, match=WORDS):
        OF_A_TOKENIZER[call](TOKENIZERS[tokenizer])


@pytest.mark.parametrize("name", NAMES)
def test_no_tokenizer_is_trained_on_it(name):
    with pytest.raises(DataError, match=rf"number 61 of the lines holds {WORDS}"):
        Tokenizer.train([*LINES, BAD], config(name))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("call", OF_A_MODEL)
def test_every_ngram_model_refuses_it(model, call):
    with pytest.raises(DataError, match=WORDS):
        OF_A_MODEL[call](MODELS[model])


@pytest.mark.parametrize("call", OTHERS)
def test_every_other_function_refuses_it(call):
    with pytest.raises(SeqkitError, match=WORDS):
        OTHERS[call]()


def test_a_byte_of_an_argument_that_is_not_utf8_is_named():
    with pytest.raises(DataError) as caught:
        encoded("caf\udce9", "TEXT")
    assert str(caught.value) == (
        r"TEXT holds half a surrogate pair ('\udce9', the byte 0xe9, which is not UTF-8) "
        "at character 4: repair or remove it"
    )


@pytest.mark.parametrize("text", ["", "a", "ä", "\U0001f600", "\ufffd", "\ud7ff\ue000"])
def test_whole_text_passes(text):
    assert encoded(text).decode() == text
    assert Normalizer()(text) == text


def test_halves_are_shown_as_what_they_are():
    assert without_halves("a\ud83db\udce9") == "a\ufffdb\ufffd"


@pytest.mark.parametrize("call", [lambda path: seqkit.train("demo/en-de", out=path), seqkit.load])
def test_a_run_folder_has_a_name_in_utf8(tmp_path, call):
    path = tmp_path / "r\udcff"
    with pytest.raises(SeqkitError, match=r"holds half a surrogate pair .* or give another"):
        call(path)
    assert not path.exists()

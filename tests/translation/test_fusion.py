"""A language model in translation: token by token, by words and by characters."""

import math

import pytest
from language.tiny import untrained
from letters import some_lines
from translators import LINES, tiny

import seqkit
from seqkit import ngram
from seqkit.errors import ConfigError, DataError, SeqkitError
from seqkit.text import TextConfig, Tokenizer
from seqkit.translation.fusion import heard
from seqkit.translation.translator import Translator

SOURCES = LINES[:3]
SEARCH = {"beam": 5, "nbest": 5, "max_length": 8, "split": False, "unknown": "never"}
WEIGHT = 0.6


@pytest.fixture(scope="module")
def pieces():
    return Tokenizer.train(LINES * 5, TextConfig(vocab_size=300, normalize=["squeeze"]))


@pytest.fixture
def counted(tmp_path):
    """Writes an n-gram model of the lines, by words or as asked for, and returns its path."""

    def write(lines=LINES, name="lm.arpa", **settings):
        path = tmp_path / name
        ngram.save(ngram.train(lines, order=3, smoothing="witten-bell", **settings), path)
        return path

    return write


def check_parts(translator, path, of_translation, **settings):
    """Each translation's score is of what both models say of it by themselves."""
    search = {**SEARCH, **settings}
    found = translator.translate_nbest(SOURCES, lm=str(path), lm_weight=WEIGHT, **search)
    assert any(translation.text for nbest in found for translation in nbest)

    for source, nbest in zip(SOURCES, found, strict=True):
        for translation in nbest:
            (part,) = translation.parts
            encoded = translator.source.encode(source, eos=True)
            own = sum(translator.score_ids([encoded], [part.ids])[0])
            lm = of_translation(translation)
            assert translation.log_probability == pytest.approx(own, abs=1e-3)
            assert translation.lm_log_probability == pytest.approx(lm, abs=1e-3)
            score = (own + WEIGHT * lm) / (len(part.ids) + 1)
            assert translation.score == pytest.approx(score, abs=1e-3)


def nats(model):
    """What a model says of the text of a translation."""
    return lambda translation: model.score(translation.text) * math.log(10)


@pytest.mark.parametrize("kind", ["words", "chars", "pieces"])
def test_words_of_any_translator_are_scored_as_in_the_whole_text(kind, request, counted):
    translator = tiny(request.getfixturevalue(kind), seed=3)
    path = counted()
    check_parts(translator, path, nats(ngram.load(path)))


@pytest.mark.parametrize("kind", ["words", "chars", "pieces"])
def test_characters_of_any_translator_are_scored_as_in_the_whole_text(kind, request, counted):
    translator = tiny(request.getfixturevalue(kind), seed=3)
    path = counted(tokenizer="char", name="lm.bin")
    no_line_breaks = {"suppress": ["<0x0A>"]} if kind == "pieces" else {}
    check_parts(translator, path, nats(ngram.load(path)), **no_line_breaks)


def test_a_model_of_the_same_tokenizer_is_asked_token_by_token(words, counted):
    path = counted(tokenizer="word", name="lm.bin")
    check_parts(tiny(words, seed=3), path, nats(ngram.load(path)))


def test_pieces_in_an_arpa_file_are_the_translators_own(pieces, counted):
    lines = [" ".join(pieces.split(line)) for line in LINES]
    path = counted(lines)
    model = ngram.load(path)

    def of_tokens(translation):
        return model.score(" ".join(translation.tokens)) * math.log(10)

    check_parts(tiny(pieces, seed=3), path, of_tokens)


def test_several_drawn_and_grouped_translations_are_fused_too(words, counted):
    path = counted()
    of_translation = nats(ngram.load(path))
    check_parts(tiny(words), path, of_translation, groups=5)
    check_parts(tiny(words), path, of_translation, no_repeat_ngram=2, min_length=2)

    translator = tiny(words)
    settings = {"lm": str(path), "sample": True, "nbest": 3, "unknown": "never"}
    for drawn in translator.translate_nbest(SOURCES, **settings):
        for translation in drawn:
            expected = of_translation(translation)
            assert translation.lm_log_probability == pytest.approx(expected, abs=1e-3)


def test_an_ensemble_is_fused(words, counted):
    path = counted()
    ensemble = Translator.ensemble([tiny(words, seed=1), tiny(words, seed=2)])
    check_parts(ensemble, path, nats(ngram.load(path)))


@pytest.mark.parametrize("name", ["gru", "transformer-lm"])
def test_a_network_is_heard_as_a_counted_model_is(name, words):
    network = untrained(name)

    def as_it_arrives(translation):
        block = f"{translation.text}\n".encode()
        ((_, found),) = network.score_blocks([block], at_once=True)
        return found.scores.sum() * math.log(10)

    translator = tiny(words, seed=3)
    translator._lms._opened = {"net": heard(network, words, "net")}
    check_parts(translator, "net", as_it_arrives)


def test_a_weight_of_zero_changes_nothing(words, counted):
    translator = tiny(words, seed=3)
    without = translator.translate_nbest(SOURCES, **SEARCH)
    assert translator.translate_nbest(SOURCES, lm="gone", lm_weight=0, **SEARCH) == without


def test_a_heavy_language_model_decides(words, counted):
    translator = tiny(words, seed=3)
    path = counted(["ein Hund"] * 5, tokenizer="word", name="lm.bin")
    heavy = translator.translate(SOURCES, lm=str(path), lm_weight=50, beam=5, split=False)
    assert heavy == ["ein Hund"] * 3


def test_lines_of_several_sentences_add_their_parts_up(words, counted):
    translator = tiny(words, seed=3)
    path = counted()
    settings = {"lm": str(path), "beam": 3, "max_length": 5}
    line = "你好。好你。"
    (whole,) = translator.translate_nbest([line], **settings)
    parts = translator.translate_nbest([part.source for part in whole[0].parts], **settings)
    assert len(parts) == 2
    total = sum(nbest[0].lm_log_probability for nbest in parts)
    assert whole[0].lm_log_probability == pytest.approx(total)


def test_json_reports_the_parts(words, counted):
    path = counted()
    (line,) = tiny(words).predict(SOURCES[:1], lm=str(path), nbest=2, beam=2, max_length=5)
    record = line.record()
    assert record["lm_log_probability"] == line.best.lm_log_probability
    assert "lm_log_probability" in record["nbest"][1]
    (line,) = tiny(words).predict(SOURCES[:1], nbest=2, beam=2, max_length=5)
    assert "lm_log_probability" not in line.record()


def test_texts_without_capitals_and_with_marks_apart_are_recognised(pieces):
    model = ngram.train(["das haus , rot .", "der hund ."], order=2, smoothing="witten-bell")
    units = heard(model, pieces, "lm").spelling
    found = units.encode(None, tuple(pieces.encode("Haus,")))
    assert [model.words[i] for i in found] == ["haus", ","]


# Bad input


def error(translator, path, kind=SeqkitError, **settings):
    with pytest.raises(kind) as raised:
        list(translator.predict([], lm=str(path), **settings))
    (line,) = str(raised.value).splitlines()
    return line


def test_what_is_no_language_model_is_refused_before_anything_is_translated(
    words, tmp_path, counted
):
    translator = tiny(words)
    gone = error(translator, tmp_path / "gone")
    assert gone.startswith("lm: ")
    assert "gone" in gone

    text = tmp_path / "text.txt"
    text.write_text("just a text\n")
    assert str(text) in error(translator, text, DataError)

    letters = counted(["你 好", "好 你"], name="chinese.arpa")
    latin = Tokenizer.train(some_lines(9), TextConfig(tokenizer="word"))
    assert "no letter in common" in error(tiny(latin), letters, ConfigError)

    same = counted(["你 好", "好 你"], tokenizer="word", name="chinese.bin")
    assert "knows none of the translator's" in error(tiny(latin), same, ConfigError)


def test_pieces_of_another_tokenizer_are_refused(pieces, counted):
    path = counted(["▁zzz ▁yyy ▁xxx q"])
    assert "pieces of another tokenizer (0 of 4" in error(tiny(pieces), path, ConfigError)


@pytest.mark.parametrize("weight", [math.nan, -1, "heavy", math.inf])
def test_weights_that_are_none_are_refused(words, weight):
    assert "lm_weight" in error(tiny(words), "lm", ConfigError, lm_weight=weight)


def test_the_other_engine_leaves_fusion_to_our_own_search(shipped, counted):
    pytest.importorskip("ctranslate2")
    english = seqkit.load(shipped, device="cpu")
    path = counted(["Wo ist mein Buch?"])
    (line,) = english.predict(["Where is my book?"], lm=str(path))
    assert line.record()["engine"] == "torch float32"
    (line,) = english.predict(["Where is my book?"], lm=str(path), lm_weight=0)
    assert line.record()["engine"] != "torch float32"

"""An n-gram model follows the `Predictor` protocol, and shows itself usefully in a notebook."""

import json
import math

import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.metrics.scoring import LineScore
from seqkit.runs.predictor import Prediction, Predictor, Report
from seqkit.training.contract import missing_members

LINES = ["a b c", "", "zz a\n", "b <unk>"]


@pytest.fixture(scope="module")
def model():
    return ngram.train(some_lines(1), order=3)


def test_nothing_of_the_protocol_is_missing(model):
    assert missing_members(model, Predictor) == []
    (line,) = model.predict(["a b"])
    assert missing_members(line, Prediction) == []
    assert missing_members(model.evaluate(["a b"]), Report) == []


def test_each_line_gets_its_score_perplexity_tokens_and_unknown_words(model):
    found = list(model.predict(LINES))
    assert [line.text for line in found] == ["a b c", "", "zz a", "b <unk>"]
    assert [line.log10_probability for line in found] == pytest.approx(
        [model.score(line) for line in LINES]
    )
    assert [line.perplexity for line in found] == [model.perplexity(line) for line in LINES]
    assert [line.tokens for line in found] == [4, 1, 3, 3]
    assert [line.oov for line in found] == [0, 0, 1, 1]


def test_lines_are_read_only_when_their_prediction_is_asked_for(model):
    read = []
    predictions = model.predict(read.append(line) or line for line in LINES)
    assert read == []
    assert next(predictions).text == "a b c"
    assert read == LINES[:1]


def test_a_prediction_is_plain_data_for_json_and_a_line_for_people(model):
    (found,) = model.predict(["a zz"])
    assert json.loads(json.dumps(found.record())) == {
        "text": "a zz",
        "log10_probability": found.log10_probability,
        "perplexity": found.perplexity,
        "tokens": 3,
        "oov": 1,
    }
    assert LineScore("a b", -1.25, 2.5, 3, 1).__str__() == "2.5000\t-1.250000\t3\t1\ta b"


def test_infinity_becomes_none_in_a_record():
    model = ngram.train(["a b", "b a"], order=2, smoothing="maximum-likelihood")
    (found,) = model.predict(["a a"])
    assert found.perplexity == math.inf
    assert found.record()["perplexity"] is None
    assert found.record()["log10_probability"] is None


def test_mistakes_are_refused_before_the_first_line_is_read(model):
    with pytest.raises(TypeError, match="give a list of texts, not one string"):
        model.predict("a b")
    for method in (model.predict, model.evaluate):
        with pytest.raises(ConfigError, match="takes no settings, such as 'beam'"):
            method(["a b"], beam=5)
    with pytest.raises(DataError, match="line break"):
        list(model.predict(["a\nb"]))


def test_test_data_are_the_lines_of_all_files(model, tmp_path):
    (tmp_path / "one").write_text("a b\n\nc")
    (tmp_path / "two").write_text("zz\n")
    data = model.read_test_data([tmp_path / "one", tmp_path / "two"])
    assert model.evaluate(data) == model.evaluate(["a b", "", "c", "zz"])
    assert model.reads == "lines"

    with pytest.raises(ConfigError, match="does not know its test text: name a file"):
        model.read_test_data([])
    with pytest.raises(DataError, match=r"cannot read .*none"):
        model.read_test_data([tmp_path / "none"])


def test_objects_of_a_notebook_show_their_sizes():
    lines = ["a b", "b a", "b"]
    counts, model = (make(lines, order=2) for make in (ngram.count, ngram.train))
    assert repr(counts) == "<Counts order=2, 8 tokens, 5 + 6 n-grams>"
    assert repr(counts.tables[1]) == "<Table of 6 n-grams>"
    assert repr(model) == (
        "<ngram.Model order=2, smoothing=modified-kneser-ney, unit=whitespace, 5 + 6 n-grams>"
    )
    assert repr(model.grams[1]) == "<Grams: 6 n-grams of one order>"
    assert repr(model.tables) == "<GramTables backoff, 5 + 6 n-grams>"
    assert repr(model.vocabulary) == "<Vocabulary of 5 words>"
    assert repr(model.pre_tokenizer) == "PreTokenizer('whitespace')"

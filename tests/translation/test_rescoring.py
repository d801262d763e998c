"""n-best lists: read, ranked anew, and weights tuned for them."""

import json
import math

import numpy as np
import pytest

from seqkit import ngram
from seqkit.errors import ConfigError, DataError, SeqkitError
from seqkit.metrics.overlap import bleu
from seqkit.translation.nbest import nbest_lines, read_nbest
from seqkit.translation.rescoring import Weights, rescore, tune

MOSES = """\
0 ||| the dog runs fast ||| LM0= -20.5 TM= -1 -2 ||| -3.1
0 ||| a dog runs fast ||| LM0= -21 TM= -3 -1.5 ||| -3.2 ||| 0-0 1-1
1 ||| he sees the house by the sea ||| LM0= -9 TM= -4 -1 ||| -2
1 ||| he sees a house by the sea ||| LM0= -8 TM= -4 -1 ||| -4
1 |||  ||| LM0= -8 TM= -4 -2 ||| -5
"""
REFERENCES = ["a dog runs fast", "he sees a house by the sea"]


@pytest.fixture
def write(tmp_path):
    def write_text(text, name="dev.nbest"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_text


@pytest.fixture
def moses(write):
    return read_nbest(write(MOSES))


def test_lists_in_the_format_of_moses_are_read(moses):
    assert [[entry.text for entry in each] for each in moses] == [
        ["the dog runs fast", "a dog runs fast"],
        ["he sees the house by the sea", "he sees a house by the sea", ""],
    ]
    assert moses[0][1].features == {"LM0": -21, "TM.1": -3, "TM.2": -1.5}


def test_what_translate_writes_has_one_feature(write):
    ((entry,),) = read_nbest(write("0 ||| ein Hund ||| -0.25 ||| 0-0 1-1\n"))
    assert (entry.text, entry.features) == ("ein Hund", {"score": -0.25})


def test_the_json_of_translate_has_log_probabilities(write):
    outputs = [
        {
            "translation": "ein\nHund",
            "score": -0.5,
            "log_probability": -1,
            "lm_log_probability": -4,
        },
        {"translation": "Hund", "score": -0.6, "log_probability": -2, "lm_log_probability": -3},
    ]
    text = json.dumps({"source": "a dog", "nbest": outputs})
    first, second = read_nbest(write(f"{text}\n{text}\n"))
    assert first == second
    assert [entry.text for entry in first] == ["ein Hund", "Hund"]
    assert first[0].features == {"log_probability": -1, "lm_log_probability": -4}


def test_what_is_written_can_be_read_again(moses, write):
    lines = [
        line
        for sentence, entries in enumerate(moses)
        for line in nbest_lines(sentence, [(entry, 0.0) for entry in entries])
    ]
    assert read_nbest(write("\n".join(lines) + "\n")) == moses


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no lines"),
        ("just a text\n", ":1 is not a line of an n-best list"),
        ("0 ||| a ||| -1\nx ||| a ||| -1\n", ":2 is not a line of an n-best list"),
        ('{"translation": "a"}\n', ":1 is not what `seqkit translate --nbest N --json` writes"),
        ('{"nbest": 3}\n', ":1 is not what `seqkit translate --nbest N --json` writes"),
        ("0 ||| a\n", ":1 is not a line of an n-best list"),
        ("1 ||| a ||| -1\n", ":1: sentence 1 where"),
        ("0 ||| a ||| -1\n2 ||| a ||| -1\n", ":2: sentence 2 where 0 goes on or 1 begins"),
        ("0 ||| a ||| nan\n", ":1: 'nan' is no number"),
        ("0 ||| a ||| LM= x ||| 1\n", ":1: 'x' is no number"),
        ("0 ||| a ||| ||| 1\n", ":1 has neither features nor a score"),
        ("0 ||| a ||| LM= 1 LM= 2 ||| 1\n", ":1 has the feature LM twice"),
        ("0 ||| a ||| LM= 1 ||| 1\n0 ||| b ||| TM= 1 ||| 1\n", ":2 has the features TM where"),
    ],
)
def test_bad_lists_are_refused_with_file_and_line(text, said, write):
    path = write(text)
    with pytest.raises(DataError) as raised:
        read_nbest(path)
    assert str(raised.value).startswith(str(path))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


# Ranking anew


@pytest.fixture
def lm(tmp_path):
    path = tmp_path / "lm.arpa"
    lines = ["a dog runs", "a house by the sea", "he sees a house"]
    ngram.save(ngram.train(lines, order=2, smoothing="witten-bell"), path)
    return path


def test_scores_are_features_times_weights(moses, lm):
    model = ngram.load(lm)
    weights = Weights(
        {"LM0": 0.5, "TM.1": 1.0, "TM.2": -1.0, "length": 2.0, "lm1": 0.25}, {"lm1": str(lm)}
    )
    first, _ = rescore(moses, weights)
    for entry, score in first:
        own = {e.text: e.features for e in moses[0]}[entry.text]
        expected = 0.5 * own["LM0"] + own["TM.1"] - own["TM.2"] + 2 * 4
        expected += 0.25 * model.score(entry.text) * math.log(10)
        assert score == pytest.approx(expected)
    assert first[0][1] >= first[1][1]


def test_tuned_weights_find_the_references(moses, lm, tmp_path):
    tuning = tune(moses, [REFERENCES], lms=[lm])
    first = [entries[0].text for entries in moses]
    assert tuning.before == pytest.approx(bleu(first, [REFERENCES]).score)
    assert tuning.after == pytest.approx(100)
    assert tuning.best == pytest.approx(100)

    tuning.weights.save(tmp_path / "weights.toml")
    weights = Weights.load(tmp_path / "weights.toml")
    assert weights.of == pytest.approx(tuning.weights.of)
    assert [ranked[0][0].text for ranked in rescore(moses, weights)] == REFERENCES


def test_what_is_tuned_is_the_score_of_what_is_then_chosen(write):
    rng = np.random.default_rng(1)
    words = ["a", "b", "c", "d", "e"]
    references = [" ".join(rng.choice(words, 8)) for _ in range(10)]
    lines = [
        f"{sentence} ||| {' '.join(rng.choice(words, 8))} {reference[:7]} ||| "
        f"x= {rng.normal():.3f} y= {rng.normal():.3f} ||| 0"
        for sentence, reference in enumerate(references)
        for _ in range(5)
    ]
    nbest = read_nbest(write("\n".join(lines) + "\n"))
    tuning = tune(nbest, [references])
    chosen = [ranked[0][0].text for ranked in rescore(nbest, tuning.weights)]
    assert bleu(chosen, [references]).score == pytest.approx(tuning.after)
    assert tuning.before < tuning.after <= tuning.best
    assert tune(nbest, [references]).weights == tuning.weights


def test_lists_with_other_features_than_the_weights_are_refused(moses):
    with pytest.raises(ConfigError, match=r"the weights are of score, length, the n-best list has"):
        list(rescore(moses, Weights({"score": 1.0, "length": 0.1}, {})))


def test_references_must_pair_up(moses):
    with pytest.raises(DataError, match="has 2 sentences, the references of list 1 1"):
        tune(moses, [REFERENCES[:1]])


def test_a_feature_of_an_added_name_is_refused(write):
    nbest = read_nbest(write("0 ||| a ||| length= 1 ||| 1\n"))
    with pytest.raises(DataError, match="has a feature 'length'"):
        tune(nbest, [["a"]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "does not hold weights"),
        ("a = 1", "does not say type"),
        ('type = "weights of features"\n', "'weights' is missing"),
        ('type = "weights of features"\nlm = {}\nweights = 3\n', "does not hold weights"),
        ('type = "weights of features"\nlm = {}\nweights = {a = nan}\n', "no finite number"),
    ],
)
def test_bad_weights_are_refused_with_their_file(text, said, write):
    path = write(text, "weights.toml")
    with pytest.raises(DataError, match=said) as raised:
        Weights.load(path)
    assert str(path) in str(raised.value)


def test_a_language_model_that_is_gone_is_named(moses):
    with pytest.raises(SeqkitError, match=r"lm: .*gone\.arpa"):
        tune(moses, [REFERENCES], lms=["gone.arpa"])

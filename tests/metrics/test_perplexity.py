"""The record of a perplexity: sums that add up, figures by definition, every choice in a signature.

And the scores that it is computed from, of tokens and of lines.
"""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

import seqkit
from seqkit import ngram
from seqkit.metrics.perplexity import Perplexity
from seqkit.metrics.scoring import Scores, measure, score_line, score_lines

CHOICES = {"ppl": "per-token", "unit": "word", "oov": "unk"}


def record(known=-20.0, unknown=-6.0, tokens=10, oov=2, signature_fields=CHOICES):
    return Perplexity(
        log_probability_known=known,
        log_probability_oov=unknown,
        tokens=tokens,
        oov=oov,
        sentences=3,
        words=9,
        characters=40,
        bytes=44,
        signature_fields=signature_fields,
    )


def test_figures_follow_their_definitions():
    found = record()
    assert found.log_probability == -26
    assert found.perplexity == pytest.approx(math.exp(2.6))
    assert found.perplexity_without_oov == pytest.approx(math.exp(20 / 8))
    assert found.perplexity_per_word == pytest.approx(math.exp(26 / 9))
    assert found.bits_per_char == pytest.approx(26 / 40 * math.log2(math.e))
    assert found.bits_per_byte == pytest.approx(26 / 44 * math.log2(math.e))


def test_a_uniform_model_is_as_perplexed_as_it_has_choices():
    found = Perplexity(
        log_probability_known=12 * math.log(1 / 32), tokens=12, sentences=1, characters=12, bytes=24
    )
    assert found.perplexity == pytest.approx(32)
    assert found.bits_per_char == pytest.approx(5)
    assert found.bits_per_byte == pytest.approx(2.5)


def test_parts_of_a_text_add_up_to_the_whole():
    parts = [record(-1.5, -0.25, 4, 1), record(-3.0, 0.0, 5, 0), record(-2.25, -8.0, 7, 2)]
    whole = parts[0] + parts[1] + parts[2]
    assert (whole.log_probability_known, whole.log_probability_oov) == (-6.75, -8.25)
    assert (whole.tokens, whole.oov) == (16, 3)
    assert (whole.sentences, whole.words, whole.characters, whole.bytes) == (9, 27, 120, 132)
    assert whole.signature_fields == CHOICES
    assert whole.perplexity == pytest.approx(math.exp(15 / 16))
    assert whole == parts[0] + (parts[1] + parts[2]) == Perplexity(signature_fields=CHOICES) + whole
    mean = sum(part.perplexity for part in parts) / 3
    assert whole.perplexity != pytest.approx(mean)  # means would not add up


def test_counts_have_names_so_that_none_is_taken_for_another():
    with pytest.raises(TypeError, match="positional"):
        Perplexity(-20.0, -6.0, 10, 2)


def test_records_of_different_choices_do_not_add_up():
    with pytest.raises(ValueError, match=r"do not add up: .*unit:word.* and .*unit:char"):
        record() + record(signature_fields={**CHOICES, "unit": "char"})
    with pytest.raises(ValueError, match="do not add up"):
        record() + record(signature_fields={})


def test_the_signature_holds_every_choice_and_the_version():
    assert record().signature == f"ppl:per-token|unit:word|oov:unk|version:{seqkit.__version__}"
    assert record(signature_fields={}).signature == f"version:{seqkit.__version__}"


FIGURES = [
    "perplexity",
    "perplexity_without_oov",
    "perplexity_per_word",
    "oov",
    "tokens",
    "sentences",
    "words",
    "log10_probability",
    "bits_per_char",
    "bits_per_byte",
    "signature",
]


def test_a_record_is_plain_data_for_json():
    found = record().record()
    assert list(found) == FIGURES
    assert json.loads(json.dumps(found)) == found
    assert found["log10_probability"] == pytest.approx(-26 / math.log(10))
    assert (found["oov"], found["tokens"], found["sentences"]) == (2, 10, 3)
    assert found["perplexity"] == record().perplexity


def test_what_is_infinite_or_undefined_is_null_in_json():
    found = record(-math.inf).record()
    assert [name for name in FIGURES if found[name] is None] == [
        *FIGURES[:3],
        *FIGURES[7:10],
    ]
    assert record(0.0, -6.0, 2, 2).record()["perplexity_without_oov"] is None


def test_people_get_a_table_with_the_signature():
    assert str(record()) == (
        "perplexity   13.4637\n"
        "without OOV  12.1825\n"
        "per word       17.97\n"
        "bits/char     0.9378\n"
        "bits/byte     0.8525\n"
        "tokens            10\n"
        "OOV                2\n"
        f"ppl:per-token|unit:word|oov:unk|version:{seqkit.__version__}"
    )
    assert repr(record()) == "<Perplexity 13.4637 of 10 tokens, 2 OOV>"


def test_baselines_stand_beside_a_perplexity_but_do_not_add_up():
    beside = replace(record(), baselines={"5-gram": 20.25})
    assert beside.record() == {**record().record(), "5-gram": 20.25}
    assert "\n5-gram       20.2500\nppl:" in str(beside)
    assert (beside + record()).baselines == {}
    impossible = replace(record(), baselines={"5-gram": math.inf})
    assert impossible.record()["5-gram"] is None


def test_what_is_empty_has_no_figures_and_what_is_impossible_is_infinite():
    assert math.isnan(record(0.0, 0.0, 0, 0).perplexity)
    assert math.isnan(record(0.0, -6.0, 2, 2).perplexity_without_oov)
    assert record(-math.inf).perplexity == math.inf
    assert record(-math.inf).bits_per_char == math.inf
    assert record(0.0, -math.inf).perplexity_without_oov == 1
    assert record(-1e6, 0.0, 10).perplexity == math.inf
    assert math.isnan(record(math.nan).perplexity)


DIFFERENT = {
    "ppl": {"smoothing": "stupid-backoff"},
    "unit": {"tokenizer": "char"},
    "vocab": {"vocabulary": ["a"]},
    "oov": {"unk": "keep"},
    "model": {"order": 1},
}


def fields_of(signature):
    return dict(part.split(":", 1) for part in signature.split("|"))


@pytest.mark.parametrize("key", DIFFERENT)
def test_models_that_differ_in_a_choice_differ_in_the_signature(key):
    lines = ["a b", "b a a"]
    plain = ngram.train(lines, order=2).evaluate(lines)
    other = ngram.train(lines, **{"order": 2, **DIFFERENT[key]}).evaluate(lines)
    choices, others = fields_of(plain.signature), fields_of(other.signature)
    assert choices[key] != others[key]
    assert "|".join(choices) == "ppl|unit|normalize|vocab|bos|eos|oov|model|log|version"
    with pytest.raises(ValueError, match="do not add up"):
        plain + other


def test_the_signature_of_a_model_says_what_it_did():
    found = ngram.train(["a b", "b a a"], order=2).evaluate(["a"])
    assert re.sub("-[0-9a-f]{12}", "-DIGEST", found.signature) == (
        "ppl:per-token|unit:whitespace|normalize:none|vocab:5|bos:given|eos:scored|oov:unk|"
        f"model:2-gram-DIGEST|log:float32|version:{seqkit.__version__}"
    )


def scores():
    return Scores(
        scores=np.array([-1, -2, -0.5, -0.25], np.float32),
        lengths=np.zeros(4, np.int16),
        oov=np.array([False, True, False, False]),
        ends=np.array([False, False, False, True]),
    )


def test_the_record_of_a_block_counts_tokens_words_characters_and_bytes():
    found = measure("ä b\u3000c\n".encode(), scores(), {})
    assert found.log_probability_known == pytest.approx(-1.75 * math.log(10))
    assert found.log_probability_oov == pytest.approx(-2 * math.log(10))
    assert (found.tokens, found.oov, found.sentences) == (4, 1, 1)
    assert (found.words, found.characters, found.bytes) == (3, 6, 9)


def test_scores_show_their_sum():
    assert repr(scores()) == "<Scores of 4 tokens: log10 probability -3.7500, 1 OOV>"


def test_a_line_is_scored_with_its_end():
    model = ngram.train(["a b", "b a a"], order=2)
    found = score_line(model, "a z")
    assert found == next(score_lines(model, ["a z\n"]))
    assert found.log10_probability == pytest.approx(model.score("a z"))
    assert (found.text, found.tokens, found.oov) == ("a z", 3, 1)
    assert found.perplexity == pytest.approx(10 ** (-found.log10_probability / 3))

    shown = f"{found.perplexity:.4f}\t{found.log10_probability:.6f}\t3\t1\ta z"
    assert str(found) == shown
    assert found.record() == {
        "text": "a z",
        "log10_probability": found.log10_probability,
        "perplexity": found.perplexity,
        "tokens": 3,
        "oov": 1,
    }


def test_an_impossible_line_is_null_in_json():
    model = ngram.train(["a b"], order=2, smoothing="maximum-likelihood")
    found = score_line(model, "b")
    assert (found.record()["perplexity"], found.record()["log10_probability"]) == (None, None)
    assert str(found) == "inf\t-inf\t2\t0\tb"

"""The record of a perplexity: sums that add up, figures by their definitions, a signature that holds every choice."""

import json
import math

import pytest

import seqkit
from seqkit import ngram
from seqkit.metrics.perplexity import Perplexity

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
    assert whole.perplexity != pytest.approx(
        sum(part.perplexity for part in parts) / 3
    )  # means would not add up


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


def test_a_record_is_plain_data_for_json():
    found = record().record()
    assert set(found) == {
        *(
            "perplexity",
            "perplexity_without_oov",
            "perplexity_per_word",
            "oov",
            "tokens",
            "sentences",
            "words",
        ),
        *("log10_probability", "bits_per_char", "bits_per_byte", "signature"),
    }
    assert json.loads(json.dumps(found)) == found
    assert found["log10_probability"] == pytest.approx(-26 / math.log(10))
    assert (found["oov"], found["tokens"], found["sentences"]) == (2, 10, 3)
    assert found["perplexity"] == record().perplexity


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
    "smoothing": {"smoothing": "witten-bell"},
}


@pytest.mark.parametrize("key", DIFFERENT)
def test_models_that_differ_in_a_choice_differ_in_the_signature(key):
    lines = ["a b", "b a a"]
    plain = ngram.train(lines, order=2).evaluate(lines)
    other = ngram.train(lines, **{"order": 2, **DIFFERENT[key]}).evaluate(lines)
    fields = [
        dict(part.split(":", 1) for part in found.signature.split("|")) for found in (plain, other)
    ]
    assert fields[0][key] != fields[1][key]
    assert "|".join(fields[0]) == "ppl|unit|normalize|vocab|bos|eos|oov|model|smoothing|log|version"
    with pytest.raises(ValueError, match="do not add up"):
        plain + other


def test_the_signature_of_a_model_says_what_it_did():
    found = ngram.train(["a b", "b a a"], order=2).evaluate(["a"])
    assert found.signature == (
        "ppl:per-token|unit:whitespace|normalize:none|vocab:5|bos:given|eos:scored|oov:unk|model:2-gram|"
        f"smoothing:modified-kneser-ney|log:float32|version:{seqkit.__version__}"
    )

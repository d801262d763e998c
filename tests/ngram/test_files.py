"""Models on disk: round trips, and ARPA files as other programs write them."""

import gzip
import math
import re

import numpy as np
import pytest
from ngram.slow import some_lines

import seqkit.ngram.binary
from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram.text import PreTokenizer
from seqkit.text import TextConfig, Tokenizer

BACKOFF = sorted(set(ngram.SMOOTHINGS) - {"add-k", "stupid-backoff"})
NAMES = ["lm.arpa", "lm.arpa.gz", "lm.bin", "lm"]


def same_scores(one, other, lines, lowest=-math.inf):
    """Equal to the last bit; scores below `lowest` count as `lowest`."""
    text = "".join(f"{line}\n" for line in lines).encode()
    found, again = one.score_block(text), other.score_block(text)
    assert np.array_equal(np.maximum(found.scores, lowest), np.maximum(again.scores, lowest))
    assert all(
        np.array_equal(getattr(found, name), getattr(again, name))
        for name in ("lengths", "oov", "ends")
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_a_saved_model_scores_as_before_to_the_last_bit(tmp_path, name, smoothing):
    model = ngram.train(some_lines(5), order=3, smoothing=smoothing)
    if "arpa" in name and smoothing not in BACKOFF:
        with pytest.raises(ConfigError, match=f"^{smoothing} cannot be written as ARPA"):
            ngram.save(model, tmp_path / name)
        assert not list(tmp_path.iterdir())
        return
    ngram.save(model, tmp_path / name)
    again = ngram.load(tmp_path / name)
    assert (again.words, again.order, again.kind) == (model.words, model.order, model.kind)
    zero = (
        -99 if "arpa" in name and smoothing == "maximum-likelihood" else -math.inf
    )  # ARPA knows no probability 0
    same_scores(model, again, [*some_lines(6, words="abcdefg"), "", "<unk>"], zero)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("order", [1, 10])
@pytest.mark.parametrize("name", NAMES)
def test_models_of_orders_one_and_ten_survive_files(tmp_path, order, name):
    model = ngram.train(["a b c d e f g h i j", "b a"], order=order)
    ngram.save(model, tmp_path / name)
    again = ngram.load(tmp_path / name)
    assert again.order == order
    same_scores(model, again, ["a b c d e f g h i j", "j i h", ""])


@pytest.mark.parametrize("name", ["pruned.arpa", "pruned.bin"])
def test_pruned_and_limited_models_survive_files(tmp_path, name):
    lines = some_lines(5, lines=60)
    for options in ({"prune": (0, 1, 2)}, {"vocabulary": ["a", "b"]}, {"prune": (9,)}):
        model = ngram.train(lines, order=3, **options)
        ngram.save(model, tmp_path / name)
        same_scores(model, ngram.load(tmp_path / name), lines)


def test_a_binary_keeps_the_signature(tmp_path):
    model = ngram.train(["ab c", "d"], order=2, tokenizer="char", smoothing="witten-bell")
    ngram.save(model, tmp_path / "lm")
    again = ngram.load(tmp_path / "lm")
    assert again.evaluate(["ab d"]) == model.evaluate(["ab d"])
    assert "unit:char" in again.evaluate(["ab"]).signature


def test_a_kept_unknown_word_stays_a_word_in_files(tmp_path):
    model = ngram.train(["the <unk> cat", "<unk>"], order=2, unk="keep", smoothing="witten-bell")
    for name in NAMES:
        ngram.save(model, tmp_path / name)
        assert ngram.load(tmp_path / name).evaluate(["the <unk> dog"]).oov == 1


def test_a_binary_contains_the_trained_tokenizer(tmp_path):
    tokenizer = Tokenizer.train(["ab ab ba", "ba ab"], TextConfig(tokenizer="word"))
    model = ngram.train(["ab ab ba", "ba ab"], order=2)
    model = ngram.Model(
        model.vocabulary.words,
        model.grams,
        metadata=model.metadata,
        pre_tokenizer=PreTokenizer.trained(tokenizer),
    )
    ngram.save(model, tmp_path / "lm")
    again = ngram.load(tmp_path / "lm")
    assert again.tokenizer.split("ab, ba") == tokenizer.split("ab, ba")
    same_scores(model, again, ["ab ba", "ba, ab"])


def test_writing_arpa_twice_gives_the_same_bytes_compressed_or_not(tmp_path):
    model = ngram.train(some_lines(5), order=3)
    for name in ("a.arpa", "a.arpa.gz", "b.arpa.gz"):
        ngram.save(model, tmp_path / name)
    assert (
        gzip.decompress((tmp_path / "a.arpa.gz").read_bytes()) == (tmp_path / "a.arpa").read_bytes()
    )
    assert (tmp_path / "a.arpa.gz").read_bytes() == (tmp_path / "b.arpa.gz").read_bytes()


def test_arpa_contains_no_score_above_zero_and_no_infinity(tmp_path):
    for smoothing in BACKOFF:
        ngram.save(
            ngram.train(["a", "a", "a b"], order=2, smoothing=smoothing), tmp_path / "lm.arpa"
        )
        numbers = re.findall(r"^(\S+)\t", (tmp_path / "lm.arpa").read_text(), re.MULTILINE)
        assert len(numbers) > 5
        assert all(-100 <= float(number) <= 0 for number in numbers)
        assert not {"-0", "-0.0", "-inf"} & set(numbers)


def test_a_probability_rounded_to_more_than_one_is_written_as_one(tmp_path):
    trained = ngram.train(["a b"], order=1, smoothing="witten-bell")
    scores = trained.grams[0].scores.copy()
    scores[trained.words.index("a")] = 1e-7
    grams = [trained.grams[0]._replace(scores=scores)]
    ngram.save(ngram.Model(trained.vocabulary.words, grams), tmp_path / "lm.arpa")
    assert ngram.load(tmp_path / "lm.arpa").score("a", bos=False, eos=False) == 0


FOREIGN = r"""
\data\
ngram 1=6
ngram 2=4
ngram 3=2

\1-grams:
-0.5 the -0.25
-99 <s> -0.125
-1.5 cat -0.75
-0.75 </s>
-2 sat
-1.75 ♥ 0.5

\2-grams:
-0.375 the cat -0.0625
-0.625 <s> the -0.03125
-0.875 cat </s>
-0.1875 cat sat 0

\3-grams:
-0.015625 <s> the cat
-0.3125 the cat sat

\end\
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "foreign.arpa").write_bytes(text if isinstance(text, bytes) else text.encode())
        return ngram.load(tmp_path / "foreign.arpa")

    return read


def check_foreign(model):
    assert set(model.words) == {"<unk>", "<s>", "</s>", "the", "cat", "sat", "♥"}
    assert list(model.full_scores("the cat sat")) == [
        (-0.625, 2, False),
        (-0.015625, 3, False),
        (-0.3125, 3, False),
        (-0.75, 1, False),
    ]
    assert list(model.full_scores("cat the ♥ cat")) == [
        (-1.5 - 0.125, 1, False),
        (-0.5 - 0.75, 1, False),
        (-1.75 - 0.25, 1, False),
        (-1.5 + 0.5, 1, False),  # a backoff weight may be above 0
        (-0.875, 2, False),
    ]


@pytest.mark.parametrize(
    ("old", "new"), [("", ""), (" ", "\t"), ("\n", "\r\n"), ("-0", "-0000"), ("\n\n", "\n\n\n")]
)
def test_files_in_the_style_of_srilm_are_read(read, old, new):
    """Missing backoffs, -99, any order of words, spaces or tabs, line ends, blank lines."""
    check_foreign(read(FOREIGN.replace(old, new).replace("ngram\t", "ngram ") if old else FOREIGN))


@pytest.mark.parametrize("name", NAMES)
def test_a_backoff_weight_above_one_survives_files(read, tmp_path, name):
    ngram.save(read(FOREIGN), tmp_path / name)
    check_foreign(ngram.load(tmp_path / name))


def test_a_file_without_the_unknown_word_gives_it_minus_100_as_kenlm_does(read):
    model = read(FOREIGN)
    assert list(model.full_scores("dog the"))[:2] == [(-100 - 0.125, 1, True), (-0.5, 1, False)]
    with_unknown = FOREIGN.replace("1=6", "1=7").replace("-2 sat", "-2 sat\n-3 <UNK> -0.5")
    for text in (with_unknown, with_unknown.replace("UNK", "unk")):
        assert list(read(text).full_scores("dog the"))[:2] == [
            (-3 - 0.125, 1, True),
            (-0.5 - 0.5, 1, False),
        ]


def test_ngrams_may_come_in_any_order(read):
    head, *sections = FOREIGN.split("-grams:\n")
    shuffled = []
    for section in sections:
        body, rest = section.split("\n\n", 1)
        shuffled.append("\n".join(reversed(body.split("\n"))) + "\n\n" + rest)
    check_foreign(read("-grams:\n".join([head, *shuffled])))


BLANKS = r"""\data\
ngram 1=8
ngram 2=1
ngram 3=2
ngram 4=1

\1-grams:
-1.995635	<unk>	0
-99	<s>	0
-1	</s>	0
-1.687872	also	-0.5
-1.75	would	-2
-1.25	consider	-7
-1.509559	higher	-0.30103
-1.285941	looking	-0.4771212

\2-grams:
-2	also would	-0.0625

\3-grams:
-3	also would consider	-0.03125
-0.25	<s> also would	-0.015625

\4-grams:
-4	also would consider higher

\end\
"""


def test_ngrams_whose_endings_are_missing_are_found(read, tmp_path):
    """KenLM calls them blanks: `also would consider` is there, `would consider` is not."""
    model = read(BLANKS)
    log = dict(zip(model.words, model.grams[0].scores.tolist(), strict=True))
    scores = [
        score
        for score, _, _ in model.full_scores(
            "also would consider higher looking", bos=False, eos=False
        )
    ]
    assert scores == pytest.approx([log["also"], -2, -3, -4, log["looking"] - 0.30103], abs=1e-6)
    scores = [
        score for score, _, _ in model.full_scores("also would consider zz", bos=False, eos=False)
    ]
    assert scores[3] == pytest.approx(log["<unk>"] - 7 - 0.03125, abs=1e-6)
    scores = [
        score for score, _, _ in model.full_scores("would consider higher", bos=False, eos=False)
    ]
    assert scores == pytest.approx([log["would"], log["consider"] - 2, log["higher"] - 7], abs=1e-6)
    assert [
        length for _, length, _ in model.full_scores("also would consider higher", bos=False)
    ] == [1, 2, 3, 4, 1]
    for name in ("again.arpa", "again"):
        ngram.save(model, tmp_path / name)
        lines = [
            "also would consider higher looking",
            "would consider higher",
            "also would consider zz",
        ]
        same_scores(model, ngram.load(tmp_path / name), lines)
    assert sorted((tmp_path / "again.arpa").read_text().split()) == sorted(BLANKS.split())


def test_a_history_missing_from_the_file_has_no_backoff_weight(read):
    """`consider looking` is no bigram of the file, though a trigram begins with it."""
    text = BLANKS.replace("ngram 3=2", "ngram 3=3").replace(
        "-0.015625\n", "-0.015625\n-0.125\tconsider looking </s>\t0\n"
    )
    model = read(text)
    assert list(model.full_scores("consider looking", bos=False))[2] == (-0.125, 3, False)
    assert list(model.full_scores("consider looking also", bos=False))[2][0] == pytest.approx(
        -1.687872 - 0.4771212
    )


def test_minus_99_is_a_very_small_probability_as_in_kenlm(read):
    assert read(FOREIGN.replace("-2 sat", "-99 sat")).score("sat", bos=False, eos=False) == -99


def test_a_probability_of_zero_is_written_as_srilm_writes_it(tmp_path):
    model = ngram.train(["a b"], order=1, smoothing="maximum-likelihood")
    assert model.score("zz", eos=False) == -math.inf
    ngram.save(model, tmp_path / "lm.arpa")
    assert "\n-99\t<unk>" in (tmp_path / "lm.arpa").read_text()


def test_a_path_may_be_a_string_and_need_not_end_in_arpa(tmp_path):
    model = ngram.train(["a b"], order=2)
    ngram.save(model, str(tmp_path / "lm.arpa"))
    assert ngram.load(str(tmp_path / "lm.arpa")).words == model.words
    (tmp_path / "lm.arpa").rename(tmp_path / "other.txt")
    assert ngram.load(tmp_path / "other.txt").words == model.words


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_model_survives_a_full_disk(tmp_path, monkeypatch, name):
    model = ngram.train(["a b"], order=2)
    ngram.save(model, tmp_path / name)
    before = (tmp_path / name).read_bytes()

    def full(*given):
        given[1].write_bytes(b"half") if hasattr(given[1], "write_bytes") else given[1].write(
            b"half"
        )
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seqkit.ngram.arpa, "_write", full)
    monkeypatch.setattr(seqkit.ngram.binary, "_save", full)
    for path in (tmp_path / name, tmp_path / f"new-{name}"):
        with pytest.raises(DataError, match=f"cannot write .*{path.name}: No space left on device"):
            ngram.save(model, path)
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_an_error_names_the_file_that_cannot_be_written(tmp_path, name):
    model = ngram.train(["a b"], order=2)
    with pytest.raises(DataError, match=rf"cannot write .*none/{name}: .*No such file"):
        ngram.save(model, tmp_path / "none" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=rf"cannot write .*{name}: Is a directory"):
        ngram.save(model, tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_has_the_permissions_of_any_new_file(tmp_path, name):
    (tmp_path / "other").write_text("")
    ngram.save(ngram.train(["a b"], order=2), tmp_path / name)
    assert (tmp_path / name).stat().st_mode == (tmp_path / "other").stat().st_mode

"""Against KenLM's own output on small corpora.

golden/CASES.tsv has its options, *.arpa and *.query.out are its files.

The cases were made with lmplz and query of KenLM 4cb443e.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from ngram.slow import Slow

from seqkit import ngram
from seqkit.ngram import smoothing
from seqkit.ngram.text import from_lines
from seqkit.ngram.training import train_blocks

GOLDEN = Path(__file__).parent / "golden"
CASES = {}
for row in (GOLDEN / "CASES.tsv").read_text().splitlines():
    name, corpus, options, code = row.split("\t")
    CASES[name] = corpus, options.split(), code
TRAINED = sorted(name for name, (_, _, code) in CASES.items() if code == "rc=0")
EXACT = [name for name in TRAINED if name != "quirk3"]


def lines_of(name):
    return (GOLDEN / name).read_text().split("\n")[:-1]


def train_case(name):
    corpus, options, _ = CASES[name]
    given, key = {}, ""
    for option in options:
        if option.startswith("-"):
            key = option
            given[key] = []
        else:
            given[key].append(option)
    limited = given.get("--limit_vocab_file")
    return train_blocks(
        (("the text", block) for block in from_lines(lines_of(corpus))),
        order=int(given["-o"][0]),
        smoothing="modified-kneser-ney",
        options=smoothing.Options(
            tuple(map(int, given.get("--prune", []))),
            frozenset((GOLDEN / limited[0]).read_bytes().split()) if limited else None,
            given.get("--interpolate_unigrams") != ["0"],
            int(given.get("--vocab_pad", [0])[0]),
            tuple(map(float, given.get("--discount_fallback", []))) or (0.5, 1.0, 1.5),
        ),
    )


def parsed(path):
    """Header and, in order, (n-gram, log probability, backoff or None) of an ARPA file."""
    header, rows = [], []
    for line in path.read_text().splitlines():
        if line.startswith("ngram "):
            header.append(int(line.split("=")[1]))
        elif "\t" in line:
            score, gram, *backoff = line.split("\t")
            rows.append((gram, float(score), float(backoff[0]) if backoff else None))
    return header, rows


def same(ours, theirs):
    """Headers, n-grams and their order are the same, numbers to 1e-6."""
    assert ours[0] == theirs[0]
    assert [row[0] for row in ours[1]] == [row[0] for row in theirs[1]]
    assert np.allclose(
        [row[1] for row in ours[1]], [row[1] for row in theirs[1]], atol=1e-6, rtol=0
    )
    assert [row[2] is None for row in ours[1]] == [row[2] is None for row in theirs[1]]
    backoffs = [[row[2] or 0 for row in side[1]] for side in (ours, theirs)]
    assert np.allclose(*backoffs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", EXACT)
def test_training_writes_the_arpa_file_that_lmplz_writes(name, tmp_path):
    model = train_case(name)
    ngram.save(model, tmp_path / "ours.arpa")
    theirs = parsed(GOLDEN / f"{name}.arpa")
    assert len(theirs[1]) > 5
    same(parsed(tmp_path / "ours.arpa"), theirs)
    ours = (tmp_path / "ours.arpa").read_text()
    golden = (GOLDEN / f"{name}.arpa").read_text()
    assert without_numbers(ours) == without_numbers(golden)


def without_numbers(text):
    return re.sub(r"-?[\d.]+", "#", text)


@pytest.mark.parametrize("name", EXACT)
def test_discounts_and_counts_equal_those_that_lmplz_prints(name):
    corpus, options, _ = CASES[name]
    order = int(options[1])
    slow, model = Slow(lines_of(corpus), order, "modified-kneser-ney"), train_case(name)
    for k, line in enumerate((GOLDEN / f"{name}.stats").read_text().splitlines(), 1):
        _, counts, *discounts = line.split()
        kept, _, total = counts.partition("/")
        specials = 2 * (k == 1)  # lmplz counts <unk> and <s> as well
        assert len(model.grams[k - 1].scores) == int(kept)
        assert sum(len(gram) == k for gram in slow.raw) + specials == int(total or kept)
        if "--discount_fallback" not in options:
            assert slow.discounts(k) == pytest.approx(
                [float(d.split("=")[1]) for d in discounts], abs=1e-5
            )


@pytest.mark.parametrize("name", TRAINED)
def test_reading_and_writing_a_file_of_lmplz_gives_the_same_bytes(name, tmp_path):
    ngram.save(ngram.load(GOLDEN / f"{name}.arpa"), tmp_path / "again.arpa")
    assert (tmp_path / "again.arpa").read_bytes() == (GOLDEN / f"{name}.arpa").read_bytes()


@pytest.mark.parametrize("name", TRAINED)
def test_scores_of_a_file_of_lmplz_equal_those_of_kenlms_query(name):
    check_queries(ngram.load(GOLDEN / f"{name}.arpa"), name)


@pytest.mark.parametrize("name", EXACT)
def test_scores_of_a_model_trained_here_equal_those_of_kenlms_query(name):
    check_queries(train_case(name), name)


def check_queries(model, name):
    *sentences, _, _, _, _ = rows = (GOLDEN / f"{name}.query.out").read_text().splitlines()
    lines = (GOLDEN / "all.query").read_text().split("\n")[:-1]
    for line, row in zip(lines, sentences, strict=True):
        *tokens, end = row.split("\t")
        found = list(model.full_scores(line))
        for (score, length, oov), token, word in zip(
            found, tokens, [*line.split(), "</s>"], strict=True
        ):
            shown, rest = token.rsplit("=", 1)
            number, expected, log = rest.split()
            assert (shown, length, oov) == (word, int(expected), number == "0")
            assert score == pytest.approx(float(log), abs=2e-6)
        total = re.fullmatch(r"Total: (\S+) OOV: (\d+)", end)
        assert model.score(line) == pytest.approx(float(total[1]), abs=5e-6)
        assert sum(oov for _, _, oov in found) == int(total[2])
    record = model.evaluate(lines)
    summary = dict(row.split(":\t") for row in rows[-4:])
    assert record.perplexity == pytest.approx(float(summary["Perplexity including OOVs"]), rel=1e-6)
    assert record.perplexity_without_oov == pytest.approx(
        float(summary["Perplexity excluding OOVs"]), rel=1e-6
    )
    assert (record.oov, record.tokens) == (int(summary["OOVs"]), int(summary["Tokens"]))


def test_discounts_follow_the_definition_where_lmplz_miscounts_the_last_ngram():
    lines = lines_of("quirk3.txt")
    slow = Slow(lines, 3, "modified-kneser-ney")
    assert slow.discounts(1) == pytest.approx([1 / 3, 5 / 3, 5 / 3])
    assert (GOLDEN / "quirk3.stats").read_text().startswith("1 12 D1=0.2 D2=1.85 D3+=2.2\n")
    model, theirs = train_case("quirk3"), ngram.load(GOLDEN / "quirk3.arpa")
    assert model.words == theirs.words
    assert not model.notes
    for word in slow.words:
        is_end = word == "</s>"
        *_, (score, _, _) = model.full_scores("" if is_end else word, bos=False, eos=is_end)
        assert 10**score == pytest.approx(slow.probability(word, ()), rel=1e-5)
    assert model.grams[0].scores[0] != pytest.approx(theirs.grams[0].scores[0], abs=0.01)
    for ours, golden in zip(model.grams, theirs.grams, strict=True):
        assert np.array_equal(ours.keys, golden.keys)


@pytest.mark.parametrize(("name", "wrong"), [("golden1", "order 1: "), ("golden2", "order 2: ")])
def test_where_lmplz_gives_up_discounts_are_replaced_and_a_note_says_so(name, wrong):
    model = train_case(name)
    assert len(model.notes) == 1
    assert model.notes[0].startswith(wrong)
    assert "the discount of count 2 would be -" in model.notes[0]
    assert "0.5 1 1.5 are used" in model.notes[0]


TOY0 = {"<unk>": -0.90309, "a": -0.46943438, "b": -0.5720968, "</s>": -0.5720968}
TOY1 = {"<unk>": -1, "a": -0.6146491, "b": -0.6146491, "</s>": -0.6146491, "c": -0.7659168}


@pytest.mark.parametrize(
    ("lines", "unigrams"), [(["a a b a", "b a a b"], TOY0), (["a a b b b b b b b", "c"], TOY1)]
)
def test_the_toy_models_of_kenlms_own_tests_have_its_scores(lines, unigrams):
    model = ngram.train(lines, order=3)
    assert len(model.notes) == 3
    assert dict(zip(model.words, model.grams[0].scores.tolist(), strict=True)) == pytest.approx(
        {"<s>": 0, **unigrams}, abs=1e-6
    )
    if unigrams is TOY0:
        assert next(model.full_scores("a"))[0] == pytest.approx(-0.37712017, abs=1e-6)
        assert list(model.full_scores("a a b", bos=False))[2][0] == pytest.approx(
            -0.20102891, abs=1e-6
        )
        assert sorted(set(np.round(model.grams[1].backoffs.astype(float), 5).tolist())) == [
            -0.30103,
            0,
        ]
    else:
        assert list(model.full_scores("b b b", bos=False))[2][:2] == pytest.approx(
            (-0.13375957, 3), abs=1e-6
        )
        assert model.grams[1].backoffs.min() == pytest.approx(-0.47712123, abs=1e-6)

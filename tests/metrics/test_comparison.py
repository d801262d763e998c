"""`seqkit.metrics`: two systems on one test set, consensus of several outputs, lengths."""

import json

import pytest
from sacrebleu.metrics import BLEU, CHRF

from seqkit.metrics.comparison import compare
from seqkit.metrics.overlap import bleu, consensus

REFERENCES = [
    f"the {who} {does} a {what} by the door"
    for who in ("cat", "dog", "man", "king", "old queen")
    for does in ("sees", "paints")
    for what in ("ball", "green tree", "bird")
]
GOOD = [line.replace("the door", "a door") if i % 3 else line for i, line in enumerate(REFERENCES)]
BAD = [
    line.replace("a ", "some ").replace("door", "window") if i % 5 else line
    for i, line in enumerate(REFERENCES)
]


@pytest.fixture(scope="module")
def found():
    return compare(BAD, GOOD, [REFERENCES], 200)


@pytest.fixture(scope="module")
def equal():
    return compare(GOOD, GOOD, [REFERENCES], 200)


def test_equal_systems_differ_by_chance_only(equal):
    assert equal.first == equal.second
    assert equal.p_values == pytest.approx({"BLEU": 1.0, "chrF2": 1.0}, abs=0.01)


def test_equal_systems_have_no_different_sentences(equal):
    assert equal.differences == [0.0] * len(REFERENCES)
    assert equal.most_different(5) == []


def test_a_clearly_better_system_is_significantly_better(found):
    assert found.second["BLEU"].score > found.first["BLEU"].score + 20
    assert all(p < 0.01 for p in found.p_values.values())


def test_a_hardly_better_system_may_be_better_by_chance():
    other = [line.replace("a door", "the door") if i == 4 else line for i, line in enumerate(GOOD)]
    barely = compare(GOOD, other, [REFERENCES], 200)
    assert barely.second["BLEU"].score > barely.first["BLEU"].score
    assert all(p > 0.1 for p in barely.p_values.values())


def test_scores_equal_sacrebleu_and_lie_in_their_intervals(found):
    for outputs, system in ((BAD, found.first), (GOOD, found.second)):
        assert system.keys() == {"BLEU", "chrF2"}
        for metric, value in zip((BLEU(), CHRF()), system.values(), strict=True):
            assert value.score == pytest.approx(metric.corpus_score(outputs, [REFERENCES]).score)
            assert value.interval > 0
            assert value.score - value.interval < value.mean < value.score + value.interval


def test_swapping_the_systems_only_changes_signs(found):
    other = compare(GOOD, BAD, [REFERENCES], 200)
    assert other.differences == [-difference for difference in found.differences]
    assert (other.first["BLEU"].score, other.p_values) == (
        found.second["BLEU"].score,
        found.p_values,
    )


def test_sentence_differences_come_greatest_first():
    first, second = (
        ["a b c d", "the cat", "x", "a bird"],
        ["a b c d", "the dog", "the king", "bird"],
    )
    found = compare(first, second, [["a b c d", "the cat", "the king", "a bird"]], 10)
    assert [place for place, _ in found.most_different(9)] == [2, 1, 3]
    assert [difference > 0 for _, difference in found.most_different(9)] == [True, False, False]
    assert found.most_different(9)[0] == (2, pytest.approx(100.0))
    assert found.most_different(2) == found.most_different(9)[:2]
    assert found.most_different(0) == []


def test_any_of_several_references_counts_and_some_may_be_missing():
    second = [None, *REFERENCES[1:]]
    wrong = ["x", *REFERENCES[1:]]
    found = compare(wrong, REFERENCES, [[REFERENCES[0], *["y"] * (len(second) - 1)], second], 10)
    assert found.second["BLEU"].score == pytest.approx(100)
    assert found.differences == [pytest.approx(100), *[0.0] * (len(second) - 1)]


def test_the_record_is_plain_json(found):
    record = json.loads(json.dumps(found.record()))
    assert record.keys() == {"first", "second", "p_values", "signatures", "samples"}
    assert record["samples"] == 200
    assert record["second"]["chrF2"]["score"] == found.second["chrF2"].score
    assert "bs:200" in record["signatures"]["BLEU"]


def test_consensus_is_the_mean_similarity_to_the_other_draws():
    """By hand: chrF2 of "ab" against "abc" has precisions 1, 1 and recalls 2/3, 1/2.

    The other way round, precisions and recalls change places.
    """
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    short, long = (
        100 * 5 * p * r / (4 * p + r) for p, r in ((precision, recall), (recall, precision))
    )
    assert consensus(["ab", "abc", "ab"]) == pytest.approx(
        [(100 + short) / 2, long, (100 + short) / 2]
    )
    assert consensus(["ab", "xyz"]) == [0, 0]
    assert consensus(["ab", "ab"]) == [100, 100]
    assert consensus(["ab"]) == [0]
    assert consensus([]) == []


def test_the_length_ratio_counts_bleu_s_tokens_of_the_closest_reference():
    def length_ratio(outputs, references):
        return bleu(outputs, references).length_ratio

    assert length_ratio(["a b, c", "d."], [["a b c d e", "d"]]) == pytest.approx(6 / 6)
    assert length_ratio(["a b c", "d"], [["a b c d e", "d e"], ["a b", None]]) == pytest.approx(
        4 / 4
    )
    assert length_ratio(["", ""], [["a", "b"]]) == 0
    assert length_ratio(["a a a", "a"], [["a", "a"]]) == 2

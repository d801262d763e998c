"""BLEU and chrF take outputs and references that belong together, and nothing else."""

import pytest

from seqkit.errors import DataError, WrongType
from seqkit.metrics import bleu, chrf
from seqkit.metrics.comparison import compare
from seqkit.metrics.overlap import BLEU, CHRF, consensus

OUTPUTS = ["the cat sat down here .", "a dog ran home today ."]
WRONG_TYPES = {
    "one string for outputs": ("the cat", [OUTPUTS], "give a list of outputs, not one string"),
    "bytes": (b"the cat", [OUTPUTS], "give a list of outputs, not b'the cat'"),
    "no outputs": (None, [OUTPUTS], "give a list of outputs, not None"),
    "None among the outputs": (
        ["a", None],
        [OUTPUTS],
        "number 2 of the outputs is None, not a string",
    ),
    "lists among the outputs": ([["a"], ["b"]], [OUTPUTS], "number 1 of the outputs is a list"),
    "a number among the outputs": (["a", 3], [OUTPUTS], r"2 of the outputs is 3 \(an int\)"),
    "one string for references": (OUTPUTS, OUTPUTS[0], "give a list of reference lists"),
    "a list of strings for references": (OUTPUTS, OUTPUTS, r"a list of strings: give \[references"),
    "no references": (OUTPUTS, None, "give a list of reference lists, such as"),
    "None for a reference list": (OUTPUTS, [None], "references in list 1, not None"),
    "a number among the references": (OUTPUTS, [["a", 1.5]], r"2 of the references in list 1 is"),
}
UNPAIRED = {
    "fewer references": (OUTPUTS, [OUTPUTS[:1]], "2 outputs do not pair up with the 1 references"),
    "more references": (OUTPUTS[:1], [OUTPUTS], "1 outputs do not pair up with the 2 references"),
    "a second list too short": (OUTPUTS, [OUTPUTS, []], "the 0 references of list 2"),
    "a list for each output": (OUTPUTS, [[OUTPUTS[0]], [OUTPUTS[1]]], "of list 1"),
    "nothing to score": ([], [[]], "there are no outputs"),
    "no lists": (OUTPUTS, [], "there are no references"),
    "an output without reference": (OUTPUTS, [["a", None], ["b", None]], "output 2 has no ref"),
}


@pytest.mark.parametrize("metric", [bleu, chrf, BLEU, CHRF], ids=["bleu", "chrf", "BLEU", "CHRF"])
@pytest.mark.parametrize("case", [*WRONG_TYPES])
def test_a_metric_says_what_to_pass(metric, case):
    outputs, references, message = WRONG_TYPES[case]
    with pytest.raises(WrongType, match=message):
        metric(outputs, references)


@pytest.mark.parametrize("metric", [bleu, chrf], ids=["bleu", "chrf"])
@pytest.mark.parametrize("case", [*UNPAIRED])
def test_outputs_and_references_pair_up(metric, case):
    outputs, references, message = UNPAIRED[case]
    with pytest.raises(DataError, match=message):
        metric(outputs, references)


@pytest.mark.parametrize("metric", [bleu, chrf], ids=["bleu", "chrf"])
def test_generators_score_as_lists_do(metric):
    expected = metric(OUTPUTS, [OUTPUTS])
    assert expected.score == pytest.approx(100)
    assert metric(iter(OUTPUTS), iter([iter(OUTPUTS)])) == expected


def test_a_sentence_may_lack_a_further_reference():
    second = [None, "a dog went home ."]
    assert bleu(OUTPUTS, [OUTPUTS, second]).score == pytest.approx(100)
    assert bleu(OUTPUTS, [second, OUTPUTS]).score == pytest.approx(100)


@pytest.mark.parametrize("case", [*UNPAIRED])
def test_a_comparison_pairs_up_too(case):
    outputs, references, message = UNPAIRED[case]
    with pytest.raises(DataError, match=message):
        compare(outputs, outputs, references)


def test_two_systems_of_different_length_do_not_compare():
    with pytest.raises(DataError, match="1 outputs do not pair up with the 2 references"):
        compare(OUTPUTS, OUTPUTS[:1], [OUTPUTS])
    with pytest.raises(ValueError, match="samples = 0"):
        compare(OUTPUTS, OUTPUTS, [OUTPUTS], samples=0)


def test_a_consensus_is_one_of_texts():
    with pytest.raises(WrongType, match="not one string"):
        consensus("abc")

import numpy as np
import pytest

from seqkit.errors import DataError
from seqkit.labelling.tagging.comparison import TaggerComparison
from seqkit.labelling.tagging.report import Scores, TaggingReport

ACTUAL = [["N", "V"], ["N", "N", "V"], ["D"]]


def report(*predicted, actual=ACTUAL):
    tags = [row.split() for row in predicted]
    return TaggingReport(Scores.of(tags, actual, "plain"), tags, actual, unit="words")


def test_words_that_one_model_alone_gets_right_are_counted():
    comparison = TaggerComparison(report("N V", "N V V", "D"), report("N N", "N N V", "N"))
    assert comparison.only_right == (2, 1)
    assert comparison.mcnemar == 1.0
    assert comparison.differing(2) == [0, 1]
    assert comparison.record()["only_first_right"] == 2
    assert "right by the first alone: 2" in str(comparison)


def test_equal_models_do_not_differ():
    same = report("N V", "N V V", "D")
    comparison = TaggerComparison(same, same)
    assert comparison.p_values == {"accuracy": 1.0}
    assert comparison.mcnemar == 1.0


def test_a_clear_difference_is_found():
    actual = [["N"] * 5] * 60
    right, wrong = ["N N N N N"] * 60, ["N V V N N"] * 60
    comparison = TaggerComparison(report(*right, actual=actual), report(*wrong, actual=actual))
    assert comparison.p_values["accuracy"] < 0.01
    assert comparison.mcnemar < 1e-10
    assert np.isclose(comparison.second.accuracy, 0.6)


def test_reports_of_other_sentences_cannot_be_compared():
    with pytest.raises(DataError, match="measured on different sentences"):
        TaggerComparison(report("N V", "N V V", "D"), report("N V", actual=ACTUAL[:1]))

import numpy as np
import pytest

from seqkit.errors import WrongValue
from seqkit.metrics.spans import SpanCounts, f1_of_sums, span_figures, word_recall


@pytest.mark.parametrize(
    ("correct", "predicted", "actual", "precision", "recall", "f1"),
    [  # the output of conlleval on the page of the shared task of CoNLL-2000: all, ADVP
        (371, 539, 459, 68.83, 80.83, 74.35),
        (5, 11, 8, 45.45, 62.50, 52.63),
    ],
)
def test_figures_are_those_that_conlleval_prints(correct, predicted, actual, precision, recall, f1):
    found = span_figures(correct, predicted, actual)
    shown = [round(100 * share, 2) for share in found[:3]]
    assert shown == [precision, recall, f1]


def test_without_spans_figures_are_zero_as_in_conlleval():
    assert span_figures(0, 0, 0)[:3] == (0, 0, 0)


# The example of seqeval's README: F1 0.50; MISC 0, PER 1.
ACTUAL = [[(3, 6, "MISC")], [(0, 2, "PER")]]
PREDICTED = [[(2, 6, "MISC")], [(0, 2, "PER")]]


def test_a_span_is_right_if_begin_end_and_type_are():
    counts = SpanCounts.of(PREDICTED, ACTUAL)
    assert counts.figures.f1 == 0.5
    assert {kind: figures.f1 for kind, figures in counts.per_type.items()} == {"MISC": 0, "PER": 1}
    assert counts.by_sentence.tolist() == [[0, 1, 1], [1, 1, 1]]

    other_type = SpanCounts.of([[(0, 2, "LOC")]], [[(0, 2, "PER")]])
    assert other_type.figures[3:] == (0, 1, 1)
    assert set(other_type.per_type) == {"LOC", "PER"}


def test_the_figure_of_sums_is_that_of_the_counts():
    counts = SpanCounts.of(PREDICTED, ACTUAL)
    sums = np.array([counts.by_sentence.sum(0), [0, 0, 0]], float)
    assert f1_of_sums(sums).tolist() == [0.5, 0.0]


def test_sentences_must_pair_up():
    with pytest.raises(WrongValue, match="spans of 1 sentences, and 2 right ones"):
        SpanCounts.of(PREDICTED[:1], ACTUAL)


def test_recall_of_unknown_words_is_counted_as_at_the_bakeoffs():
    """By hand: of 我 喜欢 北京 天气, 北京 and 天气 are unknown; 北京 is found, 天气 is cut."""
    right = [["我", "喜欢", "北京", "天气"]]
    found = [["我", "喜欢", "北京", "天", "气"]]
    recall = word_recall(found, right, known={"我", "喜欢"})
    assert recall == (2, 1, 2, 2)
    assert (recall.oov_rate, recall.oov_recall, recall.known_recall) == (0.5, 0.5, 1.0)


def test_a_word_is_found_by_its_place_in_the_text_and_not_by_its_number():
    assert word_recall([["ab", "c"]], [["a", "b", "c"]], known={"c"}) == (2, 0, 1, 1)


def test_recall_of_nothing_is_no_number():
    assert np.isnan(word_recall([["我"]], [["我"]], known={"我"}).oov_recall)

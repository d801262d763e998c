"""Naive Bayes, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB

from seqkit.data.batching import Rows
from seqkit.labelling.classification import naive_bayes
from seqkit.labelling.classification.baselines import Baselines
from seqkit.labelling.classification.naive_bayes import NaiveBayes
from seqkit.text.vocab import UNK

VOCAB = 20
FIRST = 4  # id that is a word


def texts(count, rng):
    return [rng.integers(FIRST, VOCAB, size=rng.integers(1, 12)).tolist() for _ in range(count)]


@pytest.fixture(params=[7, 20_000])
def data(request, monkeypatch):
    monkeypatch.setattr(naive_bayes, "_TEXTS", request.param)  # counted together
    rng = np.random.default_rng(0)
    train, test = texts(60, rng), [*texts(20, rng), []]
    classes = rng.integers(0, 4, size=60)
    labels = np.zeros((60, 4), bool)
    labels[np.arange(60), classes] = True
    return train, test, classes, labels


def counted(train, test):
    words = CountVectorizer(ngram_range=(1, 2), analyzer="word", token_pattern=r"\S+")
    as_text = [" ".join(map(str, row)) for row in train]
    return words.fit_transform(as_text), words.transform([" ".join(map(str, row)) for row in test])


def test_probabilities_are_those_of_multinomial_nb_on_words_and_pairs(data):
    train, test, classes, labels = data
    x, y = counted(train, test)
    expected = MultinomialNB(alpha=1.0).fit(x, classes).predict_proba(y)
    found = NaiveBayes(Rows(train), labels, vocab=VOCAB).probabilities(Rows(test))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_several_labels_are_questions_of_their_own(data):
    train, test, _, _ = data
    labels = np.random.default_rng(1).random((60, 3)) < 0.4
    x, y = counted(train, test)
    expected = OneVsRestClassifier(MultinomialNB(alpha=1.0)).fit(x, labels).predict_proba(y)
    bayes = NaiveBayes(Rows(train), labels, vocab=VOCAB)
    np.testing.assert_allclose(bayes.probabilities(Rows(test), several=True), expected, rtol=1e-9)


def test_unknown_words_are_left_out_and_make_no_pairs(data):
    train, _, _, labels = data
    bayes = NaiveBayes(Rows(train), labels, vocab=VOCAB)
    known, with_unknown = bayes.probabilities(Rows([[5], [UNK, 5, UNK]]))
    np.testing.assert_allclose(known, with_unknown)


def test_a_text_of_nothing_known_has_the_shares_of_the_classes(data):
    train, _, classes, labels = data
    bayes = NaiveBayes(Rows(train), labels, vocab=VOCAB)
    shares = np.bincount(classes) / len(classes)
    np.testing.assert_allclose(bayes.probabilities(Rows([[], [UNK]])), [shares, shares])


def test_a_class_without_texts_is_never_the_likeliest():
    labels = np.array([[True, False, False], [False, True, False]])
    found = NaiveBayes(Rows([[4, 5], [6]]), labels, vocab=VOCAB).probabilities(Rows([[4], [6]]))
    assert found.argmax(1).tolist() == [0, 1]
    assert (found[:, 2] == 0).all()


def test_baselines_are_the_majority_and_naive_bayes():
    labels = np.array([[1, 0], [1, 0], [0, 1]], np.uint8)
    found = Baselines.of(Rows([[4], [4], [5]]), labels, VOCAB)
    test = np.array([[1, 0], [0, 1], [0, 1], [0, 1]], np.uint8)
    figures = found.figures(Rows([[4], [5], [5], [4]]), test, several=False)
    assert figures == {"majority": 0.25, "naive-bayes": 0.75}

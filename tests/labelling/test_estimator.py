"""`TextClassifier` as scikit-learn's users know estimators."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted
from small_classifiers import some_texts

from seqkit.errors import DataError, WrongType, WrongValue
from seqkit.labelling import TextClassifier

SMALL = {
    "settings": {"width": 8, "buckets": 500},
    "vocab_size": 100,
    "epochs": 8,
    "batch": 8,
    "lr": 3e-2,
    "device": "cpu",
}
LABELS, TEXTS = zip(*some_texts(60), strict=True)
TEST_LABELS, TEST = zip(*some_texts(20, seed=9), strict=True)


@pytest.fixture(scope="module")
def fitted():
    return TextClassifier(**SMALL).fit(TEXTS, LABELS)


def test_it_learns_and_predicts_the_classes_that_it_was_given(fitted):
    assert fitted.predict(TEST).tolist() == list(TEST_LABELS)
    assert fitted.classes_.tolist() == ["food", "weather"]
    assert fitted.score(TEST, TEST_LABELS) == 1.0


def test_probabilities_have_a_column_for_each_class_in_order(fitted):
    found = fitted.predict_proba(["soup bread", "rain storm"])
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found.sum(1), 1.0, rtol=1e-6)
    assert found.argmax(1).tolist() == [0, 1]
    assert fitted.predict_proba([]).shape == (0, 2)


def test_labels_may_be_numbers_and_keep_their_order():
    numbers = np.where(np.array(LABELS) == "food", 10, 9)
    found = TextClassifier(**SMALL).fit(np.array(TEXTS), numbers)
    assert found.classes_.tolist() == [9, 10]
    assert found.predict(["soup bread salt"]).tolist() == [10]


def test_the_run_has_the_names_that_it_was_given(fitted):
    assert fitted.classifier_.classes == ["food", "weather"]
    (found,) = fitted.classifier_.predict(["soup bread salt"])
    assert found.labels == ["food"]


@pytest.mark.parametrize("names", [(10, 9), (True, False), (" a", "a"), ("", "x"), (0.5, -1.5)])
def test_every_kind_of_label_comes_back_as_it_was(names):
    food, weather = names
    given = np.array([food if label == "food" else weather for label in LABELS])
    found = TextClassifier(**SMALL).fit(TEXTS, given)
    assert found.classes_.tolist() == sorted(names)
    assert found.predict(["soup bread salt", "rain storm"]).tolist() == [food, weather]


def test_several_labels_are_a_matrix_as_scikit_learn_has_them():
    metrics = pytest.importorskip("sklearn.metrics")
    both = [f"{a} {b}" for a, b in zip(TEXTS[::2], TEXTS[1::2], strict=True)]
    texts = [*TEXTS, *both]
    single = [[1, 0, 0] if label == "food" else [0, 1, 0] for label in LABELS]
    matrix = np.array([*single, *[[1, 1, 0]] * len(both)])  # nothing has the last label
    found = TextClassifier(**{**SMALL, "epochs": 20}).fit(texts, matrix)

    assert found.classes_.tolist() == [0, 1, 2]
    asked = ["soup bread salt", "rain storm wind", "soup bread rain storm"]
    assert found.predict(asked).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert found.predict_proba(asked).shape == (3, 3)
    frame = pytest.importorskip("polars").DataFrame(matrix, schema=["food", "weather", "none"])
    assert found.score(texts, frame) == found.score(texts, matrix.tolist())
    assert found.score(texts, matrix) == metrics.accuracy_score(matrix, found.predict(texts))


def test_the_same_seed_gives_the_same_classifier(fitted):
    again = TextClassifier(**SMALL).fit(TEXTS, LABELS)
    np.testing.assert_array_equal(again.predict_proba(TEST), fitted.predict_proba(TEST))


def test_a_fitted_one_can_be_copied_by_pickle(fitted):
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 our own bytes
    np.testing.assert_array_equal(again.predict_proba(TEST), fitted.predict_proba(TEST))


def test_the_run_folder_is_kept_where_it_is_asked_for(tmp_path):
    out = tmp_path / "run"
    TextClassifier(**{**SMALL, "epochs": 1}, out=out).fit(TEXTS, LABELS)
    assert (out / "best").exists()


@pytest.mark.parametrize(
    "check",
    [
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_get_params_invariance",
        "check_set_params",
    ],
)
def test_it_passes_the_checks_of_scikit_learn_that_need_no_numbers(check):
    getattr(estimator_checks, check)("TextClassifier", TextClassifier(**SMALL))


def test_it_is_a_classifier_that_knows_whether_it_is_fitted(fitted):
    assert is_classifier(fitted)
    check_is_fitted(fitted)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(fresh)
    with pytest.raises(ValueError, match="call fit first"):
        fresh.predict(["soup"])


def test_it_works_in_a_pipeline_and_a_grid_search():
    shout = FunctionTransformer(lambda texts: [text.upper() for text in texts])
    pipeline = make_pipeline(shout, TextClassifier(**SMALL))
    search = GridSearchCV(pipeline, {"textclassifier__epochs": [1, 6]}, cv=2, error_score="raise")
    search.fit(list(TEXTS), list(LABELS))
    assert search.best_params_ == {"textclassifier__epochs": 6}
    assert search.predict(["SOUP BREAD"]).tolist() == ["food"]


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        (["a", "b"], ["x"], WrongValue, "2 texts and 1 labels"),
        (["a", "b"], ["x", "x"], WrongValue, "two classes"),
        (["a", 3], ["x", "y"], WrongType, "number 2 of the texts"),
        ("text", ["x"], WrongType, "list of texts"),
        (["a", "b"], [["x"], ["y"]], WrongType, "one label for each text.*MultiLabelBinarizer"),
        (["a", "b"], [["x"], ["y", "z"]], WrongType, "one label for each text"),
        (["a", "b"], [[0, 0], [0, 0]], WrongValue, "no text has a label"),
        (["a", "b"], [[0, 1]], WrongValue, "2 texts and 1 labels"),
        (["a", "b"], ["x", None], WrongValue, "number 2 of the labels is None: leave out"),
        (["a", "b"], [float("nan"), "x"], WrongValue, "number 1 of the labels is nan"),
        (["a", "b"], np.array([1, np.nan], np.float32), WrongValue, "number 2 .* is nan"),
        (["a", "b"], ["x", "y"], DataError, "^the texts: no texts for validation: every class"),
    ],
)
def test_what_cannot_be_fitted_is_refused(texts, labels, error, message):
    with pytest.raises(error, match=message):
        TextClassifier().fit(texts, labels)


def test_unknown_parameters_are_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="'epochs'"):
        TextClassifier().set_params(epoch=3)
    assert repr(TextClassifier(epochs=3)) == "TextClassifier(epochs=3)"

import pytest
from tagged_sentences import sentences

from seqkit.errors import DataError, WrongType, WrongValue
from seqkit.labelling import Tagger

ROWS = [list(zip(*rows, strict=True)) for rows in sentences(40)]
WORDS = [list(words) for words, _, _ in ROWS]
TAGS = [list(tags) for _, tags, _ in ROWS]
SMALL = {"settings": {"preset": "small", "dropout": 0.1}, "epochs": 12, "batch": 60, "lr": 1e-2}


def test_it_fits_and_predicts():
    tagger = Tagger(**SMALL).fit(WORDS, TAGS)
    assert tagger.score(WORDS, TAGS) > 0.95
    assert tagger.predict([["the", "dog", "!"], []]) == [["DET", "NOUN", "PUNCT"], []]
    (shares,) = tagger.predict_proba([["the", "dog", "!"]])
    assert [tagger.tagger_.tags.names[i] for i in shares.argmax(1)] == ["DET", "NOUN", "PUNCT"]
    assert tagger.classes_ == ["ADJ", "DET", "NOUN", "PUNCT", "VERB"]
    assert tagger.tagger_.evaluate(list(zip(WORDS, TAGS, strict=True))).accuracy > 0.95


@pytest.mark.slow
def test_it_works_in_a_grid_search():
    search = pytest.importorskip("sklearn.model_selection").GridSearchCV
    found = search(Tagger(**SMALL), {"lr": [1e-2, 1e-6]}, cv=2).fit(WORDS, TAGS)
    assert found.best_params_ == {"lr": 1e-2}


def test_a_clone_has_the_same_parameters():
    clone = pytest.importorskip("sklearn.base").clone
    tagger = Tagger("transformer-tagger", epochs=3)
    assert clone(tagger).get_params() == tagger.get_params()
    assert repr(tagger) == "Tagger(model='transformer-tagger', epochs=3)"
    assert tagger.set_params(epochs=4).epochs == 4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Tagger().fit(["the dog"], [["DET"]]), WrongType, "is one string: give a list of"),
        (lambda: Tagger().fit([["a"]], []), WrongValue, "1 sentences and 0 lists of tags"),
        (lambda: Tagger().fit([["a"]], [["X", "Y"]]), WrongValue, "sentence 1 has 1 words and 2"),
        (lambda: Tagger().fit([["a\tb"]], [["X"]]), DataError, "is empty or has white"),
        (lambda: Tagger().fit([], []), DataError, "^the sentences: there is no sentence"),
        (lambda: Tagger().fit([["a"]], [["X"]]), DataError, "^the sentences: 1 sentences are too"),
        (lambda: Tagger().predict([["a"]]), WrongValue, "not fitted yet"),
        (lambda: Tagger().set_params(epoch=1), WrongValue, "Did you mean 'epochs'"),
    ],
)
def test_mistakes_are_told_in_a_line(call, error, message):
    with pytest.raises(error, match=message):
        call()

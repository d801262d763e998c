"""A model filtered by a vocabulary: the same scores for its words, and nothing else."""

import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import DataError
from seqkit.ngram.filtering import restrict


@pytest.mark.parametrize("smoothing", ["modified-kneser-ney", "add-k", "stupid-backoff"])
def test_texts_of_the_words_that_stay_have_the_same_scores(smoothing, tmp_path):
    model = ngram.train(some_lines(3, lines=60), order=3, smoothing=smoothing)
    kept = restrict(model, {b"a", b"c", b"zebra"})
    assert kept.words == ["<unk>", "<s>", "</s>", *(w for w in model.words if w in ("a", "c"))]
    ngram.save(kept, tmp_path / "kept.lm")
    again = ngram.load(tmp_path / "kept.lm")
    if smoothing == "add-k":
        return  # what it gives to the unseen depends on the number of words
    for line in some_lines(4, words="ac"):
        assert kept.score(line) == pytest.approx(model.score(line), rel=1e-6)
        assert again.score(line) == pytest.approx(model.score(line), rel=1e-6)


def test_a_vocabulary_of_other_words_is_refused():
    model = ngram.train(["a b"], order=2, smoothing="witten-bell")
    with pytest.raises(DataError, match="knows none of these"):
        restrict(model, {b"zebra"})

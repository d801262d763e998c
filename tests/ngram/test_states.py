"""States: word by word as a decoder goes, with the scores of whole lines, and no more than that."""

import copy
from itertools import product

import numpy as np
import pytest
from ngram.slow import some_lines

from seqkit import ngram
from seqkit.errors import DataError, WrongType, WrongValue
from seqkit.ngram import kenlm

# The corner cases of KenLM's own MinimalState and Blanks tests, made small: "b" is a history that
# nothing follows; "c" has a weight; "a c" has none but begins a trigram; "d e" is missing.
CORNERS = r"""\data\
ngram 1=8
ngram 2=5
ngram 3=2

\1-grams:
-2	<unk>	-20
-99	<s>	-0.5
-0.5	</s>
-1	a	-0.25
-1.5	b
-1.25	c	0.125
-1.75	d	0
-2.25	e	-0.0625

\2-grams:
-0.5	<s> a	-0.25
-0.25	a c	0
-0.5	a b	0
-0.75	c d	-0.125
-0.75	e </s>	0

\3-grams:
-0.125	a c d
-0.375	c d e

\end\
"""


@pytest.fixture(scope="module")
def corners(tmp_path_factory):
    path = tmp_path_factory.mktemp("corners") / "corners.arpa"
    path.write_text(CORNERS)
    return path


@pytest.fixture(scope="module", params=ngram.SMOOTHINGS)
def model(request):
    return ngram.train(some_lines(3, lines=40), order=3, smoothing=request.param)


def walk(model, words, state):
    """The scores of words one after the other, and the state after them."""
    scores = []
    for word in words:
        score, state = model.step(state, word)
        scores.append(score)
    return scores, state


@pytest.mark.parametrize("line", ["", "a", "b b", "a b c d e", "e zz a b", "a <unk> b"])
def test_steps_give_the_scores_of_the_line(model, line):
    for bos, state in ((True, model.begin()), (False, model.null())):
        scores, after = walk(model, line.split(), state)
        rows = list(model.full_scores(line, bos=bos))
        assert [*scores, model.finish(after)] == pytest.approx([row[0] for row in rows])


@pytest.mark.parametrize("line", ["a c d e", "a c d b", "c d", "d e", "zz a c e", "a b a c", "e"])
def test_steps_give_the_scores_of_whole_texts_where_ngrams_lack_their_endings(corners, line):
    """Blocks are scored by other code: by arrays, not word by word."""
    model = ngram.load(corners)
    scores, after = walk(model, line.split(), model.begin())
    whole = model.score_block(f"{line}\n".encode())
    assert [*scores, model.finish(after)] == pytest.approx(whole.scores.tolist())
    assert model.score(line) == pytest.approx(float(whole.scores.sum(dtype=np.float64)))


def test_a_state_holds_what_scores_depend_on_and_no_more(corners):
    model = ngram.load(corners)
    held = {}
    for line in ("a", "b", "c", "d", "a c", "a b", "c d", "d e", "zz", "a c d", "e"):
        _, state = walk(model, line.split(), model.null())
        held[line] = len(state)
    assert held == {
        "a": 1,
        "b": 0,  # nothing follows b, and its weight is 0
        "c": 1,
        "d": 0,
        "a c": 2,  # begins a c d
        "a b": 0,
        "c d": 2,
        "d e": 1,
        "zz": 1,  # <unk> has a weight
        "a c d": 2,
        "e": 1,
    }
    assert len(model.begin()) == 1
    assert len(model.null()) == 0


def test_states_that_no_continuation_tells_apart_are_equal(model):
    """Compared with every continuation of two words, by the scores of whole lines."""
    if model.kind != "backoff":
        pytest.skip("the states of other kinds hold the last words, whatever they are")
    words = [*"abcde", "zz"]
    states = {}
    for history in product(words, repeat=2):
        _, state = walk(model, history, model.null())
        ahead = []
        for follower in product([*words, "</s>"], repeat=2):
            line = " ".join([*history, *follower])
            rows = list(model.full_scores(line, bos=False, eos=False))
            ahead.extend(round(score, 5) for score, _, _ in rows[2:])
        states.setdefault(state, set()).add(tuple(ahead))

    assert all(len(ahead) == 1 for ahead in states.values())
    distinct = {next(iter(ahead)) for ahead in states.values()}
    assert len(distinct) == len(states)
    assert {hash(state) for state in states} == {hash(copy.copy(state)) for state in states}


def test_a_batch_gives_the_scores_and_states_of_single_steps(model):
    words = [*"abcde", "zz", "</s>"]
    states = [walk(model, line, model.begin())[1] for line in product(words, repeat=2)]
    batch = model.batch(states)
    for word in words:
        scores, after = model.step_batch(batch, model.ids([word] * len(states)))
        single = [model.step(state, word) for state in states]
        assert scores.tolist() == pytest.approx([score for score, _ in single], rel=1e-5)

        expected = model.batch([state for _, state in single])
        assert after.words.tolist() == expected.words.tolist()
        np.testing.assert_allclose(after.backoffs, expected.backoffs, rtol=1e-6)
        for rows in (slice(1), slice(20, 40)):  # so few go one by one
            few = batch[rows]
            some, then = model.step_batch(few, model.ids([word] * len(few)))
            assert some.tolist() == scores[rows].tolist()
            assert then.words.tolist() == after[rows].words.tolist()
            assert then.backoffs.tolist() == after[rows].backoffs.tolist()
    assert model.finish_batch(batch).tolist() == pytest.approx(list(map(model.finish, states)))


def test_equal_states_of_a_batch_are_found(corners):
    model = ngram.load(corners)
    lines = ["a c", "a b", "b", "b a c", "d", "c"]
    batch = model.batch([walk(model, line.split(), model.begin())[1] for line in lines])
    first, which = batch.distinct()
    groups = [[lines[i] for i in np.flatnonzero(which == group)] for group in range(len(first))]
    assert sorted(groups) == [["a b", "b", "d"], ["a c", "b a c"], ["c"]]
    assert [which[i] for i in first] == list(range(len(first)))
    assert len(batch[first]) == 3


def test_a_model_of_order_1_remembers_nothing():
    model = ngram.train(["a b", "b"], order=1, smoothing="witten-bell")
    scores, state = walk(model, ["a", "b"], model.begin())
    assert len(state) == 0
    assert [*scores, model.finish(state)] == pytest.approx([r[0] for r in model.full_scores("a b")])
    batch = model.batch([model.begin(), state])
    assert model.finish_batch(batch).tolist() == pytest.approx([model.finish(state)] * 2)
    assert len(batch.distinct()[0]) == 1


def test_ngrams_that_lack_what_they_begin_with_are_found_all_the_same(corners, tmp_path):
    """SRILM never writes such a file, but nothing forbids it."""
    text = CORNERS.replace("-0.25	a c	0\n", "").replace("2=5", "2=4")
    (tmp_path / "odd.arpa").write_text(text)
    model = ngram.load(tmp_path / "odd.arpa")
    scores, _ = walk(model, ["a", "c", "d"], model.null())
    assert scores[2] == -0.125


def test_code_for_kenlm_works(corners):
    model = kenlm.Model(str(corners))
    state, after = kenlm.State(), kenlm.State()
    model.BeginSentenceWrite(state)
    total = 0.0
    for word in ["a", "c", "zz", "</s>"]:
        total += model.BaseScore(state, word, after)
        state, after = after, state
    assert total == pytest.approx(model.score("a c zz"))

    model.NullContextWrite(state)
    assert state == model.null()
    found = model.BaseFullScore(state, "zz", state)
    assert (found.log_prob, found.ngram_length, found.oov) == (-2, 1, True)
    assert model.BaseScore(state, "b", after) == -21.5
    assert hash(after) == hash(model.null())


@pytest.mark.parametrize(
    ("word", "error", "text"),
    [
        ("two words", DataError, "'two words' is not one word"),
        ("", DataError, "'' is not one word"),
        ("a\n", DataError, "'a.n' is not one word"),
        (3, WrongType, "give one word as a string, not 3"),
        (None, WrongType, "give one word as a string, not None"),
        ("\ud83d", DataError, "half of a surrogate pair|surrogate"),
    ],
)
def test_what_is_not_a_word_is_refused(corners, word, error, text):
    model = ngram.load(corners)
    for _ in range(2):
        with pytest.raises(error, match=text):
            model.step(model.begin(), word)


def test_the_state_of_another_model_is_refused(corners):
    model, other = ngram.load(corners), ngram.load(corners)
    with pytest.raises(WrongValue, match="this state is of another model: begin with begin"):
        model.step(other.begin(), "a")
    with pytest.raises(WrongValue, match="this state is of another model"):
        model.batch([other.begin()])
    with pytest.raises(WrongValue, match="this state is empty: take one from begin"):
        model.step(ngram.State(), "a")
    with pytest.raises(WrongType, match="give a state of an n-gram model, not NoneType"):
        model.step(None, "a")
    assert model.begin() != other.begin()


def test_words_that_do_not_fit_the_states_of_a_batch_are_refused(corners):
    model = ngram.load(corners)
    batch = model.batch([model.begin()] * 3)
    with pytest.raises(WrongValue, match="expected 3 ids of words, one for each state"):
        model.step_batch(batch, model.ids(["a"]))
    with pytest.raises(WrongValue, match="ids of words are 0 to 7, not 0 to 8"):
        model.step_batch(batch, np.array([0, 8, 1]))
    with pytest.raises(WrongValue, match="expected 3 ids of words"):
        model.step_batch(batch, ["a", "b", "c"])


def test_the_next_words_are_the_likeliest_by_score(model):
    for prefix in ("", "a", "b zz", "c d"):
        expected = {}
        for word in model.words[3:]:
            *_, (score, _, _) = model.full_scores(f"{prefix} {word}", eos=False)
            expected[word] = score
        found = model.next(prefix, top=3)
        best = sorted(expected.values(), reverse=True)[:3]
        assert [score for _, score in found] == pytest.approx(best)
        assert [expected[word] for word, _ in found] == pytest.approx(best)
    assert len(model.next("a", top=1000)) == len(model.words) - 3


def test_next_words_may_be_begun():
    model = ngram.train(["the cat", "the cart", "the dog", "a car"], order=2, smoothing="katz")
    assert {word for word, _ in model.next("the", start="ca")} == {"cat", "cart", "car"}
    assert model.next("the", start="x") == []
    with pytest.raises(WrongType, match="give one start as a string"):
        model.next("the", start=None)


def test_tokens_of_a_tokenizer_are_words():
    model = ngram.train(["a b", "b a a"], order=2, smoothing="witten-bell", tokenizer="char")
    scores, state = walk(model, "a b", model.begin())
    assert [*scores, model.finish(state)] == pytest.approx([r[0] for r in model.full_scores("a b")])
    assert " " in {token for token, _ in model.next("a")}

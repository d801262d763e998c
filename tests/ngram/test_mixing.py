"""Static mixtures: the weighted mean of the models, as one back-off model."""

import copy
import itertools
import math

import pytest
from ngram.slow import some_lines
from ngram.test_pruning import as_dicts, distribution

from seqkit import ngram
from seqkit.errors import ConfigError, DataError, WrongValue
from seqkit.ngram.dynamic import mixture
from seqkit.ngram.mixing import interpolate
from seqkit.ngram.mixture_files import save_mixture
from seqkit.text import TextConfig, Tokenizer


def models(second="cdefg", **settings):
    first = ngram.train(some_lines(1, lines=60, words="abcde"), order=3, **settings)
    return first, ngram.train(some_lines(2, lines=60, words=second), order=2, **settings)


@pytest.mark.parametrize("unknown", ["share", "keep"])
def test_every_ngram_of_a_model_has_the_mean_of_both(unknown):
    first, second = models(smoothing="witten-bell")
    mixed = interpolate([first, second], [0.3, 0.7], unknown=unknown)
    words = set(first.words) | set(second.words)
    assert set(mixed.words) == words

    def given(model, gram):
        """What a model gives to the last word of an n-gram, by hand."""
        *history, word = ["<unk>" if each not in model.words else each for each in gram]
        scores, backoffs = as_dicts(model)
        found = distribution(model, scores, backoffs, tuple(history)[1 - model.order :])[word]
        lacking = len(words - set(model.words))
        is_lacking = gram[-1] not in model.words
        if unknown == "keep":
            return 0.0 if is_lacking else found
        return found / (lacking + 1) if is_lacking or word == "<unk>" else found

    scores, _ = as_dicts(mixed)
    for gram, score in itertools.islice(scores.items(), 2, None):
        if gram[-1] != "<s>":
            expected = 0.3 * given(first, gram) + 0.7 * given(second, gram)
            assert 10**score == pytest.approx(expected, rel=1e-4), gram


@pytest.mark.parametrize("smoothing", ["modified-kneser-ney", "katz"])
def test_a_mixture_sums_to_1_after_every_history(smoothing):
    mixed = interpolate(models(smoothing=smoothing), [0.5, 0.5])
    scores, backoffs = as_dicts(mixed)
    histories = {gram for gram in scores if len(gram) < 3 and gram[-1] != "</s>"}
    for history in [(), *histories]:
        total = sum(distribution(mixed, scores, backoffs, history).values())
        assert total == pytest.approx(1, abs=1e-4), history


def test_a_mixture_with_all_weight_on_a_model_is_that_model():
    first, second = models("abcde", smoothing="witten-bell")
    mixed = interpolate([first, second], [1, 0])
    for line in some_lines(7, lines=20):
        assert mixed.score(line) == pytest.approx(first.score(line), rel=1e-5)


def test_a_static_mixture_is_as_good_as_the_mean_of_every_word():
    first, second = models("abcdefg", smoothing="modified-kneser-ney")
    text = some_lines(9, lines=200, words="abcde")
    mixed = interpolate([first, second], [0.4, 0.6])
    total = tokens = 0
    for line in text:
        pairs = zip(first.full_scores(line), second.full_scores(line), strict=True)
        for (one, _, _), (other, _, _) in pairs:
            total += math.log10(0.4 * 10**one + 0.6 * 10**other)
            tokens += 1
    assert mixed.perplexity(text) == pytest.approx(10 ** (-total / tokens), rel=0.01)


@pytest.mark.parametrize("unknown", ["share", "keep"])
def test_a_mixture_that_runs_gives_the_mean_to_every_word(unknown):
    first, second = models(smoothing="modified-kneser-ney")
    running = mixture([first, second], [0.4, 0.6], unknown=unknown)
    assert running.order == 3

    def given(model, word, score):
        lacking = len(set(running.words) - set(model.words))
        if unknown == "keep":
            return 0.0 if word in running and word not in model else 10**score
        return 10**score if word in model else 10**score / (lacking + 1)

    line = "a c g zz b a"
    rows = zip(
        [*line.split(), "</s>"], first.full_scores(line), second.full_scores(line), strict=True
    )
    expected = []
    for word, (one, _, _), (other, _, _) in rows:
        shares = 0.4 * given(first, word, one), 0.6 * given(second, word, other)
        expected.append(math.log10(sum(shares)))
    found = list(running.full_scores(line))
    assert [score for score, _, _ in found] == pytest.approx(expected, rel=1e-5)
    assert [is_oov for _, _, is_oov in found] == [word == "zz" for word in [*line.split(), "</s>"]]

    scores, state = [], running.begin()
    for word in line.split():
        score, state = running.step(state, word)
        scores.append(score)
    assert [*scores, running.finish(state)] == pytest.approx(expected, rel=1e-5)
    block = running.score_block(f"{line}\n".encode())
    assert block.scores.tolist() == pytest.approx(expected, rel=1e-5)


def test_a_mixture_that_runs_sums_to_1_and_draws_text():
    running = mixture(models(smoothing="witten-bell"), [0.4, 0.6])
    total = sum(10 ** running.step(running.begin(), word)[0] for word in running.words[3:])
    total += 10 ** running.finish(running.begin()) + 10 ** running.step(running.begin(), "zz")[0]
    assert total == pytest.approx(1, abs=1e-5)
    assert set("".join(running.generate(seed=1)).split()) <= set(running.words)
    assert len(running.next("a", top=3)) == 3
    signature = running.signature_fields()
    assert signature["unknown"] == "share"
    other = mixture(models(smoothing="witten-bell"), [0.5, 0.5]).signature_fields()
    assert signature["model"] != other["model"]


def test_the_file_of_a_mixture_names_its_models(tmp_path):
    first, second = models(smoothing="witten-bell")
    (tmp_path / "parts").mkdir()
    paths = [tmp_path / "parts" / "a.lm", tmp_path / "b.arpa"]
    for model, path in zip((first, second), paths, strict=True):
        ngram.save(model, path)
    save_mixture(paths, [0.25, 0.75], tmp_path / "mix.toml", unknown="keep")
    running = mixture([first, second], [0.25, 0.75], unknown="keep")
    loaded = ngram.load(tmp_path / "mix.toml")
    assert loaded.score("a b g") == pytest.approx(running.score("a b g"), rel=1e-5)
    assert loaded.signature_fields() == running.signature_fields()

    with pytest.raises(ConfigError, match=r"no n-grams to write into x\.lm"):
        ngram.save(loaded, tmp_path / "x.lm")
    paths[1].unlink()
    with pytest.raises(DataError, match=r"mix.toml: model 2: cannot read .*b.arpa"):
        ngram.load(tmp_path / "mix.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = [", "is not the file of a mixture: "),
        ("x = 1", 'it does not say type = "n-gram mixture"'),
        ('type = "n-gram mixture"', "'models' is missing"),
        ('type = "n-gram mixture"\nmodels = 3', "is not the file of a mixture"),
        ('type = "n-gram mixture"\n[[models]]\npath = "a.lm"\nweight = "x"', "x"),
        ('type = "n-gram mixture"\n[[models]]\npath = "a.lm"\nweight = 2', "the weights 2 sum"),
        ('type = "n-gram mixture"\n[[models]]\npath = "m.toml"\nweight = 1', "itself a mixture"),
    ],
)
def test_a_wrong_file_of_a_mixture_is_named(tmp_path, text, complaint):
    ngram.save(models(smoothing="witten-bell")[0], tmp_path / "a.lm")
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(DataError) as error:
        ngram.load(tmp_path / "m.toml")
    assert str(tmp_path / "m.toml") in str(error.value)
    assert complaint in str(error.value)


def test_a_mixture_is_written_and_read(tmp_path):
    mixed = interpolate(models(smoothing="witten-bell"), [0.5, 0.5])
    ngram.save(mixed, tmp_path / "mixed.arpa")
    again = ngram.load(tmp_path / "mixed.arpa")
    assert again.score("a b g") == pytest.approx(mixed.score("a b g"), rel=1e-6)


def test_what_cannot_be_mixed_is_refused():
    pair = models(smoothing="witten-bell")
    for weights, text in (
        ([0.5, 0.6], "the weights 0.5, 0.6 sum to 1.1, not to 1"),
        ([1], "1 weights for 2 models: 1"),
        ([1.5, -0.5], "a weight is a number from 0 to 1: 1.5, -0.5"),
        ([math.nan, 1], "a weight is a number from 0 to 1: nan, 1"),
    ):
        with pytest.raises(WrongValue, match=text):
            interpolate(pair, weights)
    with pytest.raises(ConfigError, match="unknown is 'share' or 'keep', not 'no'"):
        interpolate(pair, [0.5, 0.5], unknown="no")
    chars = ngram.train(["ab"], order=2, smoothing="witten-bell", tokenizer="char")
    with pytest.raises(ConfigError, match="models of the tokens whitespace, char cannot be mixed"):
        interpolate([pair[0], chars], [0.5, 0.5])
    added = ngram.train(["a b"], order=2, smoothing="add-k")
    with pytest.raises((ConfigError, DataError), match="model 2 of the mixture: add-k is not a"):
        interpolate([pair[0], added], [0.5, 0.5])


def with_tokenizer(text, folder, **settings):
    """A model of the tokens of a tokenizer that is trained on its text."""
    folder.mkdir()
    Tokenizer.train(text, TextConfig(**settings)).save(folder)
    return ngram.train(text, order=2, smoothing="witten-bell", tokenizer=str(folder))


def test_models_of_different_trained_tokenizers_are_not_mixed(tmp_path):
    text = ["low lower lowest", "new newer newest"] * 20
    models = [
        with_tokenizer(text, tmp_path / str(size), tokenizer="sentencepiece", vocab_size=size)
        for size in (276, 280)
    ]
    for mixed in (interpolate, mixture):
        assert mixed([models[0], models[0]], [0.5, 0.5]).order == 2
        with pytest.raises(ConfigError, match="the tokenizers sentencepiece of the models differ"):
            mixed(models, [0.5, 0.5])


def test_only_what_splits_text_differently_keeps_tokenizers_apart(tmp_path):
    models = [
        with_tokenizer([text], tmp_path / text, tokenizer="char") for text in ("abba", "cddc")
    ]
    assert {"a", "c"} <= set(interpolate(models, [0.5, 0.5]).words)


@pytest.mark.parametrize("unknown", ["share", "keep"])
def test_every_way_to_step_through_a_mixture_gives_the_same_scores(unknown):
    running = mixture(models(smoothing="modified-kneser-ney"), [0.4, 0.6], unknown=unknown)
    words = ["a", "c", "g", "zz", "b", "a", "f"]
    scores, states = [], [running.begin()]
    for word in words:
        score, state = running.step(states[-1], word)
        scores.append(score)
        states.append(state)

    batch = running.batch(states[:-1])
    by_batch, after = running.step_batch(batch, running.ids(words))
    assert by_batch.tolist() == pytest.approx(scores, rel=1e-5)
    assert after.words.tolist() == running.batch(states[1:]).words.tolist()
    assert min(map(len, states[1:])) < running.order - 1  # what nothing depends on is cut
    ends = [running.finish(state) for state in states[1:]]
    assert running.finish_batch(after).tolist() == pytest.approx(ends, rel=1e-5)

    copied = copy.copy(states[3])  # as kenlm's methods copy states, without their parts
    assert running.step(copied, "b")[0] == pytest.approx(running.step(states[3], "b")[0])
    following = dict(running.next("a c g", top=100))
    for word in running.words[3:]:
        if word in following:
            assert running.step(states[3], word)[0] == pytest.approx(following[word], rel=1e-6)


def test_a_state_of_a_mixture_holds_no_more_words_than_its_models_need():
    running = mixture(models(smoothing="witten-bell"), [0.4, 0.6])

    def after(line):
        state = running.begin()
        for word in line.split():
            _, state = running.step(state, word)
        return state

    assert after("a b zz") == after("g zz") != after("a b")
    assert len(after("zz")) == 0
    with pytest.raises(WrongValue, match="this state is of another model"):
        running.step(models(smoothing="witten-bell")[0].begin(), "a")

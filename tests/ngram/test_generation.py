"""Generated text: drawn from the model's distribution, limited as asked, reproducible."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from ngram.slow import BOS, EOS, UNK, Slow, some_lines

from seqkit import ngram
from seqkit.errors import ConfigError, DataError
from seqkit.ngram.generation import Sampling, draw_ids


@pytest.fixture(scope="module")
def model():
    return ngram.train(some_lines(3, lines=40), order=3)


def drawn(model, *, prompt="", length=100, temperature=1.0, top_k=0, top_p=1.0, seed=None):
    """The words after the prompt, one by one."""
    sampling = Sampling(temperature, top_k, top_p)
    rng = np.random.default_rng(seed)
    state = model.steps.start(context_of(model, prompt))
    ids = draw_ids(model.steps, state, sampling, rng, length)
    return (model.words[i] for i in ids)


def context_of(model, prompt):
    """The ids of `<s>` and of the words of a prompt."""
    words = model.pre_tokenizer.split(prompt)
    ids = [model.words.index(word) if word in model else 0 for word in words]
    return [1, *ids]


def next_words(model, context):
    """{word: probability} after a context of words, from scores, without `<unk>`."""
    found = {}
    for word in model.words[2:]:
        text = " ".join(context) if word == EOS else " ".join([*context, word])
        found[word] = 10 ** list(model.full_scores(text, eos=word == EOS))[-1][0]
    return found


@pytest.mark.parametrize("prompt", ["", "a", "b b", "a b c d", "e zz a", "zz"])
def test_the_distribution_agrees_with_the_scores(model, prompt):
    found = 10 ** model.steps.score_all(model.steps.start(context_of(model, prompt)))
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert found[1] == 0
    by_word = dict(zip(model.words, found.tolist(), strict=True))
    assert {word: by_word[word] for word in model.words[2:]} == pytest.approx(
        next_words(model, prompt.split())
    )


def test_temperature_0_takes_the_likeliest_word(model):
    for prompt in ("", "a", "c d", "zz"):
        context, expected = prompt.split(), []
        while len(expected) < 9:
            words = next_words(model, context)
            best = max(words, key=words.get)
            if best == EOS:
                break
            expected.append(best)
            context.append(best)
        assert list(drawn(model, prompt=prompt, temperature=0, length=9)) == expected


def test_drawing_from_one_word_only_equals_temperature_0(model):
    for prompt in ("", "a", "d e"):
        greedy = list(drawn(model, prompt=prompt, temperature=0, length=12))
        for options in ({"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-6}):
            assert list(drawn(model, prompt=prompt, length=12, seed=1, **options)) == greedy


def test_the_same_seed_gives_the_same_text(model):
    texts = [list(drawn(model, seed=seed, length=30)) for seed in range(20)]
    assert texts == [list(drawn(model, seed=seed, length=30)) for seed in range(20)]
    assert len(set(map(tuple, texts))) > 10


def test_texts_end_with_the_sentence_and_contain_no_special_words():
    rare = ngram.train(["a b", "c"], order=2, smoothing="witten-bell")  # <unk> would be frequent
    lengths = set()
    for seed in range(150):
        words = list(drawn(rare, seed=seed, length=6))
        assert set(words) <= set("abc")
        lengths.add(len(words))
    assert lengths == set(range(7))


@pytest.mark.parametrize("smoothing", ngram.SMOOTHINGS)
def test_every_smoothing_generates(smoothing):
    model = ngram.train(some_lines(3), order=3, smoothing=smoothing)
    words = [word for seed in range(5) for word in drawn(model, seed=seed, length=20)]
    assert words
    assert set(words) <= set("abcde")


@pytest.mark.parametrize("order", [1, 10])
def test_every_order_generates(order):
    model = ngram.train(["a b c d e f g h i j k l m", "a b", ""], order=order)
    assert len(list(drawn(model, seed=1, length=50))) <= 50
    if order == 10:
        prompt = "a b c d e f g h i j k"
        assert next(drawn(model, prompt=prompt, temperature=0)) == "l"


def frequencies(model, draws, **options):
    rng = Counter(next(drawn(model, seed=seed, length=1, **options), EOS) for seed in range(draws))
    return {word: count / draws for word, count in rng.items()}


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_words_are_drawn_in_proportion_to_their_probabilities(model, temperature):
    words = next_words(model, ["a"])
    powers = {word: p ** (1 / temperature) for word, p in words.items()}
    draws = 700
    found = frequencies(model, draws, prompt="a", temperature=temperature)
    for word, power in powers.items():
        share = power / sum(powers.values())
        assert abs(found.get(word, 0) - share) < 4 * (share * (1 - share) / draws) ** 0.5, word


def test_top_k_and_top_p_leave_out_unlikely_words(model):
    words = next_words(model, ["a"])
    ranked = sorted(words, key=words.get, reverse=True)
    assert set(frequencies(model, 100, prompt="a", top_k=2)) == set(ranked[:2])
    total = sum(words.values())
    shares = np.cumsum([words[word] / total for word in ranked])
    for kept in (1, 2, 3):
        nucleus = float(shares[kept - 1]) - 0.01
        assert set(frequencies(model, 150, prompt="a", top_p=nucleus)) == set(ranked[:kept])
    assert set(frequencies(model, 50, prompt="a", top_k=1000)) <= set(ranked)


def test_whole_texts_are_drawn_in_proportion_to_their_probabilities():
    lines = ["x y", "x x y", "y"]
    model = ngram.train(lines, order=2, smoothing="absolute-discounting")
    slow = Slow(lines, 2, "absolute-discounting")
    draws, expected = 500, 1.0
    for word, history in (("x", BOS), ("y", "x"), (EOS, "y")):
        expected *= slow.probability(word, (history,)) / (1 - slow.probability(UNK, (history,)))
    found = sum(list(drawn(model, seed=seed)) == ["x", "y"] for seed in range(draws)) / draws
    assert abs(found - expected) < 4 * (expected * (1 - expected) / draws) ** 0.5


def test_a_character_model_generates_character_by_character():
    model = ngram.train(["ab ab ab"], order=4, tokenizer="char", smoothing="witten-bell")
    assert list(islice(drawn(model, prompt="a", temperature=0), 4)) == ["b", "▁", "a", "b"]


@pytest.mark.parametrize(
    "options", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}]
)
def test_settings_out_of_range_are_refused_before_anything_is_drawn(model, options):
    with pytest.raises(
        ConfigError,
        match=r"temperature and top_k are 0 or more, top_p is above 0|top_k = -1 must be",
    ):
        model.generate(**options)


def test_a_prompt_of_several_lines_is_refused_before_anything_is_drawn(model):
    with pytest.raises(DataError, match="line break"):
        model.generate(prompt="a\nb")


@pytest.mark.parametrize("tokenizer", ["whitespace", "char"])
def test_a_text_consists_of_the_prompt_and_the_words_drawn_after_it(tokenizer):
    model = ngram.train(some_lines(3, lines=40), order=3, tokenizer=tokenizer)
    for seed in range(9):
        pieces = list(model.generate(prompt="a b", length=9, seed=seed))
        words = list(drawn(model, prompt="a b", length=9, seed=seed))
        assert pieces[0] == "a b"
        assert len(pieces) == 1 + len(words)
        text = (" " if tokenizer == "whitespace" else "").join(
            [*model.pre_tokenizer.split("a b"), *words]
        )
        assert "".join(pieces) == text.replace("▁", " ")

"""`Translator.look`: attention, probabilities, runners-up, alignments."""

import math

import pytest
import torch
from translators import SENTENCES, blind, tiny

from seqkit.text.vocab import BOS, EOS
from seqkit.translation.explain import Explanation, alignment
from seqkit.translation.translator import Translator


def test_a_look_has_a_row_for_each_token_and_a_column_for_each_of_the_source(english):
    for source, (best,) in zip(SENTENCES, english.translate_nbest(SENTENCES), strict=True):
        (look,) = english.explain(best)
        assert look.source == [*english.source.split(source), "<eos>"]
        assert look.target == [*best.tokens, "<eos>"]
        assert look.attention.shape[2:] == (len(look.target), len(look.source))
        assert look.mean_attention.sum(-1).tolist() == pytest.approx(
            [1.0] * len(look.target), abs=1e-5
        )
        assert len(look.source_words) == len(look.source) - 1
        assert len(look.target_words) == len(look.target) - 1
        logs = english.token_scores([source], [best.text])[0]
        assert [math.log(p) for p in look.probabilities] == pytest.approx(logs, abs=1e-4)


def test_runners_up_are_the_likeliest_other_tokens(words):
    translator = tiny(words, 5)
    (look,) = translator.explain(translator.force("das Haus", "ein Hund sieht"))
    said = [*words.encode("ein Hund sieht"), EOS]
    with torch.no_grad():
        inputs = torch.tensor([[BOS, *said[:-1]]])
        hidden = translator.model(torch.tensor([words.encode("das Haus", eos=True)]), inputs)
        shares = translator.model.logits(hidden)[0].softmax(-1).tolist()
    for share, token, p, others in zip(
        shares, said, look.probabilities, look.runners_up, strict=True
    ):
        ranked = sorted(
            (value, words.vocab.tokens[i]) for i, value in enumerate(share) if i != token
        )[::-1][:3]
        assert p == pytest.approx(share[token], rel=1e-4)
        assert [name for name, _ in others] == [name for _, name in ranked]
        assert [value for _, value in others] == pytest.approx(
            [value for value, _ in ranked], rel=1e-4
        )


def test_tokens_belong_to_words_set_apart_by_white_space(english, chars):
    (look,) = english.explain(
        english.force("Unbelievable umbrellas, my dear.", "Donaudampfschiff? Na so was!")
    )
    for pieces, numbers, count in (
        (look.source, look.source_words, 4),
        (look.target, look.target_words, 4),
    ):
        assert len(pieces) - 1 > count
        assert numbers == [
            sum(piece.startswith("▁") for piece in pieces[: k + 1]) - 1 for k in range(len(numbers))
        ]
    assert look.words == (4, 4)
    translator = tiny(chars)
    (look,) = translator.explain(translator.force("das Haus", "ein Ü s"))
    assert look.source_words == [0, 0, 0, 0, 1, 1, 1, 1]
    assert look.target == [*"ein ", "<0xC3>", "<0x9C>", " ", "s", "<eos>"]
    assert look.target_words == [0, 0, 0, 0, 1, 1, 1, 2]


def test_unknown_marks_belong_to_the_words_they_touch(backwards):
    ((best,),) = backwards.translate_nbest(["Haus; ist rot"], nbest=1)
    assert best.text == "rot ist; Haus"
    (look,) = backwards.explain(best)
    assert look.source_words == [0, 0, 1, 2]
    assert look.target_words == [0, 1, 1, 2]


def test_an_alignment_is_the_most_attended_word_of_each_token():
    weights = torch.tensor(
        [[0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.5, 0.1, 0.3], [0.0, 0.0, 0.0, 1.0]]
    )
    look = Explanation(
        [*"abc", "<eos>"],
        [*"xyz", "<eos>"],
        weights[None, None],
        [1.0] * 4,
        [[]] * 4,
        [0, 0, 1],
        [0, 1, 1],
    )
    assert look.alignment() == [(0, 0), (0, 1), (1, 1)]
    assert alignment([look, look]) == [(0, 0), (0, 1), (1, 1), (2, 2), (2, 3), (3, 3)]
    assert (
        Explanation(["<eos>"], ["<eos>"], torch.ones(1, 1, 1, 1), [1.0], [[]], [], []).alignment()
        == []
    )


def test_an_empty_part_joins_nothing():
    empty = Explanation(
        ["a", "<eos>"], ["<eos>"], torch.full((1, 1, 1, 2), 0.5), [1.0], [[]], [0], [], joined=True
    )
    eye = torch.eye(2)[None, None]
    assert alignment(
        [empty, Explanation(["b", "<eos>"], ["x", "<eos>"], eye, [1.0] * 2, [[]] * 2, [0], [0])]
    ) == [(0, 0)]


def test_alignments_are_those_of_the_model(backwards):
    ((best,),) = backwards.translate_nbest(["das Haus ist rot"], nbest=1)
    (look,) = backwards.explain(best)
    assert look.alignment() == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_words_of_a_line_of_several_sentences_are_counted_through(english):
    first, second = "Where is my book?", "I live in a small house."
    ((whole,),) = english.translate_nbest([f"{first} {second}"], nbest=1)
    (one,), (two,) = english.translate_nbest([first, second], nbest=1)
    looks = english.explain(whole)
    assert len(looks) == 2
    words_before = (len(first.split()), len(one.text.split()))
    pairs = [english.explain(t)[0].alignment() for t in (one, two)]
    assert alignment(looks) == [
        *pairs[0],
        *((i + words_before[0], j + words_before[1]) for i, j in pairs[1]),
    ]
    assert max(pair[0] for pair in alignment(looks)) == len(f"{first} {second}".split()) - 1


def test_sentences_without_a_space_between_them_are_one_word(backwards):
    ((best,),) = backwards.translate_nbest(["你好。好你。"], nbest=1)
    assert len(best.parts) == 2
    pairs = alignment(backwards.explain(best))
    assert {i for i, _ in pairs} == {0}
    assert {j for _, j in pairs} == set(range(len(best.text.split())))


def test_a_model_without_attention_has_none_to_look_at(words):
    translator = blind(words)
    (look,) = translator.explain(translator.force("das Haus", "ein Hund"))
    assert look.attention is None
    assert len(look.probabilities) == len(look.runners_up) == 3
    for ask in (look.alignment, lambda: look.mean_attention, lambda: alignment([look])):
        with pytest.raises(ValueError, match="no attention"):
            ask()


def test_the_first_of_several_models_is_looked_into(words):
    members = [tiny(words, seed) for seed in (1, 2)]
    looks = [
        t.explain(members[0].force("das Haus", "rot"))[0]
        for t in (*members, Translator.ensemble(members))
    ]
    assert looks[2].probabilities == looks[0].probabilities != looks[1].probabilities


def test_an_empty_line_leaves_nothing_to_look_at(backwards):
    ((best,),) = backwards.translate_nbest([" "], nbest=1)
    assert backwards.explain(best) == []


def test_a_given_translation_is_scored_and_looked_into_like_the_model_s_own(english):
    ((best,),) = english.translate_nbest(SENTENCES[:1])
    given = english.force(SENTENCES[0], best.text)
    assert (given.text, given.tokens, given.parts) == (best.text, best.tokens, best.parts)
    assert (given.score, given.log_probability) == pytest.approx(
        (best.score, best.log_probability), abs=1e-4
    )
    worse = english.force(SENTENCES[0], "Ich habe keinen Hunger.")
    assert worse.log_probability == english.score(SENTENCES[:1], ["Ich habe keinen Hunger."])[0]
    assert worse.score == pytest.approx(worse.log_probability / (len(worse.tokens) + 1))
    assert english.explain(worse)[0].target[:-1] == worse.tokens

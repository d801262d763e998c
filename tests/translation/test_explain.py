"""`Translator.explain`: attention, probabilities, runners-up, alignments."""

import math

import pytest
import torch
from translators import SENTENCES, blind, tiny

from seqkit.text.subword import SPACE
from seqkit.text.vocab import BOS, EOS
from seqkit.translation.cutting import Part
from seqkit.translation.engines import own
from seqkit.translation.explain import Explanation, _words, alignment
from seqkit.translation.segments import Candidate, Segment, Translation, joined
from seqkit.translation.translator import Translator


def test_an_explanation_has_a_row_for_each_token_and_a_column_for_each_source_token(english):
    for source, (best,) in zip(SENTENCES, english.translate_nbest(SENTENCES), strict=True):
        (explanation,) = english.explain(best)
        assert explanation.source == [*english.source.split(source), "<eos>"]
        assert explanation.target == [*best.tokens, "<eos>"]
        assert explanation.attention.shape[2:] == (len(explanation.target), len(explanation.source))
        assert explanation.mean_attention.sum(-1).tolist() == pytest.approx(
            [1.0] * len(explanation.target), abs=1e-5
        )
        assert len(explanation.source_words) == len(explanation.source) - 1
        assert len(explanation.target_words) == len(explanation.target) - 1
        logs = english.token_scores([source], [best.text])[0]
        assert [math.log(p) for p in explanation.probabilities] == pytest.approx(logs, abs=1e-4)


def test_runners_up_are_the_likeliest_other_tokens(words):
    translator = tiny(words, 5)
    (explanation,) = translator.explain(translator.force("das Haus", "ein Hund sieht"))
    said = [*words.encode("ein Hund sieht"), EOS]
    with torch.no_grad():
        inputs = torch.tensor([[BOS, *said[:-1]]])
        hidden = translator.model(torch.tensor([words.encode("das Haus", eos=True)]), inputs)
        shares = translator.model.logits(hidden)[0].softmax(-1).tolist()
    for share, token, p, others in zip(
        shares, said, explanation.probabilities, explanation.runners_up, strict=True
    ):
        ranked = sorted(
            (value, words.vocab.tokens[i]) for i, value in enumerate(share) if i != token
        )[::-1][:3]
        assert p == pytest.approx(share[token], rel=1e-4)
        assert [name for name, _ in others] == [name for _, name in ranked]
        assert [value for _, value in others] == pytest.approx(
            [value for value, _ in ranked], rel=1e-4
        )


def test_the_likeliest_token_is_not_among_its_own_runners_up(backwards):
    ((best,),) = backwards.translate_nbest(["das Haus ist rot"], nbest=1)
    (explanation,) = backwards.explain(best)
    for token, probability, others in zip(
        explanation.target, explanation.probabilities, explanation.runners_up, strict=True
    ):
        assert len(others) == 3
        assert token not in [name for name, _ in others]
        assert probability > others[0][1]


def test_tokens_belong_to_words_separated_by_white_space(english, chars):
    (explanation,) = english.explain(
        english.force("Unbelievable umbrellas, my dear.", "Donaudampfschiff? Na so was!")
    )
    for pieces, numbers, count in (
        (explanation.source, explanation.source_words, 4),
        (explanation.target, explanation.target_words, 4),
    ):
        assert len(pieces) - 1 > count
        assert numbers == [
            sum(piece.startswith("▁") for piece in pieces[: k + 1]) - 1 for k in range(len(numbers))
        ]
    assert explanation.words == (4, 4)
    translator = tiny(chars)
    (explanation,) = translator.explain(translator.force("das Haus", "ein Ü s"))
    assert explanation.source_words == [0, 0, 0, 0, 1, 1, 1, 1]
    assert explanation.target == [*"ein ", "<0xC3>", "<0x9C>", " ", "s", "<eos>"]
    assert explanation.target_words == [0, 0, 0, 0, 1, 1, 1, 2]


def test_words_are_counted_without_joining_all_tokens_anew_for_each(english, monkeypatch):
    sentence = " ".join(SENTENCES * 20)
    tokens = english.source.split(sentence)
    slowly = [max(0, len(english.source.join(tokens[: i + 1]).split()) - 1) for i in range(1000)]

    joined = []
    join = english.source.join
    monkeypatch.setattr(english.source, "join", lambda some: joined.append(len(some)) or join(some))
    assert _words(english.source, tokens)[:1000] == slowly[: len(tokens)]
    assert sum(joined) < 20 * len(tokens)


def test_unknown_marks_belong_to_the_words_they_touch(backwards):
    ((best,),) = backwards.translate_nbest(["Haus; ist rot"], nbest=1)
    assert best.text == "rot ist; Haus"
    (explanation,) = backwards.explain(best)
    assert explanation.source_words == [0, 0, 1, 2]
    assert explanation.target_words == [0, 1, 1, 2]


def test_an_alignment_is_the_most_attended_word_of_each_token():
    weights = torch.tensor(
        [[0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.5, 0.1, 0.3], [0.0, 0.0, 0.0, 1.0]]
    )
    explanation = Explanation(
        [*"abc", "<eos>"],
        [*"xyz", "<eos>"],
        weights[None, None],
        [1.0] * 4,
        [[]] * 4,
        [0, 0, 1],
        [0, 1, 1],
    )
    assert explanation.alignment() == [(0, 0), (0, 1), (1, 1)]
    assert alignment([explanation, explanation]) == [(0, 0), (0, 1), (1, 1), (2, 2), (2, 3), (3, 3)]
    assert (
        Explanation(["<eos>"], ["<eos>"], torch.ones(1, 1, 1, 1), [1.0], [[]], [], []).alignment()
        == []
    )


def test_an_empty_segment_does_not_join_words():
    empty = Explanation(
        ["a", "<eos>"], ["<eos>"], torch.full((1, 1, 1, 2), 0.5), [1.0], [[]], [0], [], joined=True
    )
    eye = torch.eye(2)[None, None]
    assert alignment(
        [empty, Explanation(["b", "<eos>"], ["x", "<eos>"], eye, [1.0] * 2, [[]] * 2, [0], [0])]
    ) == [(0, 0)]


def test_alignments_are_those_of_the_model(backwards):
    ((best,),) = backwards.translate_nbest(["das Haus ist rot"], nbest=1)
    (explanation,) = backwards.explain(best)
    assert explanation.alignment() == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_words_are_numbered_across_the_sentences_of_a_line(english):
    first, second = "Where is my book?", "I live in a small house."
    ((whole,),) = english.translate_nbest([f"{first} {second}"], nbest=1)
    (one,), (two,) = english.translate_nbest([first, second], nbest=1)
    explanations = english.explain(whole)
    assert len(explanations) == 2
    words_before = (len(first.split()), len(one.text.split()))
    pairs = [english.explain(t)[0].alignment() for t in (one, two)]
    assert alignment(explanations) == [
        *pairs[0],
        *((i + words_before[0], j + words_before[1]) for i, j in pairs[1]),
    ]
    assert max(pair[0] for pair in alignment(explanations)) == len(f"{first} {second}".split()) - 1


def test_sentences_without_a_space_between_them_are_one_word(backwards):
    ((best,),) = backwards.translate_nbest(["你好。好你。"], nbest=1)
    assert len(best.parts) == 2
    pairs = alignment(backwards.explain(best))
    assert {i for i, _ in pairs} == {0}
    assert {j for _, j in pairs} == set(range(len(best.text.split())))


def test_a_model_without_attention_has_no_attention_to_explain(words):
    translator = blind(words)
    (explanation,) = translator.explain(translator.force("das Haus", "ein Hund"))
    assert explanation.attention is None
    assert len(explanation.probabilities) == len(explanation.runners_up) == 3
    for ask in (
        explanation.alignment,
        lambda: explanation.mean_attention,
        lambda: alignment([explanation]),
    ):
        with pytest.raises(ValueError, match="no attention"):
            ask()


def test_the_first_model_of_an_ensemble_is_explained(words):
    members = [tiny(words, seed) for seed in (1, 2)]
    explanations = [
        t.explain(members[0].force("das Haus", "rot"))[0]
        for t in (*members, Translator.ensemble(members))
    ]
    assert (
        explanations[2].probabilities
        == explanations[0].probabilities
        != explanations[1].probabilities
    )


def test_an_empty_line_has_no_explanation(backwards):
    ((best,),) = backwards.translate_nbest([" "], nbest=1)
    assert backwards.explain(best) == []


def test_a_forced_translation_is_scored_and_explained_like_one_of_the_model(english):
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


def test_words_that_are_copied_are_aligned_with_themselves():
    """<i> AB <b>CD</b>, 1 E: the tags belong to the words that they touch."""
    eye = torch.eye(2)[None, None]

    def segment(copied):
        return Explanation(
            ["a", "<eos>"], ["x", "<eos>"], eye, [1.0] * 2, [[]] * 2, [0], [0], copied=copied
        )

    assert alignment([], "a 1") == [(0, 0), (1, 1)]
    assert alignment([segment(" <b>"), segment("</b>, 1 "), segment("")], "<i> ") == [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
    ]


def test_many_lines_are_aligned_at_once_as_each_by_itself(english):
    """Of unequal lengths, so that each is padded; also several sentences, and an empty line."""
    lines = [*SENTENCES, f"{SENTENCES[0]} {SENTENCES[1]}", "", "12 <b>I am here</b>."]
    found = [nbest[0] for nbest in english.translate_nbest(lines)]
    one_by_one = [alignment(english.explain(one), one.lead) for one in found]
    assert english.align(found) == one_by_one
    assert sum(map(len, one_by_one)) > len(lines)


def test_attention_of_many_segments_is_that_of_each(words):
    """Also for a recurrent model, and whatever stands beside a segment in its batch."""
    texts = ["das Haus", "das Haus ist rot und das Haus ist rot", "rot"]
    recurrent = tiny(words, name="rnn-seq2seq", embedding=8, hidden=8)
    for translator in (tiny(words), recurrent):
        parts = [translator.force(text, "ein Hund sieht das Haus").parts[0] for text in texts]
        together = own.attention_of(translator.model, words, words, parts)
        for part, attended in zip(parts, together, strict=True):
            (alone,) = own.explanations(translator.model, words, words, [part])
            assert torch.allclose(attended.mean_attention, alone.mean_attention, atol=1e-6)
            assert attended.words == alone.words


@pytest.mark.parametrize(
    "said", ["Probier jetzt.", "Probier jetzt .", "Probier jetzt !", "Probier jetzt"]
)
def test_marks_that_a_fragment_loses_are_no_words(english, said):
    part = Part("Try this now", [], " `a`", fragment=True)
    assert part.finished(said, english.target) == "Probier jetzt"

    target = english.target
    ids, tokens = target.encode(said), target.token_strings(said)
    found = Candidate(part, ids, tokens, "Probier jetzt", 0.0, 0.0)
    (best,) = joined("", [[found]], english.search)
    (explanation,) = english.explain(best)
    assert explanation.words == (3, 2)
    assert english.align([best])[0][-1] == (3, 2)


def test_a_translation_of_blanks_has_no_words(english):
    segment = Segment("Try", [4], [SPACE], " `a`")
    (explanation,) = english.explain(Translation("", 0.0, 0.0, [SPACE], [segment]))
    assert explanation.words == (1, 0)
    assert alignment([explanation]) == [(1, 0)]

"""`Translator`: scores, ensembles, minimum Bayes risk, unknown words, training mode."""

import math

import pytest
import torch
from sacrebleu.metrics import CHRF
from translators import LINES, SENTENCES, blind, rules, tiny

from seqkit.errors import ConfigError, DataError
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import BOS, EOS, UNK
from seqkit.translation.translator import Translator

# Scores


def test_scores_equal_the_log_probabilities_of_the_search_in_order(english):
    found = english.translate_nbest(SENTENCES, nbest=2)
    rows = [(source, t) for source, each in zip(SENTENCES, found, strict=True) for t in each]
    rows = [(source, t) for source, t in rows if english.target.encode(t.text) == t.parts[0].ids]
    assert len(rows) >= len(SENTENCES)
    for pairs in (rows, rows[::-1]):
        scores = english.score([source for source, _ in pairs], [t.text for _, t in pairs])
        assert scores == pytest.approx([t.log_probability for _, t in pairs], abs=1e-4)
    assert len({round(score, 3) for score in scores}) == len(rows)


def test_there_is_one_score_for_each_token_and_they_add_up(english):
    found = [each[0] for each in english.translate_nbest(SENTENCES)]
    logs = english.token_scores(SENTENCES, [t.text for t in found])
    assert [len(row) for row in logs] == [len(t.tokens) + 1 for t in found]
    assert [math.fsum(row) for row in logs] == pytest.approx(
        [t.log_probability for t in found], abs=1e-4
    )
    assert max(value for row in logs for value in row) < 0


def test_ids_are_scored_without_being_encoded_again(english):
    found = [
        t
        for each in english.translate_nbest(["[bold]x[/bold]", "No."], nbest=3, max_length=12)
        for t in each
    ]
    sources = [english.source.encode(t.parts[0].source, eos=True) for t in found]
    logs = english.score_ids(sources, [t.parts[0].ids for t in found])
    assert [math.fsum(row) for row in logs] == pytest.approx(
        [t.log_probability for t in found], abs=1e-4
    )


def test_scores_do_not_depend_on_what_else_is_scored(words):
    translator = tiny(words)
    sources = [" ".join((LINES[i % 3] + " Haus").split()[: 1 + i % 5]) for i in range(70)]
    targets = [" ".join(LINES[(i + 1) % 3].split()[: i % 4]) for i in range(70)]
    together = translator.token_scores(sources, targets)
    for i in range(0, 70, 3):
        assert translator.token_scores(sources[i : i + 1], targets[i : i + 1])[0] == pytest.approx(
            together[i], abs=1e-5
        )


def test_a_single_string_or_unequal_lists_cannot_be_scored(backwards):
    with pytest.raises(DataError, match="2 sources and 1 targets do not pair up"):
        backwards.score(["a", "b"], ["c"])
    for pair in (("a", ["b"]), (["a"], "b")):
        for method in (backwards.score, backwards.token_scores):
            with pytest.raises(TypeError, match="not one string"):
                method(*pair)
    assert backwards.score([], []) == []


# Ensembles


def test_an_ensemble_of_a_translator_with_itself_changes_nothing(english):
    twice = Translator.ensemble([english, english])
    alone, both = (t.translate_nbest(SENTENCES[::3], beam=3, nbest=3) for t in (english, twice))
    assert [[t.text for t in each] for each in both] == [[t.text for t in each] for each in alone]
    for mine, other in zip(alone, both, strict=True):
        assert [t.log_probability for t in other] == pytest.approx(
            [t.log_probability for t in mine], abs=1e-4
        )
    texts = [each[0].text for each in alone]
    assert twice.score(SENTENCES[::3], texts) == pytest.approx(
        english.score(SENTENCES[::3], texts), abs=1e-5
    )


def by_hand(translators, source, target):
    """The mean of the probabilities of every token of `target` and `<eos>`, by its logarithm."""
    tokenizer, each = translators[0].source, []
    said = [*tokenizer.encode(target), EOS]
    for translator in translators:
        model = translator.model
        with torch.no_grad():
            hidden = model(
                torch.tensor([tokenizer.encode(source, eos=True)]),
                torch.tensor([[BOS, *said[:-1]]]),
            )
            each.append(model.logits(hidden)[0].softmax(-1))
    return [math.log(sum(float(p[t, i]) for p in each) / len(each)) for t, i in enumerate(said)]


def test_the_score_of_an_ensemble_is_the_mean_of_probabilities(words):
    members = [tiny(words, seed) for seed in (1, 2, 3)]
    pairs = [("das Haus", "ein Hund"), ("rot", "der Hund sieht"), ("die Hause ist", "")]
    found = Translator.ensemble(members).token_scores(*zip(*pairs, strict=True))
    for row, pair in zip(found, pairs, strict=True):
        assert row == pytest.approx(by_hand(members, *pair), abs=1e-5)
    alone = members[0].token_scores(*zip(*pairs, strict=True))
    assert found[1] != pytest.approx(alone[1], abs=1e-2)


def test_an_ensemble_scores_its_own_translations_as_its_search_did(words):
    ensemble = Translator.ensemble([tiny(words, seed) for seed in (1, 2, 3)])
    for t in ensemble.translate_nbest(["das Haus ist rot"], nbest=3, max_length=6)[0]:
        (logs,) = ensemble.score_ids([words.encode(t.parts[0].source, eos=True)], [t.parts[0].ids])
        assert math.fsum(logs) == pytest.approx(t.log_probability, abs=1e-4)


@pytest.mark.parametrize("first", [True, False])
def test_an_ensemble_of_an_ensemble_has_all_members(words, first):
    a, b, c = (tiny(words, seed) for seed in (1, 2, 3))
    pair = Translator.ensemble([a, b])
    nested = Translator.ensemble([pair, c] if first else [c, pair])
    assert set(map(id, nested.models)) == {id(member.model) for member in (a, b, c)}


def test_models_of_different_vocabularies_or_normalisation_do_not_vote(words, chars):
    other = Tokenizer(words.model, words.vocab, name="word", normalize=["squeeze", "lower"])
    for tokenizer in (chars, other):
        with pytest.raises(ConfigError, match="share vocabulary, tokenizer and normalisation"):
            Translator.ensemble([tiny(words), tiny(tokenizer)])


def test_an_ensemble_cuts_lines_at_its_shortest_limit(words):
    members = [tiny(words), tiny(words)]
    members[1].longest = 7
    assert Translator.ensemble(members).longest == 7


def test_models_of_one_vocabulary_that_cut_text_differently_do_not_vote(words):
    by_space = Tokenizer.train(LINES, TextConfig(tokenizer="whitespace")).model
    other = Tokenizer(by_space, words.vocab, name="whitespace", normalize=["squeeze"])
    assert other.encode("Haus.") != words.encode("Haus.")
    with pytest.raises(ConfigError):
        Translator.ensemble([tiny(words), tiny(other)])


# Minimum Bayes risk


@pytest.mark.parametrize("trained", [True, False])
def test_minimum_bayes_risk_takes_the_draw_most_like_the_others(request, words, trained):
    translator, texts = (
        (request.getfixturevalue("english"), SENTENCES[:2]) if trained else (tiny(words), LINES[:3])
    )
    how = {"seed": 3, "temperature": 1.3, "max_length": 12}
    draws = [
        [t.text for t in each]
        for each in translator.translate_nbest(texts, sample=True, nbest=6, **how)
    ]
    found = translator.translate_nbest(texts, mbr=6, nbest=6, **how)
    metric, varied = CHRF(), 0
    for drawn, each in zip(draws, found, strict=True):
        worth = [
            sum(metric.sentence_score(a, [b]).score for j, b in enumerate(drawn) if i != j) / 5
            for i, a in enumerate(drawn)
        ]
        assert sorted(t.text for t in each) == sorted(drawn)
        assert [t.score for t in each] == pytest.approx(sorted(worth, reverse=True), abs=1e-9)
        assert worth[drawn.index(each[0].text)] == pytest.approx(max(worth))
        varied += each[0].text != drawn[0]
    assert varied or trained
    assert translator.translate(texts, mbr=6, **how) == [each[0].text for each in found]


def test_minimum_bayes_risk_leaves_log_probabilities_alone(english):
    ((best,),) = english.translate_nbest(SENTENCES[:1], mbr=4)
    (logs,) = english.score_ids(
        [english.source.encode(SENTENCES[0], eos=True)], [best.parts[0].ids]
    )
    assert best.log_probability == pytest.approx(math.fsum(logs), abs=1e-4)


def test_the_minimum_bayes_risk_score_of_several_sentences_is_a_mean_chrf_too(english):
    ((best,),) = english.translate_nbest(["Where is my book? I live in a small house."], mbr=4)
    assert 0 <= best.score <= 100


# Unknown words


def test_unknown_words_are_copied_kept_or_avoided(backwards):
    line = "das Zebra sieht 7 Haus"
    assert backwards.translate([line]) == ["Haus 7 sieht Zebra das"]
    assert backwards.translate([line], unknown="copy") == ["Haus 7 sieht Zebra das"]
    assert backwards.translate([line], unknown="keep") == ["Haus <unk> sieht <unk> das"]
    second = backwards.target.vocab.tokens[4]
    assert backwards.translate([line], unknown="never") == [f"Haus {second} sieht {second} das"]


def test_copied_words_stand_among_the_tokens_and_their_ids_stay_unknown(backwards, words):
    ((found,),) = backwards.translate_nbest(["das Zebra sieht Haus"], nbest=1)
    assert found.tokens == ["Haus", "sieht", "Zebra", "das"]
    (said,) = found.parts
    assert said.source == "das Zebra sieht Haus"
    assert said.ids == [words.vocab["Haus"], words.vocab["sieht"], UNK, words.vocab["das"]]
    assert said.tokens == found.tokens
    (logs,) = backwards.score_ids(
        [words.encode("das Zebra sieht Haus", eos=True)], [found.parts[0].ids]
    )
    assert found.log_probability == pytest.approx(math.fsum(logs), abs=1e-5)


def test_each_sentence_copies_its_own_words(backwards):
    found = backwards.translate(["Zebra das ! Gnu sieht", "Okapi"])
    assert found == ["! das Zebra sieht Gnu", "Okapi"]


@pytest.mark.parametrize("draw", [{"sample": True}, {"mbr": 20}], ids=str)
def test_unknown_words_are_never_drawn_either(backwards, draw):
    found = backwards.translate_nbest(["Zebra Gnu"], unknown="never", nbest=20, **draw)
    assert not any("<unk>" in translation.text for translation in found[0])


def test_unknown_words_are_copied_if_there_can_be_any_and_the_model_attends(
    english, backwards, words
):
    assert UNK not in rules(backwards).suppress
    assert rules(backwards, unknown="never").suppress == {UNK}
    assert rules(english).suppress == {UNK}
    assert rules(blind(words)).suppress == {UNK}
    assert rules(english, unknown="copy").suppress == frozenset()


# Training mode


def test_dropout_is_off_while_translating_and_restored_afterwards(words):
    first, second = (tiny(words, seed, dropout=0.5) for seed in (1, 2))
    both, line = Translator.ensemble([first, second]), "das Haus ist rot"

    def everything():
        ((best,),) = both.translate_nbest([line], max_length=5)
        return (
            best.text,
            both.score([line], ["ein Hund"]),
            [explanation.probabilities for explanation in both.explain(best)],
        )

    calm = everything()
    assert (first.model.training, second.model.training) == (False, False)
    first.model.train()
    assert everything() == calm
    assert (first.model.training, second.model.training) == (True, False)


def test_the_mode_is_restored_after_an_error(backwards, monkeypatch):
    monkeypatch.setattr(backwards.model, "start", lambda source: 1 / 0)
    backwards.model.train()
    with pytest.raises(ZeroDivisionError):
        backwards.translate(["das"])
    assert backwards.model.training

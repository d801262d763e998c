"""`Translator`: settings in text, what is found under them, scores, ensembles, unknown words, a look inside."""

import itertools
import math

import pytest
import torch
from sacrebleu.metrics import CHRF
from torch import nn

import seqkit
from seqkit.config import build
from seqkit.errors import ConfigError, DataError
from seqkit.plugins import components
from seqkit.search.rules import NO_RULES, Rules, Stem
from seqkit.tasks.looking import Look, alignment
from seqkit.tasks.translator import Translator
from seqkit.text import TextConfig, Tokenizer
from seqkit.text.vocab import BOS, EOS, PAD, UNK

LINES = ["das Haus ist rot", "ein Hausboot sieht die Hause", "der Hund sieht das rote Haus .", "你好。", "好你。"]
SENTENCES = ["Where is my book?", "I live in a small house.", "She bought a new car yesterday.", "No."]


@pytest.fixture(scope="module")
def english(shipped):
    """The shipped translator from English to German."""
    return seqkit.load(shipped, device="cpu")


@pytest.fixture(scope="module")
def words():
    return Tokenizer.train(LINES, TextConfig(tokenizer="word", normalize=["squeeze"]))


@pytest.fixture(scope="module")
def chars():
    return Tokenizer.train(LINES, TextConfig(tokenizer="char", normalize=["squeeze"]))


class Backwards(nn.Module):
    """Says the words of the source from the last to the first and attends to them; after `<unk>`, `second` is next."""

    def __init__(self, vocab, second=4):
        super().__init__()
        self.one, self.vocab, self.second = nn.Parameter(torch.zeros(1)), vocab, second

    def place(self, source, t):
        """Where step `t` (B,) looks at: the `<eos>` last."""
        end = (source != PAD).sum(1) - 1
        return torch.where(t < end, end - 1 - t, end)

    def start(self, source):
        return source, torch.zeros(len(source), dtype=torch.long)

    def step(self, ids, state):
        source, t = state
        logits = torch.full((len(source), self.vocab), -5.0)
        logits[:, self.second] = 1.0
        return logits.scatter(1, source.gather(1, self.place(source, t)[:, None]), 3.0), (source, t + 1)

    def select(self, state, rows):
        return state[0][rows], state[1][rows]

    def forward(self, source, inputs):
        steps = [torch.full((len(source),), t) for t in range(inputs.size(1))]
        return torch.stack([self.step(None, (source, t))[0] for t in steps], 1)

    def logits(self, hidden):
        return hidden

    def attention(self, source, inputs):
        """One head is sure, the other one sees nothing: (B, 1, 2, T, S)"""
        steps = [self.place(source, torch.full((len(source),), t)) for t in range(inputs.size(1))]
        sure = nn.functional.one_hot(torch.stack(steps, 1), source.size(1)).float()
        return torch.stack([sure, torch.full_like(sure, 1 / source.size(1))], 1)[:, None]


@pytest.fixture
def backwards(words):
    return Translator(Backwards(len(words.vocab)), words, words)


def tiny(tokenizer, seed=0, name="transformer", **sizes):
    """An untrained translator."""
    torch.manual_seed(seed)
    cls = components().models.load(name)
    if name == "transformer":
        sizes = {"width": 8, "hidden": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1, **sizes}
    model = cls(build(cls.Config, sizes, name), target_vocab=len(tokenizer.vocab)).eval()
    return Translator(model, tokenizer, tokenizer, search=None)


def blind(tokenizer):
    return tiny(tokenizer, name="rnn-seq2seq", embedding=8, hidden=8, attention="none")


def rules(translator, **settings):
    return translator.rules(translator.settings(settings))


def ids(tokenizer, *tokens):
    assert set(tokens) <= set(tokenizer.vocab.tokens)
    return frozenset(tokenizer.vocab[token] for token in tokens)


# Settings in text


def begins(translator, prefix, *said):
    """What may follow the tokens `said`, in words; None if anything may."""
    vocab = translator.target.vocab
    allowed = rules(translator, prefix=prefix).beginning([vocab[token] for token in said])
    return None if allowed is None else {vocab.tokens[i] for i in allowed}


def test_a_prefix_is_its_tokens_and_the_last_one_may_go_on(backwards):
    assert begins(backwards, "das Haus") == {"das"}
    assert begins(backwards, "das Haus", "das") == {"Haus", "Hause", "Hausboot"}
    assert begins(backwards, "das Haus", "das", "Hause") is None
    assert begins(backwards, "rot") == {"rot", "rote"}


def test_a_prefix_that_ends_in_a_space_ends_in_a_whole_word(backwards):
    assert begins(backwards, "das Haus ") == {"das"}
    assert begins(backwards, "das Haus ", "das") == {"Haus"}
    assert begins(backwards, "das Haus ", "das", "Haus") is None


def test_a_half_typed_word_need_not_be_a_word(backwards):
    assert begins(backwards, "das Hau", "das") == {"Haus", "Hause", "Hausboot"}


def test_a_half_typed_word_in_subwords_may_be_spelt_in_any_way(english):
    pieces = english.target.vocab.tokens
    assert begins(english, "Mein Fr") == {"▁Mein"}
    longer = {piece for piece in pieces if piece.startswith("▁Fr")}
    assert len(longer) > 2
    assert begins(english, "Mein Fr", "▁Mein") == longer | {"▁F", "▁"} & set(pieces)
    assert begins(english, "Mein Fr", "▁Mein", "▁F") == {piece for piece in pieces if piece.startswith("r")}
    assert begins(english, "Mein Fr", "▁Mein", "▁Fr") is None
    assert begins(english, "Mein Fr ", "▁Mein") == {"▁Fr"}


def test_a_spelling_that_leads_nowhere_is_no_way_around_a_prefix():
    """After "ab", no token goes on with "abc": the row must die, not go free."""
    rule = Rules(stem=Stem("abc", ["", "", "", "", "ab", "a", "bc"], whole=False))
    assert rule.beginning([4]) == frozenset()
    barred = rule.forbidden(torch.tensor([[4]]), 7)
    assert barred is not None
    assert barred.all()


def test_no_prefix_is_no_rule(backwards):
    assert rules(backwards, unknown="keep") == NO_RULES
    assert begins(backwards, "") is None


def test_phrases_become_their_tokens(backwards, words, english):
    found = rules(backwards, must=["das Haus", "Hund"]).phrases
    assert found == ((words.vocab["das"], words.vocab["Haus"]), (words.vocab["Hund"],))
    assert rules(english, must=["kleinen Garten"]).phrases == (tuple(english.target.encode("kleinen Garten")),)


def test_what_is_suppressed_is_named_by_token_or_by_text(english, words, backwards):
    found = rules(english, suppress=["▁Haus", "?"], unknown="keep").suppress
    assert found == ids(english.target, "▁Haus", "?")
    assert "Haus" not in english.target.vocab
    assert rules(english, suppress=["Haus"], unknown="keep").suppress == ids(english.target, "▁Haus")
    assert rules(backwards, suppress=["Hund"]).suppress == ids(words, "Hund")
    assert rules(backwards, suppress=["<unk>"]).suppress == {UNK}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"must": ["Hund", "das Schloss"]}, "must: 'das Schloss' holds words that the model does not know"),
        ({"must": [""]}, "must: '' is empty"),
        ({"must": ["  "]}, "must: '  ' is empty"),
        ({"prefix": "Schloss das "}, "prefix: 'Schloss das ' holds words that the model does not know"),
        ({"prefix": " "}, "prefix: ' ' is empty"),
        ({"suppress": ["das Haus"]}, "suppress: 'das Haus' is no single token of the model"),
        ({"suppress": ["Schloss"]}, "suppress: 'Schloss' is no single token of the model"),
        ({"suppress": [""]}, "suppress: '' is empty"),
        ({"suppress": ["<eos>"]}, "suppress: without <eos> no output ends; min_length makes them longer"),
    ],
    ids=str,
)
def test_what_a_vocabulary_of_words_cannot_say_is_refused(backwards, settings, says):
    with pytest.raises(ConfigError) as error:
        backwards.translate(["das Haus"], **settings)
    assert str(error.value) == says


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"must": [""]}, "must: '' is empty"),
        ({"must": [" "]}, "must: ' ' is empty"),
        ({"prefix": " "}, "prefix: ' ' is empty"),
        ({"suppress": [""]}, "suppress: '' is empty"),
        ({"suppress": ["kleinen Garten"]}, "suppress: 'kleinen Garten' is no single token of the model"),
    ],
    ids=str,
)
def test_what_subwords_cannot_say_is_refused(english, settings, says):
    with pytest.raises(ConfigError) as error:
        english.translate(["No."], **settings)
    assert str(error.value) == says


# What is found under them


@pytest.mark.parametrize("prefix", ["Mein Bu", "Da ", "Das Haus"])
def test_translations_begin_with_the_prefix(english, prefix):
    assert not any(text.startswith(prefix) for text in english.translate(SENTENCES))
    found = english.translate(SENTENCES, prefix=prefix)
    assert [text[: len(prefix)] for text in found] == [prefix] * len(SENTENCES)
    assert len(set(found)) > 1


def test_a_prefix_that_ends_in_a_space_is_followed_by_a_new_word(english):
    (found,) = english.translate(["I live in a small house."], prefix="Mein Bu ")
    assert found.startswith("Mein Bu ")


def test_the_space_at_the_end_of_a_prefix_is_a_letter_where_letters_are_tokens(chars):
    assert tiny(chars).translate(["das"], prefix="das ", max_length=9)[0].startswith("das ")


def test_what_is_spelt_in_bytes_may_end_a_prefix(english):
    assert "<0x5B>" in english.target.split("Ich sehe [es")
    for prefix in ("Ich sehe [es", "Ich sehe 你"):
        assert english.translate(["I see."], prefix=prefix)[0].startswith(prefix)


@pytest.mark.parametrize("left", [26, 9, 2])
def test_a_half_typed_word_is_completed_as_the_model_would_write_it(english, left):
    """Half of a word may fall into other pieces than the whole word: "Ich wo", "klei", "Hau"."""
    (whole,) = english.translate(["I live in a small house."])
    assert english.translate(["I live in a small house."], prefix=whole[:-left]) == [whole]


def test_a_prefix_is_of_the_whole_line(english):
    (found,) = english.translate(["Where is my book? I live here."], prefix="Also")
    assert found.startswith("Also")
    assert found.count("Also") == 1


def test_translations_hold_every_phrase(english):
    phrases = ["kleinen Garten", "gestern"]
    assert not any(phrases[0] in text for text in english.translate(SENTENCES))
    for text in english.translate(SENTENCES[:2], must=phrases):
        assert all(phrase in text for phrase in phrases)


def test_translations_avoid_what_is_suppressed(english):
    (plain,), (found,) = (english.translate_nbest(SENTENCES[1:2], suppress=s) for s in ([], ["▁Haus", "▁Hause"]))
    assert "▁Haus" in plain[0].tokens
    assert not {"▁Haus", "▁Hause"} & set(found[0].tokens)


def test_no_run_of_tokens_comes_twice(backwards):
    line = "das Haus ist das Haus das Haus"
    plain, ruled = (backwards.translate_nbest([line], no_repeat_ngram=n)[0][0].tokens for n in (0, 2))
    runs = [list(itertools.pairwise(tokens)) for tokens in (plain, ruled)]
    assert plain == line.split()[::-1]
    assert len(set(runs[1])) == len(runs[1]) > 2


def test_translations_have_a_least_length(english):
    assert max(len(found[0].tokens) for found in english.translate_nbest(SENTENCES)) < 12
    assert min(len(found[0].tokens) for found in english.translate_nbest(SENTENCES[:2], min_length=12)) >= 12


def test_groups_give_different_translations(english):
    (found,) = english.translate_nbest(SENTENCES[:1], beam=4, groups=4, nbest=4, diversity=20.0)
    assert len({translation.text for translation in found}) == 4
    assert len({translation.tokens[0] for translation in found}) == 4
    assert [t.score for t in found] == sorted((t.score for t in found), reverse=True)
    assert found[0].text == english.translate(SENTENCES[:1], beam=1)[0]


# Scores


def test_scores_are_the_log_probabilities_of_what_was_found_in_order(english):
    found = english.translate_nbest(SENTENCES, nbest=2)
    rows = [(source, t) for source, each in zip(SENTENCES, found, strict=True) for t in each]
    rows = [(source, t) for source, t in rows if english.target.encode(t.text) == t.parts[0].ids]
    assert len(rows) >= len(SENTENCES)
    for pairs in (rows, rows[::-1]):
        scores = english.score([source for source, _ in pairs], [t.text for _, t in pairs])
        assert scores == pytest.approx([t.log_probability for _, t in pairs], abs=1e-4)
    assert len({round(score, 3) for score in scores}) == len(rows)


def test_token_scores_are_one_a_token_and_add_up(english):
    found = [each[0] for each in english.translate_nbest(SENTENCES)]
    logs = english.token_scores(SENTENCES, [t.text for t in found])
    assert [len(row) for row in logs] == [len(t.tokens) + 1 for t in found]
    assert [math.fsum(row) for row in logs] == pytest.approx([t.log_probability for t in found], abs=1e-4)
    assert max(value for row in logs for value in row) < 0


def test_ids_are_scored_as_they_stand(english):
    found = [t for each in english.translate_nbest(["[bold]x[/bold]", "No."], nbest=3, max_length=12) for t in each]
    sources = [english.source.encode(t.parts[0].source, eos=True) for t in found]
    logs = english.score_ids(sources, [t.parts[0].ids for t in found])
    assert [math.fsum(row) for row in logs] == pytest.approx([t.log_probability for t in found], abs=1e-4)


def test_scores_do_not_depend_on_what_else_is_scored(words):
    translator = tiny(words)
    sources = [" ".join((LINES[i % 3] + " Haus").split()[: 1 + i % 5]) for i in range(70)]
    targets = [" ".join(LINES[(i + 1) % 3].split()[: i % 4]) for i in range(70)]
    together = translator.token_scores(sources, targets)
    for i in range(0, 70, 3):
        assert translator.token_scores(sources[i : i + 1], targets[i : i + 1])[0] == pytest.approx(
            together[i], abs=1e-5
        )


def test_one_text_or_texts_that_do_not_pair_up_cannot_be_scored(backwards):
    with pytest.raises(DataError, match="2 sources and 1 targets do not pair up"):
        backwards.score(["a", "b"], ["c"])
    for pair in (("a", ["b"]), (["a"], "b")):
        for method in (backwards.score, backwards.token_scores):
            with pytest.raises(TypeError, match="not one string"):
                method(*pair)
    assert backwards.score([], []) == []


# Ensembles


def test_a_translator_and_itself_are_itself(english):
    twice = Translator.ensemble([english, english])
    alone, both = (t.translate_nbest(SENTENCES[::3], beam=3, nbest=3) for t in (english, twice))
    assert [[t.text for t in each] for each in both] == [[t.text for t in each] for each in alone]
    for mine, other in zip(alone, both, strict=True):
        assert [t.log_probability for t in other] == pytest.approx([t.log_probability for t in mine], abs=1e-4)
    texts = [each[0].text for each in alone]
    assert twice.score(SENTENCES[::3], texts) == pytest.approx(english.score(SENTENCES[::3], texts), abs=1e-5)


def by_hand(translators, source, target):
    """The mean of the probabilities of every token of `target` and `<eos>`, by its logarithm."""
    tokenizer, each = translators[0].source, []
    said = [*tokenizer.encode(target), EOS]
    for translator in translators:
        model = translator.model
        with torch.no_grad():
            hidden = model(torch.tensor([tokenizer.encode(source, eos=True)]), torch.tensor([[BOS, *said[:-1]]]))
            each.append(model.logits(hidden)[0].softmax(-1))
    return [math.log(sum(float(p[t, i]) for p in each) / len(each)) for t, i in enumerate(said)]


def test_an_ensemble_s_score_is_the_mean_of_probabilities(words):
    members = [tiny(words, seed) for seed in (1, 2, 3)]
    pairs = [("das Haus", "ein Hund"), ("rot", "der Hund sieht"), ("die Hause ist", "")]
    found = Translator.ensemble(members).token_scores(*zip(*pairs, strict=True))
    for row, pair in zip(found, pairs, strict=True):
        assert row == pytest.approx(by_hand(members, *pair), abs=1e-5)
    alone = members[0].token_scores(*zip(*pairs, strict=True))
    assert found[1] != pytest.approx(alone[1], abs=1e-2)


def test_an_ensemble_finds_what_it_scores_so(words):
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
    other = Tokenizer(words.splitter, words.vocab, name="word", normalize=["squeeze", "lower"])
    for tokenizer in (chars, other):
        with pytest.raises(ConfigError, match="share vocabulary, tokenizer and normalisation"):
            Translator.ensemble([tiny(words), tiny(tokenizer)])


def test_an_ensemble_cuts_lines_as_its_most_cautious_member_does(words):
    members = [tiny(words), tiny(words)]
    members[1].longest = 7
    assert Translator.ensemble(members).longest == 7


def test_models_of_one_vocabulary_that_cut_text_differently_do_not_vote(words):
    other = Tokenizer(
        Tokenizer.train(LINES, TextConfig(tokenizer="whitespace")).splitter, words.vocab, name="whitespace",
        normalize=["squeeze"],
    )  # fmt: skip
    assert other.encode("Haus.") != words.encode("Haus.")
    with pytest.raises(ConfigError):
        Translator.ensemble([tiny(words), tiny(other)])


# Minimum Bayes risk


@pytest.mark.parametrize("trained", [True, False])
def test_minimum_bayes_risk_takes_the_draw_most_like_the_others(request, words, trained):
    translator, texts = (request.getfixturevalue("english"), SENTENCES[:2]) if trained else (tiny(words), LINES[:3])
    how = {"seed": 3, "temperature": 1.3, "max_length": 12}
    draws = [[t.text for t in each] for each in translator.translate_nbest(texts, sample=True, nbest=6, **how)]
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


def test_log_probabilities_stay_the_model_s_under_minimum_bayes_risk(english):
    ((best,),) = english.translate_nbest(SENTENCES[:1], mbr=4)
    (logs,) = english.score_ids([english.source.encode(SENTENCES[0], eos=True)], [best.parts[0].ids])
    assert best.log_probability == pytest.approx(math.fsum(logs), abs=1e-4)


def test_the_score_of_a_line_of_several_sentences_is_a_mean_chrf_too(english):
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
    (logs,) = backwards.score_ids([words.encode("das Zebra sieht Haus", eos=True)], [found.parts[0].ids])
    assert found.log_probability == pytest.approx(math.fsum(logs), abs=1e-5)


def test_each_sentence_copies_its_own_words(backwards):
    found = backwards.translate(["Zebra das ! Gnu sieht", "Okapi"])
    assert found == ["! das Zebra sieht Gnu", "Okapi"]


@pytest.mark.parametrize("draw", [{"sample": True}, {"mbr": 20}], ids=str)
def test_never_is_never_in_draws_too(backwards, draw):
    found = backwards.translate_nbest(["Zebra Gnu"], unknown="never", nbest=20, **draw)
    assert not any("<unk>" in translation.text for translation in found[0])


def test_unknown_words_are_copied_where_there_can_be_any_and_there_is_attention(english, backwards, words):
    assert UNK not in rules(backwards).suppress
    assert rules(backwards, unknown="never").suppress == {UNK}
    assert rules(english).suppress == {UNK}
    assert rules(blind(words)).suppress == {UNK}
    assert rules(english, unknown="copy").suppress == frozenset()


# Training mode


def test_dropout_is_off_inside_and_as_it_was_afterwards(words):
    first, second = (tiny(words, seed, dropout=0.5) for seed in (1, 2))
    both, line = Translator.ensemble([first, second]), "das Haus ist rot"

    def everything():
        ((best,),) = both.translate_nbest([line], max_length=5)
        return best.text, both.score([line], ["ein Hund"]), [look.probabilities for look in both.look(best)]

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


# A look inside


def test_a_look_has_a_row_for_each_token_and_a_column_for_each_of_the_source(english):
    for source, (best,) in zip(SENTENCES, english.translate_nbest(SENTENCES), strict=True):
        (look,) = english.look(best)
        assert look.source == [*english.source.split(source), "<eos>"]
        assert look.target == [*best.tokens, "<eos>"]
        assert look.attention.shape[2:] == (len(look.target), len(look.source))
        assert look.mean_attention.sum(-1).tolist() == pytest.approx([1.0] * len(look.target), abs=1e-5)
        assert len(look.source_words) == len(look.source) - 1
        assert len(look.target_words) == len(look.target) - 1
        logs = english.token_scores([source], [best.text])[0]
        assert [math.log(p) for p in look.probabilities] == pytest.approx(logs, abs=1e-4)


def test_runners_up_are_the_likeliest_other_tokens(words):
    translator = tiny(words, 5)
    (look,) = translator.look(translator.given("das Haus", "ein Hund sieht"))
    said = [*words.encode("ein Hund sieht"), EOS]
    with torch.no_grad():
        inputs = torch.tensor([[BOS, *said[:-1]]])
        hidden = translator.model(torch.tensor([words.encode("das Haus", eos=True)]), inputs)
        shares = translator.model.logits(hidden)[0].softmax(-1).tolist()
    for share, token, p, others in zip(shares, said, look.probabilities, look.runners_up, strict=True):
        ranked = sorted((value, words.vocab.tokens[i]) for i, value in enumerate(share) if i != token)[::-1][:3]
        assert p == pytest.approx(share[token], rel=1e-4)
        assert [name for name, _ in others] == [name for _, name in ranked]
        assert [value for _, value in others] == pytest.approx([value for value, _ in ranked], rel=1e-4)


def test_tokens_belong_to_words_set_apart_by_white_space(english, chars):
    (look,) = english.look(english.given("Unbelievable umbrellas, my dear.", "Donaudampfschiff? Na so was!"))
    for pieces, numbers, count in ((look.source, look.source_words, 4), (look.target, look.target_words, 4)):
        assert len(pieces) - 1 > count
        assert numbers == [sum(piece.startswith("▁") for piece in pieces[: k + 1]) - 1 for k in range(len(numbers))]
    assert look.words == (4, 4)
    translator = tiny(chars)
    (look,) = translator.look(translator.given("das Haus", "ein Ü s"))
    assert look.source_words == [0, 0, 0, 0, 1, 1, 1, 1]
    assert look.target == [*"ein ", "<0xC3>", "<0x9C>", " ", "s", "<eos>"]
    assert look.target_words == [0, 0, 0, 0, 1, 1, 1, 2]


def test_unknown_marks_belong_to_the_words_they_touch(backwards):
    ((best,),) = backwards.translate_nbest(["Haus; ist rot"], nbest=1)
    assert best.text == "rot ist; Haus"
    (look,) = backwards.look(best)
    assert look.source_words == [0, 0, 1, 2]
    assert look.target_words == [0, 1, 1, 2]


def test_an_alignment_is_the_most_attended_word_of_each_token():
    weights = torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.5, 0.1, 0.3], [0.0, 0.0, 0.0, 1.0]])
    look = Look([*"abc", "<eos>"], [*"xyz", "<eos>"], weights[None, None], [1.0] * 4, [[]] * 4, [0, 0, 1], [0, 1, 1])
    assert look.alignment() == [(0, 0), (0, 1), (1, 1)]
    assert alignment([look, look]) == [(0, 0), (0, 1), (1, 1), (2, 2), (2, 3), (3, 3)]
    assert Look(["<eos>"], ["<eos>"], torch.ones(1, 1, 1, 1), [1.0], [[]], [], []).alignment() == []


def test_an_empty_part_joins_nothing():
    empty = Look(["a", "<eos>"], ["<eos>"], torch.full((1, 1, 1, 2), 0.5), [1.0], [[]], [0], [], joined=True)
    eye = torch.eye(2)[None, None]
    assert alignment([empty, Look(["b", "<eos>"], ["x", "<eos>"], eye, [1.0] * 2, [[]] * 2, [0], [0])]) == [(0, 0)]


def test_alignments_are_those_of_the_model(backwards):
    ((best,),) = backwards.translate_nbest(["das Haus ist rot"], nbest=1)
    (look,) = backwards.look(best)
    assert look.alignment() == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_words_of_a_line_of_several_sentences_are_counted_through(english):
    first, second = "Where is my book?", "I live in a small house."
    ((whole,),) = english.translate_nbest([f"{first} {second}"], nbest=1)
    (one,), (two,) = english.translate_nbest([first, second], nbest=1)
    looks = english.look(whole)
    assert len(looks) == 2
    words_before = (len(first.split()), len(one.text.split()))
    pairs = [english.look(t)[0].alignment() for t in (one, two)]
    assert alignment(looks) == [*pairs[0], *((i + words_before[0], j + words_before[1]) for i, j in pairs[1])]
    assert max(pair[0] for pair in alignment(looks)) == len(f"{first} {second}".split()) - 1


def test_sentences_without_a_space_between_them_are_one_word(backwards):
    ((best,),) = backwards.translate_nbest(["你好。好你。"], nbest=1)
    assert len(best.parts) == 2
    pairs = alignment(backwards.look(best))
    assert {i for i, _ in pairs} == {0}
    assert {j for _, j in pairs} == set(range(len(best.text.split())))


def test_a_model_without_attention_has_none_to_look_at(words):
    translator = blind(words)
    (look,) = translator.look(translator.given("das Haus", "ein Hund"))
    assert look.attention is None
    assert len(look.probabilities) == len(look.runners_up) == 3
    for ask in (look.alignment, lambda: look.mean_attention, lambda: alignment([look])):
        with pytest.raises(ValueError, match="no attention"):
            ask()


def test_the_first_of_several_models_is_looked_into(words):
    members = [tiny(words, seed) for seed in (1, 2)]
    looks = [t.look(members[0].given("das Haus", "rot"))[0] for t in (*members, Translator.ensemble(members))]
    assert looks[2].probabilities == looks[0].probabilities != looks[1].probabilities


def test_an_empty_line_leaves_nothing_to_look_at(backwards):
    ((best,),) = backwards.translate_nbest([" "], nbest=1)
    assert backwards.look(best) == []


def test_a_given_translation_is_scored_and_looked_into_like_the_model_s_own(english):
    ((best,),) = english.translate_nbest(SENTENCES[:1])
    given = english.given(SENTENCES[0], best.text)
    assert (given.text, given.tokens, given.parts) == (best.text, best.tokens, best.parts)
    assert (given.score, given.log_probability) == pytest.approx((best.score, best.log_probability), abs=1e-4)
    worse = english.given(SENTENCES[0], "Ich habe keinen Hunger.")
    assert worse.log_probability == english.score(SENTENCES[:1], ["Ich habe keinen Hunger."])[0]
    assert worse.score == pytest.approx(worse.log_probability / (len(worse.tokens) + 1))
    assert english.look(worse)[0].target[:-1] == worse.tokens

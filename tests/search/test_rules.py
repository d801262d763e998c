import math
import random

import pytest
import torch
from exhaustive import assert_same, every_output
from toy import Table

from seqkit.errors import ConfigError
from seqkit.search import Rules, SearchConfig, Stem, beam_search, decode
from seqkit.search.rules import missing_tokens, next_tokens
from seqkit.text.vocab import EOS, UNK

A, B, C = 4, 5, 6


def holds(ids, phrase):
    return any(tuple(ids[i : i + len(phrase)]) == phrase for i in range(len(ids)))


def begins_with(ids, stem):
    """Whether the first tokens spell all of it, and no token before the last of them goes astray."""
    said = ""
    for token in ids[:1] if stem.whole else ids:
        said += stem.spelling[token] or "?"
        if said.startswith(stem.text):
            return True
        if not stem.text.startswith(said):
            return False
    return False


def obeys(ids, rules):
    n = rules.no_repeat_ngram
    runs = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)] if n else []
    return (
        not rules.suppress & set(ids)
        and len(ids) >= max(rules.min_length, len(rules.prefix))
        and len(set(runs)) == len(runs)
        and all(token in allowed for token, allowed in zip(ids, rules.prefix, strict=False))
        and all(holds(ids, phrase) for phrase in rules.phrases)
        and (rules.stem is None or begins_with(ids[len(rules.prefix) :], rules.stem))
    )


def some(*tokens):
    return frozenset(tokens)


def stem(text, *words, whole=False):
    """A word that is begun, if A, B, C are written so; nothing else is written."""
    return Stem(text, [*[""] * A, *words, *[""] * 40], whole=whole)


RULES = {
    "suppress one": Rules(suppress=some(A)),
    "suppress two": Rules(suppress=some(UNK, C)),
    "min_length": Rules(min_length=2),
    "min_length beyond the limit": Rules(min_length=4),
    "no_repeat 1": Rules(no_repeat_ngram=1),
    "no_repeat 2": Rules(no_repeat_ngram=2),
    "no_repeat 3": Rules(no_repeat_ngram=3),
    "prefix": Rules(prefix=(some(A),)),
    "prefix with a choice": Rules(prefix=(some(A), some(B, UNK))),
    "prefix beyond the limit": Rules(prefix=(some(C, A), some(A), some(A, B), some(B))),
    "phrase of one token": Rules(phrases=((B,),)),
    "phrase of two tokens": Rules(phrases=((B, A),)),
    "phrase of three tokens": Rules(phrases=((A, C, B),)),
    "phrase that overlaps itself": Rules(phrases=((A, A, B),)),
    "phrase that comes back to its beginning": Rules(phrases=((A, B, A),)),
    "two phrases": Rules(phrases=((A,), (C, B))),
    "two phrases that begin alike": Rules(phrases=((A, B), (A, C))),
    "two phrases that overlap": Rules(phrases=((A, B), (B, A))),
    "a phrase within another": Rules(phrases=((A, B), (B,))),
    "prefix and phrase": Rules(prefix=(some(A),), phrases=((C, B),)),
    "prefix that begins the phrase": Rules(prefix=(some(A, B),), phrases=((A, C),)),
    "prefix that holds the phrase": Rules(prefix=(some(A), some(B, C)), phrases=((A, B),)),
    "stem of a whole word": Rules(stem=stem("a", "a", "ab", "b", whole=True)),
    "stem of several tokens": Rules(stem=stem("aba", "a", "ab", "b")),
    "stem that some ways miss": Rules(stem=stem("abb", "ab", "b", "abbb")),
    "prefix and stem": Rules(prefix=(some(C, UNK),), stem=stem("ab", "a", "ab", "b")),
    "stem and phrase": Rules(stem=stem("ab", "a", "ab", "b"), phrases=((A, C),)),
    "min_length and suppress": Rules(min_length=3, suppress=some(B)),
    "min_length and phrase": Rules(min_length=3, phrases=((C, A),)),
    "no_repeat and phrase": Rules(no_repeat_ngram=2, phrases=((C, A),)),
    "no_repeat, min_length and suppress": Rules(
        no_repeat_ngram=2, min_length=3, suppress=some(UNK)
    ),
}
each_rule = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
OVERLAPPING = (
    "two phrases that overlap",
    "a phrase within another",
)  # whose outputs at the limit can be missed
EXACT = {name: rules for name, rules in RULES.items() if name not in OVERLAPPING}


def obedient(model, source, limit, rules):
    return [
        output
        for output in every_output(model, source, max(limit, rules.least))
        if obeys(output[0], rules)
    ]


@pytest.mark.parametrize("rules", EXACT.values(), ids=EXACT)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("limit", [3, 5])
def test_a_wide_beam_lists_every_output_that_obeys(rules, limit, seed):
    model = Table(vocab=7, seed=seed)
    found = beam_search(
        model, torch.tensor([[8]]), [limit], beam=512, patience=math.inf, rules=rules
    )[0]
    wanted = obedient(model, 8, limit, rules)
    assert wanted
    assert limit == 3 or len(wanted) < len(every_output(model, 8, max(limit, rules.least)))
    assert_same(found, wanted)


@each_rule
@pytest.mark.parametrize("limit", [1, 4, 8])
def test_a_narrow_beam_finds_outputs_that_obey_and_no_others(rules, limit):
    for seed in range(6):
        for beam in (1, 2, 3):
            found = beam_search(
                Table(vocab=7, seed=seed), torch.tensor([[8]]), [limit], beam=beam, rules=rules
            )[0]
            assert found
            assert [h.ids for h in found if not obeys(h.ids, rules)] == []
            assert max(len(h.ids) for h in found) < max(limit, rules.least)


@pytest.mark.parametrize(
    "phrases", [((A, C, 9), (9, 9, B)), ((A, B, C), (B, C, A), (C, C)), ((7,), (8, 7), (9, 8, 7))]
)
def test_a_narrow_beam_of_many_words_holds_long_phrases(phrases):
    for seed in range(6):
        for beam in (1, 2, 3):
            model, rules = (
                Table(vocab=40, seed=seed),
                Rules(phrases=phrases, no_repeat_ngram=4, suppress=some(10, 11)),
            )
            for hypotheses in beam_search(
                model, torch.tensor([[1], [2]]), [2, 14], beam=beam, rules=rules
            ):
                assert hypotheses
                assert [h.ids for h in hypotheses if not obeys(h.ids, rules)] == []


@each_rule
@pytest.mark.parametrize("beam", [1, 3])
def test_sentences_in_a_batch_get_under_rules_what_they_get_alone(rules, beam):
    model, limits = Table(vocab=8, seed=3), [2, 9, 5, 7]
    together = beam_search(
        model, torch.tensor([[1], [2], [3], [4]]), limits, beam=beam, rules=rules
    )
    for i, limit in enumerate(limits):
        assert (
            together[i]
            == beam_search(model, torch.tensor([[i + 1]]), [limit], beam=beam, rules=rules)[0]
        )


@each_rule
def test_log_probabilities_under_rules_stay_those_of_the_model(rules):
    model = Table(vocab=9, seed=4)
    for h in beam_search(model, torch.tensor([[5]]), [6], beam=4, rules=rules)[0]:
        parts = [
            model.log_probabilities(5, tuple(h.ids[:t]))[token]
            for t, token in enumerate([*h.ids, EOS])
        ]
        assert h.log_probability == pytest.approx(float(sum(parts)), abs=1e-5)
        assert h.score == pytest.approx(h.log_probability / (len(h.ids) + 1), abs=1e-6)


def test_a_word_that_cannot_be_finished_is_never_output():
    rules = Rules(stem=stem("abc", "a", "ab", "c"))  # after "a" there is no way on
    for seed in range(6):
        for beam in (1, 2, 3):
            found = beam_search(
                Table(vocab=8, seed=seed), torch.tensor([[1]]), [6], beam=beam, rules=rules
            )[0]
            assert [h.ids for h in found if not obeys(h.ids, rules)] == []


def phrase_begins(ids):
    """Every C stands where the phrase (C, A) was missing and not half said, every A after a C."""
    return all(
        (token != C or not (holds(ids[:t], (C, A)) or ids[:t][-1:] == [C]))
        and (token != A or (ids[:t][-1:] == [C] and not holds(ids[: t - 1], (C, A))))
        for t, token in enumerate(ids)
    )


def test_a_phrase_goes_before_suppressed_tokens_in_a_narrow_beam():
    rules = Rules(suppress=some(A, C), phrases=((C, A),))
    for seed in range(6):
        found = beam_search(
            Table(vocab=12, seed=seed), torch.tensor([[8]]), [6], beam=2, rules=rules
        )[0]
        assert found
        assert all(holds(h.ids, (C, A)) and phrase_begins(h.ids) for h in found)


@pytest.mark.parametrize("seed", range(3))
def test_a_phrase_goes_before_suppressed_tokens_in_a_wide_beam(seed):
    model, rules = Table(vocab=7, seed=seed), Rules(suppress=some(A, C), phrases=((C, A),))
    found = beam_search(model, torch.tensor([[8]]), [5], beam=512, patience=math.inf, rules=rules)[
        0
    ]
    wanted = [
        output
        for output in every_output(model, 8, 5)
        if holds(output[0], (C, A)) and phrase_begins(output[0])
    ]
    assert_same(found, wanted)


@pytest.mark.parametrize(("vocab", "beam"), [(7, 1), (7, 2), (7, 3), (7, 512), (30, 1), (30, 3)])
def test_a_phrase_may_repeat_what_nothing_else_may(vocab, beam):
    rules, phrase = Rules(no_repeat_ngram=1, phrases=((A, B, A),)), (A, B, A)
    for seed in range(4):
        found = beam_search(Table(vocab, seed), torch.tensor([[8]]), [6], beam=beam, rules=rules)[0]
        assert found
        for h in found:
            end = next(i + 3 for i in range(len(h.ids)) if tuple(h.ids[i : i + 3]) == phrase)
            assert not set(h.ids[end:]) & set(h.ids[:end])
            assert len(set(h.ids[end:])) == len(h.ids[end:])


@pytest.mark.parametrize("beam", [1, 2, 512])
def test_decode_refuses_when_no_output_obeys(beam):
    model, rules = Table(vocab=6, seed=0), Rules(suppress=some(UNK, A, B))
    with pytest.raises(ConfigError, match="no output obeys these settings"):
        decode(model, [[7], [8]], SearchConfig(beam=beam, min_length=1), rules=rules)
    assert decode(model, [[7]], SearchConfig(beam=beam), rules=rules)[0][0].ids == []


@pytest.mark.parametrize("seed", range(5))
def test_decode_takes_lengths_and_repeats_from_its_config(seed):
    config = SearchConfig(beam=4, nbest=4, min_length=3, no_repeat_ngram=1)
    found = decode(Table(vocab=12, seed=seed), [[7, 8, 9]], config)[0]
    assert all(len(h.ids) >= 3 and len(set(h.ids)) == len(h.ids) for h in found)
    freely = decode(Table(vocab=12, seed=seed), [[7, 8, 9]], SearchConfig(beam=4, nbest=4))[0]
    assert [h.ids for h in found] != [h.ids for h in freely]


def cases(count=400):
    """Phrases of a few tokens of a small alphabet, so that they overlap, and ids that hold parts of them."""
    noise = random.Random(0)
    for _ in range(count):
        draw = lambda least, most: tuple(noise.choices((A, B, C), k=noise.randint(least, most)))  # noqa: E731
        phrases = tuple(draw(1, 4) for _ in range(noise.randint(1, 3)))
        yield [*draw(0, 4), *noise.choice(phrases)[: noise.randint(0, 3)]], phrases


def test_missing_tokens_are_enough_and_the_next_tokens_lead_on():
    for given, phrases in cases():
        ids, need = list(given), missing_tokens(given, phrases)
        assert (need == 0) == all(holds(ids, phrase) for phrase in phrases)
        while need:
            after = {
                token: missing_tokens([*ids, token], phrases) for token in next_tokens(ids, phrases)
            }
            ids.append(min(after, key=after.__getitem__))
            assert after[ids[-1]] < need
            need = after[ids[-1]]
        assert all(holds(ids, phrase) for phrase in phrases)
        assert next_tokens(ids, phrases) == []
        assert len(ids) - len(given) <= missing_tokens(given, phrases)


def test_next_tokens_go_on_with_the_longest_part_of_each_missing_phrase():
    for ids, phrases in cases():
        wanted = set()
        for phrase in phrases:
            if not holds(ids, phrase):
                done = max(
                    k for k in range(len(phrase)) if tuple(ids[len(ids) - k :]) == phrase[:k]
                )
                wanted.add(phrase[done])
        found = next_tokens(ids, phrases)
        assert set(found) == wanted
        assert len(found) == len(wanted)


def test_missing_tokens_of_one_phrase_are_the_fewest_that_complete_it():
    def fewest(ids, phrase):
        """Appending any k tokens that complete it ends in the phrase, so only its own ends need trying."""
        return next(
            k for k in range(len(phrase) + 1) if holds([*ids, *phrase[len(phrase) - k :]], phrase)
        )

    for ids, phrases in cases():
        assert missing_tokens(ids, phrases[:1]) == fewest(ids, phrases[0])

"""Phrases that must occur in every output."""

import math
import random

import pytest
import torch
from exhaustive import assert_same, contains, every_output
from toy import Table

from seqkit.search import Rules, beam_search
from seqkit.search.phrases import missing_tokens, next_tokens

A, B, C = 4, 5, 6


def some(*tokens):
    return frozenset(tokens)


def repeats(ids, n):
    ngrams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(ngrams)) < len(ngrams)


def search(model, source, limit, **settings):
    return beam_search(model, torch.tensor([[source]]), [limit], **settings)[0]


@pytest.mark.parametrize(
    "phrases",
    [((A, C, 9), (9, 9, B)), ((A, B, C), (B, C, A), (C, C)), ((7,), (8, 7), (9, 8, 7))],
)
@pytest.mark.parametrize("beam", [1, 2, 3])
def test_a_narrow_beam_over_many_words_contains_long_phrases(phrases, beam):
    rules = Rules(phrases=phrases, no_repeat_ngram=4, suppress=some(10, 11))
    sources = torch.tensor([[1], [2]])
    for seed in range(6):
        model = Table(vocab=40, seed=seed)
        for hypotheses in beam_search(model, sources, [2, 14], beam=beam, rules=rules):
            assert hypotheses
            for h in hypotheses:
                assert all(contains(h.ids, phrase) for phrase in phrases)
                assert not some(10, 11) & set(h.ids)
                assert not repeats(h.ids, 4)


class Watched(Table):
    """A table that notes which outputs it is asked to continue."""

    def __init__(self, vocab, seed):
        super().__init__(vocab, seed)
        self.continued = []

    def log_probabilities(self, source, prefix):
        self.continued.append(list(prefix))
        return super().log_probabilities(source, prefix)


@pytest.mark.parametrize("phrases", [((C, A),), ((A, B, A), (C,)), ((A,), (B,), (C,))])
@pytest.mark.parametrize("limit", [6, 8])
def test_only_outputs_with_room_for_their_phrases_and_the_end_are_continued(phrases, limit):
    rules = Rules(phrases=phrases)
    for seed in range(4):
        model = Watched(vocab=12, seed=seed)
        assert search(model, 8, limit, beam=4, rules=rules)
        for ids in model.continued:
            room = limit - len(ids)
            assert missing_tokens(ids, phrases) + 1 <= room


def is_phrase_only(ids):
    """Whether C and A occur only as the phrase (C, A), and only where it was missing."""
    for t, token in enumerate(ids):
        if token == C and (contains(ids[:t], (C, A)) or ids[:t][-1:] == [C]):
            return False
        if token == A and (ids[:t][-1:] != [C] or contains(ids[: t - 1], (C, A))):
            return False
    return True


def test_a_phrase_takes_precedence_over_suppressed_tokens_in_a_narrow_beam():
    rules = Rules(suppress=some(A, C), phrases=((C, A),))
    for seed in range(6):
        found = search(Table(vocab=12, seed=seed), 8, 6, beam=2, rules=rules)
        assert found
        assert all(contains(h.ids, (C, A)) and is_phrase_only(h.ids) for h in found)


@pytest.mark.parametrize("seed", range(3))
def test_a_phrase_takes_precedence_over_suppressed_tokens_in_a_wide_beam(seed):
    model = Table(vocab=7, seed=seed)
    rules = Rules(suppress=some(A, C), phrases=((C, A),))
    found = search(model, 8, 5, beam=512, patience=math.inf, rules=rules)
    wanted = [
        output
        for output in every_output(model, 8, 5)
        if contains(output.ids, (C, A)) and is_phrase_only(output.ids)
    ]
    assert_same(found, wanted)


@pytest.mark.parametrize(("vocab", "beam"), [(7, 1), (7, 2), (7, 3), (7, 512), (30, 1), (30, 3)])
def test_a_phrase_may_repeat_what_nothing_else_may(vocab, beam):
    phrase = (A, B, A)
    rules = Rules(no_repeat_ngram=1, phrases=(phrase,))
    for seed in range(4):
        found = search(Table(vocab, seed), 8, 6, beam=beam, rules=rules)
        assert found
        for h in found:
            end = next(i + 3 for i in range(len(h.ids)) if tuple(h.ids[i : i + 3]) == phrase)
            before, after = h.ids[:end], h.ids[end:]
            assert not set(after) & set(before)
            assert len(set(after)) == len(after)


# what is missing


def cases(count=400):
    """Phrases over a small alphabet, so that they overlap, and ids with parts of them."""
    noise = random.Random(0)

    def draw(least, most):
        return tuple(noise.choices((A, B, C), k=noise.randint(least, most)))

    for _ in range(count):
        phrases = tuple(draw(1, 4) for _ in range(noise.randint(1, 3)))
        yield [*draw(0, 4), *noise.choice(phrases)[: noise.randint(0, 3)]], phrases


def test_missing_tokens_are_enough_and_the_next_tokens_lead_on():
    for given, phrases in cases():
        ids, need = list(given), missing_tokens(given, phrases)
        assert (need == 0) == all(contains(ids, phrase) for phrase in phrases)
        while need:
            after = {
                token: missing_tokens([*ids, token], phrases) for token in next_tokens(ids, phrases)
            }
            ids.append(min(after, key=after.__getitem__))
            assert after[ids[-1]] < need
            need = after[ids[-1]]

        assert all(contains(ids, phrase) for phrase in phrases)
        assert next_tokens(ids, phrases) == []
        assert len(ids) - len(given) <= missing_tokens(given, phrases)


def test_next_tokens_continue_the_longest_part_of_each_missing_phrase():
    for ids, phrases in cases():
        wanted = set()
        for phrase in phrases:
            if not contains(ids, phrase):
                begun = [k for k in range(len(phrase)) if tuple(ids[len(ids) - k :]) == phrase[:k]]
                wanted.add(phrase[max(begun)])

        found = next_tokens(ids, phrases)
        assert set(found) == wanted
        assert len(found) == len(wanted)


def test_missing_tokens_of_one_phrase_are_the_fewest_that_complete_it():
    def fewest(ids, phrase):
        """Any k tokens that complete it are the last k of the phrase."""
        for k in range(len(phrase) + 1):
            if contains([*ids, *phrase[len(phrase) - k :]], phrase):
                return k
        raise AssertionError("the whole phrase completes it")

    for ids, phrases in cases():
        assert missing_tokens(ids, phrases[:1]) == fewest(ids, phrases[0])

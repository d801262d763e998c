import math

import pytest
import torch
from exhaustive import assert_same, contains, every_output, output
from toy import Table

from seqkit.errors import ConfigError
from seqkit.search import Rules, SearchConfig, Stem, beam_search, decode
from seqkit.search.rules import Beginning, MinLength, NoRepeatNgram
from seqkit.text.vocab import BOS, EOS, PAD, UNK

A, B, C = 4, 5, 6


def begins_with(ids, stem):
    """Whether the first tokens spell all of it and none before the last of them strays."""
    written = ""
    for token in ids[:1] if stem.whole else ids:
        written += stem.spelling[token] or "?"
        if written.startswith(stem.text):
            return True
        if not stem.text.startswith(written):
            return False
    return False


def repeats(ids, n):
    ngrams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)] if n else []
    return len(set(ngrams)) < len(ngrams)


def obeys(ids, rules):
    prefix = zip(ids, rules.prefix, strict=False)
    return (
        not rules.suppress & set(ids)
        and len(ids) >= max(rules.min_length, len(rules.prefix))
        and not repeats(ids, rules.no_repeat_ngram)
        and all(token in allowed for token, allowed in prefix)
        and all(contains(ids, phrase) for phrase in rules.phrases)
        and (rules.stem is None or begins_with(ids[len(rules.prefix) :], rules.stem))
        and all(rule.is_obeyed(ids) for rule in rules.further)
    )


def some(*tokens):
    return frozenset(tokens)


def stem(text, *words, whole=False):
    """A word that has been begun, if A, B, C are written as `words`; nothing else is text."""
    return Stem(text, [*[""] * A, *words, *[""] * 40], whole=whole)


class Rising:
    """A rule as a plugin would write it: no token is smaller than the one before it."""

    least = 0

    def forbidden(self, history, vocab):
        if not history.size(1):
            return None
        tokens = torch.arange(vocab)
        barred = tokens < history[:, -1:]
        barred[:, EOS] = False
        return barred

    def is_obeyed(self, ids):
        return ids == sorted(ids)


class EndsWithB:
    """A rule that needs a token, with one mask for all rows where nothing is known yet."""

    least = 1

    def forbidden(self, history, vocab):
        if not history.size(1):
            return torch.arange(vocab) == EOS
        barred = torch.zeros(len(history), vocab, dtype=torch.bool)
        barred[:, EOS] = history[:, -1] != B
        return barred

    def is_obeyed(self, ids):
        return ids[-1:] == [B]


RULES = {
    "suppress one": Rules(suppress=some(A)),
    "suppress two": Rules(suppress=some(UNK, C)),
    "min_length": Rules(min_length=2),
    "min_length beyond the limit": Rules(min_length=4),
    "no unigram twice": Rules(no_repeat_ngram=1),
    "no bigram twice": Rules(no_repeat_ngram=2),
    "no trigram twice": Rules(no_repeat_ngram=3),
    "prefix": Rules(prefix=(some(A),)),
    "prefix with a choice": Rules(prefix=(some(A), some(B, UNK))),
    "prefix beyond the limit": Rules(prefix=(some(C, A), some(A), some(A, B), some(B))),
    "phrase of one token": Rules(phrases=((B,),)),
    "phrase of two tokens": Rules(phrases=((B, A),)),
    "phrase of three tokens": Rules(phrases=((A, C, B),)),
    "phrase that overlaps itself": Rules(phrases=((A, A, B),)),
    "phrase that returns to its beginning": Rules(phrases=((A, B, A),)),
    "two phrases": Rules(phrases=((A,), (C, B))),
    "two phrases with the same beginning": Rules(phrases=((A, B), (A, C))),
    "two phrases that overlap": Rules(phrases=((A, B), (B, A))),
    "a phrase within another": Rules(phrases=((A, B), (B,))),
    "prefix and phrase": Rules(prefix=(some(A),), phrases=((C, B),)),
    "prefix that begins the phrase": Rules(prefix=(some(A, B),), phrases=((A, C),)),
    "prefix that contains the phrase": Rules(prefix=(some(A), some(B, C)), phrases=((A, B),)),
    "stem of a whole word": Rules(stem=stem("a", "a", "ab", "b", whole=True)),
    "stem of several tokens": Rules(stem=stem("aba", "a", "ab", "b")),
    "stem that some tokens stray from": Rules(stem=stem("abb", "ab", "b", "abbb")),
    "prefix and stem": Rules(prefix=(some(C, UNK),), stem=stem("ab", "a", "ab", "b")),
    "stem and phrase": Rules(stem=stem("ab", "a", "ab", "b"), phrases=((A, C),)),
    "min_length and suppress": Rules(min_length=3, suppress=some(B)),
    "min_length and phrase": Rules(min_length=3, phrases=((C, A),)),
    "no bigram twice and phrase": Rules(no_repeat_ngram=2, phrases=((C, A),)),
    "several": Rules(no_repeat_ngram=2, min_length=3, suppress=some(UNK)),
    "a plugin's": Rules(further=(Rising(),)),
    "two of plugins": Rules(further=(Rising(), EndsWithB())),
    "a plugin's and others": Rules(further=(EndsWithB(),), min_length=2, phrases=((A, B),)),
}
# Outputs at the limit: those in which phrases overlap can be missed, and a plugin's rule that
# forbids `<eos>` is not asked.
INEXACT = (
    "two phrases that overlap",
    "a phrase within another",
    "two of plugins",
    "a plugin's and others",
)
EXACT = {name: rules for name, rules in RULES.items() if name not in INEXACT}
each_rule = pytest.mark.parametrize("rules", RULES.values(), ids=RULES)


def search(model, source, limit, **settings):
    return beam_search(model, torch.tensor([[source]]), [limit], **settings)[0]


def disobedient(hypotheses, rules):
    return [h.ids for h in hypotheses if not obeys(h.ids, rules)]


@pytest.mark.parametrize("rules", EXACT.values(), ids=EXACT)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("limit", [3, 5])
def test_a_wide_beam_lists_every_output_that_obeys(rules, limit, seed):
    model = Table(vocab=7, seed=seed)
    found = search(model, 8, limit, beam=512, patience=math.inf, rules=rules)

    outputs = every_output(model, 8, max(limit, rules.least))
    wanted = [output for output in outputs if obeys(output.ids, rules)]
    assert wanted
    assert limit == 3 or len(wanted) < len(outputs)
    assert_same(found, wanted)


@each_rule
@pytest.mark.parametrize("limit", [1, 4, 8])
@pytest.mark.parametrize("beam", [1, 2, 3])
def test_a_narrow_beam_finds_outputs_that_obey_and_no_others(rules, limit, beam):
    for seed in range(6):
        found = search(Table(vocab=7, seed=seed), 8, limit, beam=beam, rules=rules)
        if not rules.further:  # at the limit, outputs end in spite of a plugin's rule
            assert found
            assert disobedient(found, rules) == []
        assert all(len(h.ids) < max(limit, rules.least) for h in found)


@pytest.mark.parametrize("beam", [1, 2, 3])
def test_outputs_shorter_than_the_limit_obey_the_rule_of_a_plugin(beam):
    limit = 12
    checked = 0
    for rules in (rules for rules in RULES.values() if rules.further):
        for seed in range(6):
            found = search(Table(vocab=7, seed=seed), 8, limit, beam=beam, rules=rules)
            shorter = [h for h in found if len(h.ids) < limit - 1]
            assert disobedient(shorter, rules) == []
            checked += len(shorter)
    assert checked


@each_rule
@pytest.mark.parametrize("beam", [1, 3])
def test_sentences_in_a_batch_get_with_rules_what_they_get_alone(rules, beam):
    model = Table(vocab=8, seed=3)
    limits = [2, 9, 5, 7]
    sources = torch.tensor([[1], [2], [3], [4]])
    together = beam_search(model, sources, limits, beam=beam, rules=rules)
    for i, limit in enumerate(limits):
        assert together[i] == search(model, i + 1, limit, beam=beam, rules=rules)


@each_rule
def test_log_probabilities_with_rules_stay_those_of_the_model(rules):
    model = Table(vocab=9, seed=4)
    found = search(model, 5, 6, beam=4, rules=rules)
    assert_same(found, [output(model, 5, h.ids) for h in found])


class Peaked(Table):
    """A table in which A is e ** 500 times as probable as anything else."""

    def log_probabilities(self, source, prefix):
        logits = super().log_probabilities(source, prefix)
        logits[A] += 500
        return logits.log_softmax(-1)


@pytest.mark.parametrize("rules", [Rules(), Rules(min_length=1)], ids=["quick", "with history"])
def test_a_suppressed_token_far_above_the_others_keeps_its_probability(rules):
    model = Peaked(vocab=9, seed=4)
    suppressed = Rules(suppress=some(A), min_length=rules.min_length)
    found = search(model, 5, 3, beam=2, rules=suppressed)
    assert found
    for h in found:
        wanted = output(model, 5, h.ids).log_probability
        assert h.log_probability == pytest.approx(wanted, rel=1e-5)
        assert wanted < -400


@pytest.mark.parametrize("beam", [1, 2, 3])
def test_a_word_that_cannot_be_finished_is_never_output(beam):
    rules = Rules(stem=stem("abc", "a", "ab", "c"))  # nothing can follow "a"
    for seed in range(6):
        found = search(Table(vocab=8, seed=seed), 1, 6, beam=beam, rules=rules)
        assert disobedient(found, rules) == []


@pytest.mark.parametrize(
    "others",
    [
        Rules(suppress=some(A, B)),
        Rules(no_repeat_ngram=1),
        Rules(further=(Rising(),)),
    ],
)
def test_a_prefix_takes_precedence_over_other_rules_and_then_they_hold(others):
    asked_for = [B, A, B]
    prefix = tuple(some(token) for token in asked_for)
    rules = Rules(
        prefix=prefix,
        suppress=others.suppress,
        no_repeat_ngram=others.no_repeat_ngram,
        further=others.further,
    )
    found = search(Table(vocab=8, seed=1), 8, 9, beam=4, rules=rules)
    assert found
    for h in found:
        assert h.ids[:3] == asked_for
        later = h.ids[3:]
        assert not set(later) & others.suppress
        assert not others.no_repeat_ngram or not repeats([*set(asked_for), *later], 1)
        assert not others.further or Rising().is_obeyed([B, *later])


@pytest.mark.parametrize("beam", [1, 2, 512])
def test_decode_refuses_when_no_output_obeys(beam):
    model = Table(vocab=6, seed=0)
    rules = Rules(suppress=some(UNK, A, B))
    with pytest.raises(ConfigError, match="no output obeys these settings"):
        decode(model, [[7], [8]], SearchConfig(beam=beam, min_length=1), rules=rules)
    assert decode(model, [[7]], SearchConfig(beam=beam), rules=rules)[0][0].ids == []


@pytest.mark.parametrize("seed", range(5))
def test_decode_takes_lengths_and_repeats_from_its_config(seed):
    model = Table(vocab=12, seed=seed)
    config = SearchConfig(beam=4, nbest=4, min_length=3, no_repeat_ngram=1)
    found = decode(model, [[7, 8, 9]], config)[0]
    assert all(len(h.ids) >= 3 and not repeats(h.ids, 1) for h in found)

    freely = decode(model, [[7, 8, 9]], SearchConfig(beam=4, nbest=4))[0]
    assert [h.ids for h in found] != [h.ids for h in freely]


def test_decode_keeps_the_rules_of_plugins():
    model = Table(vocab=12, seed=0)
    rules = Rules(further=(Rising(),))
    found = decode(model, [[7, 8, 9]], SearchConfig(beam=4, nbest=4, max_extra=99), rules=rules)[0]
    assert disobedient(found, rules) == []


# the rules themselves


def test_a_rule_forbids_nothing_where_it_says_nothing():
    history = torch.tensor([[A, B]])
    nothing = (MinLength(2), NoRepeatNgram(3), Beginning(), Beginning((some(A), some(B))))
    for rule in nothing:
        assert rule.forbidden(history, 9) is None
    assert Rules(min_length=2, no_repeat_ngram=3).forbidden(history, 9) is None


def test_the_masks_of_all_rules_are_joined():
    rules = Rules(suppress=some(C), min_length=3, no_repeat_ngram=2, further=(Rising(),))
    barred = rules.forbidden(torch.tensor([[A, A], [B, A]]), 8)
    forbidden = [row.nonzero()[:, 0].tolist() for row in barred]
    smaller = [PAD, UNK, BOS]
    assert forbidden == [[*smaller, EOS, A, C], [*smaller, EOS, C]]


def test_rules_need_as_many_tokens_as_the_most_demanding_of_them():
    assert Rules().least == 1, "`<eos>`"
    assert Rules(suppress=some(A), no_repeat_ngram=2).least == 1
    assert Rules(min_length=3).least == 4
    assert Rules(further=(EndsWithB(),)).least == 2
    assert Rules(min_length=3, further=(EndsWithB(),)).least == 4
    assert Rules(prefix=(some(A),), stem=stem("ab", "a", "b", ""), phrases=((C, B),)).least == 6


def test_only_rules_that_depend_on_earlier_tokens_follow_the_history():
    assert not Rules().follow_history
    assert not Rules(suppress=some(A)).follow_history
    for name, rules in RULES.items():
        assert rules.follow_history == (not name.startswith("suppress"))


@pytest.mark.parametrize("token", [-1, 10, 2**40])
@pytest.mark.parametrize("min_length", [0, 2], ids=["without history", "by history"])
def test_a_token_that_there_is_not_cannot_be_suppressed(token, min_length):
    model = Table(vocab=10, seed=0)
    rules = Rules(suppress=some(token), min_length=min_length)
    with pytest.raises(ConfigError, match=f"suppress: {token} is none of the 10 tokens"):
        beam_search(model, torch.tensor([[A]]), [3], beam=2, rules=rules)

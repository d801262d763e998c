"""Beams of several groups that avoid each other."""

import math

import pytest
import torch
from exhaustive import assert_same, contains, slow_beam_search
from toy import Table

from seqkit.search import Rules, SearchConfig, beam_search, decode
from seqkit.text.vocab import EOS

SPLITS = [(2, 2), (3, 3), (4, 2), (6, 2), (6, 3)]  # beam, groups


def search(model, source, limit, **settings):
    return beam_search(model, torch.tensor([[source]]), [limit], **settings)[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("diversity", [0.5, 3.0])
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
@pytest.mark.parametrize("patience", [1.0, 2.0])
def test_groups_follow_the_definition(beam, groups, diversity, patience, seed):
    model = Table(vocab=10, seed=seed)
    settings = {"beam": beam, "groups": groups, "diversity": diversity, "patience": patience}
    assert_same(search(model, 7, 6, **settings), slow_beam_search(model, 7, 6, **settings))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
def test_groups_without_diversity_all_find_what_one_narrower_beam_finds(beam, groups, seed):
    model = Table(vocab=9, seed=seed)
    found = search(model, 7, 6, beam=beam, groups=groups, diversity=0.0)
    narrower = search(model, 7, 6, beam=beam // groups)
    assert_same(found, narrower)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(no_repeat_ngram=2, suppress=frozenset({5})),
        Rules(phrases=((4, 6),)),
    ],
)
@pytest.mark.parametrize(("beam", "groups"), [(3, 3), (4, 2)])
def test_sentences_in_a_batch_get_in_groups_what_they_get_alone(beam, groups, rules):
    model = Table(vocab=12, seed=3)
    limits = [3, 9, 4, 6, 2]
    settings = {"beam": beam, "groups": groups, "diversity": 0.7, "rules": rules}
    together = beam_search(model, torch.tensor([[1], [2], [3], [4], [5]]), limits, **settings)
    for i, limit in enumerate(limits):
        assert together[i] == search(model, i + 1, limit, **settings)


@pytest.mark.parametrize("diversity", [0.0, 0.5, 100.0])
def test_no_output_is_listed_twice(diversity):
    found_twice = False
    for seed in range(6):
        model = Table(vocab=6, seed=seed)
        settings = {"diversity": diversity, "patience": math.inf}
        found = search(model, 3, 5, beam=6, groups=3, **settings)
        outputs = {tuple(h.ids) for h in found}
        assert len(outputs) == len(found)

        of_one_group = search(model, 3, 5, beam=2, patience=math.inf)
        found_twice |= len(found) < 3 * len(of_one_group)
    assert found_twice


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_groups_with_a_large_diversity_begin_with_different_tokens(groups):
    for seed in range(6):
        model = Table(vocab=9, seed=seed)
        found = search(model, 3, 8, beam=groups, groups=groups, diversity=1000.0)
        first_tokens = {tuple(h.ids[:1]) for h in found}
        assert len(first_tokens) == len(found) == groups


def test_groups_without_diversity_may_begin_with_the_same_token():
    model = Table(vocab=9, seed=1)
    found = search(model, 3, 8, beam=3, groups=3, diversity=0.0)
    assert len({tuple(h.ids[:1]) for h in found}) == 1


def begins_as_asked(ids, token):
    if len(ids) >= 2:
        return True
    return token in ({4, 5, 6}, {7, 8})[len(ids)]


FILTERS = {
    "suppress": (
        Rules(suppress=frozenset({4, 7})),
        lambda ids, token: token not in (4, 7),
    ),
    "min_length": (
        Rules(min_length=3),
        lambda ids, token: token != EOS or len(ids) >= 3,
    ),
    "no_repeat_ngram": (
        Rules(no_repeat_ngram=1),
        lambda ids, token: token not in ids,
    ),
    "prefix": (
        Rules(prefix=(frozenset({4, 5, 6}), frozenset({7, 8}))),
        begins_as_asked,
    ),
    "few tokens left": (
        Rules(suppress=frozenset({1, 7, 8, 9}), no_repeat_ngram=1, min_length=2),
        lambda ids, token: (token != EOS or len(ids) >= 2) and token not in (1, 7, 8, 9, *ids),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("beam", "groups"), [*SPLITS, (10, 2)])
def test_groups_with_rules_follow_the_definition(name, beam, groups):
    rules, may = FILTERS[name]
    settings = {"beam": beam, "groups": groups, "diversity": 1.5}
    for seed in range(3):
        model = Table(vocab=10, seed=seed)
        found = search(model, 7, 6, rules=rules, **settings)
        assert_same(found, slow_beam_search(model, 7, 6, may=may, **settings))


@pytest.mark.parametrize("phrases", [((4, 6),), ((4,), (8, 9)), ((9, 9, 10),)])
@pytest.mark.parametrize("diversity", [0.5, 1000.0])
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
def test_phrases_occur_in_the_outputs_of_every_group(beam, groups, diversity, phrases):
    settings = {"beam": beam, "groups": groups, "diversity": diversity}
    for seed in range(3):
        model = Table(vocab=30, seed=seed)
        for limit in (2, 8):
            found = search(model, 5, limit, rules=Rules(phrases=phrases), **settings)
            assert found
            for phrase in phrases:
                assert all(contains(h.ids, phrase) for h in found)


def test_the_settings_of_a_search_reach_the_groups():
    model = Table(vocab=10, seed=2)
    sources = [[4, 4, 4, 4], [5, 5]]
    config = SearchConfig(beam=4, nbest=4, groups=2, diversity=3.0, max_ratio=1.0, max_extra=2)
    for source, hypotheses in zip(sources, decode(model, sources, config), strict=True):
        limit = len(source) + 2
        wanted = slow_beam_search(model, source[0], limit, beam=4, groups=2, diversity=3.0)
        assert_same(hypotheses, wanted[:4])

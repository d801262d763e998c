import math
from collections import Counter

import pytest
import torch
from toy import Table

from seqkit.search import Rules, SearchConfig, beam_search, decode
from seqkit.text.vocab import BOS, EOS, PAD

SPLITS = [(2, 2), (3, 3), (4, 2), (6, 2), (6, 3)]  # beam, groups


def search(model, source, limit, **settings):
    return beam_search(model, torch.tensor([[source]]), [limit], **settings)[0]


def diverse(
    model, source, limit, *, beam, groups, diversity, patience=1.0, may=lambda ids, token: True
):
    """Diverse beam search as `beam_search` defines it, on lists: {ids: log probability}, best average first."""
    size = beam // groups
    beams, done = [[(0.0, ())] for _ in range(groups)], [[] for _ in range(groups)]
    for t in range(1, limit + 1):
        taken = Counter()
        for g in range(groups):
            grown = []
            for total, ids in beams[g]:
                for token, logp in enumerate(model.log_probabilities(source, ids).tolist()):
                    if token not in (PAD, BOS) and (
                        token == EOS if t == limit else may(ids, token)
                    ):
                        grown.append(
                            (total + logp - diversity * taken[token], total + logp, (*ids, token))
                        )
            grown.sort(reverse=True)
            done[g] += [(total, ids[:-1]) for _, total, ids in grown[:size] if ids[-1] == EOS]
            taken.update(ids[-1] for _, _, ids in grown[:size])
            beams[g] = [(total, ids) for _, total, ids in grown if ids[-1] != EOS][:size]
            if len(done[g]) >= patience * size:
                beams[g] = []
    found = {ids: total for group in done for total, ids in group}
    return dict(sorted(found.items(), key=lambda item: -item[1] / (len(item[0]) + 1)))


def assert_same(hypotheses, wanted):
    assert [tuple(h.ids) for h in hypotheses] == list(wanted)
    assert [h.log_probability for h in hypotheses] == pytest.approx(list(wanted.values()), abs=1e-5)
    assert [h.score for h in hypotheses] == pytest.approx(
        [p / (len(i) + 1) for i, p in wanted.items()], abs=1e-5
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("diversity", [0.5, 3.0])
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
@pytest.mark.parametrize("patience", [1.0, 2.0])
def test_groups_follow_the_definition(beam, groups, diversity, patience, seed):
    model, settings = (
        Table(vocab=10, seed=seed),
        {"beam": beam, "groups": groups, "diversity": diversity, "patience": patience},
    )
    assert_same(search(model, 7, 6, **settings), diverse(model, 7, 6, **settings))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
def test_groups_without_diversity_all_find_what_one_narrower_beam_finds(beam, groups, seed):
    model = Table(vocab=9, seed=seed)
    found = search(model, 7, 6, beam=beam, groups=groups, diversity=0.0)
    narrower = search(model, 7, 6, beam=beam // groups)
    assert [h.ids for h in found] == [h.ids for h in narrower]
    assert [h.score for h in found] == pytest.approx([h.score for h in narrower], abs=1e-6)


@pytest.mark.parametrize(
    "rules", [Rules(), Rules(no_repeat_ngram=2, suppress=frozenset({5})), Rules(phrases=((4, 6),))]
)
@pytest.mark.parametrize(("beam", "groups"), [(3, 3), (4, 2)])
def test_sentences_in_a_batch_get_in_groups_what_they_get_alone(beam, groups, rules):
    model, limits = Table(vocab=12, seed=3), [3, 9, 4, 6, 2]
    settings = {"beam": beam, "groups": groups, "diversity": 0.7, "rules": rules}
    together = beam_search(model, torch.tensor([[1], [2], [3], [4], [5]]), limits, **settings)
    for i, limit in enumerate(limits):
        assert together[i] == search(model, i + 1, limit, **settings)


@pytest.mark.parametrize("diversity", [0.0, 0.5, 100.0])
def test_no_output_is_found_twice(diversity):
    twice = 0
    for seed in range(6):
        model = Table(vocab=6, seed=seed)
        ids = [
            tuple(h.ids)
            for h in search(model, 3, 5, beam=6, groups=3, diversity=diversity, patience=math.inf)
        ]
        assert len(set(ids)) == len(ids)
        twice += len(ids) < 3 * len(search(model, 3, 5, beam=2, patience=math.inf))
    assert twice


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_groups_that_shun_each_other_begin_with_different_tokens(groups):
    for seed in range(6):
        found = search(
            Table(vocab=9, seed=seed), 3, 8, beam=groups, groups=groups, diversity=1000.0
        )
        assert len({tuple(h.ids[:1]) for h in found}) == len(found) == groups


def test_a_small_diversity_may_begin_alike_where_a_great_one_may_not():
    model = Table(vocab=9, seed=1)
    firsts = [
        {tuple(h.ids[:1]) for h in search(model, 3, 8, beam=3, groups=3, diversity=diversity)}
        for diversity in (0.0, 1000.0)
    ]
    assert list(map(len, firsts)) == [1, 3]


FILTERS = {
    "suppress": (Rules(suppress=frozenset({4, 7})), lambda ids, token: token not in (4, 7)),
    "min_length": (Rules(min_length=3), lambda ids, token: token != EOS or len(ids) >= 3),
    "no_repeat": (Rules(no_repeat_ngram=1), lambda ids, token: token not in ids),
    "prefix": (
        Rules(prefix=(frozenset({4, 5, 6}), frozenset({7, 8}))),
        lambda ids, token: token in ({4, 5, 6}, {7, 8})[len(ids)] if len(ids) < 2 else True,
    ),
    "one way on": (
        Rules(suppress=frozenset({1, 7, 8, 9}), no_repeat_ngram=1, min_length=2),
        lambda ids, token: (token != EOS or len(ids) >= 2) and token not in (1, 7, 8, 9, *ids),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(("beam", "groups"), [*SPLITS, (10, 2)])
def test_groups_under_rules_follow_the_definition(name, beam, groups):
    rules, may = FILTERS[name]
    for seed in range(3):
        model, settings = (
            Table(vocab=10, seed=seed),
            {"beam": beam, "groups": groups, "diversity": 1.5},
        )
        assert_same(
            search(model, 7, 6, rules=rules, **settings), diverse(model, 7, 6, may=may, **settings)
        )


@pytest.mark.parametrize("phrases", [((4, 6),), ((4,), (8, 9)), ((9, 9, 10),)])
@pytest.mark.parametrize("diversity", [0.5, 1000.0])
@pytest.mark.parametrize(("beam", "groups"), SPLITS)
def test_phrases_are_held_in_every_group(beam, groups, diversity, phrases):
    for seed in range(3):
        model, settings = (
            Table(vocab=30, seed=seed),
            {"beam": beam, "groups": groups, "diversity": diversity},
        )
        for limit in (2, 8):
            found = search(model, 5, limit, rules=Rules(phrases=phrases), **settings)
            assert found
            for phrase in phrases:
                assert all(
                    phrase in zip(*(h.ids[i:] for i in range(len(phrase))), strict=False)
                    for h in found
                )


def test_the_settings_of_a_search_reach_the_groups():
    model, sources = Table(vocab=10, seed=2), [[4, 4, 4, 4], [5, 5]]
    found = decode(
        model,
        sources,
        SearchConfig(beam=4, nbest=4, groups=2, diversity=3.0, max_ratio=1.0, max_extra=2),
    )
    for source, hypotheses in zip(sources, found, strict=True):
        wanted = diverse(model, source[0], len(source) + 2, beam=4, groups=2, diversity=3.0)
        assert [tuple(h.ids) for h in hypotheses] == list(wanted)[:4]

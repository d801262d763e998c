"""The CRF against enumeration of all sequences of tags."""

import itertools
import math

import pytest
import torch

from seqkit.nn.crf import (
    Allowed,
    Chain,
    LinearChainCRF,
    log_partition,
    marginals,
    negative_log_likelihood,
    no_chain,
    viterbi,
)

TAGS = 3


@pytest.fixture
def chain():
    torch.manual_seed(1)
    return Chain(torch.randn(TAGS), torch.randn(TAGS, TAGS), torch.randn(TAGS))


def lengths_as_mask(lengths):
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def all_scores(emissions, chain):
    """{tags: score} of every sequence, by the definition. (T, K)"""
    steps = range(len(emissions))
    scores = {}
    for tags in itertools.product(range(TAGS), repeat=len(emissions)):
        score = chain.first[tags[0]] + chain.last[tags[-1]]
        score = score + sum(emissions[step, tags[step]] for step in steps)
        score = score + sum(chain.between[a, b] for a, b in itertools.pairwise(tags))
        scores[tags] = float(score)
    return scores


LENGTHS = [4, 1, 3, 2]


def batch(seed=2):
    torch.manual_seed(seed)
    return torch.randn(len(LENGTHS), max(LENGTHS), TAGS), lengths_as_mask(LENGTHS)


def test_the_forward_algorithm_sums_over_all_sequences(chain):
    emissions, real = batch()
    found = log_partition(emissions, real, chain)
    for row, length in enumerate(LENGTHS):
        scores = all_scores(emissions[row, :length], chain)
        expected = math.log(sum(math.exp(score) for score in scores.values()))
        assert float(found[row]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", range(10))
def test_viterbi_finds_the_best_of_all_sequences(chain, seed):
    emissions, real = batch(seed)
    found = viterbi(emissions, real, chain)
    for row, length in enumerate(LENGTHS):
        scores = all_scores(emissions[row, :length], chain)
        assert tuple(found[row, :length].tolist()) == max(scores, key=scores.get)


def test_the_likelihood_is_that_of_the_definition(chain):
    emissions, real = batch()
    tags = torch.tensor([[0, 1, 2, 1], [2, 0, 0, 0], [1, 1, 0, 2], [0, 2, 1, 1]])
    found = negative_log_likelihood(emissions, tags, real, chain)
    for row, length in enumerate(LENGTHS):
        scores = all_scores(emissions[row, :length], chain)
        total = math.log(sum(math.exp(score) for score in scores.values()))
        own = scores[tuple(tags[row, :length].tolist())]
        assert float(found[row]) == pytest.approx(total - own, abs=1e-5)


def test_marginals_sum_over_the_sequences_with_that_tag(chain):
    emissions, real = batch()
    found = marginals(emissions, real, chain)
    for row, length in enumerate(LENGTHS):
        scores = all_scores(emissions[row, :length], chain)
        total = sum(math.exp(score) for score in scores.values())
        for step, tag in itertools.product(range(length), range(TAGS)):
            those = [score for tags, score in scores.items() if tags[step] == tag]
            share = sum(math.exp(score) for score in those) / total
            assert float(found[row, step, tag]) == pytest.approx(share, abs=1e-5)


def test_nothing_depends_on_the_padding_not_even_a_gradient(chain):
    emissions, real = batch()
    noise = torch.where(real[..., None], emissions, torch.full_like(emissions, 1e6))
    noise.requires_grad_()
    tags = torch.zeros(real.shape, dtype=torch.long)

    loss = negative_log_likelihood(noise, tags, real, chain)
    assert torch.equal(loss, negative_log_likelihood(emissions, tags, real, chain))
    loss.sum().backward()
    assert not noise.grad[~real].any()
    assert torch.equal(viterbi(noise, real, chain)[real], viterbi(emissions, real, chain)[real])


def test_what_is_not_allowed_is_never_found_and_has_no_probability(chain):
    first = torch.tensor([True, False, True])
    last = torch.tensor([True, True, False])
    between = torch.tensor([[True, True, False], [False, True, True], [True, False, True]])
    only = chain.only(Allowed(first, between, last))

    emissions, real = batch()
    emissions = 20 * emissions  # the best sequences of the free chain are others
    found = viterbi(emissions, real, only)
    for row, length in enumerate(LENGTHS):
        scores = {
            tags: score
            for tags, score in all_scores(emissions[row, :length], chain).items()
            if first[tags[0]] and last[tags[-1]]
            if all(between[a, b] for a, b in itertools.pairwise(tags))
        }
        assert tuple(found[row, :length].tolist()) == max(scores, key=scores.get)

        expected = torch.tensor(list(scores.values()), dtype=torch.float64).logsumexp(0)
        total = log_partition(emissions, real, only)[row]
        assert float(total) == pytest.approx(float(expected), rel=1e-5)


def test_without_a_chain_every_tag_stands_for_itself():
    emissions, real = batch()
    chain = no_chain(emissions)
    assert torch.equal(viterbi(emissions, real, chain)[real], emissions.argmax(-1)[real])

    tags = torch.ones(real.shape, dtype=torch.long)
    loss = negative_log_likelihood(emissions, tags, real, chain).sum()
    expected = torch.nn.functional.cross_entropy(emissions[real], tags[real], reduction="sum")
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_a_chain_is_learned_by_its_gradient():
    """Tags alternate, and the emissions say nothing: only the chain can learn it."""
    crf = LinearChainCRF(2)
    optimizer = torch.optim.Adam(crf.parameters(), lr=0.1)
    emissions = torch.zeros(1, 6, 2)
    tags = torch.tensor([[0, 1, 0, 1, 0, 1]])
    real = torch.ones(1, 6, dtype=torch.bool)

    for _ in range(200):
        loss = negative_log_likelihood(emissions, tags, real, crf()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1
    assert torch.equal(viterbi(emissions, real, crf()), tags)

import math

import pytest
import torch
from exhaustive import assert_same, every_output, slow_beam_search
from toy import Table

from seqkit.search import Normalize, Rules, SearchConfig, beam_search, decode
from seqkit.search.continuations import Step, best_continuations, top, without_rules
from seqkit.text.vocab import BOS, EOS, PAD


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_with_infinite_patience_lists_every_output_in_order(seed, alpha):
    model = Table(vocab=6, seed=seed)
    sources = torch.tensor([[1], [2]])
    first, second = beam_search(
        model, sources, [4, 3], beam=64, normalize=Normalize(alpha), patience=math.inf
    )
    assert_same(first, every_output(model, 1, 4, alpha))
    assert_same(second, every_output(model, 2, 3, alpha))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("beam", "patience"), [(1, 1.0), (2, 1.0), (3, 2.0)])
def test_a_narrow_beam_follows_the_definition(beam, patience, seed):
    model = Table(vocab=9, seed=seed)
    found = beam_search(model, torch.tensor([[7]]), [6], beam=beam, patience=patience)[0]
    assert_same(found, slow_beam_search(model, 7, 6, beam=beam, patience=patience))


def test_a_beam_of_one_is_greedy():
    model = Table(vocab=8, seed=5)
    prefix: tuple[int, ...] = ()
    while len(prefix) < 9:
        token = int(model.log_probabilities(3, prefix).argmax())
        if token == EOS:
            break
        prefix += (token,)

    found = beam_search(model, torch.tensor([[3]]), [10], beam=1)[0]
    assert found[0].ids == list(prefix)


@pytest.mark.parametrize("beam", [1, 3])
def test_sentences_in_a_batch_get_what_they_get_alone(beam):
    model = Table(vocab=8, seed=3)
    limits = [3, 9, 6]
    together = beam_search(model, torch.tensor([[1], [2], [3]]), limits, beam=beam)
    for i, limit in enumerate(limits):
        alone = beam_search(model, torch.tensor([[i + 1]]), [limit], beam=beam)[0]
        assert together[i] == alone


def test_a_beam_may_be_wider_than_the_vocabulary():
    model = Table(vocab=5, seed=1)
    found = beam_search(model, torch.tensor([[1]]), [2], beam=10, patience=math.inf)[0]
    assert_same(found, every_output(model, 1, 2))


def test_outputs_come_in_the_order_of_the_inputs_and_within_their_limits():
    model = Table(vocab=8, seed=2)
    sources = [[i, *[9] * (i % 4)] for i in range(4, 30)]
    config = SearchConfig(beam=2, max_ratio=1.0, max_extra=1)
    found = decode(model, sources, config, batch_tokens=7)

    for source, hypotheses in zip(sources, found, strict=True):
        assert hypotheses == decode(model, [source], config)[0]
        assert len(hypotheses[0].ids) + 1 <= len(source) + 1
    assert decode(model, [], config) == []


@pytest.mark.parametrize("budget", [1, 6, 7, 100])
def test_a_batch_has_no_more_source_tokens_than_its_budget(budget):
    class Counting(Table):
        def start(self, source):
            sizes.append(source.shape)
            return super().start(source)

    sizes: list[torch.Size] = []
    sources = [[4], [4, 4, 4], [4, 4], [4, 4], [4]]
    decode(Counting(vocab=8, seed=2), sources, SearchConfig(beam=1), batch_tokens=budget)

    assert sum(rows for rows, _ in sizes) == len(sources)
    assert all(rows == 1 or rows * width <= budget for rows, width in sizes)
    assert len(sizes) == {1: 5, 6: 2, 7: 2, 100: 1}[budget]


def test_max_length_limits_every_output():
    model = Table(vocab=30, seed=2)
    found = decode(model, [[4, 4, 4, 4], [5, 5]], SearchConfig(beam=2, max_length=3))
    longest = max(len(hypothesis.ids) for hypotheses in found for hypothesis in hypotheses)
    assert longest == 3, "`<eos>` is not counted"


@pytest.mark.parametrize("vocab", [64, 1000, 4097])
@pytest.mark.parametrize("most", [2, 10])
def test_the_quick_selection_of_the_best_tokens_equals_a_full_one(vocab, most):
    torch.manual_seed(0)
    logits = torch.randn(50, vocab)
    value, token = top(logits, most)
    wanted = logits.topk(most)
    assert torch.equal(value, wanted.values)
    assert torch.equal(token, wanted.indices)


SUPPRESSED = frozenset([7, 639])


@pytest.mark.parametrize(
    "find",
    [
        lambda step: best_continuations(step, 6, Rules(suppress=SUPPRESSED)),
        lambda step: without_rules(step, 6, SUPPRESSED),
    ],
    ids=["of the machine", "torch"],
)
@pytest.mark.parametrize("vocab", [640, 1000])
@pytest.mark.parametrize("width", [1, 3])
def test_the_best_of_a_large_vocabulary_are_those_of_all_rows(vocab, width, find):
    torch.manual_seed(vocab + width)
    logits, before = torch.randn(4 * width, vocab) * 3, -torch.rand(4, width)
    history = torch.empty(4 * width, 0, dtype=torch.long)
    left = [5, 0, 5, 5]  # the second beam must end
    found = find(Step(logits, before, history, left))

    logp = logits.double().log_softmax(-1).view(4, width, vocab) + before[:, :, None]
    logp[:, :, [PAD, BOS, *SUPPRESSED]] = float("-inf")
    for beam in (0, 2, 3):
        every = logp[beam].flatten()
        wanted = every.argsort(descending=True)[:6]
        assert found.token[beam].tolist() == (wanted % vocab).tolist()
        assert found.row[beam].tolist() == (wanted // vocab + beam * width).tolist()
        assert found.logp[beam].tolist() == pytest.approx(every[wanted].tolist(), rel=1e-5)

    ends = found.logp[1] > float("-inf")
    assert found.token[1][ends].tolist() == [EOS] * width
    wanted = logp[1, :, EOS].sort(descending=True).values.tolist()
    assert found.logp[1][ends].tolist() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "settings",
    [
        {"beam": 1},
        {"beam": 4},
        {"beam": 3, "patience": 2.0},
        {"beam": 5, "normalize": Normalize(0.6, "gnmt")},
        {"beam": 4, "groups": 2, "diversity": 0.5},
        {"beam": 4, "rules": Rules(suppress=frozenset([7, 8]))},
        {"beam": 4, "rules": Rules(min_length=4, no_repeat_ngram=2)},
    ],
    ids=str,
)
def test_a_search_without_the_compiled_library_finds_the_same(settings, seed, monkeypatch):
    model = Table(vocab=130, seed=seed)
    sources, limits = torch.tensor([[1], [2], [3]]), [4, 9, 6]
    found = beam_search(model, sources, limits, **settings)

    monkeypatch.setenv("SEQKIT_NATIVE", "off")
    for hypotheses, wanted in zip(
        found, beam_search(model, sources, limits, **settings), strict=True
    ):
        assert_same(hypotheses, wanted)

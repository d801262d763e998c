import math
import random

import pytest
import torch
from small_translators import SMALL
from toy import pairs

from seqkit.config import build
from seqkit.data.batching import pad
from seqkit.errors import ConfigError
from seqkit.plugins import components
from seqkit.search import (
    Ensemble,
    Hypothesis,
    Normalize,
    Rules,
    SearchConfig,
    attention,
    beam_search,
    decode,
    log_probabilities,
)
from seqkit.search.forced_decoding import with_coverage_penalty
from seqkit.text.vocab import BOS, EOS, PAD

SIZES = {
    "transformer": ("transformer", SMALL["transformer"][0]),
    "rnn feeding nothing": ("rnn-seq2seq", SMALL["rnn-seq2seq"][0]),
    "rnn feeding output": ("rnn-seq2seq", SMALL["rnn-seq2seq"][1]),
    "rnn feeding context": ("rnn-seq2seq", SMALL["rnn-seq2seq"][2]),
}


def untrained(name, sizes):
    """A model with weights four times as large as initialised, so that it has preferences."""
    torch.manual_seed(0)
    cls = components().models.load(name)
    config = build(cls.Config, {**sizes, "tie": False, "dropout": 0.0}, name)
    model = cls(config, target_vocab=13).eval()
    for parameter in model.parameters():
        if parameter.dim() == 2:
            parameter.data.mul_(4)
    return model


@pytest.fixture(params=SIZES)
def model(request):
    return untrained(*SIZES[request.param])


def random_sources(count):
    noise = random.Random(0)
    return [[*noise.choices(range(4, 13), k=noise.randint(0, 9)), EOS] for _ in range(count)]


@pytest.mark.parametrize(("count", "beam"), [(3, 1), (24, 6)])
def test_given_outputs_are_as_probable_as_the_search_said(model, count, beam):
    sources = random_sources(count)
    limits = [5 + i % 9 for i in range(count)]
    found = beam_search(model, pad(sources), limits, beam=beam)
    pairs = [(source, h) for source, nbest in zip(sources, found, strict=True) for h in nbest]
    random.Random(1).shuffle(pairs)

    outputs = [h.ids for _, h in pairs]
    logp = log_probabilities(model, [source for source, _ in pairs], outputs)
    assert [len(row) for row in logp] == [len(ids) + 1 for ids in outputs]
    totals = [sum(row) for row in logp]
    assert totals == pytest.approx([h.log_probability for _, h in pairs], abs=1e-4)
    assert max(max(row) for row in logp) < 0


@torch.no_grad()
def test_each_token_has_its_own_log_probability(model):
    padded, inputs = pairs()
    sources = [row[row != PAD].tolist() for row in padded]
    outputs = [inputs[0, 1:].tolist(), [], inputs[2, 1:2].tolist()]
    found = log_probabilities(model, sources, outputs)

    for source, output, row in zip(sources, outputs, found, strict=True):
        hidden = model(torch.tensor([source]), torch.tensor([[BOS, *output]]))
        logp = model.logits(hidden).log_softmax(-1)[0]
        wanted = [float(logp[t, token]) for t, token in enumerate([*output, EOS])]
        assert row == pytest.approx(wanted, abs=1e-4)


def test_no_outputs_have_no_log_probabilities(model):
    assert log_probabilities(model, [], []) == []


class Recording:
    """A model that notes the sizes of its batches; every token is as probable as any other."""

    def __init__(self):
        self.batches = []

    def __call__(self, source, inputs):
        self.batches.append((*source.shape, inputs.size(1)))
        return torch.zeros(*inputs.shape, 1)

    def logits(self, hidden):
        return hidden.expand(*hidden.shape[:-1], 13)


def test_batches_of_given_outputs_are_of_limited_size_and_nothing_is_lost():
    noise = random.Random(3)
    sources = [[5] * noise.randint(1, 60) for _ in range(200)]
    outputs = [[6] * noise.randint(0, 60) for _ in range(200)]
    model = Recording()
    found = log_probabilities(model, sources, outputs)

    assert [len(row) for row in found] == [len(output) + 1 for output in outputs]
    assert sum(rows for rows, _, _ in model.batches) == 200
    cells = [rows * width * length for rows, width, length in model.batches]
    assert max(cells) <= 20_000
    assert len(cells) < 30, "batches are as full as can be"


def test_attention_has_a_row_for_each_output_token_and_the_end(model):
    layers, heads = (2, 2) if hasattr(model, "encode") else (1, 1)
    for source in random_sources(4):
        for output in ([], [4], [7, 5, 12, 4]):
            weights = attention(model, source, output)
            assert weights.shape == (layers, heads, len(output) + 1, len(source))
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))


def test_attention_does_not_depend_on_later_tokens(model):
    source = random_sources(4)[-1]
    whole = attention(model, source, [7, 5, 12, 4])
    part = attention(model, source, [7, 5])
    torch.testing.assert_close(part, whole[:, :, :3], rtol=1e-4, atol=1e-6)


def test_models_say_whether_they_have_attention(model):
    without = next(s for s in SMALL["rnn-seq2seq"] if s.get("attention") == "none")
    assert model.attends
    assert not untrained("rnn-seq2seq", without).attends


# coverage penalty


class Attending:
    """A model that attends as it is told: `weights[output]` are those of two heads."""

    def __init__(self, weights):
        self.weights = weights

    def cross_attention_weights(self, source, inputs):
        # Padding attends to anything.
        weights = torch.ones(len(inputs), 1, 2, inputs.size(1), source.size(1))
        for row, ids in enumerate(inputs.tolist()):
            assert ids[0] == BOS
            output = tuple(i for i in ids[1:] if i != PAD)
            given = torch.tensor(self.weights[output])
            assert given.size(2) == source.size(1)
            weights[row, 0, :, : given.size(1)] = given
        return weights


# Sums over the target, mean of the heads: 1.7, 0.5, 0.8 after [6]; 1.4, 1.1, 0.5 after [7, 8];
# 0.6, 0.4, 0 after [].
ATTENDING = Attending(
    {
        (6,): [
            [[0.9, 0.1, 0.0], [1.0, 0.0, 0.0]],
            [[0.5, 0.5, 0.0], [1.0, 0.4, 1.6]],
        ],
        (7, 8): [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.6, 0.0]],
        ],
        (): [
            [[1.0, 0.0, 0.0]],
            [[0.2, 0.8, 0.0]],
        ],
    }
)
COVERAGE = {6: math.log(0.5) + math.log(0.8), 7: math.log(0.5)}  # by first token of the output
BEST = [Hypothesis([6], -2.0, -1.0), Hypothesis([7, 8], -3.3, -1.1)]


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.4, 0.5, 2.0])
def test_the_coverage_penalty_follows_equation_14_and_changes_the_order(padding, beta):
    source = torch.tensor([9, 10, EOS, *[PAD] * padding])
    found = with_coverage_penalty(ATTENDING, source, BEST, beta)

    penalized = {h.ids[0]: h.score + beta * COVERAGE[h.ids[0]] for h in BEST}
    assert {h.ids[0]: h.score for h in found} == pytest.approx(penalized, abs=1e-6)
    assert [h.ids[0] for h in found] == ([6, 7] if beta < 0.44 else [7, 6])
    assert {h.ids[0]: h.log_probability for h in found} == {6: -2.0, 7: -3.3}


def test_a_source_token_that_is_never_attended_to_costs_much_but_not_everything():
    source = torch.tensor([9, 10, EOS])
    found = with_coverage_penalty(ATTENDING, source, [*BEST, Hypothesis([], -0.1, -0.1)], 1.0)
    assert found[-1].ids == []
    assert -math.inf < found[-1].score < -10


@pytest.mark.parametrize(("beta", "kind"), [(0.3, "gnmt"), (5.0, "length")])
def test_the_coverage_penalty_orders_all_that_the_search_found(model, beta, kind):
    sources = random_sources(8)
    config = SearchConfig(
        beam=4,
        length_penalty=0.9,
        normalize=kind,
        max_ratio=1.0,
        max_extra=3,
        coverage_penalty=beta,
    )
    penalized = decode(model, sources, config, batch_tokens=20)
    limits = [len(source) + 3 for source in sources]
    plain = beam_search(model, pad(sources), limits, beam=4, normalize=Normalize(0.9, kind))

    changed = False
    for source, mine, hypotheses in zip(sources, penalized, plain, strict=True):
        best = with_coverage_penalty(model, torch.tensor(source), hypotheses, beta)[0]
        assert mine[0].ids == best.ids
        assert mine[0].score == pytest.approx(best.score, abs=1e-4)
        changed |= mine[0].ids != hypotheses[0].ids
    assert changed or beta < 5


def test_the_coverage_penalty_of_an_ensemble_is_that_of_its_first_model():
    first, second = (untrained(*SIZES[name]) for name in ("rnn feeding context", "transformer"))
    ensemble = Ensemble([first, second])
    sources = random_sources(4)
    config = SearchConfig(beam=3, max_ratio=1.0, max_extra=2, coverage_penalty=2.0)
    penalized = decode(ensemble, sources, config)
    plain = beam_search(ensemble, pad(sources), [len(s) + 2 for s in sources], beam=3)

    for source, mine, hypotheses in zip(sources, penalized, plain, strict=True):
        best = with_coverage_penalty(first, torch.tensor(source), hypotheses, 2.0)[0]
        assert mine[0].ids == best.ids
        assert mine[0].score == pytest.approx(best.score, abs=1e-4)


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_a_search_without_any_output_is_refused_with_a_coverage_penalty_too(beta):
    config = SearchConfig(coverage_penalty=beta, min_length=1)
    nothing = Rules(suppress=frozenset(range(13)) - {EOS})
    with pytest.raises(ConfigError, match="no output obeys these settings"):
        decode(untrained(*SIZES["transformer"]), [[5, EOS]], config, rules=nothing)

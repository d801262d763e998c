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
    """Weights four times as large as they begin, so that the model has opinions."""
    torch.manual_seed(0)
    cls = components().models.load(name)
    model = cls(
        build(cls.Config, {**sizes, "tie": False, "dropout": 0.0}, name), target_vocab=13
    ).eval()
    for matrix in (p for p in model.parameters() if p.dim() == 2):
        matrix.data.mul_(4)
    return model


@pytest.fixture(params=SIZES)
def model(request):
    return untrained(*SIZES[request.param])


def sources(count):
    noise = random.Random(0)
    return [[*noise.choices(range(4, 13), k=noise.randint(0, 9)), EOS] for _ in range(count)]


@pytest.mark.parametrize(("count", "beam"), [(3, 1), (24, 6)])
def test_given_outputs_are_as_likely_as_the_search_said(model, count, beam):
    given = sources(count)
    found = beam_search(model, pad(given), [5 + i % 9 for i in range(count)], beam=beam)
    tasks = [
        (source, h) for source, hypotheses in zip(given, found, strict=True) for h in hypotheses
    ]
    random.Random(1).shuffle(tasks)
    logs = log_probabilities(model, [source for source, _ in tasks], [h.ids for _, h in tasks])
    assert [len(row) for row in logs] == [len(h.ids) + 1 for _, h in tasks]
    assert [sum(row) for row in logs] == pytest.approx(
        [h.log_probability for _, h in tasks], abs=1e-4
    )
    assert max(map(max, logs)) < 0


@torch.no_grad()
def test_each_token_has_its_own_log_probability(model):
    source, inputs = pairs()
    given = [row[row != PAD].tolist() for row in source]
    outputs = [inputs[0, 1:].tolist(), [], inputs[2, 1:2].tolist()]
    found = log_probabilities(model, given, outputs)
    for ids, out, row in zip(given, outputs, found, strict=True):
        logs = model.logits(model(torch.tensor([ids]), torch.tensor([[BOS, *out]]))).log_softmax(
            -1
        )[0]
        assert row == pytest.approx(
            [float(logs[t, token]) for t, token in enumerate([*out, EOS])], abs=1e-4
        )
    assert log_probabilities(model, [], []) == []


def test_attention_has_a_row_for_each_output_token_and_the_end(model):
    layers, heads = (2, 2) if hasattr(model, "encode") else (1, 1)
    for source in sources(4):
        for output in ([], [4], [7, 5, 12, 4]):
            looks = attention(model, source, output)
            assert looks.shape == (layers, heads, len(output) + 1, len(source))
            torch.testing.assert_close(looks.sum(-1), torch.ones(looks.shape[:-1]))
    whole, part = attention(model, source, [7, 5, 12, 4]), attention(model, source, [7, 5])
    torch.testing.assert_close(part, whole[:, :, :3], rtol=1e-4, atol=1e-6)


def test_models_say_whether_they_have_attention(model):
    without = next(s for s in SMALL["rnn-seq2seq"] if s.get("attention") == "none")
    assert model.attends
    assert not untrained("rnn-seq2seq", without).attends


class Looker:
    """Attends as it is told: `looks[output]` are the rows of each of two heads."""

    def __init__(self, looks):
        self.looks = looks

    def cross_attention_weights(self, source, inputs):
        weights = torch.ones(
            len(inputs), 1, 2, inputs.size(1), source.size(1)
        )  # padding looks anywhere
        for row, ids in enumerate(inputs.tolist()):
            assert ids[0] == BOS
            looks = torch.tensor(self.looks[tuple(i for i in ids[1:] if i != PAD)])
            assert looks.size(2) == source.size(1)
            weights[row, 0, :, : looks.size(1)] = looks
        return weights


# Sums over the target, heads averaged: 1.7, 0.5, 0.8 after [6]; 1.4, 1.1, 0.5 after [7, 8]; 0.6, 0.4, 0 after [].
LOOKER = Looker({
    (6,): [[[0.9, 0.1, 0.0], [1.0, 0.0, 0.0]], [[0.5, 0.5, 0.0], [1.0, 0.4, 1.6]]],
    (7, 8): [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.6, 0.0]]],
    (): [[[1.0, 0.0, 0.0]], [[0.2, 0.8, 0.0]]],
})  # fmt: skip
BEST = [Hypothesis([6], -2.0, -1.0), Hypothesis([7, 8], -3.3, -1.1)]


@pytest.mark.parametrize("padding", [0, 2])
def test_coverage_follows_equation_14_and_orders_anew(padding):
    source = torch.tensor([9, 10, EOS, *[PAD] * padding])
    lost = {6: math.log(0.5) + math.log(0.8), 7: math.log(0.5)}
    for beta in (0.0, 0.1, 0.4, 0.5, 2.0):
        wanted = [h._replace(score=h.score + beta * lost[h.ids[0]]) for h in BEST]
        found = with_coverage_penalty(LOOKER, source, BEST, beta)
        assert [h.ids for h in found] == [h.ids for h in (wanted if beta < 0.44 else wanted[::-1])]
        assert {h.ids[0]: h.score for h in found} == pytest.approx(
            {h.ids[0]: h.score for h in wanted}, abs=1e-6
        )
        assert {h.ids[0]: h.log_probability for h in found} == {6: -2.0, 7: -3.3}


def test_a_source_token_that_is_never_looked_at_costs_much_but_not_everything():
    found = with_coverage_penalty(
        LOOKER, torch.tensor([9, 10, EOS]), [*BEST, Hypothesis([], -0.1, -0.1)], 1.0
    )
    assert found[-1].ids == []
    assert -math.inf < found[-1].score < -10


@pytest.mark.parametrize(("beta", "kind"), [(0.3, "gnmt"), (5.0, "length")])
def test_the_coverage_penalty_orders_all_that_the_search_found(model, beta, kind):
    given, settings = (
        sources(8),
        {"beam": 4, "length_penalty": 0.9, "normalize": kind, "max_ratio": 1.0},
    )
    again = decode(
        model, given, SearchConfig(coverage_penalty=beta, max_extra=3, **settings), batch_tokens=20
    )
    plain = beam_search(
        model, pad(given), [len(s) + 3 for s in given], beam=4, normalize=Normalize(0.9, kind)
    )
    for source, mine, hypotheses in zip(given, again, plain, strict=True):
        best = with_coverage_penalty(model, torch.tensor(source), hypotheses, beta)[0]
        assert mine[0].ids == best.ids
        assert mine[0].score == pytest.approx(best.score, abs=1e-4)
    changed = [
        mine[0].ids
        for mine, hypotheses in zip(again, plain, strict=True)
        if mine[0].ids != hypotheses[0].ids
    ]
    assert changed or beta < 5


def test_an_ensemble_is_covered_as_its_first_model_attends():
    first, second = (untrained(*SIZES[name]) for name in ("rnn feeding context", "transformer"))
    given, settings = sources(4), {"beam": 3, "max_ratio": 1.0, "max_extra": 2}
    again = decode(Ensemble([first, second]), given, SearchConfig(coverage_penalty=2.0, **settings))
    plain = beam_search(Ensemble([first, second]), pad(given), [len(s) + 2 for s in given], beam=3)
    for source, mine, hypotheses in zip(given, again, plain, strict=True):
        best = with_coverage_penalty(first, torch.tensor(source), hypotheses, 2.0)[0]
        assert mine[0].ids == best.ids
        assert mine[0].score == pytest.approx(best.score, abs=1e-4)


@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_no_output_is_refused_in_words_with_a_coverage_penalty_too(beta):
    nothing = Rules(suppress=frozenset(range(13)) - {EOS})
    with pytest.raises(ConfigError, match="no output obeys these settings"):
        decode(
            untrained(*SIZES["transformer"]),
            [[5, EOS]],
            SearchConfig(coverage_penalty=beta, min_length=1),
            rules=nothing,
        )

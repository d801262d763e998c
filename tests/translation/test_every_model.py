"""Conformance: what every translation model must do.

A new model adds small sizes of its own to `SMALL`.
"""

import pytest
import torch
from small_translators import SMALL
from toy import pairs

from seqkit.config import build
from seqkit.plugins import components
from seqkit.search import beam_search
from seqkit.text.vocab import BOS, EOS, PAD
from seqkit.translation.models.transformer import Transformer, TransformerConfig

CASES = [(name, i) for name, sizes in SMALL.items() for i in range(len(sizes))]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request):
    name, i = request.param
    torch.manual_seed(0)
    cls = components().models.load(name)
    vocab = {"target_vocab": 13, "source_vocab": 11 if i else 0}
    return cls(build(cls.Config, {**SMALL[name][i], "dropout": 0.0}, name), **vocab).eval()


def test_every_parameter_gets_a_gradient(model):
    source, inputs = pairs()
    model.train().logits(model(source, inputs)).logsumexp(-1).sum().backward()
    assert [
        name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()
    ] == []


def test_presets_are_real_configs(model):
    for preset in type(model).presets.values():
        build(type(model).Config, preset, "preset")


@torch.no_grad()
def test_stepping_gives_the_logits_of_the_whole_sentence_at_once(model):
    source, inputs = pairs()
    whole = model.logits(model(source, inputs))
    state = model.start(source)
    for t in range(inputs.size(1)):
        logits, state = model.step(inputs[:, t], state)
        torch.testing.assert_close(logits, whole[:, t], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_attention_is_a_distribution_over_real_source_positions(model):
    source, inputs = pairs()
    if getattr(model, "attend", True) is None:
        with pytest.raises(ValueError, match="no attention"):
            model.cross_attention_weights(source, inputs)
        return
    weights = model.cross_attention_weights(source, inputs)  # (B, layers, heads, T, S)
    assert weights.shape[0] == len(source)
    assert weights.shape[3:] == (inputs.size(1), source.size(1))
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    assert not weights.masked_select((source == PAD)[:, None, None, None, :]).any()
    alone = model.cross_attention_weights(source[:1, : int((source[0] != PAD).sum())], inputs[:1])
    torch.testing.assert_close(alone[0], weights[0, ..., : alone.size(-1)], rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_padding_and_neighbours_change_nothing(model):
    source, inputs = pairs()
    whole = model.logits(model(source, inputs))
    for row in range(len(source)):
        real = source[row][source[row] != PAD][None]
        alone = model.logits(model(real, inputs[row][None]))
        torch.testing.assert_close(alone[0], whole[row], rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    "rows", [[0, 0, 1, 1, 2, 2], [2, 0, 0, 1], [1], [0, 1, 0, 1], [2, 2, 0, 0]]
)
def test_rows_of_a_state_can_be_repeated_dropped_and_reordered_at_any_time(model, rows):
    source, inputs = pairs()
    first = torch.tensor(rows)
    state = model.select(model.start(source), first)
    _, state = model.step(inputs[first, 0], state)
    again = torch.tensor([len(rows) - 1, 0, 0])
    state = model.select(state, again)
    logits, _ = model.step(inputs[first[again], 1], state)
    wanted = model.logits(model(source, inputs))[first[again], 1]
    torch.testing.assert_close(logits, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("beam", [1, 4])
def test_search_scores_are_those_of_the_model_and_do_not_depend_on_the_batch(model, beam):
    source, _ = pairs()
    together = beam_search(model, source, [9, 9, 9], beam=beam)
    for row, hypotheses in zip(source, together, strict=True):
        real = row[row != PAD][None]
        alone = beam_search(model, real, [9], beam=beam)[0]
        assert [h.ids for h in alone] == [h.ids for h in hypotheses]
        for mine, other in zip(alone, hypotheses, strict=True):
            assert mine.log_probability == pytest.approx(other.log_probability, abs=1e-4)
        best = hypotheses[0]
        with torch.no_grad():
            logp = model.logits(model(real, torch.tensor([[BOS, *best.ids]]))).log_softmax(-1)[0]
        wanted = sum(float(logp[t, token]) for t, token in enumerate([*best.ids, EOS]))
        assert best.log_probability == pytest.approx(wanted, abs=1e-4)


def test_a_long_input_outgrows_no_table(model):
    with torch.no_grad():
        assert model(torch.full((1, 700), 5), torch.full((1, 600), 6)).isfinite().all()


@pytest.mark.parametrize(("width", "asks"), [(32, False), (64, True)])
def test_only_wide_transformers_ask_for_bf16(width, asks):
    sizes = {"width": width, "hidden": 8, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    model = Transformer(TransformerConfig(**sizes), target_vocab=6)
    assert model.fast_bf16 == asks

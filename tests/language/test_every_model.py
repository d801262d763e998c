"""Conformance of every language model; a new one adds its small sizes to `SMALL`."""

import pytest
import torch

from seqkit.config import build
from seqkit.errors import ConfigError
from seqkit.language.models.contract import ExtendableModel, NextTokenModel
from seqkit.plugins import components
from seqkit.training.contract import missing_members

TINY = {"embedding": 6, "hidden": 6, "layers": 2}
RECURRENT = [TINY, {**TINY, "tie": True, "hidden": 5}, {**TINY, "embedding": 0, "layer_norm": True}]
SMALL = {
    "rnn": RECURRENT,
    "gru": RECURRENT,
    "lstm": RECURRENT,
    "transformer-lm": [
        {"width": 8, "hidden": 12, "heads": 2, "layers": 2, "prenorm": prenorm}
        for prenorm in (True, False)
    ],
}
CASES = [(name, i) for name, sizes in SMALL.items() for i in range(len(sizes))]
VOCAB = 11
IDS = torch.tensor([[3, 5, 6, 7, 3, 9, 10, 4], [3, 4, 4, 8, 5, 3, 6, 7]])


def load(name):
    return components().models.load(name)


def make(name, sizes, **settings):
    torch.manual_seed(0)
    model_class = components().models.load(name)
    config = build(model_class.Config, {**sizes, **settings}, name)
    return model_class(config, vocab=VOCAB)


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request):
    name, i = request.param
    return make(name, SMALL[name][i], dropout=0.0).eval()


def test_every_registered_model_is_tested():
    ours = [entry.name for entry in components().models if entry.provider == "seqkit"]
    fitting = [name for name in ours if not missing_members(load(name), NextTokenModel)]
    assert set(fitting) == SMALL.keys()


def logits(model, ids, state=None):
    hidden, state = model(ids, state)
    return hidden @ model.output.t() + model.bias, state


def test_every_parameter_gets_a_gradient(model):
    logits(model.train(), IDS)[0].logsumexp(-1).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_model_follows_the_contract_of_its_task(model):
    assert missing_members(model, NextTokenModel) == []
    assert model.output.shape[0] == len(model.bias) == VOCAB


def test_presets_are_real_configs(model):
    for preset in type(model).presets.values():
        build(type(model).Config, preset, "preset")


@torch.no_grad()
def test_no_token_sees_what_comes_after_it(model):
    changed = IDS.clone()
    changed[:, 5:] = 3
    before, after = logits(model, IDS)[0], logits(model, changed)[0]
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


@torch.no_grad()
def test_every_token_sees_all_that_came_before(model):
    changed = IDS.clone()
    changed[:, 0] = 8
    before, after = logits(model, IDS)[0], logits(model, changed)[0]
    assert (before[:, -1] != after[:, -1]).any()


@torch.no_grad()
def test_sequences_side_by_side_do_not_mix(model):
    together = logits(model, IDS)[0]
    for row, ids in enumerate(IDS):
        alone = logits(model, ids[None])[0]
        torch.testing.assert_close(alone[0], together[row])


@torch.no_grad()
def test_a_text_in_pieces_with_the_state_carried_is_the_text_at_once(model):
    if not model.carries_state:
        assert model(IDS)[1] is None
        return

    whole = logits(model, IDS)[0]
    state, parts = None, []
    for begin, end in ((0, 3), (3, 4), (4, 8)):
        part, state = logits(model, IDS[:, begin:end], state)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole)


@torch.no_grad()
def test_a_window_in_pieces_is_the_window_at_once(model):
    if not isinstance(model, ExtendableModel):
        return

    whole = model(IDS)[0]
    past, parts = None, []
    for begin, end in ((0, 3), (3, 4), (4, 8)):
        part, past = model.extend(IDS[:, begin:end], past)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole)


OPTIONS = ["dropout", "embedding_dropout", "recurrent_dropout", "weight_drop"]


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("option", OPTIONS)
def test_each_dropout_is_applied_in_training_and_only_there(name, option):
    plain = make(name, TINY)
    model = make(name, TINY, **{option: 0.5})
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(IDS)[0], plain.eval()(IDS)[0])
        model.train()
        assert not torch.allclose(model(IDS)[0], model(IDS)[0])


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_layer_norm_and_tying_change_the_model(name):
    plain = make(name, TINY)
    normed = make(name, TINY, layer_norm=True)
    tied = make(name, TINY, tie=True)
    assert any("norms" in key for key in normed.state_dict())
    assert tied.output is tied.embedding.weight
    assert size(tied) == size(plain) - tied.output.numel()


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_locked_dropout_keeps_its_mask_over_time(name):
    model = make(name, {**TINY, "layers": 1}, dropout=0.5, locked=True).train()
    hidden = model(IDS)[0]  # (B, T, H): the output dropout zeroes the same units at every step
    zero = hidden == 0
    assert zero.any()
    assert (zero == zero[:, :1]).all()
    plain = make(name, {**TINY, "layers": 1}, dropout=0.5).train()(IDS)[0] == 0
    assert not (plain == plain[:, :1]).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"embedding": 0, "tie": True}, "tie = true needs embedding > 0"),
        (
            {"layer_norm": True, "implementation": "torch"},
            "need implementation = 'scratch' or 'auto'",
        ),
        (
            {"recurrent_dropout": 0.1, "implementation": "torch"},
            "need implementation = 'scratch' or 'auto'",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        make("lstm", TINY, **settings)

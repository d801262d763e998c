"""A causal Transformer by the compiled library beside the same by torch."""

import copy
import itertools
import weakref

import pytest
import torch
from language.tiny import untrained

from seqkit.language.models.transformer import TransformerLM, TransformerLMConfig
from seqkit.native.library import ENVIRONMENT
from seqkit.nn.causal import CausalPast
from seqkit.nn.slots import Store

VOCAB = 11


@pytest.fixture(autouse=True)
def by_library(used):
    with torch.no_grad():
        yield


def make(*, prenorm=True, layers=2):
    torch.manual_seed(0)
    config = TransformerLMConfig(width=12, hidden=20, heads=3, layers=layers, prenorm=prenorm)
    model = TransformerLM(config, vocab=VOCAB).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return model


def read(model, ids, pieces):
    """The hidden states of ids (B, T), and what is kept of them."""
    past, parts = None, []
    for part in ids.split(pieces, 1):
        hidden, past = model.extend(part, past)
        parts.append(hidden)
    return torch.cat(parts, 1), past


def texts(count, length, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCAB, (count, length), generator=generator)


@pytest.mark.parametrize("prenorm", [True, False])
@pytest.mark.parametrize("pieces", [[9], [1] * 9, [3, 1, 5], [1, 8]])
def test_texts_in_pieces_are_the_texts_at_once(prenorm, pieces):
    model, ids = make(prenorm=prenorm), texts(3, 9)
    found, past = read(model, ids, pieces)
    assert isinstance(past, CausalPast)
    expected, _ = model(ids)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    logits = expected[:, -1] @ model.output.t() + model.bias
    torch.testing.assert_close(past.logits(found[:, -1]), logits, rtol=1e-4, atol=1e-5)


def test_long_texts_outgrow_the_room_that_there_is(monkeypatch):
    model, ids = make(), texts(2, 300)
    found, _ = read(model, ids, [1] * 300)
    monkeypatch.setenv(ENVIRONMENT, "off")
    expected, past = read(model, ids, [300])
    assert isinstance(past, tuple)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_texts_go_on_from_what_was_selected_and_leave_the_others_alone():
    model, ids, more = make(), texts(3, 70), texts(4, 2, seed=2)
    _, past = read(model, ids, [70])
    rows = torch.tensor([2, 0, 2, 1])
    found, _ = model.extend(more, past.select(rows))
    whole, _ = model(torch.cat([ids[rows], more], 1))
    torch.testing.assert_close(found, whole[:, -2:], rtol=1e-4, atol=1e-5)

    again, _ = model.extend(more[:3], past)
    whole, _ = model(torch.cat([ids, more[:3]], 1))
    torch.testing.assert_close(again, whole[:, -2:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("are_apart", [True, False])
def test_texts_are_joined(are_apart):
    model, ids, more = make(), texts(3, 5), texts(3, 2, seed=2)
    if are_apart:
        pasts = [read(model, ids[:2], [5])[1], read(model, ids[2:], [2, 3])[1]]
    else:
        _, whole = read(model, ids, [5])
        pasts = [whole.select(torch.tensor(rows)) for rows in ([0, 1], [2])]

    found, _ = model.extend(more, pasts[0].join(pasts[1:]))
    expected, _ = model(torch.cat([ids, more], 1))
    torch.testing.assert_close(found, expected[:, -2:], rtol=1e-4, atol=1e-5)


def test_texts_are_joined_while_another_thread_goes_on_from_one_of_them():
    class Busy(Store):
        """Another slot is taken whenever it is asked how many are."""

        taken = property(lambda self: next(self.numbers), lambda self, _: None)

    model, ids, more = make(), texts(2, 5), texts(2, 1, seed=2)
    pasts = [read(model, row[None], [5])[1] for row in ids]
    for past in pasts:
        taken = past.store.taken
        past.store = Busy(past.store.pool, taken)
        past.store.numbers = itertools.count(taken)

    found, _ = model.extend(more, pasts[0].join(pasts[1:]))
    expected, _ = model(torch.cat([ids, more], 1))
    torch.testing.assert_close(found, expected[:, -1:], rtol=1e-4, atol=1e-5)


def test_texts_of_other_lengths_or_weights_are_not_joined():
    model, ids = make(), texts(2, 5)
    _, past = read(model, ids, [5])
    _, longer = read(model, texts(1, 6), [6])
    _, of_another = read(make(layers=1), ids, [5])
    assert past.join([longer]) is None
    assert past.join([of_another]) is None


def test_weights_that_change_are_seen_by_the_next_text():
    model, ids = make(), texts(2, 5)
    before, _ = read(model, ids, [5])
    model.layers[1].feed_forward.up.weight.data.mul_(2)
    after, _ = read(model, ids, [5])
    torch.testing.assert_close(after, model(ids)[0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before, after)


def test_no_copy_of_the_weights_is_kept_of_a_model_that_goes_elsewhere():
    model = make()
    _, past = read(model, texts(2, 5), [5])
    layers = weakref.ref(past.layers)
    del past
    assert layers() is not None
    model.to("meta")
    assert layers() is None


def test_gradients_training_hooks_and_other_numbers_are_for_torch():
    ids = texts(2, 5)
    with torch.enable_grad():
        assert isinstance(make().extend(ids, None)[1], tuple)
    assert isinstance(make().train().extend(ids, None)[1], tuple)
    assert isinstance(make().double().extend(ids, None)[1], tuple)

    model, called = make(), []
    model.layers[0].feed_forward.register_forward_hook(lambda *_: called.append(1))
    assert isinstance(model.extend(ids, None)[1], tuple)
    assert called


def test_a_module_in_the_place_of_a_linear_layer_runs():
    class Halved(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x) / 2

    model, ids = make(), texts(2, 5)
    model.layers[0].feed_forward.up = Halved(12, 20)
    found, past = model.extend(ids, None)
    assert isinstance(past, tuple)
    torch.testing.assert_close(found, model(ids)[0], rtol=1e-4, atol=1e-5)


def test_a_token_that_there_is_not_is_an_error():
    with pytest.raises(IndexError):
        make().extend(torch.tensor([[VOCAB]]), None)


def test_a_model_that_has_read_is_copied():
    model, ids = make(), texts(2, 5)
    found, _ = read(model, ids, [5])
    again, _ = read(copy.deepcopy(model), ids, [5])
    assert torch.equal(found, again)


def test_generated_texts_are_those_by_torch(monkeypatch):
    model = untrained("transformer-lm", steps=9, stride=3)

    def text():
        return "".join(model.generate(prompt="the cat", length=40, seed=1, stop=False))

    found = text()
    monkeypatch.setenv(ENVIRONMENT, "off")
    assert text() == found

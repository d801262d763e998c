"""Steps of the Transformer's search."""

import threading
import time
import weakref
from functools import partial

import pytest
import torch
from torch import nn

from seqkit.config import OptimConfig
from seqkit.errors import DataError, WrongType
from seqkit.native.library import ENVIRONMENT
from seqkit.search.rules import Rules
from seqkit.search.settings import SearchConfig
from seqkit.text.vocab import BOS
from seqkit.training.optim import make_optimizer
from seqkit.translation.engines import own
from seqkit.translation.models.transformer import Transformer

CONFIG = Transformer.Config(
    width=8, hidden=16, heads=2, encoder_layers=1, decoder_layers=2, dropout=0.0
)


@pytest.fixture(params=["", "off"], ids=["compiled", "torch"])
def model(request, monkeypatch):
    """Searched with by the compiled library, if it is there, and by torch."""
    monkeypatch.setenv(ENVIRONMENT, request.param)
    torch.manual_seed(0)
    return Transformer(CONFIG, target_vocab=12).eval()


def first_logits(model, source):
    logits, _ = model.step(torch.full((len(source),), BOS), model.start(source))
    return logits


def whole_logits(model, source):
    with torch.no_grad():
        hidden = model(source, torch.full((len(source), 1), BOS))
        return model.logits(hidden)[:, -1]


@pytest.mark.parametrize("name", ["sgd", "adamw", "muon"])
def test_a_search_after_an_update_has_the_new_weights(model, name):
    """The optimizers of the trainer are fused, which torch does not count as changes in place."""
    source = torch.tensor([[5, 6, 7]])
    before = first_logits(model, source)
    optimizer = make_optimizer(model, OptimConfig(name=name, lr=0.5))
    model.logits(model(source, torch.tensor([[BOS, 5]]))).square().sum().backward()
    optimizer.step()

    after = first_logits(model, source)
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_search_after_a_change_of_the_encoder_alone_has_it(model):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    with torch.no_grad():
        model.encoder[0].feed_forward.down.weight += 0.5
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_search_after_other_weights_are_loaded_has_those(model):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    other = {name: tensor + 0.1 for name, tensor in model.state_dict().items()}
    model.load_state_dict(other)
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_search_in_double_precision_is_exact(model):
    model = model.double()
    source = torch.tensor([[5, 6, 7], [8, 9, 0]])
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-12, atol=1e-12)


def test_what_was_arranged_is_forgotten_when_training_goes_on(model):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    model.encoder[0].feed_forward.down.weight.data += 0.5  # which torch does not count
    found = first_logits(model.eval(), source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_weight_that_changes_unseen_by_torch_is_seen(model):
    """As by an optimizer of torch's that is fused, whose updates nobody counts."""
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    for weight in model.parameters():
        weight.data += 0.5
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_search_after_a_change_of_a_last_norm_has_it(model):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    with torch.no_grad():
        model.decoder_norm.weight += 0.5
        model.encoder_norm.bias += 0.5
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("part", [slice(0, 1), slice(1, 2), slice(0, -1), slice(2, None, 4)])
@pytest.mark.parametrize("by", ["rows", "columns"])
def test_a_part_of_a_weight_that_changes_unseen_by_torch_is_seen(model, part, by):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    for weight in model.parameters():
        if weight.dim() == 2:
            (weight if by == "rows" else weight.T).data[part] += 0.5
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_weights_are_arranged_once_for_many_searches(model):
    search = partial(own.search, [model], [[5, 6, 7]], SearchConfig(), rules=Rules())
    search(batch_tokens=100)
    arranged = model._arranged()
    search(batch_tokens=100)
    assert model._arranged() is arranged


def test_a_search_while_a_model_trains_has_no_dropout_and_leaves_it_training(model):
    modes = []
    model.train()
    with own._evaluating([model]):
        modes.append(model.training)
    assert [*modes, model.training] == [False, True]


@pytest.mark.parametrize("is_whole", [True, False], ids=["model trains", "layer trains"])
def test_each_module_is_in_the_mode_it_was_in_before_a_search(model, is_whole):
    """A frozen layer of a model that trains, and a layer that trains in one that does not."""
    layer = model.decoder[0]
    model.train(is_whole)
    layer.train(not is_whole)
    before = [module.training for module in model.modules()]
    with own._evaluating([model]):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


def test_a_layer_that_trains_drops_nothing_out_of_scores(model):
    config = Transformer.Config(
        width=8, hidden=16, heads=2, encoder_layers=1, decoder_layers=2, dropout=0.5
    )
    other = Transformer(config, target_vocab=12).eval()
    wanted = own.token_scores([other], [[5, 6, 3]], [[7, 8]])
    other.decoder[0].train()
    assert own.token_scores([other], [[5, 6, 3]], [[7, 8]]) == wanted


def test_a_model_of_inference_mode_can_be_searched_with():
    with torch.inference_mode():
        other = Transformer(CONFIG, target_vocab=12).eval()
        source = torch.tensor([[5, 6, 7]])
        found = first_logits(other, source)
        torch.testing.assert_close(found, whole_logits(other, source), rtol=1e-4, atol=1e-5)


def test_a_long_source_in_bf16_can_be_read(model):
    """More keys than attention writes out by itself."""
    narrow = model.to(torch.bfloat16)
    found = first_logits(narrow, torch.full((1, 600), 7))
    assert found.dtype == torch.bfloat16


class Tripled(nn.LayerNorm):
    def forward(self, x):
        return 3 * super().forward(x)


def with_hook(norm):
    norm.register_forward_hook(lambda module, given, output: 2 * output)
    return norm


NORMS = {
    "RMSNorm": lambda: nn.RMSNorm(8),
    "a subclass": lambda: Tripled(8),
    "a hook": lambda: with_hook(nn.LayerNorm(8)),
    "no weight": lambda: nn.LayerNorm(8, elementwise_affine=False),
    "no bias": lambda: nn.LayerNorm(8, bias=False),
    "none": nn.Identity,
    "a hook on none": lambda: with_hook(nn.Identity()),
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("place", ["encoder_norm", "decoder_norm"])
def test_a_last_norm_of_another_kind_does_what_it_does(model, norm, place):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    setattr(model, place, NORMS[norm]().eval())
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("place", ["encoder", "decoder"])
def test_a_norm_within_a_layer_of_another_kind_does_what_it_does(model, norm, place):
    source = torch.tensor([[5, 6, 7]])
    for name, part in model.get_submodule(place)[0].named_children():
        if name.startswith("around"):
            part.norm = NORMS[norm]()
    found = first_logits(model.eval(), source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


def test_a_hook_that_comes_after_a_search_runs_in_the_next(model):
    source = torch.tensor([[5, 6, 7]])
    first_logits(model, source)
    with_hook(model.decoder[1].around_feed_forward.norm)
    found = first_logits(model, source)
    torch.testing.assert_close(found, whole_logits(model, source), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("place", ["encoder.0", "decoder.1.attention", "decoder.1.feed_forward.up"])
def test_a_hook_that_would_not_run_is_refused(model, place):
    with_hook(model.get_submodule(place))
    with pytest.raises(WrongType, match="would not run"):
        model.start(torch.tensor([[5, 6, 7]]))


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_embedding_of_another_type_is_left_to_torch(model, side):
    """Which has no products of two types."""
    other = Transformer(CONFIG, target_vocab=12, source_vocab=12).eval()
    getattr(other, f"{side}_embedding").to(torch.bfloat16)
    with pytest.raises(RuntimeError, match="dtype"):
        first_logits(other, torch.tensor([[5, 6, 7]]))


def test_sources_without_positions_are_refused(model):
    with pytest.raises(DataError, match="without tokens"):
        model.start(torch.empty(2, 0, dtype=torch.int64))


def test_threads_that_begin_together_arrange_the_weights_once(model, monkeypatch):
    made = []
    sides = Transformer._sides

    def slow_sides(self):
        made.append(self)
        time.sleep(0.05)
        return sides(self)

    monkeypatch.setattr(Transformer, "_sides", slow_sides)
    threads = [threading.Thread(target=model._arranged) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_was_arranged_is_forgotten_when_a_model_moves(model):
    first_logits(model, torch.tensor([[5, 6, 7]]))
    layers = weakref.ref(model._arranged())
    model.to("meta")
    assert layers() is None

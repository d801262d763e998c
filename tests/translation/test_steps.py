"""Steps of the Transformer's search."""

import pytest
import torch

from seqkit.config import OptimConfig
from seqkit.text.vocab import BOS
from seqkit.training.optim import make_optimizer
from seqkit.translation.models.transformer import Transformer

CONFIG = Transformer.Config(
    width=8, hidden=16, heads=2, encoder_layers=1, decoder_layers=2, dropout=0.0
)


@pytest.fixture
def model():
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

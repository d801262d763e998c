"""The loops that training is compared with are of the same model."""

from types import SimpleNamespace

import pytest
import torch

from benchmarks import plain
from seqkit.runs.build import make_model

CONFIG = {"width": 16, "hidden": 24, "heads": 2, "encoder_layers": 2, "decoder_layers": 2}
SOURCE = torch.tensor([[5, 6, 7, 3], [8, 9, 3, 0]])
INPUTS = torch.tensor([[2, 5, 6], [2, 7, 8]])


def ours():
    torch.manual_seed(1)
    section = {"name": "transformer", **CONFIG, "dropout": 0.0}
    model = make_model(section, {"target_vocab": 12}, "translation")
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms, too, are no longer 0 and 1
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return model.eval()


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # nn.Transformer's, of norms first
@pytest.mark.parametrize(
    ("network", "renamed"),
    [
        (plain.FastTransformer, plain.weights_of_fast_transformer),
        (plain.PlainTransformer, plain.weights_of_nn_transformer),
    ],
)
def test_with_the_same_weights_it_gives_the_same_logits(network, renamed):
    model = ours()
    other = network({**CONFIG, "dropout": 0.0, "prenorm": True}, 12).eval()
    other.load_state_dict(renamed(model.state_dict()))

    expected = model.logits(model(SOURCE, INPUTS))
    torch.testing.assert_close(other(SOURCE, INPUTS), expected, atol=1e-5, rtol=1e-5)


def test_an_update_of_several_batches_is_that_of_their_union():
    """The sum over all targets by their number, whatever batch they are in."""
    torch.manual_seed(1)
    batches = [
        SimpleNamespace(
            source=SOURCE[i : i + 1], inputs=INPUTS[i : i + 1], targets=targets, count=n
        )
        for i, (targets, n) in enumerate(
            [(torch.tensor([[5, 6, 3]]), 3), (torch.tensor([[7, 3, 0]]), 2)]
        )
    ]
    together = SimpleNamespace(
        source=SOURCE, inputs=INPUTS, targets=torch.tensor([[5, 6, 3], [7, 3, 0]]), count=5
    )
    losses, weights = [], []
    for group in (batches, [together]):
        torch.manual_seed(2)
        model = plain.FastTransformer({**CONFIG, "dropout": 0.0}, 12)
        optimizer = plain.make_optimizer(model, "adamw", 1e-3, fused=True)
        loss, count = plain.transformer_update(model, optimizer, group, 0.1)
        assert count == 5
        losses.append(loss)
        weights.append(model.encoder[0].up.weight.detach())

    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    torch.testing.assert_close(weights[0], weights[1], atol=1e-5, rtol=0)


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest():
    model = plain.FastTransformer({**CONFIG, "dropout": 0.0}, 12)
    adamw, muon = plain.make_optimizer(model, "muon", 1e-3, fused=True).members
    taken = [p for group in muon.param_groups for p in group["params"]]
    others = [p for group in adamw.param_groups for p in group["params"]]
    assert all(p.dim() == 2 for p in taken)
    assert len(taken) == 2 * (3 + 2) + 2 * (6 + 2)
    assert any(p is model.embedding.weight for p in others)
    assert len(taken) + len(others) == len(list(model.parameters()))

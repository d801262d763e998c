"""Muon against its definition: orthogonal updates, the scale of the paper, AdamW for everything else."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from seqkit.config import OptimConfig
from seqkit.training.muon import orthogonal
from seqkit.training.optim import make_optimizer


class Small(nn.Module):
    def __init__(self, tied=True):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.hidden = nn.Linear(4, 6)
        self.kernel = nn.Conv1d(4, 5, 3)
        self.output = self.embedding.weight if tied else nn.Linear(4, 7)


@pytest.mark.parametrize("shape", [(4, 16, 48), (4, 48, 16), (2, 32, 32)])
def test_singular_values_come_close_to_one_and_singular_vectors_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    made = orthogonal(matrices)
    assert made.shape == matrices.shape
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    inside = left.mT @ made @ right.mT  # diagonal if the singular vectors are the same
    diagonal = torch.diagonal(inside, dim1=1, dim2=2)
    assert (inside - torch.diag_embed(diagonal)).abs().max() < 1e-4
    clear = values > 0.05 * values[:, :1]  # tiny ones need more rounds
    assert diagonal[clear].min() > 0.6
    assert diagonal.max() < 1.25


def test_matrices_of_one_shape_do_not_mix():
    matrices = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(2))
    together = orthogonal(matrices)
    for alone, batched in zip(matrices, together, strict=True):
        assert torch.allclose(orthogonal(alone[None])[0], batched, atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_only_hidden_matrices_are_made_orthogonal(tied):
    model = Small(tied)
    groups = make_optimizer(model, OptimConfig(name="muon", weight_decay=0.1)).param_groups
    chosen = [p for group in groups if group.get("orthogonal") for p in group["params"]]
    assert {id(p) for p in chosen} == {id(model.hidden.weight), id(model.kernel.weight)}
    everything = [id(p) for group in groups for p in group["params"]]
    assert sorted(everything) == sorted(id(p) for p in model.parameters())
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0, 0.1]


def test_an_update_has_the_size_of_the_paper_and_the_rest_is_adamw():
    torch.manual_seed(3)
    model, twin = Small(), Small()
    twin.load_state_dict(model.state_dict())
    muon = make_optimizer(model, OptimConfig(name="muon", lr=0.01))
    adamw = make_optimizer(twin, OptimConfig(name="adamw", lr=0.01))
    for parameter, other in zip(model.parameters(), twin.parameters(), strict=True):
        parameter.grad = torch.randn_like(parameter)
        other.grad = parameter.grad.clone()
    before = model.hidden.weight.detach().clone()
    muon.step()
    adamw.step()
    change = (model.hidden.weight - before) / (0.01 * 0.2 * 6**0.5)
    assert torch.allclose(change, -orthogonal(model.hidden.weight.grad[None])[0], atol=1e-5)
    assert torch.equal(model.embedding.weight, twin.embedding.weight)
    assert torch.equal(model.hidden.bias, twin.hidden.bias)
    assert not torch.equal(model.kernel.weight, twin.kernel.weight)


def test_its_state_goes_through_a_checkpoint():
    torch.manual_seed(4)
    model = Small()
    optimizer = make_optimizer(model, OptimConfig(name="muon", lr=0.01))

    def update(optimizer, model, seed):
        generator = torch.Generator().manual_seed(seed)
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()

    update(optimizer, model, 1)
    other = Small()
    other.load_state_dict(model.state_dict())
    again = make_optimizer(other, OptimConfig(name="muon", lr=0.01))
    again.load_state_dict(deepcopy(optimizer.state_dict()))
    update(optimizer, model, 2)
    update(again, other, 2)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )

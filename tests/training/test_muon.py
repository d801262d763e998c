"""Muon beside torch's, and what torch's lacks: kernels, batches of matrices, AdamW for the rest."""

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


def random_gradients(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


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
        torch.testing.assert_close(orthogonal(alone[None])[0], batched, atol=1e-6, rtol=0)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_matrices_are_updated_as_by_torch(monkeypatch, weight_decay):
    # torch iterates in bf16; in float32 both must agree closely
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    torch.manual_seed(3)
    shapes = ((6, 4), (4, 6), (6, 4), (5, 5))
    ours = nn.ParameterList(nn.Parameter(torch.randn(shape)) for shape in shapes)
    theirs = deepcopy(ours)
    muon = make_optimizer(ours, OptimConfig(name="muon", lr=0.01, weight_decay=weight_decay))
    reference = torch.optim.Muon(
        theirs.parameters(), lr=0.01, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
    )

    for step in range(4):
        for model, optimizer in ((ours, muon), (theirs, reference)):
            random_gradients(model, step)
            optimizer.step()

    for mine, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-6, rtol=1e-5)


def test_matrices_are_made_orthogonal_in_bf16_as_by_torch(monkeypatch):
    monkeypatch.setattr("seqkit.training.optim.cpu_has_bf16", lambda: True)
    torch.manual_seed(3)
    ours = nn.ParameterList(nn.Parameter(torch.randn(24, 16)) for _ in range(3))
    exact, theirs = deepcopy(ours), deepcopy(ours)
    config = OptimConfig(name="muon", lr=0.01, weight_decay=0.1)
    optimizers = (
        make_optimizer(ours, config, "bf16"),
        make_optimizer(exact, config, "fp32"),
        torch.optim.Muon(
            theirs.parameters(), lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
        ),
    )
    for model, optimizer in zip((ours, exact, theirs), optimizers, strict=True):
        random_gradients(model, 1)
        optimizer.step()

    for mine, precise, wanted in zip(ours, exact, theirs, strict=True):
        assert mine.dtype == torch.float32
        assert not torch.equal(mine, precise)  # an update is about 2.4e-3
        torch.testing.assert_close(mine, precise, atol=3e-4, rtol=0)
        torch.testing.assert_close(mine, wanted, atol=3e-4, rtol=0)


def test_a_cpu_without_bf16_makes_matrices_orthogonal_in_float32(monkeypatch):
    monkeypatch.setattr("seqkit.training.optim.cpu_has_bf16", lambda: False)
    slow_in_bf16 = make_optimizer(Small(), OptimConfig(name="muon"), "bf16")
    assert not slow_in_bf16.bf16


def test_a_kernel_is_updated_as_the_matrix_of_its_outputs():
    torch.manual_seed(4)
    kernel = nn.Conv1d(4, 5, 3, bias=False)
    matrix = nn.Linear(12, 5, bias=False)
    with torch.no_grad():
        matrix.weight.copy_(kernel.weight.view(5, 12))

    config = OptimConfig(name="muon", lr=0.01)
    for model in (kernel, matrix):
        optimizer = make_optimizer(model, config)
        generator = torch.Generator().manual_seed(5)
        for _ in range(2):
            model.weight.grad = torch.randn(60, generator=generator).view_as(model.weight)
            optimizer.step()
    torch.testing.assert_close(kernel.weight.view(5, 12), matrix.weight)


@pytest.mark.parametrize("tied", [True, False])
def test_only_hidden_matrices_are_made_orthogonal(tied):
    model = Small(tied)
    groups = make_optimizer(model, OptimConfig(name="muon", weight_decay=0.1)).param_groups

    chosen = [p for group in groups if group.get("orthogonal") for p in group["params"]]
    assert {id(p) for p in chosen} == {id(model.hidden.weight), id(model.kernel.weight)}

    everything = [id(p) for group in groups for p in group["params"]]
    assert sorted(everything) == sorted(id(p) for p in model.parameters())
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0, 0.1]


def test_embeddings_and_biases_are_updated_by_adamw():
    torch.manual_seed(3)
    model, twin = Small(), Small()
    twin.load_state_dict(model.state_dict())
    for one, name in ((model, "muon"), (twin, "adamw")):
        random_gradients(one, 6)
        make_optimizer(one, OptimConfig(name=name, lr=0.01)).step()

    assert torch.equal(model.embedding.weight, twin.embedding.weight)
    assert torch.equal(model.hidden.bias, twin.hidden.bias)
    assert not torch.equal(model.hidden.weight, twin.hidden.weight)
    assert not torch.equal(model.kernel.weight, twin.kernel.weight)


def test_its_state_goes_through_a_checkpoint():
    torch.manual_seed(4)
    model = Small()
    optimizer = make_optimizer(model, OptimConfig(name="muon", lr=0.01))
    random_gradients(model, 1)
    optimizer.step()

    other = Small()
    other.load_state_dict(model.state_dict())
    resumed = make_optimizer(other, OptimConfig(name="muon", lr=0.01))
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))

    for one, its_optimizer in ((model, optimizer), (other, resumed)):
        random_gradients(one, 2)
        its_optimizer.step()
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in pairs)

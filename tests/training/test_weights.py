"""Weights that are put into a model: exactly, or not at all."""

from pathlib import Path

import pytest
import torch

from seqkit.errors import CheckpointError
from seqkit.training.weights import check_tensors

PATH = Path("model.safetensors")
WANTED = {"weight": torch.zeros(2, 2), "mask": torch.zeros(2), "seen": torch.zeros((), dtype=int)}


def given(**changes):
    return {**WANTED, **changes}


def check(**changes):
    check_tensors(given(**changes), WANTED, {"weight"}, PATH)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_types_that_the_model_holds_exactly_are_taken(dtype):
    check(weight=torch.ones(2, 2, dtype=dtype))


@pytest.mark.parametrize(
    ("name", "tensor", "says"),
    [
        ("weight", torch.ones(2, 2, dtype=torch.float64), "'weight' is float64"),
        ("weight", torch.ones(2, 2, dtype=torch.int8), "'weight' is int8"),
        ("weight", torch.ones(2, 2, dtype=torch.bool), "'weight' is bool"),
        ("weight", torch.ones(2, 2, dtype=torch.complex64), "'weight' is complex64"),
        ("seen", torch.tensor(3.0), "'seen' is float32, the model is int64"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_types_that_a_conversion_would_change_are_refused(name, tensor, says):
    with pytest.raises(CheckpointError, match=says):
        check(**{name: tensor})


def test_nan_is_refused_everywhere_and_infinity_in_parameters():
    for name in ("weight", "mask"):
        with pytest.raises(CheckpointError, match=f"weights that are nan: tensor '{name}'"):
            check(**{name: torch.full_like(WANTED[name], float("nan"))})
    with pytest.raises(CheckpointError, match="weights that are infinite"):
        check(weight=torch.full((2, 2), -float("inf")))


def test_a_mask_may_be_infinite_and_a_sum_may_overflow():
    check(mask=torch.full((2,), -float("inf")))
    check(mask=torch.tensor([float("inf"), -float("inf")]))
    check(weight=torch.full((2, 2), 3e38))
    check(weight=torch.full((2, 2), 6e4, dtype=torch.float16))

"""The weights of linear models, in the units of the table.

Shapes: D features, O outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqkit.errors import ConfigError

from .reader import Reader

INTERCEPT = "(intercept)"


def weights_of(reader: Reader) -> dict[str, list[float]]:
    """{feature: weight for each output} and the intercept, for a model that is one linear layer.

    A weight is what one unit of the feature adds to the target, or to its logarithm; of a
    classifier, to the logits. Numbers that were clipped add no more than the clipped value. Raises
    `ConfigError` for any other model.
    """
    weight, bias = _linear_layer(reader)
    encoding, scale = reader.encoding, reader.metadata.scale

    units = torch.ones(len(encoding.features), dtype=torch.float64)
    centre = torch.zeros_like(units)
    for place, column in enumerate(encoding.numbers):
        units[place] = column.std
        centre[place] = column.mean

    in_units = weight.double() / units * scale.std  # (O, D)
    intercept = bias.double() * scale.std + scale.mean - in_units @ centre
    rows = zip(encoding.features, in_units.T.tolist(), strict=True)
    return {INTERCEPT: intercept.tolist(), **dict(rows)}


def _linear_layer(reader: Reader) -> tuple[Tensor, Tensor]:
    """(O, D) and (O) of a model that has nothing else."""
    state = reader.model.state_dict()
    if set(state) != {"output.weight", "output.bias"}:
        raise ConfigError(
            "this model is not one linear layer: its weights are no answer; --importance says "
            "which columns it relies on"
        )
    return state["output.weight"].cpu(), state["output.bias"].cpu()

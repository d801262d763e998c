"""How much each class counts in the loss, where some have few examples.

Shapes: K classes.
"""

from __future__ import annotations

from torch import Tensor


def class_weights(counts: Tensor) -> Tensor:
    """Weights inversely proportional to the examples of each class: (K,) -> (K,)

    They are 1 on average over the examples. A class without examples gets the weight of one with a
    single example.
    """
    present = (counts > 0).sum()
    at_least_one = counts.clamp(min=1)
    return (counts.sum() / (present * at_least_one)).float()

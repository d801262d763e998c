"""What the tasks ask of their models.

Shapes: B texts, T tokens of the longest, D width, K classes.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn


class TextModel(Protocol):
    """A torch module that classifies texts: the contract of the task "text-classification".

    Made as `Model(config, vocab=…, classes=…)`. Registered under `model`, with its `Config` as an
    attribute. It reads in two steps, so that the influence of every token can be measured between
    them: `model(ids)` is `model.classify(model.embed(ids), ids)`.
    """

    embedding: nn.Embedding
    """(V, …) the vectors of words, which pretrained ones may fill."""

    output: nn.Module
    """The last layer."""

    training: bool
    """As in every torch.nn.Module."""

    def __call__(self, ids: Tensor) -> Tensor:
        """Ids (B, T), padded at the end -> logits (B, K); padding changes none of them."""

    def embed(self, ids: Tensor) -> Tensor:
        """The input as vectors, one for each token: (B, T) -> (B, T, D)"""

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> logits (B, K)"""

    def attention(self, vectors: Tensor, ids: Tensor) -> Tensor | None:
        """How much the model attends to each token: (B, T), a sum of 1 for each text.

        None if it has no attention.
        """

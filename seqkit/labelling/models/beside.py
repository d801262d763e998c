"""A bag of n-grams beside a network: the logits of both are added.

Pairs of words say much of a text that a network has to find out first, and the other way round
(wide and deep: Cheng et al. 2016, arXiv:1606.07792; networks and n-grams err differently on
reviews: Mesnil et al. 2015, arXiv:1412.5335).

Shapes: B texts, T tokens of the longest, D width of the network's vectors, W of the bag's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .bag import Bag, BagConfig


class Beside(nn.Module):
    """A bag of words and pairs of them, or nothing, beside a network."""

    def __init__(
        self,
        bag: int,
        width: int,
        *,
        vocab: int,
        classes: int,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
    ) -> None:
        """`bag` is W, 0 for nothing; `width` is D."""
        super().__init__()
        self.width = width
        self.bag: Bag | None = None
        if bag:
            settings = BagConfig(width=bag, dropout=dropout, word_dropout=word_dropout)
            self.bag = Bag(settings, vocab=vocab, classes=classes)

    def forward(self, logits: Tensor, ids: Tensor) -> Tensor:
        """The logits of both: (B, K), (B, T) -> (B, K)"""
        return logits if self.bag is None else logits + self.bag(ids)

    def embed(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """The vectors of both, side by side: (B, T, D), (B, T) -> (B, T, D + W)"""
        if self.bag is None:
            return vectors
        return torch.cat([vectors, self.bag.embed(ids)], -1)

    def of_network(self, vectors: Tensor) -> Tensor:
        """(B, T, D + W) -> (B, T, D)"""
        return vectors[..., : self.width]

    def classify(self, logits: Tensor, vectors: Tensor, ids: Tensor) -> Tensor:
        """`forward` from vectors that `embed` gave: (B, K), (B, T, D + W), (B, T) -> (B, K)"""
        if self.bag is None:
            return logits
        return logits + self.bag.classify(vectors[..., self.width :], ids)

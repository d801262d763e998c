"""Word ids as vectors, with what keeps a model from learning a small corpus by heart.

Shapes: B texts, T tokens of the longest, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...nn.dropout import Dropout
from ...text.vocab import PAD, UNK


class Words(nn.Module):
    """Ids (B, T) -> vectors (B, T, D); padding gives zeros."""

    def __init__(
        self, vocab: int, width: int, *, dropout: float = 0.0, word_dropout: float = 0.0
    ) -> None:
        """`dropout` is of single values; `word_dropout` is the share of tokens that are unknown in
        a step of the training, so that the vector of `<unk>` is learned too (Iyyer et al. 2015,
        P15-1162).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab, width, padding_idx=PAD)
        nn.init.uniform_(self.embedding.weight, -0.25, 0.25)
        with torch.no_grad():
            self.embedding.weight[PAD].zero_()

        self.dropout = Dropout(dropout)
        self.word_dropout = word_dropout

    def forward(self, ids: Tensor) -> Tensor:
        known = drop_tokens(ids, self.word_dropout, training=self.training)
        vectors: Tensor = self.dropout(self.embedding(known))
        return vectors


def drop_tokens(ids: Tensor, rate: float, *, training: bool) -> Tensor:
    """`ids` with the share `rate` of the tokens unknown while training: (B, T) -> (B, T)"""
    if not training or rate == 0:
        return ids

    dropped = torch.rand(ids.shape, device=ids.device) < rate
    return ids.masked_fill(dropped & (ids != PAD), UNK)

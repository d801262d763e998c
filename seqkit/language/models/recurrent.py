"""Recurrent language models.

Mikolov et al. 2010; Zaremba et al. 2014, arXiv:1409.2329; for the regularisation Merity et
al. 2017, arXiv:1708.02182 (AWD-LSTM).

Shapes: B sequences, T steps, D embedding width, H hidden units, V vocabulary.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.dropout import Dropout, LockedDropout, drop_words
from ...nn.recurrent import Cell, Implementation, Recurrent, State


@section
class RecurrentConfig:
    embedding: int = setting("size of word embeddings, D; 0 = one-hot input", default=200, ge=0)
    hidden: int = setting("hidden units of each layer, H", default=200, ge=1)
    layers: int = setting("layers", default=2, ge=1)
    tie: bool = setting(
        "one matrix for embedding and output (arXiv:1608.05859); needs embedding > 0", default=False
    )
    dropout: float = dropout_rate(
        "dropout of embeddings (not of one-hot input), between layers and of the output",
        default=0.0,
    )
    locked: bool = setting(
        "these dropouts keep one mask over time (arXiv:1512.05287)", default=False
    )
    embedding_dropout: float = dropout_rate(
        "share of words whose embedding is left out of a batch", default=0.0
    )
    recurrent_dropout: float = dropout_rate(
        "dropout of the state, one mask over time; slow", default=0.0
    )
    weight_drop: float = dropout_rate(
        "dropout of the matrices of the state (arXiv:1708.02182)", default=0.0
    )
    layer_norm: bool = setting(
        "layer norm inside the cells (arXiv:1607.06450); slow", default=False
    )
    implementation: Implementation = setting(
        "scratch: written out step by step; torch: its kernels; auto: the fastest that can",
        default="auto",
    )

    def __post_init__(self) -> None:
        if self.tie and not self.embedding:
            raise ValueError("tie = true needs embedding > 0")
        if self.implementation == "torch" and (self.recurrent_dropout or self.layer_norm):
            raise ValueError(
                "recurrent_dropout and layer_norm need implementation = 'scratch' or 'auto'"
            )


class RecurrentLM(nn.Module):
    """Embedding, recurrent stack, output; subclasses name the `cell`."""

    Config = RecurrentConfig
    cell: ClassVar[Cell]
    carries_state: ClassVar[bool] = True
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "book": {"embedding": 0, "hidden": 256, "layers": 1},
        "small": {"embedding": 200, "hidden": 200, "layers": 2, "dropout": 0.2, "tie": True},
        "medium": {"embedding": 650, "hidden": 650, "layers": 2, "dropout": 0.5, "tie": True},
        "awd": {
            "embedding": 400,
            "hidden": 1150,
            "layers": 3,
            "tie": True,
            "dropout": 0.4,
            "locked": True,
            "embedding_dropout": 0.1,
            "weight_drop": 0.5,
        },
    }

    def __init__(self, config: RecurrentConfig, *, vocab: int) -> None:
        super().__init__()
        self.vocab = vocab
        self.embedding_dropout = config.embedding_dropout
        self.embedding = nn.Embedding(vocab, config.embedding) if config.embedding else None

        self.recurrent = Recurrent(
            self.cell,
            config.embedding or vocab,
            config.hidden,
            layers=config.layers,
            dropout=config.dropout,
            locked=config.locked,
            recurrent_dropout=config.recurrent_dropout,
            weight_drop=config.weight_drop,
            layer_norm=config.layer_norm,
            implementation=config.implementation,
        )
        self.dropout = LockedDropout(config.dropout) if config.locked else Dropout(config.dropout)

        width = config.embedding if config.tie else config.hidden
        self.narrow = (
            nn.Linear(config.hidden, width, bias=False) if width != config.hidden else None
        )
        self.output = self._output(config.tie, width)
        self.bias = nn.Parameter(torch.zeros(vocab))

    def _output(self, tie: bool, width: int) -> Tensor:
        """The matrix of the output layer (V, width), which may be the embedding's."""
        if tie and self.embedding is not None:
            # Untied embeddings stay normal, as torch has them: small inputs learn slowly.
            nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
            return self.embedding.weight
        return nn.Parameter(torch.empty(self.vocab, width).uniform_(-0.1, 0.1))

    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Ids (B, T) and the state before them -> hidden states (B, T, D or H), the state after."""
        hidden, state = self.recurrent(self._embedded(ids.t()), state)  # (T, B, H)
        hidden = self.dropout(hidden)
        if self.narrow is not None:
            hidden = self.narrow(hidden)
        return hidden.transpose(0, 1), state

    def _embedded(self, ids: Tensor) -> Tensor:
        """(T, B) -> (T, B, D), or one-hot (T, B, V)"""
        if self.embedding is None:
            return F.one_hot(ids, self.vocab).to(self.bias.dtype)
        weight = drop_words(self.embedding.weight, self.embedding_dropout, training=self.training)
        embedded: Tensor = self.dropout(F.embedding(ids, weight))
        return embedded


class RNN(RecurrentLM):
    cell = "rnn"


class GRU(RecurrentLM):
    cell = "gru"


class LSTM(RecurrentLM):
    cell = "lstm"

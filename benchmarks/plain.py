"""Models and loops as tutorials write them, for rows to stand beside: plain PyTorch."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD = 0


class PlainTransformer(nn.Module):
    """`nn.Transformer` with sinusoids and one matrix of embeddings, which is the output too."""

    def __init__(self, config: dict[str, Any], vocab: int) -> None:
        super().__init__()
        width = config["width"]
        self.scale = math.sqrt(width)
        self.embedding = nn.Embedding(vocab, width, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.dropout = nn.Dropout(config["dropout"])
        self.body = nn.Transformer(
            width,
            config["heads"],
            config["encoder_layers"],
            config["decoder_layers"],
            config["hidden"],
            config["dropout"],
            batch_first=True,
            norm_first=config["prenorm"],
        )
        self.register_buffer("positions", _sinusoids(512, width))

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> logits (B, T, V)"""
        length = inputs.shape[1]
        future = nn.Transformer.generate_square_subsequent_mask(length)
        padded = torch.zeros(source.shape).masked_fill(source == PAD, -math.inf)

        hidden = self.body(
            self._embedded(source),
            self._embedded(inputs),
            tgt_mask=future,
            src_key_padding_mask=padded,
            memory_key_padding_mask=padded,
            tgt_is_causal=True,
        )
        return F.linear(hidden, self.embedding.weight)

    def _embedded(self, ids: Tensor) -> Tensor:
        x = self.embedding(ids) * self.scale + self.positions[: ids.shape[1]]
        return self.dropout(x)


def _sinusoids(length: int, width: int) -> Tensor:
    steps = torch.arange(length)[:, None]
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    return torch.stack([(steps * rates).sin(), (steps * rates).cos()], dim=-1).flatten(1)


class PlainLSTM(nn.Module):
    """Embedding or one-hot input, LSTM, output; one matrix for both where the sizes allow."""

    def __init__(self, config: dict[str, Any], vocab: int) -> None:
        super().__init__()
        embedding, hidden, layers = config["embedding"], config["hidden"], config["layers"]
        self.vocab = vocab
        self.embedding = nn.Embedding(vocab, embedding) if embedding else None
        self.drop = nn.Dropout(config["dropout"])

        between_layers = config["dropout"] if layers > 1 else 0.0
        self.lstm = nn.LSTM(embedding or vocab, hidden, layers, dropout=between_layers)
        self.output = nn.Linear(hidden, vocab)
        if self.embedding is not None and config["tie"]:
            self.output.weight = self.embedding.weight

    def forward(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """(T, B) ids -> logits (T, B, V)"""
        x = F.one_hot(ids, self.vocab).float()
        if self.embedding is not None:
            x = self.embedding(ids)

        hidden, state = self.lstm(self.drop(x), state)
        return self.output(self.drop(hidden)), state


def transformer_update(
    model: PlainTransformer, optimizer: torch.optim.Optimizer, batches: list[Any], smoothing: float
) -> tuple[float, int]:
    """One update on several batches: the mean loss of a target, and how many targets."""
    optimizer.zero_grad()
    count = sum(batch.count for batch in batches)
    total = 0.0
    for batch in batches:
        logits = model(batch.source, batch.inputs)
        loss = F.cross_entropy(
            logits.flatten(0, 1),
            batch.targets.flatten(),
            ignore_index=PAD,
            reduction="sum",
            label_smoothing=smoothing,
        )
        (loss / count).backward()
        total += float(loss.detach())

    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return total / count, count

"""An LSTM that reads an image row by row.

It follows the sequential MNIST of Le, Jaitly & Hinton 2015, arXiv:1504.00941, section 4.2, which
reads pixel by pixel.

Shapes: B images, C channels, S pixels a side and so S steps, H hidden units.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from seqkit.config import section, setting


@section
class RowLSTMConfig:
    hidden: int = setting("hidden units of each layer, H", default=128, ge=1)
    layers: int = setting("layers", default=1, ge=1)
    dropout: float = setting(
        "dropout between layers and after the last state", default=0.0, ge=0, lt=1
    )


class RowLSTM(nn.Module):
    """The state after the last row decides the class."""

    Config = RowLSTMConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {"deep": {"layers": 2, "dropout": 0.2}}

    def __init__(self, config: RowLSTMConfig, *, channels: int, size: int, classes: int) -> None:
        super().__init__()
        c = config
        between_layers = c.dropout if c.layers > 1 else 0.0  # else torch warns
        self.lstm = nn.LSTM(
            channels * size, c.hidden, c.layers, dropout=between_layers, batch_first=True
        )
        self.dropout = nn.Dropout(c.dropout)
        self.output = nn.Linear(c.hidden, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, classes)"""
        rows = images.transpose(1, 2).flatten(2)  # (B, S, C * S)
        states, _ = self.lstm(rows)
        last = self.dropout(states[:, -1])
        logits: Tensor = self.output(last)
        return logits

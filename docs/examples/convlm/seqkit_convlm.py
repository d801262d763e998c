"""A causal convolutional language model: a layer sees the `kernel` tokens up to each position.

Shapes: B sequences, T positions, D width, V vocabulary.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqkit.config import section, setting


def register(plugin):
    plugin.model(
        "conv-lm", "seqkit_convlm:ConvLM", "language model; Dauphin et al. 2016, arXiv:1612.08083"
    )


@section
class ConvLMConfig:
    width: int = setting("size of embeddings and layers, D", default=128, ge=1)
    kernel: int = setting("tokens that a layer sees", default=4, ge=2)
    layers: int = setting("layers", default=4, ge=1)
    dropout: float = setting(
        "dropout of embeddings and layers", default=0.1, ge=0, lt=1, with_init="own"
    )


class ConvLM(nn.Module):
    """Gated convolutions with residual connections (arXiv:1612.08083, section 2)."""

    Config = ConvLMConfig
    presets = {"small": {"width": 128, "layers": 4}, "medium": {"width": 256, "layers": 8}}
    carries_state = False  # it sees a window, not everything before

    def __init__(self, config, *, vocab):
        super().__init__()
        self.embedding = nn.Embedding(vocab, config.width)
        self.layers = nn.ModuleList(
            nn.Conv1d(config.width, 2 * config.width, config.kernel) for _ in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Parameter(torch.empty(vocab, config.width).normal_(std=0.05))
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, ids: Tensor, state: None = None) -> tuple[Tensor, None]:
        """Ids (B, T) -> hidden states (B, T, D), and no state"""
        x = self.dropout(self.embedding(ids)).transpose(1, 2)  # (B, D, T)
        for layer in self.layers:
            past = F.pad(x, (layer.kernel_size[0] - 1, 0))  # nothing of the future
            x = x + self.dropout(F.glu(layer(past), dim=1))
        return x.transpose(1, 2), None

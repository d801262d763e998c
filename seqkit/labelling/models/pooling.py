"""From the vectors of a text's tokens to one vector of the text.

Shapes: B texts, T tokens of the longest, D width.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ...nn.attention import masked_softmax
from ...nn.checks import check_name

Kind = Literal["last", "max", "mean", "attention", "concat"]


class Pooling(nn.Module):
    """Masked pooling over the tokens of each text: (B, T, D), (B, T) -> (B, width)

    `width` is D, and 3 D for "concat": last, max and mean side by side (Howard & Ruder 2018,
    arXiv:1801.06146, section 3.3).

    "last" is for recurrent networks: the state after the last token, and of the backward direction,
    which is the second half of the vector, that after the first. "attention" is the additive one of
    Yang et al. 2016, N16-1174, equations 5 to 7. A text without tokens gives zeros.
    """

    def __init__(self, kind: Kind, width: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        check_name("pooling", kind, get_args(Kind))
        self.kind = kind
        self.bidirectional = bidirectional
        self.width = 3 * width if kind == "concat" else width
        self.hidden: nn.Linear | None = None
        self.query: nn.Linear | None = None
        if kind == "attention":
            self.hidden = nn.Linear(width, width)
            self.query = nn.Linear(width, 1, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`mask` is True for tokens."""
        if self.kind == "last":
            return self._last(x, mask)
        if self.kind == "max":
            return self._max(x, mask)
        if self.kind == "concat":
            return torch.cat([self._last(x, mask), self._max(x, mask), self._mean(x, mask)], -1)
        return self._mean(x, mask)

    def _max(self, x: Tensor, mask: Tensor) -> Tensor:
        lowest = torch.finfo(x.dtype).min
        highest = x.masked_fill(~mask[..., None], lowest).amax(1)
        return highest * mask.any(1, keepdim=True)

    def _mean(self, x: Tensor, mask: Tensor) -> Tensor:
        """Weighted by attention, or evenly."""
        weights = self.weights(x, mask)
        return (weights[..., None] * x).sum(1)

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """How much each token counts, where pooling is a weighted mean: (B, T, D) -> (B, T)"""
        if self.hidden is None or self.query is None:
            count = mask.sum(1, keepdim=True).clamp(min=1)
            return mask / count

        scores: Tensor = self.query(torch.tanh(self.hidden(x)))
        return masked_softmax(scores.squeeze(-1).float(), mask)

    def _last(self, x: Tensor, mask: Tensor) -> Tensor:
        lengths = mask.sum(1)
        place = (lengths - 1).clamp(min=0)
        texts = torch.arange(len(x), device=x.device)
        after_last = x[texts, place]

        if self.bidirectional:
            forward, _ = after_last.chunk(2, dim=-1)
            _, backward = x[:, 0].chunk(2, dim=-1)
            after_last = torch.cat([forward, backward], -1)
        return after_last * mask.any(1, keepdim=True)

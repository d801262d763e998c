"""Cross-entropy straight from hidden states: the logits of all targets never exist at once.

Shapes: N targets, n targets of a chunk, D width, V vocabulary, U words of a sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from . import passes
from .linear import filled_up

_ROWS = 256  # targets of a chunk on the CPU: 8 MB of logits for 8,000 words
_ROWS_IN_PLACE = 768  # by the library, which has no second copy of the logits
_ROWS_ELSEWHERE = 8192


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, *, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """(N, D), (V, D), (V), (N) ids -> summed loss, summed negative log-likelihood: scalars, nats.

    With label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) the loss is taken
    against (1 - smoothing) of the target plus smoothing / V of every word; the negative
    log-likelihood is never smoothed. Under autocast the products are in its type, softmax and sums
    stay in float32. The two sums are float64, on MPS float32.
    """
    device = hidden.device.type
    dtype = hidden.dtype
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
    sums = _LinearCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, weight, bias, targets, smoothing, dtype
    )
    return cast(tuple[Tensor, Tensor], sums)


class _LinearCrossEntropy(torch.autograd.Function):
    """The gradient is computed together with the loss, while the logits of a chunk are at hand."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        smoothing: float,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        device = hidden.device.type
        wide = torch.float32 if device == "mps" else torch.float64
        log_totals = hidden.new_zeros((), dtype=wide)
        gold_logits = hidden.new_zeros((), dtype=wide)

        gradients = None
        if any(ctx.needs_input_grad):
            gradients = _Gradients.zeros(hidden, weight, bias, ctx.needs_input_grad[:3])

        cast_weight = weight.to(dtype)
        of_chunk, size = _by_torch, _ROWS if device == "cpu" else _ROWS_ELSEWHERE
        if passes.usable(cast_weight):
            of_chunk, size = _by_library, _ROWS_IN_PLACE
        is_filled = of_chunk is _by_library and dtype == torch.bfloat16
        for start in range(0, hidden.size(0), size):
            chunk = slice(start, start + size)
            rows = hidden[chunk]  # (n, D), or with rows of zeros below
            count = len(rows)
            rows = filled_up(rows) if is_filled else rows.to(dtype)

            logits = F.linear(rows, cast_weight)
            of_bias = None if gradients is None else gradients.bias
            found = of_chunk(logits[:count], bias, targets[chunk], smoothing, of_bias)
            gold_logits += found.gold_logits.sum(dtype=wide)
            log_totals += found.log_totals.sum(dtype=wide)
            if gradients is not None:
                # Rows of zeros have logits of zeros, which stay as their gradients.
                of_logits = logits if is_filled else found.of_logits
                gradients.add(chunk, of_logits, rows, cast_weight)

        nll = log_totals - gold_logits
        loss = nll.clone()
        if smoothing:
            evenly = _Evenly(hidden, weight, bias, wide)
            loss = (1 - smoothing) * nll + smoothing * (log_totals - evenly.mean_logit)
            if gradients is not None:
                evenly.subtract_from(gradients, smoothing)

        saved = (None, None, None) if gradients is None else gradients
        ctx.save_for_backward(*saved)
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_loss: Tensor, _: Any
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None, None]:
        hidden, weight, bias = (_scaled(grad, grad_loss) for grad in ctx.saved_tensors)
        return hidden, weight, bias, None, None, None


def _scaled(grad: Tensor | None, factor: Tensor) -> Tensor | None:
    if grad is None:
        return None
    return grad * factor.to(grad.dtype)


class _Gradients(NamedTuple):
    """Of the loss, with respect to each input; None for one that is frozen."""

    hidden: Tensor | None
    weight: Tensor | None
    bias: Tensor | None

    @classmethod
    def zeros(
        cls, hidden: Tensor, weight: Tensor, bias: Tensor | None, needed: Sequence[bool]
    ) -> _Gradients:
        of_hidden, of_weight, of_bias = needed
        return cls(
            torch.empty_like(hidden) if of_hidden else None,
            torch.zeros_like(weight) if of_weight else None,
            torch.zeros_like(bias) if bias is not None and of_bias else None,
        )

    def add(self, chunk: slice, of_logits: Tensor, rows: Tensor, cast_weight: Tensor) -> None:
        """Add what comes from a chunk, but for the bias; rows below it are none of its own."""
        if self.hidden is not None:
            own = self.hidden[chunk]
            own.copy_((of_logits @ cast_weight)[: len(own)])
        if self.weight is not None:
            self.weight.add_(of_logits.t() @ rows)


class _Evenly:
    """What the target of smoothing adds, every word alike, without a pass over the logits.

    The sum of a row of logits is a product with the sum of the weights, and the gradient with
    respect to all words of a row is one number.
    """

    def __init__(
        self, hidden: Tensor, weight: Tensor, bias: Tensor | None, wide: torch.dtype
    ) -> None:
        self.rows, self.vocab = len(hidden), len(weight)
        self.of_hidden = hidden.sum(0, dtype=torch.promote_types(hidden.dtype, torch.float32))
        self.of_weight = weight.sum(0)
        total = self.of_hidden.to(wide) @ self.of_weight.to(wide)
        if bias is not None:
            total = total + self.rows * bias.sum(dtype=wide)
        self.mean_logit = total / self.vocab  # summed over rows

    def subtract_from(self, gradients: _Gradients, smoothing: float) -> None:
        share = smoothing / self.vocab
        if gradients.hidden is not None:
            gradients.hidden.sub_(self.of_weight, alpha=share)
        if gradients.weight is not None:
            gradients.weight.sub_(self.of_hidden, alpha=share)
        if gradients.bias is not None:
            gradients.bias.sub_(share * self.rows)


class _Chunk(NamedTuple):
    """What the logits of a chunk give."""

    log_totals: Tensor  # (n,) of what exponentials are divided by, the logarithm
    gold_logits: Tensor  # (n,)
    of_logits: Tensor  # (n, V) the gradient of the logits, in the type of the products


def _by_library(
    logits: Tensor,
    bias: Tensor | None,
    gold: Tensor,
    smoothing: float,
    of_bias: Tensor | None,
) -> _Chunk:
    """Logits without their bias (n, V), ids (n,); adds to the gradient of the bias."""
    found = passes.cross_entropy(logits, bias, gold, 1 - smoothing, of_bias)
    return _Chunk(*found, logits)


def _by_torch(
    logits: Tensor,
    bias: Tensor | None,
    gold: Tensor,
    smoothing: float,
    of_bias: Tensor | None,
) -> _Chunk:
    """The same. Softmax and sums are in float32 at least."""
    dtype = logits.dtype
    if dtype.itemsize < 4:
        logits = logits.float()
    if bias is not None:
        logits += bias
    gold_logits = logits.gather(-1, gold[:, None])

    # The most probable word tells what exponentials are divided by, as its probability is 1 / V at
    # least: a logarithm of probabilities would need a second exponential of each logit.
    probabilities = logits.softmax(-1)
    log_totals = logits.amax(-1) - probabilities.amax(-1).log()

    minus_target = probabilities.new_full((), smoothing - 1)
    of_logits = probabilities.scatter_add_(-1, gold[:, None], minus_target.expand_as(gold_logits))
    if of_bias is not None:
        of_bias += of_logits.sum(0)
    return _Chunk(log_totals, gold_logits, of_logits.to(dtype))


def sample_words(
    weight: Tensor, bias: Tensor, targets: Tensor, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """(V, D), (V), (N) ids -> the same for a sample of the vocabulary: (U, D), (U), (N) ids in it.

    The sample is every word among the targets and `count` others, drawn evenly from torch's
    generator. Each of the others stands for all that were not drawn, so its bias is raised by the
    logarithm of how many it stands for: the sum that softmax divides by is then right on average
    (importance sampling: Jean et al. 2015, arXiv:1412.2007, section 3). If `count` covers all
    others, the whole vocabulary is returned.
    """
    present, target_places = targets.unique(return_inverse=True)
    vocab = weight.size(0)
    others = vocab - len(present)
    if count >= others:
        return weight, bias, targets

    chances = torch.rand(vocab, device=weight.device)
    chances.index_fill_(0, present, -1.0)
    drawn = chances.topk(count, sorted=False).indices
    words = torch.cat([present, drawn])

    raised = bias.new_zeros(len(words))
    each_stands_for = others / count
    raised[len(present) :] = math.log(each_stands_for)
    some_weight = weight.index_select(0, words)
    own_bias = bias.index_select(0, words)
    some_bias = own_bias + raised
    return some_weight, some_bias, target_places

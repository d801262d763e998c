"""Drawing outputs from a model instead of searching for the best.

Shapes: R rows still open, V vocabulary.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..text.vocab import BOS, EOS, PAD
from .decoder import PLAIN, Hypothesis, StateT, StepDecoder

_NEVER = float("-inf")


@torch.no_grad()
def sample(
    model: StepDecoder[StateT],
    source: Tensor,
    limits: list[int],
    *,
    draws: int = 1,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = 1,
    suppress: frozenset[int] = frozenset(),
) -> list[list[Hypothesis]]:
    """`draws` outputs of each sentence of `source` (B, S), as drawn; `score` is the plain log probability.

    Tokens of `suppress` are never drawn.

    What is drawn depends on `seed` and the sentence alone, not on its neighbours in the batch: each step
    inverts the cumulative distribution at one uniform number. `log_probability` is the model's own, before
    temperature, top-k (Fan et al. 2018) and top-p (Holtzman et al. 2020, arXiv:1904.09751).
    """
    device, rows = source.device, source.size(0) * draws
    uniform = torch.from_numpy(_uniform(source, draws, max(limits), seed)).to(device)  # (R, steps)
    outputs: list[list[int]] = [[] for _ in range(rows)]
    logp = torch.zeros(rows, device=device)
    open_ = torch.arange(rows, device=device)
    limit = torch.tensor(limits, device=device).repeat_interleave(draws)
    state = model.select(model.start(source), open_ // draws)
    ids = torch.full((rows,), BOS, device=device)
    for t in range(1, max(limits) + 1):
        logits, state = model.step(ids, state)
        own = logits.float().log_softmax(-1)
        allowed = (
            own.index_fill(1, torch.tensor(list(suppress), device=device), _NEVER)
            if suppress
            else own
        )
        ids = draw(allowed, uniform[open_, t - 1], temperature, top_k, top_p)
        ids = torch.where(limit[open_] == t, EOS, ids)
        logp[open_] += own.gather(1, ids[:, None])[:, 0]
        for row, token in zip(open_.tolist(), ids.tolist(), strict=True):
            outputs[row].append(token)
        stay = (ids != EOS).nonzero()[:, 0]
        if not stay.numel():
            break
        open_, ids = open_[stay], ids[stay]
        state = model.select(state, stay)
    found = [
        Hypothesis.of(out[:-1], value, PLAIN)
        for out, value in zip(outputs, logp.tolist(), strict=True)
    ]
    return [found[i : i + draws] for i in range(0, rows, draws)]


def _uniform(
    source: Tensor, draws: int, steps: int, seed: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """One uniform number a row and step, from a generator of each sentence's own: (R, steps)."""
    rows = [[i for i in row if i != PAD] for row in source.tolist()]
    noise = [
        np.random.default_rng([seed, draw, *row]).random(steps, dtype=np.float32)
        for row in rows
        for draw in range(draws)
    ]
    return np.stack(noise)


def draw(logp: Tensor, uniform: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Log probabilities (R, V), uniform numbers (R,) -> tokens (R,)"""
    logp = logp.index_fill(1, torch.tensor([PAD, BOS], device=logp.device), _NEVER)
    p, token = (logp / temperature).softmax(-1).sort(descending=True, stable=True)
    if top_k:
        p[:, top_k:] = 0.0
    p = p / p.sum(-1, keepdim=True)
    if top_p < 1:
        p[p.cumsum(-1) - p >= top_p] = 0.0  # the first token always stays
    edge = p.cumsum(-1)
    index = (edge < uniform[:, None] * edge[:, -1:]).sum(-1, keepdim=True).clamp_(max=p.size(1) - 1)
    return token.gather(1, index)[:, 0]

"""Drawing outputs from a model instead of searching for the best.

Shapes: B sentences, R open outputs, V vocabulary, t tokens so far.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import ConfigError
from ..text.vocab import BOS, EOS, PAD
from .decoder import PLAIN, Hypothesis, StateT, StepDecoder
from .rules import NO_RULES, Rules

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
    rules: Rules = NO_RULES,
) -> list[list[Hypothesis]]:
    """`draws` outputs of each sentence of `source` (B, S), in the order drawn.

    The output of sentence b has at most `limits[b]` tokens, `<eos>` included, or as many as `rules`
    need. What is drawn depends on `seed` and the sentence alone, not on its neighbours in the
    batch: each step inverts the cumulative distribution at one uniform number. Probabilities and
    scores are the model's own, before temperature, top-k (Fan et al. 2018, arXiv:1805.04833), top-p
    (Holtzman et al. 2020, arXiv:1904.09751) and rules.

    Raises `ConfigError` if a draw gets to where no token obeys the rules, ValueError for rules with
    phrases, which need a search.
    """
    if rules.phrases:
        raise ValueError("sampling cannot make a phrase occur: use beam_search")
    longest = [max(limit, rules.least) for limit in limits]
    steps = max(longest)
    device = source.device
    rows = source.size(0) * draws
    uniform = torch.from_numpy(_uniform(source, draws, steps, seed)).to(
        device
    )  # (B * draws, steps)

    drawn = torch.full((rows, steps), PAD, device=device)
    logp = torch.zeros(rows, device=device)
    open_ = torch.arange(rows, device=device)  # (R,)
    limit = torch.tensor(longest, device=device).repeat_interleave(draws)
    state = model.select(model.start(source), open_ // draws)
    ids = torch.full((rows,), BOS, device=device)

    for t in range(steps):
        logits, state = model.step(ids, state)
        own = logits.float().log_softmax(-1)
        allowed = _allowed(own, drawn[open_, :t], rules, must_end=limit[open_] == t + 1)
        ids = draw(allowed, uniform[open_, t], temperature, top_k, top_p)
        logp[open_] += own.gather(1, ids[:, None])[:, 0]
        drawn[open_, t] = ids

        stay = (ids != EOS).nonzero()[:, 0]
        if not stay.numel():
            break
        open_, ids = open_[stay], ids[stay]
        state = model.select(state, stay)

    outputs = [
        Hypothesis.of(ids[: ids.index(EOS)], value, PLAIN)
        for ids, value in zip(drawn.tolist(), logp.tolist(), strict=True)
    ]
    return [outputs[i : i + draws] for i in range(0, rows, draws)]


def _allowed(own: Tensor, history: Tensor, rules: Rules, *, must_end: Tensor) -> Tensor:
    """Log probabilities (R, V), -inf for what may not follow; only `<eos>` where it `must_end`."""
    barred = rules.forbidden(history, own.size(1))
    if barred is None:
        barred = torch.zeros_like(own, dtype=torch.bool)
    barred[:, [PAD, BOS]] = True
    barred[must_end] = True
    barred[must_end, EOS] = False

    allowed = own.masked_fill(barred, _NEVER)
    if bool((allowed.amax(1) == _NEVER).any()):
        raise ConfigError(
            "a drawn output got to where no token obeys the rules of the search: relax one of them"
        )
    return allowed


def _uniform(source: Tensor, draws: int, steps: int, seed: int) -> npt.NDArray[np.float32]:
    """A uniform number for each row and step, (B * draws, steps), by a generator for each draw."""
    noise = []
    for padded in source.tolist():
        ids = [i for i in padded if i != PAD]
        for number in range(draws):
            generator = np.random.default_rng([seed, number, *ids])
            noise.append(generator.random(steps, dtype=np.float32))
    return np.stack(noise)


def draw(logp: Tensor, uniform: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Log probabilities (R, V), uniform numbers (R,) -> tokens (R,), never padding or `<bos>`"""
    never = torch.tensor([PAD, BOS], device=logp.device)
    logp = logp.index_fill(1, never, _NEVER)
    p, token = (logp / temperature).softmax(-1).sort(descending=True, stable=True)

    if top_k:
        p[:, top_k:] = 0.0
    p = p / p.sum(-1, keepdim=True)
    if top_p < 1:
        before = p.cumsum(-1) - p
        p[before >= top_p] = 0.0  # the first token always stays

    edge = p.cumsum(-1)
    below = edge < uniform[:, None] * edge[:, -1:]
    last = p.size(1) - 1
    index = below.sum(-1, keepdim=True).clamp_(max=last)
    return token.gather(1, index)[:, 0]

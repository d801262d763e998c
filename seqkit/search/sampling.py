"""Drawing outputs from a model instead of searching for the best.

Shapes: B sentences, R open outputs, V vocabulary, t tokens so far.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..errors import ConfigError, WrongValue
from ..text.vocab import BOS, EOS, PAD
from .decoder import StateT, StepDecoder
from .fusion import Fused, Fusion
from .hypothesis import PLAIN, Hypothesis
from .rules import NO_RULES, Rules
from .soundness import check_numbers

_NEVER = float("-inf")
_COLDEST = 1e-30  # a lower temperature is greedy just so, but overflows


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
    fusion: Fusion | None = None,
) -> list[list[Hypothesis]]:
    """`draws` outputs of each sentence of `source` (B, S), in the order drawn.

    The output of sentence b has at most `limits[b]` tokens, `<eos>` included, or as many as `rules`
    need. What is drawn depends on `seed` and the sentence alone, not on its neighbours in the
    batch: each step inverts the cumulative distribution at one uniform number. Probabilities and
    scores are the model's own, before temperature, top-k (Fan et al. 2018, arXiv:1805.04833), top-p
    (Holtzman et al. 2020, arXiv:1904.09751) and rules. With `fusion`, outputs are drawn from what
    the model and a language model give together, which shows in their scores.

    Raises `ConfigError` if a draw gets to where no token obeys the rules, ValueError for rules with
    phrases, which need a search.
    """
    if rules.phrases:
        raise WrongValue("sampling cannot make a phrase occur: use beam_search")
    if draws < 1 or not temperature > 0 or top_k < 0 or not 0 < top_p <= 1:
        raise WrongValue(
            f"nothing can be drawn with draws = {draws}, temperature = {temperature}, "
            f"top_k = {top_k}, top_p = {top_p}"
        )

    longest = [max(limit, rules.least) for limit in limits]
    uniform = _uniform(source, draws, max(longest), seed)
    limit = torch.tensor(longest, device=source.device)
    limit_of_rows = limit.repeat_interleave(draws)

    pick = partial(draw, temperature=temperature, top_k=top_k, top_p=top_p)
    fused = Fused(model, fusion)
    drawn = _draw_outputs(fused, source, draws, limit_of_rows, uniform, rules, pick)
    outputs = _hypotheses(drawn, fusion)
    firsts = range(0, len(outputs), draws)
    return [outputs[first : first + draws] for first in firsts]


class _Drawn(NamedTuple):
    """What was drawn in each row."""

    ids: Tensor  # (B * draws, steps), padded after `<eos>`
    logp: Tensor  # (B * draws,), with what was added
    added: Tensor  # (B * draws,) by a language model


def _draw_outputs(
    fused: Fused[StateT],
    source: Tensor,
    draws: int,
    limit: Tensor,
    uniform: Tensor,
    rules: Rules,
    pick: Callable[[Tensor, Tensor], Tensor],
) -> _Drawn:
    """(B, S), limits (B * draws,), numbers (B * draws, steps) -> what is drawn by them.

    `pick` draws from log probabilities (R, V) by numbers (R,).
    """
    device = source.device
    rows, steps = uniform.shape
    drawn = torch.full((rows, steps), PAD, device=device)
    logp = torch.zeros(rows, device=device)
    total_added = torch.zeros(rows, device=device)
    open_ = torch.arange(rows, device=device)  # (R,)
    ids = torch.full((rows,), BOS, device=device)

    state = fused.start(source)
    sentences = open_ // draws
    state = fused.select(state, sentences)

    for t in range(steps):
        logits, added, state = fused.step(ids, state)
        own = logits.float().log_softmax(-1)
        if added is not None:
            own += added

        history = drawn[open_, :t]
        must_end = limit[open_] == t + 1
        allowed = _allowed(own, history, rules, must_end=must_end)

        numbers = uniform[open_, t]
        ids = pick(allowed, numbers)
        logp[open_] += _at(own, ids)
        if added is not None:
            total_added[open_] += _at(added, ids)
        drawn[open_, t] = ids

        goes_on = ids != EOS
        stay = goes_on.nonzero()[:, 0]
        if not stay.numel():
            break
        open_ = open_[stay]
        ids = ids[stay]
        state = fused.select(state, stay)

    return _Drawn(drawn, logp, total_added)


def _at(values: Tensor, ids: Tensor) -> Tensor:
    """(R, V), (R,) -> (R,)"""
    return values.gather(1, ids[:, None])[:, 0]


def _hypotheses(drawn: _Drawn, fusion: Fusion | None) -> list[Hypothesis]:
    """An output for each row."""
    found = []
    rows = drawn.ids.tolist()
    of_rows = zip(rows, drawn.logp.tolist(), drawn.added.tolist(), strict=True)
    for ids, value, added in of_rows:
        output = ids[: ids.index(EOS)]
        if fusion is None:
            found.append(Hypothesis.of(output, value, PLAIN))
        else:
            found.append(Hypothesis.fused(output, value, added, PLAIN, fusion.weight))
    return found


def _allowed(own: Tensor, history: Tensor, rules: Rules, *, must_end: Tensor) -> Tensor:
    """Log probabilities (R, V), -inf for what may not follow; only `<eos>` where it `must_end`."""
    barred = rules.forbidden(history, own.size(1))
    if barred is None:
        barred = torch.zeros_like(own, dtype=torch.bool)
    barred[:, [PAD, BOS]] = True
    barred[must_end] = True
    barred[must_end, EOS] = False

    allowed = own.masked_fill(barred, _NEVER)
    likeliest = allowed.amax(1)
    check_numbers(likeliest)
    stuck = likeliest == _NEVER
    if bool(stuck.any()):
        raise ConfigError(
            "a drawn output got to where no token obeys the rules of the search: relax one of them"
        )
    return allowed


def _uniform(source: Tensor, draws: int, steps: int, seed: int) -> Tensor:
    """A uniform number for each row and step, (B * draws, steps), by a generator for each draw."""
    noise: list[npt.NDArray[np.float32]] = []
    for padded in source.tolist():
        ids = [i for i in padded if i != PAD]
        for number in range(draws):
            key = [seed, number, *ids]
            generator = np.random.default_rng(key)
            own = generator.random(steps, dtype=np.float32)
            noise.append(own)

    stacked = np.stack(noise)
    return torch.from_numpy(stacked).to(source.device)


def draw(logp: Tensor, uniform: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """Log probabilities (R, V), uniform numbers (R,) -> tokens (R,), never padding or `<bos>`"""
    never = torch.tensor([PAD, BOS], device=logp.device)
    logp = logp.index_fill(1, never, _NEVER)
    p = (logp / max(temperature, _COLDEST)).softmax(-1)
    if not top_k and top_p == 1:
        return _inverted(p, uniform)

    p, token = p.sort(descending=True, stable=True)
    if top_k:
        p[:, top_k:] = 0.0
    kept = p.sum(-1, keepdim=True)
    p = p / kept

    if top_p < 1:
        before = p.cumsum(-1) - p
        p[before >= top_p] = 0.0  # the first token always stays

    place = _inverted(p, uniform)
    return token.gather(1, place[:, None])[:, 0]


def _inverted(p: Tensor, uniform: Tensor) -> Tensor:
    """Where the cumulative distribution of each row gets to its uniform number. (R, V) -> (R,)

    What has no probability is never found, whatever the number.
    """
    edge = p.cumsum(-1)
    total = edge[:, -1:]
    wanted = uniform[:, None] * total
    wanted = wanted.clamp(min=torch.finfo(p.dtype).tiny).minimum(total)

    below = edge < wanted
    return below.sum(-1)

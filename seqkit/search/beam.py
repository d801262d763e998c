"""Beam search over anything that can take one step.

Shapes: B sentences still open, K beams of each, R = B * K rows, V vocabulary, t steps so far.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..text.vocab import BOS, EOS, PAD
from .decoder import Hypothesis, StateT, StepDecoder

_NEVER = float("-inf")
_GROUP = 64  # see _top


@torch.no_grad()
def beam_search(
    model: StepDecoder[StateT],
    source: Tensor,
    limits: list[int],
    *,
    beam: int,
    length_penalty: float = 1.0,
    patience: float = 1.0,
) -> list[list[Hypothesis]]:
    """The finished hypotheses of each sentence of `source` (B, S), best score first; greedy search if `beam` is 1.

    A hypothesis is finished when `<eos>` is among the `beam` best continuations of its sentence. A sentence
    is done, and leaves the batch, with `patience * beam` of them (Kasai et al. 2022, arXiv:2204.05424); with
    infinite patience and a wide enough beam the search is exhaustive. A sentence's output has at most
    `limits[b]` tokens, `<eos>` included: there the open hypotheses must end.
    """
    sentences, device = source.size(0), source.device
    done: list[list[Hypothesis]] = [[] for _ in range(sentences)]
    open_ = torch.arange(sentences, device=device)  # (B,) which sentences the rows belong to
    limit = torch.tensor(limits, device=device)
    state = model.start(source)
    ids = torch.full((sentences,), BOS, device=device)
    logp = torch.zeros(sentences, 1, device=device)  # (B, K); K is 1 before the first step
    history = torch.empty(sentences, 0, dtype=torch.long, device=device)  # (R, t)
    for t in range(1, max(limits) + 1):
        logits, state = model.step(ids, state)
        must_end = limit == t  # (B,)
        value, token, origin = _extend(logits.float(), logp, must_end, 2 * beam)  # (B, 2K): <eos> may take K of them
        ends = token == EOS
        _finish(done, open_, history, value[:, :beam], origin[:, :beam], ends[:, :beam], length_penalty)
        # The K best that go on: a stable sort puts those that end last.
        order = ends.long().argsort(dim=1, stable=True)[:, :beam]
        value = value.masked_fill(ends, _NEVER).gather(1, order)
        enough = torch.tensor([len(done[b]) >= patience * beam for b in open_.tolist()], device=device)
        stay = ~(enough | must_end | (value[:, 0] == _NEVER))
        if not bool(stay.any()):
            break
        rows = origin.gather(1, order)[stay].flatten()  # (R,) rows of the last step that live on
        ids, logp = token.gather(1, order)[stay].flatten(), value[stay]
        open_, limit = open_[stay], limit[stay]
        state = model.select(state, rows)
        history = torch.cat([history[rows], ids[:, None]], dim=1)
    return [sorted(found, key=lambda h: -h.score) for found in done]


def _extend(logits: Tensor, logp: Tensor, must_end: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The `most` best continuations of each sentence, best first.

    logits (R, V), logp (B, K), must_end (B,) -> log probability, token, row it continues: (B, most) each,
    or as many as there are. Overwrites `logits`.
    """
    batch, beams = logp.shape
    barred = logits[:, [PAD, BOS]]  # never produced, but part of the distribution
    logits[:, [PAD, BOS]] = _NEVER
    value, token = _top(logits, min(most, logits.size(1)))  # (R, n)
    logits[:, [PAD, BOS]] = barred
    end = logits[:, EOS].clone()
    highest = torch.maximum(value[:, :1], barred.amax(1, keepdim=True))
    total = highest + logits.sub_(highest).exp_().sum(-1, keepdim=True).log()
    if bool(must_end.any()):
        rows = must_end.repeat_interleave(beams)
        value[rows], value[rows, 0] = _NEVER, end[rows]
        token[rows, 0] = EOS
    value = value - total + logp.view(-1, 1)
    row = torch.arange(batch * beams, device=logits.device)[:, None].expand_as(token)
    value, token, row = value.view(batch, -1), token.view(batch, -1), row.reshape(batch, -1)
    best, index = value.topk(min(most, value.size(1)), dim=1)
    return best, token.gather(1, index), row.gather(1, index)


def _top(logits: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """`logits.topk(most)`, several times as fast on the CPU for a large vocabulary: (R, V) -> (R, most) twice.

    The `most` largest of a row lie in the `most` groups with the largest maxima.
    """
    rows, vocab = logits.shape
    groups = vocab // _GROUP
    if logits.device.type != "cpu" or groups < 2 * most:
        return logits.topk(most, dim=-1)
    even = logits[:, : groups * _GROUP].view(rows, groups, _GROUP)
    chosen = even.amax(-1).topk(most, dim=-1).indices  # (R, most)
    within = torch.arange(_GROUP)
    token = (chosen[:, :, None] * _GROUP + within).view(rows, -1)
    token = torch.cat([token, torch.arange(groups * _GROUP, vocab).expand(rows, -1)], dim=1)
    value, index = logits.gather(1, token).topk(most, dim=-1)
    return value, token.gather(1, index)


def _finish(
    done: list[list[Hypothesis]],
    open_: Tensor,
    history: Tensor,
    value: Tensor,
    origin: Tensor,
    ends: Tensor,
    length_penalty: float,
) -> None:
    """Add to `done` what ends now; value, origin and ends are (B, K)."""
    ends = ends & (value > _NEVER)
    if not bool(ends.any()):
        return
    sentence = open_[:, None].expand_as(ends)[ends].tolist()
    texts = history[origin[ends]].tolist()
    for b, ids, logp in zip(sentence, texts, value[ends].tolist(), strict=True):
        done[b].append(Hypothesis.of(ids, logp, length_penalty))

"""Beam search over anything that can take one step.

Shapes: B beams still open (one a sentence, or one a group of a sentence), K hypotheses of each, R = B * K rows,
V vocabulary, t steps so far.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

import torch
from torch import Tensor

from ..text.vocab import BOS, EOS, PAD
from .decoder import AVERAGE, Hypothesis, Normalize, StateT, StepDecoder
from .rules import NO_RULES, Rules, missing_tokens, next_tokens

_NEVER = float("-inf")
_GROUP = 64  # see _top


@torch.no_grad()
def beam_search(
    model: StepDecoder[StateT],
    source: Tensor,
    limits: list[int],
    *,
    beam: int,
    normalize: Normalize = AVERAGE,
    patience: float = 1.0,
    rules: Rules = NO_RULES,
    groups: int = 1,
    diversity: float = 0.0,
) -> list[list[Hypothesis]]:
    """The finished hypotheses of each sentence of `source` (B, S), best score first; greedy search if `beam` is 1.

    A hypothesis is finished when `<eos>` is among the `beam` best continuations of its sentence. A sentence
    is done, and leaves the batch, with `patience * beam` of them (Kasai et al. 2022, arXiv:2204.05424); with
    infinite patience and a wide enough beam the search is exhaustive. A sentence's output has at most
    `limits[b]` tokens, `<eos>` included (more where `rules` need them): there the open hypotheses must end.

    With several `groups` (which divide `beam`), a sentence has as many beams of beam / groups hypotheses: before
    ranking, each takes `diversity` off a token for every time that the groups before it chose it at this step
    (Vijayakumar et al. 2018, arXiv:1610.02424). Log probabilities stay the model's own. Whatever the rules say,
    open hypotheses end at their limit.
    """
    sentences, device, size = source.size(0), source.device, beam // groups
    done: list[list[Hypothesis]] = [[] for _ in range(sentences * groups)]
    open_ = torch.arange(sentences * groups, device=device)  # (B,) which beam the rows belong to
    limit = torch.tensor([max(n, rules.least) for n in limits], device=device).repeat_interleave(
        groups
    )
    last = int(limit.max()) if sentences else 0
    state = model.start(source)
    if groups > 1:
        state = model.select(state, open_ // groups)
    ids = torch.full((sentences * groups,), BOS, device=device)
    logp = torch.zeros(sentences * groups, 1, device=device)  # (B, K); K is 1 before the first step
    history = torch.empty(sentences * groups, 0, dtype=torch.long, device=device)  # (R, t)
    for t in range(1, last + 1):
        logits, state = model.step(ids, state)
        step = _Step(logits.float(), logp, history, limit - t)
        # <eos> may take K of the 2 K best.
        if groups > 1:
            value, token, origin = _by_groups(step, 2 * size, rules, open_, groups, diversity)
        else:
            value, token, origin = (_ruled if rules.follow_history else _free)(
                step, 2 * size, rules
            )
        ends = token == EOS
        _finish(done, open_, history, value[:, :size], origin[:, :size], ends[:, :size], normalize)
        # The K best that go on: a stable sort puts those that end last.
        order = ends.long().argsort(dim=1, stable=True)[:, :size]
        value = value.masked_fill(ends, _NEVER).gather(1, order)
        enough = torch.tensor(
            [len(done[b]) >= patience * size for b in open_.tolist()], device=device
        )
        stay = ~(enough | (limit == t) | (value[:, 0] == _NEVER))
        if not bool(stay.any()):
            break
        rows = origin.gather(1, order)[stay].flatten()  # (R,) rows of the last step that live on
        ids, logp = token.gather(1, order)[stay].flatten(), value[stay]
        open_, limit = open_[stay], limit[stay]
        state = model.select(state, rows)
        history = torch.cat([history[rows], ids[:, None]], dim=1)
    return [_united(done[b * groups : (b + 1) * groups]) for b in range(sentences)]


def _united(groups: list[list[Hypothesis]]) -> list[Hypothesis]:
    """What the groups of a sentence have found, which may be the same, best score first."""
    found = {tuple(h.ids): h for group in groups for h in group}
    return sorted(found.values(), key=lambda h: -h.score)


class _Step(NamedTuple):
    """What is known when hypotheses are about to grow."""

    logits: Tensor  # (R, V)
    logp: Tensor  # (B, K)
    history: Tensor  # (R, t - 1)
    left: Tensor  # (B,) how many tokens may follow the one to be chosen

    @property
    def must_end(self) -> Tensor:
        """(R,)"""
        return (self.left == 0).repeat_interleave(self.logp.size(1))


Choice = tuple[
    Tensor, Tensor, Tensor
]  # log probability, token, row it continues: (B, n) each, best first


def _free(step: _Step, most: int, rules: Rules) -> Choice:
    """The `most` best continuations of each beam, or as many as there are, of all but suppressed tokens.

    Overwrites the logits.
    """
    logits, never = step.logits, [PAD, BOS, *rules.suppress]
    barred = logits[:, never]  # never produced, but part of the distribution
    logits[:, never] = _NEVER
    value, token = _top(logits, min(most, logits.size(1)))  # (R, n)
    logits[:, never] = barred
    end = logits[:, EOS].clone()
    highest = torch.maximum(value[:, :1], barred.amax(1, keepdim=True))
    total = highest + logits.sub_(highest).exp_().sum(-1, keepdim=True).log()
    rows = step.must_end
    if bool(rows.any()):
        value[rows], value[rows, 0] = _NEVER, end[rows]
        token[rows, 0] = EOS
    return _merged(step, value - total, value - total, token, most)


def _ruled(step: _Step, most: int, rules: Rules, penalty: Tensor | None = None) -> Choice:
    """`_free` under rules; `penalty` (R, V) counts for the order only."""
    own = step.logits.log_softmax(-1).index_fill(
        1, step.logits.new_tensor([PAD, BOS], dtype=torch.long), _NEVER
    )
    forbidden, rows = rules.forbidden(step.history, own.size(1)), step.must_end
    allowed = own.clone() if forbidden is None else own.masked_fill(forbidden, _NEVER)
    allowed[rows] = _NEVER
    allowed[rows, EOS] = own[rows, EOS]
    token = _top(allowed if penalty is None else allowed - penalty, min(most, own.size(1)))[
        1
    ]  # (R, n)
    value = allowed.gather(1, token)
    if rules.phrases:  # which go before the other rules
        more = _steps_of_phrases(step.history, token.masked_fill(value == _NEVER, PAD), rules)
        value = torch.cat([value, own.gather(1, more).masked_fill(more == PAD, _NEVER)], 1)
        token = torch.cat([token, more], 1)
    rank = value if penalty is None else value - penalty.gather(1, token)
    return _merged(step, value, rank, token, most, rules)


def _merged(
    step: _Step, value: Tensor, rank: Tensor, token: Tensor, most: int, rules: Rules = NO_RULES
) -> Choice:
    """Of the continuations of each row (R, n), the `most` of each beam that rank highest."""
    batch, beams = step.logp.shape
    before = step.logp.view(-1, 1)
    value, rank = (value + before).view(batch, -1), (rank + before).view(batch, -1)
    row = (
        torch.arange(batch * beams, device=token.device)[:, None]
        .expand_as(token)
        .reshape(batch, -1)
    )
    token = token.view(batch, -1)
    if rules.phrases:
        rank = _dealt(step, rank, token, row, rules)
    index = rank.topk(min(most, rank.size(1)), dim=1).indices
    return (
        value.where(rank > _NEVER, _NEVER).gather(1, index),
        token.gather(1, index),
        row.gather(1, index),
    )


def _by_groups(
    step: _Step, most: int, rules: Rules, open_: Tensor, groups: int, diversity: float
) -> Choice:
    """`_ruled` for beams that are groups of sentences, one group after the other; beam b is group b % groups."""
    batch, beams = step.logp.shape
    shape = (batch, most)
    value, token, origin = (
        step.logp.new_full(shape, _NEVER),
        open_.new_full(shape, PAD),
        open_.new_zeros(shape),
    )
    taken = step.logits.new_zeros(
        int(open_.max()) // groups + 1, step.logits.size(1)
    )  # by the groups before
    for g in range(groups):
        mine = (open_ % groups == g).nonzero()[:, 0]
        if not mine.numel():
            continue
        rows = (mine[:, None] * beams + torch.arange(beams, device=mine.device)).flatten()
        part = _Step(step.logits[rows], step.logp[mine], step.history[rows], step.left[mine])
        sentence = open_[mine] // groups
        found = _ruled(part, most, rules, diversity * taken[sentence].repeat_interleave(beams, 0))
        width = found[0].size(1)
        value[mine, :width], token[mine, :width], origin[mine, :width] = (
            found[0],
            found[1],
            rows[found[2]],
        )
        kept = found[1][:, : most // 2]
        taken.index_put_(
            (sentence[:, None].expand_as(kept), kept), taken.new_ones(()), accumulate=True
        )
    return value, token, origin


def _steps_of_phrases(history: Tensor, token: Tensor, rules: Rules) -> Tensor:
    """Tokens that go on with a missing phrase and are not among `token` (R, n) already: (R, m), rest is padding."""
    wanted = [
        [i for i in next_tokens(ids, rules.phrases) if i not in known]
        if rules.beginning(ids) is None
        else []
        for ids, known in zip(history.tolist(), token.tolist(), strict=True)
    ]
    width = max(map(len, wanted))
    padded: list[list[int]] = [[*row, *[PAD] * (width - len(row))] for row in wanted]
    return torch.tensor(padded, dtype=torch.long, device=token.device)


def _dealt(step: _Step, rank: Tensor, token: Tensor, row: Tensor, rules: Rules) -> Tensor:
    """Ranks anew, (B, n), so that every stage of progress with the phrases keeps a place in the beam.

    Post & Vilar 2018 (dynamic beam allocation): continuations are dealt in turns, from those that need no further
    token of a phrase to those that need most. Those without room for every phrase, one after the other, are left out
    (so outputs at their limit in which phrases overlap can be missed).
    """
    again = torch.full_like(rank, _NEVER)
    histories, ranks, tokens, rows = (part.tolist() for part in (step.history, rank, token, row))
    for b, left in enumerate(step.left.tolist()):
        banks: dict[int, list[int]] = {}
        for i in sorted(
            (i for i, value in enumerate(ranks[b]) if value > _NEVER), key=lambda i: -ranks[b][i]
        ):
            ids, last = histories[rows[b][i]], tokens[b][i]
            need = missing_tokens(ids if last == EOS else [*ids, last], rules.phrases)
            if need == 0 if last == EOS else need < left:
                banks.setdefault(need, []).append(i)
        piles = [banks[need] for need in sorted(banks)]
        dealt = [i for turn in zip_longest(*piles) for i in turn if i is not None]
        again[b, dealt] = -torch.arange(len(dealt), dtype=again.dtype, device=again.device)
    return again


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
    normalize: Normalize,
) -> None:
    """Add to `done` what ends now; value, origin and ends are (B, K)."""
    ends = ends & (value > _NEVER)
    if not bool(ends.any()):
        return
    beam = open_[:, None].expand_as(ends)[ends].tolist()
    texts = history[origin[ends]].tolist()
    for b, ids, logp in zip(beam, texts, value[ends].tolist(), strict=True):
        done[b].append(Hypothesis.of(ids, logp, normalize))

"""Beam search over anything that can take one step.

Shapes: B open beams (one for each sentence, or one for each group of a sentence), K hypotheses in
each, R = B * K rows, n continuations, V vocabulary, t tokens so far.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..text.vocab import BOS, EOS, PAD
from .decoder import AVERAGE, Hypothesis, Normalize, StateT, StepDecoder
from .phrases import next_tokens, rank_by_phrases
from .rules import NO_RULES, Rules

_NEVER = float("-inf")
_BLOCK = 64  # see _top


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
    """The finished hypotheses of each sentence of `source` (B, S), best score first.

    A hypothesis is finished when `<eos>` is among the `beam` best continuations of its sentence. A
    sentence is done, and leaves the batch, once it has `patience * beam` of them (Kasai et al.
    2022, arXiv:2204.05424). A `beam` of 1 is greedy search; with infinite patience and a wide
    enough beam the search is exhaustive.

    The output of sentence b has at most `limits[b]` tokens, `<eos>` included, or as many as `rules`
    need; at that length open hypotheses end, whatever the rules say.

    `groups` must divide `beam`. With several, a sentence has that many beams of beam / groups
    hypotheses, which avoid each other: for the ranking only, a token loses `diversity` for each
    time that earlier groups have chosen it at this step (Vijayakumar et al. 2018,
    arXiv:1610.02424).
    """
    size = beam // groups
    most = 2 * size  # <eos> may take half of them
    longest = [max(limit, rules.least) for limit in limits]
    finished: list[list[Hypothesis]] = [[] for _ in range(len(limits) * groups)]

    open_ = _all_beams(longest, groups, source.device)
    state = model.start(source)
    if groups > 1:
        state = model.select(state, open_.beam // groups)

    for t in range(1, max(longest, default=0) + 1):
        logits, state = model.step(open_.ids, state)
        step = _Step(logits.float(), open_.logp, open_.history, open_.limit - t)

        if groups > 1:
            found = _by_groups(step, most, rules, open_.beam, groups, diversity)
        elif rules.follow_history:
            found = _with_rules(step, most, rules)
        else:
            found = _without_rules(step, most, rules.suppress)
        ends = found.token == EOS
        _finish(finished, open_, found, ends, size, normalize)

        at_limit = open_.limit == t
        has_enough = _have(patience * size, finished, open_.beam)
        grown = _grow(open_, found, ends, size, stop=at_limit | has_enough)
        if grown is None:
            break
        open_, selected_rows = grown
        state = model.select(state, selected_rows)

    starts = range(0, len(finished), groups)
    return [_best_first(finished[start : start + groups]) for start in starts]


class _Beams(NamedTuple):
    """The beams still open."""

    beam: Tensor  # (B,) sentence * groups + group
    limit: Tensor  # (B,) most tokens of an output, <eos> included
    ids: Tensor  # (R,) last tokens
    logp: Tensor  # (B, K); K is 1 before the first step
    history: Tensor  # (R, t)


class _Step(NamedTuple):
    """What the next tokens are chosen by."""

    logits: Tensor  # (R, V)
    logp: Tensor  # (B, K)
    history: Tensor  # (R, t - 1)
    left: Tensor  # (B,) how many tokens may follow the next one

    @property
    def must_end(self) -> Tensor:
        """(R,)"""
        return (self.left == 0).repeat_interleave(self.logp.size(1))


class _Continuations(NamedTuple):
    """Ways to continue each beam, best first: (B, n) each."""

    logp: Tensor  # of the whole hypothesis; -inf where there is none
    token: Tensor
    row: Tensor  # the row it continues

    def first(self, n: int) -> _Continuations:
        """The `n` best."""
        return _Continuations(self.logp[:, :n], self.token[:, :n], self.row[:, :n])

    def pick(self, index: Tensor) -> _Continuations:
        """Those at `index` (B, n') of each beam."""
        logp = self.logp.gather(1, index)
        token = self.token.gather(1, index)
        row = self.row.gather(1, index)
        return _Continuations(logp, token, row)


def _all_beams(limits: list[int], groups: int, device: torch.device) -> _Beams:
    """Before the first step."""
    beams = len(limits) * groups
    return _Beams(
        beam=torch.arange(beams, device=device),
        limit=torch.tensor(limits, device=device).repeat_interleave(groups),
        ids=torch.full((beams,), BOS, device=device),
        logp=torch.zeros(beams, 1, device=device),
        history=torch.empty(beams, 0, dtype=torch.long, device=device),
    )


def _finish(
    finished: list[list[Hypothesis]],
    open_: _Beams,
    found: _Continuations,
    ends: Tensor,
    size: int,
    normalize: Normalize,
) -> None:
    """Add to `finished` the hypotheses that end among the `size` best of each beam."""
    best = found.first(size)
    ending = ends[:, :size] & (best.logp > _NEVER)
    if not bool(ending.any()):
        return

    beams = open_.beam[:, None].expand_as(ending)[ending].tolist()
    rows = best.row[ending]
    outputs = open_.history[rows].tolist()
    logps = best.logp[ending].tolist()
    for beam, ids, logp in zip(beams, outputs, logps, strict=True):
        hypothesis = Hypothesis.of(ids, logp, normalize)
        finished[beam].append(hypothesis)


def _have(enough: float, finished: list[list[Hypothesis]], beam: Tensor) -> Tensor:
    """(B,) Whether each beam has finished so many hypotheses."""
    counts = [len(finished[number]) for number in beam.tolist()]
    return torch.tensor([count >= enough for count in counts], device=beam.device)


def _grow(
    open_: _Beams, found: _Continuations, ends: Tensor, size: int, *, stop: Tensor
) -> tuple[_Beams, Tensor] | None:
    """The beams after this step, and the rows (R,) of the last one they go on from.

    Each goes on with its `size` best continuations that do not end; beams at which `stop` (B,) is
    True, or that have none, do not. None if all have stopped.
    """
    # A stable sort by whether they end keeps the rest in order.
    order = ends.long().argsort(dim=1, stable=True)[:, :size]
    unfinished = found.logp.masked_fill(ends, _NEVER)
    going_on = found._replace(logp=unfinished).pick(order)

    has_none = going_on.logp[:, 0] == _NEVER
    stay = ~(stop | has_none)
    if not bool(stay.any()):
        return None

    rows = going_on.row[stay].flatten()
    ids = going_on.token[stay].flatten()
    history = torch.cat([open_.history[rows], ids[:, None]], dim=1)
    logp = going_on.logp[stay]
    return _Beams(open_.beam[stay], open_.limit[stay], ids, logp, history), rows


def _best_first(groups: list[list[Hypothesis]]) -> list[Hypothesis]:
    """The hypotheses of a sentence; several groups may have found the same."""
    by_output: dict[tuple[int, ...], Hypothesis] = {}
    for group in groups:
        by_output |= {tuple(hypothesis.ids): hypothesis for hypothesis in group}
    return sorted(by_output.values(), key=lambda hypothesis: -hypothesis.score)


# continuations


def _without_rules(step: _Step, most: int, suppress: frozenset[int]) -> _Continuations:
    """The `most` best continuations of each beam, or as many as there are.

    Quicker than `_with_rules`: the log-softmax is taken of the chosen tokens only. Overwrites the
    logits.
    """
    logits = step.logits
    never = [PAD, BOS, *suppress]
    barred = logits[:, never]  # never produced, but part of the distribution
    logits[:, never] = _NEVER
    value, token = _top(logits, min(most, logits.size(1)))  # (R, n)
    logits[:, never] = barred

    end = logits[:, EOS].clone()
    highest = torch.maximum(value[:, :1], barred.amax(1, keepdim=True))
    total = highest + logits.sub_(highest).exp_().sum(-1, keepdim=True).log()

    must_end = step.must_end
    if bool(must_end.any()):
        value[must_end] = _NEVER
        value[must_end, 0] = end[must_end]
        token[must_end, 0] = EOS
    logp = (value - total) + step.logp.view(-1, 1)
    return _best_of_beams(step, logp, logp, token, most)


def _with_rules(
    step: _Step, most: int, rules: Rules, penalty: Tensor | None = None
) -> _Continuations:
    """`_without_rules`, but with rules; `penalty` (R, V) is taken off for the ranking only."""
    logp = step.logits.log_softmax(-1)
    logp[:, [PAD, BOS]] = _NEVER
    allowed = _allowed(step, logp, rules)

    ranked_by = allowed if penalty is None else allowed - penalty
    token = _top(ranked_by, min(most, logp.size(1)))[1]  # (R, n)
    value = allowed.gather(1, token)

    if rules.phrases:  # which go before the other rules
        known = token.masked_fill(value == _NEVER, PAD)
        more = _continuing_phrases(step.history, known, rules)
        value_of_more = logp.gather(1, more).masked_fill(more == PAD, _NEVER)
        value = torch.cat([value, value_of_more], 1)
        token = torch.cat([token, more], 1)

    rank = value if penalty is None else value - penalty.gather(1, token)
    before = step.logp.view(-1, 1)
    return _best_of_beams(step, value + before, rank + before, token, most, rules)


def _allowed(step: _Step, logp: Tensor, rules: Rules) -> Tensor:
    """Log probabilities (R, V), -inf for what may not follow."""
    forbidden = rules.forbidden(step.history, logp.size(1))
    allowed = logp.clone() if forbidden is None else logp.masked_fill(forbidden, _NEVER)

    must_end = step.must_end
    allowed[must_end] = _NEVER
    allowed[must_end, EOS] = logp[must_end, EOS]
    return allowed


def _best_of_beams(
    step: _Step,
    logp: Tensor,
    rank: Tensor,
    token: Tensor,
    most: int,
    rules: Rules = NO_RULES,
) -> _Continuations:
    """Of the continuations of each row, (R, n) each, the `most` of each beam that rank highest."""
    rows = torch.arange(len(token), device=token.device)
    row = rows[:, None].expand_as(token)
    beams = len(step.logp)
    found = _Continuations(logp.view(beams, -1), token.view(beams, -1), row.reshape(beams, -1))
    rank = rank.view(beams, -1)
    if rules.phrases:
        rank = rank_by_phrases(rank, found.token, found.row, step.history, step.left, rules.phrases)

    possible = found.logp.where(rank > _NEVER, _NEVER)
    best = rank.topk(min(most, rank.size(1)), dim=1).indices
    return found._replace(logp=possible).pick(best)


def _top(logits: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """`logits.topk(most)`, faster on the CPU for a large vocabulary: (R, V) -> (R, most) twice.

    The `most` largest values of a row lie in the `most` blocks with the largest maxima.
    """
    rows, vocab = logits.shape
    blocks = vocab // _BLOCK
    if logits.device.type != "cpu" or blocks < 2 * most:
        return logits.topk(most, dim=-1)

    in_blocks = logits[:, : blocks * _BLOCK].view(rows, blocks, _BLOCK)
    maxima = in_blocks.amax(-1)
    chosen = maxima.topk(most, dim=-1).indices  # (R, most)

    within = torch.arange(_BLOCK)
    in_chosen = (chosen[:, :, None] * _BLOCK + within).view(rows, -1)
    rest = torch.arange(blocks * _BLOCK, vocab).expand(rows, -1)
    token = torch.cat([in_chosen, rest], dim=1)

    value, index = logits.gather(1, token).topk(most, dim=-1)
    return value, token.gather(1, index)


# groups


def _by_groups(
    step: _Step, most: int, rules: Rules, beam: Tensor, groups: int, diversity: float
) -> _Continuations:
    """`_with_rules` for one group of each sentence after the other; `beam` (B,) as in `_Beams`."""
    beams, width = step.logp.shape
    shape = (beams, most)
    found = _Continuations(
        logp=step.logp.new_full(shape, _NEVER),
        token=beam.new_full(shape, PAD),
        row=beam.new_zeros(shape),
    )
    sentence_of_beam = beam // groups
    sentences = int(sentence_of_beam.max()) + 1
    times_chosen = step.logits.new_zeros(sentences, step.logits.size(1))  # by earlier groups

    for group in range(groups):
        mine = (beam % groups == group).nonzero()[:, 0]  # (b,) beams of this group
        if not mine.numel():
            continue
        rows = (mine[:, None] * width + torch.arange(width, device=mine.device)).flatten()
        part = _Step(step.logits[rows], step.logp[mine], step.history[rows], step.left[mine])
        sentence = sentence_of_beam[mine]
        penalty = diversity * times_chosen[sentence].repeat_interleave(width, 0)

        own = _with_rules(part, most, rules, penalty)
        n = own.token.size(1)
        found.logp[mine, :n] = own.logp
        found.token[mine, :n] = own.token
        found.row[mine, :n] = rows[own.row]

        chosen = own.token[:, : most // 2]
        times_chosen.index_put_(
            (sentence[:, None].expand_as(chosen), chosen),
            times_chosen.new_ones(()),
            accumulate=True,
        )
    return found


# phrases


def _continuing_phrases(history: Tensor, known: Tensor, rules: Rules) -> Tensor:
    """Tokens that continue a missing phrase and are not among `known` (R, n): padded (R, m)."""
    more = [
        _continuing_phrase(ids, tokens, rules)
        for ids, tokens in zip(history.tolist(), known.tolist(), strict=True)
    ]
    width = max(len(tokens) for tokens in more)
    padded = [tokens + [PAD] * (width - len(tokens)) for tokens in more]
    return torch.tensor(padded, dtype=torch.long, device=known.device)


def _continuing_phrase(ids: list[int], known: list[int], rules: Rules) -> list[int]:
    if rules.beginning(ids) is not None:
        return []
    return [token for token in next_tokens(ids, rules.phrases) if token not in known]

"""Beam search over anything that can take one step.

Shapes: B open beams (one for each sentence, or one for each group of a sentence), K hypotheses in
each, R = B * K rows, n continuations, V vocabulary, t tokens so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import WrongValue
from ..text.vocab import BOS, EOS
from .continuations import NEVER, Continuations, Step, best_continuations, by_groups
from .decoder import StateT, StepDecoder
from .fusion import Fused, Fusion
from .hypothesis import AVERAGE, Hypothesis, Normalize
from .phrases import Phrases
from .rules import NO_RULES, Rules


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
    fusion: Fusion | None = None,
    phrases: Sequence[Phrases] = (),
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
    arXiv:1610.02424). With `fusion`, a language model takes part in all ranking. `phrases` (B) must
    occur in the outputs of each sentence, besides those of `rules`.
    """
    _check_beam(beam, groups, patience)
    size = beam // groups
    most = 2 * size  # <eos> may take half of them
    enough = patience * size
    demanded, longest = _demands(rules, phrases, limits)

    finished: list[list[Hypothesis]] = [[] for _ in range(len(limits) * groups)]
    open_ = _all_beams(longest, groups, source.device)
    fused = Fused(model, fusion)
    state = fused.start(source, groups)

    for t in range(1, max(longest, default=0) + 1):
        logits, added, state = fused.step(open_.ids, state)
        left = open_.limit - t
        of_beams = [demanded[i // groups] for i in open_.beam.tolist()] if demanded else []
        step = Step(logits.float(), open_.logp, open_.history, left, added, of_beams)

        found = _continuations(step, open_, most, rules, groups, diversity)
        ends = found.token == EOS
        stop = left == 0
        if _finish(finished, open_, found.first(size), ends[:, :size], normalize, fusion):
            stop |= _have(enough, finished, open_.beam)

        grown = _grow(open_, found, ends, size, stop=stop)
        if grown is None:
            break
        open_, selected_rows = grown
        state = fused.select(state, selected_rows)

    return _by_sentence(finished, groups)


def _demands(
    rules: Rules, phrases: Sequence[Phrases], limits: list[int]
) -> tuple[list[Phrases], list[int]]:
    """The phrases that each sentence must have, [] if none must, and its greatest length."""
    own_rules = [rules.with_phrases(own) for own in phrases] or [rules] * len(limits)
    longest = [max(limit, own.least) for limit, own in zip(limits, own_rules, strict=True)]
    demanded = [own.phrases for own in own_rules]
    return (demanded if any(demanded) else []), longest


def _check_beam(beam: int, groups: int, patience: float) -> None:
    if beam < 1 or groups < 1:
        raise WrongValue(f"a beam needs a hypothesis or more: beam = {beam}, groups = {groups}")
    if beam % groups:
        raise WrongValue(f"groups = {groups} must divide beam = {beam}")
    if not patience > 0:
        raise WrongValue(f"patience = {patience} must be more than 0")


class _Beams(NamedTuple):
    """The beams still open."""

    beam: Tensor  # (B,) sentence * groups + group
    limit: Tensor  # (B,) most tokens of an output, <eos> included
    ids: Tensor  # (R,) last tokens
    logp: Tensor  # (B, K); K is 1 before the first step
    history: Tensor  # (R, t)
    added: Tensor  # (R,) of the log probabilities, what a language model added


def _all_beams(limits: list[int], groups: int, device: torch.device) -> _Beams:
    """Before the first step."""
    beams = len(limits) * groups
    limit = torch.tensor(limits, device=device)
    return _Beams(
        beam=torch.arange(beams, device=device),
        limit=limit.repeat_interleave(groups),
        ids=torch.full((beams,), BOS, device=device),
        logp=torch.zeros(beams, 1, device=device),
        history=torch.empty(beams, 0, dtype=torch.long, device=device),
        added=torch.zeros(beams, device=device),
    )


def _continuations(
    step: Step, open_: _Beams, most: int, rules: Rules, groups: int, diversity: float
) -> Continuations:
    """The `most` best of each beam, with what a language model has added to them."""
    if groups > 1:
        found = by_groups(step, most, rules, open_.beam, groups, diversity)
    else:
        found = best_continuations(step, most, rules)

    if step.added is None:
        return found
    return found.with_added(open_.added, step.added)


def _finish(
    finished: list[list[Hypothesis]],
    open_: _Beams,
    best: Continuations,
    ends: Tensor,
    normalize: Normalize,
    fusion: Fusion | None,
) -> bool:
    """Add to `finished` the hypotheses that end, of the best of each beam; False if none does."""
    possible = best.logp > NEVER
    ending = ends & possible
    if not bool(ending.any()):
        return False

    beam_of_each = open_.beam[:, None].expand_as(ending)
    beams = beam_of_each[ending].tolist()
    rows = best.row[ending]
    outputs = open_.history[rows].tolist()
    logps = best.logp[ending].tolist()

    if best.added is None or fusion is None:
        for beam, ids, logp in zip(beams, outputs, logps, strict=True):
            finished[beam].append(Hypothesis.of(ids, logp, normalize))
        return True

    of_lm = best.added[ending].tolist()
    for beam, ids, logp, added in zip(beams, outputs, logps, of_lm, strict=True):
        hypothesis = Hypothesis.fused(ids, logp, added, normalize, fusion.weight)
        finished[beam].append(hypothesis)
    return True


def _have(enough: float, finished: list[list[Hypothesis]], beam: Tensor) -> Tensor:
    """(B,) Whether each beam has finished `enough` hypotheses."""
    numbers = beam.tolist()
    counts = [len(finished[number]) for number in numbers]
    done = [count >= enough for count in counts]
    return torch.tensor(done, device=beam.device)


def _grow(
    open_: _Beams, found: Continuations, ends: Tensor, size: int, *, stop: Tensor
) -> tuple[_Beams, Tensor] | None:
    """The beams after this step, and the rows (R,) of the last one they go on from.

    Each goes on with its `size` best continuations that do not end; beams at which `stop` (B,) is
    True, or that have none, do not. None if all have stopped.
    """
    # A stable sort by whether they end keeps the rest in order.
    order = ends.long().argsort(dim=1, stable=True)
    logp = found.logp.masked_fill(ends, NEVER)
    unfinished = found._replace(logp=logp)
    going_on = unfinished.pick(order[:, :size])

    highest = going_on.logp[:, 0]
    has_none = highest == NEVER
    stay = ~(stop | has_none)
    staying = int(stay.sum())
    if not staying:
        return None

    beam, limit = open_.beam, open_.limit
    if staying < len(stay):
        beam, limit = beam[stay], limit[stay]
        going_on = going_on.of_beams(stay)

    rows = going_on.row.flatten()
    ids = going_on.token.flatten()
    so_far = open_.history[rows]
    added = open_.added[rows] if going_on.added is None else going_on.added.flatten()
    grown = _Beams(
        beam=beam,
        limit=limit,
        ids=ids,
        logp=going_on.logp,
        history=torch.cat([so_far, ids[:, None]], dim=1),
        added=added,
    )
    return grown, rows


def _by_sentence(finished: list[list[Hypothesis]], groups: int) -> list[list[Hypothesis]]:
    """Of each beam -> of each sentence, which has `groups` beams, best first"""
    firsts = range(0, len(finished), groups)
    by_sentence = [finished[first : first + groups] for first in firsts]
    return [_best_first(of_groups) for of_groups in by_sentence]


def _best_first(groups: list[list[Hypothesis]]) -> list[Hypothesis]:
    """The hypotheses of a sentence; several groups may have found the same."""
    by_output: dict[tuple[int, ...], Hypothesis] = {}
    for group in groups:
        for hypothesis in group:
            output = tuple(hypothesis.ids)
            by_output[output] = hypothesis

    hypotheses = by_output.values()
    return sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)

"""Beam search over anything that can take one step.

Shapes: B open beams (one for each sentence, or one for each group of a sentence), K hypotheses in
each, R = B * K rows, n continuations, V vocabulary, t tokens so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import WrongValue
from ..text.vocab import BOS, EOS
from .continuations import NEVER, Step, Ways, best_continuations, by_groups
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
        of_beams = [demanded[beam // groups] for beam in open_.beam] if demanded else []
        step = _step(open_, t, logits, added, of_beams)

        found = _continuations(step, open_, most, rules, groups, diversity)
        _finish(finished, open_, found, size, normalize, fusion)
        done = [
            t == limit or len(finished[beam]) >= enough
            for beam, limit in zip(open_.beam, open_.limit, strict=True)
        ]

        grown = _grow(open_, found, size, done)
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
    """The beams still open. What the model does not need is in plain lists: they are small."""

    beam: list[int]  # (B,) sentence * groups + group
    limit: list[int]  # (B,) most tokens of an output, <eos> included
    ids: Tensor  # (R,) last tokens
    logp: Tensor  # (B, K); K is 1 before the first step
    history: NDArray[np.int64]  # (R, t)
    added: Tensor  # (R,) of the log probabilities, what a language model added


def _all_beams(limits: list[int], groups: int, device: torch.device) -> _Beams:
    """Before the first step."""
    beams = len(limits) * groups
    return _Beams(
        beam=list(range(beams)),
        limit=[limit for limit in limits for _ in range(groups)],
        ids=torch.full((beams,), BOS, device=device),
        logp=torch.zeros(beams, 1, device=device),
        history=np.empty((beams, 0), np.int64),
        added=torch.zeros(beams, device=device),
    )


def _step(
    open_: _Beams, t: int, logits: Tensor, added: Tensor | None, phrases: Sequence[Phrases]
) -> Step:
    """What token number `t` is chosen by; `phrases` (B) are those of the open beams."""
    history = torch.from_numpy(open_.history).to(logits.device)
    left = [limit - t for limit in open_.limit]
    return Step(logits.float(), open_.logp, history, left, added, phrases)


def _continuations(
    step: Step, open_: _Beams, most: int, rules: Rules, groups: int, diversity: float
) -> Ways:
    """The `most` best of each beam, with what a language model has added to them."""
    if groups > 1:
        found = by_groups(step, most, rules, open_.beam, groups, diversity)
    else:
        found = best_continuations(step, most, rules)

    if step.added is not None:
        found = found.with_added(open_.added, step.added)
    return found.ways()


def _finish(
    finished: list[list[Hypothesis]],
    open_: _Beams,
    found: Ways,
    size: int,
    normalize: Normalize,
    fusion: Fusion | None,
) -> None:
    """Add to `finished` the hypotheses that end, of the `size` best of each beam."""
    for i, beam in enumerate(open_.beam):
        best = found.token[i][:size]
        ending = [place for place, token in enumerate(best) if token == EOS]

        for place in ending:
            logp = found.logp[i][place]
            if not logp > NEVER:
                continue
            row = found.row[i][place]
            ids = open_.history[row].tolist()
            if fusion is None:
                hypothesis = Hypothesis.of(ids, logp, normalize)
            else:
                added = found.added[i][place]
                hypothesis = Hypothesis.fused(ids, logp, added, normalize, fusion.weight)
            finished[beam].append(hypothesis)


def _grow(open_: _Beams, found: Ways, size: int, done: list[bool]) -> tuple[_Beams, Tensor] | None:
    """The beams after this step, and the rows (R,) of the last one they go on from.

    Each goes on with its `size` best continuations that do not end; beams that are `done` (B,), or
    that have none, do not. None if all have stopped. Changes `found`.
    """
    for i, tokens in enumerate(found.token):
        if EOS in tokens:
            _put_ends_last(found, i)

    going_on = [i for i, logp in enumerate(found.logp) if not done[i] and logp[0] != NEVER]
    if not going_on:
        return None

    logp = np.array([found.logp[i][:size] for i in going_on], np.float32)  # (B, K)
    ids = np.array([found.token[i][:size] for i in going_on]).ravel()
    rows = np.array([found.row[i][:size] for i in going_on]).ravel()
    added = np.array([found.added[i][:size] for i in going_on], np.float32).ravel()
    history = np.concatenate([open_.history[rows], ids[:, None]], axis=1)

    device = open_.ids.device
    grown = _Beams(
        beam=[open_.beam[i] for i in going_on],
        limit=[open_.limit[i] for i in going_on],
        ids=torch.from_numpy(ids).to(device),
        logp=torch.from_numpy(logp).to(device),
        history=history,
        added=torch.from_numpy(added).to(device),
    )
    return grown, torch.from_numpy(rows).to(device)


def _put_ends_last(found: Ways, beam: int) -> None:
    """Hypotheses that end do not go on: what is left keeps its order, and they cannot be chosen."""
    tokens = found.token[beam]
    ends = [token == EOS for token in tokens]
    order = sorted(range(len(tokens)), key=lambda place: ends[place])

    logp, row, added = found.logp[beam], found.row[beam], found.added[beam]
    found.logp[beam] = [NEVER if ends[place] else logp[place] for place in order]
    found.token[beam] = [tokens[place] for place in order]
    found.row[beam] = [row[place] for place in order]
    if added:
        found.added[beam] = [added[place] for place in order]


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

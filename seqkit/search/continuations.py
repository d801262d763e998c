"""The best ways to continue the beams of a search by one token.

Shapes: B open beams, K hypotheses in each, R = B * K rows, n continuations, V vocabulary, t tokens
so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import WrongValue
from ..text.vocab import BOS, EOS, PAD
from .compiled import best_by_library
from .phrases import Phrases, next_tokens, rank_by_phrases
from .rules import Rules

NEVER = float("-inf")
_BLOCK = 64  # see top


class Step(NamedTuple):
    """What the next tokens are chosen by."""

    logits: Tensor  # (R, V)
    logp: Tensor  # (B, K)
    history: Tensor  # (R, t - 1)
    left: list[int]  # (B,) how many tokens may follow the next one
    added: Tensor | None = None  # (R, V) what a language model adds to log probabilities
    phrases: Sequence[Phrases] = ()  # (B) that the outputs of each beam must have; () if none must

    @property
    def must_end(self) -> Tensor:
        """(R,)"""
        at_limit = torch.tensor(self.left, device=self.logp.device) == 0
        width = self.logp.size(1)
        return at_limit.repeat_interleave(width)

    def part(self, beams: Tensor, rows: Tensor) -> Step:
        """Of some `beams` (b,) only, and their `rows` (b * K,)."""
        logits = self.logits[rows]
        logp = self.logp[beams]
        history = self.history[rows]
        numbers = beams.tolist()
        left = [self.left[beam] for beam in numbers]
        added = None if self.added is None else self.added[rows]
        phrases = [self.phrases[beam] for beam in numbers] if self.phrases else ()
        return Step(logits, logp, history, left, added, phrases)


class Continuations(NamedTuple):
    """Ways to continue each beam, best first: (B, n) each."""

    logp: Tensor  # of the whole hypothesis; -inf where there is none
    token: Tensor
    row: Tensor  # the row it continues
    added: Tensor | None = None  # what a language model has added to the whole hypothesis

    def with_added(self, before: Tensor, added: Tensor) -> Continuations:
        """With what was added to each row (R,), and is to each of its next tokens (R, V)."""
        total = before[self.row] + added[self.row, self.token]
        return self._replace(added=total)

    def pick(self, index: Tensor) -> Continuations:
        """Those at `index` (B, n') of each beam."""
        logp = self.logp.gather(1, index)
        token = self.token.gather(1, index)
        row = self.row.gather(1, index)
        added = None if self.added is None else self.added.gather(1, index)
        return Continuations(logp, token, row, added)

    def ways(self) -> Ways:
        """The same as lists."""
        logp = self.logp.tolist()
        added = [[] for _ in logp] if self.added is None else self.added.tolist()
        return Ways(logp, self.token.tolist(), self.row.tolist(), added)


class Ways(NamedTuple):
    """`Continuations` as lists."""

    logp: list[list[float]]
    token: list[list[int]]
    row: list[list[int]]
    added: list[list[float]]  # [] of each beam where nothing is


def best_continuations(step: Step, most: int, rules: Rules) -> Continuations:
    """The `most` best continuations of each beam, or as many as there are.

    Raises `WrongValue` if a token that is not to be produced is none of the vocabulary.
    """
    _check_suppressed(rules.suppress, step.logits.size(1))
    if rules.follow_history or step.phrases or step.added is not None:
        return _with_rules(step, most, rules)
    return _without_rules(step, most, rules.suppress)


@lru_cache(maxsize=16)
def _check_suppressed(suppress: frozenset[int], vocab: int) -> None:
    for token in suppress:
        if not 0 <= token < vocab:
            raise WrongValue(f"suppress: {token} is none of the {vocab:,} tokens")


def _without_rules(step: Step, most: int, suppress: frozenset[int]) -> Continuations:
    """Quicker than `_with_rules`: a beam's best are looked for among all that its rows may do."""
    found = best_by_library(step.logits, step.logp, step.left, most, suppress)
    return without_rules(step, most, suppress) if found is None else Continuations(*found)


def without_rules(step: Step, most: int, suppress: frozenset[int]) -> Continuations:
    """The twin of `best_by_library`. Which of equals is better is as torch has it: not defined."""
    logp = step.logits.log_softmax(-1)
    never = _never_produced(suppress, logp.device)
    logp.index_fill_(1, never, NEVER)  # which is part of the distribution

    if 0 in step.left:
        must_end = step.must_end
        end = logp[must_end, EOS]
        logp[must_end] = NEVER
        logp[must_end, EOS] = end

    return _top_of_beams(logp, step.logp, most)


@lru_cache(maxsize=16)
def _never_produced(suppress: frozenset[int], device: torch.device) -> Tensor:
    return torch.tensor([PAD, BOS, *suppress], device=device)


def _with_rules(
    step: Step, most: int, rules: Rules, penalty: Tensor | None = None
) -> Continuations:
    """With any rules; `penalty` (R, V) is taken off for the ranking only."""
    logp = step.logits.log_softmax(-1)
    if step.added is not None:
        logp += step.added
    logp[:, [PAD, BOS]] = NEVER
    allowed = _allowed(step, logp, rules)
    count = min(most, logp.size(1))

    ranked_by = allowed if penalty is None else allowed - penalty
    _, token = top(ranked_by, count)  # (R, n)
    value = allowed.gather(1, token)

    if step.phrases:  # which go before the other rules
        impossible = value == NEVER
        known = token.masked_fill(impossible, PAD)
        more, value_of_more = _continuing_phrases(step, known, logp, rules)
        token = torch.cat([token, more], 1)
        value = torch.cat([value, value_of_more], 1)

    own_rank = value
    if penalty is not None:
        own_rank = value - penalty.gather(1, token)

    before = step.logp.view(-1, 1)
    logp = value + before
    rank = own_rank + before
    return _best_of_beams(step, logp, rank, token, most)


def _allowed(step: Step, logp: Tensor, rules: Rules) -> Tensor:
    """Log probabilities (R, V), -inf for what may not follow."""
    vocab = logp.size(1)
    forbidden = rules.forbidden(step.history, vocab)
    allowed = logp.clone() if forbidden is None else logp.masked_fill(forbidden, NEVER)

    must_end = step.must_end
    allowed[must_end] = NEVER
    end = logp[must_end, EOS]
    allowed[must_end, EOS] = end
    return allowed


def _best_of_beams(
    step: Step,
    logp: Tensor,
    rank: Tensor,
    token: Tensor,
    most: int,
) -> Continuations:
    """Of the continuations of each row, (R, n) each, the `most` of each beam that rank highest."""
    rows = torch.arange(len(token), device=token.device)
    row = rows[:, None]
    row = row.expand_as(token)

    beams = len(step.logp)
    logp = logp.view(beams, -1)
    rank = rank.view(beams, -1)
    token = token.view(beams, -1)
    row = row.reshape(beams, -1)
    if step.phrases:
        rank = rank_by_phrases(rank, token, row, step.history, step.left, step.phrases)

    ranked = rank > NEVER
    possible = logp.where(ranked, NEVER)
    found = Continuations(possible, token, row)

    count = min(most, rank.size(1))
    best = rank.topk(count, dim=1)
    return found.pick(best.indices)


def top(logits: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """`logits.topk(most)`, faster on the CPU for a large vocabulary: (R, V) -> (R, most) twice."""
    found = _top_of_beams(logits, logits.new_zeros(len(logits), 1), most)
    return found.logp, found.token


def _top_of_beams(logp: Tensor, before: Tensor, most: int) -> Continuations:
    """The `most` likeliest continuations of each beam, or as many as there are.

    Given those of each row's next tokens (R, V), and of its tokens so far, `before` (B, K).
    """
    rows, vocab = logp.shape
    beams, width = before.shape
    most = min(most, width * vocab)
    if logp.device.type == "cpu" and vocab // _BLOCK * width >= 2 * most:
        return _top_by_blocks(logp, before, most)

    total = logp.view(beams, width, vocab) + before[:, :, None]
    value, index = total.view(beams, -1).topk(most, dim=1)
    first_row = torch.arange(0, rows, width, device=logp.device)[:, None]
    row = index.div(vocab, rounding_mode="floor") + first_row
    return Continuations(value, index % vocab, row)


def _top_by_blocks(logp: Tensor, before: Tensor, most: int) -> Continuations:
    """The same: a beam's `most` largest values lie in the `most` blocks with the largest maxima."""
    rows, vocab = logp.shape
    beams, width = before.shape
    maxima = _maxima_of_blocks(logp) + before.view(-1, 1)  # (R, blocks)
    blocks = maxima.size(1)

    _, chosen = maxima.view(beams, -1).topk(most, dim=1)  # (B, most)
    row_of_beam = chosen.div(blocks, rounding_mode="floor")
    block = chosen - row_of_beam * blocks
    row = row_of_beam + torch.arange(0, rows, width)[:, None]

    token = (block * _BLOCK)[:, :, None] + torch.arange(_BLOCK)  # (B, most, _BLOCK)
    place = (row * vocab)[:, :, None] + token
    if blocks * _BLOCK > vocab:  # the last block is a short one
        place.clamp_max_(rows * vocab - 1)
    value = logp.view(-1)[place] + before.gather(1, row_of_beam)[:, :, None]
    if blocks * _BLOCK > vocab:
        value.masked_fill_(token >= vocab, NEVER)

    best, index = value.view(beams, -1).topk(most, dim=1)
    return Continuations(
        logp=best,
        token=token.view(beams, -1).gather(1, index),
        row=row.gather(1, index.div(_BLOCK, rounding_mode="floor")),
    )


def _maxima_of_blocks(logp: Tensor) -> Tensor:
    """(R, V) -> (R, blocks), the last of what is left of the vocabulary"""
    rows, vocab = logp.shape
    blocks = vocab // _BLOCK
    divided = blocks * _BLOCK
    maxima = logp[:, :divided].view(rows, blocks, _BLOCK).amax(-1)
    if divided == vocab:
        return maxima
    rest = logp[:, divided:].amax(-1, keepdim=True)
    return torch.cat([maxima, rest], 1)


# groups


def by_groups(
    step: Step, most: int, rules: Rules, numbers: list[int], groups: int, diversity: float
) -> Continuations:
    """The best continuations for one group of each sentence after the other.

    They avoid what earlier groups have chosen. `numbers` (B,) are sentence * groups + group.
    """
    beam = torch.tensor(numbers, device=step.logits.device)
    shape = (len(beam), most)
    found = Continuations(
        logp=step.logp.new_full(shape, NEVER),
        token=beam.new_full(shape, PAD),
        row=beam.new_zeros(shape),
    )
    group_of_beam = beam % groups
    sentence_of_beam = beam // groups
    sentences = int(sentence_of_beam.max()) + 1
    vocab = step.logits.size(1)

    times_chosen = step.logits.new_zeros(sentences, vocab)  # by earlier groups
    once = times_chosen.new_ones(())
    width = step.logp.size(1)
    size = most // 2

    for group in range(groups):
        in_group = group_of_beam == group
        beams = in_group.nonzero()[:, 0]  # (b,)
        if not beams.numel():
            continue

        rows = _rows(beams, width)
        sentence = sentence_of_beam[beams]
        times = times_chosen[sentence]
        times_of_rows = times.repeat_interleave(width, 0)
        penalty = diversity * times_of_rows

        part = step.part(beams, rows)
        own = _with_rules(part, most, rules, penalty)
        n = own.token.size(1)
        found.logp[beams, :n] = own.logp
        found.token[beams, :n] = own.token
        found.row[beams, :n] = rows[own.row]

        chosen = own.token[:, :size]
        sentence_of_token = sentence[:, None].expand_as(chosen)
        times_chosen.index_put_((sentence_of_token, chosen), once, accumulate=True)
    return found


def _rows(beams: Tensor, width: int) -> Tensor:
    """The rows of `beams` (b,), `width` each: (b * width,)"""
    first = beams[:, None] * width
    within = torch.arange(width, device=beams.device)
    return (first + within).flatten()


# phrases


def _continuing_phrases(
    step: Step, known: Tensor, logp: Tensor, rules: Rules
) -> tuple[Tensor, Tensor]:
    """Tokens that continue a missing phrase and are not among `known` (R, n): padded (R, m).

    And the log probability of each by `logp` (R, V), -inf for padding.
    """
    width = step.logp.size(1)
    tokens_known = known.tolist()
    more = [
        _continuing_phrase(ids, tokens_known[row], step.phrases[row // width], rules)
        for row, ids in enumerate(step.history.tolist())
    ]

    counts = [len(tokens) for tokens in more]
    width = max(counts)
    for tokens, count in zip(more, counts, strict=True):
        lacking = width - count
        tokens += [PAD] * lacking

    token = torch.tensor(more, dtype=torch.long, device=known.device)
    value = logp.gather(1, token)
    value.masked_fill_(token == PAD, NEVER)
    return token, value


def _continuing_phrase(
    ids: list[int], known: list[int], phrases: Phrases, rules: Rules
) -> list[int]:
    if rules.beginning(ids) is not None:
        return []
    tokens = next_tokens(ids, phrases)
    return [token for token in tokens if token not in known]

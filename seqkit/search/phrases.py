"""Phrases that must occur in an output: what is missing, and which outputs to keep in a beam.

Shapes: B beams, n continuations of each, R rows, t tokens of each row so far.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

import torch
from torch import Tensor

from ..text.vocab import EOS

_NEVER = float("-inf")

Phrase = tuple[int, ...]


class _Missing(NamedTuple):
    """A phrase that an output lacks."""

    phrase: Phrase
    begun: int  # how many of its tokens the output ends with


def missing_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> int:
    """Number of tokens that complete the phrases `ids` lacks, said one after the other."""
    missing = _missing_phrases(ids, phrases)
    needed = sum(len(item.phrase) for item in missing)
    return needed - max((item.begun for item in missing), default=0)


def next_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> list[int]:
    """The tokens that begin or continue a phrase `ids` lacks."""
    missing = _missing_phrases(ids, phrases)
    tokens = [item.phrase[item.begun] for item in missing]
    return list(dict.fromkeys(tokens))


def _missing_phrases(ids: list[int], phrases: tuple[Phrase, ...]) -> list[_Missing]:
    return [
        _Missing(phrase, _begun(ids, phrase)) for phrase in phrases if not _contains(ids, phrase)
    ]


def _contains(ids: list[int], phrase: Phrase) -> bool:
    size = len(phrase)
    starts = range(len(ids) - size + 1)
    return any(tuple(ids[start : start + size]) == phrase for start in starts)


def _begun(ids: list[int], phrase: Phrase) -> int:
    """The length of the longest proper beginning of `phrase` that `ids` ends with."""
    for length in range(len(phrase) - 1, 0, -1):
        if tuple(ids[-length:]) == phrase[:length]:
            return length
    return 0


def rank_by_phrases(
    rank: Tensor,
    token: Tensor,
    row: Tensor,
    history: Tensor,
    left: Tensor,
    phrases: tuple[Phrase, ...],
) -> Tensor:
    """New ranks (B, n), so that every stage of progress with the phrases keeps a place in the beam.

    Dynamic beam allocation (Post & Vilar 2018, arXiv:1804.06609, section 3): continuations are
    taken in turns from banks, which hold those that lack the same number of tokens of phrases.
    Those without room for all phrases, one after the other, are left out, so that outputs at their
    limit in which phrases overlap can be missed.

    A continuation has a rank, its `token` and the `row` of `history` (R, t) it continues, (B, n)
    each; `left` (B,) tokens may follow it, `<eos>` included.
    """
    new = torch.full_like(rank, _NEVER)
    histories = history.tolist()
    tokens = token.tolist()
    rows = row.tolist()
    for beam, (ranks, room) in enumerate(zip(rank.tolist(), left.tolist(), strict=True)):
        possible = [i for i, value in enumerate(ranks) if value > _NEVER]
        possible.sort(key=lambda i: -ranks[i])

        banks: dict[int, list[int]] = {}  # by tokens lacking: continuations, best first
        for i in possible:
            ids = histories[rows[beam][i]]
            lacking = _tokens_lacking(ids, tokens[beam][i], room, phrases)
            if lacking is not None:
                banks.setdefault(lacking, []).append(i)

        order = _in_turns([banks[lacking] for lacking in sorted(banks)])
        new[beam, order] = -torch.arange(len(order), dtype=new.dtype, device=new.device)
    return new


def _tokens_lacking(
    ids: list[int], token: int, room: int, phrases: tuple[Phrase, ...]
) -> int | None:
    """Tokens of phrases that `ids` and `token` lack; None if there is no room for them.

    `room` tokens may follow, the last of which must be `<eos>`.
    """
    if token == EOS:
        return None if missing_tokens(ids, phrases) else 0
    lacking = missing_tokens([*ids, token], phrases)
    return lacking if lacking < room else None


def _in_turns(banks: list[list[int]]) -> list[int]:
    """The first of each bank, then the second of each, and so on."""
    order: list[int] = []
    for turn in zip_longest(*banks):
        order += [i for i in turn if i is not None]
    return order

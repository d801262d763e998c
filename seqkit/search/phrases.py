"""Phrases that must occur in an output: what is missing, and which outputs to keep in a beam.

Shapes: B beams, n continuations of each, R rows, t tokens of each row so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from ..text.vocab import EOS

if TYPE_CHECKING:
    from torch import Tensor

_NEVER = float("-inf")

Phrase = tuple[int, ...]
Phrases = tuple[Phrase, ...]


class _Missing(NamedTuple):
    """A phrase that an output lacks."""

    phrase: Phrase
    begun: int  # how many of its tokens the output ends with


def missing_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> int:
    """Number of tokens that complete the phrases `ids` lacks, said one after the other."""
    missing = _missing_phrases(ids, phrases)
    needed = [len(item.phrase) for item in missing]
    begun = [item.begun for item in missing]
    return sum(needed) - max(begun, default=0)


def next_tokens(ids: list[int], phrases: tuple[Phrase, ...]) -> list[int]:
    """The tokens that begin or continue a phrase `ids` lacks."""
    missing = _missing_phrases(ids, phrases)
    tokens = [item.phrase[item.begun] for item in missing]
    return list(dict.fromkeys(tokens))


def _missing_phrases(ids: list[int], phrases: tuple[Phrase, ...]) -> list[_Missing]:
    missing = []
    for phrase in phrases:
        if _contains(ids, phrase):
            continue
        begun = _begun(ids, phrase)
        missing.append(_Missing(phrase, begun))
    return missing


def _contains(ids: list[int], phrase: Phrase) -> bool:
    size = len(phrase)
    wanted = list(phrase)
    starts = range(len(ids) - size + 1)
    found = (ids[start : start + size] for start in starts)
    return any(ngram == wanted for ngram in found)


def _begun(ids: list[int], phrase: Phrase) -> int:
    """The length of the longest proper beginning of `phrase` that `ids` ends with."""
    for length in range(len(phrase) - 1, 0, -1):
        end = tuple(ids[-length:])
        if end == phrase[:length]:
            return length
    return 0


def rank_by_phrases(
    rank: Tensor,
    token: Tensor,
    row: Tensor,
    history: Tensor,
    left: Sequence[int],
    phrases: Sequence[Phrases],
) -> Tensor:
    """New ranks (B, n), so that every stage of progress with the phrases keeps a place in the beam.

    Dynamic beam allocation (Post & Vilar 2018, arXiv:1804.06609, section 3): continuations are
    taken in turns from banks, which hold those that lack the same number of tokens of phrases.
    Those without room for all phrases, one after the other, are left out, so that outputs at their
    limit in which phrases overlap can be missed.

    A continuation has a rank, its `token` and the `row` of `history` (R, t) it continues, (B, n)
    each; `left` (B,) tokens may follow it, `<eos>` included. `phrases` (B) are those of each beam.
    """
    import torch  # here: a phrase is tokens, and needs none

    new = torch.full_like(rank, _NEVER)
    histories = history.tolist()
    ranks = rank.tolist()
    tokens_of_beams = token.tolist()
    rows_of_beams = row.tolist()

    for beam, room in enumerate(left):
        tokens = tokens_of_beams[beam]
        rows = rows_of_beams[beam]

        banks: dict[int, list[int]] = {}  # by tokens lacking: continuations, best first
        for i in _possible(ranks[beam]):
            ids = histories[rows[i]]
            lacking = _tokens_lacking(ids, tokens[i], room, phrases[beam])
            if lacking is None:
                continue
            bank = banks.setdefault(lacking, [])
            bank.append(i)

        fewest_first = [banks[lacking] for lacking in sorted(banks)]
        order = _in_turns(fewest_first)
        places = torch.arange(len(order), dtype=new.dtype, device=new.device)
        new[beam, order] = -places
    return new


def _possible(ranks: list[float]) -> list[int]:
    """Indices of the continuations that have a rank, best first."""
    possible = [i for i, value in enumerate(ranks) if value > _NEVER]
    possible.sort(key=lambda i: -ranks[i])
    return possible


def _tokens_lacking(
    ids: list[int], token: int, room: int, phrases: tuple[Phrase, ...]
) -> int | None:
    """Tokens of phrases that `ids` and `token` lack; None if there is no room for them.

    `room` tokens may follow, the last of which must be `<eos>`.
    """
    if token == EOS:
        lacking = missing_tokens(ids, phrases)
        return None if lacking else 0

    longer = [*ids, token]
    lacking = missing_tokens(longer, phrases)
    return lacking if lacking < room else None


def _in_turns(banks: list[list[int]]) -> list[int]:
    """The first of each bank, then the second of each, and so on."""
    order: list[int] = []
    for turn in zip_longest(*banks):
        order += [i for i in turn if i is not None]
    return order

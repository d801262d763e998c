"""The best continuations of a beam search by the compiled library.

Shapes: B open beams, K hypotheses in each, R = B * K rows, n continuations, V vocabulary.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from ..native.best import DONE, Beams
from ..native.library import library
from ..nn.parallel import in_threads, parts_of
from ..text.vocab import BOS, EOS, PAD

_WORTH_A_THREAD = 2_000_000  # logits: half a millisecond, ten times what a thread takes to begin


def best_by_library(
    logits: Tensor, before: Tensor, left: Sequence[int], most: int, suppress: frozenset[int]
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Log probabilities, tokens and rows of the best continuations of each beam: (B, n) each.

    As `seqkit.search.continuations` finds them, given logits (R, V), log probabilities so far
    (B, K) and how many tokens may follow the next one (B). None where that has to do it: there is
    no library, what is given is not float32 on the CPU, or a row has no finite probabilities.
    """
    compiled = library()
    is_plain = logits.dtype == before.dtype == torch.float32
    if compiled is None or not is_plain or not logits.is_cpu or not before.is_cpu:
        return None

    logits, before = logits.contiguous(), before.contiguous()
    beams, width = before.shape
    vocab = logits.size(1)
    most = min(most, width * vocab)
    never = _never(suppress, vocab)
    ends = torch.tensor(left, device="cpu") == 0 if 0 in left else None

    # What the library writes, whatever torch's default type and device are.
    logp = torch.empty(beams, most, dtype=torch.float32, device="cpu")
    token = torch.empty(beams, most, dtype=torch.int64, device="cpu")
    row = torch.empty(beams, most, dtype=torch.int64, device="cpu")
    given = Beams(
        logits.data_ptr(),
        before.data_ptr(),
        width,
        vocab,
        never.data_ptr(),
        len(never),
        None if ends is None else ends.data_ptr(),
        EOS,
        most,
        compiled.seqkit_instructions(),
        logp.data_ptr(),
        token.data_ptr(),
        row.data_ptr(),
    )
    address = ctypes.byref(given)

    def find(first: int, last: int) -> bool:
        return bool(compiled.seqkit_best(address, first, last) == DONE)

    least = _WORTH_A_THREAD // (width * vocab) + 1
    is_found = all(in_threads(find, parts_of(beams, least=least)))
    return (logp, token, row) if is_found else None


@lru_cache(maxsize=16)
def _never(suppress: frozenset[int], vocab: int) -> Tensor:
    """Tokens that are never produced, in order."""
    tokens = sorted({PAD, BOS, *suppress})
    below = [token for token in tokens if 0 <= token < vocab]
    return torch.tensor(below, dtype=torch.int64, device="cpu")

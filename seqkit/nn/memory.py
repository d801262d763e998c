"""The memory of encoded sentences that the rows of a search share.

Shapes: B sentences, R rows; the rows of a sentence stand together, R / B of each.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sentences_to_keep(selected_rows: Tensor, rows: int, sentences: int) -> Tensor | None:
    """The sentences whose memory to keep, in order, when a search goes on from `selected_rows`.

    Rows of a sentence that stay together share one copy of its memory if every sentence has the
    same number of them: one index for each sentence. Otherwise each row gets a copy of its own: one
    index for each row. None if all memory stays as it is. `selected_rows` is (R',), of R = `rows`.
    """
    if sentences == 1:
        return None

    rows_per_sentence = rows // sentences
    sentence_of_row = selected_rows // rows_per_sentence
    kept: Tensor
    kept, counts = torch.unique_consecutive(sentence_of_row, return_counts=True)

    same_number_each = bool((counts == counts[0]).all())
    if not same_number_each:
        return sentence_of_row
    if kept.numel() == sentences and _in_order(kept):
        return None
    return kept


def _in_order(sentences: Tensor) -> bool:
    """Whether they are 0, 1, 2, …"""
    order = torch.arange(sentences.numel(), device=sentences.device)
    return bool((sentences == order).all())

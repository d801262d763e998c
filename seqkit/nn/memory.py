"""The memory of encoded sentences that the rows of a search share.

Shapes: B sentences, R rows; a sentence's rows stand together, R / B of each.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sentences_to_keep(rows: Tensor, before: int, sentences: int) -> Tensor | None:
    """Which sentences' memory to keep, and in which order, when a search goes on from `rows` (R',) of `before` rows.

    None if all memory stays as it is. Rows of a sentence that stay together in equal number share one copy of it.
    """
    owner: Tensor
    owner, count = torch.unique_consecutive(rows // (before // sentences), return_counts=True)
    if not bool((count == count[0]).all()):
        return rows // (before // sentences)
    if owner.numel() == sentences and bool(
        (owner == torch.arange(sentences, device=owner.device)).all()
    ):
        return None
    return owner

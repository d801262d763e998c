"""From emissions to tags: sequences that the scheme allows, whatever the length of a sentence.

Shapes: B sentences, T words, K tags.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...nn.crf import Allowed, Chain, no_chain
from ..models.contract import TaggingModel
from .schemes import SchemeName, may_begin, may_end, may_follow


def allowed_tags(tags: Sequence[str], scheme: SchemeName) -> Allowed:
    """What a scheme allows these K tags, as `seqkit.nn.crf` takes it."""
    between = [[may_follow(before, after, scheme) for after in tags] for before in tags]
    return Allowed(
        torch.tensor([may_begin(tag, scheme) for tag in tags]),
        torch.tensor(between),
        torch.tensor([may_end(tag, scheme) for tag in tags]),
    )


def chain_of(model: TaggingModel, emissions: Tensor, allowed: Allowed) -> Chain:
    """The chain by which a model's emissions (B, T, K) are read.

    A model without a CRF has one that only forbids what the scheme does.
    """
    chain = no_chain(emissions) if model.crf is None else model.crf()
    here = Allowed(*(part.to(emissions.device) for part in allowed))
    return chain.only(here)

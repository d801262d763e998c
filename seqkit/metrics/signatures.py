"""What a figure depends on besides the model, in a line, as sacrebleu has it (Post 2018)."""

from __future__ import annotations

from collections.abc import Mapping

from .. import __version__


def signature_of(fields: Mapping[str, str]) -> str:
    """The fields in their order, and the version of seqkit: `unit:word|oov:unk|version:0.1.0`"""
    named = {**fields, "version": __version__}
    return "|".join(f"{key}:{value}" for key, value in named.items())

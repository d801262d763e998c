"""A text as one stream of ids, and the stream as windows that score every token once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from ..data.windows import Ids, Reader, Slider, WindowBatch, sliding, whole
from ..text.tokenizer import Tokenizer
from ..text.vocab import EOS

STEPS = 512  # tokens at a time of a model that carries a state
BATCH = 32  # windows at a time of a model that sees a window


def encode(tokenizer: Tokenizer, lines: Iterable[str]) -> Ids:
    """One stream of ids: `<eos>`, then each line followed by `<eos>`. (1 + T,)"""
    rows = tokenizer.encode_all(lines, eos=True)
    ids = chain([EOS], *rows)
    return np.fromiter(ids, np.int32)


def scoring_windows(
    ids: Ids, *, carries_state: bool, steps: int, stride: int
) -> Iterator[WindowBatch]:
    """Every target of `ids` once, for an evaluation.

    A model that carries a state reads the text from start to end; another one sees a window of
    `steps` tokens, which slides by `stride`.
    """
    if carries_state:
        return whole(ids, STEPS)
    return sliding(ids, steps, stride, BATCH)


def arriving_windows(*, carries_state: bool, steps: int, stride: int) -> Reader | Slider:
    """`scoring_windows` for a text that comes in parts, none of which waits for the next."""
    if carries_state:
        return Reader(EOS, STEPS)
    return Slider(EOS, steps, stride, BATCH)

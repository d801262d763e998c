"""What `seqkit classify`, `tag` and `segment` share: a line in, an answer out, as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...cli.lines import Given
from ...cli.options import opened
from ...cli.progress import counted


def open_tagger(model: str, device: str, given: Given) -> Any:
    """The tagger of a run folder, after a look at its input: a mistake there costs no time."""
    given.check()

    from ...runs.load import load

    return load(model, device=device, task="tagging")


def answer_lines(
    predict: Callable[[list[Any]], Iterable[str]],
    given: Given,
    chunks: Iterable[list[Any]] | None = None,
) -> None:
    """Write the answers in order, to what is given, or to `chunks` of what else `predict` takes."""
    with opened(given.output) as write:
        for chunk in counted(chunks or given.chunks(), "lines", show=given.source is not None):
            for answer in predict(chunk):
                write(answer)

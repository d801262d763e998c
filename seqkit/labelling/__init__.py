"""Labelling: a class for every text, a tag for every word.

classification/  the task "text-classification": reading, task, predictor, reports, explanations
tagging/         the task "tagging": the same for sequences of words
batching.py      texts of similar length in a batch, the same order for the same seed
models/          one model a file, the contracts that they follow and the parts that they share
commands/        seqkit classify, tag, segment, one command a file
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry import Plugin


def register(plugin: Plugin) -> None:
    _add_classification(plugin)
    _add_tagging(plugin)


def _add_classification(plugin: Plugin) -> None:
    pass


def _add_tagging(plugin: Plugin) -> None:
    pass

"""Texts as a model reads them: ids, cut to the longest that it reads, or in windows.

Shapes: B texts, W windows of them, T tokens of the longest, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ...data.batching import Ints, Rows, pad
from ...text.tokenizer import Tokenizer

Long = Literal["head", "tail", "windows"]


@dataclass(frozen=True)
class TextBatch:
    """Labelled texts, padded."""

    ids: Tensor  # (W, T); a row for each text, or several windows of it one after the other
    text_of_row: Tensor  # (W,)
    labels: Tensor  # (B, K), 1 for the labels of a text, else 0

    @property
    def count(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> TextBatch:
        return TextBatch(self.ids.to(device), self.text_of_row.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Inputs:
    """Raw texts -> ids. Every text ends in `<eos>`, so that an empty one is not nothing."""

    tokenizer: Tokenizer
    longest: int
    long: Long

    @property
    def name(self) -> str:
        """What the figures depend on, for signatures."""
        return f"{self.tokenizer.name} {self.long} {self.longest}"

    def encode(self, texts: Iterable[str]) -> Rows:
        """The ids of whole texts."""
        return Rows(self.tokenizer.encode_all(texts, eos=True))

    def windows(self, texts: Rows, rows: Ints) -> tuple[Tensor, Tensor]:
        """What is read of the texts at `rows` (B,): ids (W, T), the text of each row (W,)"""
        parts: list[list[int]] = []
        text_of_row: list[int] = []
        for number, row in enumerate(rows):
            for part in self._parts(texts[row]):
                parts.append(part)
                text_of_row.append(number)
        return pad(parts), torch.tensor(text_of_row)

    def lengths(self, texts: Rows) -> Ints:
        """How many tokens of each text are read at once: (N,)"""
        return np.minimum(texts.lengths, self.longest)

    def _parts(self, ids: list[int]) -> Iterator[list[int]]:
        if len(ids) <= self.longest:
            yield ids
        elif self.long == "head":
            yield ids[: self.longest]
        elif self.long == "tail":
            yield ids[-self.longest :]
        else:
            yield from _equal_parts(ids, self.longest)

    def unread(self, texts: Rows) -> Ints:
        """How many tokens of each text are left out: (N,)"""
        left_out = texts.lengths - self.lengths(texts)
        return np.zeros_like(left_out) if self.long == "windows" else left_out

    def pieces(self, texts: Rows) -> Ints:
        """How many windows each text is read in: (N,)"""
        if self.long != "windows":
            return np.ones_like(texts.lengths)
        return -(-texts.lengths // self.longest)

    def notes(self, texts: Rows, what: str = "training texts") -> list[str]:
        """What becomes of long texts, if there are any."""
        return self.notes_on_long(int((texts.lengths > self.longest).sum()), what)

    def notes_on_long(self, count: int, what: str) -> list[str]:
        """The same of `count` texts that are longer."""
        if not count:
            return []

        done = {
            "head": f"only the first {self.longest:,} are read",
            "tail": f"only the last {self.longest:,} are read",
            "windows": f"they are read in windows of at most {self.longest:,}, whose logits are "
            "averaged",
        }
        return [
            f"{count:,} of the {what} have more than {self.longest:,} tokens: "
            f"{done[self.long]} (data.longest, data.long)"
        ]


def _equal_parts(ids: list[int], longest: int) -> Iterator[list[int]]:
    """As few parts as possible, whose lengths differ by at most one: each counts alike."""
    count = -(-len(ids) // longest)
    for part in np.array_split(np.array(ids), count):
        yield part.tolist()


def combined(logits: Tensor, text_of_row: Tensor, texts: int) -> Tensor:
    """The mean over the windows of each text: (W, K), (W,) -> (B, K)"""
    if len(logits) == texts:
        return logits

    sums = logits.new_zeros(texts, logits.size(1)).index_add(0, text_of_row, logits)
    counts = torch.bincount(text_of_row, minlength=texts)
    return sums / counts[:, None]

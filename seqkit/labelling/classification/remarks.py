"""What to say of texts that a model has classified: the empty ones, and the long ones."""

from __future__ import annotations

from dataclasses import dataclass

from .classifier import ClassifiedText
from .inputs import Inputs


@dataclass
class Remarks:
    """Counts them as they come; `seqkit.cli.options.show_notes` shows the `notes`."""

    inputs: Inputs
    lines: int = 0
    empty: int = 0
    first_empty: int = 0  # number of the line
    long: int = 0

    def add(self, found: ClassifiedText) -> None:
        """Count one more text."""
        self.lines += 1
        if found.unread or found.windows > 1:
            self.long += 1
        if found.text.strip():
            return

        self.empty += 1
        if self.empty == 1:
            self.first_empty = self.lines

    @property
    def notes(self) -> list[str]:
        notes = self.inputs.notes_on_long(self.long, "texts")
        if self.empty:
            notes.append(
                f"empty texts: {self.empty:,} of {self.lines:,}, the first in line "
                f"{self.first_empty:,}; they are labelled as the model does without a word"
            )
        return notes

"""The parts of a set of images: for training, for validation, to test with."""

from __future__ import annotations

from typing import Literal

Part = Literal["train", "valid", "test"]

TRAIN: Part = "train"
VALID: Part = "valid"
TEST: Part = "test"

# What people call them: folders, and the cells of a column of a CSV file.
NAMES: dict[Part, tuple[str, ...]] = {
    TRAIN: ("train", "training"),
    VALID: ("val", "valid", "validation", "dev"),
    TEST: ("test", "testing"),
}


def part_named(name: str) -> Part | None:
    """The part that people call so, in whatever case."""
    for part, names in NAMES.items():
        if name.strip().lower() in names:
            return part
    return None

"""How long a cell of a CSV file may be, which Python's csv module keeps for the whole process."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def long_cells(longest: int) -> Iterator[None]:
    """Let cells have up to `longest` characters within the block; also a decorator."""
    before = csv.field_size_limit(longest)
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""Batch norm in training needs more than one example at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConfigError


@contextmanager
def batch_norm_explained(count: int, unit: str) -> Iterator[None]:
    """Turn torch's complaint about a batch of `count` = 1 into a `ConfigError`.

    `unit` is what it is a batch of: an image, a row.
    """
    try:
        yield
    except ValueError as error:
        if count > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise ConfigError(
            f"data.batch = 1: batch norm needs more than one {unit} at a time, "
            "set data.batch = 2 or more"
        ) from None

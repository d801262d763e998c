"""Files that replace an older one only when they are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.files import open_up
from ..errors import DataError, reason


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The path of a part file to write, which becomes `path` afterwards.

    Raises `DataError` where it cannot be written; the part file is deleted whatever happens.
    """
    part = path.with_name(f".part.{path.name}")
    try:
        if path.is_dir():
            raise DataError(f"cannot write {path}: Is a directory")
        yield part
        open_up(part)
        part.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
    finally:
        part.unlink(missing_ok=True)

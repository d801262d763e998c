"""What tasks have in common that keep their text in the cache: how it is known, how it is split."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from .data.cache import Cache, Sources, are_files, folder_digest
from .data.records import holds_records
from .plugins import components
from .text.normalize import Normalizer
from .text.tokenizer import Tokenizer


def opened(files: list[Path]) -> tuple[Cache, Sources, list[str]]:
    """The cache, the files, and what tells their content from any other."""
    if are_files(files):
        sources = Sources(files)
        read = zip(sources.digests, files, strict=True)
        return Cache.of_user(), sources, [_content(*each) for each in read]

    cache = Cache.temporary("some of it comes from a pipe, which can be read only once")
    return cache, Sources([]), [uuid.uuid4().hex]


def _content(digest: str, path: Path) -> str:
    """The same bytes are read as lines, or as the records that the name of their file speaks of."""
    return f"{digest} in records" if holds_records(path) else digest


def saved_digest(save: Callable[[Path], object]) -> str:
    """What tells the files that `save` writes into a folder from others, as of a tokenizer."""
    with TemporaryDirectory() as folder:
        save(Path(folder))
        return folder_digest(Path(folder))


def code_of(name: str, kind: type) -> list[str]:
    """What tells the code of the tokenizer `name` from that of yesterday.

    Its files, and the version of the plugin that it is from.
    """
    modules = [sys.modules.get(each.__module__) for each in (Tokenizer, Normalizer, kind)]
    paths = [Path(getattr(module, "__file__", None) or "") for module in modules]
    return [*Sources([path for path in paths if path.is_file()]).digests, _version_of(name)]


def _version_of(name: str) -> str:
    """The version of the distribution that brings a tokenizer; "" if it is none."""
    known = components().tokenizers
    try:
        return version(known[name].provider) if name in known else ""
    except PackageNotFoundError:
        return ""

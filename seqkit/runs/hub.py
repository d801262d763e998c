"""Models of the Hugging Face hub: `hf:OWNER/NAME`, or `hf:OWNER/NAME@REVISION`.

huggingface_hub fetches and keeps the files, and HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE
mean what they mean there. A branch is resolved to its commit first, so that all files are of one
commit, which the run that is made of them names. Only data is fetched, and each file's digest is
compared with the one that the hub states.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CheckpointError, DataError, reason
from ..plugins import components

PREFIX = "hf:"

_NAME = re.compile(r"hf:(\w[\w.-]*/\w[\w.-]*)(?:@([\w./-]+))?")
_TIMEOUT = 10.0  # seconds until the hub answers

_SHOWN = 8  # names in a complaint
_CONFIG = "config.json"
_ALONE = "*.argosmodel"  # a model that is one file

# Weights, the first of them that a repository has, and what stands beside them.
_WEIGHTS = ("model.safetensors", "pytorch_model.bin", "model.bin", "*.npz", _ALONE)
_BESIDE = (
    "*.json",
    "*.md",
    "*.spm",
    "*.toml",
    "*.txt",
    "*.vocab",
    "*.yml",
    "LICENSE*",
    "bpe.model",
    "sentencepiece.model",
    "tokenizer/*",
    "source-tokenizer/*",
    "target-tokenizer/*",
)
_LARGEST_BESIDE = 50 << 20  # bytes: such files are lists of words


class Fetched(NamedTuple):
    """A model that was fetched."""

    path: Path  # a folder, or the one file that the model is
    source: str  # its name with the commit: "hf:OWNER/NAME@0123…"


class _File(NamedTuple):
    name: str
    size: int | None
    digest: str | None  # sha256 of a large file; that of git of a small one


def is_hub_name(model: object) -> bool:
    """Whether `model` names a model of the hub, and no path that begins in the same way."""
    text = str(model)
    return text.startswith(PREFIX) and not Path(text).exists()


@cache
def fetch(name: str) -> Fetched:
    """The model `name`, from the hub or, without a connection, from what was fetched before.

    Raises `CheckpointError` if it cannot be had, `DataError` for files that are not what the hub
    says of them, which are removed.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise CheckpointError(f"{name!r} is not hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
    place = _Place(_library(name), name, parts[1], parts[2] or "main")
    with _quiet():
        return _from(place)


def _from(place: _Place) -> Fetched:
    try:
        commit, files = place.listed()
    except place.failures as error:
        kept = None if place.is_denied(error) else place.kept()
        if kept is None:
            raise place.explained(error) from None
        return kept

    try:
        return _fetch(place, commit, files)
    except place.failures as error:
        raise place.explained(error) from None


def _fetch(place: _Place, commit: str, files: Sequence[_File]) -> Fetched:
    source = f"{PREFIX}{place.repository}@{commit}"
    weights = next((file for form in _WEIGHTS for file in files if _is(file, form)), None)
    if weights is None:
        names = ", ".join(sorted(file.name for file in files)[:_SHOWN]) or "nothing"
        raise CheckpointError(f"{source} holds no model that seqkit opens, but {names}")

    beside = [file for file in files if _is_beside(file)]
    for file in beside:
        folder = place.folder_of(place.get(file, commit), file)
        if file.name == _CONFIG:
            _check_kind(folder)  # before hundreds of megabytes are fetched

    path = place.get(weights, commit)
    place.remember(beside or [weights])
    is_alone = _is(weights, _ALONE)
    return Fetched(path if is_alone else place.folder_of(path, weights), source)


@contextmanager
def _quiet() -> Iterator[None]:
    """huggingface_hub does not tell of each time it tries again."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _is(file: _File, form: str) -> bool:
    return fnmatchcase(file.name, form) and file.name.count("/") == form.count("/")


def _is_beside(file: _File) -> bool:
    is_small = file.size is None or file.size <= _LARGEST_BESIDE
    return is_small and any(_is(file, form) for form in _BESIDE)


def _check_kind(folder: Path) -> None:
    """Raise `DataError` for a model of a kind that its importer does not read."""
    for entry in components().importers:
        check = getattr(entry.load(), "check_kind", None)
        if check is not None:
            check(folder)


def _library(name: str) -> Any:
    try:
        import huggingface_hub.constants
        import huggingface_hub.errors
    except ImportError:
        raise CheckpointError(
            f"{name} needs huggingface_hub: `pip install 'seqkit[hub]'`, or download the model by "
            "other means and give its folder"
        ) from None
    return huggingface_hub


class _Place:
    """A repository of the hub at a revision, and the part of the cache that is kept of it."""

    def __init__(self, library: Any, name: str, repository: str, revision: str) -> None:
        self.library = library
        self.errors = library.errors
        self.failures = (OSError, ValueError, self.errors.HTTPError)
        self.endpoint = library.constants.ENDPOINT
        self.name = name
        self.repository = repository
        self.revision = revision

    def listed(self) -> tuple[str, list[_File]]:
        """The commit of the revision, and the files in it."""
        info = self.library.HfApi().model_info(
            self.repository, revision=self.revision, files_metadata=True, timeout=_TIMEOUT
        )
        files: list[_File] = []
        for each in info.siblings or ():
            digest = each.lfs.sha256 if each.lfs else each.blob_id
            files.append(_File(each.rfilename, each.size, digest))
        return info.sha, files

    def kept(self) -> Fetched | None:
        """What was fetched of this revision before; None if it was not."""
        try:
            found = self.library.snapshot_download(
                self.repository, revision=self.revision, local_files_only=True
            )
        except self.failures:
            return None
        folder = Path(found)
        alone = next(folder.glob(_ALONE), None)
        return Fetched(alone or folder, f"{PREFIX}{self.repository}@{folder.name}")

    def get(self, file: _File, commit: str) -> Path:
        """A file of a commit, with the digest that the hub states."""
        path = self._download(file, commit)
        wrong = _difference(path, file)
        if wrong:
            path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise DataError(
                f"{self.name}: {file.name} is not what the hub says, {wrong}; it is removed: "
                "try again"
            )
        return path

    def folder_of(self, path: Path, file: _File) -> Path:
        """The folder of the snapshot that the file at `path` is in."""
        return path.parents[file.name.count("/")]

    def remember(self, files: Sequence[_File]) -> None:
        """Note which commit the revision is, for when there is no connection."""
        self._download(files[0], self.revision)

    def _download(self, file: _File, revision: str) -> Path:
        found = self.library.hf_hub_download(self.repository, file.name, revision=revision)
        return Path(found)

    # Failures

    def is_denied(self, error: Exception) -> bool:
        """Whether the hub itself says no, and does not only fail to answer."""
        denials = (self.errors.RepositoryNotFoundError, self.errors.RevisionNotFoundError)
        return isinstance(error, (*denials, self.errors.HFValidationError))

    def explained(self, error: Exception) -> CheckpointError:
        where = self.endpoint
        page = f"{where}/{self.repository}"
        match error:
            case self.errors.GatedRepoError():
                why = f"it is gated: accept its terms at {page}, then `hf auth login`"
            case self.errors.RepositoryNotFoundError():
                why = f"{where} has no such model, or it is private: `hf auth login`"
            case self.errors.RevisionNotFoundError():
                why = f"it has no revision {self.revision!r}"
            case self.errors.HFValidationError():
                why = "the hub has no such names"
            case self.errors.HfHubHTTPError():
                why = f"{where} answers {error.response.status_code}: try again later"
            case _:
                why = self._unreachable(error, page)
        return CheckpointError(f"cannot fetch {self.name}: {why}")

    def _unreachable(self, error: Exception, page: str) -> str:
        if "onsistency check" in str(error):
            return "a file came in another size than the hub says: try again"
        if isinstance(error, OSError) and error.filename:
            return f"{error.filename}: {reason(error)}"
        return (
            f"no connection to {page}. Where there is one, run `hf download {self.repository} "
            f"--revision {self.revision} --local-dir FOLDER`, and give the FOLDER here instead"
        )


def _difference(path: Path, file: _File) -> str:
    """How a file differs from what is said of it; "" if it does not."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"{size:,} bytes and not {file.size:,}"
    if file.digest is None:
        return ""

    is_git = len(file.digest) == 40
    digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, lambda: digest if is_git else hashlib.sha256())
    return "" if found.hexdigest() == file.digest else "by its digest"

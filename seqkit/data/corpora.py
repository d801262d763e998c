"""Corpora: what a card says, and where its files lie on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..config import build, read, required, section, setting
from ..errors import DataError, UnknownName, hint
from ..plugins import components

ENVIRONMENT = "SEQKIT_CORPORA"
_SHA256 = "^([0-9a-f]{64})?$"


@section
class File:
    """One file of a corpus."""

    sha256: str = setting(
        "checksum of the file; '' = known only through the archive it comes in",
        default="",
        pattern=_SHA256,
    )
    text_sha256: str = setting(
        "for *.gz: checksum of what is inside, however it was packed", default="", pattern=_SHA256
    )
    lines: int = setting("lines in it; 0 = not said", default=0, ge=0)
    local: str = setting("where it lies under SEQKIT_CORPORA; '' = NAME/file", default="")
    address: str = setting(
        "where the file, its text unpacked, or its archive can be fetched", default=""
    )
    member: str = setting("the file's name inside the zip archive at the address", default="")
    download_sha256: str = setting("checksum of that archive", default="", pattern=_SHA256)


@section
class Card:
    """What a person should know of a corpus. `seqkit corpora show NAME` prints it."""

    title: str = required("what it is, in a line")
    source: str = required("who made it, and where")
    licence: str = required("what may be done with it")
    note: str = setting("what else a user should know", default="")
    splits: dict[str, str] = setting("what each part is for", default={})
    files: dict[str, File] = required("its files")


def root() -> Path:
    """The folder of shipped cards and recipes: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "corpora"
    return inside if inside.is_dir() else package.parent / "corpora"


def shipped() -> list[str]:
    """Names of the corpora that have a card in `root`."""
    return sorted(path.parent.name for path in root().glob("*/card.toml"))


def names() -> list[str]:
    """All corpora: shipped ones and plugins'."""
    return sorted({*shipped(), *(entry.name for entry in components().corpora)})


def card(name: str) -> Card:
    """The card of corpus `name`; raises `UnknownName`, or `ConfigError` if the card is wrong."""
    path = root() / name / "card.toml"
    if name in shipped():
        return build(Card, read(path), str(path))
    if name in components().corpora:
        made: Card = components().corpora.load(name)()
        return made
    raise UnknownName(f"no corpus {name!r}.{hint(name, names())}")


def cache(name: str) -> Path:
    """Where `fetch` puts the files of a corpus."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "seqkit" / name


def places(name: str, file: str) -> list[Path]:
    """Where a corpus's file may lie, in the order they are looked at."""
    local = card(name).files[file].local or f"{name}/{file}"
    given = os.environ.get(ENVIRONMENT)
    return [*([Path(given) / local] if given else []), cache(name) / file, root() / name / file]


def locate(corpus: str, files: Sequence[str]) -> list[Path]:
    """Paths of a corpus's files; with `corpus` = "", `files` are paths already.

    Raises `DataError` if a file is not on this machine, and says how to get it.
    """
    if not corpus:
        return [Path(file) for file in files]
    known = card(corpus).files
    found = []
    for file in files:
        if file not in known:
            raise DataError(f"corpus {corpus!r} has no file {file!r}.{hint(file, known)}")
        path = next((path for path in places(corpus, file) if path.is_file()), None)
        if path is None:
            raise DataError(
                f"corpus {corpus!r} is not on this machine ({file}): run `seqkit corpora fetch {corpus}`, "
                f"or set {ENVIRONMENT} to a folder that has it"
            )
        found.append(path)
    return found

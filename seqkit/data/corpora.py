"""Corpora: what a card says, and where its files are on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..config import build, read, required, section, setting
from ..errors import DataError, UnknownName, hint
from .files import is_address
from .folders import caches, named_folder
from .remote import local_copy

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
        "for *.gz: checksum of the text inside, however it was compressed",
        default="",
        pattern=_SHA256,
    )
    lines: int = setting("number of lines; 0 = not given", default=0, ge=0)
    local: str = setting("path under SEQKIT_CORPORA; '' = NAME/file", default="")
    address: str = setting(
        "URL of the file, of its uncompressed text, or of the archive that holds it", default=""
    )
    member: str = setting("name of the file inside the zip archive at the address", default="")
    download_sha256: str = setting("checksum of that archive", default="", pattern=_SHA256)


@section
class Card:
    """What a user should know about a corpus. `seqkit corpora show NAME` prints it."""

    title: str = required("what it is, in a line")
    source: str = required("who made it, and where")
    licence: str = required("what may be done with it")
    note: str = setting("what else a user should know", default="")
    splits: dict[str, str] = setting("what each part is for", default={})
    files: dict[str, File] = required("its files")

    def __repr__(self) -> str:
        files = ", ".join(self.files)
        return f"<Card {self.title!r}: {files}>"


def root() -> Path:
    """The folder of shipped cards and recipes.

    It is inside the package in a wheel, and beside it in a checkout.
    """
    here = Path(__file__).resolve()
    package = here.parent.parent
    inside = package / "corpora"
    if inside.is_dir():
        return inside

    return package.parent / "corpora"


def shipped() -> list[str]:
    """Names of the corpora that have a card in `root`."""
    cards = root().glob("*/card.toml")
    return sorted(card.parent.name for card in cards)


def cache(name: str) -> Path:
    """The folder where `fetch` puts the files of a corpus."""
    return caches() / name


class Corpora:
    """Corpora by name: the shipped ones, and further ones that are given.

    `seqkit.recipes.corpora` makes one that knows the corpora of all plugins.
    """

    def __init__(
        self,
        further: Mapping[str, Callable[[], Card]] | None = None,
        *,
        suggested: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        """`further` maps a name to a function that returns the card.

        `suggested` gives the names that an error lists: those that fit what is asked for.
        """
        self._further = dict(further or {})
        self._suggested = suggested

    def __repr__(self) -> str:
        names = ", ".join(self.names())
        return f"<Corpora: {names}>"

    def names(self) -> list[str]:
        return sorted({*shipped(), *self._further})

    def card(self, name: str) -> Card:
        """The card of corpus `name`.

        Raises `UnknownName` with a suggestion, or `ConfigError` if the card itself is wrong.
        """
        if name in shipped():
            path = root() / name / "card.toml"
            values = read(path)
            return build(Card, values, str(path))

        if name in self._further:
            make_card = self._further[name]
            return make_card()

        known = self.names()
        fitting = [one for one in self._suggested() if one in known] if self._suggested else known
        suggestion = hint(name, fitting or known)
        raise UnknownName(f"no corpus {name!r}.{suggestion}")

    def places(self, name: str, file: str) -> list[Path]:
        """Where a file of a corpus may be, in the order they are searched."""
        card = self.card(name)
        local = card.files[file].local or f"{name}/{file}"
        fetched = cache(name) / file
        shipped_file = root() / name / file

        given = named_folder(ENVIRONMENT)
        if given is None:
            return [fetched, shipped_file]

        return [given / local, fetched, shipped_file]

    def find(self, name: str, file: str) -> Path | None:
        """The first of `places` where the file is, or None."""
        places = self.places(name, file)
        there = (path for path in places if path.is_file())
        return next(there, None)

    def locate(self, corpus: str, files: Sequence[str]) -> list[Path]:
        """Paths of the files of a corpus; without a corpus (""), `files` are paths already.

        Addresses such as s3://bucket/train.tsv become paths of local copies. Raises `DataError`
        that says how to get a file that is not on this machine.
        """
        if not corpus:
            return [local_copy(file) if is_address(file) else Path(file) for file in files]

        known = self.card(corpus).files
        for file in files:
            if file not in known:
                suggestion = hint(file, known)
                raise DataError(f"corpus {corpus!r} has no file {file!r}.{suggestion}")

        return [self._locate(corpus, file) for file in files]

    def _locate(self, corpus: str, file: str) -> Path:
        path = self.find(corpus, file)
        if path is None:
            raise DataError(
                f"corpus {corpus!r} is not on this machine ({file}): "
                f"run `seqkit corpora fetch {corpus}`, "
                f"or set {ENVIRONMENT} to a folder that has it"
            )
        return path

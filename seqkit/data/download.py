"""Get the files of a corpus: downloads that resume, archives, checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from ..errors import DataError, reason
from .corpora import Card, Corpora, File, cache
from .files import reading
from .unpacking import unpacked

_CHUNK = 1 << 20
_TIMEOUT = 30  # seconds without a byte
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416

Report = Callable[[str, int, int], None]  # file, bytes so far, bytes in all (0 = not known)


def fetch(
    name: str,
    *,
    corpora: Corpora | None = None,
    given: Path | None = None,
    report: Report | None = None,
) -> dict[str, Path]:
    """Make every file of corpus `name` available on this machine; return where each one is.

    A file that is there already (under SEQKIT_CORPORA, in the cache or in the package) is kept if
    its checksum is right. `given` is a file of the corpus, or a folder of them, that the user has.
    `report` is called as a download progresses. `corpora` are the shipped ones by default.

    Every file is checked, wherever it came from. Raises `DataError` if it is not the one that the
    card describes, or cannot be had.
    """
    corpora = corpora or Corpora()
    card = corpora.card(name)
    if given is not None:
        _check_given(given, name, card)

    found: dict[str, Path] = {}
    for file, about in card.files.items():
        places = [path for path in corpora.places(name, file) if path.is_file()]
        right = next((path for path in places if _is_right(path, about)), None)
        found[file] = right or _get(name, file, card, given, report or _ignore)
    return found


def _ignore(file: str, done: int, total: int) -> None:
    """Report nothing."""


def _check_given(given: Path, name: str, card: Card) -> None:
    if not any(_find(given, file, about) for file, about in card.files.items()):
        names = ", ".join(card.files)
        raise DataError(f"{given} is not a file of corpus {name!r}; its files are {names}")


def _get(name: str, file: str, card: Card, given: Path | None, report: Report) -> Path:
    """Put a file into the cache: the user's own copy if there is one, else a download."""
    about = card.files[file]
    target = cache(name) / file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)

        own = _find(given, file, about) if given else None
        if own is not None:
            with reading(own):
                data = own.read_bytes()
            return _install(data, own, about, target)

        if not about.address:
            raise DataError(
                f"corpus {name!r}: there is no public address for {file}; "
                f"give the file or its folder with --from, or set SEQKIT_CORPORA ({card.source})"
            )
        return _download_into(target, file, about, report)
    except OSError as error:
        raise DataError(f"cannot write {target}: {reason(error)}") from None


def _find(given: Path, file: str, about: File) -> Path | None:
    """The user's own copy of `file`, of its uncompressed text, or of the archive that holds it."""
    if not given.exists():
        raise DataError(f"cannot read {given}: No such file or directory")

    names = [file, file.removesuffix(".gz")]
    if about.member:
        _, _, archive = about.address.rpartition("/")
        names = [archive]

    if given.is_dir():
        return next((given / name for name in names if (given / name).is_file()), None)
    return given if given.name in names else None


# Downloads


def _download_into(target: Path, file: str, about: File, report: Report) -> Path:
    part = target.with_name(target.name + ".part")
    _download(about.address, part, file, report)
    try:
        return _install(part.read_bytes(), about.address, about, target)
    finally:
        part.unlink(missing_ok=True)


def _download(address: str, part: Path, file: str, report: Report) -> None:
    """Download `address` into `part`, continuing where an earlier attempt stopped."""
    if not address.startswith(("https://", "http://")):
        raise DataError(f"{address}: only http and https addresses are fetched")
    try:
        _request(address, part, file, report)
    except urllib.error.HTTPError as error:
        error.close()  # it is the response, too
        if error.code != _RANGE_NOT_SATISFIABLE:  # which means that `part` is complete
            raise DataError(f"cannot fetch {address}: {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError) as error:
        why = getattr(error, "reason", error)
        raise DataError(
            f"cannot fetch {address}: {why}; run it again to continue, or use --from"
        ) from None


def _request(address: str, part: Path, file: str, report: Report) -> None:
    start = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(address, headers=headers)

    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        resumes = start > 0 and response.status == _PARTIAL_CONTENT
        done = start if resumes else 0
        total = done + int(response.headers.get("Content-Length") or 0)

        with part.open("ab" if resumes else "wb") as out:
            while data := response.read(_CHUNK):
                out.write(data)
                done += len(data)
                report(file, done, total)

    if done < total:
        raise DataError(
            f"{address}: the connection ended after {done:,} of {total:,} bytes; "
            "run it again to continue from there"
        )


# Checks


def _install(data: bytes, origin: Path | str, about: File, target: Path) -> Path:
    """Check what was received, then move the corpus file into the cache in one step."""
    checked = _checked(data, origin, about)
    part = target.with_name(f"{target.name}.checked")
    part.write_bytes(checked)
    part.replace(target)
    return target


def _checked(data: bytes, origin: Path | str, about: File) -> bytes:
    """The corpus file in `data`: the file itself, its uncompressed text, or an archive with it."""
    if about.member:
        _check(data, origin, about.download_sha256)
        return _member(data, origin, about.member)
    if about.text_sha256 and _sha256(data) == about.text_sha256:
        return gzip.compress(data, mtime=0)
    if not _has_right_text(data, about):
        _check(data, origin, about.sha256)
    return data


def _check(data: bytes, origin: Path | str, expected: str) -> None:
    found = _sha256(data)
    if found != expected:
        raise DataError(
            f"{origin} is not the file that the card describes: sha256 {found[:16]}…, "
            f"expected {expected[:16]}… (damaged, replaced, or a login page in its place)"
        )


def _member(archive: bytes, origin: Path | str, member: str) -> bytes:
    """One file of a zip archive.

    It is written under our own name, so paths inside the archive cannot lead anywhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return opened.read(member)
    except (zipfile.BadZipFile, KeyError):
        raise DataError(f"{origin} is not a zip archive that holds {member!r}") from None


def _is_right(path: Path, about: File) -> bool:
    data = path.read_bytes()
    if not about.sha256 or _sha256(data) == about.sha256:
        return True
    return _has_right_text(data, about)


def _has_right_text(data: bytes, about: File) -> bool:
    """Whether `data` is the right text, compressed in whatever way."""
    if not about.text_sha256:
        return False
    found = hashlib.sha256()
    try:
        with unpacked(io.BytesIO(data), "gzip", "it") as text:  # in pieces: it may be anything
            while piece := text.read(_CHUNK):
                found.update(piece)
    except DataError:
        return False
    return found.hexdigest() == about.text_sha256


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

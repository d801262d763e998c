"""Getting the files of a corpus: checked, resumed, unpacked one named member at a time."""

from __future__ import annotations

import gzip
import hashlib
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from ..errors import DataError, reason
from .corpora import File, cache, card, places
from .files import reading

_CHUNK = 1 << 20
Report = Callable[[str, int, int], None]  # file, bytes so far, bytes in all (0 = not known)


def fetch(
    name: str, *, given: Path | None = None, report: Report = lambda file, done, total: None
) -> dict[str, Path]:
    """Make every file of corpus `name` available on this machine; file → where it lies.

    What is there already (in SEQKIT_CORPORA, the cache, or the package) is kept if its checksum is right.
    `given` is a file of the corpus, or a folder of them, that the user already has. Every file is checked,
    whatever way it came; raises `DataError` if it is not the one that the card describes.
    """
    found: dict[str, Path] = {}
    known = card(name).files
    if given is not None and not any(_find(given, file, about) for file, about in known.items()):
        raise DataError(f"{given} is no file of corpus {name!r}; its files are {', '.join(known)}")
    for file, about in known.items():
        there = next(
            (path for path in places(name, file) if path.is_file() and _is_right(path, about)), None
        )
        found[file] = there or _get(name, file, about, given, report)
    return found


def _get(name: str, file: str, about: File, given: Path | None, report: Report) -> Path:
    target = cache(name) / file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        own = _find(given, file, about)
        if own is not None:
            with reading(own):
                data = own.read_bytes()
            return _install(data, own, file, about, target)
        if not about.address:
            raise DataError(
                f"corpus {name!r}: there is no public address for {file}; "
                f"give the file or its folder with --from, or set SEQKIT_CORPORA ({card(name).source})"
            )
        part = target.with_name(target.name + ".part")
        _download(about.address, part, file, report)
        try:
            return _install(part.read_bytes(), about.address, file, about, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"cannot write {target}: {reason(error)}") from None


def _find(given: Path | None, file: str, about: File) -> Path | None:
    """The user's own copy of `file`, of its text unpacked, or of the archive it comes in."""
    if given is None:
        return None
    if not given.exists():
        raise DataError(f"cannot read {given}: No such file or directory")
    names = [about.address.rpartition("/")[2]] if about.member else [file, file.removesuffix(".gz")]
    if given.is_dir():
        return next((given / name for name in names if (given / name).is_file()), None)
    return given if given.name in names else None


def _download(address: str, part: Path, file: str, report: Report) -> None:
    """Fetch `address` into `part`, going on where an earlier attempt stopped."""
    if not address.startswith(("https://", "http://")):
        raise DataError(f"{address}: only http and https addresses are fetched")
    begun = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={begun}-"} if begun else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            if begun and response.status != 206:  # the server starts again from the beginning
                begun = 0
            total = begun + int(response.headers.get("Content-Length") or 0)
            done = begun
            with part.open("ab" if begun else "wb") as out:
                while data := response.read(_CHUNK):
                    out.write(data)
                    done += len(data)
                    report(file, done, total)
        if done < total:
            raise DataError(
                f"{address}: the connection ended after {done:,} of {total:,} bytes; run it again to go on from there"
            )
    except urllib.error.HTTPError as error:
        error.close()  # it is the response, too
        if error.code == 416:  # nothing is left to fetch
            return
        raise DataError(f"cannot fetch {address}: {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError) as error:
        raise DataError(
            f"cannot fetch {address}: {getattr(error, 'reason', error)}; run it again to go on, or use --from"
        ) from None


def _install(data: bytes, origin: Path | str, file: str, about: File, target: Path) -> Path:
    """Check what was got and put the corpus file into the cache, in one move."""
    if about.member:
        _check(data, origin, about.download_sha256)
        data = _member(data, origin, about.member)
    elif about.text_sha256 and hashlib.sha256(data).hexdigest() == about.text_sha256:
        data = gzip.compress(data, mtime=0)
    elif not (about.text_sha256 and _text_is_right(data, about.text_sha256)):
        _check(data, origin, about.sha256)
    part = target.with_name(f"{target.name}.checked")
    part.write_bytes(data)
    part.replace(target)
    return target


def _check(data: bytes, origin: Path | str, wanted: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise DataError(
            f"{origin} is not the file that the card describes: sha256 {found[:16]}…, expected {wanted[:16]}… "
            "(damaged, replaced, or a login page in its place)"
        )


def _member(archive: bytes, origin: Path | str, member: str) -> bytes:
    """One file out of a zip archive. It is written under our own name, so no path in the archive matters."""
    import io

    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return opened.read(member)
    except (zipfile.BadZipFile, KeyError):
        raise DataError(f"{origin} is no zip archive with {member!r} in it") from None


def _is_right(path: Path, about: File) -> bool:
    data = path.read_bytes()
    right = not about.sha256 or hashlib.sha256(data).hexdigest() == about.sha256
    return right or bool(about.text_sha256 and _text_is_right(data, about.text_sha256))


def _text_is_right(data: bytes, wanted: str) -> bool:
    try:
        return hashlib.sha256(gzip.decompress(data)).hexdigest() == wanted
    except (OSError, EOFError, zlib.error):
        return False

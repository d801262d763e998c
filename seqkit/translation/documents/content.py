"""Bytes as text and back: encodings, byte-order marks; line ends stay as they are."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from ...errors import DataError

_MARKS = {  # those of UTF-32 first: one of them begins as one of UTF-16 does
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARED = re.compile(
    rb"""(?:<\?xml[^>]*?encoding\s*=\s*["']|<meta[^>]*?charset\s*=\s*["']?
    |"Content-Type:[^"]*charset=)
    \s*(?!CHARSET\b)([A-Za-z0-9._-]+)""",  # which xgettext writes until someone says more
    re.VERBOSE | re.IGNORECASE,
)
_NOT_OF_TEXT = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape")
_SIGNED = {"utf-8-sig": "utf-8"}  # else a mark would be added
_HEAD = 4096  # bytes in which an encoding is declared


@dataclass(frozen=True)
class Content:
    """The text of a file, and how it was written."""

    text: str
    encoding: str
    mark: bytes = b""  # the byte-order mark
    name: str = ""  # of the file, for errors; "" where characters have references

    def encoded(self, text: str) -> bytes:
        """Another text in the same encoding; characters that it lacks become `&#8222;`.

        Only HTML and XML have such references. Raises `DataError` for a table of messages, whose
        encoding lacks a character.
        """
        errors = "strict" if self.name else "xmlcharrefreplace"
        try:
            return self.mark + text.encode(self.encoding, errors=errors)
        except UnicodeEncodeError as error:
            raise DataError(
                f"{self.name} declares {self.encoding}, which lacks {text[error.start]!r} of a "
                f"translation: msgconv -t UTF-8 -o {self.name} {self.name} converts it"
            ) from None


def decode(
    data: bytes, name: str, *, may_declare: bool = False, has_references: bool = True
) -> Content:
    """The text in a file's bytes, by its byte-order mark, by what it declares, or as UTF-8.

    With `has_references`, characters that another encoding lacks can be written all the same.

    Raises `DataError` for zero bytes, and for bytes that are not of the encoding.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return Content(_decoded(data[len(mark) :], encoding, name), encoding, mark)

    if b"\0" in data:
        raise DataError(f"{name} holds zero bytes (the first at {data.index(0):,}): it is not text")

    declared = _DECLARED.search(data[:_HEAD]) if may_declare else None
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        known = codecs.lookup(encoding).name
    except LookupError:
        raise DataError(f"{name} declares the encoding {encoding}, which is not known") from None
    if known.replace("-", "_") in _NOT_OF_TEXT:
        raise DataError(f"{name} declares {encoding}, which is not an encoding of text")
    encoding = _SIGNED.get(known, encoding)
    if declared and not _reads(encoding, declared[0]):
        encoding = "utf-8"
    return Content(_decoded(data, encoding, name), encoding, name="" if has_references else name)


def _reads(encoding: str, declaration: bytes) -> bool:
    """Whether a declaration in ASCII is of the encoding that it names.

    One of UTF-16 is not, and means UTF-8 (WHATWG, HTML, "prescan a byte stream", step 15).
    """
    try:
        return declaration.decode(encoding) == declaration.decode("ascii", errors="replace")
    except UnicodeDecodeError:
        return False
    except LookupError:  # a codec from bytes to bytes, which reading the file refuses
        return True


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}, line {line}: byte {data[error.start]:#04x} is not {encoding}: the file "
            "mixes encodings or has another one. Convert it (iconv -f latin1 -t utf-8) or repair it"
        ) from None
    except LookupError:
        raise DataError(f"{name} declares {encoding}, which is not an encoding of text") from None

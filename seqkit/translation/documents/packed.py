"""Office documents and books: zip files with XML in them (.docx, .pptx, .odt, .epub).

Only the text of paragraphs is written anew; styles, pictures and all other members are copied as
they are, in their order. Text boxes, notes and comments stand within paragraphs, as points of their
sentences; their own paragraphs are written first, and then those around them. Formats: ECMA-376
(OOXML), OpenDocument 1.3, EPUB 3.3 with the tables of contents (NCX) of EPUB 2.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

from ...errors import DataError
from . import html, xml
from .content import Content, decode
from .markup import Kind, Token, names, segments_of
from .segment import Rewritten, Segment, Translated, replaced

_LARGEST = 1 << 30  # bytes of all members together, which are read one after the other
_LARGEST_TEXTS = 64 << 20  # of those with text, which are held in memory
_MOST_MEMBERS = 20_000
_BOMB = 200  # how many times its packed size a member of more than a megabyte may have

_WORD = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_SLIDES = re.compile(r"ppt/(?:slides|notesSlides|charts|diagrams)/[^/]+\.xml")
_ODT = re.compile(r"(?:content|styles)\.xml")
_PAGES = re.compile(r".*\.(?:xhtml|html|htm|ncx|opf)", re.IGNORECASE)
KINDS = {"docx": _WORD, "pptx": _SLIDES, "odt": _ODT, "epub": _PAGES}
_NEEDED = {
    "docx": "word/document.xml",
    "pptx": "ppt/presentation.xml",
    "odt": "content.xml",
    "epub": "META-INF/container.xml",
}


class _Found(NamedTuple):
    """The segments of a text, and those of paragraphs within their points."""

    segments: list[Segment]
    within: list[Segment]


@dataclass(frozen=True)
class _Member:
    """A member of the zip file with text in it."""

    name: str
    content: Content
    kind: str
    shown: str  # what errors call it
    found: _Found

    @property
    def segments(self) -> list[Segment]:
        return [*self.found.within, *self.found.segments]

    def write(self, translations: Sequence[Translated]) -> bytes:
        found, text = self.found, self.content.text
        if found.within:
            count = len(found.within)
            text = replaced(text, found.within, translations[:count])
            translations = translations[count:]
            found = _found(text, self.shown, self.kind)
        return self.content.encoded(replaced(text, found.segments, translations))


@dataclass(frozen=True)
class PackedDocument:
    """A zip file, some of whose members have text."""

    data: bytes
    members: list[_Member]

    @property
    def segments(self) -> list[Segment]:
        return [segment for member in self.members for segment in member.segments]

    def write(self, translations: Sequence[Translated]) -> bytes:
        changed: dict[str, bytes] = {}
        done = 0
        for member in self.members:
            mine = translations[done : done + len(member.segments)]
            done += len(member.segments)
            changed[member.name] = member.write(mine)

        packed = BytesIO()
        with zipfile.ZipFile(BytesIO(self.data)) as old, zipfile.ZipFile(packed, "w") as new:
            new.comment = old.comment
            for info in old.infolist():
                new.writestr(info, changed.get(info.filename) or old.read(info))
        return packed.getvalue()


def read(data: bytes, name: str, kind: str) -> PackedDocument:
    """Read a zipped document; raises `DataError` for a damaged, encrypted or dangerous one."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = _checked(archive, name, kind)
            wanted = [one for one in members if KINDS[kind].fullmatch(one)]
            texts = {one: archive.read(one) for one in wanted}
            broken = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise DataError(f"{name} is a damaged zip file ({error}): save it anew") from None
    if broken:
        raise DataError(f"{name} is damaged: {broken} in it cannot be unpacked. Save it anew")

    found: list[_Member] = []
    for one, packed in texts.items():
        shown = f"{name} ({one})"
        content = decode(packed, shown, may_declare=True)
        of_member = _kind_of_member(one, kind)
        segments = _found(content.text, shown, of_member)
        found.append(_Member(one, content, of_member, shown, segments))
    return PackedDocument(data, found)


def _checked(archive: zipfile.ZipFile, name: str, kind: str) -> list[str]:
    infos = archive.infolist()
    members = [info.filename for info in infos]
    if any(info.flag_bits & 1 for info in infos) or "EncryptedPackage" in members:
        raise DataError(f"{name} is encrypted: save it without a password first")
    manifest = "META-INF/manifest.xml"
    if manifest in members and b"encryption-data" in archive.read(manifest):
        raise DataError(f"{name} is encrypted: save it without a password first")
    if _NEEDED[kind] not in members:
        raise DataError(f"{name} is not a .{kind} file: it has no {_NEEDED[kind]}")
    if len(set(members)) < len(members):
        raise DataError(f"{name} has two members of one name: it is not safe to read. Save it anew")

    total = sum(info.file_size for info in infos)
    is_bomb = any(info.file_size > max(1 << 20, _BOMB * info.compress_size) for info in infos)
    if is_bomb or total > _LARGEST or len(infos) > _MOST_MEMBERS:
        raise DataError(
            f"{name} unpacks to {total / 1e6:,.0f} MB in {len(infos):,} files; refusing it"
        )
    texts = sum(info.file_size for info in infos if KINDS[kind].fullmatch(info.filename))
    if texts > _LARGEST_TEXTS:
        raise DataError(
            f"{name} has {texts / 1e6:,.0f} MB of text: up to {_LARGEST_TEXTS >> 20} MB are "
            "translated; split it"
        )
    return members


# The text of each format


def _kind_of_member(name: str, kind: str) -> str:
    suffix = name.lower().rpartition(".")[2]
    return suffix if suffix in ("ncx", "opf") else kind


def _found(text: str, name: str, kind: str) -> _Found:
    if kind == "epub":
        xml.tokens(_without_doctype(text), name, lambda *_: None)  # well-formed, or refused
        return _Found(html.segments(text), [])

    tokens = _tokens(text, name, kind, _CLASSIFY[kind])
    within: list[Token] = []
    for token in tokens:
        inner = text[token.start : token.end]
        if token.kind is Kind.POINT and _HAS_PARAGRAPHS.search(inner):
            moved = _tokens(inner, name, kind, _CLASSIFY_WITHIN[kind])
            within += [_moved(one, token.start) for one in moved]
    return _Found(_segments(text, tokens, kind), _segments(text, within, kind))


def _tokens(text: str, name: str, kind: str, classify: xml.Classify) -> list[Token]:
    holding = _HOLDS_TEXT.get(kind)
    if holding is None:
        return xml.tokens(text, name, classify)
    return xml.tokens(text, name, classify, holds_text=holding.__contains__)


def _moved(token: Token, by: int) -> Token:
    return replace(token, start=token.start + by, end=token.end + by)


def _segments(text: str, tokens: list[Token], kind: str) -> list[Segment]:
    if kind == "docx":
        tokens = list(_with_code(text, tokens))
    found = segments_of(text, tokens, xml.SPELLING, strict=kind in ("docx", "pptx"))
    return [_keeping_blanks(one, kind) for one in found]


def _with_code(text: str, tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens of a Word file, with runs that have a style of code as what stays."""
    done = 0
    for token in tokens:
        if token.start < done:
            continue
        run = _CODE_RUN.match(text, token.start) if token.name == "w:r" else None
        done = run.end() if run else token.end
        yield replace(token, kind=Kind.KEPT, end=done) if run else token


def _without_doctype(text: str) -> str:
    """A page without its doctype, and with the entities of HTML as blanks of the same length."""
    text = re.sub(r"<!DOCTYPE[^>\[]*>", lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return re.sub(r"&(?!amp;|lt;|gt;|quot;|apos;)[A-Za-z][A-Za-z0-9]*;", " ", text)


_WORD_INLINE = names("w:r w:t w:hyperlink w:ins w:moveTo w:smartTag w:sdt w:sdtContent w:fldSimple")
_WORD_PROPERTIES = names("w:rPr w:sdtPr w:sdtEndPr w:smartTagPr")
_WORD_POINTS = names(
    "w:drawing w:pict w:object w:footnoteReference w:endnoteReference w:sym "
    "w:noBreakHyphen w:softHyphen w:fldChar w:instrText w:commentReference w:footnoteRef "
    "w:endnoteRef w:annotationRef w:del w:moveFrom w:lastRenderedPageBreak "
    "w:bookmarkStart w:bookmarkEnd w:moveFromRangeStart w:moveFromRangeEnd w:moveToRangeStart "
    "w:moveToRangeEnd w:proofErr w:commentRangeStart w:commentRangeEnd w:permStart w:permEnd "
    "m:oMath mc:AlternateContent"
)
_CODE_RUN = re.compile(  # styles of pandoc, Word and LibreOffice
    r"<w:r(?: [^<>]*)?><w:rPr>(?:(?!</w:rPr>).)*?"
    r"<w:rStyle w:val=\"(?:VerbatimChar|HTMLCode|HTMLKeyboard|SourceText|InlineCode|CodeChar)\"/>"
    r"(?:(?!</w:rPr>).)*?</w:rPr>(?:<w:t(?: [^<>]*)?>[^<>]*</w:t>)+</w:r>",
    re.DOTALL,
)
_ODT_CODE = names("Source_20_Text User_20_Entry Teletype VerbatimChar Verbatim_20_Char")
_WORD_BOXES = names("w:drawing w:pict w:object mc:AlternateContent")


def _in_word(tag: str, attributes: dict[str, str]) -> Kind | None:
    if tag in _WORD_INLINE:
        return Kind.OPEN
    if tag in _WORD_PROPERTIES:
        return Kind.SPACE
    return Kind.POINT if tag in _WORD_POINTS else None


def _in_slides(tag: str, attributes: dict[str, str]) -> Kind | None:
    if tag in ("a:r", "a:t"):
        return Kind.OPEN
    if tag == "a:rPr":
        return Kind.SPACE
    return Kind.POINT if tag == "a:fld" else None


def _in_odt(tag: str, attributes: dict[str, str]) -> Kind | None:
    if tag == "text:span" and attributes.get("text:style-name") in _ODT_CODE:
        return Kind.KEPT
    if tag in ("text:span", "text:a", "text:ruby", "text:ruby-base"):
        return Kind.OPEN
    if tag in ("text:p", "text:h") or not tag.startswith(("text:", "office:annotation", "draw:")):
        return None
    is_container = tag in ("text:list", "text:list-item", "text:list-header", "text:section")
    is_container |= tag in ("text:table-of-content", "text:index-body", "text:tracked-changes")
    if tag.startswith("draw:"):
        return None
    is_break = tag in ("text:tab", "text:line-break", "text:s")
    return None if is_container or is_break else Kind.POINT


def _within_word(tag: str, attributes: dict[str, str]) -> Kind | None:
    """As `_in_word` for what is within a point: the paragraphs of text boxes."""
    return None if tag in _WORD_BOXES else _in_word(tag, attributes)


def _within_odt(tag: str, attributes: dict[str, str]) -> Kind | None:
    """As `_in_odt` for what is within a point: the paragraphs of notes and comments."""
    if tag in ("text:note", "text:note-body", "office:annotation"):
        return None
    return Kind.POINT if tag.startswith(("dc:", "meta:")) else _in_odt(tag, attributes)


def _nothing_inline(tag: str, attributes: dict[str, str]) -> None:
    """For titles, which are plain text."""


_HOLDS_TEXT = {
    "docx": names("w:t"),
    "pptx": names("a:t"),
    "ncx": names("text ncx:text"),  # of a table of contents
    "opf": names("dc:title"),
}
_CLASSIFY: dict[str, xml.Classify] = {
    "docx": _in_word,
    "pptx": _in_slides,
    "odt": _in_odt,
    "ncx": _nothing_inline,
    "opf": _nothing_inline,
}
_CLASSIFY_WITHIN = {"docx": _within_word, "pptx": _in_slides, "odt": _within_odt}
_HAS_PARAGRAPHS = re.compile("<(?:w:txbxContent|text:note-body|office:annotation)[ >]")


def _keeping_blanks(segment: Segment, kind: str) -> Segment:
    """In Word, blanks at the ends of a text count if it says so."""
    if kind != "docx" or not segment.has_markup:
        return segment
    return Rewritten(segment, _preserving)


def _preserving(written: str) -> str:
    return written.replace("<w:t>", '<w:t xml:space="preserve">')

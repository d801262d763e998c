"""Documents that are damaged, dangerous, or not what their names say: one line each."""

import random
import re

import pytest
from documents.zoo import docx, odt, page, zipped

from seqkit.errors import ConfigError, DataError
from seqkit.translation.documents import packed
from seqkit.translation.documents.kinds import open_document, read_document
from seqkit.translation.documents.segment import Translated

BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><xliff><source>&c;</source></xliff>'
OUTSIDE = (
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><xliff><source>&b;</source></xliff>'
)
PLURALS = (
    'msgid ""\nmsgstr "Plural-Forms: nplurals=3;\\n"\n\n'
    'msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[1] ""\n'
)

PARAMETERS = '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd">%b;]><w:document/>'


def docx_of(xml):
    return zipped(word__document_xml=xml)


def locked(data):
    """A zip file that says of its members that they are encrypted."""
    changed = bytearray(data)
    for sign, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        for match in re.finditer(re.escape(sign), data):
            changed[match.start() + flags] |= 1
    return bytes(changed)


BAD = {
    "a picture as text": ("txt", b"\x89PNG\r\n", "not a .txt file, but a picture"),
    "an office document as HTML": ("html", docx("<w:p/>"), "not a .html file, but a zip file"),
    "a workbook as Word": ("docx", zipped(a="b"), r"no word/document.xml"),
    "text as Word": ("docx", b"a b", "not a readable .docx: it is damaged"),
    "half a zip file": ("docx", docx("<w:p/>")[:-30], "not a readable .docx"),
    "an encrypted document": (
        "docx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99,
        "encrypted",
    ),
    "a zip bomb": ("docx", docx(" " * (5 << 20)), "MB in 3 files; refusing it"),
    "an XML bomb": ("xliff", BOMB.encode(), "declares entities of its own"),
    "an external entity": ("xliff", OUTSIDE.encode(), "declares entities of its own"),
    "tags too deep": ("xliff", b"<g>" * 10_000, "more than 1,000 deep"),
    "XML that is not well-formed": (
        "xliff",
        b"<xliff>\n<source>a</xliff>",
        "line 2: not well-formed",
    ),
    "no subtitles": ("srt", b"a b\n", "has no cue"),
    "SubRip as WebVTT": ("vtt", b"1\n00:00:01,000 --> 00:00:02,000\na\n", "begin with WEBVTT"),
    "plurals of another language": ("po", PLURALS.encode(), "line 4: 2 plural forms.*nplurals=3"),
    "a plural form twice": (
        "po",
        PLURALS.replace("=3", "=2").replace("[1]", "[0]").encode(),
        r"line 4: its plural forms are msgstr\[0\], msgstr\[0\]: number them from 0",
    ),
    "a cue without an end": (
        "srt",
        b"1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 -->\nb\n",
        "line 6: '00:00:03,000 -->' are no times of a cue",
    ),
    "nothing as Word": ("docx", b"", "not a readable .docx: it is empty"),
    "no messages": ("po", b"a b\n", "line 1: this is not a table of messages"),
    "mixed encodings": ("txt", "é\n".encode() + b"\xe9\n", "line 2: byte 0xe9 is not utf-8"),
    "zero bytes": ("srt", b"1\0\n", "holds zero bytes"),
    "an unknown encoding": ("html", b'<meta charset="klingon">', "klingon, which is not known"),
    "an encoding of names": ("html", b'<meta charset="punycode">', "punycode, which is not an enc"),
    "an encoding of bytes": (
        "xliff",
        b'<?xml encoding="zip"?><a/>',
        "zip, which is not an encoding",
    ),
    "a password on a member": ("docx", locked(docx("<w:p/>")), "is encrypted: save it without"),
    "a book of bombs": ("epub", page(BOMB), "declares entities of its own"),
    "a DTD elsewhere, with parameters": (
        "docx",
        docx_of(PARAMETERS),
        "declares entities of its own",
    ),
    "a page too deep": (
        "epub",
        page("<b>" * 10_000 + "x" + "</b>" * 10_000),
        "more than 1,000 deep",
    ),
    "a letter too deep": ("odt", odt("<text:span>" * 10_000), "more than 1,000 deep"),
    "JSON too deep": ("json", b"[" * 10_000, "more than 64 lists or tables inside"),
    "YAML with keys too deep": ("yaml", b"{a: " * 20_000, "nested too deep"),
    "Markdown with quotes too deep": (
        "md",
        b"---\na: b\n---\na\n\n" + b">" * 100 + b" b\n",
        "line 6: quotes and lists are 100 levels deep",
    ),
    "Markdown with lists too deep": ("md", b"- " * 99 + b"a\n", "line 1: quotes and lists are 100"),
    "YAML too deep": ("yaml", b"[" * 1_000, "nested too deep"),
    "a message without an end": ("po", b'msgid "a\nmsgstr ""\n', "line 1"),
    "UTF-16 with half a character": ("srt", b"\xff\xfea", "is not utf-16-le"),
    "JSON cut short": ("json", b'{"a": "b"', "is not JSON"),
    "YAML that is none": ("yaml", b"a: [b\n", "not YAML"),
    "a quote within a cell": ("csv", b'a\nb"c"d\n"e"f\n', "line 3: a quote within a cell"),
}


@pytest.mark.parametrize(("kind", "data", "message"), BAD.values(), ids=list(BAD))
def test_a_bad_document_is_refused_in_one_line_that_names_it(kind, data, message):
    fields = ["a"] if kind in ("json", "yaml", "csv") else []
    with pytest.raises(DataError, match=message) as caught:
        read_document(data, f"x.{kind}", kind, fields)
    assert str(caught.value).startswith(f"x.{kind}")
    assert "\n" not in str(caught.value)


KINDS = ["csv", "html", "json", "md", "po", "srt", "tsv", "txt", "vtt", "xliff", "yaml"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n"], ids=["none", "mark", "blank"])
def test_a_file_without_text_comes_back_or_is_refused_in_a_line(kind, data):
    fields = ["*"] if kind in ("csv", "json", "tsv", "yaml") else []
    if kind in ("json", "po", "xliff"):
        with pytest.raises(DataError, match=rf"^x\.{kind}"):
            read_document(data, f"x.{kind}", kind, fields)
    else:
        assert read_document(data, f"x.{kind}", kind, fields).write([]) == data


def test_tags_ten_thousand_deep_in_a_page_come_back():
    data = b"<p>" + b"<b>x " * 10_000 + b"</b> y " * 10_000
    document = read_document(data, "x.html", "html")
    assert document.write([Translated(segment.text) for segment in document.segments]) == data


def test_a_mark_that_is_declared_is_not_added():
    data = b'<meta charset="utf-8-sig"><p>a b'
    assert read_document(data, "x.html", "html").write([Translated("c")]) == data.replace(
        b"a b", b"c"
    )


def test_fields_must_be_chosen_and_those_that_are_there_are_named():
    data = b'{"title": "a", "id": {"x": "b"}}'
    with pytest.raises(ConfigError, match=r"which fields are text\?.*title, id\.x"):
        read_document(data, "x.json", "json")
    with pytest.raises(ConfigError, match="no field 'titel'"):
        read_document(data, "x.json", "json", ["titel"])
    with pytest.raises(ConfigError, match="no fields to choose"):
        read_document(b"a", "x.txt", "txt", ["title"])


def test_an_unknown_kind_names_those_that_are_known(tmp_path):
    with pytest.raises(DataError, match=r"cannot be translated. Known: .*\.docx"):
        open_document(tmp_path / "a.pdf")


@pytest.mark.parametrize(("kind", "most"), [("srt", 128), ("html", 64), ("md", 32), ("docx", 256)])
def test_a_huge_file_is_not_read(kind, most, tmp_path):
    path = tmp_path / f"a.{kind}"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(DataError, match=f"1,074 MB: .{kind} of up to {most} MB are translated"):
        open_document(path)


def test_a_zip_file_with_too_much_text_is_not_read(monkeypatch):
    monkeypatch.setattr(packed, "_LARGEST_TEXTS", 1 << 20)
    data = page("<p>" + random.Random(1).randbytes(1 << 20).hex() + "</p>")
    with pytest.raises(DataError, match=r"x\.epub has 2 MB of text: up to 1 MB are translated"):
        read_document(data, "x.epub", "epub")

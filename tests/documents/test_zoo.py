"""Every document of the zoo: what is not text is never changed."""

import io
import re
import zipfile

import pytest
from documents.zoo import ZOO

from seqkit.text.spans import pieces
from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated


def same(segment):
    """Every word as it is, aligned with itself."""
    words = len(segment.text.split())
    return Translated(segment.text, [(i, i) for i in range(words)])


def capitals(segment):
    """Every word in capitals, but for code and URLs, aligned with itself."""
    words = len(segment.text.split())
    shouted = [one.text if one.kind == "name" else one.text.upper() for one in pieces(segment.text)]
    return Translated("".join(shouted), [(i, i) for i in range(words)])


def parts(data, kind):
    """The members of a zip file, or the file itself."""
    if kind not in ("docx", "odt", "pptx", "epub"):
        return [data]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            (i.filename, i.date_time, i.compress_type, archive.read(i)) for i in archive.infolist()
        ]


def test_the_zoo_has_thirty_animals_and_more():
    assert len({name for name, *_ in ZOO}) == len(ZOO) >= 30


@pytest.mark.parametrize(
    ("trap", "kind", "data", "fields"), ZOO, ids=[f"{kind}-{trap}" for trap, kind, *_ in ZOO]
)
def test_a_document_comes_back_whole(trap, kind, data, fields):
    document = read_document(data, f"x.{kind}", kind, fields)
    written = document.write([same(segment) for segment in document.segments])
    assert parts(written, kind) == parts(data, kind)


@pytest.mark.parametrize(
    ("trap", "kind", "data", "fields"), ZOO, ids=[f"{kind}-{trap}" for trap, kind, *_ in ZOO]
)
def test_a_segment_is_written_as_it_was_read(trap, kind, data, fields, monkeypatch):
    """Although segments that are the same keep their bytes and need not be written."""
    has_text = "seqkit.translation.documents.segment._has_text"
    monkeypatch.setattr(has_text, lambda raw: False)
    document = read_document(data, f"x.{kind}", kind, fields)
    written = document.write([same(segment) for segment in document.segments])
    assert shape(written, kind, same_case=True) == shape(data, kind, same_case=True)


@pytest.mark.parametrize(
    ("trap", "kind", "data", "fields"), ZOO, ids=[f"{kind}-{trap}" for trap, kind, *_ in ZOO]
)
def test_only_words_change(trap, kind, data, fields):
    """Written in capitals, a document is the same but for case, blanks and its layout."""
    document = read_document(data, f"x.{kind}", kind, fields)
    written = document.write([capitals(segment) for segment in document.segments])
    assert shape(written, kind) == shape(data, kind)


SAME = [  # written in another way, as it may be once words change
    (r"&(?:eacute|#233);|\\xc3\\x[a8]9|\\\\u00[ec]9|\\x[ec]9", "é"),
    (r"&nbsp;|\\xc2\\xa0|\\xa0| xml:space=\"preserve\"", ""),
    (r"\\\\/", "/"),  # in JSON
    (r"\\[rnt]|\s", ""),
]


def shape(data, kind, *, same_case=False):
    """A document without blanks and line ends, and without case if it may have changed."""
    shown = repr(parts(data, kind))
    shown = shown if same_case else shown.lower()
    for pattern, replacement in SAME:
        shown = re.sub(pattern, replacement, shown)
    return shown.replace(">", "") if kind == "md" else shown  # a quote becomes one line

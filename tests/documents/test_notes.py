"""Text within the paragraphs of office documents, and beside the pages of books."""

import io
import zipfile

import pytest
from documents.zoo import RUN, docx, odt, page, word_box

from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated


def translated(data, kind, member, words):
    """The texts of a document, and a member of it with the translations `words` gives."""
    document = read_document(data, f"a.{kind}", kind)
    texts = [segment.text for segment in document.segments]
    changed = document.write([Translated(*words.get(text, (text, None))) for text in texts])
    with zipfile.ZipFile(io.BytesIO(changed)) as archive:
        return texts, archive.read(member).decode()


def note(text):
    return (
        '<text:note text:id="n1"><text:note-citation>1</text:note-citation><text:note-body>'
        f"<text:p>{text}</text:p></text:note-body></text:note>"
    )


BESIDE = {  # the note of a sentence goes with its words, whatever becomes of the note
    "both": ({"a b": ("B A", [(1, 0), (0, 1)]), "c d": ("D C", None)}, "B A{}", "D C"),
    "the note only": ({"c d": ("D C", None)}, "a{} b", "D C"),
    "the sentence only": ({"a b": ("B A", [(1, 0), (0, 1)])}, "B A{}", "c d"),
}


@pytest.mark.parametrize(("words", "sentence", "of_note"), BESIDE.values(), ids=BESIDE)
def test_a_note_and_the_sentence_that_it_stands_in_are_both_translated(words, sentence, of_note):
    data = odt(f"<text:p>a{note('c d')} b</text:p>")
    texts, changed = translated(data, "odt", "content.xml", words)
    assert texts == ["c d", "a b"]
    assert f"<text:p>{sentence.format(note(of_note))}</text:p>" in changed


def test_text_boxes_of_word_are_translated_in_both_forms():
    def body(text, box):
        return f"<w:p>{RUN.format(text)}{word_box(box)}</w:p>"

    words = {"a b": ("B A", [(1, 0), (0, 1)]), "c d": ("D C", None)}
    texts, changed = translated(docx(body("a b", "c d")), "docx", "word/document.xml", words)
    assert texts == ["c d", "c d", "a b"]
    assert body("B A", "D C") in changed


def test_what_was_moved_away_in_word_is_not_of_the_sentence():
    def body(first, second, third):
        away = f'<w:moveFromRangeStart/><w:moveFrom w:id="1">{RUN.format("c ")}</w:moveFrom>'
        here = f'<w:moveTo w:id="2">{RUN.format(second)}</w:moveTo><w:moveToRangeEnd/>'
        return f"<w:p>{RUN.format(first)}{away}{here}{RUN.format(third)}</w:p>"

    words = {"a b d": ("A B D", [(0, 0), (1, 1), (2, 2)])}
    data = docx(body("a ", "b ", "d"))
    texts, changed = translated(data, "docx", "word/document.xml", words)
    assert texts == ["a b d"]
    assert changed.replace(' xml:space="preserve"', "").find(body("A ", "B ", "D")) > 0


def test_who_wrote_a_comment_stays():
    inside = "<dc:creator>c</dc:creator><dc:date>d</dc:date><text:p>{}</text:p>"
    comment = f'<office:annotation xmlns:office="o" xmlns:dc="c">{inside}</office:annotation>'
    data = odt(f"<text:p>a{comment.format('e')}</text:p>")
    texts, changed = translated(data, "odt", "content.xml", {"e": ("E", None)})
    assert texts == ["e", "a"]
    assert comment.format("E") in changed


def test_the_titles_of_chapters_and_of_the_book_are_translated():
    contents = (
        "<ncx><docTitle><text>a b</text></docTitle><navLabel><text>{}</text></navLabel></ncx>"
    )
    book = page("<html><p>p</p></html>", toc_ncx=contents.format("c &amp; d"))
    texts, changed = translated(book, "epub", "toc.ncx", {"c & d": ("D & C", None)})
    assert texts == ["p", "a b", "c & d"]
    assert changed == contents.format("D &amp; C")

    package = '<package xmlns:dc="c"><dc:title>{}</dc:title><dc:creator>a b</dc:creator></package>'
    book = page("<html><p>p</p></html>", book_opf=package.format("a b"))
    texts, changed = translated(book, "epub", "book.opf", {"a b": ("B A", None)})
    assert (texts, changed) == (["p", "a b"], package.format("B A"))

"""Plain text: which paragraphs were wrapped by a program, and what stays of them."""

import pytest

from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated

WRAPPED = (
    "The quick brown fox jumps over the lazy dog, and then it\n"
    "goes home again, since it is late and all of the others\n"
    "have gone.\n"
)


def test_a_paragraph_that_was_wrapped_is_one_text_and_wrapped_again():
    document = read_document(f"A title\n\n{WRAPPED}\nThe end\n".encode(), "a.txt", "txt")
    title, paragraph, end = (segment.text for segment in document.segments)
    assert (title, end) == ("A title", "The end")
    assert paragraph == " ".join(WRAPPED.split("\n")).strip()
    longer = "Der schnelle braune Fuchs springt über den faulen Hund und geht dann nach Hause."
    changed = document.write([Translated(title), Translated(longer), Translated(end)]).decode()
    lines = ["Der schnelle braune Fuchs springt über den faulen Hund", "und geht dann nach Hause."]
    assert changed == "\n".join(["A title", "", *lines, "", "The end", ""])


@pytest.mark.parametrize(
    "text",
    [
        "one\ntwo\nthree\n",  # short lines
        WRAPPED.replace("it\ng", "it.\nG").replace("others\nhave", "others.\nHave"),  # sentences
        WRAPPED.replace("goes", "- goes"),  # items
        WRAPPED.replace("goes", "  goes"),
        "  " + WRAPPED,
        WRAPPED.replace(", and then it", "."),  # there was room for the next word
        WRAPPED.replace("\n", " ", 1),  # lines longer than programs wrap
        "seqkit translate --model en-de --input a.txt --output\nb.txt\n",  # two lines show no width
        "Dr. Maria Huber, Institute of Forestry and Woods, Room\nno. 3\n",
        "I wandered lonely as a cloud that floats on high o'er\nvales and hills\n",
        "seqkit translate --model en-de --input book.md --out a \\\nbook-with-a-long-name.de.md "
        "--glossary terms-of-books.tsv \\\nand-more\n",
    ],
)
def test_line_breaks_that_mean_something_stay(text):
    document = read_document(text.encode(), "a.txt", "txt")
    assert len(document.segments) == text.count("\n")
    changed = document.write([Translated(segment.text.upper()) for segment in document.segments])
    assert changed.decode() == text.upper()


def test_tabs_of_a_wrapped_paragraph_stay():
    document = read_document(WRAPPED.encode(), "a.txt", "txt")
    assert document.write([Translated("one\ttwo three")]) == b"one\ttwo three\n"

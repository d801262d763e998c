"""Messages of programs: the keys of their menus."""

import time

import pytest

from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.segment import Translated


def message(text):
    document = read_document(f'msgid "{text}"\nmsgstr ""\n'.encode(), "a.po", "po")
    return document, document.segments[0].text


@pytest.mark.parametrize(
    ("text", "read", "translation", "written"),
    [
        ("&Open the file", "Open the file", "Die Datei öffnen", "&Die Datei öffnen"),
        ("_Close", "Close", "Schließen", "S_chließen"),
        ("Save &As…", "Save As…", "Speichern als…", "Speichern &als…"),
        ("E&xit", "Exit", "Beenden", "&Beenden"),
        ("Edit &element", "Edit element", "Edit element", "Edit &element"),
        ("&New {name}", "New {name}", "{name} neu", "{name} &neu"),
        ("%s _tail", "%s tail", "%s", "%s"),
    ],
)
def test_a_key_goes_with_its_letter(text, read, translation, written):
    document, seen = message(text)
    assert seen == read
    assert document.write([Translated(translation)]).decode().endswith(f'msgstr "{written}"\n')


def test_paragraphs_and_items_of_a_message_stay():
    text = r"\n a b\nc.\n\n - d\n - e f:\n10\nf\tg\n\n12\n1. h\n"
    document, _ = message(text)
    texts = ["a b c.", "d", "e f:", "10 f g", "h"]
    assert [one.text for one in document.segments] == texts

    written = document.write([Translated(one.upper()) for one in texts]).decode()
    lines = [r"\n A B C.\n\n", r" - D\n", r" - E F:\n", r"10 F G\n\n12\n", r"1. H\n"]
    assert written.endswith('msgstr ""\n' + "".join(f'"{line}"\n' for line in lines))


@pytest.mark.parametrize(
    "text",
    ["R&D of AT&T", "a && b", "a & b", "&lt;b&gt; &amp;c", "snake_case_name", "_private_name",
     "a_b", "&One &Two"],
)  # fmt: skip
def test_what_is_no_key_stays(text):
    document, seen = message(text)
    assert seen == text
    assert document.write([Translated("x")]).decode().endswith('msgstr "x"\n')


def test_ten_thousand_plurals_take_no_square_of_the_time():
    """0.3 s; 20 s where each of them looks through the whole file."""
    entry = 'msgid "a file"\nmsgid_plural "files %d"\nmsgstr[0] ""\nmsgstr[1] ""\n\n'
    data = "".join(entry.replace("%d", str(i) * 10) for i in range(10_000)).encode()
    start = time.process_time()
    assert len(read_document(data, "a.po", "po").segments) == 20_000
    assert time.process_time() - start < 3


def test_tags_of_a_message_go_with_their_words():
    data = b'msgid "<b>a b</b> c <a href=\\"{u}\\">d</a>."\nmsgstr ""\n'
    (segment,) = read_document(data, "a.po", "po").segments
    assert segment.text == "a b c d."
    written = segment.written("D C B A.", [(3, 0), (2, 1), (1, 2), (0, 3)])
    assert written == '"<a href=\\"{u}\\">D</a> C <b>B A</b>."'


@pytest.mark.parametrize("text", ["a < b", "a <b>b", "a & b"])
def test_what_is_no_markup_of_a_message_is_text(text):
    (segment,) = read_document(f'msgid "{text}"\nmsgstr ""\n'.encode(), "a.po", "po").segments
    assert segment.text == text
    assert segment.written(text, None) == f'"{text}"'

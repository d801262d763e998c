"""Documents through a translator: markup, layout, memory."""

import io
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from html import escape
from pathlib import Path

import pytest
from documents.zoo import zipped

from seqkit.errors import DataError
from seqkit.translation.documents.bitext import write_bitext
from seqkit.translation.documents.kinds import read_document
from seqkit.translation.documents.memory import Memory
from seqkit.translation.documents.segment import Translated
from seqkit.translation.documents.subtitle_lines import WIDTH, laid_out, shared_out
from seqkit.translation.documents.translating import translate_document
from seqkit.translation.predictions import TranslatedLine
from seqkit.translation.segments import Translation


class Reversing:
    """Says words from the last to the first, and is killed after so many lines."""

    attends = True

    def __init__(self, lines=10**9):
        self.left = lines
        self.seen = []

    def predict(self, inputs, *, align=False, **settings):
        for text in inputs:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.seen.append(text)
            words = text.split()
            pairs = [(len(words) - 1 - i, i) for i in range(len(words))]
            best = Translation(" ".join(reversed(words)), 0.0, 0.0, [], [])
            yield TranslatedLine(text, [best], [sorted(pairs)] if align else None)


def written(text, kind, tmp_path, **settings):
    source, target = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    source.write_text(text, encoding="utf-8", newline="")
    translate_document(Reversing(), source, target, **settings)
    return target.read_bytes().decode()


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("html", "<p>a <b>b c</b> d</p>", "<p>d <b>c b</b> a</p>"),
        ("html", "<p>a <a href='x'>b <i>c</i></a></p>", "<p><a href='x'><i>c</i> b</a> a</p>"),
        ("html", "<p>a &lt; &amp; b</p>", "<p>b &amp; &lt; a</p>"),
        ("md", "a **b** [c](d)\n", "[c](d) **b** a\n"),
        ("md", "- a\n  b\n", "- b a\n"),
        ("srt", "1\n00:00:01,000 --> 00:00:02,000\n<i>a</i> b\n",
         "1\n00:00:01,000 --> 00:00:02,000\nb <i>a</i>\n"),
    ],
)  # fmt: skip
def test_markup_goes_with_the_words_that_it_was_around(kind, text, expected, tmp_path):
    assert written(text, kind, tmp_path) == expected


def test_a_sentence_over_two_cues_is_translated_as_one_and_shared_out(tmp_path):
    cues = "1\n00:00:01,000 --> 00:00:02,000\na b\n\n2\n00:00:03,000 --> 00:00:04,000\nc d.\n"
    assert written(cues, "srt", tmp_path) == cues.replace("a b", "d. c").replace("c d.", "b a")


@pytest.mark.parametrize(
    ("kind", "text", "read", "expected"),
    [
        ("srt", "a & b", ["a & b"], "b & a"),
        ("srt", "- a & b\n- c < d", ["a & b", "c < d"], "- b & a\n- d < c"),
        ("srt", "<i>a</i> &amp; b", ["a &amp; b"], "b &amp; <i>a</i>"),
        ("vtt", "a &amp; b", ["a & b"], "b &amp; a"),
        ("vtt", "- a &lt; b", ["a < b"], "- b &lt; a"),
        ("vtt", "<i>a</i> &amp; b", ["a & b"], "b &amp; <i>a</i>"),
    ],
)
def test_webvtt_has_entities_and_subrip_has_none(kind, text, read, expected, tmp_path):
    head = "WEBVTT\n\n" if kind == "vtt" else ""
    cue = f"{head}00:00:01.000 --> 00:00:02.000\n{{}}\n"
    document = read_document(cue.format(text).encode(), f"x.{kind}", kind)
    assert [segment.text for segment in document.segments] == read
    assert written(cue.format(text), kind, tmp_path) == cue.format(expected)


def test_no_line_breaks_within_a_tag(tmp_path):
    tag = '<font color="#ffffff" face="Arial" size="12">'
    text = f"hello my very good old friend {tag}and you are here again</font> now and then"
    cue = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n"
    shown = written(cue, "srt", tmp_path)
    assert tag in shown
    assert shown.count("\n") == 4  # the number, the times, and two lines


@pytest.mark.parametrize("end", [".", "!”", "?’", ".»", "…)", "。」", "！", "？", "।", "۔"])
def test_a_sentence_keeps_its_full_stop(end, tmp_path):
    assert after(f"a{end}", "b.", tmp_path) == "b."


@pytest.mark.parametrize("source", ["a", "a (b)", "a “b”", "a, b:"])
def test_a_heading_gets_no_full_stop(source, tmp_path):
    assert after(source, "b.", tmp_path) == "b"


def after(source, translation, tmp_path):
    """What a document has for a source that a model translates so."""

    class Saying(Reversing):
        def predict(self, inputs, *, align=False, **settings):
            best = Translation(translation, 0.0, 0.0, [], [])
            return [TranslatedLine(text, [best], None) for text in inputs]

    (tmp_path / "a.txt").write_text(source, encoding="utf-8")
    translate_document(Saying(), tmp_path / "a.txt", tmp_path / "b.txt")
    return (tmp_path / "b.txt").read_text(encoding="utf-8")


def test_a_cue_has_two_lines_of_42_characters_about_as_long():
    text = "the quick brown fox jumps over the lazy dog and goes home again"
    lines = laid_out(text)
    assert len(lines) == 2
    assert " ".join(lines) == text
    assert max(map(len, lines)) <= WIDTH
    assert abs(len(lines[0]) - len(lines[1])) <= 8


def test_what_is_shared_out_is_all_there():
    assert shared_out("a b c d", [1, 1]) == ["a b", "c d"]
    assert shared_out("a", [1, 1]) == ["a", ""]


def test_killed_work_goes_on_and_nothing_is_translated_twice(tmp_path):
    source, target = tmp_path / "a.md", tmp_path / "b.md"
    source.write_text("\n\n".join(f"word number {i}" for i in range(500)))
    killed = Reversing(lines=250)
    memory = Memory(tmp_path / "memory.sqlite", "model")
    with pytest.raises(KeyboardInterrupt):
        translate_document(killed, source, target, memory=memory)
    assert not target.exists()
    memory.close()

    again = Reversing()
    memory = Memory(tmp_path / "memory.sqlite", "model")
    done = translate_document(again, source, target, memory=memory)
    assert (done.translated, done.remembered) == (300, 200)
    assert not set(again.seen) & set(killed.seen[:200])

    whole = tmp_path / "c.md"
    translate_document(Reversing(), source, whole)
    assert target.read_bytes() == whole.read_bytes()
    other = Memory(tmp_path / "memory.sqlite", "another model")
    assert other.find(["word number 0"], aligned=False) == {}


def test_a_memory_tells_settings_apart_and_keeps_what_could_not_be_placed(tmp_path):
    memory = Memory(tmp_path / "memory.sqlite", "model")
    kept = Translated("b", [(0, 0)], ("a → c",))
    memory.under("beam 5").keep([("a", kept)])
    assert memory.under("beam 5").find(["a"], aligned=True) == {"a": kept}
    assert memory.find(["a"], aligned=False) == {}
    assert memory.under("beam 4").find(["a"], aligned=False) == {}


def test_kill_9_loses_nothing_that_was_kept(tmp_path):
    """Killed by the system, not by an exception that could be caught."""
    source, seen = tmp_path / "a.html", tmp_path / "seen"
    paragraphs = [f"paragraph {i} of the book" for i in range(2000)]
    source.write_text("".join(f"<p>{text}</p>\n" for text in paragraphs))
    program = [sys.executable, "-m", "documents.translates_slowly"]
    files = [source, tmp_path / "b.html", tmp_path / "memory.sqlite", seen]
    command = [str(part) for part in [*program, *files]]
    tests = str(Path(__file__).parents[1])
    env = os.environ | {"PYTHONPATH": tests}

    with subprocess.Popen([*command, "0.002"], env=env, cwd=tmp_path) as process:
        while not seen.exists() or seen.read_text().count("\n") < 450:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    kept = rows(tmp_path / "memory.sqlite")
    first = seen.read_text().splitlines()
    assert 0 <= len(first) - kept <= 100  # at most what had not been written yet
    assert 300 <= kept < 2000
    assert not (tmp_path / "b.html").exists()

    subprocess.run([*command, "0"], env=env, cwd=tmp_path, check=True)
    again = seen.read_text().splitlines()[len(first) :]
    assert again == paragraphs[kept:]  # nothing that was kept is translated again
    expected = "".join(f"<p>{text.upper()}</p>\n" for text in paragraphs)
    assert (tmp_path / "b.html").read_text() == expected


def rows(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM segments").fetchone()[0]


def test_a_file_that_is_no_memory_is_named(tmp_path):
    path = tmp_path / "memory.sqlite"
    path.write_text("this is not a database at all, but text" * 50)
    with pytest.raises(DataError, match=r"cannot use the translation memory .*memory\.sqlite"):
        Memory(path, "model")


def test_pairs_are_written_as_tsv_and_as_tmx(tmp_path):
    write_bitext(tmp_path / "a.tsv", [("a < b", "c\td")], ("en", "de"))
    assert (tmp_path / "a.tsv").read_text() == "a < b\tc d\n"
    write_bitext(tmp_path / "a.tmx", [("a < b", "c")], ("en", ""))
    shown = (tmp_path / "a.tmx").read_text()
    assert '<tuv xml:lang="en"><seg>a &lt; b</seg></tuv>' in shown
    assert '<tuv xml:lang="und"><seg>c</seg></tuv>' in shown


def test_references_to_characters_stay_where_a_translation_is_the_same():
    data = b"<p>&#1103; <b>&#1103;</b></p>"
    document = read_document(data, "a.html", "html")
    assert document.write([Translated("я я", [(0, 0), (1, 1)])]) == data


@pytest.mark.parametrize("name", ["utf-16", "UTF-16LE", "utf-16be", "utf-32", "cp037"])
@pytest.mark.parametrize("odd", [0, 1], ids=["even", "odd"])
def test_a_declaration_in_ascii_of_what_is_not_ascii_means_utf_8(name, odd):
    """As browsers read it (WHATWG)."""
    for kind, start in [("html", f'<meta charset="{name}"><p>'), ("po", HEADER.format(name))]:
        text = MESSAGE.format("")[:-1] if kind == "po" else "Grüße an alle"
        data = f"{start}{text}".encode()
        data += b" " * ((len(data) + odd) % 2)
        document = read_document(data, f"a.{kind}", kind)
        changed = document.write([Translated("ž")])
        assert "ž" in changed.decode("utf-8")
        assert changed.startswith(start.encode())


def test_two_strings_on_a_line_are_one_as_gettext_reads_them():
    data = b'msgid "a " "b" \t"c"\n"d"\nmsgstr "" ""\n'
    document = read_document(data, "a.po", "po")
    assert [segment.text for segment in document.segments] == ["a bcd"]
    assert document.write([Translated("x")]) == data.replace(b'"" ""', b'"x"')


def test_a_table_of_others_in_a_memory_stays(tmp_path):
    """Such as that of an older version, whose translations someone may still want."""
    path = tmp_path / "memory.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE translations (source TEXT)")
        database.execute("INSERT INTO translations VALUES ('a')")
        database.commit()
        with closing(Memory(path, "model")) as memory:
            memory.keep([("b", Translated("c"))])
            database.execute(
                "INSERT INTO translations VALUES ('d')"
            )  # as a process that still runs
            assert memory.find(["b"], aligned=False) == {"b": Translated("c")}
        found = database.execute("SELECT source FROM translations").fetchall()
    assert found == [("a",), ("d",)]


def test_a_page_in_latin_1_gets_other_characters_as_references():
    document = read_document(b'<meta charset="latin1"><p>a b', "a.html", "html")
    found = document.write([Translated("a „b“")])
    assert found == b'<meta charset="latin1"><p>a &#8222;b&#8220;'


HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset={}\\n"\n\n'
MESSAGE = 'msgid "a b"\nmsgstr "{}"\n'


def test_a_template_of_messages_that_names_no_encoding_is_utf_8(tmp_path):
    start = HEADER.format("CHARSET")
    assert written(start + MESSAGE.format(""), "po", tmp_path) == start + MESSAGE.format("b a")


def test_messages_in_latin_1_that_lack_a_character_are_refused_and_keep_what_they_have():
    data = (HEADER.format("ISO-8859-1") + MESSAGE).encode("latin-1")
    document = read_document(data.replace(b"{}", b""), "a.po", "po")
    assert document.write([Translated("é")]) == data.replace(b"{}", b"\xe9")
    with pytest.raises(DataError, match=r"a\.po declares ISO-8859-1, which lacks '„'.*msgconv -t"):
        document.write([Translated("„a“")])


@pytest.mark.parametrize(
    ("kind", "text", "field", "expected"),
    [
        ("json", '{"menu.title": "a b", "title": "a b"}', "menu.title", ["a b"]),
        (
            "json",
            '{"x": {"menu": {"title": "a b"}}, "submenu.title": "c d"}',
            "menu.title",
            ["a b"],
        ),
        ("json", '{"title": "a b", "subtitle": "c d"}', "title", ["a b"]),
        ("csv", "title.en,title.de\na b,c d\n", "title.en", ["a b"]),
    ],
)
def test_fields_are_found_by_the_end_of_their_path(kind, text, field, expected):
    document = read_document(text.encode(), f"x.{kind}", kind, [field])
    assert [segment.text for segment in document.segments] == expected


def test_placeholders_plurals_and_blanks_of_messages(tmp_path):
    po = 'msgid "a %s\\n"\nmsgstr ""\n\nmsgid "b"\nmsgid_plural "c d"\nmsgstr[0] ""\nmsgstr[1] ""\n'
    changed = po.replace('msgstr ""', 'msgstr "%s a\\n"')
    changed = changed.replace('[0] ""', '[0] "b"').replace('[1] ""', '[1] "d c"')
    assert written(po, "po", tmp_path) == changed


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (
            "<source>a b</source>\n<note>c</note>",
            "<source>a b</source><target>b a</target>\n<note>c</note>",
        ),
        (
            '<source>a b</source><seg-source>a b</seg-source><target state="new"/>',
            '<source>a b</source><seg-source>a b</seg-source><target state="new">b a</target>',
        ),
        (
            '<source>a b</source><target x="1"> </target>',
            '<source>a b</source><target x="1">b a</target>',
        ),
        ("<source>OK</source>", "<source>OK</source><target>OK</target>"),
        ("<source><![CDATA[a <b>b</b>]]></source>", "<source><![CDATA[a <b>b</b>]]></source>"),
    ],
)
def test_units_of_xliff_get_a_target(unit, expected, tmp_path):
    start, end = "<xliff><trans-unit>", "</trans-unit></xliff>"
    assert written(f"{start}{unit}{end}", "xliff", tmp_path) == f"{start}{expected}{end}"


@pytest.mark.parametrize("tag", ["trans-unit", "unit", "group", "file"])
def test_units_that_are_not_to_be_translated_stay(tag, tmp_path):
    text = f'<xliff><{tag} translate="no"><source>a b</source></{tag}></xliff>'
    assert written(text, "xliff", tmp_path) == text


def test_a_message_that_is_the_same_in_both_languages_has_a_translation(tmp_path):
    assert written('msgid "OK"\nmsgstr ""\n', "po", tmp_path) == 'msgid "OK"\nmsgstr "OK"\n'


def test_the_entities_of_html_are_not_those_of_xml():
    """`&amp;copy` is the text `&copy` in both; `&copy` alone is a sign in HTML only."""
    unit = "<xliff><unit><source>a &amp;lt; &#98; &#x63; &apos; d&amp;copy</source></unit></xliff>"
    (segment,) = read_document(unit.encode(), "a.xliff", "xliff").segments
    assert segment.text == "a &lt; b c ' d&copy"
    page = read_document(b"<p>a &copy; b &ampamp; c</p>", "a.html", "html")
    assert page.segments[0].text == "a © b &amp; c"


CELL = "| h | i |\n|---|---|\n| a \\| b | c |\n\n```\na | b\n```\n"


def test_code_that_reads_like_a_cell_above_it_stays(tmp_path):
    """The cell is `a | b` to the parser, and stands as `a \\| b`."""
    assert written(CELL, "md", tmp_path) == CELL.replace("a \\| b", "b \\| a")


@pytest.mark.parametrize(
    ("translation", "expected"),
    [
        ("1. Mai", "1\\. Mai"),
        ("12) Uhr", "12\\) Uhr"),
        ("- und", "\\- und"),
        ("# vor", "\\# vor"),
        ("> ab", "\\> ab"),
        ("~~~ ab", "\\~~~ ab"),
        ("in C #", "in C \\#"),
        ("x | y", "x \\| y"),
        ("am 1. Mai - um 1.", "am 1. Mai - um 1."),
    ],
)
def test_no_translation_begins_a_list_a_heading_or_a_quote(translation, expected):
    markdown_it = pytest.importorskip("markdown_it")
    document = read_document(b"May 1\n", "x.md", "md")
    changed = document.write([Translated(translation)]).decode()
    assert changed == f"{expected}\n"
    assert markdown_it.MarkdownIt().render(changed) == f"<p>{escape(translation)}</p>\n"


def test_the_title_of_a_chart_is_translated():
    chart = "<c:t xmlns:a='a' xmlns:c='c'><a:p><a:r><a:t>a b</a:t></a:r></a:p><c:v>3</c:v></c:t>"
    data = zipped(ppt__presentation_xml="<a/>", ppt__charts__chart1_xml=chart)
    document = read_document(data, "a.pptx", "pptx")
    changed = document.write([Translated("b a")])
    with zipfile.ZipFile(io.BytesIO(changed)) as archive:
        assert archive.read("ppt/charts/chart1.xml").decode() == chart.replace("a b", "b a")

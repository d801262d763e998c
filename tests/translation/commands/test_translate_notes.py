"""`seqkit translate`: what is copied, and what it notes on stderr."""

import json

import pytest
from letters import write_lines

from seqkit.translation.commands.notes import LostNumbers
from seqkit.translation.segments import Translation

COPIED = [
    "1",
    "00:00:01,000 --> 00:00:03,500",
    "",
    " \t",
    ".",
    "| --- |",
    "<br/>",
    "🙂 !",
    "  12  ",
]


def test_lines_that_are_not_language_come_back_as_they_are(cli, run):
    done = cli("translate", "-m", run, input="\n".join(["a b", *COPIED, "b"]) + "\n")
    assert done.out.split("\n")[1:-2] == COPIED


def test_tags_urls_tabs_and_blanks_of_a_line_come_back_as_they_are(cli, run, translator):
    a, b = translator.translate(["a b c", "d e"])
    line = " <b>a b c</b>\td e https://x.org/?a=b.  "
    (found,) = translator.translate([line])
    assert found == f" <b>{a}</b>\t{b} https://x.org/?a=b.  "
    assert cli("translate", "-m", run, input=line + "\r\n").out == found + "\n"


def test_passthrough_can_be_turned_off(translator):
    assert translator.translate(["1 2"], passthrough=False) != ["1 2"]
    assert translator.translate(["1 2"], split=False) != ["1 2"]


def test_what_is_copied_is_aligned_with_itself(cli, run):
    done = cli("translate", "-m", run, "--alignments", "12:30 - 5.", "<b>a</b>")
    assert done.lines[0] == "12:30 - 5. ||| 0-0 1-1 2-2"
    assert done.lines[1].split(" ||| ")[1].split()[0] == "0-0"


AS_NAMED = ". To have a document translated, give -i FILE and -o FILE"
RENAMED = ". To have a document translated, name it by what it is ({}) and give -i FILE and -o FILE"


@pytest.mark.parametrize(
    ("name", "text", "kind", "advice"),
    [
        ("a.srt", "a", "subtitles", AS_NAMED),
        ("a.VTT", "a", "subtitles", AS_NAMED),
        ("a.ass", "a", "subtitles", ""),  # which is no document that can be translated
        ("a.html", "a", "HTML", AS_NAMED),
        ("a.md", "a", "Markdown", AS_NAMED),
        ("a.md.gz", "", "Markdown", ""),
        ("a.csv", "a", "a table", AS_NAMED),
        ("a.txt", "1\r\n00:00:01,000 --> 00:00:03,500\r\na", "subtitles", RENAMED.format(".srt")),
        ("a.txt", "WEBVTT\n\na", "subtitles", RENAMED.format(".vtt")),
        ("a", "<!doctype html>\n", "HTML", RENAMED.format(".html")),
        ("a", '<?xml version="1.0"?>\n', "XML", ""),
        ("a", "# A title\n", "Markdown", RENAMED.format(".md")),
        ("a", "a\tb\nc\td\n", "a table", RENAMED.format(".tsv")),
        ("a", '{"a": "b"}\n', "JSON", RENAMED.format(".json")),
    ],
)
def test_a_document_is_noted_once(cli, run, tmp_path, name, text, kind, advice):
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    says = (
        f"looks like {kind}: each line is translated by itself; times, tags, URLs and code are "
        f"copied{advice}\n"
    )
    assert cli("translate", "-m", run, "-i", source).err == f"note: {source} {says}"
    if name == "a":
        assert cli("translate", "-m", run, input=text).err == f"note: stdin {says}"


def test_a_document_that_is_no_text_is_noted_before_it_is_refused(cli, run, tmp_path):
    source = tmp_path / "a.docx"
    source.write_bytes(b"PK\x03\x04\xff\n")
    done = cli("translate", "-m", run, "-i", source)
    assert done.code == 1
    note, error = done.err.splitlines()
    assert note.startswith(f"note: {source} looks like an office document: each line is")
    assert error.startswith(f"error: {source}")


@pytest.mark.parametrize(("name", "kind"), [("a.pdf", "PDF"), ("a.doc", "an office document")])
def test_of_a_file_that_no_reader_knows_it_is_noted_that_it_is_no_text(
    cli, run, tmp_path, name, kind
):
    source = tmp_path / name
    source.write_bytes(b"%PDF-1.4\n\xff\n")
    note, _ = cli("translate", "-m", run, "-i", source).err.splitlines()
    assert note == f"note: {source} looks like {kind}, which is no text: save it as text"


def test_plain_text_is_not_noted(cli, run, tmp_path):
    source = write_lines(tmp_path / "a.txt", ["a b", "1. c", "- d", "a\tb"])
    assert cli("translate", "-m", run, "-i", source).err == ""
    assert cli("translate", "-m", run, input="1\na b\n").err == ""


def test_lines_whose_numbers_do_not_come_back_are_noted(cli, run, monkeypatch, translator):
    def forget(self, texts, **settings):
        return [[Translation("in 2062", 0.0, 0.0, [], [])] for _ in texts]

    monkeypatch.setattr(type(translator), "translate_nbest", forget)
    done = cli("translate", "-m", run, "--json", "in 2062", "in 2026", "a", "17 of 18")
    assert done.err == (
        "note: 2 lines have numbers that did not come back, please check: "
        "line 2 (2026), 4 (17, 18)\n"
    )
    records = [json.loads(line) for line in done.lines]
    assert [record.get("lost_numbers") for record in records] == [
        None,
        ["2026"],
        None,
        ["17", "18"],
    ]


def test_a_note_names_the_first_lines_only(capsys):
    lost = LostNumbers()
    for number in range(1, 1001):
        lost.add(str(number), ["999"])
    lost.note()
    assert capsys.readouterr().err == (
        "note: 1,000 lines have numbers that did not come back, please check: "
        "line 1 (999), 2 (999), 3 (999), 4 (999), 5 (999) …\n"
    )

"""`seqkit translate -i FILE -o FILE` of documents and of folders of them."""

import sys
from contextlib import closing

import pytest
import tomli_w

from seqkit.translation.documents.memory import Memory
from seqkit.translation.glossary import Term
from seqkit.translation.terms import Found, Terms

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
TERM = Term("cat", "Mieze", "terms.tsv:1")
HTML = "<!-- e f --><p class='c d'>{}</p>\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A translation memory of this test only."""
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("kind", "template", "options"),
    [
        ("srt", SRT, []),
        ("html", HTML, []),
        ("json", '{{"id": "e f", "title": "{}"}}\n', ["--document", "fields=title"]),
    ],
)
def test_a_document_becomes_a_document(cli, run, translator, tmp_path, kind, template, options):
    source, target = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    source.write_text(template.format("a b c"))
    ran = cli("translate", "-m", run, "-i", source, "-o", target, *options)
    assert ran.err.splitlines()[-1] == "1 segment: 1 translated"
    assert target.read_text() == template.format(translator.translate(["a b c"])[0])


def test_a_folder_is_translated_with_its_folders_and_what_is_no_document_is_named(
    cli, run, translator, tmp_path
):
    folder = tmp_path / "site"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.html").write_text(HTML.format("a b"))
    (folder / "deep" / "er" / "b.srt").write_text(SRT.format("b c"))
    (folder / "deep" / "c.png").write_bytes(b"\x89PNG")
    ran = cli(
        "translate", "-m", run, "-i", folder, "-o", tmp_path / "out",
        "--document", f"bitext={tmp_path / 'pairs.tsv'}",
    )  # fmt: skip
    first, second = translator.translate(["a b", "b c"])
    written = {p.relative_to(tmp_path / "out"): p.read_text() for p in tmp_path.glob("out/**/*.*")}
    assert {str(path): text for path, text in written.items()} == {
        "a.html": HTML.format(first),
        "deep/er/b.srt": SRT.format(second),
    }
    assert f"{folder / 'deep' / 'c.png'} is not a document" in ran.err
    assert (tmp_path / "pairs.tsv").read_text() == f"a b\t{first}\nb c\t{second}\n"


def test_a_second_run_remembers_unless_the_memory_is_off(cli, run, tmp_path):
    source, target = tmp_path / "a.html", tmp_path / "b.html"
    source.write_text(HTML.format("a b c"))
    command = ["translate", "-m", run, "-i", source, "-o", target]
    assert "1 translated" in cli(*command).err
    assert "0 translated, 1 remembered" in cli(*command).err
    assert "0 translated, 1 remembered" in cli(*command, "--document", "memory=on").err
    assert "1 translated" in cli(*command, "--document", "memory=off").err
    assert "0 translated" in cli(*command).err
    assert "1 translated" in cli(*command, "--beam", "2").err  # other settings, another memory


def test_without_a_cache_nothing_is_remembered_and_the_document_is_translated(
    cli, run, tmp_path, monkeypatch
):
    source, target, file = (tmp_path / name for name in ("a.html", "b.html", "file"))
    source.write_text(HTML.format("a b c"))
    file.touch()
    monkeypatch.setenv("SEQKIT_CACHE", str(file / "cache"))
    for _ in range(2):
        ran = cli("translate", "-m", run, "-i", source, "-o", target)
        note, *_, done = ran.err.splitlines()
        assert note.startswith("note: what is made of the data is not kept for next time: cannot")
        assert done == "1 segment: 1 translated"


def test_another_language_model_has_another_memory(cli, run, tmp_path):
    source, lm = tmp_path / "a.html", tmp_path / "lm.arpa"
    source.write_text(HTML.format("a b c"))
    (tmp_path / "text").write_text("c b a\n" * 3)
    command = [
        "translate",
        "-m",
        run,
        "-i",
        source,
        "-o",
        tmp_path / "b.html",
        "--search",
        f"lm={lm}",
    ]
    for text in ("c b a\na b\n", "b c a\n"):
        (tmp_path / "text").write_text(text * 3)
        assert cli("lm", "ngram", tmp_path / "text", "-o", lm, "--order", "2").code == 0
        assert "1 translated" in cli(*command).err
        assert "0 translated, 1 remembered" in cli(*command).err


def test_a_mixture_is_another_one_when_one_of_its_models_is(cli, run, tmp_path):
    source = tmp_path / "a.html"
    source.write_text(HTML.format("a b c"))
    (tmp_path / "text").write_text("c b a\n" * 3)
    for name in ("one.arpa", "two.arpa"):
        assert (
            cli("lm", "ngram", tmp_path / "text", "-o", tmp_path / name, "--order", "2").code == 0
        )
    parts = [{"path": name, "weight": 0.5} for name in ("one.arpa", "two.arpa")]
    mixture = {"type": "n-gram mixture", "unknown": "share", "models": parts}
    (tmp_path / "mix.toml").write_text(tomli_w.dumps(mixture))
    command = ["translate", "-m", run, "-i", source, "-o", tmp_path / "b.html"]
    command += ["--search", f"lm={tmp_path / 'mix.toml'}"]
    assert "1 translated" in cli(*command).err
    assert "0 translated, 1 remembered" in cli(*command).err

    (tmp_path / "text").write_text("b b c\n" * 4)
    cli("lm", "ngram", tmp_path / "text", "-o", tmp_path / "two.arpa", "--order", "2")
    assert "1 translated" in cli(*command).err


def test_a_glossary_is_used_and_remembered_by_its_terms(cli, shipped, tmp_path):
    source, target, terms = (tmp_path / name for name in ("a.html", "b.html", "terms.tsv"))
    source.write_text(HTML.format("The contract was <b>signed</b> yesterday."))
    command = ["translate", "-i", source, "-o", target, "--glossary", terms]
    for wanted in ("Abkommen", "Vertrag"):
        terms.write_text(f"contract\t{wanted}\n")
        ran = cli(*command)
        assert "1 translated" in ran.err
        assert wanted in target.read_text(encoding="utf-8")
        assert "<b>" in target.read_text(encoding="utf-8")
        assert "0 translated, 1 remembered" in cli(*command).err


def test_terms_that_could_not_be_placed_are_named_also_when_they_are_remembered(
    cli, shipped, tmp_path, monkeypatch
):
    monkeypatch.setattr(Terms, "lacking", lambda *_: [Found(TERM, "cat", 4, 7)])
    monkeypatch.setattr(Terms, "phrases", lambda *_: ())
    (tmp_path / "terms.tsv").write_text("cat\tMieze\n")
    source = tmp_path / "a.html"
    source.write_text(HTML.format("The cat has 345 mice."))
    command = ["translate", "-i", source, "-o", tmp_path / "b.html"]
    command += ["--glossary", tmp_path / "terms.tsv"]
    wanted = "note: 1 segment has terms that could not be placed, please check: segment "
    for _ in range(2):
        assert f"{wanted}“The cat has 345 mice.” (cat → Mieze)" in cli(*command).err


def test_python_translates_a_document_as_the_command_does(cli, run, translator, tmp_path):
    source = tmp_path / "a.html"
    source.write_text(HTML.format("a <b>b</b> c"))
    assert cli("translate", "-m", run, "-i", source, "-o", tmp_path / "b.html").code == 0
    with closing(Memory(tmp_path / "memory.sqlite", "toy")) as memory:
        for remembered in (0, 1):
            done = translator.translate_document(source, tmp_path / "c.html", memory=memory)
            assert (done.translated, done.remembered) == (1 - remembered, remembered)
        done = translator.translate_document(source, tmp_path / "d.html", memory=memory, beam=2)
    assert (done.translated, done.remembered) == (1, 0)
    assert (tmp_path / "b.html").read_bytes() == (tmp_path / "c.html").read_bytes()


def test_pairs_have_the_languages_of_the_model(cli, shipped, tmp_path):
    source, pairs = tmp_path / "a.html", tmp_path / "pairs.tmx"
    source.write_text(HTML.format("The house is small."))
    command = ["translate", "-i", source, "-o", tmp_path / "b.html"]
    assert cli(*command, "--bitext", pairs).code == 0
    assert '<tuv xml:lang="de">' in pairs.read_text(encoding="utf-8")


def test_pairs_are_written_to_one_file(cli, run, tmp_path):
    source = tmp_path / "a.html"
    source.write_text(HTML.format("a b"))
    given = ["--bitext", "a.tsv", "--document", "bitext=b.tsv"]
    ran = cli("translate", "-m", run, "-i", source, "-o", tmp_path / "b.html", *given)
    assert "--document bitext is given twice: 'b.tsv' and 'a.tsv'" in ran.complaint()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["filds=a"], "--document 'filds=a' is none of fields=title,body, bitext=FILE"),
        (["memory"], "--document 'memory' is none of"),
        (["memory=no"], "--document memory=no: on or off"),
        (["fields=a", "fields=b"], "--document fields is given twice: 'a' and 'b'"),
        (["fields=a"], "has no fields to choose"),
    ],
)
def test_a_wrong_choice_for_documents_is_one_line(cli, run, tmp_path, options, complaint):
    source = tmp_path / "a.html"
    source.write_text(HTML.format("a b"))
    given = [part for option in options for part in ("--document", option)]
    ran = cli("translate", "-m", run, "-i", source, "-o", tmp_path / "b.html", *given)
    assert complaint in ran.complaint()
    assert not (tmp_path / "b.html").exists()


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("a.html", "input"),
        ("b.html", "output"),
        ("site/a.html", "input"),
        ("out/a.html", "output"),
    ],
)
def test_the_pairs_are_not_written_over_a_document_nor_its_translation(
    cli, run, tmp_path, name, side
):
    (tmp_path / "site").mkdir()
    for source in (tmp_path / "a.html", tmp_path / "site" / "a.html"):
        source.write_text(HTML.format("a b"))
    files = ("site", "out") if "/" in name else ("a.html", "b.html")
    source, target = (tmp_path / file for file in files)
    bitext = f"bitext={tmp_path / name}"
    ran = cli("translate", "-m", run, "-i", source, "-o", target, "--document", bitext)
    assert f"{name} is an {side} file" in ran.complaint(2)
    assert not target.exists()
    assert (tmp_path / "a.html").read_text() == HTML.format("a b")


def test_one_damaged_document_does_not_keep_the_others_from_being_translated(
    cli, run, translator, tmp_path
):
    folder, out = tmp_path / "site", tmp_path / "out"
    folder.mkdir()
    (folder / "a.srt").write_text("no cue\n")
    (folder / "b.html").write_text(HTML.format("a b"))
    (folder / "c.json").write_text('{"title": "a b"}')
    ran = cli("translate", "-m", run, "-i", folder, "-o", out)
    first, second, *_, last = ran.err.splitlines()
    assert first.startswith(f"note: {folder / 'a.srt'} has no cue")
    assert f"{folder / 'b.html'} → {out / 'b.html'}" in second
    assert f"note: {folder / 'c.json'}: which fields are text?" in ran.err
    assert last == "error: 2 of 3 documents were left out: see the notes above"
    assert ran.code == 1
    assert [path.name for path in out.iterdir()] == ["b.html"]
    assert (out / "b.html").read_text() == HTML.format(translator.translate(["a b"])[0])


@pytest.mark.parametrize("options", [[], ["--document", "bitext=none/pairs.tsv"]])
def test_what_cannot_be_written_is_said_before_anything_is_translated(
    cli, run, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.html").write_text(HTML.format("a b"))
    target = "b.html" if options else "none/b.html"
    translations = "seqkit.translation.documents.translating._translations"
    monkeypatch.setattr(translations, lambda *_: pytest.fail("it is translated"))
    ran = cli("translate", "-m", run, "-i", "a.html", "-o", target, *options)
    assert "there is no folder none" in ran.complaint()


def test_lines_of_a_file_are_a_document_if_something_is_chosen_for_it(cli, run, tmp_path):
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_text("a b\n")
    command = ["translate", "-m", run, "-i", source, "-o", target]
    ran = cli(*command, "--document", f"bitext={tmp_path / 'pairs.tsv'}")
    assert ran.err.splitlines()[-1] == "1 segment: 1 translated"
    assert (tmp_path / "pairs.tsv").read_text() == f"a b\t{target.read_text()}"


def test_choices_for_what_is_no_document_name_those_that_are(cli, run, tmp_path):
    source = tmp_path / "a.tex"
    source.write_text("a b\n")
    command = ["translate", "-m", run, "-i", source, "-o", tmp_path / "b.tex"]
    ran = cli(*command, "--document", "memory=off")
    assert "a.tex is none of them" in ran.complaint(2)
    assert ".srt" in ran.err


def test_lines_have_no_choices_for_documents(cli, run):
    assert "give them as -i FILE -o FILE" in (
        cli("translate", "-m", run, "--document", "memory=off", "a b").complaint(2)
    )


@pytest.mark.parametrize(
    ("kind", "module", "options"),
    [("md", "markdown_it", []), ("yaml", "ruamel.yaml", ["--document", "fields=a"])],
)
def test_a_parser_that_is_not_installed_is_named_with_its_extra(
    cli, run, tmp_path, monkeypatch, kind, module, options
):
    monkeypatch.setitem(sys.modules, module, None)
    source = tmp_path / f"a.{kind}"
    source.write_text("a: b c\n")
    ran = cli("translate", "-m", run, "-i", source, "-o", tmp_path / f"b.{kind}", *options)
    assert "pip install 'seqkit[documents]'" in ran.complaint()


def test_ctrl_c_leaves_what_was_there_and_no_part_of_a_file(cli, run, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqkit.translation.documents.memory.Memory.keep", interrupted)
    source, target = tmp_path / "a.html", tmp_path / "b.html"
    source.write_text(HTML.format("a b"))
    target.write_text("before")
    ran = cli("translate", "-m", run, "-i", source, "-o", target)
    assert ran.complaint(130) == "interrupted"
    assert target.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html", "cache"]

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from seqkit.data import corpora
from seqkit.data.corpora import ENVIRONMENT, Card, File, cache, card, locate, names, places, shipped
from seqkit.errors import ConfigError, DataError, UnknownName
from seqkit.plugins import Components, Plugin

ALL_FILES = [(name, file) for name in shipped() for file in card(name).files]
GIVEN = os.environ.get(ENVIRONMENT)
SHA = "0" * 64


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A machine that has no corpora but the shipped ones."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def shelf(elsewhere, monkeypatch):
    """A folder of cards in place of the shipped one; `shelf(name, text)` writes a card into it."""
    folder = elsewhere / "shelf"
    monkeypatch.setattr(corpora, "root", lambda: folder)

    def write(name, text):
        (folder / name).mkdir(parents=True)
        (folder / name / "card.toml").write_text(text, encoding="utf-8")

    return write


def test_the_corpora_of_the_plan_have_cards():
    planned = {
        "multi30k",
        "tatoeba-deu-eng",
        "tatoeba-fra-eng",
        "tatoeba-cmn-eng",
        "timemachine",
        "tinyshakespeare",
    }
    assert planned <= set(shipped())
    assert set(shipped()) <= set(names())


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_card_loads_and_says_what_a_person_should_know(name):
    known = card(name)
    assert known.title
    assert known.source
    assert known.licence
    assert known.splits
    assert known.files
    for about in known.files.values():
        assert about.sha256 or (about.member and about.download_sha256)
        assert not about.member or about.address.endswith(".zip")
        assert not about.address or about.address.startswith(("https://", "http://"))


@pytest.mark.parametrize(("name", "file"), ALL_FILES)
def test_checksums_and_line_counts_of_cards_are_those_of_the_files(name, file):
    about = card(name).files[file]
    here = [
        path
        for path in ([*places(name, file)] if GIVEN else [corpora.root() / name / file])
        if path.is_file()
    ]
    if not here:
        pytest.skip(f"{name}/{file} is not here" + ("" if GIVEN else f": {ENVIRONMENT} is not set"))
    data = here[0].read_bytes()
    if about.sha256:
        assert hashlib.sha256(data).hexdigest() == about.sha256
    text = gzip.decompress(data) if file.endswith(".gz") else data
    if about.text_sha256:
        assert hashlib.sha256(text).hexdigest() == about.text_sha256
    if about.lines:
        assert text.count(b"\n") + (not text.endswith(b"\n")) == about.lines


def test_every_file_with_a_checksum_is_where_the_card_says_under_the_given_folder():
    if not GIVEN:
        pytest.skip(f"{ENVIRONMENT} is not set")
    for name, file in ALL_FILES:
        if card(name).files[file].sha256 and name != "demo":
            assert locate(name, [file]) == [places(name, file)[0]]


def test_a_corpus_that_is_not_here_is_told_how_to_fetch(elsewhere):
    message = (
        r"corpus 'multi30k' is not on this machine \(train\.de\.gz\): run `seqkit corpora fetch multi30k`, "
        rf"or set {ENVIRONMENT} to a folder that has it"
    )
    with pytest.raises(DataError, match=message):
        locate("multi30k", ["train.de.gz", "train.en.gz"])


def test_the_given_folder_comes_first_then_the_cache_then_the_package(
    shelf, elsewhere, monkeypatch
):
    shelf("mine", f'title = "t"\nsource = "s"\nlicence = "l"\n[files."a.txt"]\nsha256 = "{SHA}"\n')
    monkeypatch.setenv(ENVIRONMENT, str(elsewhere / "given"))
    order = [
        elsewhere / "given" / "mine",
        elsewhere / "cache" / "seqkit" / "mine",
        elsewhere / "shelf" / "mine",
    ]
    assert places("mine", "a.txt") == [folder / "a.txt" for folder in order]
    for folder in reversed(order):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_text("x")
        assert locate("mine", ["a.txt"]) == [folder / "a.txt"]


def test_a_card_says_where_a_file_lies_under_the_given_folder(elsewhere, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(elsewhere))
    assert (
        places("timemachine", "timemachine.txt.gz")[0] == elsewhere / "text" / "timemachine.txt.gz"
    )


def test_the_cache_is_where_xdg_says_else_under_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache("mine") == tmp_path / "seqkit" / "mine"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache("mine") == tmp_path / "home" / ".cache" / "seqkit" / "mine"


def test_without_a_corpus_files_are_paths():
    assert locate("", ["a/b.txt", "/c"]) == [Path("a/b.txt"), Path("/c")]


def test_an_unknown_corpus_and_an_unknown_file_are_answered_with_the_nearest():
    with pytest.raises(
        UnknownName, match=r"no corpus 'multi30'\. Did you mean 'multi30k'\? Known: "
    ):
        card("multi30")
    with pytest.raises(
        DataError,
        match=r"corpus 'multi30k' has no file 'train\.de'\. Did you mean 'train\.de\.gz'\?",
    ):
        locate("multi30k", ["train.de"])


@pytest.mark.parametrize("name", ["../multi30k", "multi30k/", "", "."])
def test_a_name_that_is_a_path_is_no_corpus(name):
    with pytest.raises(UnknownName, match="no corpus "):
        card(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('titel = "t"\n', r"card\.toml: .*'titel'\. Did you mean 'title'\?"),
        ('title = "t"\n', r"card\.toml: missing key 'source'"),
        (
            'title = 5\nsource = "s"\nlicence = "l"\nfiles = {}\n',
            r"card\.toml: title should be a (valid )?string, got 5",
        ),
        (
            'title = "t"\nsource = "s"\nlicence = "l"\n[files.a]\nsha256 = "abc"\n',
            r"card\.toml: files\.a\.sha256 .*, got 'abc'",
        ),
        ("title = \n", r"card\.toml: .*line 1"),
    ],
)
def test_a_wrong_card_is_named_with_the_key(shelf, text, message):
    shelf("mine", text)
    with pytest.raises(ConfigError, match=message):
        card("mine")


def test_a_plugin_s_corpus_is_a_corpus(elsewhere, monkeypatch):
    (elsewhere / "plugin_of_test_corpora.py").write_text(
        "from seqkit.data.corpora import Card, File\n"
        "def letters():\n"
        f"    return Card(title='Letters', source='us', licence='MIT', files={{'a.txt': File(sha256='{SHA}')}})\n"
    )
    monkeypatch.syspath_prepend(elsewhere)
    found = Components()
    Plugin("test", found).corpus("letters", "plugin_of_test_corpora:letters", "for a test")
    monkeypatch.setattr(corpora, "components", lambda: found)
    assert "letters" in names()
    assert card("letters") == Card(
        title="Letters", source="us", licence="MIT", files={"a.txt": File(sha256=SHA)}
    )
    with pytest.raises(DataError, match=r"run `seqkit corpora fetch letters`"):
        locate("letters", ["a.txt"])

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from seqkit import recipes
from seqkit.data import corpora
from seqkit.data.corpora import ENVIRONMENT, Card, Corpora, File, cache, shipped
from seqkit.errors import ConfigError, DataError, UnknownName
from seqkit.plugins import Components, Plugin

SHIPPED = Corpora()
ALL_FILES = [(name, file) for name in shipped() for file in SHIPPED.card(name).files]
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


def test_the_planned_corpora_have_cards():
    planned = {
        "multi30k",
        "tatoeba-deu-eng",
        "tatoeba-fra-eng",
        "tatoeba-cmn-eng",
        "timemachine",
        "tinyshakespeare",
    }
    assert planned <= set(shipped())
    assert set(shipped()) <= set(SHIPPED.names())


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_card_loads_and_says_what_a_user_should_know(name):
    known = SHIPPED.card(name)
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
def test_checksums_and_line_counts_on_cards_match_the_files(name, file):
    about = SHIPPED.card(name).files[file]
    shipped_file = corpora.root() / name / file
    here = SHIPPED.find(name, file) if GIVEN or shipped_file.is_file() else None
    if here is None:
        pytest.skip(f"{name}/{file} is not here" + ("" if GIVEN else f": {ENVIRONMENT} is not set"))

    data = here.read_bytes()
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
        about, place = SHIPPED.card(name).files[file], SHIPPED.places(name, file)[0]
        is_packed = bool(about.member) and not place.exists()
        if about.sha256 and name != "demo" and not is_packed:
            assert SHIPPED.locate(name, [file]) == [place]


def test_the_error_for_an_absent_corpus_says_how_to_fetch_it(elsewhere):
    message = (
        r"corpus 'multi30k' is not on this machine \(train\.de\.gz\): "
        rf"run `seqkit corpora fetch multi30k`, or set {ENVIRONMENT} to a folder that has it"
    )
    with pytest.raises(DataError, match=message):
        SHIPPED.locate("multi30k", ["train.de.gz", "train.en.gz"])


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
    assert SHIPPED.places("mine", "a.txt") == [folder / "a.txt" for folder in order]
    for folder in reversed(order):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_text("x")
        assert SHIPPED.locate("mine", ["a.txt"]) == [folder / "a.txt"]


def test_a_card_says_where_a_file_is_under_the_given_folder(elsewhere, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(elsewhere))
    first = SHIPPED.places("timemachine", "timemachine.txt.gz")[0]
    assert first == elsewhere / "text" / "timemachine.txt.gz"


def test_the_cache_is_where_xdg_says_else_under_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache("mine") == tmp_path / "seqkit" / "mine"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache("mine") == tmp_path / "home" / ".cache" / "seqkit" / "mine"


def test_without_a_corpus_files_are_paths():
    assert SHIPPED.locate("", ["a/b.txt", "/c"]) == [Path("a/b.txt"), Path("/c")]


def test_errors_for_an_unknown_corpus_and_an_unknown_file_suggest_the_nearest():
    with pytest.raises(
        UnknownName, match=r"no corpus 'multi30'\. Did you mean 'multi30k'\? Known: "
    ):
        SHIPPED.card("multi30")
    with pytest.raises(
        DataError,
        match=r"corpus 'multi30k' has no file 'train\.de'\. Did you mean 'train\.de\.gz'\?",
    ):
        SHIPPED.locate("multi30k", ["train.de"])


@pytest.mark.parametrize("name", ["../multi30k", "multi30k/", "", "."])
def test_a_path_is_not_the_name_of_a_corpus(name):
    with pytest.raises(UnknownName, match="no corpus "):
        SHIPPED.card(name)


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
def test_the_error_for_a_wrong_card_names_file_and_key(shelf, text, message):
    shelf("mine", text)
    with pytest.raises(ConfigError, match=message):
        SHIPPED.card("mine")


LETTERS = Card(title="Letters", source="us", licence="MIT", files={"a.txt": File(sha256=SHA)})


def test_further_corpora_are_known_beside_the_shipped_ones(elsewhere):
    known = Corpora({"letters": lambda: LETTERS})
    assert known.names() == sorted([*shipped(), "letters"])
    assert known.card("letters") == LETTERS
    assert known.card("demo") == SHIPPED.card("demo")
    with pytest.raises(DataError, match=r"run `seqkit corpora fetch letters`"):
        known.locate("letters", ["a.txt"])


def test_a_shipped_corpus_cannot_be_replaced():
    assert Corpora({"demo": lambda: LETTERS}).card("demo") == SHIPPED.card("demo")


def test_a_plugin_s_corpus_is_among_the_corpora_of_recipes(elsewhere, monkeypatch):
    (elsewhere / "plugin_of_test_corpora.py").write_text(
        "from seqkit.data.corpora import Card, File\n"
        "def letters():\n"
        f"    files = {{'a.txt': File(sha256='{SHA}')}}\n"
        "    return Card(title='Letters', source='us', licence='MIT', files=files)\n"
    )
    monkeypatch.syspath_prepend(elsewhere)
    found = Components()
    Plugin("test", found).corpus("letters", "plugin_of_test_corpora:letters", "for a test")
    monkeypatch.setattr(recipes, "components", lambda: found)

    assert recipes.corpora().names() == sorted([*shipped(), "letters"])
    assert recipes.corpora().card("letters") == LETTERS


def test_corpora_and_cards_have_a_short_repr():
    assert repr(LETTERS) == "<Card 'Letters': a.txt>"
    assert repr(SHIPPED).startswith("<Corpora: ")
    assert " demo, " in repr(SHIPPED)

"""Which target tokens those of a source may become: learned, kept, used."""

import shutil
from itertools import product

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import seqkit
from seqkit.data.batching import Rows
from seqkit.errors import CheckpointError, ConfigError
from seqkit.search import Rules, SearchConfig
from seqkit.text.vocab import EOS
from seqkit.translation import shortlist
from seqkit.translation.engines.agreement import beyond
from seqkit.translation.shortlist import FILE, Lexicon, learn
from seqkit.translation.texts import EncodedPairs
from seqkit.translation.tokenizers import Tokenizers

SOURCES, TARGETS = 12, 20  # tokens
PAIRS = [  # the house, the book, a book, …
    ([4, 5, EOS], [6, 7, EOS]),
    ([4, 8, EOS], [6, 9, EOS]),
    ([10, 8, EOS], [11, 9, EOS]),
    ([10, 8, 8, EOS], [11, 9, 9, EOS]),
    ([4, 9, EOS], [6, 14, 15, EOS]),
]


def encoded(pairs):
    sources, targets = zip(*pairs, strict=True)
    return EncodedPairs(Rows(sources), Rows(targets))


@pytest.fixture
def lexicon(monkeypatch):
    monkeypatch.setattr(shortlist, "_FREQUENT", 1)
    return learn(encoded(PAIRS), SOURCES, TARGETS)


def entries(lexicon, source):
    return lexicon.tokens[lexicon.first[source] : lexicon.first[source + 1]].tolist()


def model_1(pairs, rounds):
    """IBM model 1 as the paper writes it, over sets of tokens: t(target | source)."""
    pairs = [(set(source), set(target)) for source, target in pairs]
    t = {link: 1.0 for pair in pairs for link in product(*pair)}
    for _ in range(rounds):
        expected = dict.fromkeys(t, 0.0)
        for source, target in pairs:
            for f in target:
                total = sum(t[e, f] for e in source)
                for e in source:
                    expected[e, f] += t[e, f] / total
        sums = {e: sum(v for (s, _), v in expected.items() if s == e) for e, _ in t}
        t = {(e, f): value / sums[e] for (e, f), value in expected.items()}
    return t


def test_the_lexicon_is_ibm_model_1(lexicon):
    wanted = model_1(PAIRS, rounds=4)
    assert lexicon.frequent.tolist() == [EOS]
    for source in range(SOURCES):
        of_source = [(-p, target) for (s, target), p in wanted.items() if s == source]
        ranked = [target for _, target in sorted(of_source) if target != EOS]
        found = entries(lexicon, source)
        assert sorted(found) == sorted(ranked)
        probabilities = [wanted[source, target] for target in found]
        assert probabilities == pytest.approx(sorted(probabilities, reverse=True), rel=1e-9)
    assert entries(lexicon, 8)[0] == 9


def test_a_list_has_what_its_tokens_become_and_what_is_always_there(lexicon):
    (found,) = lexicon.lists([[5, 8, EOS]], 1)
    own = {entries(lexicon, token)[0] for token in (5, 8, EOS)}
    assert {7, 9} <= own
    assert found.tolist() == sorted({0, 1, 2, 3, EOS} | own)


def test_a_source_with_a_token_never_seen_may_become_anything(lexicon):
    assert lexicon.lists([[4, 11, EOS]], 1) == [None]


def test_a_token_that_becomes_frequent_ones_alone_is_known(monkeypatch):
    monkeypatch.setattr(shortlist, "_FREQUENT", 5)
    lexicon = learn(encoded(PAIRS), SOURCES, TARGETS)
    assert entries(lexicon, 8) == []
    assert lexicon.lists([[8]], 5)[0].tolist() == [0, 1, 2, 3, 6, 7, 9, 11]


def test_a_list_of_half_of_the_vocabulary_is_none(lexicon):
    assert lexicon.lists([[4, 5, 8, 9, 10, EOS]], 100) == [None]


def test_a_large_text_is_learned_from_in_part(monkeypatch):
    monkeypatch.setattr(shortlist, "_LINKS", 20)
    lexicon = learn(encoded(PAIRS), SOURCES, TARGETS)
    assert 0 < lexicon.known.sum() < len({token for source, _ in PAIRS for token in source})


def test_a_lexicon_comes_back_from_its_file(lexicon, words, tmp_path):
    lexicon.save(tmp_path / FILE, Tokenizers(words, words))
    back = Lexicon.load(tmp_path / FILE, Tokenizers(words, words))
    for name in ("tokens", "first", "frequent", "known"):
        np.testing.assert_array_equal(getattr(back, name), getattr(lexicon, name))
    assert back.vocab == len(words.vocab)


def test_a_lexicon_of_other_vocabularies_is_refused(lexicon, words, chars, tmp_path):
    lexicon.save(tmp_path / FILE, Tokenizers(words, words))
    with pytest.raises(ConfigError, match="other vocabularies than this model's"):
        Lexicon.load(tmp_path / FILE, Tokenizers(words, chars))


def test_a_file_that_is_damaged_is_refused(lexicon, words, tmp_path):
    path = tmp_path / FILE
    lexicon.save(path, Tokenizers(words, words))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(CheckpointError, match="is damaged"):
        Lexicon.load(path, Tokenizers(words, words))

    path.write_bytes(whole)
    arrays = load_file(path)
    del arrays["first"]
    save_file(arrays, path)
    with pytest.raises(CheckpointError, match="is damaged"):
        Lexicon.load(path, Tokenizers(words, words))


def test_ctranslate2_has_no_such_lists():
    assert list(beyond(SearchConfig(shortlist=5, unknown="keep"), Rules(), 100)) == ["shortlist"]


def test_a_model_without_a_folder_has_no_list(backwards):
    with pytest.raises(ConfigError, match="only a model in a run folder has a shortlist"):
        backwards.translate(["das Haus ist rot"], shortlist=5)


# The shipped model

TEXT = """\
Where is my book?\tWo ist mein Buch?
I live in a small house.\tIch lebe in einem kleinen Haus.
She bought a new car yesterday.\tSie hat gestern ein neues Auto gekauft.
Where is the station?\tWo ist der Bahnhof?
"""
LINE = "Where is my new car?"


@pytest.fixture
def copied(shipped, tmp_path):
    shutil.copytree(shipped, tmp_path / "run")
    (tmp_path / "text.tsv").write_text(TEXT)
    return tmp_path / "run"


def test_a_run_learns_its_list_and_translates_by_it(copied, cli, tmp_path):
    asked = ("translate", "-m", copied, "--search", "shortlist=20")
    complaint = cli(*asked, input=LINE).complaint()
    assert f"there is no {copied / FILE}" in complaint
    assert f"`seqkit shortlist -m {copied}` learns it" in complaint

    done = cli("shortlist", "-m", copied, "--data", tmp_path / "text.tsv")
    assert done.lines[0].startswith(f"{copied / FILE}: what ")
    assert cli(*asked, input=LINE).lines == ["Wo ist mein neues Auto?"]

    run = seqkit.load(copied, device="cpu")
    targets = [line.partition("\t")[2] for line in TEXT.splitlines()]
    known = {token for ids in run.target.encode_all(targets) for token in ids}
    (found,) = run.translate_nbest([LINE], shortlist=20, nbest=5)
    assert {token for each in found for token in each.parts[0].ids} <= known


def test_a_list_is_replaced_only_if_that_is_asked_for(copied, cli, tmp_path):
    learn = ("shortlist", "-m", copied, "--data", tmp_path / "text.tsv")
    cli(*learn)
    before = (copied / FILE).read_bytes()
    (tmp_path / "text.tsv").write_text(TEXT.partition("\n")[0] + "\n")
    complaint = cli(*learn).complaint()
    assert f"{copied / FILE} exists already, and knows " in complaint
    assert "source tokens: --overwrite replaces it" in complaint
    assert (copied / FILE).read_bytes() == before

    cli(*learn, "--overwrite")
    assert (copied / FILE).read_bytes() != before


def test_a_damaged_list_is_learned_anew(copied, cli, tmp_path):
    (copied / FILE).write_bytes(b"no list")
    done = cli("shortlist", "-m", copied, "--data", tmp_path / "text.tsv")
    assert done.lines[0].startswith(f"{copied / FILE}: what ")


def test_a_model_that_translates_nothing_has_no_list(here, cli):
    cli("train", "demo/topics", "--out", "run", "--set", "train.steps=1", "--device", "cpu")
    complaint = cli("shortlist", "-m", "run").complaint()
    assert "run is a model for 'text-classification': a shortlist is for translators" in complaint


def test_a_slim_run_takes_its_list_along(here, cli):
    cli("train", "tiny.toml", "--out", "run", "--device", "cpu")
    cli("shortlist", "-m", "run")
    assert (here / "run" / FILE).is_file()

    assert cli("export", "-m", "run", "--slim", "-o", "slim").code == 0
    assert cli("translate", "-m", "slim", "--search", "shortlist=9", input="a b").code == 0

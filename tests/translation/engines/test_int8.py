"""Our own search in int8 beside CTranslate2's, and what is said where it cannot be."""

import copy
import csv
import gzip
import os
import sys
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from translators import Backwards

import seqkit
from seqkit.errors import ConfigError
from seqkit.native.library import library
from seqkit.translation.engines import compute

LINES = [
    "Where is the station?",
    "I have lost my keys. Have you seen them?",
    "Tom doesn't know what Mary is doing in 1984.",
    "",
    "No.",
    "We'll meet again where the two rivers that you know so well come together.",
]
OWN = {"device": "cpu", "engine": "torch", "compute": "int8"}
THEIRS = {**OWN, "engine": "ctranslate2"}
FLOAT32 = {**OWN, "compute": "float32"}


@pytest.fixture
def has_int8():
    if not compute.has_own_int8():
        pytest.skip("this processor has no products of 8-bit integers, or there is no library")


@pytest.fixture
def corpora():
    root = os.environ.get("SEQKIT_CORPORA")
    if not root:
        pytest.skip("needs the folder that SEQKIT_CORPORA names")
    return Path(root)


def first_column(path, count):
    if not path.exists():
        pytest.skip(f"there is no {path}")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [row[0] for row in islice(csv.reader(file, "excel-tab", quoting=3), count)]


def shares(model, lines, **search):
    """The share of lines that our own int8 translates as CTranslate2's does."""
    found = seqkit.load(model, **OWN).translate(lines, **search)
    expected = seqkit.load(model, **THEIRS).translate(lines, **search)
    return sum(map(str.__eq__, found, expected)) / len(lines)


# As CTranslate2


def test_the_shipped_model_says_what_it_says_by_ctranslate2(has_int8, shipped):
    pytest.importorskip("ctranslate2")
    assert shares(shipped, LINES) >= 5 / 6


@pytest.mark.slow
def test_lines_of_tatoeba_are_those_of_ctranslate2(has_int8, shipped, corpora):
    pytest.importorskip("ctranslate2")
    lines = first_column(corpora / "tatoeba-deu-eng" / "test.tsv.gz", 100)
    assert shares(shipped, lines) >= 0.9


@pytest.mark.slow
def test_an_argos_package_translates_as_well_as_by_ctranslate2(has_int8, corpora):
    """The model says in float32 which outputs are better, as fewer than half are the same.

    Of 500 lines 227 are the same as by CTranslate2's int8, and why no more is not fully explained:
    by other instructions CTranslate2 itself gives 31 of 40 again, and ours has fewer of either, 24
    and 27. So this is a bound on how much worse ours may be, not a proof that both do the same.
    """
    pytest.importorskip("ctranslate2")
    package = corpora / "models" / "translate-zh_en-1_9.argosmodel"
    lines = [
        line
        for line in first_column(corpora / "wmt" / "newstest2017.zho.gz", 40)
        if 12 <= len(line) <= 45
    ]
    ours, theirs, exact = (seqkit.load(package, **asked) for asked in (OWN, THEIRS, FLOAT32))
    found, expected = ours.translate(lines, beam=4), theirs.translate(lines, beam=4)
    assert sum(map(str.__eq__, found, expected)) >= 0.4 * len(lines)
    assert sum(exact.score(lines, found)) >= 1.15 * sum(exact.score(lines, expected))


# What it is called


def test_records_say_which_numbers_were_used(has_int8, shipped):
    translator = seqkit.load(shipped, **OWN)
    assert translator.engine is None
    (line,) = translator.predict(LINES[:1])
    assert line.record()["engine"] == "torch int8"
    (again,) = copy.deepcopy(translator).predict(LINES[:1])
    assert again.record()["engine"] == "torch int8"


def test_settings_that_ctranslate2_does_not_follow_are_searched_in_int8_too(has_int8, shipped):
    translator = seqkit.load(shipped, **OWN)
    (line,) = translator.predict(LINES[:1], prefix="Wo")
    assert line.record()["engine"] == "torch int8"


def test_scores_are_in_float32(has_int8, shipped):
    exact = seqkit.load(shipped, device="cpu", engine="torch")
    pairs = LINES[:1], ["Wo ist der Bahnhof?"]
    assert seqkit.load(shipped, **OWN).score(*pairs) == exact.score(*pairs)


# Where it is had


def test_without_ctranslate2_auto_is_our_own(has_int8, shipped, monkeypatch):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    translator = seqkit.load(shipped, device="cpu", compute="int8")
    (line,) = translator.predict(LINES[:1])
    assert line.record()["engine"] == "torch int8"


def test_a_processor_without_the_instructions_is_told(shipped, monkeypatch):
    monkeypatch.setattr(compute, "has_own_int8", lambda: False)
    with pytest.raises(ConfigError, match=r"AVX-512 VNNI only .*engine = 'ctranslate2'"):
        seqkit.load(shipped, **OWN)


def test_it_needs_the_library(monkeypatch):
    monkeypatch.setenv("SEQKIT_NATIVE", "off")
    assert library() is None
    assert not compute.has_own_int8()


def test_another_device_is_refused(has_int8, shipped, monkeypatch):
    monkeypatch.setattr(
        "seqkit.training.devices.pick_device", lambda name: SimpleNamespace(type="cuda")
    )
    with pytest.raises(ConfigError, match="int8' is for the CPU: give device = 'cpu'"):
        seqkit.load(shipped, **{**OWN, "device": "auto"})


def test_another_model_is_refused(has_int8, shipped, monkeypatch):
    opened = SimpleNamespace(models_to_read=[Backwards(9)])
    monkeypatch.setattr("seqkit.runs.open.open_run", lambda *given, **options: opened)
    with pytest.raises(ConfigError, match="is for Transformers, and the model is 'Backwards'"):
        seqkit.load(shipped, **OWN)

"""`seqkit cache`: listing and deleting what is kept of training data."""

import os

import pytest

import seqkit
from seqkit.data.cache import ENVIRONMENT


@pytest.fixture
def cache(here, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(here / "cache"))
    return here / "cache"


def test_what_a_training_kept_is_listed_and_deleted(cli, here, cache):
    seqkit.train(here / "tiny.toml", out=here / "run", device="cpu")

    *lines, total = cli("cache", "list").out.splitlines()
    assert sorted(line.split()[0] for line in lines) == ["ids", "pairs", "tokenizers"]
    assert all("today" in line and "train.source" in line for line in lines)
    assert total.startswith(f"3 in {cache}, ")

    assert cli("cache", "clear").out.startswith(f"deleted 3 from {cache}, ")
    assert list(cache.iterdir()) == []
    assert cli("cache").out == f"0 in {cache}, 0 bytes\n"


def test_only_what_was_not_used_lately_is_deleted(cli, here, cache):
    seqkit.train(here / "tiny.toml", out=here / "run", device="cpu")
    (ids,) = cache.glob("ids-*")
    os.utime(ids, (1, 1))
    assert cli("cache", "clear", "--unused", "30").out.startswith("deleted 1 from ")
    assert not ids.exists()
    assert len(list(cache.iterdir())) == 2


def test_without_a_cache_there_is_nothing_to_list_or_delete(cli, cache):
    assert cli("cache", "list").out == f"0 in {cache}, 0 bytes\n"
    assert cli("cache", "clear").out == f"deleted 0 from {cache}, 0 bytes\n"
    assert not cache.exists()

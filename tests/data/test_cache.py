"""What was made once is used again, and never half of it or anything out of date."""

import errno
import multiprocessing
import os
import shutil
import time

import pytest

from seqkit import progress
from seqkit.data import cache as cache_module
from seqkit.data.cache import ENVIRONMENT, Cache, Sources
from seqkit.data.file_lock import file_lock
from seqkit.errors import ConfigError, DataError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    return Cache.of_user()


class Maker:
    """Writes a file, and counts how often it had to."""

    def __init__(self, content="content"):
        self.content = content
        self.calls = 0

    def __call__(self, folder):
        self.calls += 1
        (folder / "made").write_text(self.content)
        return {"calls": self.calls}


def test_an_entry_is_made_once_and_its_facts_are_kept(cache):
    make = Maker()
    first = cache.entry("kind", {"a": 1}, make)
    again = cache.entry("kind", {"a": 1}, make)
    assert first == again
    assert make.calls == again.facts["calls"] == 1
    assert (again.folder / "made").read_text() == "content"


def test_what_an_entry_is_about_need_not_be_utf8(cache):
    make = Maker()
    for _ in range(2):
        cache.entry("kind", {}, make, about="caf\udce9")
    assert make.calls == 1
    assert [one.about for one in cache.listed()] == ["caf?"]


def test_another_key_or_kind_is_another_entry(cache):
    make = Maker()
    names = {cache.entry(kind, {"a": a}, make).name for kind in "xy" for a in (1, 2)}
    assert len(names) == make.calls == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "made").write_text("kontent"),
        lambda folder: (folder / "made").write_text("cont"),
        lambda folder: (folder / "made").unlink(),
        lambda folder: (folder / "entry.json").write_text("{"),
        lambda folder: (folder / "entry.json").write_text("[]"),
        lambda folder: (folder / "entry.json").unlink(),
    ],
    ids=["other bytes", "cut off", "gone", "no JSON", "other JSON", "no facts"],
)
def test_a_damaged_entry_is_made_anew(cache, damage):
    make = Maker()
    damage(cache.entry("kind", {}, make).folder)
    entry = cache.entry("kind", {}, make)
    assert make.calls == 2
    assert (entry.folder / "made").read_text() == "content"


def test_what_fails_on_the_way_leaves_nothing(cache):
    def fail(folder):
        (folder / "half").write_text("half")
        raise DataError("no text")

    with pytest.raises(DataError, match="no text"):
        cache.entry("kind", {}, fail)
    assert list(cache.root.iterdir()) == []


def test_what_a_killed_process_left_is_not_used(cache):
    folder = cache.entry("kind", {}, Maker()).folder
    folder.rename(folder.with_name(f".{folder.name}.part"))
    (one,) = cache.listed()
    assert (one.is_whole, one.about) == (False, "")

    make = Maker()
    cache.entry("kind", {}, make)
    assert make.calls == 1
    assert [one.is_whole for one in cache.listed()] == [True]


def test_a_full_disk_is_one_line_that_says_what_to_do(cache):
    def fill(folder):
        (folder / "half").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DataError, match=r"No space left on device\. `seqkit cache clear` deletes"):
        cache.entry("kind", {}, fill)
    assert list(cache.root.iterdir()) == []


@pytest.mark.parametrize("name", ["file/cache", "n" * 300], ids=["in a file", "too long"])
def test_without_the_right_to_write_the_cache_ends_with_the_process(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / name))
    cache = Cache.of_user()
    assert "is not kept for next time: cannot write" in cache.note

    folder = cache.entry("kind", {}, Maker()).folder
    assert folder.exists()
    del cache
    assert not folder.exists()


def test_two_processes_that_need_the_same_make_it_once(cache):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_make_slowly, args=(cache,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len((cache.root.parent / "log").read_text().split()) == 1


def _make_slowly(cache):
    def make(folder):
        with (cache.root.parent / "log").open("a") as log:
            log.write("made\n")
        time.sleep(0.3)
        (folder / "made").write_text("content")
        return {}

    assert (cache.entry("kind", {}, make).folder / "made").read_text() == "content"


def test_a_lock_is_free_again_when_its_holder_ends(tmp_path):
    path = tmp_path / "lock"
    with file_lock(path) as first, file_lock(path, wait=False) as second:
        assert (first, second) == (True, False)
    with file_lock(path, wait=False) as third:
        assert third
    assert not path.exists()


# Keys


def test_sources_are_known_by_content_and_not_by_name(tmp_path):
    for name, content in {"a": "x", "b": "x", "c": "y"}.items():
        (tmp_path / name).write_text(content)
    a, b, c = Sources([tmp_path / name for name in "abc"]).digests
    assert a == b != c


def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("before")
    sources = Sources([path])
    sources.check()
    path.write_text("afterwards")
    with pytest.raises(DataError, match="text changed while it was read: run it again"):
        sources.check()


def test_files_that_cannot_be_read_are_refused_or_known_as_such(tmp_path):
    (tmp_path / "text").write_text("text")
    paths = [tmp_path / "text", tmp_path / "gone", tmp_path]
    with pytest.raises(DataError, match=r"cannot read .*gone: No such file"):
        Sources(paths)
    sources = Sources(paths, skip_unreadable=True)
    assert sources.digests == [*Sources(paths[:1]).digests, "", ""]
    sources.check()

    (tmp_path / "gone").write_text("here")
    with pytest.raises(DataError, match="gone changed while it was read: run it again"):
        sources.check()


# Listing and deleting


def test_entries_are_listed_with_their_size_the_last_used_first(cache):
    old = cache.entry("old", {}, Maker(), about="a.de, a.en")
    new = cache.entry("new", {}, Maker("x" * 1000), about="b.de, b.en")
    os.utime(old.folder, (1, 1))
    first, second = cache.listed()
    assert [first.about, second.about] == ["b.de, b.en", "a.de, a.en"]
    assert first.bytes == sum(path.stat().st_size for path in new.folder.iterdir()) > 1000
    assert second.bytes < 500

    cache.entry("old", {}, Maker())  # is used
    assert cache.listed()[0].folder == old.folder
    assert new.folder.exists()


def test_only_what_was_not_used_for_some_days_is_deleted(cache):
    old = cache.entry("old", {}, Maker())
    new = cache.entry("new", {}, Maker())
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old.folder, (two_days_ago, two_days_ago))

    assert [one.folder for one in cache.clear(unused_days=1)] == [old.folder]
    assert [one.folder for one in cache.clear()] == [new.folder]
    assert list(cache.root.iterdir()) == []


def test_folders_that_are_no_entries_are_neither_listed_nor_deleted(cache):
    cache.entry("kind", {}, Maker())
    names = ["thesis", ".git", "pairs-2024", "pairs-" + "0" * 31, "Pairs-" + "0" * 32]
    for name in names:
        (cache.root / name).mkdir()
        (cache.root / name / "kept").write_text("years of work")

    assert [one.is_whole for one in cache.listed()] == [True]
    assert len(cache.clear()) == 1
    assert sorted(path.name for path in cache.root.iterdir()) == sorted(names)
    assert all((cache.root / name / "kept").exists() for name in names)


def test_an_entry_that_goes_while_it_is_listed_is_left_out(cache, monkeypatch):
    gone = cache.entry("gone", {}, Maker())
    kept = cache.entry("kept", {}, Maker())
    size_of = cache_module.size_of

    def size_after_a_while(folder):
        shutil.rmtree(gone.folder, ignore_errors=True)
        if folder == gone.folder:
            folder.stat()
        return size_of(folder)

    monkeypatch.setattr(cache_module, "size_of", size_after_a_while)
    assert [one.folder for one in cache.listed()] == [kept.folder]


def test_what_is_being_made_is_not_deleted(cache):
    entry = cache.entry("kind", {}, Maker())
    with file_lock(cache.root / f".{entry.name}.lock"):
        assert cache.clear() == []
    assert entry.folder.exists()


@pytest.mark.parametrize("variable", ["SEQKIT_CACHE", "XDG_CACHE_HOME"])
def test_a_file_in_the_place_of_the_cache_is_named(tmp_path, monkeypatch, cli, variable):
    (tmp_path / "file").touch()
    monkeypatch.delenv("SEQKIT_CACHE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    said = f"{variable}={tmp_path / 'file'} names a file: name a folder, or leave it out"
    for command in ("list", "clear"):
        assert said in cli("cache", command).complaint()
    with pytest.raises(ConfigError, match="names a file"):
        Cache.of_user()


def test_signs_of_life_tell_of_files_that_are_read(cache, tmp_path, monkeypatch):
    """Of a million images, that takes minutes."""
    seen = []

    def heard(function):
        def call(path):
            seen.append(progress._Doing.now)
            return function(path)

        return call

    for name in ("_content_digest", "_check_value"):
        monkeypatch.setattr(cache_module, name, heard(getattr(cache_module, name)))
    (tmp_path / "data").write_text("data")
    Sources([tmp_path / "data"])
    assert seen.pop() == "looking whether the data is known"

    for _ in range(2):
        cache.entry("kind", {"a": 1}, Maker())
    assert seen.pop() == "checking what is kept of the data"

"""Training text in the cache: made once, and the same as if it were read each time."""

import importlib
import json
import multiprocessing
import os
import signal
import sys
import time

import numpy as np
import pytest
from letters import LETTERS, some_lines, write_config, write_lines, write_pairs

from seqkit import prepared as shared
from seqkit.data import cache as cache_module
from seqkit.data import read_parallel, workers
from seqkit.data.batching import PairBatch, Rows, token_batches
from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.data.seen import SeenTexts
from seqkit.plugins import components
from seqkit.recipes import load
from seqkit.registry import Entry
from seqkit.translation import prepared
from seqkit.translation.task import TranslationTask
from seqkit.translation.tokenizers import train_tokenizers


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path, train=300)
    return tmp_path / "cache"


def task_of(tmp_path, overrides=None, **how):
    config = write_config(tmp_path / "tiny.toml", **how)
    return TranslationTask(load(config, overrides or {}))


def plain(batches):
    return [(b.source.tolist(), b.inputs.tolist(), b.targets.tolist(), b.count) for b in batches]


def epoch_of(task, epoch=0, *, start=0, rank=0, world=1):
    return plain(task.train_batches(epoch, start=start, rank=rank, world=world))


def test_batches_are_those_of_lists_in_memory(cache, tmp_path):
    task = task_of(tmp_path)
    text = read_parallel([tmp_path / "train.source", tmp_path / "train.target"])
    tokenizers = train_tokenizers(text, task.text)
    sources = Rows(tokenizers.source.encode_all(text.sources, eos=True))
    targets = Rows(tokenizers.target.encode_all(text.targets, eos=True))

    rng = np.random.default_rng((task.seed, 3))
    batches = token_batches(sources.lengths, targets.lengths, task.data.batch_tokens, rng)
    expected = [PairBatch.of(sources, targets, indices) for indices in batches]
    assert epoch_of(task, 3) == plain(expected)


def test_a_second_run_encodes_nothing_and_has_the_same_batches(cache, tmp_path, monkeypatch):
    first = task_of(tmp_path)
    monkeypatch.setattr(prepared, "write_rows", None)
    monkeypatch.setattr(prepared, "train_tokenizers", None)
    monkeypatch.setattr(prepared, "training_pairs", None)
    second = task_of(tmp_path)
    assert epoch_of(first) == epoch_of(second)
    assert first.digests() == second.digests()
    assert first.describe() == second.describe()


def test_text_that_changed_is_read_and_encoded_anew(cache, tmp_path):
    before = task_of(tmp_path)
    lines = some_lines(200, seed=9)
    write_lines(tmp_path / "train.source", lines)
    write_lines(tmp_path / "train.target", [line[::-1] for line in lines])
    after = task_of(tmp_path)
    assert before.digests() != after.digests()
    assert after.describe()[0].startswith("200 training pairs")


def test_the_longest_pairs_are_left_out_without_encoding_anew(cache, tmp_path, monkeypatch):
    every = task_of(tmp_path)
    monkeypatch.setattr(prepared, "write_rows", None)
    short = task_of(tmp_path, {"data.max_length": 5})
    assert 0 < len(short._train.sources) < len(every._train.sources)
    assert max(short._train.sources.lengths) == 6  # and <eos>
    assert "over-long" in "\n".join(short.describe())


@pytest.mark.parametrize("processes", [1, 3])
def test_several_processes_give_the_ids_of_one(cache, tmp_path, monkeypatch, processes):
    monkeypatch.setattr(prepared, "BLOCK", 7)
    map_in_order = shared.map_in_order
    monkeypatch.setattr(
        shared,
        "map_in_order",
        lambda function, parts: map_in_order(function, parts, processes=processes),
    )
    task = task_of(tmp_path)
    for side, tokenizer in enumerate(task.tokenizers):
        lines = (tmp_path / f"train.{('source', 'target')[side]}").read_text().splitlines()
        expected = tokenizer.encode_all(lines, eos=True)
        assert [task._train[side][i] for i in range(len(lines))] == expected


def test_validation_text_and_copies_are_those_of_the_seed(cache, tmp_path):
    lines = [f"{line} {number}" for number, line in enumerate(some_lines(100))]
    for side in ("source", "target"):
        write_lines(tmp_path / f"train.{side}", lines)

    settings = {"data.valid": [], "data.valid_size": 10, "data.number_copies": 2}
    first, again, other = (task_of(tmp_path, settings | {"train.seed": seed}) for seed in (1, 1, 2))
    assert first.digests() == again.digests() != other.digests()
    assert first.describe()[0] == "270 training pairs, 10 for validation"
    assert not set(first._text.valid.sources) & set(first._text.train.sources)
    assert sorted({*first._text.valid.sources, *first._text.train.sources[:90]}) == sorted(lines)


def test_a_pipe_is_read_once_and_nothing_of_it_is_kept(cache, tmp_path):
    import threading

    os.mkfifo(tmp_path / "pipe")
    text = (tmp_path / "train.source").read_text()
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,))
    writer.start()
    task = task_of(tmp_path, {"data.train": ["pipe", "train.target"]})
    writer.join()
    assert "a pipe, which can be read only once" in task.describe()[-1]
    assert task.describe()[0].startswith("300 training pairs")
    assert not cache.exists()


def test_a_run_reads_json_lines_by_the_names_of_their_fields(cache, tmp_path):
    task = task_of(tmp_path)
    pairs = read_parallel([tmp_path / "train.source", tmp_path / "train.target"])
    records = [{"a": a, "b": b} for a, b in zip(pairs.sources, pairs.targets, strict=True)]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "train.jsonl").write_text(lines)
    (tmp_path / "valid.jsonl").write_text(lines[:400].rpartition("\n")[0])

    overrides = {f"data.{part}": [f"{part}.jsonl"] for part in ("train", "valid")}
    same = task_of(tmp_path, overrides | {"data.columns": ["a", "b"]})
    name = "training text, source side"
    assert same.digests()[name] == task.digests()[name]
    assert epoch_of(same) == epoch_of(task)


@pytest.mark.parametrize("kind", ["pairs", "tokenizers", "ids"])
def test_half_an_entry_of_a_killed_run_is_made_anew(cache, tmp_path, monkeypatch, kind):
    context = multiprocessing.get_context("fork")
    is_half = context.Event()
    run = context.Process(target=_stop_halfway, args=(tmp_path, kind, is_half))
    run.start()
    assert is_half.wait(60)
    run.kill()
    run.join(60)
    assert run.exitcode == -signal.SIGKILL
    assert [path.name for path in cache.glob(f".{kind}-*.part")]
    assert not list(cache.glob(f"{kind}-*"))

    again = task_of(tmp_path)
    assert not list(cache.glob(".*"))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "another"))
    assert epoch_of(again) == epoch_of(task_of(tmp_path))


def _stop_halfway(tmp_path, kind, is_half):
    write_facts = cache_module._write_facts

    def stop(folder, facts, about):
        if not folder.name.startswith(f".{kind}-"):
            return write_facts(folder, facts, about)

        for path in folder.rglob("*.*"):
            os.truncate(path, path.stat().st_size // 2)
        is_half.set()
        return time.sleep(60)

    cache_module._write_facts = stop
    task_of(tmp_path)


def test_a_run_saves_and_trains_on_when_the_cache_is_cleared(cache, tmp_path):
    task = task_of(tmp_path)
    expected = epoch_of(task)
    assert len(Cache(cache).clear()) == 3
    (tmp_path / "checkpoint").mkdir()
    task.save(tmp_path / "checkpoint")

    seen = SeenTexts.load(tmp_path / "checkpoint")
    (sources,) = seen.count(sources=(tmp_path / "train.source").read_text().splitlines())
    assert (sources.found, sources.total) == (300, 300)
    assert epoch_of(task) == expected


SPLITTER = """
from seqkit.text import WhitespaceTokenizer

class Splitter(WhitespaceTokenizer):
    def split(self, text):
        return super().split(text){how}
"""


def test_text_is_encoded_anew_when_the_code_of_its_tokenizer_changes(cache, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    entry = Entry("own", "own_splitter:Splitter", "somebody", "")
    monkeypatch.setitem(components().tokenizers._entries, "own", entry)

    for how in ("", "[::-1]", "[::-1]"):
        (tmp_path / "own_splitter.py").write_text(SPLITTER.format(how=how))
        sys.modules.pop("own_splitter", None)
        importlib.invalidate_caches()

        task = task_of(tmp_path, tokenizer="own")
        expected = task.tokenizers.source.encode_all(task._text.train.sources, eos=True)
        assert [task._train.sources[i] for i in range(len(expected))] == expected
    assert len(list(cache.glob("ids-*"))) == 2


def test_text_is_encoded_anew_for_another_version_of_a_plugin(cache, tmp_path, monkeypatch):
    for number in ("1.0", "1.1", "1.1"):
        monkeypatch.setattr(shared, "version", lambda _, number=number: number)
        task_of(tmp_path)
    assert len(list(cache.glob("tokenizers-*"))) == len(list(cache.glob("ids-*"))) == 2


# Subwords drawn anew


SAMPLED = {"text.subword_regularization": 0.3, "text.vocab_size": 280}


@pytest.fixture
def sampled(cache, tmp_path):
    return task_of(tmp_path, SAMPLED, tokenizer="sentencepiece")


def test_subwords_are_drawn_anew_each_epoch_and_the_same_each_time(sampled):
    assert epoch_of(sampled, 1) == epoch_of(sampled, 1) != epoch_of(sampled, 2)


def test_the_rest_of_an_epoch_does_not_depend_on_where_it_begins(sampled):
    whole = epoch_of(sampled, 1)
    assert epoch_of(sampled, 1, start=3) == whole[3:]
    assert epoch_of(sampled, 1, start=2, rank=1, world=2) == whole[3::2]


def test_other_processes_draw_the_same_subwords(sampled, monkeypatch):
    expected = epoch_of(sampled, 1)
    monkeypatch.setattr("seqkit.data.workers._FEW", 1)
    monkeypatch.setattr("seqkit.data.workers.cores", lambda: 3)
    loaders = []
    begin = workers.from_workers
    monkeypatch.setattr(workers, "from_workers", lambda *how: loaders.append(how[0]) or begin(*how))
    assert epoch_of(sampled, 1) == expected
    assert [loader.num_workers for loader in loaders] == [2]


def test_drawn_subwords_spell_the_text(sampled):
    source = sampled.tokenizers.source
    found = [source.decode(row) for batch in epoch_of(sampled, 1) for row in batch[0]]
    assert sorted(found) == sorted(sampled._text.train.sources)
    assert set("".join(found)) == {*LETTERS, " "}

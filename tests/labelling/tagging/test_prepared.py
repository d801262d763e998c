"""Tagged sentences in the cache: made once, and the same as if they were read each time."""

import os

import pytest
from tagged_sentences import write_columns, write_config, write_segmented

import seqkit
from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.data.seen import SeenTexts
from seqkit.errors import DataError
from seqkit.labelling import Tagger
from seqkit.labelling.tagging import encoded, prepared, sentences
from seqkit.labelling.tagging.data_config import TaggingData
from seqkit.labelling.tagging.prepared import PreparedSentences
from seqkit.labelling.tagging.reading import Sentence, read_sentences
from seqkit.labelling.tagging.sentences import SentenceWriter
from seqkit.labelling.tagging.task import Tagging
from seqkit.prepared import opened
from seqkit.recipes import load

EVERY_FEATURE = {"data.features": ["affixes", "shape", "bigrams", "trigrams"]}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.setattr(sentences, "_BLOCK", 7)
    monkeypatch.setattr(encoded, "_BLOCK", 7)
    return Cache(tmp_path / "cache")


@pytest.fixture
def recipe(cache, tmp_path):
    train = write_columns(tmp_path / "train.conll", 40)
    valid = write_columns(tmp_path / "valid.conll", 10, seed=2)
    return write_config(tmp_path / "c.toml", train=train, valid=valid, steps=8)


def task_of(recipe, **overrides):
    return Tagging(load(recipe, {**EVERY_FEATURE, **overrides}))


def batches_of(task, epoch=0, *, start=0, rank=0, world=1):
    batches = task.train_batches(epoch, start=start, rank=rank, world=world)
    return [(numbers_of(batch.tokens), batch.tags.tolist()) for batch in batches]


def numbers_of(tokens):
    return [each.tolist() for each in vars(tokens).values()]


def kinds_in(cache):
    return {one.folder.name.partition("-")[0] for one in cache.listed()}


def test_a_batch_is_what_the_encoder_makes_of_its_sentences(recipe, tmp_path):
    task = task_of(recipe)
    read = read_sentences([tmp_path / "valid.conll"])
    assert [*task.valid] == read
    rows = [3, 0, 7, 3]
    batch = task.valid.batch(rows)
    expected = task.encoder.encode([read[row].words for row in rows])
    assert numbers_of(batch.tokens) == numbers_of(expected)
    tags = [
        task.tags.decode(row[: len(read[i].tags)]) for row, i in zip(batch.tags, rows, strict=True)
    ]
    assert tags == [read[row].tags for row in rows]
    assert batch.count == sum(len(read[row].words) for row in rows)


def test_a_batch_of_characters_is_what_the_encoder_makes_of_them(cache, tmp_path):
    path = write_segmented(tmp_path / "x.txt", 30)
    data = 'format = "segmented"\nunit = "characters"\nfeatures = ["bigrams"]'
    task = Tagging(load(write_config(tmp_path / "c.toml", train=path, valid=path, data=data)))
    read = [list("".join(words)) for words, _ in read_sentences([path], "segmented")]
    expected = task.encoder.encode(read[4:9])
    assert numbers_of(task.valid.batch([4, 5, 6, 7, 8]).tokens) == numbers_of(expected)


def test_a_second_run_reads_counts_and_encodes_nothing(recipe, cache, monkeypatch):
    first = task_of(recipe)
    for name in ("sentences_of", "SeenTexts", "write_encoded", "TagSet.of", "Encoder.build"):
        monkeypatch.setattr(f"seqkit.labelling.tagging.prepared.{name}", None)
    second = task_of(recipe)
    assert batches_of(second) == batches_of(first)
    assert second.digests() == first.digests()
    assert second.describe() == first.describe()
    assert second.baseline == first.baseline
    assert kinds_in(cache) == {"tagged", "vocabularies", "ids"}


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({}, 3),
        ({"data.batch": 7, "train.seed": 3, "data.unknown": 0.5}, 3),
        ({"data.tag": 2}, 6),
        ({"data.scheme": "bioes"}, 5),
        ({"data.features": ["shape"]}, 5),
        ({"data.min_freq": 3}, 5),
        ({"data.longest": 16}, 5),
    ],
)
def test_only_what_a_setting_changes_is_made_anew(settings, made, recipe, cache):
    task_of(recipe)
    task_of(recipe, **settings)
    assert len(cache.listed()) == made


def test_files_that_moved_are_known(recipe, cache, tmp_path):
    before = batches_of(task_of(recipe))
    new = (tmp_path / "train.conll").rename(tmp_path / "new.conll")
    assert batches_of(task_of(recipe, **{"data.train": [str(new)]})) == before
    assert len(cache.listed()) == 3


def test_a_resumed_run_has_the_ids_of_its_first(recipe, cache, tmp_path):
    seqkit.train(recipe, out=tmp_path / "run", overrides={"train.steps": 4, "train.eval_every": 4})
    seqkit.train(recipe, out=tmp_path / "run", resume=True)
    assert len(cache.listed()) == 3


def test_training_goes_on_exactly_after_the_cache_was_deleted(recipe, cache, tmp_path):
    whole = seqkit.train(recipe, out=tmp_path / "whole")
    half = {"train.steps": 4, "train.eval_every": 4}
    seqkit.train(recipe, out=tmp_path / "half", overrides=half)
    cache.clear()
    rest = seqkit.train(recipe, out=tmp_path / "half", resume=True)
    assert rest.metrics == whole.metrics


def test_a_run_keeps_what_is_deleted_while_it_is_used(recipe, cache, tmp_path):
    expected = task_of(recipe)
    task = task_of(recipe)
    assert len(cache.clear()) == 3
    assert batches_of(task) == batches_of(expected)
    assert [*task.valid] == read_sentences([tmp_path / "valid.conll"])

    (tmp_path / "step").mkdir()
    task.save(tmp_path / "step")
    words = [" ".join(words) for words, _ in read_sentences([tmp_path / "train.conll"])]
    (found,) = SeenTexts.load(tmp_path / "step").count(sentences=words)
    assert (found.found, found.total) == (40, 40)


@pytest.mark.parametrize("damage", ["cut off", "missing"])
@pytest.mark.parametrize("name", ["words.text", "train.words.ids", "train.features.ids"])
def test_a_damaged_entry_is_made_anew(damage, name, recipe, cache):
    expected = batches_of(task_of(recipe))
    for path in cache.root.glob(f"*/{name}"):
        content = path.read_bytes()
        path.unlink()
        if damage == "cut off":
            path.write_bytes(content[: len(content) // 2])
    assert batches_of(task_of(recipe)) == expected


def test_a_pipe_is_read_once_and_nothing_is_kept(cache, tmp_path):
    fifo = tmp_path / "x.conll"
    os.mkfifo(fifo)
    if os.fork() == 0:
        write_columns(fifo, 20)
        os._exit(0)
    found = PreparedSentences(TaggingData(train=[str(fifo)]))
    assert len(found.read().train) == 18
    assert "from a pipe" in found.cache.note
    assert not cache.listed()


def test_a_file_that_changes_while_it_is_read_is_refused(cache, tmp_path, monkeypatch):
    path = write_columns(tmp_path / "x.conll", 20)

    def open_and_change(files):
        found = opened(files)
        path.write_text(path.read_text() + "\na DET O\n")
        return found

    monkeypatch.setattr(prepared, "opened", open_and_change)
    with pytest.raises(DataError, match=r"x\.conll changed while it was read: run it again"):
        PreparedSentences(TaggingData(train=[str(path)]))
    assert not cache.listed()


def test_what_a_program_trains_on_is_not_left_in_the_cache(cache):
    Tagger(epochs=1).fit([["a", "b"], ["b"]] * 20, [["X", "Y"], ["Y"]] * 20)
    assert not cache.listed()


def test_sentences_are_those_of_lists(cache, tmp_path):
    read = [Sentence(list("abcab"[:size]), list("XYXZX"[:size])) for size in (3, 1, 5, 2) * 5]
    with SentenceWriter(tmp_path) as writer:
        assert writer.write("some", read) == 20
        found = writer.written("some")
        writer.copy("picked", [found[2:4], found.at([7, 0])])
        picked = writer.written("picked")
    assert [*found] == read
    assert found[-3] == read[-3]
    assert [*found[3:17:3]] == read[3:17:3]
    assert [*found[4:4]] == []
    assert [*picked] == [*read[2:4], read[7], read[0]]
    assert [*found.texts()][:2] == ["a b c", "a"]
    assert [*found.lines()][1:3] == ["a X", "a b c a b X Y X Z X"]

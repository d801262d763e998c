"""Labelled texts in the cache: made once, and the same as if they were read each time."""

import os
import random

import numpy as np
import pytest
from small_classifiers import some_texts, write_recipe, write_tsv

import seqkit
from seqkit.data.cache import ENVIRONMENT, Cache
from seqkit.data.seen import SeenTexts
from seqkit.errors import DataError
from seqkit.labelling import TextClassifier
from seqkit.labelling.classification import prepared
from seqkit.labelling.classification.data_config import TextData
from seqkit.labelling.classification.prepared import PreparedTexts, read_parts
from seqkit.labelling.classification.reading import read_labelled
from seqkit.labelling.classification.task import TextClassification
from seqkit.labelling.classification.texts import cut_off
from seqkit.labelling.numbered import Numbered
from seqkit.prepared import opened
from seqkit.recipes import load

KINDS = {"labelled", "tokenizers", "ids"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    monkeypatch.setattr(prepared, "_BLOCK", 7)
    monkeypatch.setattr("seqkit.prepared.BLOCK", 7)
    monkeypatch.setattr("seqkit.data.stored._BLOCK", 7)
    return Cache(tmp_path / "cache")


@pytest.fixture
def recipe(cache, tmp_path):
    return write_recipe(tmp_path / "recipe.toml", write_tsv(tmp_path / "x.tsv", some_texts(60)))


def task_of(recipe, **overrides):
    return TextClassification(load(recipe, overrides))


def batches_of(task, epoch=0, *, start=0, rank=0, world=1):
    batches = task.train_batches(epoch, start=start, rank=rank, world=world)
    return [(batch.ids.tolist(), batch.labels.tolist()) for batch in batches]


def kinds_in(cache):
    return {one.folder.name.partition("-")[0] for one in cache.listed()}


def test_the_ids_are_those_of_texts_in_memory(recipe, tmp_path):
    task = task_of(recipe)
    read = read_labelled([tmp_path / "x.tsv"], task.data.layout)
    train, valid = cut_off(cut_off(read, 0.2)[0], 0.1)
    for part, ids, expected in (
        (task.parts.train, task.train, train),
        (task.parts.valid, task.valid, valid),
    ):
        assert [*part.texts] == [*expected.texts]
        assert [*part.labels] == [*expected.labels]
        assert part.first_place == expected.first_place
        in_memory = task.inputs.encode(expected.texts)
        assert [ids[i] for i in range(len(ids))] == [in_memory[i] for i in range(len(in_memory))]


def test_a_second_run_reads_and_encodes_nothing(recipe, cache, monkeypatch):
    first = task_of(recipe)
    for name in ("read_examples", "SeenTexts"):
        monkeypatch.setattr(prepared, name, None)
    monkeypatch.setattr("seqkit.prepared.map_in_order", None)
    second = task_of(recipe)
    assert batches_of(second) == batches_of(first)
    assert second.digests() == first.digests()
    assert second.describe() == first.describe()
    assert kinds_in(cache) == KINDS


def test_texts_that_moved_are_known_and_their_places_are_where_they_are_now(cache, tmp_path):
    old = write_tsv(tmp_path / "old.tsv", [*some_texts(20), ("food", " ")])
    before = read_parts(TextData(train=[str(old)]))
    new = old.rename(tmp_path / "new.tsv")
    after = read_parts(TextData(train=[str(new)]))
    assert [*after.train.texts] == [*before.train.texts]
    assert after.train.first_place["food"].startswith(f"{new}:")
    assert after.train.empty == [f"{new}:21"]
    assert len(cache.listed()) == 1


@pytest.mark.parametrize(
    "settings", [{"valid_share": 0.3}, {"test_share": 0.3}, {"several": ","}, {"text": "3"}]
)
def test_settings_that_change_the_texts_make_them_anew(settings, cache, tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("".join(f"{'ab'[i % 2]}\ttext {i}\tother {i}\n" for i in range(20)))
    PreparedTexts(TextData(train=[str(path)]))
    PreparedTexts(TextData(train=[str(path)], **settings))
    assert len(cache.listed()) == 2


def test_in_folders_of_classes_the_names_are_labels(cache, tmp_path):
    for label in ("good", "bad"):
        (tmp_path / "texts" / label).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "texts" / label / f"{number}.txt").write_text(f"{label} text {number}")
    data = TextData(train=[str(tmp_path / "texts")])
    assert read_parts(data).train.labels.counts() == {"bad": 4, "good": 4}

    (tmp_path / "texts" / "good").rename(tmp_path / "texts" / "fine")
    assert read_parts(data).train.labels.counts() == {"bad": 4, "fine": 4}


def test_texts_with_several_labels_or_none_come_back(cache, tmp_path):
    lines = [f"{label}\t{label} text {i}" for i in range(4) for label in ("a", "a,b", "", "b")]
    (tmp_path / "x.tsv").write_text("\n".join(lines))
    found = read_parts(TextData(train=[str(tmp_path / "x.tsv")], several=","))
    for part in (found.train, found.valid):
        given = [text.split(" ")[0] for text in part.texts]
        assert [",".join(names) for names in part.labels] == given


def test_a_pipe_is_read_once_and_nothing_is_kept(cache, tmp_path):
    fifo = tmp_path / "x.tsv"
    os.mkfifo(fifo)
    if os.fork() == 0:
        write_tsv(fifo, some_texts(20))
        os._exit(0)
    texts = PreparedTexts(TextData(train=[str(fifo)]))
    assert len(texts.parts.train) == 18
    assert "from a pipe" in texts.cache.note
    assert not cache.listed()


def test_a_file_that_changes_while_it_is_read_is_refused(cache, tmp_path, monkeypatch):
    path = write_tsv(tmp_path / "x.tsv", some_texts(20))

    def open_and_change(files):
        found = opened(files)
        path.write_text(path.read_text() + "food\tmore soup\n")
        return found

    monkeypatch.setattr(prepared, "opened", open_and_change)
    with pytest.raises(DataError, match=r"x\.tsv changed while it was read: run it again"):
        PreparedTexts(TextData(train=[str(path)]))
    assert not cache.listed()


@pytest.mark.parametrize("damage", ["truncate", "zeros", "missing"])
@pytest.mark.parametrize("name", ["train.text", "train.labels.ids", "train.ends", "entry.json"])
def test_a_damaged_entry_is_made_anew(damage, name, recipe, cache):
    expected = batches_of(task_of(recipe))
    (entry,) = [one.folder for one in cache.listed() if one.folder.name.startswith("labelled")]
    content = (entry / name).read_bytes()
    if damage == "missing":
        (entry / name).unlink()
    else:
        half = content[: len(content) // 2]
        (entry / name).write_bytes(half if damage == "truncate" else bytes(len(content)))
    assert batches_of(task_of(recipe)) == expected


def test_texts_that_were_trained_on_are_known_by_a_checkpoint(recipe, cache, tmp_path):
    task = task_of(recipe)
    (tmp_path / "step").mkdir()
    cache.clear()
    task.save(tmp_path / "step")
    (found,) = SeenTexts.load(tmp_path / "step").count(texts=task.parts.train.texts[:5])
    assert (found.found, found.total) == (5, 5)


def test_what_a_program_trains_on_is_not_left_in_the_cache(cache):
    labels, texts = zip(*some_texts(40), strict=True)
    TextClassifier(epochs=1).fit(texts, labels)
    assert not cache.listed()


def test_training_goes_on_exactly_after_the_cache_was_deleted(recipe, cache, tmp_path):
    whole = seqkit.train(recipe, out=tmp_path / "whole", overrides={"train.steps": 8})
    half = {"train.steps": 8, "train.eval_every": 4}
    seqkit.train(recipe, out=tmp_path / "half", overrides={**half, "train.steps": 4})
    cache.clear()
    rest = seqkit.train(recipe, out=tmp_path / "half", overrides={"train.steps": 8}, resume=True)
    assert rest.metrics == whole.metrics


# Labels


def test_labels_are_those_of_lists():
    draw = random.Random(3)
    names = [tuple(draw.sample("abcd", draw.randrange(4))) for _ in range(30)]
    labels = Numbered.of(names)
    assert [*labels] == names
    assert labels[4] == names[4]
    assert labels[-1] == names[-1]
    assert [*labels[3:9:2]] == names[3:9:2]

    rows = np.array([5, 2, 2, 29])
    some = labels.at(rows)
    assert [*some] == [names[i] for i in rows]
    assert some.present() == list(dict.fromkeys(name for i in rows for name in names[i]))
    assert {tuple(names[i] for i in rows) for rows in labels.groups()} == {
        tuple(one for one in names if one == kind) for kind in set(names)
    }
    assert labels.counts() == {one: sum(one in of for of in names) for one in "abcd"}


def test_no_labels_are_no_trouble():
    assert [*Numbered.of([])] == []
    assert [*Numbered.of([(), ()])] == [(), ()]
    assert Numbered().groups() == []

"""Data is known by content when a run is resumed: it may move, and nothing in it may change."""

import json

import pytest
from letters import write_lines
from tensors import assert_same

import seqkit
from seqkit.errors import CheckpointError, ConfigError
from seqkit.runs.changes import _places
from seqkit.training import checkpoint

LONGER = {"train.steps": 6}


@pytest.fixture
def translation(here):
    """`resume(**overrides)` continues a run of 4 steps for 2 more; the data is in `here`."""
    seqkit.train("tiny.toml", out="run", device="cpu")

    def resume(**overrides):
        events = []
        seqkit.train(
            "tiny.toml",
            out="run",
            device="cpu",
            resume=True,
            overrides=LONGER | {f"data.{key}": value for key, value in overrides.items()},
            listener=events.append,
        )
        return events[0].notes

    return resume


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def moved(here, folder="elsewhere"):
    """The places of data that was moved into a folder."""
    (here / folder).mkdir()
    places = {}
    for part in ("train", "valid"):
        files = [here / f"{part}.{side}" for side in ("source", "target")]
        places[part] = [str(file.rename(here / folder / file.name)) for file in files]
    return places


def test_data_that_was_moved_is_the_same_data(here, translation):
    seqkit.train("tiny.toml", out="whole", device="cpu", overrides=LONGER)
    places = moved(here)
    notes = translation(**places)
    assert [note.partition(" was ")[0] for note in notes] == ["data.train", "data.valid"]
    assert all(note.endswith(": the data is the same") for note in notes)
    assert_same(here / "whole", here / "run")

    assert str(here / "elsewhere") in (here / "run/config.toml").read_text(encoding="utf-8")
    assert translation(**places) == []


def test_data_that_was_packed_is_the_same_data(here, translation):
    import gzip

    packed = here / "train.source.gz"
    packed.write_bytes(gzip.compress((here / "train.source").read_bytes()))
    assert translation(train=[str(packed), str(here / "train.target")])


CHANGES = {
    "shuffled lines": ("train.source", lambda lines: lines[::-1], "training text, source side has"),
    "a changed word": ("train.target", lambda lines: ["j", *lines[1:]], "training text, target si"),
    "another validation text": (
        "valid.source",
        lambda lines: [*lines[1:], lines[0]],
        "validation text, source side has",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_data_that_has_changed_is_refused_by_the_name_of_its_source(here, translation, change):
    file, edit, says = CHANGES[change]
    write_lines(here / file, edit(lines_of(here / file)))
    before = (here / "run/log.jsonl").read_bytes()
    with pytest.raises(CheckpointError) as caught:
        translation()

    message = str(caught.value)
    assert message.startswith(f"cannot resume run: the {says}")
    part = file.partition(".")[0]
    assert f"data.{part} = ['{here}/{part}.source', '{here}/{part}.target']" in message
    assert message.endswith(
        "Put back what was there, or train into another --out, with --init run."
    )
    assert (here / "run/log.jsonl").read_bytes() == before


def test_sides_of_a_pair_that_were_exchanged_are_refused(here, translation):
    with pytest.raises(CheckpointError, match="the training text, source side and the training"):
        translation(train=[str(here / "train.target"), str(here / "train.source")])


def test_other_data_in_another_place_is_refused(here, translation):
    places = moved(here)
    lines = lines_of(here / "elsewhere/train.source")
    write_lines(here / "elsewhere/train.source", lines[1:] + lines[:1])
    with pytest.raises(CheckpointError, match="the training text, source side has changed"):
        translation(**places)


def without_digests(run):
    """As a version wrote it that knew none."""
    for step in checkpoint.step_folders(run):
        meta = json.loads((step / checkpoint.META).read_text(encoding="utf-8"))
        del meta["digests"]
        (step / checkpoint.META).write_text(json.dumps(meta), encoding="utf-8")


def test_a_run_of_an_earlier_version_is_resumed_where_its_data_was(here, translation):
    without_digests(here / "run")
    assert translation() == []
    meta = checkpoint.read_meta(checkpoint.resolve(here / "run", prefer="last"))
    assert len(meta["digests"]) == 4


def test_a_run_of_an_earlier_version_does_not_know_data_that_was_moved(here, translation):
    without_digests(here / "run")
    with pytest.raises(ConfigError, match="and this run does not know its data by content"):
        translation(**moved(here))


@pytest.mark.parametrize("damage", [7, ["a"], "text"])
def test_damaged_digests_are_one_clear_line(here, translation, damage):
    step = checkpoint.resolve(here / "run", prefer="last")
    meta = json.loads((step / checkpoint.META).read_text(encoding="utf-8"))
    (step / checkpoint.META).write_text(json.dumps({**meta, "digests": damage}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"`digests` in meta\.json is damaged"):
        translation()


def test_a_task_without_digests_is_compared_by_its_numbers(here, translation, monkeypatch):
    from seqkit.translation.task import TranslationTask

    monkeypatch.delattr(TranslationTask, "digests")
    write_lines(here / "train.source", lines_of(here / "train.source")[::-1])
    assert translation() == []  # nobody can tell

    for side in ("source", "target"):
        write_lines(here / f"train.{side}", lines_of(here / f"train.{side}")[:-1])
    with pytest.raises(CheckpointError, match=r"the data has changed\. It was 40 training pairs"):
        translation()


def test_settings_that_change_nothing_in_training_may_change(here):
    seqkit.train("tiny.toml", out="run", device="cpu")
    settings = LONGER | {"train.watch": True, "train.keep": 5, "train.eval_every": 3}
    run = seqkit.train("tiny.toml", out="run", device="cpu", resume=True, overrides=settings)
    assert run.step == 6


LANGUAGE = """task = "language-modelling"
[data]
train = ['{text}']
batch = 2
steps = 4
baseline_order = 0
[text]
tokenizer = "char"
[model]
name = "lstm"
embedding = 4
hidden = 4
layers = 1
[train]
steps = 3
eval_every = 3
"""


@pytest.fixture
def language(here):
    text = write_lines(here / "text", lines_of(here / "train.source") * 2)
    (here / "lm.toml").write_text(LANGUAGE.format(text=text), encoding="utf-8")
    seqkit.train("lm.toml", out="lm", device="cpu")

    def resume(**overrides):
        changed = {f"data.{key}": value for key, value in overrides.items()}
        seqkit.train(
            "lm.toml", out="lm", device="cpu", resume=True, overrides=changed | {"train.steps": 5}
        )

    return resume


def test_a_language_model_s_text_may_move(here, language):
    (here / "text").rename(here / "moved")
    language(train=[str(here / "moved")], test=[str(here / "valid.source")])


def test_a_language_model_s_shuffled_lines_are_refused(here, language):
    write_lines(here / "text", lines_of(here / "text")[::-1])
    with pytest.raises(CheckpointError, match="training text and the validation text have changed"):
        language()


def test_places_are_named_without_passwords_and_those_of_sources_by_their_files():
    data = {"train": ["s3://key:secret@bucket/a"], "valid": ["b"], "limit": 3}
    assert _places({"config": {"task": "translation", "data": data}}) == (
        "data.train = ['s3://…bucket/a'], data.valid = ['b']"
    )
    sources = [{"train": ["https://host/a?key=secret"], "valid": ["b"], "weight": 2.0}]
    assert _places({"config": {"task": "translation", "data": {"sources": sources}}}) == (
        "data.sources = [['https://host/a?…', 'b']]"
    )

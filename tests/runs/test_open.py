"""What `seqkit.load` says of folders that it cannot open, and of runs of earlier versions."""

import json
import os
import shutil
import warnings

import pytest
import torch
from throw_away_plugin import installed

import seqkit
from seqkit import recipes
from seqkit.config import to_plain
from seqkit.errors import CheckpointError, ConfigError, RenamedWarning, UnknownName
from seqkit.training import checkpoint


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def replace_by_a_pickle(folder, step):
    step.rename(folder / "gone")
    torch.save({"weight": torch.zeros(1)}, folder / "model.pt")


DAMAGE = {
    "model.safetensors is damaged": lambda _, step: os.truncate(step / "model.safetensors", 1000),
    "cannot read .*model.safetensors: No such file": lambda _, step: (
        step / "model.safetensors"
    ).unlink(),
    "meta.json is damaged: not a JSON": lambda _, step: (step / "meta.json").write_text("{"),
    "meta.json is damaged: it lacks": lambda _, step: edit(step / "meta.json", config=3),
    "has format 99, this seqkit reads up to 1: install a newer": lambda _, step: edit(
        step / "meta.json", format=99
    ),
    "does not fit the model": lambda _, step: edit(
        step / "meta.json", dims={"target_vocab": 7, "source_vocab": 0}
    ),
    "cannot read tokenizer": lambda _, step: shutil.rmtree(step / "tokenizer"),
    "lead nowhere: give a step folder, such as ": lambda folder, step: step.rename(
        folder / f".{step.name}.part"
    ),
    r"is a pickle|holds a pickle \(model.pt\), which can run code": replace_by_a_pickle,
    "a pickle under that name is never loaded": lambda _, step: torch.save(
        {}, step / "model.safetensors"
    ),
}


@pytest.mark.parametrize("says", DAMAGE)
def test_a_damaged_run_folder_is_one_clear_line(copy, cli, says):
    folder, step = copy
    DAMAGE[says](folder, step)
    with pytest.raises(seqkit.SeqkitError, match=says):
        seqkit.load(folder)
    assert str(folder) in cli("translate", "-m", folder, "abc").complaint()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("none.d", "no model at none.d"),
        (".", "is not a run folder"),
        ("en-du", "no shipped model 'en-du'"),
        ("model.pt", "is a pickle, which can run code"),
    ],
)
def test_what_is_not_a_model_is_named(here, cli, model, says):
    assert says in cli("translate", "-m", model, "abc").complaint()


def test_a_model_of_another_task_is_refused(beginner):
    says = "is a model for 'translation'; this command needs one for 'vision'"
    with pytest.raises(CheckpointError, match=says):
        seqkit.load(beginner, task="vision")
    with pytest.raises(CheckpointError, match="is a file: a model is a run folder"):
        seqkit.load(beginner / "config.toml", task="vision")


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"model.name": "gone-transformer"}, "no model 'gone-transformer'"),
        ({"text.tokenizer": "gone-words"}, "no tokenizer 'gone-words'"),
    ],
)
def test_a_run_whose_plugin_is_absent_names_the_plugin(here, monkeypatch, settings, missing):
    with installed(here / "site", monkeypatch):
        seqkit.train("tiny.toml", out="a", overrides=settings, device="cpu")
        assert seqkit.load("a").translate(["a b"])

    with pytest.raises(CheckpointError) as error:
        seqkit.load("a")
    text = str(error.value)
    assert text.startswith(
        "a was trained with a plugin that is not installed here (seqkit-gone 1.2): "
        "`pip install seqkit-gone`. "
    )
    assert missing in text


def test_an_unknown_name_is_not_blamed_on_plugins_that_are_installed(copy):
    _, step = copy
    meta = checkpoint.read_meta(step)
    config = meta["config"] | {"model": {"name": "transformed"}}
    edit(step / "meta.json", config=config, plugins={"torch": "1.0"})
    with pytest.raises(UnknownName, match=r"^no model 'transformed'\. Did you mean"):
        seqkit.load(step)


OLD = {"text": ("subword_regularization", "sampling"), "search": ("beam_patience", "patience")}


def test_a_run_with_keys_of_an_earlier_version_opens_without_a_warning(copy):
    folder, step = copy
    config = checkpoint.read_meta(step)["config"]
    for section, (new, old) in OLD.items():
        config[section][old] = config[section].pop(new)
    edit(step / "meta.json", config=config)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seqkit.load(folder, device="cpu").translate(["a b"])


def test_an_empty_section_that_earlier_versions_wrote_for_every_task_is_no_mistake(here):
    """A language model's config.toml had [search], an image classifier's [text]."""
    config = recipes.load("demo/story")
    raw = to_plain(config)
    assert recipes.complete(raw | {"search": {}}, "config.toml") == config

    with pytest.raises(ConfigError, match=r"has no section \[search\]"):
        recipes.complete(raw | {"search": {"beam": 5}}, "config.toml")
    with pytest.raises(ConfigError, match=r"has no section \[serch\]"):
        recipes.complete(raw | {"serch": {}}, "config.toml")


def test_a_setting_under_its_old_name_works_and_warns_once(here):
    settings = {"text.sampling": 0.0, "train.steps": 1}
    with pytest.warns(RenamedWarning) as noted:
        run = seqkit.train("tiny.toml", out="a", overrides=settings, device="cpu")
    assert len(noted) == 1
    assert "'sampling' is now called 'subword_regularization'" in str(noted[0].message)

    written = (run.folder / "config.toml").read_text(encoding="utf-8")
    assert "subword_regularization = 0.0" in written
    assert "\nsampling" not in written

"""TOML and overrides become configs; configs become TOML again."""

import math
import tomllib

import pytest
from letters import write_config

import seqkit
from seqkit import recipes
from seqkit.cli.options import key_values
from seqkit.config import (
    OptimConfig,
    RunConfig,
    TrainConfig,
    build,
    describe,
    override,
    plain,
    to_plain,
)
from seqkit.errors import ConfigError
from seqkit.plugins import Components, Plugin, components


def test_plugins_add_recipes_but_do_not_replace_those_of_seqkit(tmp_path, monkeypatch):
    for name in ("letters/small", "demo/en-de", "letters/card"):
        path = tmp_path / "theirs" / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('task = "translation"\n[model]\nname = "transformer"\n[train]\nsteps = 7\n')
    (tmp_path / "plugin_of_test_config.py").write_text(
        f"from pathlib import Path\ndef folder():\n    return Path({str(tmp_path / 'theirs')!r})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = Components(models=components().models, tasks=components().tasks)
    Plugin("a-plugin", found).recipes("a", "plugin_of_test_config:folder", "for a test")
    Plugin("seqkit", found).recipes("seqkit", "seqkit.data.corpora:root", "ours")
    monkeypatch.setattr(recipes, "components", lambda: found)
    assert {"letters/small", "demo/en-de"} <= set(recipes.names())
    assert "letters/card" not in recipes.names()
    assert recipes.load("letters/small").train.steps == 7
    assert recipes.find("demo/en-de").parent.parent.name == "corpora"
    with pytest.raises(
        ConfigError,
        match=r"no config file or recipe 'letters/smal'\. Did you mean 'letters/small'\?",
    ):
        recipes.find("letters/smal")


@pytest.mark.parametrize("name", recipes.names())
def test_config_prints_toml_that_loads_to_the_same_config(cli, tmp_path, name):
    path = tmp_path / "printed.toml"
    path.write_text("\n".join(cli("config", name).lines), encoding="utf-8")
    printed, meant = (recipes.load(config, needs_model=False) for config in (path, name))
    assert printed == meant


def test_a_config_without_a_model_is_refused_where_one_is_needed(here):
    with pytest.raises(ConfigError, match=r"finetune/translator\.toml: \[model\] needs a name"):
        recipes.load("finetune/translator")


def test_completing_a_complete_config_changes_nothing(here):
    config = recipes.load(here / "tiny.toml")
    assert recipes.complete(to_plain(config), "again") == config
    assert build(RunConfig, plain(config), "again") == config


def test_every_key_of_every_section_is_described_in_one_line():
    sections = [RunConfig, OptimConfig, TrainConfig]
    sections += [
        section for entry in components().tasks for section in entry.load().sections.values()
    ]
    sections += [entry.load().Config for entry in components().models]
    for section in sections:
        for key, _, line in describe(section):
            assert line, f"{section.__name__}.{key}"
            assert "\n" not in line


@pytest.mark.parametrize("entry", list(components().models), ids=lambda entry: entry.name)
def test_every_preset_of_every_model_is_valid(entry):
    model = entry.load()
    for preset in model.presets:
        filled = recipes.plain_model({"name": entry.name, "preset": preset}, "here")
        assert filled.items() >= {"name": entry.name, **model.presets[preset]}.items()


def test_a_key_overrides_the_preset(here):
    override = {"model.preset": "tiny", "model.width": 64}
    assert recipes.load(here / "tiny.toml", override).model["width"] == 64
    assert (
        recipes.load(here / "tiny.toml", {"model.preset": "tiny"}).model["decoder_layers"] == 1
    )  # the file's own


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("a.b=3", 3),
        ("a.b = 3", 3),
        ("a.b=3e-4", 3e-4),
        ("a.b=.5", 0.5),
        ("a.b=-.25", -0.25),
        ("a.b=.txt", ".txt"),
        ("a.b=true", True),
        ("a.b=['x', 'y']", ["x", "y"]),
        ('a.b="3"', "3"),
        ("a.b=word", "word"),
        ("a.b=two words", "two words"),
        ("a.b=x=y", "x=y"),
        ("a.b=", ""),
        ("a.b=C:\\text", "C:\\text"),
    ],
)
def test_the_value_of_an_override_is_toml_or_else_a_string(override, value):
    ((key, found),) = key_values([override], "--set").items()
    assert (key, found, type(found)) == ("a.b", value, type(value))


def test_an_override_has_the_same_effect_in_every_command(here, cli):
    printed = cli(
        "config", "tiny.toml", "--set", "train.seed=7", "--set", "optim.decay=cosine"
    ).lines
    raw = tomllib.loads("\n".join(printed))
    assert (raw["train"]["seed"], raw["optim"]["decay"]) == (7, "cosine")
    done = cli(
        "train", "tiny.toml", "--out", "run", "--set", "train.seed=7", "--set", "optim.decay=cosine"
    )
    assert done.code == 0
    assert recipes.load("run/config.toml") == recipes.load(
        "tiny.toml", {"train.seed": 7, "optim.decay": "cosine"}
    )


def test_a_dotted_key_changes_one_value_of_a_section_and_leaves_the_others():
    values = {"beam": 5, "rules": {"old": 1}}
    override(values, key_values(["rules.new=[2, 3]", "rules.deep.er=x", "beam=1"], "--search"))
    assert values == {"beam": 1, "rules": {"old": 1, "new": [2, 3], "deep": {"er": "x"}}}


@pytest.mark.parametrize("value", [math.inf, math.nan, -math.inf])
def test_a_number_is_a_number(here, value):
    with pytest.raises(ConfigError, match=r"optim\.lr "):
        recipes.load("tiny.toml", {"optim.lr": value})


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("train", "--set 'train' is not KEY=VALUE"),
        ("train.steps.more=1", "'steps' is a value, not a section"),
        ("train=3", "train should be an object, got 3"),
        ("model=big", "model should be an object, got 'big'"),
        ("train.steps=2.5", "train.steps should be a valid integer"),
        ("train.steps=2020-01-01", "train.steps should be a valid integer, got '2020-01-01'"),
        ("data.train=one.tsv", r"\[data\]: train should be a valid array, got 'one.tsv'"),
        ("data.columns=[1, 2, 3]", r"\[data\]: columns "),
        ("data.goal=blue", r"\[data\]: goal: no metric 'blue'"),
        ("text.vocab_size=4", r"\[text\]: vocab_size should be greater than or equal to 5, got 4"),
        ("search.beam=0", r"\[search\]: beam should be greater than or equal to 1, got 0"),
        ("search.nbest=9", r"\[search\]: nbest = 9 needs a beam at least as wide"),
        (
            "search.bean=9",
            r"\[search\]: unknown key 'bean'. Did you mean 'beam'\? Known: batch|beam, ",
        ),
    ],
)
def test_a_wrong_override_names_section_key_and_value(here, override, says):
    with pytest.raises(ConfigError, match=says):
        recipes.load("tiny.toml", key_values([override], "--set"))


def test_overrides_in_python_are_values(here):
    with pytest.raises(ConfigError, match=r"override 'task\.x': 'task' is a value, not a section"):
        seqkit.train("tiny.toml", out="run", overrides={"task.x": 1})
    with pytest.raises(ConfigError, match=r"train\.steps should be a valid integer, got '3'"):
        seqkit.train("tiny.toml", out="run", overrides={"train.steps": "3"})


def test_a_config_that_cannot_be_read_is_named(here):
    (here / "latin.toml").write_bytes('task = "über"'.encode("latin-1"))
    for path, says in (
        ("latin.toml", "latin.toml: not UTF-8: byte 8 is 0xfc"),
        (".", r"\. is a folder: CONFIG is a TOML file"),
        ("none.toml", "no config file none.toml"),
    ):
        with pytest.raises(ConfigError, match=says):
            recipes.load(path)


@pytest.mark.parametrize(
    "content", [b"label\ttext\n", b"x,y\n1,2\n", b"\x1f\x8b\x08\x00"], ids=repr
)
def test_data_in_place_of_a_config_is_told_where_it_goes(here, content):
    (here / "my.data").write_bytes(content)
    with pytest.raises(ConfigError, match=r"my\.data is not a config file.*--data my\.data"):
        recipes.load("my.data")


def test_a_folder_in_place_of_a_config_is_told_where_it_goes(here):
    (here / "photos/cat").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"photos is a folder.*--data photos"):
        recipes.load("photos")
    (here / "photos/config.toml").touch()
    with pytest.raises(ConfigError, match=r"run folder: its config file is photos/config\.toml"):
        recipes.load("photos")


def test_keys_that_another_model_lacks_are_dropped_and_named(tmp_path):
    with_another = {"model.name": "text-cnn"}
    raw, notes = recipes.read_recipe(recipes.find("demo/topics"), with_another)
    assert raw["model"] == {"name": "text-cnn", "width": 16}  # both models have a width
    assert notes == ["[model] of the recipe is for another model; not used: buckets"]
    assert recipes.load("demo/topics", with_another).model["width"] == 16

    raw, notes = recipes.read_recipe(recipes.find("demo/topics"), {"model.name": "bag"})
    assert (raw["model"]["buckets"], notes) == (2000, [])


def test_a_preset_of_another_model_is_not_overridden_by_the_recipe():
    path = recipes.find("demo/tagger")
    raw, _ = recipes.read_recipe(
        path, {"model.name": "transformer-tagger", "model.preset": "small"}
    )
    assert raw["model"] == {"name": "transformer-tagger", "preset": "small"}


def test_a_key_that_is_asked_for_is_not_dropped():
    with pytest.raises(ConfigError, match="text-cnn: unknown key 'buckets'"):
        recipes.load("demo/topics", {"model.name": "text-cnn", "model.buckets": 3})


def test_paths_in_a_config_become_absolute_so_that_it_works_from_any_folder(here):
    config = recipes.load(
        "tiny.toml", {"data.train": ["train.source", "train.target"], "data.valid": []}
    )
    assert config.sections["data"]["train"] == [
        str(here / "train.source"),
        str(here / "train.target"),
    ]


def test_a_config_of_letters_is_complete_with_every_tokenizer(tmp_path):
    for entry in components().tokenizers:
        config = recipes.load(write_config(tmp_path / "c.toml", tokenizer=entry.name))
        assert config.sections["text"]["tokenizer"] == entry.name

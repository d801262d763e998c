"""Training from Python, and what is refused before it begins."""

import pytest
from throw_away_plugin import installed

import seqkit
from seqkit.errors import ConfigError
from seqkit.runs.build import make_model


def test_training_works_from_python_and_reports_what_it_does(here):
    events = []
    settings = {"train.steps": 2}
    run = seqkit.train(
        "tiny.toml", out="p", overrides=settings, device="cpu", listener=events.append
    )
    names = [type(event).__name__ for event in events]
    assert names == ["Started", "Updated", "Updated", "Evaluated", "Saved"]
    assert run.step == 2
    assert run.metrics["perplexity"] > 1
    assert len(seqkit.load(run.folder).translate(["abc", ""])) == 2


def test_a_run_and_its_start_are_short_in_a_notebook(here):
    events = []
    settings = {"train.steps": 2, "train.precision": "fp32"}
    run = seqkit.train(
        "tiny.toml", out="p", overrides=settings, device="cpu", listener=events.append
    )
    size = events[0].parameters
    assert repr(events[0]) == f"Started('p', step 0, transformer, {size:,} parameters, cpu, fp32)"

    figures = ", ".join(f"{name} {value:.4g}" for name, value in run.metrics.items())
    assert repr(run) == f"Run('p', 2 steps, best: {figures})"


def test_an_unknown_setting_is_refused_before_anything_is_written(here):
    with pytest.raises(ConfigError, match=r"unknown key 'train\.nope'"):
        seqkit.train("tiny.toml", out="q", overrides={"train.nope": 2})
    assert not (here / "q").exists()


def test_a_recipe_for_another_task_is_refused(here):
    with pytest.raises(ConfigError, match="is a recipe for 'translation'; this command trains"):
        seqkit.train("tiny.toml", out="q", task="vision")


def test_a_model_for_another_task_is_refused_before_training(here, cli):
    settings = ["--set", 'model={name="transformer-lm"}']
    complaint = cli("train", "tiny.toml", "--out", "a", *settings).complaint()
    assert complaint.startswith(
        "[model] 'transformer-lm' is not a model for the task 'translation': it lacks start ("
    )
    assert "see seqkit.translation.models.contract.TranslationModel. " in complaint
    assert "Models for this task: " in complaint
    assert "transformer-lm" not in complaint.partition("Models for this task: ")[2]
    assert not (here / "a").exists()


def test_a_model_that_lacks_what_its_task_asks_for_is_refused_by_name(here, monkeypatch):
    with installed(here / "site", monkeypatch):
        with pytest.raises(ConfigError, match="'incomplete' is not a model for the task 'transla"):
            seqkit.train("tiny.toml", out="q", overrides={"model": {"name": "incomplete"}})
        dims = {"target_vocab": 9, "source_vocab": 9}
        with pytest.raises(ConfigError, match=r"it lacks .*step \(.*output \(.*source_vocab \("):
            make_model({"name": "incomplete"}, dims, "translation")


def test_a_model_that_takes_other_sizes_than_the_data_gives_is_refused():
    says = "it takes target_vocab, source_vocab, the data gives vocab; `seqkit models` says"
    with pytest.raises(ConfigError, match=says):
        make_model({"name": "transformer"}, {"vocab": 9}, "translation")

"""Validation figures that are nan or infinite: never the best, and null in JSON."""

import json
import math

import pytest

import seqkit
from seqkit.training import Evaluated, checkpoint
from seqkit.translation.task import TranslationTask

SETTINGS = {"train.steps": 6, "train.eval_every": 2}


def train(monkeypatch, figures, **how):
    """A run whose evaluations give these figures; returns it and whether each was the best."""
    rest = iter(figures)
    monkeypatch.setattr(TranslationTask, "metrics", lambda *_: {"perplexity": next(rest)})
    events = []
    run = seqkit.train(
        "tiny.toml", out="run", device="cpu", overrides=SETTINGS, listener=events.append, **how
    )
    return run, [event.best for event in events if isinstance(event, Evaluated)]


def strictly(text):
    """JSON as every other program reads it."""
    return json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_a_number_beats_a_first_figure_that_is_none(here, monkeypatch, strange):
    run, best = train(monkeypatch, [strange, 9.0, strange])
    assert best == [False, True, False]
    assert run.metrics == {"perplexity": 9.0}
    assert checkpoint.resolve(run.folder).name == "step-000004"

    for line in (run.folder / "log.jsonl").read_text(encoding="utf-8").splitlines():
        strictly(line)
    last = checkpoint.resolve(run.folder, prefer="last")
    meta = strictly((last / checkpoint.META).read_text(encoding="utf-8"))
    assert meta["metrics"] == {"perplexity": None}
    assert meta["state"]["best"] == 9.0


def test_a_run_with_no_finite_figure_ends_and_its_last_model_is_used(here, monkeypatch, cli):
    run, best = train(monkeypatch, [math.nan] * 3)
    assert best == [False] * 3
    assert math.isnan(run.metrics["perplexity"])
    assert repr(run) == "Run('run', 6 steps, best: perplexity nan)"
    assert not (here / "run/best").exists()
    assert checkpoint.resolve(run.folder).name == "step-000006"
    assert cli("plot", "run", "-o", "curves.svg").code == 0


def test_a_resumed_run_takes_the_same_for_the_best(here, monkeypatch):
    class Stop(Exception):
        pass

    def stop(event):
        if isinstance(event, Evaluated) and event.step == 4:
            raise Stop

    rest = iter([math.inf, math.inf])
    monkeypatch.setattr(TranslationTask, "metrics", lambda *_: {"perplexity": next(rest)})
    with pytest.raises(Stop):
        seqkit.train("tiny.toml", out="run", device="cpu", overrides=SETTINGS, listener=stop)
    _, best = train(monkeypatch, [math.inf], resume=True)
    assert best == [False]
    state = checkpoint.read_meta(checkpoint.resolve(here / "run"))["state"]
    assert state["evaluations_since_best"] == 3

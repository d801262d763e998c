"""What long work writes to stderr."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from seqkit.cli.progress import SECONDS, DownloadProgress, TrainingProgress, counted, figures
from seqkit.runs.events import Saved, Started
from seqkit.training.events import Evaluated, Updated


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def updated(step):
    return Updated(step=step, epoch=1, loss=2.5, lr=0.1, grad_norm=1.0, targets=100, seconds=0.5)


def test_counted_items_are_reported_every_half_minute_without_a_terminal(capsys, clock):
    for number, chunk in enumerate(counted([[1] * 400] * 6, "lines read", clock=clock)):
        assert len(chunk) == 400
        clock.now += SECONDS / 2 + 0.1
        assert len(capsys.readouterr().err.splitlines()) == (1 if number in (2, 4) else 0)
    assert capsys.readouterr().err == "2,400 lines read\n"


def test_short_work_and_hidden_work_say_nothing(capsys, clock):
    for _ in counted([[1]] * 5, "lines read", clock=clock):
        clock.now += 1
    for _ in counted([[1]] * 5, "lines read", show=False, clock=clock):
        clock.now += 100
    assert capsys.readouterr().err == ""


def test_training_says_how_far_it_is_every_half_minute_without_a_terminal(capsys, clock):
    with TrainingProgress(clock) as progress:
        progress(updated(1))
        assert capsys.readouterr().err == ""
        clock.now += SECONDS
        progress(updated(2))
        assert capsys.readouterr().err == "step      2 · epoch 1 · loss 2.500 · 200 targets/s\n"
        progress(updated(3))
        assert capsys.readouterr().err == ""


def test_an_evaluation_is_a_line_and_the_next_one_is_half_a_minute_later(capsys, clock):
    with TrainingProgress(clock) as progress:
        progress(updated(1))
        clock.now += SECONDS - 1
        progress(Evaluated(step=2, epoch=1, metrics={"bleu": 12.346}, best=True, seconds=1.0))
        progress(Saved(2, Path("run/step-000002")))
        line = "step      2 · epoch 1 · bleu 12.35 · best · 200 targets/s\n"
        assert capsys.readouterr().err == line
        clock.now += SECONDS - 1
        progress(updated(3))
        assert capsys.readouterr().err == ""


def test_the_speed_is_that_since_the_last_evaluation(capsys, clock):
    slow = Updated(step=3, epoch=1, loss=2.5, lr=0.1, grad_norm=1.0, targets=100, seconds=10.0)
    with TrainingProgress(clock) as progress:
        progress(updated(1))
        progress(Evaluated(step=1, epoch=1, metrics={"bleu": 1.5}, best=False, seconds=1.0))
        progress(slow)
        progress(Evaluated(step=3, epoch=1, metrics={"bleu": 1.5}, best=False, seconds=1.0))
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(" · 200 targets/s")
    assert second.endswith(" · 10 targets/s")


def test_a_run_that_is_resumed_says_so(capsys, clock):
    config = SimpleNamespace(model={"name": "lstm"}, train=SimpleNamespace(steps=10))
    started = Started(Path("run"), 5, config, 1234, "cpu", "fp32", ["7 lines"])
    with TrainingProgress(clock) as progress:
        progress(started)
    assert capsys.readouterr().err.splitlines() == [
        "7 lines",
        "lstm, 1,234 parameters, resuming at step 5 on cpu (fp32) into run",
    ]


def test_a_download_says_how_far_it_is_every_half_minute(capsys, clock):
    with DownloadProgress(clock) as progress:
        progress("train.gz", 1000, 5000)
        clock.now += SECONDS
        progress("train.gz", 2000, 5000)
        progress("train.gz", 3000, 5000)
        clock.now += SECONDS
        progress("train.gz", 4000, 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["train.gz: 2,000 of 5,000 bytes", "train.gz: 4,000 bytes"]


def test_on_a_terminal_there_is_a_bar_and_no_plain_lines(capsys, clock, monkeypatch):
    monkeypatch.setattr("seqkit.cli.progress.on_terminal", lambda: True)
    for _ in counted([[1]] * 3, "lines read", clock=clock):
        clock.now += 100
    assert "3 lines read\n" not in capsys.readouterr().err


def test_shares_have_four_places_and_larger_figures_two():
    assert figures({"accuracy": 0.98765, "perplexity": 12.345}) == (
        "accuracy 0.9877 · perplexity 12.35"
    )
    assert figures({"one": 1.0}) == "one 1.0000"

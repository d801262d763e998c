"""What long work writes to stderr."""

import logging
import re
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from letters import write_lines

import seqkit
from seqkit.cli.progress import FileProgress, counted
from seqkit.data.file_lock import file_lock
from seqkit.progress import SECONDS, doing, figures, say, working
from seqkit.runs.events import Saved, Started
from seqkit.runs.progress import TrainingProgress, told
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
    with FileProgress("bytes", clock) as progress:
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


# Signs of life


@pytest.fixture
def quick(monkeypatch):
    """Signs of life every tenth of a second."""
    monkeypatch.setattr("seqkit.progress.SECONDS", 0.1)


def test_work_that_cannot_be_counted_gives_a_sign_of_life(capsys, quick):
    with working("evaluating"):
        time.sleep(0.35)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 3
    assert set(lines) == {"evaluating: 0:00 so far"}


def test_a_sign_of_life_names_what_the_work_is_at(capsys, quick):
    with working("training"), doing("encoding text"):
        time.sleep(0.2)
    assert re.match(r"encoding text: 0:0\d so far\n", capsys.readouterr().err)


def test_one_who_waits_for_another_process_says_so(capsys, quick, tmp_path):
    holder = ExitStack()
    holder.enter_context(file_lock(tmp_path / "lock"))
    timer = threading.Timer(0.3, holder.close)
    timer.start()
    with working("training"), file_lock(tmp_path / "lock"):
        pass
    timer.join()
    says = r"waiting for another process that prepares the same: 0:0\d so far\n"
    assert re.match(says, capsys.readouterr().err)


def test_signs_of_life_wait_while_other_lines_are_written(capsys, quick):
    with working("evaluating"):
        for _ in range(30):
            say("a line")
            time.sleep(0.01)
    assert set(capsys.readouterr().err.splitlines()) == {"a line"}


def test_short_work_gives_none_and_leaves_no_thread(capsys):
    before = threading.active_count()
    with suppress(ZeroDivisionError), working("evaluating"):
        assert threading.active_count() == before + 1
        raise ZeroDivisionError
    assert threading.active_count() == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["ngram", "evaluate", "perplexity", "stats", "train"])
def test_every_long_command_gives_signs_of_life(here, cli, monkeypatch, command):
    """The beat is faster than the command: it must be heard of at least once."""
    monkeypatch.setattr("seqkit.progress.SECONDS", 0.0005)
    text = write_lines(here / "text", ["a b c", "b c d"] * 20_000)
    ngram = ("lm", "ngram", "--order", "2", "-o", "lm.bin", text)
    said = cli(*ngram).err if command in ("ngram", "evaluate", "perplexity") else ""
    if command in ("evaluate", "perplexity"):
        long = write_lines(here / "long", ["a b c", "b c d"] * 300_000)
        lm = ("lm",) if command == "perplexity" else ()
        said = cli(*lm, command, "-m", "lm.bin", long).err
    elif command == "stats":
        said = cli("lm", "stats", text).err
    elif command == "train":
        said = cli("train", "tiny.toml", "--out", "run").err
    assert " so far\n" in said


# Training from Python


def train_here(here, **how):
    return seqkit.train(here / "tiny.toml", out=here / "run", device="cpu", **how)


def test_training_from_python_is_silent_unless_asked(here, capfd):
    train_here(here)
    assert capfd.readouterr() == ("", "")


def test_training_from_python_shows_its_progress_when_asked(here, capfd):
    steps = []
    train_here(here, progress=True, listener=lambda event: steps.append(type(event).__name__))
    out, err = capfd.readouterr()
    assert out == ""
    assert "parameters, training on cpu" in err
    assert re.search(r"step +4 · epoch \d+ · perplexity", err)
    assert {"Started", "Updated", "Evaluated", "Saved"} <= set(steps)


def test_training_is_heard_of_through_logging(here, caplog):
    with caplog.at_level(logging.INFO, logger="seqkit"):
        train_here(here)
    said = caplog.text
    assert "parameters, training on cpu" in said
    assert re.search(r"step +4 · epoch \d+ · perplexity", said)
    assert f"saved {here / 'run' / 'step-000004'}" in said
    assert "loss" not in said

    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="seqkit.training"):
        train_here(here, overwrite=True)
    assert "step 1, epoch 0, loss" in caplog.text


def test_nothing_is_written_where_no_program_listens():
    (handler,) = [
        one for one in logging.getLogger("seqkit").handlers if isinstance(one, logging.NullHandler)
    ]
    assert handler.level == logging.NOTSET


def test_only_the_first_process_speaks(here, capfd, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with told(lambda event: None, show=True) as tell:
        tell(updated(1))
        tell(Evaluated(step=2, epoch=1, metrics={"bleu": 12.3}, best=True, seconds=1.0))
    assert capfd.readouterr().err == ""

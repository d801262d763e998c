"""Learning curves from the log of a run."""

import json

import matplotlib as mpl
import pytest

from seqkit.drawing.curves import Log, draw, read, smoothed
from seqkit.errors import DataError


def event(step, **more):
    return {
        "event": "updated",
        "step": step,
        "loss": 1.0,
        "lr": 0.1,
        "grad_norm": 2.0,
        **more,
    }


def write_log(folder, events, tail=""):
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(e) + "\n" for e in events) + tail)
    return path


def test_a_log_gives_updates_and_evaluations_without_a_torn_last_line(tmp_path):
    evaluated = {"event": "evaluated", "step": 2, "metrics": {"perplexity": 5.0}, "best": True}
    log = read(write_log(tmp_path, [event(1), event(2), evaluated], '{"event": "upd'))
    assert [e["step"] for e in log.updates] == [1, 2]
    assert log.evaluations == [evaluated]


def test_smoothing_keeps_the_mean_and_few_points():
    updates = [event(i, loss=float(i)) for i in range(1, 1001)]
    steps, means = smoothed(updates, "loss")
    assert steps == means
    assert len(steps) == 50
    assert steps[0] == pytest.approx(10.5)
    assert smoothed(updates[:3], "loss") == ([1, 2, 3], [1, 2, 3])


@pytest.mark.parametrize("name", ["curves.png", "curves.svg", "curves.pdf"])
def test_a_run_is_drawn(run, cli, tmp_path, name):
    done = cli("plot", run, "-o", tmp_path / name)
    assert done.lines == [str(tmp_path / name)]
    assert (tmp_path / name).stat().st_size > 3000


def test_the_drawing_holds_every_curve(run, cli, tmp_path):
    with mpl.rc_context({"svg.fonttype": "none"}):  # text as text
        cli("plot", run, "-o", tmp_path / "curves.svg")
    drawn = (tmp_path / "curves.svg").read_text()
    for label in (
        "training loss, nats per target",
        "validation perplexity",
        "learning rate",
        "gradient norm",
        "best, step",
    ):
        assert label in drawn


@pytest.mark.parametrize(
    ("events", "tail", "says"),
    [
        ([], "", "has no updates yet"),
        ([event(1)], "{}\n", ":2: not an event of a training run"),
        ([event(1)], "3\n", ":2:"),
        ([event(1)], "[" * 5000 + "\n", ":2:"),
        ([event(1)], "9" * 5000 + "\n", ":2:"),
        ([event(1, loss="low")], "", ":1:"),
        ([event(1), event("2", event="evaluated")], "", ":2:"),
        ([event(1), event(2, event="evaluated", best=True, metrics=[1])], "", ":2:"),
    ],
)
def test_a_log_that_cannot_be_drawn_is_named(tmp_path, events, tail, says):
    with pytest.raises(DataError, match=says):
        read(write_log(tmp_path, events, tail))


def test_a_path_that_is_not_a_run_or_not_a_picture_is_refused_in_one_line(run, cli, tmp_path):
    assert f"cannot read {tmp_path}/log.jsonl" in cli("plot", tmp_path).complaint()
    assert "cannot draw" in cli("plot", run, "-o", tmp_path / "x.bmp").complaint()


def test_watched_layers_are_drawn(tmp_path, cli):
    layers = {"conv": {"gradient": 0.5}, "relu": {"dead": 0.25}}
    watched = {
        "event": "evaluated",
        "step": 2,
        "metrics": {"accuracy": 0.5},
        "best": True,
        "layers": layers,
    }
    write_log(tmp_path, [event(1), event(2), watched])
    cli("plot", tmp_path, "--layers", "-o", tmp_path / "layers.svg")
    text = (tmp_path / "layers.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("conv", "relu", "gradient norm"))


def test_the_line_of_the_best_checkpoint_is_at_the_last_best_step(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("seqkit.drawing.curves.save", lambda picture, path: drawn.append(picture))
    events = [
        {"step": step, "metrics": {"perplexity": 9.0 - step}, "best": step < 3}
        for step in (1, 2, 3)
    ]
    draw(Log([event(1)], events), tmp_path / "curves.png", title="run")
    lines = drawn[0].axes[1].get_lines()
    assert list(lines[-1].get_xdata()) == [2, 2]
    assert lines[-1].get_label() == "best, step 2"


def test_a_run_without_watched_layers_is_answered_with_the_setting(tmp_path, cli):
    write_log(tmp_path, [event(1)])
    assert (
        cli("plot", tmp_path, "--layers")
        .complaint()
        .endswith("train it with --set train.watch=true")
    )


def test_figures_that_were_no_numbers_leave_a_gap(tmp_path):
    diverged = {"event": "evaluated", "step": 1, "metrics": {"perplexity": None}, "best": True}
    better = {"event": "evaluated", "step": 2, "metrics": {"perplexity": 5.0}, "best": True}
    log = read(write_log(tmp_path, [event(1, loss=None), event(2), diverged, better]))
    draw(log, tmp_path / "curves.svg", title="")
    assert (tmp_path / "curves.svg").stat().st_size

"""Learning curves from the log of a run."""

import json
import re

import matplotlib as mpl
import pytest

from seqkit.drawing import folds
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
        "training loss per target",
        "validation loss per target",
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


def evaluation(step, **metrics):
    return {
        "event": "evaluated",
        "step": step,
        "metrics": metrics,
        "loss": 0.5,
        "best": step == 2,
    }


def drawn_text(path):
    """The words in a picture: as text of an SVG they can be read."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())


def test_a_figure_and_its_twin_on_the_training_data_share_one_axis(tmp_path):
    evaluations = [
        evaluation(step, rmse=2.0 / step, train_rmse=1.0 / step, price=10**6) for step in (1, 2)
    ]
    path = write_log(tmp_path, [event(1), event(2), *evaluations])
    with mpl.rc_context({"svg.fonttype": "none"}):
        draw(read(path), tmp_path / "curves.svg", title="twins")
    words = drawn_text(tmp_path / "curves.svg")
    assert {"validation rmse", "training rmse"} <= set(words)
    assert "validation train_rmse" not in words
    assert "validation price" not in words  # it would flatten the two


def test_the_folder_of_a_cross_validation_is_drawn_as_a_whole(cli, tmp_path):
    for fold in range(3):
        folder = tmp_path / f"fold-{fold}"
        folder.mkdir()
        steps = (1, 2, 3 + fold)
        evaluations = [evaluation(step, rmse=fold + step, train_rmse=fold) for step in steps]
        write_log(folder, [event(1), *evaluations])
    with mpl.rc_context({"svg.fonttype": "none"}):
        cli("plot", tmp_path, "-o", tmp_path / "folds.svg")
    words = drawn_text(tmp_path / "folds.svg")
    assert {"validation rmse", "training rmse", f"{tmp_path.name}: 3 folds"} <= set(words)


def test_the_mean_and_the_band_over_folds_are_those_of_the_common_steps(tmp_path, monkeypatch):
    drawn = {}

    class Axes:
        def plot(self, steps, means, *_, **how):
            drawn["line"] = (steps, means)
            return (self,)

        def fill_between(self, steps, low, high, **how):
            drawn["band"] = (low, high)

        def get_color(self):
            return "C0"

        def set_xlabel(self, text):
            pass

        def legend(self):
            pass

    monkeypatch.setattr(folds, "figures", lambda *_, **__: (None, [Axes()]))
    monkeypatch.setattr(folds, "save", lambda *_: None)
    logs = [
        Log([], [evaluation(1, rmse=1.0), evaluation(2, rmse=5.0)]),
        Log([], [evaluation(1, rmse=3.0), evaluation(3, rmse=6.0)]),
    ]
    folds.draw_folds(logs, tmp_path / "folds.png", title="two")
    assert drawn["line"] == ([1], [2.0])
    assert drawn["band"] == ([2.0 - 2**0.5], [2.0 + 2**0.5])


def test_folds_without_an_evaluation_in_common_are_refused(tmp_path):
    logs = [Log([], [evaluation(1, rmse=1.0)]), Log([], [evaluation(2, rmse=1.0)])]
    with pytest.raises(DataError, match="no evaluation in common"):
        folds.draw_folds(logs, tmp_path / "folds.png", title="none")

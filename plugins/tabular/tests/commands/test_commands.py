"""`seqkit tabular …`: from a CSV to a model, its figures, its predictions, a submission."""

import csv
import json

import pytest
from small_tables import houses, write_csv

import seqkit
from seqkit.data.files import read_lines

QUICK = [
    word
    for setting in ("train.steps=4", "train.eval_every=2", "data.batch=16")
    for word in ("--set", setting)
]


@pytest.fixture
def train_here(cli, tmp_path, monkeypatch):
    """`train_here("--data", …)` trains for a moment, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: cli("tabular", "train", *QUICK, "--device", "cpu", *args)


def test_the_target_is_the_last_column_and_the_task_what_it_looks_like(train_here, tables):
    done = train_here("--data", tables / "houses.csv", "--out", "run")
    assert done.lines[0].startswith("run: 4 steps, best rmse ")
    assert "regression: 'price' holds 120 different numbers" in done.err
    done = train_here("--data", tables / "flowers.csv", "--model", "softmax-regression")
    assert done.lines[0].startswith("runs/tabular-flowers-softmax-regression: 4 steps, best loss ")
    assert "classification: 'kind' holds text (--task regression for the other)" in done.err


def test_another_target_columns_to_leave_out_and_a_logarithm(train_here, tables):
    args = ("--data", tables / "houses.csv", "--target", "area", "--log", "--ignore", "pool")
    done = train_here(*args, "--out", "run")
    assert "predicts the logarithm of 'area'" in done.err
    predictor = seqkit.load("run")
    assert predictor.reader.columns == ["price", "quarter"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--data", "HOUSES", "--target", "Price"], "no column 'Price', the target. Did you mean"),
        (["--data", "none.csv"], "cannot read none.csv: No such file or directory"),
        ([], "give a table with --data, or a recipe: `seqkit config` lists them"),
        (
            ["house-prices/mlp", "--task", "classification"],
            "is a recipe for regression: leave --ta",
        ),
        (["--data", "FLOWERS", "--task", "regression"], "kind is 'iris', and a target of regressi"),
        (["--data", "FLOWERS", "--model", "linear-regression"], "or --task regression"),
        (["--data", "FLOWERS", "--model", "logistic-regression"], "and the target has 3: softmax-"),
        (["--data", "HOUSES", "--model", "lstm"], "'lstm' is not a model for this task"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_line(train_here, tables, args, says):
    places = {"HOUSES": tables / "houses.csv", "FLOWERS": tables / "flowers.csv"}
    done = train_here(*[places.get(arg, arg) for arg in args], "--out", "run")
    assert done.code == 1
    last = done.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert says in last


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_second_model_is_refused(cli, command):
    told = cli("tabular", command, "-m", "runs/a", "-m", "runs/b", "x.csv").complaint()
    assert told == "one model is asked here: choose one of runs/a, runs/b"


def test_evaluate_shows_errors_beside_baselines_and_draws_residuals(
    cli, number_run, tables, tmp_path
):
    more, picture = tables / "more.csv", tmp_path / "residuals.png"
    done = cli(
        "tabular", "evaluate", "-m", number_run, more, "--residuals", picture, "--importance"
    )
    lines = done.lines
    assert lines[0].split() == ["rmse", "mae", "mape", "smape", "log_rmse", "r2", "mse"]
    assert [line.split()[0] for line in lines[1:4]] == ["model", "mean", "ridge"]
    assert lines[5].startswith("40 rows  data:more.csv|rows:40|content:")
    assert {line.split()[-1] for line in lines[-3:]} == {"area", "quarter", "pool"}
    assert picture.stat().st_size > 3000


def test_the_general_commands_serve_models_of_tables(cli, number_run, tables):
    own = cli("tabular", "evaluate", "-m", number_run, tables / "more.csv", "--json").out
    assert cli("evaluate", "-m", number_run, tables / "more.csv", "--json").out == own
    record = json.loads(own)
    assert record["rows"] == 40
    assert record["baselines"].keys() == {"mean", "ridge"}
    own = cli("tabular", "predict", "-m", number_run, tables / "more.csv").out
    assert cli("predict", "-m", number_run, tables / "more.csv").out == own


def test_evaluate_shows_classes_and_draws_their_confusion(cli, class_run, tables, tmp_path):
    picture = tmp_path / "confusion.png"
    args = ("-m", class_run, tables / "flowers.csv", "--confusion", picture, "--weights")
    done = cli("tabular", "evaluate", *args)
    assert "model" in done.out
    assert "majority" in done.out
    assert "(intercept)" in done.out
    assert "81 of 90 rows (90.0%) are training rows of the model" in done.err
    assert picture.stat().st_size > 3000


@pytest.mark.parametrize(("run", "option"), [("number", "--confusion"), ("class", "--residuals")])
def test_a_picture_that_a_task_does_not_have_is_refused(
    cli, number_run, class_run, tables, run, option
):
    folder = number_run if run == "number" else class_run
    done = cli("tabular", "evaluate", "-m", folder, tables / "more.csv", option, "x.png")
    assert "; this model predicts " in done.complaint(code=2)


def test_predict_writes_a_line_for_each_row(cli, number_run, class_run, tables):
    numbers = cli("tabular", "predict", "-m", number_run, tables / "more.csv").lines
    assert len([float(line) for line in numbers]) == 40
    lines = cli("tabular", "predict", "-m", class_run, tables / "flowers.csv").lines
    name, probability = lines[0].split("\t")
    assert name in ("rose", "lily", "iris")
    assert 1 / 3 < float(probability) <= 1
    lines = cli("tabular", "predict", "-m", class_run, tables / "flowers.csv", "--json").lines
    assert json.loads(lines[0])["probabilities"].keys() == {"rose", "lily", "iris"}


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_model_of_another_domain_is_named(cli, tables, tmp_path, command):
    out = tmp_path / "topics"
    assert cli("train", "demo/topics", "--out", out, "--set", "train.steps=1").code == 0
    complaint = cli("tabular", command, "-m", out, tables / "houses.csv").complaint()
    assert complaint == (
        f"{out} is a model for 'text-classification': this command needs one for tables, "
        "regression or classification"
    )


def test_a_model_of_the_other_task_says_how_to_have_it(train_here, tables):
    complaint = train_here("--data", tables / "houses.csv", "--model", "softmax-regression").err
    assert "softmax-regression is a model for classification, and this is regression: take " in (
        complaint
    )
    assert "linear-regression, mlp, or --task classification" in complaint


def test_a_submission_has_the_ids_and_the_target(cli, number_run, tables, tmp_path):
    path = tmp_path / "submission.csv"
    done = cli("tabular", "predict", "-m", number_run, tables / "more.csv", "--submission", path)
    assert done.out == ""
    header, *rows = csv.reader(read_lines(path))
    assert header == ["Id", "price"]
    assert [row[0] for row in rows] == [str(i) for i in range(1, 41)]
    predicted = cli("tabular", "predict", "-m", number_run, tables / "more.csv").lines
    assert [float(row[1]) for row in rows] == pytest.approx([float(line) for line in predicted])


def test_a_submission_without_a_column_of_ids_asks_for_one(cli, number_run, tables, tmp_path):
    columns = {name: values for name, values in houses(5).items() if name != "Id"}
    path = write_csv(tmp_path / "rows.csv", columns)
    args = ("-m", number_run, path, "--submission", tmp_path / "s.csv")
    assert "no column that numbers the rows" in cli("tabular", "predict", *args).complaint()
    assert cli("tabular", "predict", *args, "--id", "quarter").code == 0
    assert next(read_lines(tmp_path / "s.csv")) == "quarter,price"


def test_predictions_are_not_written_over_the_table(cli, number_run, tables):
    more = tables / "more.csv"
    done = cli("tabular", "predict", "-m", number_run, more, "-o", more)
    assert "is an input file" in done.complaint(code=2)


def test_a_table_with_an_absent_column_is_named(cli, number_run, tables):
    done = cli("tabular", "predict", "-m", number_run, tables / "flowers.csv")
    assert "flowers.csv has no column 'area', which the model reads" in done.complaint()


def test_a_category_that_training_did_not_know_is_said(cli, number_run, tmp_path):
    columns = houses(5)
    columns["quarter"][2] = "moon"
    path = write_csv(tmp_path / "rows.csv", columns)
    done = cli("tabular", "predict", "-m", number_run, path)
    assert len(done.lines) == 5
    assert "note: quarter is 'moon' in a row, which training did not know" in done.err


def test_a_table_comes_from_stdin(cli, number_run, tables):
    text = (tables / "more.csv").read_text()
    done = cli("tabular", "predict", "-m", number_run, "-", input=text)
    assert done.out == cli("tabular", "predict", "-m", number_run, tables / "more.csv").out


def test_folds_have_training_and_validation_errors_with_mean_and_deviation(
    cli, tables, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    args = ["--data", tables / "houses.csv", "--log", "--out", "cv", "--folds", "3", *QUICK]
    done = cli("tabular", "folds", *args, "--device", "cpu")
    shown = {line.split()[0]: line.split()[1:] for line in done.lines[-6:]}
    names = {"log_rmse", "train_log_rmse", "rmse", "mae", "mean_log_rmse", "ridge_log_rmse"}
    assert shown.keys() == names

    of_folds = [line for line in done.lines if line.startswith("cv/fold-") and "training" in line]
    values = [float(line.split()[2]) for line in of_folds]
    assert len(values) == 3
    assert float(shown["log_rmse"][0]) == pytest.approx(sum(values) / 3, abs=1e-4)
    assert all(line.endswith("on 40 rows") for line in of_folds)

    assert cli("plot", "cv").lines == ["cv/curves.png"]
    record = json.loads(cli("tabular", "folds", *args, "--resume", "--json").out)
    assert record["mean"]["log_rmse"] == pytest.approx(sum(values) / 3, abs=1e-4)
    assert len(record["folds"]) == 3
    again = cli("tabular", "folds", *args, "--device", "cpu", "--resume")
    assert again.lines[-6:] == done.lines[-6:]


def test_a_fold_is_scored_by_its_last_checkpoint(cli, tables, tmp_path, monkeypatch):
    """The best one would have been chosen on the rows that are scored."""
    monkeypatch.chdir(tmp_path)
    fast = ["--set", "optim.lr=0.3", "--set", "optim.decay=none", "--set", "train.eval_every=1"]
    args = ["--data", tables / "houses.csv", "--out", "cv", "--folds", "2", *QUICK, *fast]
    done = cli("tabular", "folds", *args, "--device", "cpu")
    for fold in range(2):
        events = [json.loads(line) for line in read_lines(f"cv/fold-{fold}/log.jsonl")]
        last = [event for event in events if event["event"] == "evaluated"][-1]
        line = next(line for line in done.lines if line.startswith(f"cv/fold-{fold}: rmse"))
        assert float(line.split()[2]) == pytest.approx(last["metrics"]["rmse"], abs=1e-4)


@pytest.mark.parametrize(("kind", "columns"), [("linear", 3), ("xor", 3), ("polynomial", 21)])
def test_a_demo_is_a_table_with_a_rule(cli, kind, columns):
    done = cli("tabular", "demo", kind, "--rows", "10", "--seed", "3")
    rows = list(csv.reader(done.lines))
    assert {len(row) for row in rows} == {columns}
    assert len(rows) == 11
    assert "what is true of it: " in done.err
    assert cli("tabular", "demo", kind, "--rows", "10", "--seed", "3").out == done.out
    assert cli("tabular", "demo", kind, "--rows", "10", "--seed", "4").out != done.out


def test_a_demo_without_noise_follows_its_rule_exactly(cli):
    header, *rows = csv.reader(cli("tabular", "demo", "polynomial", "--noise", "0").lines)
    row = dict(zip(header, map(float, rows[5]), strict=True))
    x = row["x1"]
    assert row["x3"] == pytest.approx(x**3 / 6, rel=1e-5)
    expected = 5 + 1.2 * x - 3.4 * x**2 / 2 + 5.6 * x**3 / 6
    assert row["y"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("form", ["torch", "scratch"])
def test_linear_regression_finds_the_true_weights(cli, tmp_path, form):
    table = tmp_path / "linear.csv"
    cli("tabular", "demo", "linear", "-o", table)
    settings = (f"model.implementation={form}", "train.steps=300", "optim.lr=0.03", "data.batch=32",
                "optim.weight_decay=0", "train.eval_every=300")  # fmt: skip
    given = [word for setting in settings for word in ("--set", setting)]
    run = tmp_path / "run"
    args = ("--data", table, "--model", "linear-regression", "--out", run, *given)
    assert cli("tabular", "train", *args, "--device", "cpu").code == 0

    done = cli("tabular", "evaluate", "-m", run, table, "--weights", "--json")
    weights = json.loads(done.out)["weights"]
    for name, truth in {"x1": 2, "x2": -3.4, "(intercept)": 4.2}.items():
        assert weights[name][0] == pytest.approx(truth, abs=0.01)


def test_no_line_parts_xor_and_a_perceptron_does(cli, tmp_path):
    table = tmp_path / "xor.csv"
    cli("tabular", "demo", "xor", "-o", table, "--rows", "400")
    accuracy = {}
    for model in ("logistic-regression", "mlp"):
        settings = ("train.steps=150", "optim.lr=0.02", "train.eval_every=150")
        given = [word for setting in settings for word in ("--set", setting)]
        args = ("--data", table, "--model", model, "--out", tmp_path / model, *given)
        cli("tabular", "train", *args, "--device", "cpu")
        done = cli("tabular", "evaluate", "-m", tmp_path / model, table, "--json")
        accuracy[model] = json.loads(done.out)["accuracy"]
    assert accuracy["logistic-regression"] < 0.7
    assert accuracy["mlp"] > 0.95

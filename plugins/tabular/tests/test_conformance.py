"""The plugin passes the conformance tests of `seqkit.testing`."""

import pytest
import seqkit_tabular
from elsewhere import check_elsewhere
from seqkit_tabular.service import SERVICE
from small_tables import flowers, houses, write_csv

import seqkit
from seqkit.testing import check_model, check_plugin, check_predictor, check_service, check_task

NUMBERS = ("linear-regression", "mlp")
CLASSES = ("logistic-regression", "softmax-regression", "mlp")


def rows(columns, count=4):
    return [{name: values[row] for name, values in columns.items()} for row in range(count)]


@pytest.mark.parametrize("form", ["torch", "scratch"])
@pytest.mark.parametrize("name", NUMBERS)
def test_every_model_of_numbers_conforms(name, form, make_task):
    sizes = {"implementation": form} | ({"dropout": 0.0, "hidden": [8]} if name == "mlp" else {})
    check_model(name, make_task("regression", batch=8), sizes=sizes)


@pytest.mark.parametrize("form", ["torch", "scratch"])
@pytest.mark.parametrize("name", CLASSES)
def test_every_model_of_classes_conforms(name, form, make_task, tmp_path):
    columns = flowers()
    if name == "logistic-regression":
        columns["kind"] = [kind if kind == "rose" else "other" for kind in columns["kind"]]
    task = make_task("classification", file=write_csv(tmp_path / "t.csv", columns), batch=8)
    sizes = {"implementation": form} | ({"dropout": 0.0, "hidden": [8]} if name == "mlp" else {})
    check_model(name, task, sizes=sizes)


@pytest.mark.parametrize("form", ["torch", "scratch"])
@pytest.mark.parametrize("name", ["linear-regression", "softmax-regression", "mlp"])
def test_every_model_gives_on_another_device_what_it_gives_on_the_cpu(name, form, tables, tmp_path):
    task, columns = "regression", houses()
    if name == "softmax-regression":
        task, columns = "classification", flowers()
    file = tables / ("houses.csv" if task == "regression" else "flowers.csv")
    sizes = {"dropout": 0.0, "hidden": [8]} if name == "mlp" else {}
    settings = {
        "data.train": str(file),
        "data.batch": 16,
        "model": {"name": name, "implementation": form, **sizes},
        "optim.lr": 1e-5,  # AdamW turns rounding errors into steps of this size
        "train.precision": "fp32",
        "train.steps": 2,
    }

    def use(predictor):
        report = predictor.evaluate(predictor.read_test_data([file]))
        return [report.record(), *(one.record() for one in predictor.predict(rows(columns)))]

    check_elsewhere(f"tabular/{task}", tmp_path, settings, use)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_tasks_and_their_predictors_conform(task, tables):
    name = "houses" if task == "regression" else "flowers"
    short = {
        "data.train": str(tables / f"{name}.csv"),
        "data.batch": 16,
        "train.steps": 4,
        "train.eval_every": 2,
        "model.hidden": [8],
    }
    inputs = rows(houses() if task == "regression" else flowers())
    test_files = [tables / f"{name}.csv"]
    check_task(f"tabular/{task}", short, inputs=inputs, test_files=test_files)


def test_trained_predictors_conform(number_run, class_run, tables):
    check_predictor(seqkit.load(number_run), rows(houses()), test_files=[tables / "more.csv"])
    check_predictor(seqkit.load(class_run), rows(flowers()), test_files=[tables / "flowers.csv"])


def test_the_service_conforms(number_run, class_run):
    for run, columns in ((number_run, houses()), (class_run, flowers())):
        check_service(
            SERVICE,
            seqkit.load(run, device="cpu"),
            {"predict": {"inputs": rows(columns)}},
            refused=[("predict", {"inputs": ["a"]}), ("predict", {"inputs": {}})],
        )


def test_the_plugin_conforms():
    check_plugin(seqkit_tabular.register)

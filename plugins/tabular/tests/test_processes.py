"""Two processes train on a table as one does, and are refused alike."""

import pytest
from small_tables import houses, write_csv
from updates import furthest, refused_together, trained_together

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("model", ["linear-regression", "mlp"])
def test_two_processes_train_as_one(tmp_path, model):
    table = write_csv(tmp_path / "houses.csv", houses())
    settings = {
        "data.train": str(table),
        "data.batch": 8,
        "model.name": model,
        "train.steps": 12,
        "train.eval_every": 4,
    }
    if model == "mlp":
        settings |= {"model.hidden": [8], "model.dropout": 0.0}
    one, two = (
        trained_together("tabular/regression", settings, tmp_path / str(world), world)
        for world in (1, 2)
    )
    assert furthest(one, two) <= 1e-10


def test_a_table_that_is_refused_is_one_line_in_each_process(tmp_path):
    table = write_csv(tmp_path / "houses.csv", houses())
    settings = {"data.train": str(table), "data.target": "nothing", "train.steps": 4}
    said = refused_together("tabular/regression", settings, tmp_path / "two")
    assert len(said) == 2
    assert all(line.startswith("error: ") and "nothing" in line for line in said)

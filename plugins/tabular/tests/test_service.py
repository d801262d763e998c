"""What is answered over HTTP is what the model says in Python."""

import csv

from starlette.testclient import TestClient

import seqkit
from seqkit.serving.app import make_app
from seqkit.serving.catalogue import Catalogue


def test_predictions_are_those_of_the_models(number_run, class_run, tables):
    models = {"prices": str(number_run), "flowers": str(class_run)}
    opened = {path: seqkit.load(path, device="cpu") for path in models.values()}
    app = make_app(Catalogue(models, opened.__getitem__))
    with TestClient(app, base_url="http://localhost") as client:
        for name, table in (("prices", "houses.csv"), ("flowers", "flowers.csv")):
            with (tables / table).open() as file:
                rows = list(csv.DictReader(file))[:5]
            expected = [found.record() for found in opened[models[name]].predict(rows)]
            response = client.post("/v1/predict", json={"model": name, "inputs": rows})
            assert response.json() == {"predictions": expected}

        prices, flowers = client.get("/v1/models").json()["models"]
        assert (prices["reads"], prices["target"]) == ("rows", "price")
        columns = {column["name"]: column for column in prices["columns"]}
        assert set(columns) == set(opened[models["prices"]].reader.columns)
        assert sorted(columns["quarter"]["values"]) == ["north", "south", "west"]
        assert 40 < columns["area"]["mean"] < 200
        assert flowers["labels"] == ["iris", "lily", "rose"]

        response = client.post("/v1/predict", json={"model": "prices", "inputs": [{"no": 1}]})
        assert response.status_code == 400


def test_a_row_that_cannot_be_read_is_named_by_its_place_in_the_request(number_run):
    opened = seqkit.load(number_run, device="cpu")
    app = make_app(Catalogue({"prices": str(number_run)}, lambda path: opened))
    with TestClient(app, base_url="http://localhost") as client:
        for place in (3, 70, 1801):  # 64 rows are computed at once, 1,500 are a batch
            rows = [{"area": 1, "quarter": "north", "pool": 1} for _ in range(1900)]
            rows[place - 1]["area"] = "big"
            response = client.post("/v1/predict", json={"model": "prices", "inputs": rows})
            assert f"row {place}: area is 'big'" in response.json()["error"]["message"]

            del rows[place - 1]["area"]
            response = client.post("/v1/predict", json={"model": "prices", "inputs": rows})
            assert f"row {place} has no 'area'" in response.json()["error"]["message"]

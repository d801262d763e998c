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

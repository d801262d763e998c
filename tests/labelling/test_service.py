"""What is answered over HTTP is what the classifier says in Python."""

import pytest
from small_classifiers import some_texts
from small_services import asking

from seqkit.labelling.service import CLASSIFICATION
from seqkit.testing import check_service


@pytest.fixture(scope="module")
def client(classifier):
    with asking(classifier, CLASSIFICATION, "text-classification") as client:
        yield client


def test_labels_are_those_of_the_classifier(client, classifier):
    texts = [text for _, text in some_texts(6, seed=9)]
    expected = [found.record() for found in classifier.predict(texts, top=1)]
    found = client.post("/v1/predict", json={"inputs": texts, "top": 1}).json()["predictions"]
    for one, other in zip(found, expected, strict=True):
        assert one["labels"] == other["labels"]
        assert one["classes"] == pytest.approx(other["classes"], abs=1e-5)


def test_what_the_classifier_cannot_do_is_refused_in_its_own_words(client):
    response = client.post("/v1/predict", json={"inputs": ["a"], "threshold": 0.5})
    assert response.status_code == 400
    assert "threshold is for models that give a text several labels" in response.text
    assert client.post("/v1/predict", json={"inputs": ["a"], "top": 99}).status_code == 400


def test_a_model_says_its_labels(client, classifier):
    (record,) = client.get("/v1/models").json()["models"]
    assert record["labels"] == list(classifier.classes)


def test_the_service_conforms(classifier):
    texts = [text for _, text in some_texts(3, seed=5)]
    check_service(
        CLASSIFICATION,
        classifier,
        {"predict": {"inputs": texts}},
        refused=[("predict", {"inputs": texts, "top": 99}), ("predict", {"inputs": "a"})],
    )

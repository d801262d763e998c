"""What is answered over HTTP is what the classifier says in Python."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from seqkit.serving.app import make_app
from seqkit.serving.catalogue import Catalogue


@pytest.fixture(scope="module")
def client(run, classifier):
    catalogue = Catalogue({"bars": str(run)}, lambda path: classifier)
    with TestClient(make_app(catalogue), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def image(photos):
    return sorted((photos / "test").rglob("*.png"))[0]


def post(client, operation, image, **fields):
    files = {"file": (image.name, image.read_bytes())}
    return client.post(f"/v1/{operation}", files=files, data=fields)


def test_classes_are_those_of_the_classifier(client, classifier, image):
    (expected,) = classifier.predict([image], top=len(classifier.classes))
    (found,) = post(client, "predict", image).json()["predictions"]
    assert found["image"] == image.name
    assert list(found["classes"]) == expected.classes
    assert list(found["classes"].values()) == pytest.approx(expected.probabilities, abs=1e-5)
    assert len(post(client, "predict", image, top=1).json()["predictions"][0]["classes"]) == 1


def test_the_picture_is_red_where_the_network_looked(client, classifier, image):
    from seqkit_vision.explain import grad_cam

    pixels = classifier.read(image)
    heats = {
        label: grad_cam(classifier.model, pixels, torch.tensor([number]))[0]
        for number, label in enumerate(classifier.classes)
    }
    label, heat = max(heats.items(), key=lambda pair: float(pair[1].sum()))
    assert heat.max() == 1

    found = post(client, "explain-image", image, **{"class": label}).json()
    picture = Image.open(io.BytesIO(base64.b64decode(found["image"])))
    side = len(heat)
    small = np.asarray(picture.resize((side, side), Image.Resampling.NEAREST), float)
    excess = small[..., 0] - small[..., 2]  # of red, over blue: none in a grey picture
    assert found["class"] == label
    assert excess == pytest.approx(0.6 * 255 * heat.numpy(), abs=1.5)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_named_as_the_client_names_it(client, content):
    files = {"file": ("../../etc/holiday.png", content)}
    response = client.post("/v1/predict", files=files)
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert "holiday.png" in message
    assert "tmp" not in message


def test_an_explanation_is_of_one_picture_and_a_known_class(client, image):
    assert "knows no class" in post(client, "explain-image", image, **{"class": "x"}).text
    files = [("file", (image.name, image.read_bytes()))] * 2
    response = client.post("/v1/explain-image", files=files)
    assert "one image is explained at a time" in response.text
    assert client.post("/v1/predict", json={}).json()["error"]["code"] == "no_file"

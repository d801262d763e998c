"""What is answered over HTTP is what the tagger says in Python."""

import pytest
from small_services import asking

from seqkit.labelling.service import TAGGING


def test_tags_are_those_of_the_tagger(chunker):
    lines = ["the old dog sees a cat", "a"]
    expected = [found.record() for found in chunker.predict(lines, probabilities=True)]
    with asking(chunker, TAGGING, "tagging") as client:
        asked = {"inputs": lines, "probabilities": True}
        found = client.post("/v1/predict", json=asked).json()["predictions"]
        assert client.post("/v1/predict", json={**asked, "split": "x"}).status_code == 422
    for one, other in zip(found, expected, strict=True):
        assert one["tags"] == other["tags"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)

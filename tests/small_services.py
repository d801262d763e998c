"""Services without networks: a model that answers each text with its capitals, when it may."""

from __future__ import annotations

import threading

from pydantic import Field
from starlette.testclient import TestClient

from seqkit.services import Asked, Operation, Pieces, Service, Work
from seqkit.serving.app import make_app
from seqkit.serving.catalogue import Catalogue
from seqkit.serving.settings import Settings


class Capitals:
    """Says texts in capitals, once its gate is open; remembers which texts it has computed."""

    reads = "lines"

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.begun = []  # batches of texts that wait for the gate, or have passed it
        self.computed = []  # those that have

    def compute(self, texts):
        self.begun.append(list(texts))
        self.gate.wait()
        self.computed.append(list(texts))
        if any("break" in text for text in texts):
            raise RuntimeError(f"cannot say {texts}")
        return [text.upper() for text in texts]

    def letters(self, text):
        for letter in text:
            self.gate.wait()
            self.computed.append([letter])
            yield {"delta": letter.upper()}


class Predict(Asked):
    inputs: list[str]
    times: int = Field(1, ge=1)  # how often the answer says it
    stream: bool = False


class Generate(Asked):
    text: str
    stream: bool = False


def _predict(model, asked, uploads):
    return Work(
        kind="predict",
        items=asked.inputs,
        costs=[len(text) for text in asked.inputs],
        compute=model.compute,
        answer=lambda results: {"predictions": [result * asked.times for result in results]},
        events=lambda before, results: [{"text": result} for result in results[before:]],
    )


def _generate(model, asked, uploads):
    pieces = model.letters(asked.text)
    return Pieces(pieces, lambda found: {"text": "".join(piece["delta"] for piece in found)})


SERVICE = Service(
    operations=[
        Operation("predict", "Capitals.", Predict, _predict),
        Operation("generate", "Capitals, letter by letter.", Generate, _generate),
    ]
)


def catalogue_of(models, services=None, **options):
    """Of models by name; each offers `SERVICE`, unless `services` has another one by its name."""
    others = services or {}
    return Catalogue(
        {name: name for name in models},
        lambda name: models[name],
        service_of=lambda name: ("toy", others.get(name, SERVICE)),
        **options,
    )


def app_of(models, services=None, **settings):
    """The application for these models, with settings."""
    return make_app(catalogue_of(models, services), Settings(**settings))


def asking(predictor, service, task="toy"):
    """A client of a service that has this predictor for its only model, called "m"."""
    catalogue = Catalogue(
        {"m": "m"}, lambda name: predictor, service_of=lambda name: (task, service)
    )
    return TestClient(make_app(catalogue), base_url="http://localhost")

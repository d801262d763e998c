"""A service that answers as it is told, so that the page can be tested with every fault."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
import threading
import time
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from PIL import Image

from seqkit.parsing import to_json
from seqkit.serving.routes import page

TRANSLATIONS = {
    "Good morning.": "Guten Morgen.",
    "markup": "<img src=x onerror=window.hacked=1> <b>fett</b>",
    "peace": "שלום עולם",
    "verse": "eins\u2028zwei drei",  # a line separator, which JSON need not escape
}
MODELS = [
    {
        "name": "en-de",
        "task": "translation",
        "operations": ["translate", "explain", "alternatives", "documents"],
        "source": "en",
        "targets": ["de"],
        "default": True,
    },
    {
        "name": "de-en",
        "task": "translation",
        "operations": ["translate"],
        "source": "de",
        "targets": ["en"],
    },
    {"name": "stories", "task": "language", "operations": ["surprisal", "complete", "generate"]},
    {"name": "topics", "task": "classification", "operations": ["predict"], "reads": "texts"},
    {"name": "names", "task": "tagging", "operations": ["predict"], "reads": "sentences"},
    {
        "name": "clothes",
        "task": "vision",
        "operations": ["predict", "explain-image"],
        "reads": "images",
    },
    {
        "name": "houses",
        "task": "regression",
        "operations": ["predict"],
        "reads": "rows",
        "target": "price",
        "columns": [
            {"name": "area", "mean": 118.25},
            {"name": "quarter", "values": ["north", "<b>south</b>", "west"]},
        ],
    },
    {
        "name": "flowers",
        "task": "tabular-classification",
        "operations": ["predict"],
        "reads": "rows",
        "target": "kind",
        "columns": [{"name": "petal", "mean": 1.5}, {"name": "sepal", "mean": 0.25}],
    },
]


class Stage:
    """A service of which each test says anew what it answers."""

    def __init__(self):
        self.fake = Fake()

    def play(self):
        self.fake = Fake()
        return self.fake

    def app(self):
        app = FastAPI()
        app.include_router(page.router(None))
        app.add_api_route("/health", lambda: {"status": "ok"})
        app.add_api_route("/{path:path}", self._answer, methods=["GET", "POST", "DELETE"])
        return app

    async def _answer(self, path: str, request: Request):
        return await self.fake.answer(path, request)


class Fake:
    """What the service answers, and what it was asked."""

    def __init__(self):
        self.models = MODELS
        self.asked = []  # (path, body)
        self.answers = {}  # path: what is answered in place of the usual
        self.refusals = {}  # path: answers (status, message, headers) that are given first
        self.token = None
        self.held_after = None  # words, after which the streams that begin now stop and wait
        self.cancelled = 0  # streams whose client left
        self.held = set()  # paths that get no answer yet
        self.documents = {}

    async def answer(self, path: str, request: Request):
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return refusal(401, "a token is needed")

        body = await body_of(request)
        self.asked.append((path, body))
        while path in self.held:
            await asyncio.sleep(0.01)
        if self.refusals.get(path):
            return refusal(*self.refusals[path].pop(0))
        if path in self.answers:
            return self.answers[path]

        if path.startswith("v1/documents"):
            return self._document(path, request.method, body)
        return getattr(self, "_" + path.removeprefix("v1/").replace("-", "_"))(body)

    def bodies(self, path):
        return [body for asked, body in self.asked if asked == path]

    def _models(self, body):
        return {"models": self.models}

    def _translate(self, body):
        text = body["text"]
        translation = TRANSLATIONS.get(text, " ".join(word + "o" for word in text.split()))
        if prefix := body.get("prefix"):
            translation = f"{prefix} und so weiter."
        for term, wanted in body.get("glossary", []):
            translation = translation.replace(term + "o", wanted)
        if not body.get("stream"):
            return {"translations": [{"source": text, "translation": translation}]}
        return self._events(translation)

    def _events(self, text):
        held_after = self.held_after

        async def events():
            try:
                words = text.split(" ")
                for i in range(len(words)):
                    while i == held_after and self.held_after is not None:
                        await asyncio.sleep(0.01)
                    yield event({"index": 0, "done": False, "text": " ".join(words[: i + 1])})
                yield "event: end\ndata: {}\n\n"
            except asyncio.CancelledError:
                self.cancelled += 1
                raise

        return StreamingResponse(events(), media_type="text/event-stream")

    def _explain(self, body):
        source = body["text"].split()
        target = body["translation"].split()
        rows = [
            [0.8 if i == j else 0.2 / len(source) for j in range(len(source))]
            for i in range(len(target))
        ]
        return {
            "source": source,
            "target": target,
            "attention": rows,
            "probabilities": [0.9 if i else 0.3 for i in range(len(target))],
        }

    def _alternatives(self, body):
        if word := body.get("word"):
            text = f"{body['prefix']}{word} und so weiter."
            return {"alternatives": [{"word": word, "translation": text, "probability": None}]}
        others = [("Schönen", 0.2), ("Einen", 0.1), ("<i>Frohen</i>", 0.001)]
        return {
            "alternatives": [
                {
                    "word": word,
                    "translation": f"{body['prefix']}{word} Vormittag.",
                    "probability": share,
                }
                for word, share in others
            ]
        }

    def _surprisal(self, body):
        tokens = [{"text": word, "bits": 3.0 * i} for i, word in enumerate(body["text"].split())]
        report = {"perplexity": 12.5, "tokens": len(tokens)}
        return {"tokens": tokens, "spaced": True, "report": report}

    def _complete(self, body):
        return {
            "next": [
                {"word": "time", "probability": 0.61},
                {"word": "day", "probability": 0.04},
                {"word": "<u>x</u>", "probability": 0.002},
            ]
        }

    def _generate(self, body):
        return self._events("there was a queen who read the stars")

    def _predict(self, body):
        if body["model"] == "topics":
            classes = {"travel": 0.08, "weather": 0.9, "<b>food</b>": 0.02}
            return {"predictions": [{"text": "", "labels": ["weather"], "classes": classes}]}
        if body["model"] == "houses":
            return {
                "predictions": [{"price": 1000 * float(r["area"] or 0)} for r in body["inputs"]]
            }
        if body["model"] == "flowers":
            shares = {"rose": 0.9, "lily": 0.1}
            return {
                "predictions": [{"kind": "rose", "probabilities": shares}] * len(body["inputs"])
            }
        return {"predictions": [tagged(line.split()) for line in body["inputs"]]}

    def _explain_image(self, body):
        classes = {"coat": 0.7, "shirt": 0.3}
        label = body.get("class", "coat")
        return {"prediction": {"classes": classes}, "class": label, "image": png()}

    def _document(self, path, method, body):
        if path == "v1/documents" and method == "GET":
            return {"types": [".txt", ".docx"], "limit": 20_000_000}
        if method == "POST":
            self.documents["d1"] = {"id": "d1", "state": "running", "done": 1, "total": 4}
            return JSONResponse(self.documents["d1"], 202)

        state = self.documents.get(path.split("/")[2])
        if state is None:
            return refusal(404, "there is no such document")
        if method == "DELETE":
            del self.documents["d1"]
            return Response(status_code=204)
        if path.endswith("/file"):
            return Response(b"Guten Morgen.", media_type="text/plain")
        return state


class Cut(Response):
    """An answer that breaks off."""

    async def __call__(self, scope, receive, send):
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"predictions": ['})


async def body_of(request):
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/"):
        async with request.form() as form:
            return {name: getattr(value, "filename", value) for name, value in form.items()}
    return await request.json() if kind == "application/json" else {}


def refusal(status, message, headers=None):
    code = {"error": {"code": "refused", "message": message}}
    return JSONResponse(code, status, headers)


def event(data):
    return f"data: {to_json(data)}\n\n"


def tagged(words):
    """The first word is a person, the third a place."""
    spans = [{"type": "PER", "start": 0, "end": 1}, {"type": "LOC", "start": 2, "end": 3}]
    tags = ["B-PER", "O", "B-LOC", *["O"] * len(words)][: len(words)]
    return {"words": words, "tags": tags, "spans": [s for s in spans if s["end"] <= len(words)]}


def png():
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 80, 40)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@contextmanager
def serving(app):
    """The address at which `app` is served meanwhile."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()

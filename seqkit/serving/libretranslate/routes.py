"""The addresses that LibreTranslate's clients know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from ..detection import Detected, detect
from ..errors import PLAIN, Refused
from ..jobs import Jobs, types
from ..kernel import Kernel
from ..languages import find, name_of
from ..pairs import Hop, Pairs
from ..routes.documents import file_response
from ..security import OWN_TOKEN
from ..served import Wish
from ..uploads import read_form
from . import asked
from .texts import Texts

_AUTO = "auto"
_OPEN = ("/languages", "/frontend/settings")  # as theirs: they tell of languages alone
_GUARDED = ("/translate", "/detect", "/translate_file", "/suggest")


class Named(BaseModel):
    code: str
    name: str


class Language(Named):
    targets: list[str]


class Detection(BaseModel):
    confidence: float  # per cent
    language: str


class Translation(BaseModel):
    translatedText: str | list[str]
    detectedLanguage: Detection | list[Detection] | None = None
    alternatives: list[str] | list[list[str]] | None = None


class TranslatedFile(BaseModel):
    translatedFileUrl: str


def router(kernel: Kernel, jobs: Jobs) -> APIRouter:
    OWN_TOKEN.update(_OPEN, _GUARDED)
    PLAIN.update(_OPEN, _GUARDED)
    answers = _Answers(kernel, jobs)

    routes = APIRouter(tags=["LibreTranslate"])
    routes.get("/languages")(answers.languages)
    routes.post(
        "/translate", response_model_exclude_none=True, openapi_extra=_body(asked.Translate)
    )(answers.translate)
    routes.post("/detect", openapi_extra=_body(asked.Detect))(answers.detect)
    routes.post("/translate_file", openapi_extra=_body(asked.TranslateFile))(answers.translate_file)
    routes.get("/download_file/{id}", response_class=FileResponse)(answers.download_file)
    routes.get("/frontend/settings")(answers.frontend_settings)
    routes.post("/suggest", include_in_schema=False)(answers.suggest)
    return routes


class _Answers:
    """What each of the addresses answers."""

    def __init__(self, kernel: Kernel, jobs: Jobs) -> None:
        self._kernel = kernel
        self._jobs = jobs
        self._through = Texts(kernel)

    async def languages(self) -> list[Language]:
        """The languages, and what each can be translated into."""
        known = self._pairs()
        return [
            Language(code=code, name=name_of(code), targets=known.reachable(code))
            for code in known.languages
        ]

    async def translate(self, request: Request) -> Translation:
        """Translate a text, or a list of texts."""
        wanted = await asked.read(request, asked.Translate)
        self._check_key(request, wanted.api_key)
        is_many = isinstance(wanted.q, list)
        given = _texts(wanted.q)
        hops, detected = _way(self._pairs(), wanted.source, wanted.target, given)

        if wanted.format == "html":
            found = await self._through.html(given, hops, request)
        else:
            found = await self._through.plain(given, hops, wanted.alternatives + 1, request)

        answer = Translation(translatedText=_each([best for best, *_ in found], is_many))
        if detected:
            answer.detectedLanguage = _each([_detection(detected[0])] * len(given), is_many)
        if wanted.alternatives:
            answer.alternatives = _each([others for _, *others in found], is_many)
        return answer

    async def detect(self, request: Request) -> list[Detection]:
        """The languages that a text may be in, likeliest first."""
        wanted = await asked.read(request, asked.Detect)
        self._check_key(request, wanted.api_key)
        return [_detection(one) for one in _detected(self._pairs(), _texts(wanted.q))]

    async def translate_file(self, request: Request) -> TranslatedFile:
        """Translate a document; the answer says where it is to be had."""
        async with read_form(request) as form:
            values = {name: form.get(name) for name in ("source", "target", "api_key")}
            wanted = asked.parsed(values, asked.TranslateFile)
            self._check_key(request, wanted.api_key)

            def choose(lines: Sequence[str]) -> Wish:
                return Wish(_way(self._pairs(), wanted.source, wanted.target, lines)[0])

            file = form.file()
            job = await self._jobs.add(file.filename or "", await file.read(), choose)

        await self._jobs.ended(job, request)
        url = request.url_for("download_file", id=job.id)
        if request.headers.get("x-forwarded-proto") == "https":  # of the proxy in front
            url = url.replace(scheme="https")
        return TranslatedFile(translatedFileUrl=str(url))

    async def download_file(self, id: str) -> Response:
        """The translated document; who knows the address may have it."""
        return file_response(self._jobs, self._jobs.get(id))

    async def frontend_settings(self) -> dict[str, Any]:
        """What pages that ask this service need to know of it."""
        known = self._pairs()
        target = known.targets[0] if known.targets else ""
        needs_key = bool(self._kernel.settings.token)
        return {
            "apiKeys": needs_key,
            "keyRequired": needs_key,
            "charLimit": -1,
            "frontendTimeout": 500,
            "filesTranslation": True,
            "supportedFilesFormat": types(),
            "suggestions": False,
            "language": {
                "source": {"code": _AUTO, "name": "Auto Detect"},
                "target": {"code": target, "name": name_of(target)},
            },
        }

    async def suggest(self) -> None:
        """There is nothing here that learns from them."""
        raise Refused(403, "no_suggestions", "Suggestions are disabled on this server.")

    def _pairs(self) -> Pairs:
        return Pairs.of(self._kernel.catalogue.records())

    def _check_key(self, request: Request, api_key: str | None) -> None:
        """Raise `Refused` unless the token came as a key of the request, or in its header."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else api_key or ""
        if self._kernel.settings.token and not self._kernel.gate.accepts(given):
            raise Refused(403, "wrong_key", "Invalid API key")


def _way(
    pairs: Pairs, source: str, target: str, texts: Sequence[str]
) -> tuple[list[Hop], list[Detected]]:
    """The models to go through, and the languages that were detected; raises `Refused`."""
    detected = _detected(pairs, texts) if source == _AUTO else []
    start = find(detected[0].code if detected else source, pairs.languages)
    end = find(target, pairs.languages)
    if start is None:
        raise _unsupported(detected[0].code if detected else source)
    if end is None:
        raise _unsupported(target)

    hops = pairs.path(start, end)
    if hops is None:
        raise Refused(
            400,
            "no_way",
            f"{name_of(end)} ({end}) is not available as a target language from "
            f"{name_of(start)} ({start})",
        )
    return hops, detected


def _detected(pairs: Pairs, texts: Sequence[str]) -> list[Detected]:
    """The languages of texts; of those without letters, the first one, without any confidence."""
    found = detect(texts, pairs.sources)
    return found or [Detected(code, 0.0) for code in [*pairs.sources, "en"][:1]]


def _detection(detected: Detected) -> Detection:
    return Detection(confidence=round(100 * detected.probability, 1), language=detected.code)


def _unsupported(code: str) -> Refused:
    return Refused(400, "unsupported", f"{code[:40]} is not supported")


def _texts(q: str | list[str]) -> list[str]:
    return q if isinstance(q, list) else [q]


def _each(values: list[Any], is_many: bool) -> Any:
    return values if is_many else values[0]


def _body(kind: type[asked.Asked]) -> dict[str, Any]:
    """What a request holds, for OpenAPI: the same as JSON and as a form."""
    schema = kind.model_json_schema()
    if kind is asked.TranslateFile:
        schema["properties"]["file"] = {"type": "string", "format": "binary"}
        return {"requestBody": {"content": {"multipart/form-data": {"schema": schema}}}}
    kinds = ("application/json", "application/x-www-form-urlencoded")
    return {"requestBody": {"content": {name: {"schema": schema} for name in kinds}}}

"""What LibreTranslate's clients send: JSON, a form, or the query of the address."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...complaints import sentence
from ..errors import Refused
from ..routes.operations import json_body

MOST_ALTERNATIVES = 31


class Asked(BaseModel):
    """Further keys are left alone: clients send some that only their server knows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    api_key: str | None = None


class Translate(Asked):
    q: str | list[str]
    source: str = Field(description='The code of a language, or "auto".')
    target: str
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(0, ge=0, le=MOST_ALTERNATIVES)


class Detect(Asked):
    q: str | list[str]


class TranslateFile(Asked):
    source: str
    target: str


A = TypeVar("A", bound=Asked)


async def read(request: Request, kind: type[A]) -> A:
    """The request as `kind`; raises `Refused`."""
    return parsed(await _values(request), kind)


def parsed(values: dict[str, Any], kind: type[A]) -> A:
    """Raises `Refused`, in LibreTranslate's words where a value is missing or empty."""
    given = {key: value for key, value in values.items() if value not in ("", None, [])}
    for name, field in kind.model_fields.items():
        if field.is_required() and name not in given:
            raise Refused(400, "missing", f"Invalid request: missing {name} parameter")
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        text = sentence(kind, error)
        raise Refused(400, "invalid", f"Invalid request: {text}") from None


async def _values(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = dict(request.query_params)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media.endswith("json"):
        return values | json_body(await request.body())
    async with request.form(max_files=0) as form:
        return values | dict(form)

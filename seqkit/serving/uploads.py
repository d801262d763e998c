"""Forms with files: read to a temporary file that has no name, gone when the answer is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from .errors import Refused

_MOST_FIELDS = 20
_FIELD_BYTES = 1 << 20


@dataclass(frozen=True)
class Form:
    """The fields and the file of a form."""

    data: FormData

    def get(self, name: str) -> str:
        """The text of a field; "" if there is none."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else ""

    def file(self, name: str = "file") -> UploadFile:
        """Raises `Refused` if there is no file, or an empty one."""
        value = self.data.get(name)
        if not isinstance(value, UploadFile):
            raise Refused(400, "no_file", f"send the document as the file {name!r} of a form")
        if not value.size:
            raise Refused(400, "empty_file", "the document is empty")
        return value


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[Form]:
    """The form that a request sends, as multipart/form-data; its size was limited before."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Refused(415, "no_form", "send a form, as multipart/form-data")
    reading = request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    async with reading as data:
        yield Form(data)

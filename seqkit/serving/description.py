"""What can be asked, as OpenAPI for programs and as a page for people that needs no network."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from ..services import Operation

_REFERENCE = "#/components/schemas/{model}"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin-top:2.5rem;font-size:1.1rem}code,pre{font-family:ui-monospace,monospace}"
    "pre{padding:.6rem;overflow:auto;border:1px solid #8888;border-radius:4px}"
    "td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}"
    ":root{color-scheme:light dark}"
)
CONTENT_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Of the page: it has a style, and no script."""

Schema = Mapping[str, Any]


def describe(app: FastAPI, operations: Mapping[str, Sequence[Operation]]) -> None:
    """Have the description of `app` say what the requests of `POST /v1/OPERATION` hold."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = make()
            _add_requests(schema, operations)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_requests(schema: dict[str, Any], operations: Mapping[str, Sequence[Operation]]) -> None:
    models = [(one.request, "validation") for some in operations.values() for one in some]
    made = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]
    found, definitions = made
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components.update(definitions.get("$defs", {}))

    for name, some in operations.items():
        content: dict[str, Any] = {}
        for operation in some:
            kind = "multipart/form-data" if operation.reads == "files" else "application/json"
            of_request = found[operation.request, "validation"]
            schemas = content.setdefault(kind, [])
            if of_request not in schemas:
                schemas.append(of_request)
        body = {
            kind: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
            for kind, schemas in content.items()
        }
        post = schema["paths"][f"/v1/{name}"]["post"]
        post["requestBody"] = {"required": True, "content": body}


# For people


def page(schema: Schema) -> str:
    """The HTML page of a description."""
    title = html.escape(f"{schema['info']['title']} {schema['info']['version']}")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>. Errors are '
        '<code>{"error": {"code": …, "message": …}}</code>.</p>',
    ]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts += _operation(schema, path, method, operation)
    return "\n".join([*parts, "</body></html>"])


def _operation(schema: Schema, path: str, method: str, operation: Schema) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>"
    said = operation.get("description") or operation.get("summary", "")
    yield f"<p>{html.escape(said)}</p>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        for request in _alternatives(schema, content["schema"]):
            yield f"<p>{html.escape(request.get('description', kind))} <small>({kind})</small></p>"
            yield from _fields(schema, request)


def _fields(schema: Schema, request: Schema) -> Iterator[str]:
    """A table of what a request holds."""
    required = request.get("required", [])
    yield "<table><tr><th>Field<th>Type<th>Default<th></tr>"
    for name, field in request.get("properties", {}).items():
        default = "needed" if name in required else _shown(field.get("default"))
        cells = (f"<code>{html.escape(name)}</code>", html.escape(_type(schema, field)))
        about = html.escape(field.get("description", ""))
        yield f"<tr><td>{cells[0]}<td>{cells[1]}<td>{html.escape(default)}<td>{about}</tr>"
    yield "</table>"


def _alternatives(schema: Schema, one: Schema) -> Iterator[Schema]:
    """The schemas that a reference, or one of several, stands for."""
    if "anyOf" in one:
        for part in one["anyOf"]:
            yield from _alternatives(schema, part)
    elif "$ref" in one:
        yield schema["components"]["schemas"][one["$ref"].rpartition("/")[2]]
    else:
        yield one


def _type(schema: Schema, field: Schema) -> str:
    """The type of a field in words: "string or array of string"."""
    if "anyOf" in field:
        names = [_type(schema, part) for part in field["anyOf"]]
        return " or ".join(name for name in names if name != "null")
    if "$ref" in field:
        (found,) = _alternatives(schema, field)
        return "{" + ", ".join(found.get("properties", {})) + "}"
    if field.get("type") == "array" and "items" in field:
        return f"array of {_type(schema, field['items'])}"
    return str(field.get("type", "any"))


def _shown(default: Any) -> str:
    return "" if default in (None, "", [], {}) else str(default)

"""`/openapi.json`: every route, from what its handler is declared to take and answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from ivr.web.answers import answer
from ivr.web.auth import HEADER
from ivr.web.envelope import ENGAGEMENT
from ivr.web.operations import OPERATIONS, Operation, operation
from ivr.web.shapes import Enveloped, Proposals, Refusal

_REF: Final = "#/components/schemas/{model}"
_PLACE: Final = re.compile(r"\{(\w+)\}")


def add_document_route(app: web.Application) -> None:
    app.router.add_get("/openapi.json", document)
    app[DOCUMENT] = Document()


class Document:
    """The document, made when it is first asked for: that takes a moment, and most processes are never asked."""

    def __init__(self) -> None:
        self._made: dict[str, Any] | None = None
        self._making = asyncio.Lock()

    async def of(self, app: web.Application) -> dict[str, Any]:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(describe, app)
            return self._made


DOCUMENT: Final = web.AppKey("document", Document)


@operation("about this program", dict[str, Any], needs_key=False)
async def document(request: web.Request) -> web.Response:
    """This document."""
    return answer(await request.app[DOCUMENT].of(request.app))


def described_routes(app: web.Application) -> Iterator[tuple[str, str, Operation, str]]:
    """Method, path, declaration and purpose of every route. Raises LookupError for one without a declaration."""
    for route in app.router.routes():
        if route.method == "HEAD" or route.resource is None:
            continue
        declared = OPERATIONS.get(route.handler)
        if declared is None:
            raise LookupError(f"{route.method} {route.resource.canonical} is not declared with @operation")
        purpose = (route.handler.__doc__ or "").strip()
        yield route.method, route.resource.canonical, declared, purpose


def describe(app: web.Application) -> dict[str, Any]:
    """The document. Raises LookupError for a route whose handler is not declared."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for method, path, declared, purpose in described_routes(app):
        paths.setdefault(path, {})[method.lower()] = _operation(path, declared, purpose, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Queue callback",
            "version": version("queue-callback-ivr"),
            "description": "The reference product's callback API (/genesys), its cloud successor's (/engagement/v3),"
            " and the operators' own (/api/v1).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.found,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": HEADER}},
        },
    }


class _Schemas:
    """Schemas of types, the named ones put where the document keeps them."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def of(self, kind: Any, mode: JsonSchemaMode = "serialization") -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode, by_alias=True)
        self.found |= schema.pop("$defs", {})
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            name = schema.get("title", kind.__name__)
            name = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
            self.found[name] = schema
            return {"$ref": _REF.format(model=name)}
        return schema


def _operation(path: str, declared: Operation, purpose: str, schemas: _Schemas) -> dict[str, Any]:
    first, _, more = purpose.partition("\n")
    shown: dict[str, Any] = {"tags": [declared.tag], "summary": first.strip().rstrip(".")}
    if more.strip():
        shown["description"] = " ".join(more.split())
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PLACE.findall(path)
    ]
    if declared.query is not None:
        parameters += _query(declared.query, schemas)
    if parameters:
        shown["parameters"] = parameters
    if declared.body is not None:
        schema = schemas.of(declared.body, "validation")
        whole = declared.body.model_json_schema(mode="validation")
        shown["requestBody"] = {
            "required": bool(whole.get("required") or whole.get("minProperties")),
            "content": {media: {"schema": schema} for media in declared.media},
        }
    if not declared.needs_key:
        shown["security"] = []
    shown["responses"] = _responses(path, declared, schemas)
    return shown


def _query(model: type[BaseModel], schemas: _Schemas) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF, mode="validation", by_alias=True)
    schemas.found |= schema.pop("$defs", {})
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": field["description"]} if "description" in field else {}),
            "schema": _given({key: value for key, value in field.items() if key not in ("title", "description")}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """What an address can carry: a parameter that may be left out is not null, and a list is text with commas."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind.get("type") != "null"]
    if schema.get("default", ...) in (None, ""):
        del schema["default"]
    return {**schema, **kinds[0]} if kinds else schema


def _responses(path: str, declared: Operation, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "done"}}
    if declared.answer is not None:
        responses["200"]["content"] = {declared.answer_media: {"schema": schemas.of(declared.answer)}}
    for status, kind in declared.more_answers.items():
        content = {declared.answer_media: {"schema": schemas.of(kind)}}
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    refusal = schemas.of(Enveloped[Proposals | None] if path.startswith(ENGAGEMENT) else Refusal)
    for status in declared.refusals:
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": refusal}},
        }
    return responses

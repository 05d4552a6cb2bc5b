"""Everything that we use of ARI is in the documentation that the running Asterisk serves of itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ivr.ari.decode import REQUIRED, Shape, flag, mapping, moment, text, texts, whole
from ivr.ari.events import EVENT_SHAPES
from ivr.ari.http_transport import HttpTransport
from ivr.ari.models import SHAPES, SOUND_FORMATS
from ivr.ari.operations import OPERATIONS, Operation
from ivr.ari.transport import Request
from ivr.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

TYPES: dict[Callable[..., Any], set[str]] = {
    text: {"string"},
    whole: {"int", "long"},
    flag: {"boolean"},
    moment: {"Date", "string"},
    texts: {"List[string]"},
    mapping: {"object"},
    SOUND_FORMATS: {"List[FormatLangPair]"},
}
NAMES_OF_ALL = [f"{each.method} {each.path}" for each in OPERATIONS]


class Docs:
    """The api-docs of an Asterisk."""

    def __init__(self, files: list[dict[str, Any]]) -> None:
        self.operations = {
            (operation["httpMethod"], api["path"]): operation
            for file in files
            for api in file["apis"]
            for operation in api["operations"]
        }
        self.models: dict[str, dict[str, Any]] = {}
        for file in files:
            self.models.update(file.get("models", {}))
        self._parent = {child: name for name, model in self.models.items() for child in model.get("subTypes", ())}

    def parameters(self, operation: Operation, place: str) -> dict[str, dict[str, Any]]:
        documented = self.operations[operation.method, operation.path].get("parameters", ())
        return {each["name"]: each for each in documented if each["paramType"] == place}

    def properties(self, model: str) -> dict[str, dict[str, Any]]:
        """Of the model and of those that it is a kind of."""
        inherited = self.properties(self._parent[model]) if model in self._parent else {}
        return {**inherited, **self.models[model]["properties"]}


@pytest.fixture(scope="module")
def docs() -> Iterator[Docs]:
    with Lab(app=False, agents=1) as lab:
        ari = lab.data.ari
        yield Docs(asyncio.run(_fetch(ari.url, ari.user, ari.password)))


async def _fetch(url: str, user: str, password: str) -> list[dict[str, Any]]:
    async with HttpTransport(url, user, password) as transport:

        async def get(path: str) -> dict[str, Any]:
            reply = await transport.request(Request("GET", path), 10.0)
            assert reply.status == 200, path
            answer: dict[str, Any] = json.loads(reply.body)
            return answer

        listing = await get("/api-docs/resources.json")
        return [await get(api["path"].replace("{format}", "json")) for api in listing["apis"]]


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES_OF_ALL)
def test_operation(docs: Docs, operation: Operation) -> None:
    """Method, path and parameters are as documented, and whatever it cannot do without is among them."""
    assert (operation.method, operation.path) in docs.operations
    query, body = docs.parameters(operation, "query"), docs.parameters(operation, "body")
    assert set(operation.query) <= set(query)
    assert set(operation.body) <= set(body)
    for place in docs.parameters(operation, "path"):
        assert f"{{{place}}}" in operation.path
    assert {name for name, each in query.items() if each.get("required")} <= set(operation.query)
    assert {name for name, each in body.items() if each.get("required")} <= set(operation.body)


def test_an_id_that_is_taken_is_a_documented_conflict(docs: Docs) -> None:
    """On which it rests that nobody is rung twice."""
    errors = docs.operations["POST", "/channels"]["errorResponses"]
    assert 409 in {each["code"] for each in errors}


@pytest.mark.parametrize("shape", [*EVENT_SHAPES.values(), *SHAPES], ids=lambda shape: shape.model)
def test_model(docs: Docs, shape: Shape[Any]) -> None:
    """Each field that we read is documented with the type as which we read it, and is there if we must have it."""
    documented = docs.properties(shape.model)
    for field in shape.fields:
        assert field.key in documented
        expected = {field.read.model} if isinstance(field.read, Shape) else TYPES[field.read]
        assert documented[field.key]["type"] in expected, field.key
        if field.default is REQUIRED:
            assert documented[field.key]["required"], field.key


def test_every_class_of_event_is_one(docs: Docs) -> None:
    assert set(EVENT_SHAPES) <= set(docs.models["Event"]["subTypes"])

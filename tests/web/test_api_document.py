"""The API document and the running application say the same: routes, statuses, bodies."""

from __future__ import annotations

import asyncio
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer
from api_cases import CASES, Case
from full_site import FullSite, full_app, populate

from ivr.settings import Settings
from ivr.store.redis_store import RedisStore
from ivr.web.bodies import MAX_BODY_BYTES
from ivr.web.openapi import describe

pytestmark = pytest.mark.web

READS = {"GET"}
OF_ALL = {401, 413, 415}
STORE_GONE = {500, 503}
ADMITS = {"/genesys/1/service/callback/{service}", "/genesys/2/service/callback/{service}"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from full_site import SETTINGS

    from ivr.settings import load_settings

    file = tmp_path_factory.mktemp("document") / "ivr.toml"
    file.write_text(SETTINGS)
    app, _ = full_app(load_settings(file, {}), RedisStore("redis://127.0.0.1:1"))
    return describe(app)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, shown) for path, item in document["paths"].items() for method, shown in item.items()
    ]


def statuses(shown: dict[str, Any]) -> set[int]:
    return {int(status) for status in shown["responses"]}


async def asked(site: FullSite, case: Case, session: TestClient | ClientSession | None = None) -> ClientResponse:  # type: ignore[type-arg]
    path = case.path.format(**site.filled(case.at))
    client = session or site.client
    where = path if session is None or isinstance(session, TestClient) else site.client.make_url(path)
    response = await client.request(case.method, where, params=site.filled(case.query), json=site.filled(case.json))
    assert isinstance(response, ClientResponse)
    return response


async def conforms(document: dict[str, Any], case: Case, response: ClientResponse) -> None:
    """The body is as the document says for that operation and status."""
    shown = document["paths"][case.path][case.method.lower()]["responses"][str(response.status)]
    if "content" not in shown:
        assert await response.read() == b""
        return
    ((media, content),) = shown["content"].items()
    assert response.content_type == media
    if media != "application/json":
        assert await response.text()
        return
    schema = {**content["schema"], "components": document["components"]}
    jsonschema_rs.validator_for(schema).validate(await response.json())


def test_every_route_is_in_the_document_and_can_be_resolved(document: dict[str, Any]) -> None:
    # `describe` raises for a route whose handler is not declared; so this is about what it made of the others.
    jsonschema_rs.meta.validate(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": document["components"]["schemas"]}
    )
    assert len(operations(document)) >= 40
    for _, path, shown in operations(document):
        assert shown["summary"], path
        assert statuses(shown) >= {200}


def test_every_documented_status_is_shown_and_none_besides(document: dict[str, Any]) -> None:
    documented = {
        (method, path, status) for method, path, shown in operations(document) for status in statuses(shown) - OF_ALL
    }
    shown = {(case.method, case.path, case.status) for case in CASES}
    assert shown - documented == set()
    assert {each for each in documented - shown if each[2] not in STORE_GONE} == set()


HARMLESS = [case for case in CASES if case.status >= 400 or case.method in READS]
CHANGES = [case for case in CASES if case not in HARMLESS]


@pytest.mark.parametrize("case", CHANGES, ids=str)
async def test_what_changes_something(full_site: FullSite, document: dict[str, Any], case: Case) -> None:
    response = await asked(full_site, case)
    assert response.status == 200, await response.text()
    await conforms(document, case, response)


async def test_every_other_answer_changes_nothing(full_site: FullSite, document: dict[str, Any]) -> None:
    before = await full_site.everything()
    for case in HARMLESS:
        response = await asked(full_site, case)
        assert response.status == case.status, (str(case), await response.text())
        await conforms(document, case, response)
        assert await full_site.everything() == before, str(case)
        if case.status >= 400:
            body = await response.json()
            message = body["status"]["message"] if "status" in body else body["message"]
            assert len(message) > 10, str(case)
            assert "Traceback" not in message


async def test_without_the_key_nothing_but_the_probes_and_this_document(
    full_site: FullSite, document: dict[str, Any]
) -> None:
    before = await full_site.everything()
    async with ClientSession() as stranger:
        for case in CASES:
            if case.status != 200:
                continue
            response = await asked(full_site, case, stranger)
            shown = document["paths"][case.path][case.method.lower()]
            assert response.status == (200 if shown.get("security") == [] else 401), case
            assert (response.status == 401) is (401 in statuses(shown))
            await conforms(document, case, response)
    assert await full_site.everything() == before


async def test_bodies_too_large_or_of_another_type(full_site: FullSite, document: dict[str, Any]) -> None:
    before = await full_site.everything()
    for method, path, shown in operations(document):
        assert ("requestBody" in shown) is (413 in statuses(shown)) is (415 in statuses(shown))
        if "requestBody" not in shown:
            continue
        where = path.format(service="support", id=full_site.known["@queued"])
        for status, body, kind in (
            (413, b"x" * (MAX_BODY_BYTES + 1), "application/json"),
            (415, b"<a/>", "text/xml"),
            (400, b"{", "application/json"),
            (400, b'{"a": NaN}', "application/json"),
            (400, b"\xff", "application/json"),
        ):
            response = await full_site.client.request(method, where, data=body, headers={"Content-Type": kind})
            assert response.status == status, (method, path, kind, await response.text())
            await conforms(document, Case(method, path, status), response)
    assert await full_site.everything() == before


async def test_a_store_that_is_gone(document: dict[str, Any], full_settings: Settings, redis_url: str) -> None:
    there, gone = RedisStore(redis_url), RedisStore("unix:///nowhere/at/all", deadline_s=0.2)
    _, service = full_app(full_settings, there)
    known = await populate(service, there)
    app, service = full_app(full_settings, gone)
    async with TestClient(TestServer(app), headers={"x-api-key": "a key for the tests"}) as client:
        site = FullSite(client, app, gone, service, known)

        async def at(case: Case) -> None:
            shown = document["paths"][case.path][case.method.lower()]
            wanted = STORE_GONE & statuses(shown)
            response = await asked(site, case)
            text = await response.text()
            if wanted:
                assert {response.status} == wanted, (case, text)
                assert "Traceback" not in text
            else:
                assert response.status == 200, (case, text)
            await conforms(document, case, response)

        firsts = {(case.method, case.path): case for case in reversed(CASES) if case.status == 200}
        await asyncio.gather(*map(at, firsts.values()))
    await gone.close()
    await there.close()

"""Keys, probes, measures and the operators' faces."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import ClientSession
from web_site import KEY, START, Site

from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.app import create_app, serving

pytestmark = pytest.mark.web

NUMBER = "+12025550100"


# -- the key --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [START, "/genesys/1/service/callback", "/api/v1/callbacks", "/metrics", "/", "/nowhere"]
)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": KEY + "x"},
        {"x-api-key": "\u00fc"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {KEY}"},
    ],
)
async def test_no_face_opens_without_the_key(stranger: ClientSession, path: str, given: dict[str, str]) -> None:
    response = await stranger.get(path, headers=given)
    body = await response.json()
    assert (response.status, body["code"]) == (401, 401)
    assert "x-api-key" in body["message"]
    assert "WWW-Authenticate" in response.headers


async def test_a_start_without_the_key_starts_nothing(site: Site, stranger: ClientSession) -> None:
    assert (await stranger.post(START, json={"_customer_number": NUMBER})).status == 401
    assert await site.stored() == 0


async def test_the_key_may_come_as_a_bearer_token(stranger: ClientSession) -> None:
    assert (await stranger.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})).status == 200


def test_an_empty_key_is_no_key() -> None:
    store = MemoryStore()
    service = CallbackService(store, Catalog({}, store))
    with pytest.raises(ValueError, match="API key"):
        create_app(service, health=Health(), metrics=Metrics(), api_key="")


# -- probes ---------------------------------------------------------------------------------------------------------


async def test_alive_and_ready(site: Site, stranger: ClientSession) -> None:
    assert (await stranger.get("/healthz")).status == 200
    response = await stranger.get("/readyz")
    assert response.status == 503
    assert await response.json() == {
        "ready": False,
        "parts": {"ari": {"up": False}, "ami": {"up": False}, "redis": {"up": True}},
    }
    site.health.up("ari")
    site.health.up("ami")
    response = await stranger.get("/readyz")
    assert (response.status, (await response.json())["ready"]) == (200, True)

    site.health.down("ami", "connection refused")
    assert (await (await stranger.get("/readyz")).json())["parts"]["ami"] == {"up": False}
    detailed = await (await site.client.get("/readyz")).json()
    assert detailed["parts"]["ami"] == {"up": False, "detail": "connection refused"}


async def test_a_store_that_is_away_is_not_ready() -> None:
    health, store = Health(["redis"]), MemoryStore()
    health.probe("redis", store.ping)
    assert (await health.check())["redis"].up
    store.available = False
    part = (await health.check())["redis"]
    assert not part.up
    assert "switched off" in part.detail


@pytest.mark.looptime
async def test_a_probe_that_hangs_is_down() -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    health = Health(["redis"])
    health.probe("redis", hang)
    assert "no answer within 3 s" in (await health.check())["redis"].detail


async def test_measures(site: Site) -> None:
    await site.client.post(START, json={"_customer_number": NUMBER})
    await site.client.post(START, json={"_customer_number": NUMBER})
    await site.client.get("/nowhere")
    response = await site.client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    text = await response.text()
    for line in (
        'ivr_callbacks_accepted_total{service="support"} 1.0',
        'ivr_callbacks_refused_total{cause="duplicate",exception="CallbackExceptionDuplicate",service="support"} 1.0',
        'ivr_store_seconds_count{operation="create"} 2.0',
        'ivr_http_requests_total{method="POST",route="/genesys/1/service/callback/{service}",status="403"} 1.0',
        'ivr_http_requests_total{method="ANY",route="unknown",status="404"} 1.0',
    ):
        assert line in text, line


# -- callbacks ------------------------------------------------------------------------------------------------------


async def test_operators_see_callbacks_whole(site: Site) -> None:
    answer = await (await site.client.post(START, json={"_customer_number": NUMBER, "note": "x"})).json()
    await site.client.post(START, json={"_customer_number": "+12025550101"})
    response = await site.client.get("/api/v1/callbacks", params={"number": NUMBER, "state": "!COMPLETED"})
    (record,) = (await response.json())["callbacks"]
    assert (record["id"], record["number"], record["state"], record["attempts"]) == (
        answer["_id"],
        NUMBER,
        "QUEUED",
        [],
    )
    assert record["user_data"] == {"note": "x"}
    one = await site.client.get(f"/api/v1/callbacks/{record['id']}")
    assert await one.json() == record
    many = await site.client.get("/api/v1/callbacks", params={"service": "support", "limit": "1"})
    assert [each["id"] for each in (await many.json())["callbacks"]] == [record["id"]]
    assert (await (await site.client.get("/api/v1/callbacks", params={"service": "sales"})).json()) == {
        "callbacks": []
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/callbacks?service=nowhere", 404),
        ("/api/v1/callbacks?limit=0", 400),
        ("/api/v1/callbacks?limit=99999", 400),
        ("/api/v1/callbacks?limit=ten", 400),
        ("/api/v1/callbacks?state=LOST", 400),
        ("/api/v1/callbacks?colour=red", 400),
        ("/api/v1/callbacks/support-0123456789abcdef", 404),
        ("/api/v1/services/nowhere", 404),
    ],
)
async def test_what_operators_cannot_ask(site: Site, path: str, status: int) -> None:
    response = await site.client.get(path)
    assert (response.status, (await response.json())["code"]) == (status, status)


# -- services -------------------------------------------------------------------------------------------------------


async def test_services_are_listed_with_what_is_known_of_each_option(site: Site) -> None:
    listed = (await (await site.client.get("/api/v1/services")).json())["services"]
    assert [service["name"] for service in listed] == ["support", "sales"]
    option = listed[0]["options"]["_ewt_threshold"]
    assert option == {
        "value": 180.0, "file": 180.0, "default": 180.0, "type": "number", "unit": "s", "level": "normal",
        "help": "offer a callback when the estimated wait is not under this", "minimum": 0, "maximum": 86400,
    }  # fmt: skip
    assert await (await site.client.get("/api/v1/services/support")).json() == listed[0]


async def test_an_option_changes_at_once_and_is_audited(site: Site) -> None:
    response = await site.client.patch("/api/v1/services/support", json={"_max_queued_callbacks_per_service": 0})
    assert response.status == 200
    assert await response.json() == {
        "name": "support",
        "changed": [{"option": "_max_queued_callbacks_per_service", "old": "1000", "new": "0"}],
    }
    refused = await site.client.post(START, json={"_customer_number": NUMBER})
    assert (refused.status, (await refused.json())["exception"]) == (503, "CallbackExceptionServiceUnavailable")
    assert (
        await site.client.post("/genesys/1/service/callback/sales", json={"_customer_number": NUMBER})
    ).status == 200

    audit = (await site.store.events("support"))[0]
    assert audit.kind == "options_changed"
    assert audit.data["_max_queued_callbacks_per_service"] == "1000 -> 0"
    assert audit.data["who"] == "api key from 127.0.0.1"
    assert abs(audit.at_s - time.time()) < 5

    await site.client.patch("/api/v1/services/support", json={"_max_queued_callbacks_per_service": None})
    assert (await site.client.post(START, json={"_customer_number": NUMBER})).status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("support", '{"_ewt_treshold": 1}', 400, "did you mean _ewt_threshold"),
        ("support", '{"_ewt_threshold": "soon"}', 400, "a number is wanted, not 'soon'"),
        ("support", '{"_ewt_threshold": -1, "_menu_tries": 2}', 400, "at least 0 is wanted"),
        ("support", '{"_ewt_threshold": [1]}', 400, "a number is wanted"),
        ("support", "{}", 400, "options are wanted"),
        ("support", "[]", 400, "a JSON object is wanted"),
        ("support", "{", 400, "is not JSON"),
        ("nowhere", '{"_ewt_threshold": 1}', 404, "is not configured"),
    ],
)
async def test_a_wrong_change_changes_nothing(site: Site, path: str, body: str, status: int, words: str) -> None:
    before = await (await site.client.get("/api/v1/services")).json()
    response = await site.client.patch(f"/api/v1/services/{path}", data=body)
    assert response.status == status
    assert words in (await response.json())["message"]
    assert await (await site.client.get("/api/v1/services")).json() == before
    assert await site.store.changed_options("support") == {}


# -- trouble --------------------------------------------------------------------------------------------------------


async def test_a_store_that_is_away_is_503_and_nothing_is_told_of_our_inside() -> None:
    store, metrics = MemoryStore(), Metrics()
    services = {"support": service_options("support", {}, trunk="t", language="en-US")}
    app = create_app(
        CallbackService(store, Catalog(services, store), metrics=metrics),
        health=Health(),
        metrics=metrics,
        api_key=KEY,
    )
    store.available = False
    async with serving(app, "127.0.0.1", 0) as port, ClientSession(headers={"x-api-key": KEY}) as client:
        url = f"http://127.0.0.1:{port}"
        async with client.post(f"{url}{START}", json={"_customer_number": NUMBER}) as response:
            assert (response.status, (await response.json())["exception"]) == (503, "CallbackExceptionStorage")
        async with client.patch(f"{url}/api/v1/services/support", json={"_menu_tries": 2}) as response:
            assert response.status == 503

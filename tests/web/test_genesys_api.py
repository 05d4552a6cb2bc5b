"""`/genesys`: start, query, update and cancel, with the documented answers."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import FormData
from web_site import START, Site

from ivr.domain.callback import Attempt, CallbackState, DialResult
from ivr.domain.lifecycle import Event, apply

pytestmark = pytest.mark.web

NUMBER = "+12025550100"
QUERY = "/genesys/1/service/callback"


def later(minutes: float = 60) -> str:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def started(site: Site, number: str = NUMBER, **params: Any) -> str:
    response = await site.client.post(START, json={"_customer_number": number, **params})
    body = await response.json()
    assert response.status == 200, body
    assert set(body) == {"_id"}
    return str(body["_id"])


async def found(site: Site, path: str, **query: str) -> list[str]:
    response = await site.client.get(path, params=query)
    assert response.status == 200
    return [record["_id"] for record in await response.json()]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_start_answers_with_the_id_and_query_with_the_record(site: Site, version: str) -> None:
    base = f"/genesys/{version}/service/callback"
    response = await site.client.post(
        f"{base}/support", json={"_customer_number": "202-555-0100", "account": "7", "note": "hi", "_vq": "x"}
    )
    assert response.status == 200
    assert response.content_type == "application/json"
    callback_id = (await response.json())["_id"]

    (record,) = await (await site.client.get(base, params={"_id": callback_id})).json()
    times = (record.pop("_desired_time"), record.pop("_expiration_time"))
    assert record == {
        "_id": callback_id,
        "_service_name": "support",
        "_callback_state": "QUEUED",
        "_customer_number": NUMBER,
        "_url": f"/1/service/callback/support/{callback_id}",
        "account": "7",
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    kept = await site.store.get(callback_id)
    assert kept is not None
    assert kept.user_data == {"account": "7", "note": "hi"}


@pytest.mark.parametrize("kind", ["json", "form", "multipart", "curl", "bare"])
async def test_every_kind_of_body(site: Site, kind: str) -> None:
    fields = {"_customer_number": NUMBER, "_wait_for_agent": "false", "name": "Zo\u00eb"}
    match kind:
        case "json":
            sent: dict[str, Any] = {"json": fields}
        case "form":
            sent = {"data": fields}
        case "multipart":
            form = FormData(default_to_multipart=True)
            for name, value in fields.items():
                form.add_field(name, value)
            sent = {"data": form}
        case "curl":
            text = '{"_customer_number": "+12025550100", "_wait_for_agent": false, "name": "Zo\u00eb"}'
            sent = {"data": text.encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        case _:
            text = "_customer_number=%2B12025550100&_wait_for_agent=false&name=Zo%C3%AB"
            sent = {"data": text.encode(), "headers": {"Content-Type": "application/octet-stream"}}
    response = await site.client.post(START, **sent)
    assert response.status == 200, await response.text()
    callback = await site.store.get((await response.json())["_id"])
    assert callback is not None
    assert (callback.customer_number, callback.wait_for_agent) == (NUMBER, False)
    assert callback.user_data == {"name": "Zo\u00eb"}


async def test_a_booking(site: Site) -> None:
    when = later()
    callback_id = await started(site, _desired_time=when)
    (record,) = await (await site.client.get(QUERY, params={"_id": callback_id})).json()
    assert (record["_callback_state"], record["_desired_time"]) == ("SCHEDULED", when)


async def test_queries_by_properties(site: Site) -> None:
    one = await started(site, account="7")
    two = await started(site, "+12025550101", account="7")
    three = await started(site, "+12025550102", account="8", _desired_time=later())
    response = await site.client.post(f"{QUERY}/sales", json={"_customer_number": NUMBER})
    other = (await response.json())["_id"]
    assert (await site.client.delete(f"{START}/{two}")).status == 200

    assert await found(site, START) == [one, two, three]
    assert await found(site, START, account="7") == [one, two]
    assert await found(site, START, account="7", _callback_state="!COMPLETED") == [one]
    assert await found(site, START, account="8", _customer_number=NUMBER) == []
    assert await found(site, START, operand="or", account="8", _customer_number=NUMBER) == [one, three]
    assert await found(site, START, operand="AND", _callback_state="SCHEDULED") == [three]
    assert await found(site, START, _callback_state="QUEUED,SCHEDULED") == [one, three]
    assert await found(site, QUERY, _customer_number=NUMBER) == [one, other]
    assert await found(site, QUERY, _customer_number=NUMBER, _callback_state="COMPLETED") == []
    assert await found(site, QUERY, _id="support-0000000000000000") == []
    assert await found(site, QUERY, _id="../*{support}") == []


async def test_cancel_is_final_and_repeatable(site: Site) -> None:
    callback_id = await started(site)
    for _ in range(2):
        response = await site.client.delete(f"{START}/{callback_id}", params={"discard_ors_failure": "true"})
        assert (response.status, await response.read()) == (200, b"")
    (record,) = await (await site.client.get(QUERY, params={"_id": callback_id})).json()
    assert (record["_callback_state"], record["_callback_reason"]) == ("COMPLETED", "CANCELLED")


async def test_put_books_another_time_and_changes_data(site: Site) -> None:
    callback_id = await started(site)
    when = later(90)
    response = await site.client.put(f"{START}/{callback_id}", json={"_new_desired_time": when, "account": "9"})
    record = await response.json()
    assert response.status == 200
    assert (record["_callback_state"], record["_desired_time"], record["account"]) == ("SCHEDULED", when, "9")
    assert await found(site, START, account="9") == [callback_id]


async def test_a_record_tells_its_attempts(site: Site) -> None:
    callback_id = await started(site)
    callback = await site.store.get(callback_id)
    assert callback is not None
    ended = Attempt(1, "cb-1", 1000.0, ended_at_s=1032.4, result=DialResult.NO_ANSWER)
    callback = replace(apply(callback, Event.DIALED, 1000.0), attempts=(ended, Attempt(2, "cb-2", 1300.0)))
    await site.store.save(callback, Event.DIALED)
    (record,) = await (await site.client.get(QUERY, params={"_id": callback_id})).json()
    assert record["_CB_N_DIALS_MADE"] == 2
    assert (record["_CB_DIAL_1_RESULT"], record["_CB_T_DIAL_1"], record["_CB_D_DIAL_1"]) == ("NO_ANSWER", 1000, 32)
    assert record["_CB_T_DIAL_2"] == 1300
    assert "_CB_DIAL_2_RESULT" not in record


@pytest.mark.parametrize(
    ("method", "path", "sent", "code", "exception"),
    [
        ("POST", START, {}, 400, "CallbackExceptionInvalidParameter"),
        ("POST", START, {"_customer_number": "nonsense"}, 400, "CallbackExceptionNumber"),
        ("POST", START, {"_customer_number": "19005550123"}, 400, "CallbackExceptionNumber"),
        ("POST", START, {"_customer_number": NUMBER, "_desired_time": "2020-01-01T00:00:00.000Z"}, 400,
         "CallbackExceptionAvailability"),
        ("POST", f"{QUERY}/nowhere", {"_customer_number": NUMBER}, 404, "CallbackExceptionNotFound"),
        ("PUT", f"{START}/support-0123456789abcdef", {}, 404, "CallbackExceptionNotFound"),
        ("DELETE", f"{START}/support-0123456789abcdef", None, 404, "CallbackExceptionNotFound"),
        ("DELETE", f"{START}/nonsense", None, 404, "CallbackExceptionNotFound"),
        ("GET", QUERY, None, 400, "CallbackExceptionInvalidParameter"),
        ("GET", f"{QUERY}/nowhere", None, 404, "CallbackExceptionNotFound"),
        ("GET", f"{START}?operand=XOR", None, 400, "CallbackExceptionInvalidParameter"),
        ("GET", f"{START}?_callback_state=GONE", None, 400, "CallbackExceptionInvalidParameter"),
        ("GET", f"{START}?shoe_size=9", None, 400, "CallbackExceptionInvalidParameter"),
        ("GET", "/genesys/9/service/callback", None, 404, "CallbackExceptionNotFound"),
        ("PATCH", START, {}, 405, "CallbackExceptionMethod"),
    ],
)  # fmt: skip
async def test_a_refusal_has_the_documented_body(
    site: Site, method: str, path: str, sent: dict[str, str] | None, code: int, exception: str
) -> None:
    response = await site.client.request(method, path, json=sent)
    body = await response.json()
    assert (response.status, body["code"], body["exception"]) == (code, code, exception)
    assert set(body) == {"exception", "code", "phrase", "message"}
    assert body["phrase"]
    assert body["message"]
    assert await site.stored() == 0


async def test_a_duplicate_names_what_is_pending(site: Site) -> None:
    callback_id = await started(site)
    response = await site.client.post(START, json={"_customer_number": "12025550100"})
    body = await response.json()
    assert (response.status, body["exception"]) == (403, "CallbackExceptionDuplicate")
    assert callback_id in body["message"]


async def test_an_end_cannot_be_cancelled(site: Site) -> None:
    callback_id = await started(site)
    callback = await site.store.get(callback_id)
    assert callback is not None
    for event in (Event.CUSTOMER_REACHED, Event.AGENT_CONNECTED, Event.TALK_ENDED):
        callback = await site.store.save(apply(callback, event, 1000.0), event)
    response = await site.client.delete(f"{START}/{callback_id}")
    body = await response.json()
    assert (response.status, body["exception"]) == (409, "CallbackExceptionState")
    assert "COMPLETED (AGENT_CONNECTED)" in body["message"]


async def test_a_number_has_one_callback_however_many_ask_at_once(site: Site) -> None:
    asked = [site.client.post(START, json={"_customer_number": NUMBER, "n": n}) for n in range(60)]
    statuses = Counter([response.status for response in await asyncio.gather(*asked)])
    assert statuses == {200: 1, 403: 59}
    assert await site.stored() == 1


async def test_one_cancel_of_many_at_once_ends_it(site: Site) -> None:
    callback_id = await started(site)
    responses = await asyncio.gather(*(site.client.delete(f"{START}/{callback_id}") for _ in range(20)))
    assert {response.status for response in responses} == {200}
    assert [event.kind for event in await site.store.events("support")] == ["accepted", "cancelled"]
    assert (await site.store.counts("support"))[CallbackState.COMPLETED] == 1

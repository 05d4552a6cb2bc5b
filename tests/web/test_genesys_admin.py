"""`/genesys` for those who run the contact centre: lists by time, watermarks, many cancelled at once, CSV, waits."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
from collections import Counter
from time import time
from typing import Any

import pytest
from aiohttp import ClientSession, FormData
from full_site import KEY, QUEUED, SCHEDULED, FullSite

from ivr.domain.callback import Callback, CallbackState
from ivr.service.durations import format_instant

pytestmark = pytest.mark.web

ADMIN = "/genesys/1/admin/callback"
START = "/genesys/1/service/callback"


async def got(site: FullSite, path: str, **query: str) -> Any:
    response = await site.client.get(path, params=query)
    assert response.status == 200, await response.text()
    return await response.json()


async def listed(site: FullSite, **query: str) -> dict[str, list[str]]:
    return {
        name: [r["_id"] for r in records] for name, records in (await got(site, f"{ADMIN}/queues", **query)).items()
    }


async def test_queues_by_window_states_and_keys(full_site: FullSite) -> None:
    known = full_site.known
    everything = await listed(full_site)
    assert set(everything) == set(full_site.service.catalog)
    assert everything["support"] == [known[n] for n in ("@queued", "@done", "@talking", "@scheduled")]
    assert everything["full"] == []

    assert await listed(full_site, target="support", states="QUEUED,SCHEDULED") == {
        "support": [known["@queued"], known["@scheduled"]]
    }
    assert await listed(full_site, target="support", states="!COMPLETED", account="7") == {
        "support": [known["@queued"]]
    }
    assert await listed(full_site, target="support", _callback_reason="storm") == {"support": [known["@done"]]}
    soon = format_instant(time() + 600)
    assert await listed(full_site, target="support", start_time=soon) == {"support": [known["@scheduled"]]}
    assert await listed(full_site, target="support", end_time=known["@past"], start_time=known["@past"]) == {
        "support": []
    }


async def test_queues_in_pages(full_site: FullSite) -> None:
    whole = (await listed(full_site, target="support"))["support"]
    pages = [(await listed(full_site, target="support", max="1", offset=str(n)))["support"] for n in range(5)]
    assert [callback_id for page in pages for callback_id in page] == whole
    assert pages[4] == []


async def test_watermarks(full_site: FullSite) -> None:
    # One in line; one is booked, one has ended, one talks with an agent.
    assert await got(full_site, f"{ADMIN}/watermarks") == {
        "services": {"support": 1, "daily": 1, "full": 0, "closed": 0, "booked": 0},
        "total": 2,
    }
    one = {"services": {"daily": 1}, "total": 1}
    assert await got(full_site, f"{ADMIN}/watermarks", service_name="daily") == one
    response = await full_site.client.get(f"{ADMIN}/watermarks?service_name=daily&service_name=support")
    assert (await response.json())["total"] == 2


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
async def test_many_cancelled_at_once_each_with_its_result(full_site: FullSite, kind: str) -> None:
    known = full_site.known
    ids = [known["@queued"], known["@scheduled"], known["@talking"], known["@done"], "support-00000000", "x y"]
    match kind:
        case "json":
            sent: dict[str, Any] = {"json": {"reason": "fire in Hall 2", "ids": [*ids, known["@queued"]]}}
        case "form":
            sent = {"data": {"reason": "fire in Hall 2", "ids": ",".join(ids)}}
        case _:
            form = FormData(default_to_multipart=True)
            form.add_field("reason", "fire in Hall 2")
            form.add_field("ids", ", ".join(ids))
            sent = {"data": form}
    response = await full_site.client.post(f"{ADMIN}/cancel", **sent)
    body = await response.json()
    assert response.status == 200, body
    assert body["cancelled"] == 2
    assert [(each["_id"], each["code"]) for each in body["results"]] == list(
        zip(ids, (200, 200, 409, 409, 404, 404), strict=True)
    )
    for callback_id in ids[:2]:
        callback = await full_site.store.get(callback_id)
        assert callback is not None
        assert (callback.state, callback.reason) == (CallbackState.COMPLETED, "fire in Hall 2")


async def test_the_cancelled_as_csv(full_site: FullSite) -> None:
    async def exported(**asked: Any) -> list[list[str]]:
        response = await full_site.client.post(f"{ADMIN}/reportcancelled", json=asked)
        assert (response.status, response.content_type) == (200, "text/csv")
        return list(csv.reader(io.StringIO(await response.text())))

    head, *rows = await exported(callback_reason="storm")
    assert head == [
        "_id",
        "_service_name",
        "_customer_number",
        "_desired_time",
        "_callback_state",
        "_callback_reason",
    ]
    assert [(row[0], row[1], row[5]) for row in rows] == [(full_site.known["@done"], "support", "storm")]

    # A customer's text is no formula; a number is a number.
    columns = ["_service_id", "_customer_number", "account", "nothing"]
    assert await exported(callback_reason="storm", exported_properties=columns) == [
        columns, [full_site.known["@done"], "+12025550113", "'=1+1", ""],
    ]  # fmt: skip
    assert await exported(callback_reason="quiet", exported_properties=["_id"]) == [["_id"]]


async def test_the_csv_leaves_nobody_out(full_site: FullSite) -> None:
    now_s = time()
    ended = [
        Callback(
            id=f"booked-{n:020x}",
            service="booked",
            customer_number="+12025550110",
            created_at_s=now_s,
            asked_at_s=now_s + n // 700,
            expires_at_s=now_s + 3600,
            state=CallbackState.COMPLETED,
            reason="drill" if n % 2 else "storm",
            completed_at_s=now_s,
        )
        for n in range(1200)
    ]
    for start in range(0, len(ended), 200):
        await asyncio.gather(*map(full_site.store.create, ended[start : start + 200]))
    response = await full_site.client.post(
        f"{ADMIN}/reportcancelled", json={"callback_reason": "drill", "exported_properties": ["_id"]}
    )
    _head, *rows = (await response.text()).split()
    assert len(rows) == len(set(rows)) == 600


async def test_a_place_in_line_counts_live_callers(full_site: FullSite) -> None:
    path = f"/genesys/1/service/{full_site.known['@queued']}/check-queue-position"
    told = await got(full_site, path)
    assert (told["_position"], told["_total_waiting"]) == (2, 2)
    assert told["ewt"] == told["_eta"] > 0
    assert await (await full_site.client.post(path)).json() == told
    assert await (await full_site.client.post(path, data={})).json() == told


async def test_what_is_not_known_is_minus_one(full_site: FullSite) -> None:
    (only,) = (await listed(full_site, target="daily"))["daily"]
    told = await got(full_site, f"/genesys/1/service/{only}/check-queue-position")
    assert told == {"_position": -1, "_eta": -1.0, "_total_waiting": -1, "ewt": -1.0}
    waits = await got(full_site, "/genesys/2/ewt", **{"virtual-queues": "support,daily"})
    assert waits["support"]["ewt"] > 0
    assert waits["daily"]["ewt"] == -1
    assert (await got(full_site, "/genesys/1/service/ewt-for-vq", name="support"))["ewt"] == waits["support"]["ewt"]


async def test_the_key_as_the_password_of_http_basic(full_site: FullSite) -> None:
    async with ClientSession() as session:
        for password, status in ((KEY, 200), ("wrong", 401)):
            token = base64.b64encode(f"anybody:{password}".encode()).decode()
            response = await session.get(
                full_site.client.make_url(f"{ADMIN}/watermarks"), headers={"Authorization": f"Basic {token}"}
            )
            assert response.status == status
        for nonsense in ("Basic", "Basic !", "Basic /w==", "Digest x"):
            response = await session.get(
                full_site.client.make_url(f"{ADMIN}/watermarks"), headers={"Authorization": nonsense}
            )
            assert response.status == 401


async def test_twenty_who_cancel_the_same_list_at_once_end_each_once(full_site: FullSite) -> None:
    ids = [full_site.known["@queued"], full_site.known["@scheduled"]]
    asked = [full_site.client.post(f"{ADMIN}/cancel", json={"reason": "storm", "ids": ids}) for _ in range(20)]
    results = [result for response in await asyncio.gather(*asked) for result in (await response.json())["results"]]
    assert Counter(result["code"] for result in results) == {200: 40}
    kinds = Counter((e.kind, e.callback_id) for e in await full_site.store.events("support") if e.callback_id in ids)
    assert [kinds["cancelled", callback_id] for callback_id in ids] == [1, 1]


async def test_a_cancel_and_a_booking_of_another_time_at_once_leave_one_story(full_site: FullSite) -> None:
    for number in (QUEUED, SCHEDULED):
        (record,) = await got(full_site, START, _customer_number=number, _callback_state="!COMPLETED")
        where = f"{START}/support/{record['_id']}"
        moves = [
            full_site.client.put(where, json={"_new_desired_time": format_instant(time() + 3600 + n)})
            for n in range(10)
        ]
        answers = await asyncio.gather(*moves, full_site.client.delete(where))
        assert {response.status for response in answers} <= {200, 409}
        assert answers[-1].status == 200
        callback = await full_site.store.get(record["_id"])
        assert callback is not None
        assert (callback.state, callback.reason) == (CallbackState.COMPLETED, "CANCELLED")

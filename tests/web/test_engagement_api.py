"""`/engagement/v3`: its envelope, what it tells in each state, and what it never tells."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from full_site import DONE, QUEUED, FullSite

from ivr.domain.callback import CallbackState

pytestmark = pytest.mark.web

V3 = "/engagement/v3"
NEW = "+12025550150"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def asked(site: FullSite, path: str, body: Any, status: int = 200) -> Any:
    """`data` of the answer, or all of a failure."""
    response = await site.client.post(V3 + path, json=body)
    text = await response.text()
    assert response.status == status, text
    answer = json.loads(text)
    assert set(answer) == {"status", "data"}
    assert set(answer["status"]) == {"code", "message", "corrId"}
    assert answer["status"]["code"] == status
    assert re.fullmatch(r"[0-9a-f]{32}", answer["status"]["corrId"])
    if status == 200:
        assert answer["status"]["message"] == "Successful"
        return answer["data"]
    return answer


async def got(site: FullSite, path: str, **query: str) -> Any:
    response = await site.client.get(V3 + path, params=query)
    answer = await response.json()
    assert (response.status, answer["status"]["code"]) == (200, 200), answer
    return answer["data"]


async def test_create_keeps_what_is_asked(full_site: FullSite) -> None:
    data = await asked(
        full_site,
        "/callbacks/create",
        {
            "serviceName": "support", "phoneNumber": "202-555-0150", "cbOfferType": "ASAP", "channel": "WEB",
            "offerTiming": "ON-HOURS", "inboundVQ": "vq", "offerThreshold": 180.5, "unheardOf": {"a": []},
            "userData": {"account": "9", "vip": True, "visits": 3, "nothing": None},
        },
    )  # fmt: skip
    callback = await full_site.store.get(data["id"])
    assert callback is not None
    assert (callback.customer_number, callback.state) == (NEW, CallbackState.QUEUED)
    assert callback.user_data == {"account": "9", "vip": "true", "visits": "3"}
    (accepted,) = [event for event in await full_site.store.events("support") if event.callback_id == data["id"]]
    assert accepted.data == {
        "_CB_DIM_CALLBACK_OFFER_TYPE": "ASAP", "_CB_DIM_CHANNEL": "WEB", "_CB_OFFER_TIMING": "ON-HOURS",
        "_CB_DIM_VQ": "vq", "_CB_EWT_THRESHOLD_WHEN_OFFERED": "180.5",
    } | {key: value for key, value in accepted.data.items() if not key.startswith("_CB_")}  # fmt: skip


async def test_a_key_of_user_data_sets_no_option(full_site: FullSite) -> None:
    await full_site.service.catalog.change("support", {"_overwritable_options": "_max_dial_attempts"}, who="test")
    body = {"serviceName": "support", "phoneNumber": NEW, "userData": {"_max_dial_attempts": "20"}}
    answer = await asked(full_site, "/callbacks/create", body, 400)
    assert "userData" in answer["status"]["message"]


async def test_what_is_told_in_each_state(full_site: FullSite) -> None:
    async def told(name: str) -> dict[str, Any]:
        data: dict[str, Any] = await asked(full_site, "/callbacks/retrieve", {"id": full_site.known[name]})
        assert data.pop("id") == full_site.known[name]
        assert INSTANT.fullmatch(data.pop("desiredTime"))
        return data

    queued = await told("@queued")
    assert queued.pop("estimatedWaitTime") > 0
    assert queued == {"callbackState": "QUEUED", "phoneNumber": QUEUED, "positionInQueue": 2}
    assert set(await told("@scheduled")) == {"callbackState", "phoneNumber"}
    assert set(await told("@talking")) == {"callbackState", "phoneNumber"}
    assert await told("@done") == {"callbackState": "COMPLETED", "callbackReason": "storm", "phoneNumber": DONE}


async def test_cancel_once_and_once_more(full_site: FullSite) -> None:
    body = {"id": full_site.known["@queued"]}
    for _ in range(2):
        assert await asked(full_site, "/callbacks/cancel", body) == body
    told = await asked(full_site, "/callbacks/retrieve", body)
    assert (told["callbackState"], told["callbackReason"]) == ("COMPLETED", "CANCELLED")


async def test_a_full_slot_proposes_others_that_can_be_had(full_site: FullSite) -> None:
    wanted = {"serviceName": "booked", "phoneNumber": NEW, "desiredTime": full_site.known["@slot"]}
    answer = await asked(full_site, "/callbacks/create", wanted, 429)
    slots = answer["data"]["slots"]
    assert slots
    assert full_site.known["@slot"] not in slots
    assert all(INSTANT.fullmatch(at) and free == 1 for at, free in slots.items())
    await asked(full_site, "/callbacks/create", {**wanted, "desiredTime": next(iter(slots))})


async def test_failures_of_every_kind_have_the_envelope(full_site: FullSite) -> None:
    for method, path, status in (
        ("GET", "/nowhere", 404), ("GET", "/callbacks/create", 405), ("POST", "/callbacks/open-for/support", 405),
    ):  # fmt: skip
        response = await full_site.client.request(method, V3 + path)
        answer = await response.json()
        assert (response.status, answer["status"]["code"], answer["data"]) == (status, status, None)
        assert len(answer["status"]["corrId"]) == 32


async def test_user_data_and_numbers_are_in_no_log(full_site: FullSite) -> None:
    secret = "sesame-4711"
    body = {"serviceName": "support", "phoneNumber": NEW, "userData": {"account": secret, "pin": secret}}
    with structlog.testing.capture_logs() as logged:
        created = await asked(full_site, "/callbacks/create", body)
        await asked(full_site, "/callbacks/create", body, 429)
        await asked(full_site, "/callbacks/create", {**body, "serviceName": "nowhere"}, 404)
        await asked(full_site, "/callbacks/create", {**body, "userData": {"a b": secret}}, 400)
        await asked(full_site, "/callbacks/create", {**body, "userData": {"a": [secret]}}, 400)
        await asked(full_site, "/callbacks/retrieve", created)
        await asked(full_site, "/callbacks/cancel", created)
    assert len(logged) >= 5
    assert secret not in repr(logged)
    assert NEW not in repr(logged)


async def test_availability_is_the_same_as_by_the_other_api(full_site: FullSite) -> None:
    day = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    query = {"start": f"{day}T09:00:00.000Z", "end": f"{day}T10:00:00.000Z", "timezone": "Europe/Berlin"}
    told = await got(full_site, "/callbacks/availability/booked", **query)
    response = await full_site.client.get("/genesys/2/service/callback/booked/availability", params=query)
    assert told == await response.json()
    assert (told["durationMin"], told["timezone"], len(told["slots"])) == (5, "Europe/Berlin", 12)
    assert told["slots"][0]["utcTime"] == f"{day}T09:00:00.000Z"

    # Times without a zone are of the zone that is given.
    local = datetime.fromisoformat(told["slots"][0]["localTime"]).strftime("%Y-%m-%dT%H:%M:%S")
    again = await got(
        full_site, "/callbacks/availability/booked", start=local, end=query["end"], timezone="Europe/Berlin"
    )
    assert again == told
    few = await got(full_site, "/callbacks/availability/booked", maxTimeSlots="2", **query)
    assert few["slots"] == told["slots"][:2]


async def test_a_full_slot_is_listed_when_it_is_asked_for(full_site: FullSite) -> None:
    query = {"start": full_site.known["@slot"]}
    assert (await got(full_site, "/callbacks/availability/booked", **query))["slots"] == []
    (slot,) = (await got(full_site, "/callbacks/availability/booked", reportBusy="true", **query))["slots"]
    assert (slot["utcTime"], slot["capacity"], slot["total"]) == (full_site.known["@slot"], 0, 1)


async def test_how_long_it_stays_open(full_site: FullSite) -> None:
    assert (await got(full_site, "/callbacks/open-for/closed"))["openFor"] == 0
    in_2020 = {"start": "2020-01-01T09:30:00", "timezone": "America/New_York"}
    assert (await got(full_site, "/callbacks/open-for/closed", **in_2020))["openFor"] == 7.5 * 3600
    assert (await got(full_site, "/callbacks/open-for/closed", start="2020-01-01T14:30:00Z"))["openFor"] == 7.5 * 3600
    assert (await got(full_site, "/callbacks/open-for/booked"))["openFor"] == 366 * 86400
    assert (await got(full_site, "/callbacks/open-for/support"))["openFor"] == 366 * 86400


@pytest.mark.parametrize("mode", ["mode1", "mode2", "mode3"])
async def test_estimates_of_queues_that_there_are_and_are_not(full_site: FullSite, mode: str) -> None:
    support, daily, nowhere = await got(
        full_site, "/estimated-wait-time", mode=mode, **{"virtual-queues": "support, daily,nowhere"}
    )
    assert (support["virtualQueue"], support["estimatedWaitTime"] > 0) == ("support", True)
    assert (daily["virtualQueue"], daily["estimatedWaitTime"]) == ("daily", -1)
    assert nowhere == {"virtualQueue": "nowhere", "estimatedWaitTime": -1, "message": "there is no such queue"}


async def test_twenty_at_once_for_a_slot_of_one(full_site: FullSite) -> None:
    body = {"serviceName": "booked", "phoneNumber": NEW, "desiredTime": full_site.known["@free"]}
    creating = [full_site.client.post(f"{V3}/callbacks/create", json=body) for _ in range(20)]
    assert Counter(response.status for response in await asyncio.gather(*creating)) == {200: 1, 429: 19}


async def test_fifty_at_once_with_one_number_by_both_apis(full_site: FullSite) -> None:
    creating = [
        full_site.client.post(f"{V3}/callbacks/create", json={"serviceName": "support", "phoneNumber": NEW})
        if n % 2
        else full_site.client.post("/genesys/1/service/callback/support", json={"_customer_number": NEW})
        for n in range(50)
    ]
    statuses = Counter(response.status for response in await asyncio.gather(*creating))
    assert (statuses[200], statuses[403] + statuses[429]) == (1, 49)
    assert len(await full_site.store.find("support", number=NEW)) == 1

"""The callback service: what it admits, what it refuses and why, what it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ivr.domain.callback import Attempt, Callback, CallbackState, Reason
from ivr.domain.lifecycle import Event, apply
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.durations import format_instant, parse_duration_s, parse_instant_s
from ivr.service.errors import (
    DuplicateCallback,
    InvalidParameter,
    NumberRefused,
    QueueFull,
    ServiceError,
    StorageFailed,
    TimeRefused,
    UnknownCallback,
    UnknownService,
    WrongState,
)
from ivr.service.interactions import InteractionFailed, InteractionGone
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore
from ivr.store.metered_store import MeteredStore
from ivr.store.port import StaleWrite, StoreUnavailable
from ivr.telemetry.metrics import Metrics

pytestmark = pytest.mark.unit

NOW = 1_800_000_000.0
NUMBER = "+12025550100"
DAY_S = 86400.0


class Switch:
    """Calls in progress, as far as the service marks them."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, str]] = {"1700.1": {}}
        self.failure: Exception | None = None
        self.hangs = False

    async def attach(self, interaction_id: str, data: Mapping[str, str]) -> None:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.failure is not None:
            raise self.failure
        if interaction_id not in self.calls:
            raise InteractionGone(f"no channel {interaction_id}")
        self.calls[interaction_id].update(data)


class Desk:
    """A service on a store in memory, and a clock."""

    def __init__(self, **options: Any) -> None:
        self.now_s = NOW
        self.store = MemoryStore(now=lambda: self.now_s)
        self.metrics = Metrics()
        self.switch = Switch()
        services = {
            name: service_options(name, options, trunk="t", language="en-US") for name in ("support", "sales")
        }
        self.catalog = Catalog(services, self.store)
        self.service = CallbackService(
            MeteredStore(self.store, self.metrics),
            self.catalog,
            interactions=self.switch,
            metrics=self.metrics,
            now=lambda: self.now_s,
        )

    async def start(self, number: str = NUMBER, **params: Any) -> Callback:
        return (await self.service.start("support", {"_customer_number": number, **params})).callback

    async def kinds(self, service: str = "support") -> list[str]:
        return [event.kind for event in await self.store.events(service)]

    def refused(self, error: ServiceError, service: str = "support") -> float | None:
        labels = {"service": service, "exception": error.exception, "cause": error.cause}
        return self.measure("ivr_callbacks_refused_total", **labels)

    def measure(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


# -- start ----------------------------------------------------------------------------------------------------------


async def test_a_started_callback_is_stored_in_line_with_its_data() -> None:
    desk = Desk()
    started = await desk.service.start(
        "support",
        {"_customer_number": "202-555-0100", "_wait_for_agent": "false", "order": 17, "vip": True, "_vq": "ignored"},
        asked_at_s=NOW - 95,
        facts={"ewt_s": "240"},
    )
    callback = started.callback
    assert started.id == callback.id
    assert callback.id.startswith("support-")
    assert await desk.store.get(callback.id) == callback
    assert (callback.state, callback.customer_number, callback.wait_for_agent) == (
        CallbackState.QUEUED,
        NUMBER,
        False,
    )
    assert (callback.asked_at_s, callback.created_at_s, callback.queued_at_s) == (NOW - 95, NOW, NOW)
    assert callback.expires_at_s == NOW + DAY_S
    assert callback.user_data == {"order": "17", "vip": "true"}
    (event,) = await desk.store.events("support")
    assert (event.kind, event.data) == ("accepted", {"state": "QUEUED", "ewt_s": "240"})
    assert desk.measure("ivr_callbacks_accepted_total", service="support") == 1


async def test_nobody_can_have_asked_in_the_future() -> None:
    started = await Desk().service.start("support", {"_customer_number": NUMBER}, asked_at_s=NOW + 50)
    assert started.callback.asked_at_s == NOW


async def test_a_booking_stands_in_no_line_until_its_time() -> None:
    desk = Desk()
    callback = await desk.start(_desired_time=format_instant(NOW + 3600))
    assert callback.state is CallbackState.SCHEDULED
    assert (callback.desired_at_s, callback.asked_at_s) == (NOW + 3600, NOW + 3600)
    assert callback.expires_at_s == NOW + 3600 + DAY_S
    assert callback.queued_at_s is None
    assert await desk.store.line("support") == []

    assert await desk.service.submit_due("support") == []
    desk.now_s += 3600
    (submitted,) = await desk.service.submit_due("support")
    assert (submitted.state, submitted.queued_at_s) == (CallbackState.QUEUED, NOW + 3600)
    assert [place.callback_id for place in await desk.store.line("support")] == [callback.id]
    assert await desk.service.submit_due("support") == []
    assert await desk.kinds() == ["accepted", "submitted"]


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ({}, InvalidParameter, "_customer_number: is missing"),
        ({"_customer_number": ""}, InvalidParameter, "_customer_number: is missing"),
        ({"_customer_number": None}, InvalidParameter, "_customer_number: is missing"),
        ({"_customer_number": 12025550100}, InvalidParameter, "_customer_number: text is wanted, not 12025550100"),
        ({"_customer_number": ["+12025550100"]}, InvalidParameter, "_customer_number: text is wanted"),
        ({"_customer_number": "no number"}, NumberRefused, "a number is wanted such as"),
        ({"_customer_number": "5550100"}, NumberRefused, "_disallow_impossible_phone_numbers"),
        ({"_customer_number": "19005550123"}, NumberRefused, "_disallow_premium_phone_numbers"),
        ({"_customer_number": "911"}, NumberRefused, "an emergency number"),
        ({"_customer_number": "+1202555\x00"}, InvalidParameter, "control characters"),
        ({"_wait_for_agent": "perhaps"}, InvalidParameter, "_wait_for_agent: true or false is wanted"),
        ({"_wait_for_agent": 1}, InvalidParameter, "_wait_for_agent: true or false is wanted"),
        ({"_desired_time": "tomorrow"}, InvalidParameter, "a time in UTC is wanted, such as"),
        ({"_desired_time": "2027-02-30T09:30:00.000Z"}, InvalidParameter, "no such day or time"),
        ({"_desired_time": "2027-03-14T09:30:00.000+01:00"}, InvalidParameter, "a time in UTC is wanted"),
        ({"_desired_time": 5}, InvalidParameter, "_desired_time: text is wanted"),
        ({"_desired_time": "2020-01-01T00:00:00.000Z"}, TimeRefused, "is not in the future; it is 2027-01-15"),
        ({"_desired_time": "2027-06-01T00:00:00.000Z"}, TimeRefused, "_reject_future_desired_time allows 1M"),
        ({"_originating_interaction_id": "1700.1\r\nX: y"}, InvalidParameter, "control characters"),
        ({"_originating_interaction_id": "../../etc"}, InvalidParameter, "the id of a call is wanted"),
        ({"_originating_interaction_id": {}}, InvalidParameter, "text is wanted"),
        ({"order": {"nested": 1}}, InvalidParameter, "order: text, a number, true or false is wanted"),
        ({"order": [1]}, InvalidParameter, "order: text, a number, true or false is wanted"),
        ({"order": "x" * 2001}, InvalidParameter, "order: 2001 characters; at most 2000"),
        ({"order": "a\r\nb"}, InvalidParameter, "order: control characters"),
        ({"order": "\ud800"}, InvalidParameter, "order: is not valid Unicode"),
        ({"bad key": "x"}, InvalidParameter, "a key is a letter and"),
        ({"": "x"}, InvalidParameter, "a key is a letter and"),
        ({f"k{n}": n for n in range(51)}, InvalidParameter, "51 keys of user data; at most 50"),
    ],
)
async def test_a_request_that_cannot_be_is_refused_and_changes_nothing(
    params: dict[str, Any], error: type[ServiceError], words: str
) -> None:
    desk = Desk()
    with pytest.raises(error) as refused:
        await desk.service.start("support", {} if params == {} else {"_customer_number": NUMBER, **params})
    assert words in str(refused.value)
    assert await desk.store.find("support") == []
    assert await desk.kinds() == ["refused"]
    assert desk.refused(refused.value) == 1


async def test_an_unknown_service_is_named_with_the_nearest() -> None:
    desk = Desk()
    with pytest.raises(UnknownService, match="'suport' is not configured; did you mean support") as refused:
        await desk.service.start("suport", {"_customer_number": NUMBER})
    assert desk.refused(refused.value, "") == 1


async def test_missing_keys_are_told_before_wrong_numbers() -> None:
    """The order of admission: mandatory keys, then the number, then the time, then what the store knows."""
    desk = Desk(_customer_lookup_keys="account", _mandatory_customer_lookup_keys="account")
    wrong = {"_customer_number": "911", "_desired_time": "never"}
    with pytest.raises(InvalidParameter, match="account: is missing"):
        await desk.service.start("support", wrong)
    with pytest.raises(NumberRefused):
        await desk.service.start("support", {**wrong, "account": "7"})
    with pytest.raises(InvalidParameter, match="_desired_time"):
        await desk.service.start("support", {**wrong, "account": "7", "_customer_number": NUMBER})


@pytest.mark.parametrize(("checking", "allowed"), [("true", 2), ("strict", 1), ("false", 5)])
async def test_duplicates_are_refused_as_the_option_says(checking: str, allowed: int) -> None:
    desk = Desk(_enable_in_queue_checking=checking)
    # A booking counts like any other.
    ids = [(await desk.start(_desired_time=format_instant(NOW + 60))).id]
    ids += [(await desk.start()).id for _ in range(allowed - 1)]
    if checking == "false":
        return
    with pytest.raises(DuplicateCallback) as refused:
        await desk.start("1-202-555-0100")
    assert sorted(refused.value.pending) == sorted(ids)
    await desk.start("+12025550101")


async def test_a_full_line_refuses_what_is_for_now_and_takes_bookings() -> None:
    desk = Desk(_max_queued_callbacks_per_service=1)
    await desk.start()
    with pytest.raises(QueueFull, match="_max_queued_callbacks_per_service"):
        await desk.start("+12025550101")
    assert (await desk.start("+12025550101", _desired_time=format_instant(NOW + 60))).state is CallbackState.SCHEDULED


async def test_a_store_that_is_away_is_a_refusal() -> None:
    desk = Desk()
    desk.store.available = False
    with pytest.raises(StorageFailed):
        await desk.start()
    with pytest.raises(StorageFailed):
        await desk.service.query("support-0123456789")
    assert desk.measure("ivr_store_errors_total", operation="create") == 1


class AnswersLost(MemoryStore):
    """Writes what it is asked to, and is not heard of."""

    async def create(self, callback: Callback, **checks: Any) -> Callback:
        await super().create(callback, **checks)
        raise StoreUnavailable("no answer from the store within 2 s")


async def test_a_request_stored_after_all_is_withdrawn_as_its_caller_was_told() -> None:
    desk = Desk()
    lossy = AnswersLost(now=lambda: desk.now_s)
    service = CallbackService(lossy, desk.catalog, now=lambda: desk.now_s)
    with pytest.raises(StorageFailed):
        await service.start("support", {"_customer_number": NUMBER})
    assert len(await lossy.line("support")) == 1
    assert await service.expire_overdue("sales") == []
    (withdrawn,) = await service.expire_overdue("support")
    assert (withdrawn.state, withdrawn.reason) == (CallbackState.COMPLETED, Reason.FAIL_QUEUEING)
    assert await lossy.line("support") == []
    assert await service.expire_overdue("support") == []


async def test_a_request_that_was_not_stored_is_looked_for_for_a_while() -> None:
    desk = Desk()
    desk.store.available = False
    with pytest.raises(StorageFailed):
        await desk.start()
    desk.store.available = True
    assert await desk.service.expire_overdue("support") == []
    # The write arrives late: it had been on its way.
    await desk.store.create(
        replace((await desk.start("+12025550101")), id=next(iter(desk.service._doubtful._since_s)))
    )
    desk.now_s += 60
    assert [callback.reason for callback in await desk.service.expire_overdue("support")] == [Reason.FAIL_QUEUEING]


async def test_only_listed_options_are_overridden() -> None:
    desk = Desk(_overwritable_options="_max_dial_attempts,_ttl,_default_country")
    callback = await desk.start(
        "030 123456", _max_dial_attempts=7, _ttl="3600", _default_country="DE", _dial_retry_timeout="1"
    )
    assert callback.customer_number == "+4930123456"
    assert callback.expires_at_s == NOW + 3600
    assert callback.overrides == {"_max_dial_attempts": "7", "_ttl": "3600", "_default_country": "DE"}
    effective = desk.catalog.for_callback(callback)
    assert (effective.max_dial_attempts, effective.dial_retry_timeout_s) == (7, 300)
    with pytest.raises(InvalidParameter, match="_max_dial_attempts: at most 20"):
        await desk.start(_max_dial_attempts=21)


# -- the originating call -------------------------------------------------------------------------------------------


async def test_the_originating_call_gets_its_three_keys() -> None:
    desk = Desk()
    callback = await desk.start(_originating_interaction_id="1700.1")
    assert desk.switch.calls["1700.1"] == {
        "_CB_SERVICE_ID": callback.id,
        "_CB_T_SERVICE_START": "1800000000",
        "_CB_T_CALLBACK_ACCEPTED": "1800000000",
    }
    booked = await desk.start(
        "+12025550101", _originating_interaction_id="1700.1", _desired_time=format_instant(NOW + 3600)
    )
    assert desk.switch.calls["1700.1"]["_CB_T_SERVICE_START"] == "1800003600"
    assert desk.switch.calls["1700.1"]["_CB_T_CALLBACK_ACCEPTED"] == "1800000000"
    assert booked.originating_interaction_id == "1700.1"


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda switch: switch.calls.clear(), "interaction_gone"),
        (lambda switch: setattr(switch, "failure", InteractionFailed("500")), "interaction_failed"),
        (lambda switch: setattr(switch, "hangs", True), "interaction_failed"),
    ],
)
@pytest.mark.looptime
async def test_a_call_that_cannot_be_marked_never_loses_the_callback(
    spoil: Callable[[Switch], None], kind: str
) -> None:
    desk = Desk()
    spoil(desk.switch)
    callback = await desk.start(_originating_interaction_id="1700.1")
    assert await desk.store.get(callback.id) == callback
    accepted, unmarked = await desk.store.events("support")
    assert accepted.kind == "accepted"
    assert (unmarked.kind, unmarked.call_id, unmarked.callback_id) == (kind, "1700.1", callback.id)
    assert unmarked.data["detail"]


async def test_without_a_switch_it_is_said_that_nothing_was_marked() -> None:
    desk = Desk()
    service = CallbackService(desk.store, desk.catalog, now=lambda: NOW)
    await service.start("support", {"_customer_number": NUMBER, "_originating_interaction_id": "1700.1"})
    assert await desk.kinds() == ["accepted", "no_switch"]


# -- find -----------------------------------------------------------------------------------------------------------


async def test_found_by_properties() -> None:
    desk = Desk(_customer_lookup_keys="_customer_number,account")
    one = await desk.start(account="7")
    two = await desk.start("+12025550101", account="7")
    three = await desk.start("+12025550102", account="8", tier="gold")
    await desk.service.cancel(two.id)
    find = desk.service.query_properties

    async def found(*wanted: tuple[str, str], any_of: bool = False) -> set[str]:
        return {callback.id for callback in await find("support", wanted, any_of=any_of)}

    assert await found() == {one.id, two.id, three.id}
    assert await found(("account", "7")) == {one.id, two.id}
    assert await found(("account", "7"), ("_callback_state", "!COMPLETED")) == {one.id}
    assert await found(("_callback_state", "completed,scheduled")) == {two.id}
    assert await found(("_callback_reason", "CANCELLED")) == {two.id}
    assert await found(("_customer_number", "(202) 555-0102")) == {three.id}
    assert await found(("_customer_number", " 12025550102")) == {three.id}
    assert await found(("_customer_number", "garbage")) == set()
    assert await found(("account", "8"), ("_customer_number", NUMBER)) == set()
    assert await found(("account", "8"), ("_customer_number", NUMBER), any_of=True) == {one.id, three.id}
    assert await found(("_callback_state", "QUEUED"), ("_callback_state", "!QUEUED")) == set()

    with pytest.raises(InvalidParameter, match="tier: callbacks are found by"):
        await found(("tier", "gold"))
    with pytest.raises(InvalidParameter, match="SCHEDULED, QUEUED"):
        await found(("_callback_state", "WAITING"))


async def test_found_over_all_services() -> None:
    desk = Desk()
    one = await desk.start()
    desk.now_s += 1
    two = await desk.service.start("sales", {"_customer_number": NUMBER})
    found = await desk.service.query_properties(None, [("_customer_number", NUMBER)])
    assert [callback.id for callback in found] == [one.id, two.id]


# -- change ---------------------------------------------------------------------------------------------------------


async def test_a_cancelled_callback_leaves_the_line_and_stays_cancelled() -> None:
    desk = Desk()
    callback = await desk.start()
    desk.now_s += 10
    cancelled = await desk.service.cancel(callback.id, service="support")
    assert (cancelled.state, cancelled.reason, cancelled.completed_at_s) == (
        CallbackState.COMPLETED, Reason.CANCELLED, NOW + 10,
    )  # fmt: skip
    assert await desk.store.line("support") == []
    assert await desk.service.cancel(callback.id) == cancelled
    assert await desk.kinds() == ["accepted", "cancelled"]
    assert desk.measure("ivr_callbacks_completed_total", service="support", reason="CANCELLED") == 1


async def test_a_callback_that_is_being_dialled_can_be_cancelled_and_its_dialer_finds_out() -> None:
    desk = Desk()
    callback = await desk.start()
    claim = await desk.store.claim(callback.id, "w1", NOW, 30)
    assert claim is not None
    ringing = apply(callback, Event.DIALED, NOW).with_attempt(Attempt(1, "cb-1", NOW))
    ringing = await desk.store.save(ringing, Event.DIALED, claim=claim)
    await desk.service.cancel(callback.id)
    with pytest.raises(StaleWrite):
        await desk.store.save(apply(ringing, Event.CUSTOMER_REACHED, NOW), Event.CUSTOMER_REACHED, claim=claim)


async def test_what_cannot_be_cancelled() -> None:
    desk = Desk()
    with pytest.raises(UnknownCallback):
        await desk.service.cancel("support-0123456789abcdef")
    callback = await desk.start()
    with pytest.raises(UnknownCallback):
        await desk.service.cancel(callback.id, service="sales")
    for event in (Event.CUSTOMER_REACHED, Event.AGENT_CONNECTED):
        callback = await desk.store.save(apply(callback, event, NOW), event)
    with pytest.raises(WrongState, match="PROCESSING: the customer is talking"):
        await desk.service.cancel(callback.id)
    await desk.store.save(apply(callback, Event.TALK_ENDED, NOW), Event.TALK_ENDED)
    with pytest.raises(WrongState, match=r"COMPLETED \(AGENT_CONNECTED\): it has ended"):
        await desk.service.cancel(callback.id)


async def test_cancel_wins_against_others_who_change_the_same_callback() -> None:
    desk = Desk()
    callback = await desk.start()
    changes = [desk.service.update(callback.id, {"n": str(n)}) for n in range(5)]
    outcomes = await asyncio.gather(*changes, desk.service.cancel(callback.id), return_exceptions=True)
    assert not [o for o in outcomes if isinstance(o, BaseException) and not isinstance(o, WrongState)]
    assert (await desk.service.query(callback.id)).reason == Reason.CANCELLED


async def test_a_callback_is_booked_for_another_time() -> None:
    desk = Desk()
    callback = await desk.start()
    moved = await desk.service.update(callback.id, {"_new_desired_time": format_instant(NOW + 900), "note": "later"})
    assert (moved.state, moved.desired_at_s, moved.asked_at_s) == (CallbackState.SCHEDULED, NOW + 900, NOW + 900)
    assert moved.expires_at_s == NOW + 900 + DAY_S
    assert moved.user_data == {"note": "later"}
    assert await desk.store.line("support") == []
    again = await desk.service.update(callback.id, {"_new_desired_time": format_instant(NOW + 1800)})
    assert again.desired_at_s == NOW + 1800
    now = await desk.service.update(callback.id, {})
    assert (now.state, now.desired_at_s, now.asked_at_s) == (CallbackState.QUEUED, None, NOW)
    assert await desk.kinds() == ["accepted", "rescheduled", "rescheduled", "submitted"]


async def test_properties_change_and_the_place_stays() -> None:
    desk = Desk(_enable_in_queue_checking="strict")
    callback = await desk.start(order="1")
    desk.now_s += 60
    changed = await desk.service.update(callback.id, {"order": "2", "_customer_number": "202 555 0177"})
    assert (changed.asked_at_s, changed.state) == (NOW, CallbackState.QUEUED)
    assert (changed.user_data, changed.customer_number) == ({"order": "2"}, "+12025550177")
    await desk.start()  # the old number is free again
    with pytest.raises(DuplicateCallback):
        await desk.service.update(callback.id, {"_customer_number": NUMBER})
    with pytest.raises(NumberRefused):
        await desk.service.update(callback.id, {"_customer_number": "911"})
    with pytest.raises(TimeRefused):
        await desk.service.update(callback.id, {"_new_desired_time": "2020-01-01T00:00:00.000Z"})


async def test_who_is_being_called_is_not_moved() -> None:
    desk = Desk()
    callback = await desk.start()
    ringing = apply(callback, Event.DIALED, NOW).with_attempt(Attempt(1, "cb-1", NOW))
    await desk.store.save(ringing, Event.DIALED)
    with pytest.raises(WrongState, match="is being called just now"):
        await desk.service.update(callback.id, {"_new_desired_time": format_instant(NOW + 900)})
    await desk.service.cancel(callback.id)
    with pytest.raises(WrongState, match="it has ended"):
        await desk.service.update(callback.id, {"order": "3"})


async def test_what_has_waited_too_long_is_ended_and_what_is_in_flight_is_not() -> None:
    desk = Desk(_urs_queued_ttl=600, _ttl=3600)
    waiting = await desk.start()
    ringing = await desk.start("+12025550101")
    booked = await desk.start("+12025550102", _desired_time=format_instant(NOW + 500))
    claim = await desk.store.claim(ringing.id, "w1", NOW, 5000)
    assert claim is not None

    desk.now_s = NOW + 599
    assert await desk.service.expire_overdue("support") == []
    desk.now_s = NOW + 600
    await desk.service.submit_due("support")
    (expired,) = await desk.service.expire_overdue("support")
    assert (expired.id, expired.reason) == (waiting.id, Reason.FAIL_TIMEOUT_TTL)

    desk.now_s = NOW + 4999  # past _ttl of both, but one is in the hands of a dialer
    assert [callback.id for callback in await desk.service.expire_overdue("support")] == [booked.id]
    desk.now_s = NOW + 5000
    assert [callback.id for callback in await desk.service.expire_overdue("support")] == [ringing.id]


# -- options that change --------------------------------------------------------------------------------------------


async def test_options_change_at_once_and_are_kept() -> None:
    desk = Desk(_ewt_threshold=240)
    made = await desk.catalog.change("support", {"_ewt_threshold": 0, "_menu_tries": "3"}, who="ann")
    assert [(c.option, c.old, c.new) for c in made] == [("_ewt_threshold", "240", "0")]
    assert desk.catalog.get("support").ewt_threshold_s == 0
    (event,) = await desk.store.events("support")
    assert (event.kind, event.data) == ("options_changed", {"who": "ann", "_ewt_threshold": "240 -> 0"})

    services = {"support": service_options("support", {"_ewt_threshold": 240}, trunk="t", language="en-US")}
    restarted = Catalog(services, desk.store)
    await restarted.load()
    assert restarted.get("support").ewt_threshold_s == 0
    await restarted.change("support", {"_ewt_threshold": None}, who="bob")
    assert restarted.get("support").ewt_threshold_s == 240
    assert "_ewt_threshold" not in await desk.store.changed_options("support")


async def test_a_wrong_option_changes_nothing() -> None:
    desk = Desk()
    for changes, words in (
        ({"_ewt_threshold": -1, "_menu_tries": 5}, "_ewt_threshold: at least 0"),
        ({"_ewt_treshold": 1}, "did you mean _ewt_threshold"),
        ({"_ewt_threshold": {"a": 1}}, "_ewt_threshold: a number is wanted"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            await desk.catalog.change("support", changes, who="ann")
    assert desk.catalog.get("support").menu_tries == 3
    assert await desk.store.changed_options("support") == {}


async def test_two_changes_at_once_both_hold() -> None:
    desk = Desk()
    await asyncio.gather(
        desk.catalog.change("support", {"_menu_tries": 5}, who="ann"),
        desk.catalog.change("support", {"_ewt_threshold": 60}, who="bob"),
    )
    options = desk.catalog.get("support")
    assert (options.menu_tries, options.ewt_threshold_s) == (5, 60)


async def test_a_kept_option_that_is_not_valid_any_more_is_left_out() -> None:
    desk = Desk()
    await desk.store.change_options("support", {"_menu_tries": "99", "_ttl": "7200", "_gone": "1"}, "x", {})
    await desk.catalog.load()
    options = desk.catalog.get("support")
    assert (options.menu_tries, options.ttl_s) == (3, 7200)


# -- times ----------------------------------------------------------------------------------------------------------


def test_times_are_utc_with_milliseconds() -> None:
    assert format_instant(1489483800.0) == "2017-03-14T09:30:00.000Z"
    assert parse_instant_s("2017-03-14T09:30:00.000Z") == 1489483800.0
    assert parse_instant_s("2017-03-14T09:30:00Z") == 1489483800.0


@pytest.mark.parametrize(
    "text", ["", "now", "2017-03-14", "2017-13-14T09:30:00.000Z", "2017-03-14T09:30:00.000", "x" * 99]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="2027-03-14"):
        parse_instant_s(text)


def test_durations() -> None:
    assert [parse_duration_s(text) for text in ("1m", "2h", "1d", "1w", "1M", "1y")] == [
        60, 7200, 86400, 604800, 30 * 86400, 365 * 86400,
    ]  # fmt: skip
    for text in ("", "M", "0d", "1", "1.5h", "1s", "-1d"):
        with pytest.raises(ValueError, match="36h"):
            parse_duration_s(text)

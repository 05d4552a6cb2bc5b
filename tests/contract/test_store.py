"""What every store must do, held against each of them: the one in memory, and Redis on a real server."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from math import inf

import pytest

from ivr.domain.callback import Attempt, Callback, CallbackState, DialResult, Reason
from ivr.domain.lifecycle import Event, IllegalTransition, apply
from ivr.store.memory_store import MemoryStore
from ivr.store.port import Admission, AlreadyWaiting, CallbackStore, Claim, LineFull, StaleWrite
from ivr.store.redis_store import RedisStore

pytestmark = pytest.mark.contract

NOW = time.time()
NUMBER = "+12025550100"


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[CallbackStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    redis = RedisStore(request.getfixturevalue("redis_url"))
    yield redis
    await redis.close()


def a_callback(n: int = 1, **fields: object) -> Callback:
    made = Callback(
        id=f"support-{n:024x}",
        service="support",
        customer_number=NUMBER,
        created_at_s=NOW,
        asked_at_s=NOW - 60 + n,
        expires_at_s=NOW + 86400,
        queued_at_s=NOW,
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # the fields are spelled out at each call


async def claimed(store: CallbackStore, callback: Callback, worker: str = "w1", lease_s: float = 10.0) -> Claim:
    claim = await store.claim(callback.id, worker, NOW, lease_s)
    assert claim is not None
    return claim


def ids(found: list[Callback]) -> list[str]:
    return [callback.id for callback in found]


# -- a record -------------------------------------------------------------------------------------------------------


async def test_a_callback_comes_back_as_it_was_stored(store: CallbackStore) -> None:
    full = a_callback(
        wait_for_agent=False,
        state=CallbackState.ROUTING,
        desired_at_s=NOW + 0.123456,
        not_before_s=NOW + 1.5,
        locale="de-DE",
        originating_interaction_id="1700000000.12",
        user_data={"account": 'Müller \u2603 "x"', "tier": "gold"},
        lookup_keys=("account",),
        overrides={"_max_dial_attempts": "5"},
        attempts=(
            Attempt(1, "cb-1-1", NOW, ended_at_s=NOW + 30, result=DialResult.NO_ANSWER, detail="cause 19"),
            Attempt(2, "cb-1-2", NOW + 300, answered_at_s=NOW + 310.25),
        ),
    )
    stored = await store.create(full)
    assert stored == replace(full, version=1)
    assert await store.get(full.id) == stored


async def test_an_unknown_id_is_nothing(store: CallbackStore) -> None:
    assert await store.get("support-0000000000000000") is None
    assert await store.get("no id at all: {support}*") is None
    assert await store.claim("support-0000000000000000", "w1", NOW, 10) is None
    assert await store.claim("", "w1", NOW, 10) is None


async def test_a_save_over_what_was_read_counts_the_version(store: CallbackStore) -> None:
    first = await store.create(a_callback())
    second = await store.save(replace(first, not_before_s=NOW + 5), "updated")
    assert second.version == 2
    assert await store.get(first.id) == second


async def test_a_save_over_an_older_version_is_refused(store: CallbackStore) -> None:
    first = await store.create(a_callback())
    second = await store.save(replace(first, not_before_s=NOW + 5), "updated")
    with pytest.raises(StaleWrite):
        await store.save(replace(first, not_before_s=NOW + 9), "updated")
    assert await store.get(first.id) == second


async def test_a_save_of_what_never_was_is_refused(store: CallbackStore) -> None:
    with pytest.raises(StaleWrite):
        await store.save(a_callback(), "updated")
    assert await store.find("support") == []


async def test_the_same_write_repeated_is_answered_alike_and_done_once(store: CallbackStore) -> None:
    callback = a_callback()
    first = await store.create(callback, admission=Admission(max_pending=1))
    assert await store.create(callback, admission=Admission(max_pending=1)) == first
    changed = replace(first, not_before_s=NOW + 5)
    second = await store.save(changed, "updated")
    assert await store.save(changed, "updated") == second
    assert [event.kind for event in await store.events("support")] == ["accepted", "updated"]


async def test_another_callback_of_the_same_id_is_refused(store: CallbackStore) -> None:
    await store.create(a_callback())
    with pytest.raises(StaleWrite):
        await store.create(a_callback(customer_number="+12025550199"))


# -- admission ------------------------------------------------------------------------------------------------------


async def test_a_number_has_no_more_pending_than_allowed(store: CallbackStore) -> None:
    one, two = a_callback(1), a_callback(2)
    await store.create(one, admission=Admission(max_pending=2))
    await store.create(two, admission=Admission(max_pending=2))
    with pytest.raises(AlreadyWaiting) as refused:
        await store.create(a_callback(3), admission=Admission(max_pending=2))
    assert sorted(refused.value.pending) == [one.id, two.id]
    assert await store.get(a_callback(3).id) is None
    assert len(await store.events("support")) == 2


async def test_pending_is_counted_per_number_and_service(store: CallbackStore) -> None:
    await store.create(a_callback(1), admission=Admission(max_pending=1))
    # One that begins alike is another number.
    await store.create(a_callback(2, customer_number=NUMBER + "9"), admission=Admission(max_pending=1))
    await store.create(a_callback(3, customer_number=NUMBER[:-1]), admission=Admission(max_pending=1))
    sales = replace(a_callback(4), id=f"sales-{4:024x}", service="sales")
    await store.create(sales, admission=Admission(max_pending=1))
    with pytest.raises(AlreadyWaiting):
        await store.create(a_callback(5, customer_number=NUMBER + "9"), admission=Admission(max_pending=1))


async def test_a_finished_callback_is_not_pending(store: CallbackStore) -> None:
    first = await store.create(a_callback(1), admission=Admission(max_pending=1))
    await store.save(apply(first, Event.CANCELLED, NOW), "cancelled")
    await store.create(a_callback(2), admission=Admission(max_pending=1))


async def test_a_changed_number_is_counted_where_it_goes(store: CallbackStore) -> None:
    other = "+12025550111"
    first = await store.create(a_callback(1))
    await store.create(a_callback(2, customer_number=other))
    with pytest.raises(AlreadyWaiting):
        await store.save(replace(first, customer_number=other), "updated", admission=Admission(max_pending=1))
    await store.save(replace(first, customer_number="+12025550122"), "updated", admission=Admission(max_pending=1))
    assert await store.find("support", number=NUMBER) == []
    assert ids(await store.find("support", number="+12025550122")) == [first.id]
    await store.create(a_callback(3), admission=Admission(max_pending=1))


async def test_the_line_takes_no_more_than_allowed_but_bookings_pass(store: CallbackStore) -> None:
    for n in range(3):
        await store.create(a_callback(n), admission=Admission(max_queued=3))
    with pytest.raises(LineFull) as refused:
        await store.create(a_callback(3), admission=Admission(max_queued=3))
    assert refused.value.waiting == 3
    await store.create(
        a_callback(4, state=CallbackState.SCHEDULED, queued_at_s=None), admission=Admission(max_queued=3)
    )


async def test_a_hundred_at_once_for_one_number_make_one(store: CallbackStore) -> None:
    tries = (store.create(a_callback(n), admission=Admission(max_pending=1)) for n in range(100))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Callback) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyWaiting) for outcome in outcomes) == 99
    assert len(await store.find("support")) == 1


async def test_a_hundred_at_once_into_a_line_of_ten_make_ten(store: CallbackStore) -> None:
    tries = (
        store.create(a_callback(n, customer_number=f"+120255501{n:02d}"), admission=Admission(max_queued=10))
        for n in range(100)
    )
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Callback) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, LineFull) for outcome in outcomes) == 90
    assert len(await store.line("support")) == 10


# -- finding --------------------------------------------------------------------------------------------------------


async def test_found_by_number_state_and_lookup_key_oldest_ask_first(store: CallbackStore) -> None:
    gold = a_callback(3, user_data={"account": "7", "tier": "gold"}, lookup_keys=("account",))
    for callback in (gold, a_callback(2), a_callback(1, customer_number="+12025550111")):
        await store.create(callback)
    done = await store.create(a_callback(4))
    await store.save(apply(done, Event.CANCELLED, NOW), "cancelled")

    assert ids(await store.find("support")) == [a_callback(n).id for n in (1, 2, 3, 4)]
    assert ids(await store.find("support", number=NUMBER)) == [a_callback(n).id for n in (2, 3, 4)]
    assert ids(await store.find("support", number=NUMBER, states=[CallbackState.COMPLETED])) == [done.id]
    assert ids(await store.find("support", states=[CallbackState.QUEUED], limit=2)) == [
        a_callback(n).id for n in (1, 2)
    ]
    assert ids(await store.find("support", lookup=("account", "7"))) == [gold.id]
    assert await store.find("support", lookup=("tier", "gold")) == []
    assert await store.find("sales") == []


async def test_finds_more_than_one_page(store: CallbackStore) -> None:
    await asyncio.gather(*(store.create(a_callback(n)) for n in range(600)))
    assert len(await store.find("support", number=NUMBER)) == 600
    assert ids(await store.find("support", limit=550)) == [a_callback(n).id for n in range(550)]


async def test_found_by_time_in_pages_that_neither_repeat_nor_leave_out(store: CallbackStore) -> None:
    # Several asked in the same moment, across two states: only the id tells them apart.
    made = [
        a_callback(n, customer_number=f"+120255501{n:02d}", asked_at_s=NOW + n // 4, state=state)
        for n in range(40)
        for state in [CallbackState.SCHEDULED if n % 3 else CallbackState.QUEUED]
    ]
    for callback in made:
        await store.create(callback)
    wanted = [c.id for c in made if NOW + 2 <= c.asked_at_s < NOW + 9]
    states = [CallbackState.QUEUED, CallbackState.SCHEDULED]
    assert ids(await store.find_between("support", NOW + 2, NOW + 9, states=states)) == wanted

    paged: list[str] = []
    after = None
    while page := await store.find_between("support", NOW + 2, NOW + 9, states=states, after=after, limit=3):
        assert len(page) <= 3
        paged += ids(page)
        after = page[-1].asked_at_s, page[-1].id
    assert paged == wanted
    everything = await store.find_between("support", -inf, inf, states=list(CallbackState))
    assert len(everything) == 40
    assert await store.find_between("support", NOW, NOW + 9, states=[CallbackState.ROUTING]) == []


async def test_counts_by_state(store: CallbackStore) -> None:
    assert set((await store.counts("support")).values()) == {0}
    await store.create(a_callback(1))
    await store.create(a_callback(2, state=CallbackState.SCHEDULED))
    third = await store.create(a_callback(3))
    await store.save(apply(third, Event.CANCELLED, NOW), "cancelled")
    counts = await store.counts("support")
    assert {state.value: n for state, n in counts.items() if n} == {"QUEUED": 1, "SCHEDULED": 1, "COMPLETED": 1}


# -- the line -------------------------------------------------------------------------------------------------------


async def test_the_line_is_ordered_by_who_asked_first(store: CallbackStore) -> None:
    order = list(range(20))
    random.Random(3).shuffle(order)
    for n in order:
        await store.create(a_callback(n, not_before_s=float(n), wait_for_agent=n % 2 == 0))
    line = await store.line("support")
    assert [place.callback_id for place in line] == [a_callback(n).id for n in range(20)]
    assert [place.not_before_s for place in line] == [float(n) for n in range(20)]
    assert [place.wait_for_agent for place in line[:3]] == [True, False, True]
    assert {place.queued_at_s for place in line} == {NOW}
    assert {place.expires_at_s for place in line} == {NOW + 86400}


async def test_who_is_reached_stays_in_line_and_who_talks_or_is_booked_does_not(store: CallbackStore) -> None:
    callback = await store.create(a_callback(1))
    claim = await claimed(store, callback)
    callback = await store.save(apply(callback, Event.CUSTOMER_REACHED, NOW), "customer_reached", claim=claim)
    (place,) = await store.line("support")
    assert (place.state, place.in_flight) == (CallbackState.ROUTING, True)

    callback = await store.save(apply(callback, Event.AGENT_CONNECTED, NOW), "agent_connected", claim=claim)
    assert await store.line("support") == []
    # Still in the hands of the worker that watches the talk.
    assert await store.expired_claims("support", NOW + 11) == [callback.id]

    await store.create(a_callback(2, state=CallbackState.SCHEDULED))
    assert await store.line("support") == []


async def test_losing_a_place_by_being_booked_for_later(store: CallbackStore) -> None:
    callback = await store.create(a_callback(1))
    later = replace(apply(callback, Event.RESCHEDULED, NOW), asked_at_s=NOW + 900, desired_at_s=NOW + 900)
    await store.save(later, "rescheduled")
    assert await store.line("support") == []
    assert await store.due("support", NOW + 899) == []
    assert await store.due("support", NOW + 900) == [callback.id]


async def test_due_ones_earliest_first(store: CallbackStore) -> None:
    for n, at_s in ((1, 300.0), (2, 100.0), (3, 200.0), (4, 1000.0)):
        await store.create(a_callback(n, state=CallbackState.SCHEDULED, asked_at_s=NOW + at_s))
    assert await store.due("support", NOW + 300) == [a_callback(n).id for n in (2, 3, 1)]
    assert await store.due("support", NOW + 300, limit=1) == [a_callback(2).id]


async def test_unfinished_ones_past_their_time_are_told_and_never_vanish(store: CallbackStore) -> None:
    late = await store.create(a_callback(1, expires_at_s=NOW - 5))
    booked = a_callback(2, expires_at_s=NOW - 9, state=CallbackState.SCHEDULED)
    await store.create(booked)
    held = await store.create(a_callback(3, expires_at_s=NOW - 5))
    await claimed(store, held)
    ended = await store.create(a_callback(4, expires_at_s=NOW - 5))
    await store.save(apply(ended, Event.EXPIRED, NOW), "expired")
    await store.create(a_callback(5))

    assert await store.get(late.id) == late
    assert await store.overdue("support", NOW) == [booked.id, late.id]
    assert held.id in await store.overdue("support", NOW + 10)


async def test_a_finished_record_is_deleted_when_its_time_is_over(store: CallbackStore) -> None:
    callback = await store.create(a_callback(1, expires_at_s=NOW - 1))
    # Ended two hours ago: kept for one hour after that.
    await store.save(apply(callback, Event.EXPIRED, NOW - 7200), "expired")
    assert await store.get(callback.id) is None
    assert await store.find("support") == []
    assert await store.find("support", number=NUMBER) == []

    callback = await store.create(a_callback(2, expires_at_s=NOW - 1))
    ended = await store.save(apply(callback, Event.EXPIRED, NOW - 60), "expired")
    assert await store.get(callback.id) == ended


# -- claims ---------------------------------------------------------------------------------------------------------


async def test_a_hundred_at_once_for_one_callback_give_one_claim(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    claims = await asyncio.gather(*(store.claim(callback.id, f"w{n}", NOW, 10) for n in range(100)))
    taken = [claim for claim in claims if claim is not None]
    assert len(taken) == 1
    assert taken[0].callback == callback
    assert (await store.line("support"))[0].in_flight


async def test_sixteen_workers_share_a_line_without_meeting(store: CallbackStore) -> None:
    await asyncio.gather(*(store.create(a_callback(n)) for n in range(60)))
    done: list[str] = []

    async def work(worker: str) -> None:
        while waiting := [place for place in await store.line("support") if not place.in_flight]:
            claim = await store.claim(waiting[0].callback_id, worker, NOW, 10)
            if claim is not None:
                ended = apply(claim.callback, Event.GAVE_UP, NOW, reason=Reason.FAIL_ERROR)
                await store.save(ended, "gave_up", claim=claim)
                done.append(claim.callback.id)

    await asyncio.gather(*(work(f"w{n}") for n in range(16)))
    assert sorted(done) == [a_callback(n).id for n in range(60)]


async def test_a_held_callback_is_free_again_when_its_lease_ends(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    first = await claimed(store, callback, "w1", lease_s=10)
    assert await store.expired_claims("support", NOW + 9.9) == []
    assert await store.claim(callback.id, "w2", NOW + 9.9, 10) is None
    assert await store.expired_claims("support", NOW + 10) == [callback.id]
    second = await store.claim(callback.id, "w2", NOW + 10, 10)
    assert second is not None
    assert second.fence > first.fence


async def test_who_lost_a_claim_can_neither_write_renew_nor_release(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    lost = await claimed(store, callback, "w1")
    won = await store.claim(callback.id, "w2", NOW + 11, 10)
    assert won is not None
    with pytest.raises(StaleWrite):
        await store.save(apply(callback, Event.DIALED, NOW), "dialed", claim=lost)
    with pytest.raises(StaleWrite):
        await store.renew(lost, NOW + 11, 10)
    await store.release(lost)
    assert await store.claim(callback.id, "w3", NOW + 12, 10) is None
    assert (await store.save(apply(callback, Event.DIALED, NOW), "dialed", claim=won)).version == 2


async def test_a_renewed_claim_lasts_longer(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    claim = await claimed(store, callback, lease_s=10)
    renewed = await store.renew(claim, NOW + 8, 10)
    assert renewed.until_s == NOW + 18
    assert renewed.fence == claim.fence
    assert await store.expired_claims("support", NOW + 17) == []
    assert await store.claim(callback.id, "w2", NOW + 17, 10) is None


async def test_a_released_claim_leaves_the_place_to_the_next(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    claim = await claimed(store, callback)
    await store.release(claim)
    (place,) = await store.line("support")
    assert not place.in_flight
    assert place.asked_at_s == callback.asked_at_s
    with pytest.raises(StaleWrite):
        await store.renew(claim, NOW, 10)
    again = await claimed(store, callback, "w2")
    assert again.fence > claim.fence


async def test_an_end_by_somebody_else_ends_the_claim_and_is_seen_by_its_holder(store: CallbackStore) -> None:
    callback = await store.create(a_callback())
    claim = await claimed(store, callback)
    cancelled = await store.save(apply(callback, Event.CANCELLED, NOW), "cancelled")
    assert await store.line("support") == []
    assert await store.expired_claims("support", NOW + 100) == []
    with pytest.raises(StaleWrite):
        await store.save(apply(callback, Event.DIALED, NOW), "dialed", claim=claim)
    with pytest.raises(StaleWrite):
        await store.renew(claim, NOW, 10)
    assert await store.claim(callback.id, "w2", NOW + 100, 10) is None
    assert await store.get(callback.id) == cancelled


async def test_only_a_queued_one_is_claimed_for_dialling_and_an_orphan_by_asking_for_it(store: CallbackStore) -> None:
    booked = await store.create(a_callback(1, state=CallbackState.SCHEDULED))
    assert await store.claim(booked.id, "w1", NOW, 10) is None
    assert await store.claim(booked.id, "w1", NOW, 10, orphaned=True) is None

    callback = await store.create(a_callback(2))
    claim = await claimed(store, callback, "w1")
    reached = await store.save(apply(callback, Event.CUSTOMER_REACHED, NOW), "customer_reached", claim=claim)
    assert await store.claim(callback.id, "w2", NOW + 5, 10, orphaned=True) is None
    assert await store.claim(callback.id, "w2", NOW + 11, 10) is None
    orphan = await store.claim(callback.id, "w2", NOW + 11, 10, orphaned=True)
    assert orphan is not None
    assert orphan.callback == reached


# -- events ---------------------------------------------------------------------------------------------------------


async def test_every_change_is_an_event_in_order(store: CallbackStore) -> None:
    callback = await store.create(a_callback(originating_interaction_id="1700.1"), data={"via": "ivr"})
    await store.log("support", "offered", call_id="1700.2", data={"wait_s": "240"})
    await store.save(apply(callback, Event.CANCELLED, NOW), "cancelled", data={"who": "api"})

    events = await store.events("support")
    assert [(e.kind, e.callback_id, e.call_id) for e in events] == [
        ("accepted", callback.id, "1700.1"),
        ("offered", None, "1700.2"),
        ("cancelled", callback.id, "1700.1"),
    ]
    assert events[0].data == {"state": "QUEUED", "via": "ivr"}
    assert events[1].data == {"wait_s": "240"}
    assert events[2].data == {"state": "COMPLETED", "reason": "CANCELLED", "who": "api"}
    assert all(abs(event.at_s - time.time()) < 5 for event in events)

    assert await store.events("support", events[0].id) == events[1:]
    assert await store.events("support", events[0].id, limit=1) == events[1:2]
    assert await store.events("support", events[2].id) == []
    assert await store.events("support", "$") == []
    assert await store.events("sales") == []


async def test_who_waits_for_events_gets_the_next_one(store: CallbackStore) -> None:
    await store.log("support", "old")
    waiting = asyncio.create_task(store.events("support", "$", block_s=5))
    await asyncio.sleep(0.05)
    await store.log("support", "new")
    assert [event.kind for event in await waiting] == ["new"]


async def test_waiting_for_events_ends(store: CallbackStore) -> None:
    begun_s = time.monotonic()
    assert await store.events("support", "$", block_s=0.1) == []
    assert 0.05 < time.monotonic() - begun_s < 2


# -- options --------------------------------------------------------------------------------------------------------


async def test_changed_options_are_kept_and_logged(store: MemoryStore | RedisStore) -> None:
    assert await store.changed_options("support") == {}
    await store.change_options("support", {"_ewt_threshold": "0", "_prefix_dial_out": ""}, "options", {"who": "ann"})
    assert await store.changed_options("support") == {"_ewt_threshold": "0", "_prefix_dial_out": ""}
    await store.change_options("support", {"_ewt_threshold": None}, "options", {"who": "bob"})
    assert await store.changed_options("support") == {"_prefix_dial_out": ""}
    assert [event.data for event in await store.events("support")] == [{"who": "ann"}, {"who": "bob"}]


# -- both alike -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
async def test_both_stores_tell_the_same_story(redis_url: str, seed: int) -> None:
    """A few hundred random steps on both at once: every answer and every refusal is the same."""
    redis = RedisStore(redis_url)
    stories = [await a_story(store, random.Random(seed)) for store in (MemoryStore(), redis)]
    await redis.close()
    for step, (memory, real) in enumerate(zip(*stories, strict=True)):
        assert memory == real, step


async def a_story(store: CallbackStore, rng: random.Random) -> list[object]:
    """What a store answers to random steps."""
    told: list[object] = []
    known: dict[str, Callback] = {}
    claims: list[Claim] = []
    now_s = NOW
    for n in range(300):
        now_s += rng.random() * 4
        step = rng.choice(
            ["create", "create", "change", "change", "change", "stale", "claim", "claim", "renew", "release"]
        )
        callback = rng.choice(list(known.values())) if known else None
        claim = rng.choice(claims) if claims else None
        try:
            match step:
                case "create":
                    made = a_callback(
                        n,
                        customer_number=f"+1202555010{rng.randrange(8)}",
                        asked_at_s=NOW + rng.randrange(50),
                        state=rng.choice([CallbackState.QUEUED, CallbackState.SCHEDULED]),
                    )
                    told.append(stored := await store.create(made, admission=Admission(max_pending=2, max_queued=6)))
                    known[stored.id] = stored
                case "change" if callback is not None:
                    event = rng.choice([event for event in Event if event is not Event.EXPIRED])
                    held = claim if claim and claim.callback.id == callback.id else None
                    changed = apply(callback, event, now_s, reason=Reason.FAIL_ERROR)
                    if rng.random() < 0.2:
                        changed = replace(changed, customer_number=f"+1202555010{rng.randrange(8)}")
                    told.append(
                        stored := await store.save(changed, event, claim=held, admission=Admission(max_pending=2))
                    )
                    known[stored.id] = stored
                case "stale" if callback is not None and callback.version > 1:
                    await store.save(replace(callback, version=callback.version - 1, not_before_s=now_s), "stale")
                case "claim" if callback is not None:
                    got = await store.claim(callback.id, f"w{n}", now_s, 10, orphaned=rng.random() < 0.3)
                    told.append(got)
                    claims += [got] if got else []
                case "renew" if claim is not None:
                    told.append(await store.renew(claim, now_s, 10))
                case "release" if claim is not None:
                    await store.release(claim)
        except (StaleWrite, AlreadyWaiting, LineFull, IllegalTransition) as refused:
            told.append((type(refused), sorted(refused.pending) if isinstance(refused, AlreadyWaiting) else ""))
        told += [
            await store.line("support"),
            await store.expired_claims("support", now_s),
            await store.counts("support"),
        ]
    told += [
        await store.find("support"),
        await store.due("support", NOW + 25),
        await store.overdue("support", NOW + 1e6),
    ]
    return told

"""What becomes of callbacks when a part of the system dies under them: real kills, at every stage of a call.

No telephone may ring twice for one attempt, a talk goes on whatever happens beside it, and everybody comes to an end.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest
from centre import Centre, wait
from severing import sever
from story import Events
from words import when

from ivr.domain.prompts import Prompt
from ivr.lab.lab import Lab
from ivr.lab.places import AMI_PORT, ARI_PORT

pytest_plugins = ["shared_lab"]

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

AGENTS = ("agent-1", "agent-2")
TALK_S = 13
"""Longer than a lease lasts, so that a talk outlives the worker that watched it."""
AGENT_SPEAKS_S = 5.0
"""What an agent says first; only then it is looked up how long the talk is to last."""
RING_S = 20
OPTIONS: dict[str, str | int | float | bool] = {
    "_overwritable_options": "_max_dial_attempts",
    "_max_dial_attempts": 2,
    "_dial_retry_timeout": 1,
    "_ixn_createcall_timeout": RING_S,
    "_confirm_timeout": 11,
    "_ewt_threshold": 86400,
}
RECOVERY_S = 12.0
"""A worker that died is known to be dead when its leases have run out, after 10 s."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(agents=len(AGENTS), talk_s=TALK_S, wrapup_s=1, options={"support": OPTIONS}) as lab:
        yield lab


# ---- the connection to Asterisk is lost, and then the application dies

# The carrier's people are the last two digits, whatever stands before.
IN_QUEUE = ("+12025553140", "+12025553141")
"""One agent for two: one of them talks, the other waits."""
ASKED = "+12025553103"
RINGING = "+12025553142"
RINGS_MORE_S = 10
"""Until about when the application is back."""
RINGING_IN_VAIN = "+12025553111"


@dataclass(frozen=True, slots=True)
class Struck:
    """Customers at every stage of their call when it happened, by their number; all have come to an end since."""

    centre: Centre
    ids: dict[str, str]
    talking: str
    waiting: str
    struck_at_s: float


@pytest.fixture(scope="module")
def struck(lab: Lab, centre: Centre, events: Events) -> Struck:
    centre.pause(AGENTS[1])
    ids = {customer: centre.ask(customer, _wait_for_agent=False) for customer in IN_QUEUE}
    for customer in IN_QUEUE:
        centre.happens(customer, "digit", 8)
    for customer in (ASKED, RINGING_IN_VAIN):
        ids[customer] = centre.ask(customer, _wait_for_agent=False, _max_dial_attempts=1)
    centre.happens(ASKED, "answer", 5)
    talking, waiting = who_talks(centre, ids)
    cut_off(centre)
    wait(f"{ASKED} to be asked again", 3, lambda: times_asked(events, ids[ASKED]) == 2)
    lab.carrier_cli(f"dialplan set global RING_MORE_S {RINGS_MORE_S}")
    ids[RINGING] = centre.ask(RINGING, _wait_for_agent=False)
    centre.happens(RINGING, "ring", 3)
    assert still_rings(centre, RINGING_IN_VAIN)
    struck_at_s = time.time()
    lab.kill("app")
    lab.carrier_cli("dialplan set global RING_MORE_S 0")
    centre.unpause(AGENTS[1])
    centre.connected(waiting, 5)
    time.sleep(AGENT_SPEAKS_S)
    lab.set_talk_s(1)
    for callback_id in ids.values():
        centre.ends(callback_id, 60)
    return Struck(centre, ids, talking, waiting, struck_at_s)


def times_asked(events: Events, callback_id: str) -> int:
    told = [each.data["media"] for each in events.of_call(f"cb-{callback_id}-1") if each.kind == "heard"]
    return sum(Prompt.CALLBACK_HELLO in media for media in told)


def who_talks(centre: Centre, ids: dict[str, str]) -> tuple[str, str]:
    """Who of the two has the agent, and who waits; as soon as one has."""

    def found() -> tuple[str, str] | None:
        states = {centre.callback(ids[customer])["_callback_state"]: customer for customer in IN_QUEUE}
        return (states["PROCESSING"], states["ROUTING"]) if len(states) == 2 else None

    return wait("one of two to have the agent", 5, found)


def still_rings(centre: Centre, customer: str) -> bool:
    return [len(centre.events(customer, what)) for what in ("ring", "answer", "end")] == [1, 0, 0]


def cut_off(centre: Centre) -> None:
    """Break every connection of the application to Asterisk, and wait until ARI is there again."""

    def times_connected() -> int:
        return Path(centre.lab.data.logs["app"]).read_text().count('"event": "ari.connected"')

    before = times_connected()
    pid = centre.lab.ps().pids["app"]
    assert sever(pid, ARI_PORT) > 0
    assert sever(pid, AMI_PORT) == 1
    wait("ARI to be connected again", 3, lambda: times_connected() > before)


def test_the_talk_goes_on_and_is_seen_to_its_end(struck: Struck) -> None:
    centre, callback_id = struck.centre, struck.ids[struck.talking]
    assert centre.ends(callback_id, 1) == "AGENT_CONNECTED"
    (end,) = centre.events(struck.talking, "end")
    assert end.at_s - struck.struck_at_s > RECOVERY_S
    assert centre.attempts(callback_id)[0]["ended_at"] == pytest.approx(end.at_s, abs=0.5)
    tone_s = centre.recording(struck.talking).tone_s(1300)
    assert tone_s == pytest.approx(TALK_S, abs=1.0), "the talk has gaps"


def test_who_waited_in_the_queue_gets_the_agent_though_nobody_watches(struck: Struck) -> None:
    centre, callback_id = struck.centre, struck.ids[struck.waiting]
    served_s = centre.connected(struck.waiting, 1)
    assert served_s - struck.struck_at_s < RECOVERY_S, "the agent answers while the application recovers"
    assert centre.ends(callback_id, 1) == "AGENT_CONNECTED"
    assert centre.results(callback_id) == ["PERSON"]


def test_a_telephone_rings_on_and_who_answers_is_asked_and_connected(struck: Struck) -> None:
    centre, callback_id = struck.centre, struck.ids[RINGING]
    assert centre.ends(callback_id, 1) == "AGENT_CONNECTED"
    assert centre.results(callback_id) == ["PERSON"]
    centre.connected(RINGING, 1)


def test_a_telephone_that_nobody_answers_rings_to_its_limit(struck: Struck) -> None:
    centre = struck.centre
    ring, end = centre.events(RINGING_IN_VAIN, "ring")[0], centre.events(RINGING_IN_VAIN, "end")[0]
    assert end.at_s - ring.at_s == pytest.approx(RING_S, abs=0.5)
    assert centre.results(struck.ids[RINGING_IN_VAIN])[0] == "NO_ANSWER"


def test_who_was_being_asked_is_asked_again(struck: Struck) -> None:
    centre = struck.centre
    end = centre.happens(ASKED, "end", 6)
    assert end.at_s - struck.struck_at_s > RECOVERY_S
    heard = centre.recording(ASKED)
    struck_s = heard.duration_s - (end.at_s - struck.struck_at_s)
    # What the script before the kill had begun to say goes on; this is the one after it.
    asked_s = when(heard, Prompt.CALLBACK_HELLO, from_s=struck_s + 3)
    assert asked_s is not None
    assert asked_s - struck_s < RECOVERY_S
    assert when(heard, Prompt.CALLBACK_PRESS_1, from_s=asked_s) is not None


@pytest.mark.parametrize("customer", [*IN_QUEUE, ASKED, RINGING, RINGING_IN_VAIN])
def test_no_telephone_rings_twice(struck: Struck, customer: str) -> None:
    attempts = struck.centre.attempts(struck.ids[customer])
    assert struck.centre.lab.rings(customer) == len(attempts) == 1


# ---- the store dies


def test_a_call_goes_on_without_the_store_and_is_written_down_when_it_is_back(
    struck: Struck, lab: Lab, centre: Centre
) -> None:
    customer = "+12025554100"
    callback_id = centre.ask(customer, _wait_for_agent=False)
    ring = centre.happens(customer, "ring", 3)
    lab.stop("redis", signal.SIGKILL)
    try:
        with pytest.raises(HTTPError) as refused:
            centre.ask("+12025554101", _wait_for_agent=False)
        with refused.value as answer_of_http:
            assert answer_of_http.code == 503
        answer = centre.happens(customer, "answer", 3)
        served_s = centre.connected(customer, 15)
        centre.happens(customer, "end", 15)
    finally:
        lab.start_part("redis")
    assert centre.ends(callback_id, 8) == "AGENT_CONNECTED"
    assert centre.results(callback_id) == ["PERSON"]
    assert centre.lab.rings(customer) == 1
    assert served_s - answer.at_s < 14
    assert ring.at_s < answer.at_s


# ---- Asterisk dies


def test_an_attempt_that_died_with_asterisk_counts_and_the_next_one_is_made(
    struck: Struck, lab: Lab, centre: Centre
) -> None:
    talking, ringing = "+12025555140", "+12025555100"
    ids = {talking: centre.ask(talking, _wait_for_agent=False)}
    centre.reaches(ids[talking], "PROCESSING", 12)
    ids[ringing] = centre.ask(ringing, _wait_for_agent=False)
    centre.happens(ringing, "ring", 3)
    lab.kill("pbx")
    assert centre.ends(ids[talking], 10) == "AGENT_CONNECTED"
    assert centre.ends(ids[ringing], 30) == "AGENT_CONNECTED"
    assert centre.results(ids[ringing]) == ["UNKNOWN", "PERSON"]
    assert (centre.lab.rings(talking), centre.lab.rings(ringing)) == (1, 2)

"""Callbacks on the real switch: who answers, who gets an agent and when, and what the records say.

The carrier's people are called first and all at once, and go on being called and tried again beside the first tests.
All callbacks stand in one line with the live callers; so the tests of the line come last, when it is empty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pytest
from centre import OUR_NUMBER, Centre, in_future, number, wait
from listening import Sound
from words import clip, loudness_of_speech, when

from ivr.domain.prompts import Prompt
from ivr.lab.lab import Lab

pytest_plugins = ["shared_lab"]

pytestmark = [pytest.mark.lab, pytest.mark.timeout(90)]

PEOPLE = "people"
"""A service of their own."""
AGENTS = ("agent-1", "agent-2", "agent-3", "agent-4")
TALK_S = 3
GAP_S = 2.0
RING_S = 6.0
OPTIONS: dict[str, str | int | float | bool] = {
    "_overwritable_options": "_trunk,_dial_retry_timeout,_max_time_to_wait_for_agent_on_the_call",
    "_max_dial_attempts": 2,
    "_dial_retry_timeout": GAP_S,
    "_ixn_createcall_timeout": RING_S,
    # The slowest person presses 1 ten seconds after answering.
    "_confirm_timeout": 12,
    "_max_in_flight": 100,
    # Live callers go straight to the agents.
    "_ewt_threshold": 86400,
}
WANT_AN_AGENT = ("00", "01", "02", "57")
# The carrier's people are the last two digits, whatever stands before: this one too is busy.
BOOKED = "+12025557110"
BOOKED_IN_S = 4.0
UNREACHED = "FAIL_CALL_TO_CUSTOMER"
OUTCOMES = {
    "00": (["PERSON"], "AGENT_CONNECTED"),
    "01": (["PERSON"], "AGENT_CONNECTED"),
    "02": (["PERSON"], "AGENT_CONNECTED"),
    "57": (["PERSON"], "AGENT_CONNECTED"),
    "03": (["UNKNOWN"] * 2, UNREACHED),
    "04": (["DECLINED"], "CANCELLED"),
    "05": (["UNKNOWN"] * 2, UNREACHED),
    "10": (["BUSY"] * 2, UNREACHED),
    "11": (["NO_ANSWER"] * 2, UNREACHED),
    "12": (["ERROR_TONE"] * 2, UNREACHED),
    "20": (["ANSWERING_MACHINE"] * 2, UNREACHED),
    "21": (["ANSWERING_MACHINE"] * 2, UNREACHED),
    "22": (["ANSWERING_MACHINE"] * 2, UNREACHED),
    "30": (["FAX"] * 2, UNREACHED),
}
"""By the last two digits of the number: what each attempt comes to, and how the callback ends."""
DISPOSITIONS = {"BUSY": "BUSY", "NO_ANSWER": "NO ANSWER", "ERROR_TONE": "NO ANSWER"}
"""In the call record; all others were answered."""


@dataclass(frozen=True, slots=True)
class People:
    """The callbacks of the carrier's people."""

    centre: Centre
    ids: dict[str, str]
    states: dict[str, list[str]]
    """Every state in which those who want an agent were seen, in order."""
    booked: tuple[str, float]
    """The callback of somebody who booked a time, and when they asked for it."""

    def follow(self, within_s: float) -> None:
        """Until all who want an agent have had theirs."""

        def all_done() -> bool:
            for nn, seen in self.states.items():
                state = self.centre.callback(self.ids[nn])["_callback_state"]
                if state not in seen[-1:]:
                    seen.append(state)
            return all(seen[-1] == "COMPLETED" for seen in self.states.values())

        wait("everybody who wants an agent to have had one", within_s, all_done, lambda: self.states)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(agents=len(AGENTS), talk_s=TALK_S, wrapup_s=1, options={"support": OPTIONS, PEOPLE: OPTIONS}) as lab:
        yield lab


@pytest.fixture(scope="module")
def people(centre: Centre) -> People:
    """All of them called, and those who want an agent served; the others may still be called."""
    ids = {nn: centre.ask(number(nn), service=PEOPLE, _wait_for_agent=False) for nn in OUTCOMES}
    asked_s = time.time()
    booked = centre.ask(BOOKED, service=PEOPLE, _wait_for_agent=False, _desired_time=in_future(BOOKED_IN_S))
    assert centre.callback(booked)["_callback_state"] == "SCHEDULED"
    called = People(centre, ids, {nn: [] for nn in WANT_AN_AGENT}, (booked, asked_s))
    called.follow(within_s=45)
    return called


@pytest.fixture
def free(people: People) -> Iterator[Centre]:
    """The centre with every agent free, and nobody in line."""
    centre = people.centre
    for callback_id in people.ids.values():
        centre.ends(callback_id, 60)
    centre.unpause(*AGENTS)
    centre.agents_are_free(*AGENTS, within_s=15)
    yield centre
    centre.unpause(*AGENTS)


def heard_at(sound: Sound, prompt: Prompt) -> float:
    """When a prompt is heard, from its first word to its last."""
    at_s = when(sound, prompt)
    assert at_s is not None, f"{prompt} is not heard, or not all of it"
    return at_s


# ---- a person and an agent


def test_a_person_who_presses_1_talks_to_an_agent_and_both_hear_each_other(people: People) -> None:
    centre, customer = people.centre, number("00")
    assert centre.recording(customer).tone_s(1300) > 2, "the customer does not hear the agent"
    # One agent was rung for them, and saw their number.
    (ring,) = [ring for agent in AGENTS for ring in centre.events(agent, "ring", customer)]
    (path,) = [path for path in centre.heard(ring.who) if f"-{ring.call}-" in path.name]
    assert Sound(path).tone_s(700) > 3, "the agent does not hear the customer"


@pytest.mark.parametrize("nn", WANT_AN_AGENT)
def test_the_states_on_the_way_are_seen(people: People, nn: str) -> None:
    assert people.states[nn] == ["QUEUED", "ROUTING", "PROCESSING", "COMPLETED"]


def test_a_callback_ends_with_the_talk(people: People) -> None:
    (attempt,) = people.centre.attempts(people.ids["00"])
    (end,) = people.centre.events(number("00"), "end")
    assert attempt["ended_at"] == pytest.approx(end.at_s, abs=0.5)


def test_the_first_word_comes_at_once_and_every_prompt_is_whole_and_loud_enough(people: People) -> None:
    centre, customer = people.centre, number("01")
    heard = centre.recording(customer)
    (answer,), (digit,), (end,) = (centre.events(customer, what) for what in ("answer", "digit", "end"))
    # The recording begins with the first packet of audio, and ends with the call.
    begun_s = end.at_s - heard.duration_s
    hello_s = begun_s + heard_at(heard, Prompt.CALLBACK_HELLO) - answer.at_s
    ask_s = begun_s + heard_at(heard, Prompt.CALLBACK_PRESS_1) - answer.at_s
    connecting_s = begun_s + heard_at(heard, Prompt.CALLBACK_CONNECTING) - digit.at_s
    assert hello_s < 0.5
    assert 2.0 < ask_s - hello_s < 3.5
    assert 0.2 < connecting_s < 1.0
    for prompt in (Prompt.CALLBACK_HELLO, Prompt.CALLBACK_PRESS_1, Prompt.CALLBACK_CONNECTING):
        start_s = heard_at(heard, prompt)
        samples = heard.part(start_s, start_s + len(clip(prompt)) / heard.rate_hz)
        assert loudness_of_speech(samples, heard.rate_hz) == pytest.approx(-20, abs=2), prompt


# ---- without agents


@dataclass(frozen=True, slots=True)
class Unserved:
    """Callbacks made while no agent was there, by what the customer or we did; all have ended."""

    centre: Centre
    ids: dict[str, str]


CUSTOMERS = {
    "kept waiting": number("80"),
    "hung up in the queue": number("81"),
    "cancelled in the queue": number("82"),
    "cancelled while it rang": "+12025557111",
    "cancelled during the prompt": "+12025557103",
}


@pytest.fixture(scope="module")
def unserved(people: People) -> Iterator[Unserved]:
    centre = people.centre
    centre.agents_are_free(*AGENTS, within_s=15)
    centre.pause(*AGENTS)
    ids = {
        what: centre.ask(customer, _wait_for_agent=False, _max_time_to_wait_for_agent_on_the_call=limit_s)
        for (what, customer), limit_s in zip(CUSTOMERS.items(), (3, 60, 60, 60, 60), strict=True)
    }
    centre.happens(CUSTOMERS["cancelled while it rang"], "ring", 3)
    centre.cancel(ids["cancelled while it rang"])
    centre.happens(CUSTOMERS["cancelled during the prompt"], "answer", 4)
    centre.cancel(ids["cancelled during the prompt"])
    for what in ("hung up in the queue", "cancelled in the queue"):
        centre.in_queue(CUSTOMERS[what], 10)
    centre.hangs_up(CUSTOMERS["hung up in the queue"])
    centre.cancel(ids["cancelled in the queue"])
    centre.in_queue(CUSTOMERS["hung up in the queue"], 15, times=2)
    centre.hangs_up(CUSTOMERS["hung up in the queue"])
    for what, callback_id in ids.items():
        centre.ends(callback_id, 20)
        centre.happens(CUSTOMERS[what], "end", 10)
    yield Unserved(centre, ids)
    centre.unpause(*AGENTS)


def test_without_waiting_for_an_agent_the_customer_is_rung_at_once(unserved: Unserved) -> None:
    for callback_id in unserved.ids.values():
        (attempt, *_) = unserved.centre.attempts(callback_id)
        asked_s = unserved.centre.moment(callback_id, "created_at")
        assert attempt["started_at"] - asked_s < 1.5


def test_a_customer_for_whom_no_agent_comes_is_told_so(unserved: Unserved) -> None:
    centre, callback_id = unserved.centre, unserved.ids["kept waiting"]
    assert centre.ends(callback_id, 1) == "FAIL_TARGET_NOT_FOUND"
    assert centre.results(callback_id) == ["PERSON"]
    heard_at(centre.recording(CUSTOMERS["kept waiting"]), Prompt.CALLBACK_NO_AGENT)
    assert centre.logged(f"cb-{callback_id}-1") == ["ENTERQUEUE", "EXITWITHTIMEOUT"]


def test_who_hangs_up_in_the_queue_is_called_again_and_has_a_reason_of_its_own(unserved: Unserved) -> None:
    centre, callback_id = unserved.centre, unserved.ids["hung up in the queue"]
    assert centre.ends(callback_id, 1) == "FAIL_INTERACTION_DELETED"
    assert centre.results(callback_id) == ["PERSON", "PERSON"]
    assert centre.lab.rings(CUSTOMERS["hung up in the queue"]) == 2
    assert [centre.logged(f"cb-{callback_id}-{n}") for n in (1, 2)] == [["ENTERQUEUE", "ABANDON"]] * 2


@pytest.mark.parametrize("what", [what for what in CUSTOMERS if what.startswith("cancelled")])
def test_cancelling_ends_the_call_wherever_it_is(unserved: Unserved, what: str) -> None:
    centre, customer, callback_id = unserved.centre, CUSTOMERS[what], unserved.ids[what]
    assert centre.ends(callback_id, 1) == "CANCELLED"
    (end,) = centre.events(customer, "end")
    # Who waits in the queue is not hung up on without a word.
    last_word_s = 6 if what == "cancelled in the queue" else 0
    assert last_word_s < end.at_s - centre.moment(callback_id, "completed_at") < last_word_s + 4
    assert centre.lab.rings(customer) == 1


def test_a_customer_taken_out_of_the_queue_is_told_so_and_has_not_abandoned(unserved: Unserved) -> None:
    centre, what = unserved.centre, "cancelled in the queue"
    heard_at(centre.recording(CUSTOMERS[what]), Prompt.CALLBACK_NO_AGENT)
    assert centre.logged(f"cb-{unserved.ids[what]}-1") == ["ENTERQUEUE", "WITHDRAW"]


def test_no_telephone_rings_on_a_trunk_that_is_not_there(people: People) -> None:
    centre, customer = people.centre, number("66")
    refused = centre.ask(customer, _wait_for_agent=False, _trunk="nowhere", _dial_retry_timeout=0)
    assert centre.ends(refused, 5) == UNREACHED
    assert centre.results(refused) == ["CREATE_CALL_ERROR"] * 2
    assert centre.lab.rings(customer) == 0


# ---- everybody of the carrier's table


@pytest.mark.parametrize("nn", OUTCOMES)
def test_what_each_attempt_comes_to(people: People, nn: str) -> None:
    centre, (results, reason) = people.centre, OUTCOMES[nn]
    assert centre.ends(people.ids[nn], 60) == reason
    assert centre.results(people.ids[nn]) == results
    rings = centre.events(number(nn), "ring")
    assert len(rings) == len(results), "it rings once for each attempt"
    assert {ring.detail for ring in rings} == {OUR_NUMBER}, "the customer sees who calls"


# A fax machine's tone takes the call out of the application; Asterisk discards the record of a call that it made, not
# received, and that ends so.
@pytest.mark.parametrize("nn", [nn for nn in OUTCOMES if nn != "30"])
def test_attempts_have_their_gap_and_a_record_each(people: People, nn: str) -> None:
    centre, callback_id = people.centre, people.ids[nn]
    centre.ends(callback_id, 60)
    attempts = centre.attempts(callback_id)
    for before, after in pairwise(attempts):
        # The gap counts from the result; who may be a person then hears a goodbye of four seconds.
        assert GAP_S <= after["started_at"] - before["ended_at"] < GAP_S + 3
    for attempt in attempts:
        (record,) = wait("the call record", 3, partial(centre.cdr, attempt["channel"]))
        assert record["disposition"] == DISPOSITIONS.get(attempt["result"], "ANSWERED")
        assert record["_CB_SERVICE_ID"] == callback_id
        assert record["cb_outcome"] == ("callback" if attempt["result"] == "PERSON" else "")


@pytest.mark.parametrize("nn", [nn for nn in OUTCOMES if nn not in WANT_AN_AGENT])
def test_an_agent_is_only_rung_for_a_person_who_pressed_1(people: People, nn: str) -> None:
    centre = people.centre
    centre.ends(people.ids[nn], 60)
    for agent in AGENTS:
        assert number(nn) not in {ring.detail for ring in centre.events(agent, "ring")}
    assert [line for line in centre.queue_log() if people.ids[nn] in line.call] == []


def test_the_detector_hears_what_there_is_to_hear(people: People) -> None:
    heard = {nn: people.centre.attempts(people.ids[nn])[0]["detail"] for nn in OUTCOMES}
    assert "HUMAN" in heard["00"]
    assert "HUMAN" in heard["04"]
    assert "INITIALSILENCE" in heard["03"]
    # A long greeting sounds like a machine; the key says otherwise.
    assert heard["02"].startswith("pressed 1; heard MACHINE")


def test_who_says_nothing_hears_the_question_again_and_then_a_goodbye(people: People) -> None:
    people.centre.ends(people.ids["03"], 60)
    heard = people.centre.recording(number("03"))
    assert heard_at(heard, Prompt.CALLBACK_NO_INPUT) > heard_at(heard, Prompt.CALLBACK_PRESS_1) + 4


def test_who_declines_hears_that_it_is_understood(people: People) -> None:
    heard_at(people.centre.recording(number("04")), Prompt.CALLBACK_DECLINED)


@pytest.mark.parametrize("nn", ["20", "21"])
def test_a_machine_is_left_no_goodbye(people: People, nn: str) -> None:
    people.centre.ends(people.ids[nn], 60)
    heard = people.centre.recording(number(nn))
    assert when(heard, Prompt.CALLBACK_NO_INPUT) is None


def test_nobody_is_written_down_as_abandoned_who_did_not_hang_up_in_the_queue(
    people: People, unserved: Unserved
) -> None:
    ids = {*people.ids.values(), *unserved.ids.values()} - {unserved.ids["hung up in the queue"]}
    abandoned = [line.call for line in people.centre.queue_log() if line.event == "ABANDON"]
    assert [call for call in abandoned if call.removeprefix("cb-").rpartition("-")[0] in ids] == []


def test_a_booked_callback_is_made_at_its_time(people: People) -> None:
    centre, (callback_id, asked_s) = people.centre, people.booked
    (ring, *_) = centre.events(BOOKED, "ring")
    assert BOOKED_IN_S - 0.1 < ring.at_s - asked_s < BOOKED_IN_S + 2
    assert centre.ends(callback_id, 60) == UNREACHED


# ---- the line


def test_who_waits_for_an_agent_is_rung_when_one_becomes_free(free: Centre) -> None:
    customer, other = number("60"), number("61")
    free.pause(*AGENTS)
    waiting, cancelled = free.ask(customer, _wait_for_agent=True), free.ask(other, _wait_for_agent=True)
    free.stays_silent(customer, 2.0)
    free.cancel(cancelled)
    free.unpause(AGENTS[0])
    free.happens(customer, "ring", 2.0)
    free.cancel(waiting)
    assert free.ends(cancelled, 1) == "CANCELLED"
    assert free.lab.rings(other) == 0


def test_a_customer_called_back_goes_ahead_of_who_asked_later_and_behind_who_asked_earlier(free: Centre) -> None:
    first, earlier, customer, later = (number(nn) for nn in ("70", "71", "72", "73"))
    free.pause(*AGENTS[1:])
    free.caller_waits(first, 60)
    free.connected(first, 8)
    free.caller_waits(earlier, 60)
    free.in_queue(earlier, 3)
    callback = free.ask(customer, _wait_for_agent=True)
    free.caller_waits(later, 60)
    free.in_queue(later, 3)
    assert free.lab.rings(customer) == 0, "the next agent is not theirs yet"
    free.connected(earlier, 15)
    free.lab.set_talk_s(6)
    free.happens(customer, "ring", 3)
    served_s = free.connected(customer, 20)
    free.lab.set_talk_s(1)
    assert free.connected(later, 15) > served_s
    assert free.ends(callback, 5) == "AGENT_CONNECTED"
    assert free.lab.rings(customer) == 1
    free.lab.set_talk_s(TALK_S)

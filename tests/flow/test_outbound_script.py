"""The outbound script on virtual time: who answers, what they press, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ivr.domain.answer import Answer, Detected, Verdict
from ivr.domain.callback import Callback, DialResult, Reason
from ivr.domain.prompts import Prompt
from ivr.flows.call import DialRequest
from ivr.flows.outbound import NoLongerOurs, outbound
from ivr.lab.switch import HANG_UP, Agents, FakeCall, FakeSwitch, Person, Reply

pytestmark = [pytest.mark.flow, pytest.mark.looptime]

CUSTOMER = "+12025550100"
HELLO, PRESS = Prompt.CALLBACK_HELLO, Prompt.CALLBACK_PRESS_1
HUMAN, MACHINE = Verdict(Detected.PERSON, "HUMAN"), Verdict(Detected.MACHINE, "LONGGREETING")
FAX, UNSURE = Verdict(Detected.FAX), Verdict(Detected.UNSURE, "INITIALSILENCE")


@dataclass
class Recorder:
    """A case that only writes down."""

    lost_at: str = ""
    """The record at which the callback turns out not to be ours any more."""
    steps: list[tuple[str, ...]] = field(default_factory=list)
    callback: Callback = field(default_factory=lambda: Callback("support-1", "support", CUSTOMER, 0.0, 0.0, 1e12))
    queue: str = "support"
    ring_s: float = 32.0
    detect: bool = True
    detect_s: float = 15.0
    confirm_s: float = 25.0
    max_wait_s: float = 600.0

    def request(self) -> DialRequest:
        return DialRequest("cb-support-1-1", CUSTOMER, "+12025550000", "Support", "en-US", {}, "carrier", "", 32.0)

    def position(self) -> int:
        return 2

    def _step(self, *step: str) -> None:
        if step[0] == self.lost_at:
            raise NoLongerOurs("support-1")
        self.steps.append(step)

    async def begin(self) -> None:
        self._step("begin")

    async def picked_up(self) -> None:
        self._step("picked_up")

    async def rang_out(self, answer: Answer) -> None:
        self._step("rang_out", answer.result)

    async def reached(self, answer: Answer) -> None:
        self._step("reached", answer.result)

    async def connected(self, agent: str, waited_s: float) -> None:
        self._step("connected", agent)

    async def lost(self, detail: str) -> None:
        self._step("lost")

    async def no_agent(self, reason: Reason, detail: str) -> None:
        self._step("no_agent", reason)

    async def talk_ended(self) -> None:
        self._step("talk_ended")


async def attempt(
    person: Person, agents: Agents | None = None, case: Recorder | None = None
) -> tuple[Recorder, FakeCall]:
    case = case or Recorder()
    switch = FakeSwitch({CUSTOMER: person}, agents)
    await outbound(switch, case)
    assert switch.rings[CUSTOMER] == 1
    return case, switch.calls["cb-support-1-1"]


REACHED = [("begin",), ("picked_up",), ("reached", "PERSON")]
TALKED = [*REACHED, ("connected", "PJSIP/agent-1"), ("talk_ended",)]


@pytest.mark.parametrize("verdict", [HUMAN, MACHINE, UNSURE, None])
@pytest.mark.parametrize("after_s", [0.5, 5.0, 9.0])
async def test_a_pressed_1_reaches_the_agent_whatever_the_detector_thinks(
    verdict: Verdict | None, after_s: float
) -> None:
    case, call = await attempt(Person(replies=[Reply(HELLO, "1", after_s)], sounds_like=verdict))
    assert case.steps == TALKED
    assert call.left == ("queue", "support", 2)
    assert Prompt.CALLBACK_CONNECTING in call.heard


async def test_a_1_after_the_second_asking_counts() -> None:
    case, call = await attempt(Person(replies=[Reply(PRESS, ""), Reply(PRESS, "1")], sounds_like=MACHINE))
    assert case.steps == TALKED
    assert call.heard.count(PRESS) == 2


async def test_nobody_is_asked_without_time_to_press() -> None:
    _, call = await attempt(Person())
    assert call.heard == [HELLO, PRESS, PRESS, Prompt.CALLBACK_NO_INPUT]


async def test_a_short_limit_cuts_the_prompt_and_says_goodbye() -> None:
    case, call = await attempt(Person(), case=Recorder(confirm_s=3.0))
    assert case.steps[-1] == ("rang_out", DialResult.UNKNOWN)
    assert call.heard == [HELLO, PRESS, Prompt.CALLBACK_NO_INPUT]
    assert call.silenced == ["cb-support-1-1-p1"]


async def test_other_keys_are_no_answer() -> None:
    case, _ = await attempt(Person(replies=[Reply(HELLO, "95#*01")]))
    assert case.steps == TALKED


@pytest.mark.parametrize(
    ("person", "result"),
    [
        (Person(refuses=(17, "User busy")), DialResult.BUSY),
        (Person(refuses=(1, "Unallocated number")), DialResult.ERROR_TONE),
        (Person(refuses=(34, "Circuit congestion")), DialResult.CREATE_CALL_ERROR),
        (Person(answers_after_s=None), DialResult.NO_ANSWER),
        (Person(sounds_like=MACHINE), DialResult.ANSWERING_MACHINE),
        (Person(sounds_like=MACHINE, hangs_up_after_s=10), DialResult.ANSWERING_MACHINE),
        (Person(sounds_like=FAX), DialResult.FAX),
        (Person(sounds_like=UNSURE), DialResult.UNKNOWN),
        (Person(sounds_like=HUMAN), DialResult.UNKNOWN),
        (Person(), DialResult.UNKNOWN),
        (Person(hangs_up_after_s=1.0), DialResult.UNKNOWN),
        (Person(replies=[Reply(HELLO, "2")], sounds_like=HUMAN), DialResult.DECLINED),
    ],
)
async def test_nobody_but_a_person_who_pressed_1_reaches_the_queue(person: Person, result: DialResult) -> None:
    case, call = await attempt(person)
    assert case.steps[-1] == ("rang_out", result)
    assert call.left is None
    assert call.ended


async def test_an_unconfirmed_answer_is_given_up_in_time(looptime: object) -> None:
    await attempt(Person(answers_after_s=2.0))
    assert looptime == pytest.approx(2.0 + 25.0 + 2.0, abs=0.1)  # ring, the confirmation's limit, the last word


async def test_a_decliner_hears_that_we_understood() -> None:
    _, call = await attempt(Person(replies=[Reply(HELLO, "2")]))
    assert call.heard[-1] is Prompt.CALLBACK_DECLINED
    assert call.ended_by_us


async def test_hanging_up_in_the_queue_is_a_customer_lost() -> None:
    person = Person(replies=[Reply(HELLO, "1"), Reply(Prompt.CALLBACK_CONNECTING, HANG_UP, 30.0)])
    case, _ = await attempt(person, Agents(answer_after_s=60.0))
    assert case.steps == [*REACHED, ("lost",)]


async def test_hanging_up_after_the_1_is_a_customer_lost() -> None:
    person = Person(replies=[Reply(HELLO, "1"), Reply(Prompt.CALLBACK_CONNECTING, HANG_UP, 0.5)])
    case, call = await attempt(person)
    assert case.steps == [*REACHED, ("lost",)]
    assert call.left is None


async def test_no_agent_within_the_limit_is_apologised_for() -> None:
    case, call = await attempt(Person(replies=[Reply(HELLO, "1")]), Agents(answer_after_s=None))
    assert case.steps == [*REACHED, ("no_agent", Reason.FAIL_TARGET_NOT_FOUND)]
    assert call.heard[-1] is Prompt.CALLBACK_NO_AGENT
    assert call.ended_by_us


@pytest.mark.parametrize("at", ["rang_out", "reached", "connected"])
async def test_a_callback_cancelled_meanwhile_ends_the_call(at: str) -> None:
    person = Person() if at == "rang_out" else Person(replies=[Reply(HELLO, "1")])
    switch = FakeSwitch({CUSTOMER: person})
    with pytest.raises(NoLongerOurs):
        await outbound(switch, Recorder(lost_at=at))
    assert switch.calls["cb-support-1-1"].ended


async def test_a_callback_lost_before_the_dial_rings_nobody() -> None:
    switch = FakeSwitch({CUSTOMER: Person()})
    with pytest.raises(NoLongerOurs):
        await outbound(switch, Recorder(lost_at="begin"))
    assert switch.rings[CUSTOMER] == 0

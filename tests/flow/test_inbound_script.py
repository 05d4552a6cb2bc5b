"""The inbound script on virtual time: every key, every silence, every hang-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from ivr.domain.numbers import digits_as_dialled, parse_number, usable_caller_number
from ivr.domain.prompts import Prompt
from ivr.domain.speech import SpokenDigits
from ivr.domain.wait import WaitEstimate, unknown
from ivr.flows.call import Call
from ivr.flows.inbound import AlreadyRequested, Ending, RequestFailed, RequestRefused, inbound
from ivr.flows.menu import Keying
from ivr.lab.switch import HANG_UP, LOSE_SWITCH, FakeCall, Person, Reply

pytestmark = [pytest.mark.flow, pytest.mark.looptime]

LONG = WaitEstimate(400.0, 600.0, 800.0, "a test")
SHORT = WaitEstimate(60.0, 179.0, 400.0, "a test")
OFFER, ENTER, CONFIRM = Prompt.OFFER, Prompt.ENTER_NUMBER, Prompt.CONFIRM_NUMBER


class UsNumbers:
    def from_caller_id(self, caller_number: str) -> str | None:
        return usable_caller_number(caller_number, "US")

    def from_digits(self, digits: str) -> str | None:
        number = parse_number(digits, "US")
        return number if isinstance(number, str) else None

    def digits_to_say(self, number: str) -> str:
        return digits_as_dialled(number, "US")


@dataclass
class TestDesk:
    __test__ = False
    wait: WaitEstimate = LONG
    refusals: list[Exception] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    queue: str = "support"
    threshold_s: float = 180.0
    tries: int = 3
    one_key: Keying = field(default_factory=Keying)
    numbers: UsNumbers = field(default_factory=UsNumbers)

    def position_of(self, call: Call) -> int:
        return 4

    async def estimate(self) -> WaitEstimate:
        return self.wait

    async def request_callback(self, call: Call, number: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.requested.append(number)
        return f"support-{len(self.requested)}"

    def note(self, call: Call, kind: str, data: Mapping[str, str]) -> None:
        self.notes.append((kind, data))


def a_call(*replies: Reply, number: str = "+12025550100", broken: Sequence[Prompt] = ()) -> FakeCall:
    return FakeCall("in-1", Person(number, replies), broken_prompts=frozenset(broken))


async def test_a_short_wait_goes_straight_to_the_queue() -> None:
    call, desk = a_call(), TestDesk(SHORT)
    assert await inbound(call, desk) is Ending.BELOW_THRESHOLD
    assert call.left == ("queue", "support", 4)
    assert call.heard == []


async def test_a_wait_of_exactly_the_threshold_is_offered_a_callback() -> None:
    call, desk = a_call(), TestDesk(WaitEstimate(100.0, 180.0, 300.0, "a test"))
    assert await inbound(call, desk) is Ending.STAYED
    assert OFFER in call.heard


async def test_an_unknown_wait_is_offered_a_callback_and_no_figure() -> None:
    call, desk = a_call(), TestDesk(unknown("no agent is logged in"))
    await inbound(call, desk)
    assert call.heard[:3] == [Prompt.GREETING, Prompt.WAIT_LONG, OFFER]


async def test_accepting_with_this_number() -> None:
    call, desk = a_call(Reply(OFFER, "1"), Reply(CONFIRM, "1")), TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550100"]
    assert SpokenDigits("2025550100") in call.heard
    assert call.heard[-1] is Prompt.CALLBACK_CONFIRMED
    assert call.ended_by_us
    assert call.left is None


async def test_a_key_silences_the_prompt_at_once(looptime: object) -> None:
    call, desk = a_call(Reply(OFFER, "1", after_s=0.5), Reply(CONFIRM, "1", after_s=0.5)), TestDesk()
    await inbound(call, desk)
    # Two keys after half a second each, and the goodbye of two seconds: nothing was waited for.
    assert looptime == pytest.approx(3.0, abs=0.01)


async def test_keys_ahead_of_the_prompts_are_kept() -> None:
    call, desk = a_call(Reply(OFFER, "11", after_s=0.1, gap_s=0.0)), TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED


async def test_another_number() -> None:
    call = a_call(Reply(OFFER, "2"), Reply(ENTER, "2025550123#"), Reply(CONFIRM, "1"))
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550123"]


async def test_a_number_without_hash_ends_by_itself() -> None:
    call = a_call(Reply(OFFER, "2"), Reply(ENTER, "2025550123"), Reply(CONFIRM, "1"))
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550123"]


async def test_a_typo_is_corrected() -> None:
    call = a_call(
        Reply(OFFER, "2"),
        Reply(ENTER, "2025550132#"),
        Reply(CONFIRM, "2"),
        Reply(ENTER, "2025550123#"),
        Reply(CONFIRM, "1"),
    )
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550123"]


async def test_digits_that_are_no_number_are_asked_again() -> None:
    call = a_call(Reply(OFFER, "2"), Reply(ENTER, "123#"), Reply(ENTER, "2025550123#"), Reply(CONFIRM, "1"))
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert Prompt.NUMBER_INVALID in call.heard


@pytest.mark.parametrize("keyed", ["123#", "#", "*#", "*0#", "9" * 30])
async def test_garbage_three_times_stays_in_line(keyed: str) -> None:
    call = a_call(Reply(OFFER, "2"), *[Reply(ENTER, keyed)] * 3)
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.STAYED
    assert call.left == ("queue", "support", 4)
    assert desk.requested == []


@pytest.mark.parametrize("caller_id", ["", "anonymous", "Anonymous", "Restricted", "100", "sipp"])
async def test_without_a_caller_id_the_number_is_asked_for(caller_id: str) -> None:
    call = a_call(Reply(OFFER, "1"), Reply(ENTER, "2025550123#"), Reply(CONFIRM, "1"), number=caller_id)
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550123"]


async def test_star_stays_in_line() -> None:
    call, desk = a_call(Reply(OFFER, "*")), TestDesk()
    assert await inbound(call, desk) is Ending.STAYED
    assert call.heard[-1] is Prompt.STAYING_IN_LINE
    assert call.left == ("queue", "support", 4)


async def test_silence_at_the_offer_stays_in_line(looptime: object) -> None:
    call, desk = a_call(), TestDesk()
    assert await inbound(call, desk) is Ending.STAYED
    assert call.heard.count(OFFER) == 1
    assert call.left == ("queue", "support", 4)


async def test_wrong_keys_are_answered_and_limited() -> None:
    call, desk = a_call(*[Reply(OFFER, key) for key in "579"]), TestDesk()
    assert await inbound(call, desk) is Ending.STAYED
    assert call.heard.count(OFFER) == 3
    assert call.heard.count(Prompt.INVALID_CHOICE) == 2


@pytest.mark.parametrize("keys", [["2", "2", "2"], ["", "", ""], ["9", "0", "#"]])
async def test_a_number_never_confirmed_is_never_stored(keys: list[str]) -> None:
    replies = [reply for key in keys for reply in (Reply(CONFIRM, key), Reply(ENTER, "2025550123#")) if reply.does]
    call, desk = a_call(Reply(OFFER, "1"), *replies), TestDesk()
    assert await inbound(call, desk) is Ending.STAYED
    assert desk.requested == []


@pytest.mark.parametrize(
    ("before", "at"),
    [
        ([], Prompt.GREETING),
        ([], OFFER),
        ([Reply(OFFER, "1")], CONFIRM),
        ([Reply(OFFER, "2")], ENTER),
        ([Reply(OFFER, "2"), Reply(ENTER, "20255501")], Prompt.NUMBER_INVALID),
        ([Reply(OFFER, "7")], Prompt.INVALID_CHOICE),
        ([Reply(OFFER, "*")], Prompt.STAYING_IN_LINE),
    ],
)
@pytest.mark.parametrize("after_s", [0.0, 1.0, 6.5])
async def test_hanging_up_in_any_menu_stores_nothing(before: list[Reply], at: Prompt, after_s: float) -> None:
    call, desk = a_call(*before, Reply(at, HANG_UP, after_s)), TestDesk()
    ending = await inbound(call, desk)
    assert ending in (Ending.HUNG_UP, Ending.STAYED)
    assert desk.requested == []
    assert desk.notes[-1] == ("inbound_ended", {"ending": ending})


async def test_hanging_up_during_the_goodbye_keeps_the_promise() -> None:
    call = a_call(Reply(OFFER, "1"), Reply(CONFIRM, "1"), Reply(Prompt.CALLBACK_CONFIRMED, HANG_UP))
    desk = TestDesk()
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550100"]


@pytest.mark.parametrize("prompt", [Prompt.GREETING, OFFER, CONFIRM, ENTER])
async def test_a_prompt_that_cannot_be_played_leaves_the_caller_in_line(prompt: Prompt) -> None:
    replies = [Reply(OFFER, "2")] if prompt is ENTER else [Reply(OFFER, "1")] if prompt is CONFIRM else []
    call, desk = a_call(*replies, broken=[prompt]), TestDesk()
    assert await inbound(call, desk) is Ending.PROMPT_FAILED
    assert call.left == ("queue", "support", 4)


async def test_a_dead_store_is_apologised_for_and_nothing_is_promised() -> None:
    call = a_call(Reply(OFFER, "1"), Reply(CONFIRM, "1"))
    desk = TestDesk(refusals=[RequestFailed("no store")])
    assert await inbound(call, desk) is Ending.REQUEST_FAILED
    assert Prompt.CALLBACK_CONFIRMED not in call.heard
    assert call.heard[-1] is Prompt.CALLBACK_FAILED
    assert call.left == ("queue", "support", 4)


async def test_a_refused_number_may_be_changed() -> None:
    call = a_call(Reply(OFFER, "1"), Reply(CONFIRM, "1"), Reply(ENTER, "2025550123#"), Reply(CONFIRM, "1"))
    desk = TestDesk(refusals=[RequestRefused("premium")])
    assert await inbound(call, desk) is Ending.ACCEPTED
    assert desk.requested == ["+12025550123"]
    assert Prompt.NUMBER_REFUSED in call.heard


async def test_numbers_refused_again_and_again_leave_the_caller_in_line() -> None:
    again = [Reply(CONFIRM, "1"), Reply(ENTER, "2025550123#")] * 3
    call = a_call(Reply(OFFER, "1"), *again, Reply(CONFIRM, "1"))
    desk = TestDesk(refusals=[RequestRefused("premium")] * 9)
    assert await inbound(call, desk) is Ending.STAYED
    assert call.left == ("queue", "support", 4)


async def test_a_number_that_waits_already_is_told_so() -> None:
    call = a_call(Reply(OFFER, "1"), Reply(CONFIRM, "1"))
    desk = TestDesk(refusals=[AlreadyRequested("support-9")])
    assert await inbound(call, desk) is Ending.ALREADY_WAITING
    assert call.heard[-1] is Prompt.ALREADY_WAITING
    assert call.ended_by_us


@pytest.mark.parametrize("at", [OFFER, CONFIRM, Prompt.CALLBACK_CONFIRMED])
async def test_losing_asterisk_ends_the_script_with_that_reason(at: Prompt) -> None:
    before = {OFFER: [], CONFIRM: [Reply(OFFER, "1")]}.get(at, [Reply(OFFER, "1"), Reply(CONFIRM, "1")])
    call, desk = a_call(*before, Reply(at, LOSE_SWITCH)), TestDesk()
    expected = Ending.ACCEPTED if at is Prompt.CALLBACK_CONFIRMED else Ending.SWITCH_LOST
    assert await inbound(call, desk) is expected

"""Asking for digits on virtual time: every way in which a question can end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ivr.domain.answer import Detected, Verdict
from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media
from ivr.flows.call import HungUp, SwitchLost
from ivr.flows.menu import Keyed, Keying, NoInput, PromptFailed, ask, say
from ivr.lab.switch import HANG_UP, LOSE_SWITCH, FakeCall, Person, Reply

pytestmark = [pytest.mark.flow, pytest.mark.looptime]

# A clip of the fake switch lasts two seconds.
QUESTION: Sequence[Media] = [Prompt.GREETING, Prompt.OFFER]
QUESTION_S = 4.0
ENDLESS: Sequence[Media] = [Prompt.OFFER] * 40
LIMIT_S = 60.0
"""After this a prompt is taken to have ended."""

ONE_KEY = Keying(first_digit_s=5.0, inter_digit_s=3.0)
NUMBER = Keying(first_digit_s=5.0, inter_digit_s=3.0, max_digits=6, terminator="#")


def a_call(*replies: Reply, broken: Sequence[Prompt] = ()) -> FakeCall:
    return FakeCall("in-1", Person(replies=replies), broken_prompts=frozenset(broken))


def offer(does: str, after_s: float = 1.0, gap_s: float = 0.3) -> Reply:
    return Reply(Prompt.OFFER, does, after_s, gap_s)


# -- one key


@pytest.mark.parametrize("key", list("0123456789*#ABCD"))
async def test_a_key_during_the_prompt_silences_it_and_is_the_answer(looptime: object, key: str) -> None:
    call = a_call(offer(key, after_s=1.0))
    assert await ask(call, QUESTION, ONE_KEY) == Keyed(key)
    assert looptime == pytest.approx(1.0)
    assert call.silenced == ["in-1-p1"]


async def test_a_key_after_the_prompt_is_the_answer(looptime: object) -> None:
    call = a_call(offer("1", after_s=QUESTION_S + 4.9))
    assert await ask(call, QUESTION, ONE_KEY) == Keyed("1")
    assert looptime == pytest.approx(QUESTION_S + 4.9)
    assert call.silenced == []


async def test_silence_is_no_input_once_the_time_after_the_prompt_is_over(looptime: object) -> None:
    call = a_call(offer("1", after_s=QUESTION_S + 5.1))
    assert await ask(call, QUESTION, ONE_KEY) == NoInput()
    assert looptime == pytest.approx(QUESTION_S + 5.0)
    assert call.silenced == []


async def test_keys_pressed_ahead_answer_one_question_each(looptime: object) -> None:
    call = a_call()
    call.press("12")
    assert await ask(call, QUESTION, ONE_KEY) == Keyed("1")
    assert await ask(call, QUESTION, ONE_KEY) == Keyed("2")
    assert looptime == pytest.approx(0.0)
    assert call.silenced == ["in-1-p1", "in-1-p2"]
    assert await ask(call, QUESTION, ONE_KEY) == NoInput()


# -- several keys


@pytest.mark.parametrize(
    ("keys", "keyed", "took_s"),
    [
        ("123#", "123", 1.9),
        ("123456", "123456", 2.5),
        ("1234567", "123456", 2.5),
        ("12345#", "12345", 2.5),
        ("#", "", 1.0),
        ("*1#", "*1", 1.6),
        ("123", "123", 1.6 + 3.0),
        ("1", "1", 1.0 + 3.0),
    ],
)
async def test_a_number_ends_by_its_terminator_its_length_or_a_pause(
    looptime: object, keys: str, keyed: str, took_s: float
) -> None:
    call = a_call(offer(keys))
    assert await ask(call, QUESTION, NUMBER) == Keyed(keyed)
    assert looptime == pytest.approx(took_s)
    assert call.silenced == ["in-1-p1"]


async def test_each_key_has_its_own_pause(looptime: object) -> None:
    call = a_call(offer("12345", gap_s=2.9))
    assert await ask(call, QUESTION, NUMBER) == Keyed("12345")
    assert looptime == pytest.approx(1.0 + 4 * 2.9 + 3.0)


async def test_a_key_after_the_pause_belongs_to_the_next_question() -> None:
    call = a_call(offer("12", gap_s=3.1))
    assert await ask(call, QUESTION, NUMBER) == Keyed("1")
    assert await ask(call, QUESTION, NUMBER) == Keyed("2")


async def test_the_rest_of_a_long_number_is_kept_for_the_next_question() -> None:
    call = a_call()
    call.press("1234567#")
    assert await ask(call, QUESTION, NUMBER) == Keyed("123456")
    assert await ask(call, QUESTION, NUMBER) == Keyed("7")


async def test_a_number_typed_ahead_with_its_terminator_needs_no_waiting(looptime: object) -> None:
    call = a_call()
    call.press("123#45#")
    assert [await ask(call, QUESTION, NUMBER) for _ in range(2)] == [Keyed("123"), Keyed("45")]
    assert looptime == pytest.approx(0.0)


async def test_without_a_terminator_the_hash_is_a_key_like_others() -> None:
    call = a_call(offer("1#2"))
    assert await ask(call, QUESTION, Keying(max_digits=3)) == Keyed("1#2")


# -- prompts that do not play


async def test_a_prompt_that_fails_ends_the_question_at_once(looptime: object) -> None:
    call = a_call(offer("1"), broken=[Prompt.OFFER])
    assert await ask(call, QUESTION, ONE_KEY) == PromptFailed()
    assert looptime == pytest.approx(0.0)


async def test_who_keyed_ahead_is_heard_though_the_prompt_fails() -> None:
    call = a_call(broken=[Prompt.OFFER])
    call.press("1")
    assert await ask(call, QUESTION, ONE_KEY) == Keyed("1")


async def test_a_prompt_without_end_is_silenced_and_no_input(looptime: object) -> None:
    call = a_call()
    assert await ask(call, ENDLESS, ONE_KEY) == NoInput()
    assert looptime == pytest.approx(LIMIT_S)
    assert call.silenced == ["in-1-p1"]


async def test_a_key_ends_a_prompt_without_end(looptime: object) -> None:
    call = a_call(offer("1", after_s=59.0))
    assert await ask(call, ENDLESS, ONE_KEY) == Keyed("1")
    assert looptime == pytest.approx(59.0)


async def test_the_end_of_an_earlier_prompt_is_not_the_end_of_this_one(looptime: object) -> None:
    call = a_call()
    await call.play([Prompt.NO_INPUT])  # Ends after two seconds; the question's own prompt goes on for two more.
    assert await ask(call, QUESTION, ONE_KEY) == NoInput()
    assert looptime == pytest.approx(QUESTION_S + 5.0)


class LateToStop(FakeCall):
    """Like Asterisk: a silenced playback is told to have ended too, a while later and not as a success."""

    async def stop(self, playback: str) -> None:
        await super().stop(playback)
        self._later(1.0, self._finish, playback, False)


async def test_the_late_end_of_a_silenced_prompt_changes_nothing(looptime: object) -> None:
    call = LateToStop("in-1", Person(replies=[offer("1")]))
    assert await ask(call, QUESTION, NUMBER) == Keyed("1")
    assert looptime == pytest.approx(1.0 + 3.0)
    assert await say(call, [Prompt.STAYING_IN_LINE])


async def test_other_news_does_not_make_the_question_longer(looptime: object) -> None:
    call = a_call()
    call.person.sounds_like, call.person.verdict_after_s = Verdict(Detected.UNSURE), QUESTION_S + 4.0
    await call.listen(15.0)
    assert await ask(call, QUESTION, ONE_KEY) == NoInput()
    assert looptime == pytest.approx(QUESTION_S + 5.0)


# -- the call ends


@pytest.mark.parametrize(("does", "raised"), [(HANG_UP, HungUp), (LOSE_SWITCH, SwitchLost)])
@pytest.mark.parametrize("after_s", [0.0, 1.0, QUESTION_S + 1.0])
async def test_a_call_that_ends_ends_the_question(
    looptime: object, does: str, raised: type[Exception], after_s: float
) -> None:
    call = a_call(offer(does, after_s))
    with pytest.raises(raised):
        await ask(call, QUESTION, ONE_KEY)
    assert looptime == pytest.approx(after_s)
    with pytest.raises(raised):
        await ask(call, QUESTION, ONE_KEY)


@pytest.mark.parametrize(("does", "raised"), [(HANG_UP, HungUp), (LOSE_SWITCH, SwitchLost)])
async def test_a_call_that_ends_between_two_keys_keys_nothing(does: str, raised: type[Exception]) -> None:
    call = a_call(offer("12"))
    asyncio.get_running_loop().call_later(2.0, call.end if does == HANG_UP else call.lose_switch)
    with pytest.raises(raised):
        await ask(call, QUESTION, NUMBER)


async def test_a_key_just_before_the_hang_up_is_heard_first() -> None:
    call = a_call()
    for happens in (lambda: call.press("1"), call.end):
        asyncio.get_running_loop().call_later(QUESTION_S + 1.0, happens)
    assert await ask(call, QUESTION, ONE_KEY) == Keyed("1")
    with pytest.raises(HungUp):
        await ask(call, QUESTION, ONE_KEY)


# -- saying


async def test_what_is_said_is_said_to_its_end_whatever_is_pressed(looptime: object) -> None:
    call = a_call(offer("159#*"))
    assert await say(call, QUESTION)
    assert looptime == pytest.approx(QUESTION_S)
    assert call.silenced == []
    # Those keys answered nothing, and do not answer the next question either.
    assert await ask(call, QUESTION, ONE_KEY) == NoInput()


async def test_what_cannot_be_said_is_known(looptime: object) -> None:
    assert not await say(a_call(broken=[Prompt.OFFER]), QUESTION)
    assert looptime == pytest.approx(0.0)


async def test_a_prompt_without_end_is_given_up_whatever_is_pressed(looptime: object) -> None:
    call = a_call(offer("1" * 20, gap_s=4.0))
    assert not await say(call, ENDLESS)
    assert looptime == pytest.approx(LIMIT_S)
    assert call.silenced == ["in-1-p1"]


@pytest.mark.parametrize(("does", "raised"), [(HANG_UP, HungUp), (LOSE_SWITCH, SwitchLost)])
async def test_a_call_that_ends_ends_what_is_said(looptime: object, does: str, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        await say(a_call(offer(does)), QUESTION)
    assert looptime == pytest.approx(1.0)

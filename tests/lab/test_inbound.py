"""Inbound calls: real SIP calls through every menu, and through every failure around them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from centre import Centre
from listening import Sound
from sipp_caller import Calling, Phones
from sipp_scenario import ANONYMOUS, From, HangUp, Press, Step, UntilEnded, Wait, Whistle
from story import AGENTS, Story, Teller

from ivr.audio.locate import prompts_dir
from ivr.domain.prompts import Prompt
from ivr.lab.lab import Lab

pytest_plugins = ["shared_lab"]
pytestmark = [pytest.mark.lab, pytest.mark.timeout(90)]

BARGE_IN_S = 0.6
"""A key silences what is played, and what follows begins, within this time; the clocks of key and ear are two."""
QUEUE_S = 10.0
"""Within so long after whatever went wrong a caller is in the queue."""
STAYS = UntilEnded(60)
LEAVES = UntilEnded(15)


def presses(*keys: str, after_s: float = 1.0, by_info: bool = False) -> tuple[Step, ...]:
    """Each of `keys` after a moment's listening."""
    return tuple(step for each in keys for step in (Wait(after_s), Press(each, by_info)))


def caller(last: int) -> str:
    """The number of a caller of whom nothing else is known; nobody has the same one twice."""
    return f"+1202555{1000 + last}"


def prompt(which: Prompt) -> Sound:
    """As it was recorded."""
    return Sound(prompts_dir() / "en-US" / "8k" / f"{which}.wav")


def heard_at(story: Story, which: Prompt) -> float | None:
    """When a caller heard a prompt to its end, seconds from the answer; None if they did not."""
    return story.heard.when(prompt(which).samples)


# ---- The wait decides -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tidy")
def test_under_the_threshold_straight_to_an_agent_and_from_it_on_the_offer(
    lab: Lab, centre: Centre, phones: Phones, teller: Teller
) -> None:
    tones = {caller(1): 440.0, caller(2): 620.0}
    centre.change(_ewt_threshold=10)
    try:
        calls = {}
        for number, (who, hz) in enumerate(tones.items(), start=1):
            calls[who] = phones.call(who, Whistle(hz, 8), UntilEnded(20))
            # The second comes while a telephone rings for the first: there is an agent for each.
            teller.wait("a telephone to ring", 5, lambda: len(rung(lab)) == number)  # noqa: B023
        teller.wait("two agents to talk", 10, lambda: len(connected(centre)) == 2)
        third = teller.story(caller(3), phones.call(caller(3), Wait(3), HangUp()))
    finally:
        centre.change(_ewt_threshold=None)

    for who, calling in calls.items():
        story = teller.story(who, calling)
        assert story.ending == "below_threshold"
        assert story.told("wait_estimated")["offer"] == "false"
        assert story.menus == []
        assert story.in_queue_log == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
        assert story.record["cb_outcome"] == "queue"
        assert story.callbacks == []
        # Both hear each other.
        assert story.heard.tone_s(1300) > 1
        agent = story.queue_log[1].agent
        assert Sound(lab.recordings(agent)[-1]).tone_s(tones[who]) > 1

    assert third.told("wait_estimated")["offer"] == "true"
    assert "2 agents (0 free)" in third.told("wait_estimated")["reason"]
    (told,) = third.menus
    assert told[0] == Prompt.GREETING
    assert told[1] in (Prompt.WAIT_ABOUT, Prompt.WAIT_BETWEEN)
    assert told[-1] == Prompt.OFFER


def rung(lab: Lab) -> set[str]:
    """The agents whose telephones have rung."""
    return {event.who for event in lab.carrier_events() if event.what == "ring"} & set(AGENTS)


def connected(centre: Centre) -> list[str]:
    """Calls that an agent has answered."""
    return [line.call for line in centre.queue_log() if line.event == "CONNECT"]


# ---- The menus: all calls at once, and nobody free to take them --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """A call to make. `stays`: it ends in the agent queue."""

    who: From | str
    steps: tuple[Step, ...]
    stays: bool = False


TWICE = caller(30)
PLANS = {
    "this number": Plan(caller(10), (*presses("1", "1"), LEAVES)),
    "by info": Plan(From(caller(11), display=""), (*presses("1", "1", by_info=True), LEAVES)),
    "in a hurry": Plan(caller(12), (*presses("11", after_s=0.2), LEAVES)),
    # The number begins to be read a good second after the first key.
    "in the digits": Plan(caller(13), (*presses("1"), *presses("1", after_s=2.5), LEAVES)),
    # To the end of the question, and a second longer.
    "hears it all": Plan(caller(29), (*presses("1"), *presses("1", after_s=14), LEAVES)),
    "another number": Plan(caller(14), (*presses("2", "2025550177#", "1"), LEAVES)),
    # The second time the end of the number is a pause.
    "a typo": Plan(caller(15), (*presses("2", "2025550167#", "2", "2025550176"), *presses("1", after_s=3), LEAVES)),
    "not this number": Plan(caller(16), (*presses("1", "2", "2025550178#", "1"), LEAVES)),
    "no number at all": Plan(ANONYMOUS, (*presses("1", "2025550179#", "1"), LEAVES)),
    "an extension": Plan("17", (*presses("1", "2025550180#", "1"), LEAVES)),
    "a premium number": Plan(
        caller(18), (*presses("2", "9005550199#", "1"), *presses("2025550181#", after_s=3), *presses("1"), LEAVES)
    ),
    "a third request": Plan(TWICE, (*presses("1", "1"), LEAVES)),
    "three bad numbers": Plan(caller(19), (*presses("2", "123#", "5550#", "##"), STAYS), stays=True),
    "star": Plan(caller(20), (*presses("*"), STAYS), stays=True),
    "silence": Plan(caller(21), (STAYS,), stays=True),
    "wrong keys": Plan(caller(22), (*presses("9", "0", "#"), STAYS), stays=True),
    "never confirmed": Plan(caller(23), (*presses("1", "5", "55"), STAYS), stays=True),
    "gone in greeting": Plan(caller(24), (Wait(0.5), HangUp())),
    "gone in offer": Plan(caller(25), (Wait(6), HangUp())),
    "gone in number": Plan(caller(26), (*presses("2", "20255"), HangUp())),
    "gone in read-back": Plan(caller(27), (*presses("1"), Wait(2.5), HangUp())),
    "gone in goodbye": Plan(caller(28), (*presses("1", "1"), Wait(1), HangUp())),
}


@pytest.fixture(scope="module")
def menus(lab: Lab, centre: Centre, phones: Phones, teller: Teller) -> dict[str, Story]:
    """What became of each of the plans."""
    centre.pause(*AGENTS)
    try:
        earlier = {centre.ask(TWICE) for _ in range(2)}
        calls = {name: phones.call(plan.who, *plan.steps) for name, plan in PLANS.items()}
        for plan in PLANS.values():
            if plan.stays:
                assert isinstance(plan.who, str)
                teller.in_queue(plan.who, within_s=40)
        for name, plan in PLANS.items():
            if not plan.stays:
                calls[name].ended()
        hang_up_all(lab)
        stories = {name: teller.story(plan.who, calls[name]) for name, plan in PLANS.items()}
        assert {each["id"] for each in teller.callbacks(number=TWICE)} == earlier
        teller.clear_line()
        teller.wait("no channel to be left", 5, lambda: not teller.channels())
        return stories
    finally:
        centre.unpause(*AGENTS)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("this number", caller(10)),
        ("by info", caller(11)),
        ("in a hurry", caller(12)),
        ("in the digits", caller(13)),
        ("hears it all", caller(29)),
        ("another number", "+12025550177"),
        ("a typo", "+12025550176"),
        ("not this number", "+12025550178"),
        ("no number at all", "+12025550179"),
        ("an extension", "+12025550180"),
        ("a premium number", "+12025550181"),
    ],
)
def test_an_accepted_callback_is_stored_promised_and_on_record(
    menus: dict[str, Story], name: str, number: str
) -> None:
    story = menus[name]
    assert is_promised(story, number)
    assert story.ended.as_planned, story.ended.trace
    assert story.ended.hung_up_by == "them"
    assert heard_at(story, Prompt.CALLBACK_CONFIRMED) is not None


def is_promised(story: Story, number: str) -> bool:
    """Every place that should know of a promise knows of this one, and none takes the caller for lost."""
    (callback,) = story.callbacks
    record = story.record
    assert story.ending == "accepted"
    assert callback["number"] == number
    assert callback["state"] == "QUEUED"
    assert [(line.event, line.agent, line.data) for line in story.queue_log] == [
        ("CALLBACK", "NONE", (callback["id"],))
    ]
    assert record["ReasonSystemName"] == "Callback"
    assert record["_CB_SERVICE_ID"] == callback["id"]
    assert record["cb_outcome"] == ""
    start_s, accepted_s = int(record["_CB_T_SERVICE_START"]), int(record["_CB_T_CALLBACK_ACCEPTED"])
    assert story.ended.answered_at_s is not None
    assert story.ended.ended_at_s is not None
    assert story.ended.answered_at_s - 1 < start_s <= accepted_s < story.ended.ended_at_s
    # Stored first, promised then, and nothing else said before the goodbye.
    assert story.kinds.index("accepted") < story.kinds.index("callback_promised")
    assert story.kinds[-3:] == ["callback_promised", "heard", "inbound_ended"]
    assert story.menus[-1] == [Prompt.CALLBACK_CONFIRMED]
    assert story.told("accepted")["channel"] == "IVR"
    return True


@pytest.mark.parametrize("name", ["by info", "in a hurry", "a typo", "no number at all", "a premium number"])
def test_every_key_arrives_once_and_in_order(menus: dict[str, Story], name: str) -> None:
    assert menus[name].pressed == "".join(step.keys for step in PLANS[name].steps if isinstance(step, Press))


@pytest.mark.parametrize(
    ("name", "pressed_s", "then"),
    [
        ("in the digits", 1.0, Prompt.NUMBER_IS),
        ("this number", 2.3, Prompt.CALLBACK_CONFIRMED),
        ("by info", 2.3, Prompt.CALLBACK_CONFIRMED),
        ("in a hurry", 0.5, Prompt.CALLBACK_CONFIRMED),
        ("in the digits", 3.8, Prompt.CALLBACK_CONFIRMED),
        ("star", 1.0, Prompt.STAYING_IN_LINE),
    ],
)
def test_a_key_cuts_short_what_is_played(menus: dict[str, Story], name: str, pressed_s: float, then: Prompt) -> None:
    # Asterisk plays one thing after the other: who hears the next prompt at once did not get the rest of the last.
    began_s = heard_at(menus[name], then)
    assert began_s is not None
    assert began_s == pytest.approx(pressed_s, abs=BARGE_IN_S)


def test_a_number_is_read_back_digit_by_digit_to_who_listens(menus: dict[str, Story]) -> None:
    story = menus["hears it all"]
    assert story.menus[1] == [Prompt.NUMBER_IS, *caller(29).removeprefix("+1"), Prompt.CONFIRM_NUMBER]
    began_s, asked_s = heard_at(story, Prompt.NUMBER_IS), heard_at(story, Prompt.CONFIRM_NUMBER)
    assert began_s is not None
    assert asked_s is not None
    digits_s = began_s + prompt(Prompt.NUMBER_IS).duration_s, asked_s
    assert digits_s[1] - digits_s[0] > 10 * 0.4
    assert story.heard.loudness_dbfs(*digits_s) > -35


def test_a_typo_is_corrected(menus: dict[str, Story]) -> None:
    assert [menu[1:-1] for menu in menus["a typo"].menus if menu[0] == Prompt.NUMBER_IS] == [
        [*"2025550167"],
        [*"2025550176"],
    ]


@pytest.mark.parametrize("name", ["no number at all", "an extension"])
def test_who_cannot_be_rung_back_is_asked_for_a_number(menus: dict[str, Story], name: str) -> None:
    assert menus[name].menus[1] == [Prompt.ENTER_NUMBER]


def test_a_number_that_may_not_be_rung_is_refused_and_another_asked_for(menus: dict[str, Story]) -> None:
    story = menus["a premium number"]
    assert story.told("number_refused")["number"] == "+19005550199"
    assert heard_at(story, Prompt.NUMBER_REFUSED) is not None


def test_a_third_request_of_one_number_is_refused_politely(menus: dict[str, Story]) -> None:
    story = menus["a third request"]
    assert story.ending == "already_waiting"
    assert heard_at(story, Prompt.ALREADY_WAITING) is not None
    assert story.ended.hung_up_by == "them"
    assert story.in_queue_log == []
    assert nothing_is_stored(story)


def nothing_is_stored(story: Story) -> bool:
    """No callback, and nothing that says so."""
    assert story.callbacks == []
    assert "CALLBACK" not in story.in_queue_log
    assert "accepted" not in story.kinds
    assert [Prompt.CALLBACK_CONFIRMED] not in story.menus
    assert heard_at(story, Prompt.CALLBACK_CONFIRMED) is None
    columns = ("ReasonSystemName", "_CB_SERVICE_ID", "_CB_T_SERVICE_START", "_CB_T_CALLBACK_ACCEPTED")
    assert [story.record[column] for column in columns] == [""] * 4
    return True


@pytest.mark.parametrize("name", [name for name, plan in PLANS.items() if plan.stays])
def test_who_does_not_accept_is_told_so_and_waits_in_the_queue(menus: dict[str, Story], name: str) -> None:
    story = menus[name]
    assert story.ending == "stayed"
    assert heard_at(story, Prompt.STAYING_IN_LINE) is not None
    # The test hung up on them in the queue: that is what an abandoned call looks like.
    assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
    assert story.record["cb_outcome"] == "queue"
    assert nothing_is_stored(story)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("three bad numbers", [Prompt.ENTER_NUMBER, Prompt.NUMBER_INVALID, Prompt.NUMBER_INVALID]),
        ("wrong keys", [Prompt.GREETING, Prompt.INVALID_CHOICE, Prompt.INVALID_CHOICE]),
        ("never confirmed", [Prompt.NUMBER_IS, Prompt.INVALID_CHOICE, Prompt.INVALID_CHOICE]),
        ("silence", [Prompt.GREETING]),
    ],
)
def test_a_menu_is_asked_three_times_and_an_offer_once(
    menus: dict[str, Story], name: str, asked: list[Prompt]
) -> None:
    *first, last = [menu[0] for menu in menus[name].menus]
    assert first[-len(asked) :] == asked
    assert last == Prompt.STAYING_IN_LINE


@pytest.mark.parametrize("name", [name for name in PLANS if name.startswith("gone") and name != "gone in goodbye"])
def test_who_hangs_up_in_a_menu_is_gone_without_a_trace(menus: dict[str, Story], name: str) -> None:
    story = menus[name]
    assert story.ended.hung_up_by == "us"
    assert story.ending == "hung_up"
    assert story.in_queue_log == []
    assert nothing_is_stored(story)


def test_who_hangs_up_in_the_goodbye_has_accepted(menus: dict[str, Story]) -> None:
    story = menus["gone in goodbye"]
    assert story.ended.hung_up_by == "us"
    assert heard_at(story, Prompt.CALLBACK_CONFIRMED) is None
    assert is_promised(story, caller(28))


# ---- The place in line -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tidy")
def test_who_listens_longer_keeps_the_place_that_they_came_to(
    lab: Lab, centre: Centre, phones: Phones, teller: Teller
) -> None:
    centre.pause(*AGENTS)
    first, second = caller(31), caller(32)
    calls = {first: phones.call(first, *presses("*", after_s=4), STAYS)}
    teller.wait("an answer", 5, lambda: is_answered(calls[first]))
    calls[second] = phones.call(second, *presses("*", after_s=0.2), STAYS)
    in_order = [teller.in_queue(second, within_s=10), teller.in_queue(first, within_s=10)]
    entered = [line for line in centre.queue_log() if line.event == "ENTERQUEUE" and line.call in in_order]
    assert [(line.call, line.data[2]) for line in entered] == list(zip(in_order, "11", strict=True))
    # The first agent to be free is for who asked first.
    centre.unpause(AGENTS[0])
    teller.wait("an agent to talk", 5, lambda: set(in_order) & set(connected(centre)))
    hang_up_all(lab)
    stories = {who: teller.story(who, calling) for who, calling in calls.items()}
    assert stories[first].in_queue_log[:2] == ["ENTERQUEUE", "CONNECT"]
    assert stories[second].in_queue_log == ["ENTERQUEUE", "ABANDON"]
    assert [story.ending for story in stories.values()] == ["stayed", "stayed"]


# ---- Failures: whatever happens, the caller ends in the queue ----------------------------------------------------


@pytest.fixture
def nobody_free(centre: Centre, tidy: None) -> None:
    """Who is in the queue stays there."""
    centre.pause(*AGENTS)


def hang_up_all(lab: Lab) -> None:
    """Ends every call, from the PBX's side."""
    lab.pbx_cli("channel request hangup all")


@pytest.mark.usefixtures("nobody_free")
@pytest.mark.parametrize("how", ["ended", "frozen"])
def test_without_the_store_nothing_is_promised(lab: Lab, phones: Phones, teller: Teller, how: str) -> None:
    number = caller(41 if how == "ended" else 42)
    calling = phones.call(number, *presses("11"), STAYS)
    with without_store(lab, frozen=how == "frozen"):
        teller.in_queue(number, within_s=20)
    hang_up_all(lab)
    story = teller.story(number, calling, scripted=False)
    assert heard_at(story, Prompt.CALLBACK_FAILED) is not None
    assert heard_at(story, Prompt.CALLBACK_CONFIRMED) is None
    assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
    assert story.record["ReasonSystemName"] == ""
    # A write that the store took after we had stopped waiting for it is undone before anybody is dialled.
    teller.wait("nothing to be pending", 10, lambda: not teller.callbacks(number=number, state="QUEUED"))
    undone = [(each["reason"], each["attempts"]) for each in teller.callbacks(number=number)]
    assert undone == ([("FAIL_QUEUEING", [])] if how == "frozen" else [])
    assert is_promised(accepts_in_a_hurry(phones, teller, number), number)


def accepts_in_a_hurry(phones: Phones, teller: Teller, who: str) -> Story:
    """All is well: somebody takes a callback, and does not wait for the end of the goodbye."""
    return teller.story(who, phones.call(who, *presses("11", after_s=0.2), Wait(1), HangUp()))


@contextmanager
def without_store(lab: Lab, *, frozen: bool) -> Iterator[None]:
    """The store is gone, or is there and does not answer."""
    if frozen:
        lab.signal("redis", signal.SIGSTOP)
    else:
        lab.stop("redis")
    try:
        yield
    finally:
        if frozen:
            lab.signal("redis", signal.SIGCONT)
        lab.start_part("redis")


@pytest.mark.usefixtures("nobody_free")
def test_a_prompt_that_cannot_be_played_leads_to_the_queue(lab: Lab, phones: Phones, teller: Teller) -> None:
    missing = {
        caller(50): (Prompt.OFFER, ()),
        # With another prompt after it, in one playback.
        caller(51): (Prompt.NUMBER_INVALID, presses("2", "1#")),
    }
    with without_prompts(lab, *(which for which, _ in missing.values())):
        calls = {who: phones.call(who, *steps, STAYS) for who, (_, steps) in missing.items()}
        for who in calls:
            teller.in_queue(who, within_s=20)
    hang_up_all(lab)
    for who, calling in calls.items():
        story = teller.story(who, calling)
        assert story.ending == "prompt_failed"
        assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
        assert nothing_is_stored(story)


@contextmanager
def without_prompts(lab: Lab, *missing: Prompt) -> Iterator[None]:
    """Their files are not where Asterisk looks for them."""
    folder = Path(lab.data.run_dir) / "pbx" / "prompts" / "callback" / "en-US"
    away = {file: file.with_name(f"{file.name}.away") for which in missing for file in folder.glob(f"{which}.*")}
    assert len(away) == 2 * len(missing)
    for file, hidden in away.items():
        file.rename(hidden)
    try:
        yield
    finally:
        for file, hidden in away.items():
            hidden.rename(file)


@pytest.mark.usefixtures("nobody_free")
def test_without_the_application_the_dialplan_takes_the_caller_to_the_queue(
    lab: Lab, phones: Phones, teller: Teller
) -> None:
    in_menu, later = caller(70), caller(71)
    calls = {in_menu: phones.call(in_menu, STAYS)}
    teller.wait("an answer", 5, lambda: is_answered(calls[in_menu]))
    lab.stop("app")
    try:
        # The application's last act, before it ended as it was asked to.
        teller.in_queue(in_menu, within_s=QUEUE_S)
        calls[later] = phones.call(later, STAYS)
        teller.in_queue(later, within_s=QUEUE_S)
    finally:
        lab.start_part("app")
    hang_up_all(lab)
    for number, calling in calls.items():
        story = teller.story(number, calling, scripted=False)
        assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
        assert nothing_is_stored(story)


@pytest.mark.usefixtures("nobody_free")
def test_a_killed_application_finds_its_callers_again(lab: Lab, phones: Phones, teller: Teller) -> None:
    in_menus = {
        caller(72): phones.call(caller(72), STAYS),
        caller(73): phones.call(caller(73), *presses("2", "2202"), STAYS),
    }
    promised = phones.call(caller(74), *presses("1", "1"), UntilEnded(30))
    teller.wait("a callback to be stored", 10, lambda: teller.callbacks(number=caller(74)))
    lab.kill("app")
    for who in in_menus:
        teller.in_queue(who, within_s=3)
    promise = teller.story(caller(74), promised, scripted=False)
    hang_up_all(lab)
    assert was_let_go_with_a_promise(promise)
    for who, calling in in_menus.items():
        story = teller.story(who, calling, scripted=False)
        assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
        assert nothing_is_stored(story)


def was_let_go_with_a_promise(story: Story) -> bool:
    """Whoever's script was lost after the callback was stored hears of it (once more), and is in no queue."""
    (callback,) = story.callbacks
    assert callback["state"] == "QUEUED"
    assert story.ended.as_planned, story.ended.trace
    assert heard_at(story, Prompt.CALLBACK_CONFIRMED) is not None
    assert story.in_queue_log == ["CALLBACK"]
    assert story.record["ReasonSystemName"] == "Callback"
    return True


@pytest.mark.usefixtures("nobody_free")
def test_a_lost_ari_connection_takes_callers_to_the_queue(lab: Lab, phones: Phones, teller: Teller) -> None:
    in_menus = {
        caller(80): phones.call(caller(80), STAYS),
        caller(81): phones.call(caller(81), *presses("1"), STAYS),
    }
    promised = phones.call(caller(82), *presses("1", "1"), UntilEnded(30))
    teller.wait("a callback to be stored", 10, lambda: teller.callbacks(number=caller(82)))
    lab.pbx_cli("ari shutdown websocket sessions")
    for who in in_menus:
        teller.in_queue(who, within_s=3)
    promise = teller.story(caller(82), promised)
    hang_up_all(lab)
    assert was_let_go_with_a_promise(promise)
    for who, calling in in_menus.items():
        story = teller.story(who, calling)
        assert story.ending == "switch_lost"
        assert story.in_queue_log == ["ENTERQUEUE", "ABANDON"]
        assert nothing_is_stored(story)
    assert is_promised(accepts_in_a_hurry(phones, teller, caller(83)), caller(83))


def is_answered(calling: Calling) -> bool:
    """The greeting begins."""
    return calling.answered_at_s() is not None

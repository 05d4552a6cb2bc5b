"""The people of the carrier stand-in, called by the PBX and listened to.

All calls are made at once, on one lab in a network of its own: the PBX records what it hears of each.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab_process import LabProcess
from listening import Sound

from ivr.lab import rootfs
from ivr.lab.carrier_log import CarrierEvent, read_events

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

PEOPLE = ("00", "01", "02", "03", "04", "05", "10", "11", "12", "20", "21", "22", "30", "57")
LISTEN_S = 24.0
"""Long enough for the long voicemail greeting and its beep."""


@dataclass(frozen=True, slots=True)
class Called:
    """What became of the calls: by the carrier's own list, and by what the PBX heard."""

    events: list[CarrierEvent]
    pbx: Path
    recordings: Path

    def of(self, nn: str) -> dict[str, float]:
        """Seconds from the ring to each event of a person; a digit is named `digit 1`."""
        mine = [event for event in self.events if event.who == f"+120255501{nn}"]
        assert [event.what for event in mine].count("ring") == 1
        return {
            f"digit {event.detail}" if event.what == "digit" else event.what: event.at_s - mine[0].at_s
            for event in mine
        }

    def heard(self, nn: str) -> Sound:
        """What the PBX heard of a person, from the answer on."""
        return Sound(self.pbx / "heard" / f"{nn}.wav")

    def heard_by(self, who: str) -> list[Sound]:
        """What a number or an agent heard, one for each call."""
        return [Sound(path) for path in sorted(self.recordings.glob(f"{who}-*-heard.wav"))]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    rootfs.ensure(lambda line: None)
    lab = LabProcess(tmp_path_factory.mktemp("people") / "run")
    try:
        line = lab.up("--agents", "2", "--talk-s", "5")
        pbx = lab.where / "pbx"
        (pbx / "heard").mkdir()
        lab.cli("module load res_clioriginate.so")
        for nn in PEOPLE:
            record = f"application Record /lab/heard/{nn}.wav,0,60,kq"
            lab.cli(f"channel originate PJSIP/+120255501{nn}@carrier {record}")
        lab.cli("channel originate PJSIP/+12025550177@carrier application Queue support")
        lab.cli("channel originate PJSIP/+13125550100@carrier application Record /lab/heard/other.wav,0,60,kq")
        time.sleep(LISTEN_S)
        # An agent who is put through to the unallocated number hears what the network says before it refuses.
        lab.cli("channel originate PJSIP/agent-2 application Dial PJSIP/+12025550112@carrier")
        time.sleep(5)
        before_end = read_events(Path(line["carrier_calls"]))
        lab.cli("channel request hangup all")
        time.sleep(1)
        yield Called(before_end, pbx, Path(line["carrier_recordings"]))
    finally:
        lab.clear()


@pytest.mark.parametrize(
    ("nn", "least_s", "most_s"), [("00", 2.0, 5.0), ("57", 2.0, 5.0), ("01", 8.0, 11.0), ("02", 9.0, 11.0)]
)
def test_who_accepts_says_hello_presses_1_and_talks(called: Called, nn: str, least_s: float, most_s: float) -> None:
    did, heard = called.of(nn), called.heard(nn)
    pressed_s = did["digit 1"] - did["answer"]
    assert least_s < pressed_s < most_s
    assert "end" not in did
    # Spoken words first, and a steady tone only after the digit.
    assert heard.loudness_dbfs(0, 0.7) > -30
    assert heard.tone_s(700) > heard.duration_s - pressed_s - 2
    assert heard.first_tone_s(700) == pytest.approx(pressed_s, abs=1.0)


def test_a_business_greeting_is_long_speech(called: Called) -> None:
    heard = called.heard("02")
    assert all(heard.loudness_dbfs(second, second + 1) > -30 for second in range(6))


def test_a_silent_person_stays_silent(called: Called) -> None:
    did, heard = called.of("03"), called.heard("03")
    assert set(did) == {"ring", "answer"}
    assert heard.duration_s > LISTEN_S - 3
    assert heard.sounding_s() == 0


def test_who_declines_presses_2(called: Called) -> None:
    did = called.of("04")
    assert "digit 2" in did
    assert "digit 1" not in did
    assert called.heard("04").tone_s(700) == 0


def test_who_hangs_up_does_so_a_second_after_the_answer(called: Called) -> None:
    did = called.of("05")
    assert did["end"] - did["answer"] == pytest.approx(1.0, abs=0.3)
    assert called.heard("05").duration_s == pytest.approx(1.0, abs=0.3)


def test_busy_is_busy(called: Called) -> None:
    did = called.of("10")
    assert "answer" not in did
    assert did["end"] < 1
    with (called.pbx / "log" / "cdr-custom" / "Master.csv").open() as records:
        dispositions = [row[13] for row in csv.reader(records)]
    assert dispositions.count("BUSY") == 1


def test_no_answer_rings_on(called: Called) -> None:
    assert set(called.of("11")) == {"ring"}


def test_an_unallocated_number_says_so_with_three_tones(called: Called) -> None:
    (sound,) = [sound for sound in called.heard_by("agent-2") if sound.tone_s(1800) > 0]
    for hz in (950, 1400, 1800):
        assert 0.2 <= sound.tone_s(hz) <= 0.5
    assert sound.first_tone_s(950) < sound.first_tone_s(1400) < sound.first_tone_s(1800)
    of_number = [event.what for event in called.events if event.who == "+12025550112"]
    assert of_number == ["ring", "end"] * 2


def test_a_number_outside_the_table_is_refused(called: Called) -> None:
    assert [event.what for event in called.events if event.who == "+13125550100"] == ["ring", "end"]


@pytest.mark.parametrize(("nn", "least_s", "most_s"), [("20", 3.5, 6.0), ("21", 13.5, 17.0)])
def test_voicemail_greets_beeps_and_records(called: Called, nn: str, least_s: float, most_s: float) -> None:
    did, heard = called.of(nn), called.heard(nn)
    beep_s = heard.first_tone_s(1000)
    assert least_s < beep_s < most_s
    assert heard.loudness_dbfs(0, beep_s - 0.8) > -25
    assert heard.loudness_dbfs(beep_s + 0.6, beep_s + 3) < -50
    assert not [event for event in did if event.startswith("digit")]
    assert len(list(called.recordings.glob(f"120255501{nn}-*-message.wav"))) == 1


def test_a_call_screener_speaks_and_waits_for_a_name(called: Called) -> None:
    did, heard = called.of("22"), called.heard("22")
    assert not [event for event in did if event.startswith("digit")]
    assert heard.loudness_dbfs(0, 5) > -28
    assert heard.loudness_dbfs(6.5, 12) < -50


def test_a_fax_machine_sends_its_calling_tone_and_asterisk_takes_it_for_one(called: Called) -> None:
    # The dialplan takes the call from the recorder to extension fax, as soon as the tone was recognised.
    heard = called.heard("30")
    assert heard.duration_s < 3
    assert heard.tone_s(1100) >= 0.2


def test_a_customer_and_an_agent_hear_each_other(called: Called) -> None:
    (customer,) = called.heard_by("12025550177")
    agents = [sound for agent in ("agent-1", "agent-2") for sound in called.heard_by(agent)]
    assert customer.tone_s(1300) > 3
    assert [sound.tone_s(700) > 3 for sound in agents].count(True) == 1


def test_asterisk_has_nothing_to_complain_about_in_the_configuration(called: Called) -> None:
    for name in ("pbx", "carrier"):
        log = (called.pbx.parent / name / "log" / "messages.log").read_text()
        # Thread 1 is the one that reads the configuration at the start.
        assert [line for line in log.splitlines() if " ERROR[" in line or " WARNING[1]" in line] == []

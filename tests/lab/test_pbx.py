"""The PBX as it is configured: who may call, in which codec and with which digits, and what becomes of the call
while no application is there."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_process import LabProcess, within

from ivr.lab import rootfs
from ivr.lab.carrier_log import read_events

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]

SCENARIO = Path(__file__).parent / "sipp" / "dials_and_presses.xml"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    rootfs.ensure(lambda line: None)
    process = LabProcess(tmp_path_factory.mktemp("pbx") / "run")
    try:
        process.up("--agents", "4", "--talk-s", "20")
        process.cli("logger add channel /lab/log/digits.log dtmf")
        yield process
    finally:
        process.clear()


def call(lab: LabProcess, *, own_ip: str, caller: str, service: str, pt: int, codec: str) -> str:
    """Makes the scenario's call from `own_ip`; returns nothing, or SIPp's complaints if it went another way."""
    keys = ["-key", "caller", caller, "-key", "pt", str(pt), "-key", "codec", codec]
    command = lab.sipp("127.0.0.1:5060", "-sf", str(SCENARIO), "-s", service, *keys, own_ip=own_ip)
    done = subprocess.run(command, cwd=lab.where.parent, capture_output=True, text=True, timeout=40, check=False)
    return "" if done.returncode == 0 else done.stderr or done.stdout


@pytest.mark.parametrize(
    ("own_ip", "caller", "pt", "codec"),
    [
        ("127.0.0.1", "+12025550142", 0, "PCMU/8000"),
        ("127.0.0.7", "12025550143", 8, "PCMA/8000"),
        ("127.255.0.9", "+12025550144", 9, "G722/8000"),
    ],
)
def test_a_call_from_any_loopback_address_reaches_an_agent(
    lab: LabProcess, own_ip: str, caller: str, pt: int, codec: str
) -> None:
    assert call(lab, own_ip=own_ip, caller=caller, service="support", pt=pt, codec=codec) == ""
    events = [line.split("|") for line in Path(lab.line["queue_log"]).read_text().splitlines()]
    (mine,) = [event[1] for event in events if event[4] == "ENTERQUEUE" and event[6] == caller]
    assert [event[4] for event in events if event[1] == mine][:2] == ["ENTERQUEUE", "CONNECT"]
    rings = [event for event in read_events(Path(lab.line["carrier_calls"])) if event.detail == caller.lstrip("+")]
    rings = rings or [event for event in read_events(Path(lab.line["carrier_calls"])) if event.detail == caller]
    assert [event.what for event in rings] == ["ring"]


def test_digits_by_sip_info_are_understood(lab: LabProcess) -> None:
    digits = lab.where / "pbx" / "log" / "digits.log"
    before = digits.read_text().count("DTMF end '5' received")
    assert call(lab, own_ip="127.0.0.3", caller="+12025550145", service="support", pt=0, codec="PCMU/8000") == ""
    assert digits.read_text().count("DTMF end '5' received") == before + 1


def test_a_call_that_went_to_the_agents_has_one_record_that_says_so(lab: LabProcess) -> None:
    caller = "+12025550146"
    assert call(lab, own_ip="127.0.0.4", caller=caller, service="support", pt=0, codec="PCMU/8000") == ""

    def records() -> list[list[str]]:
        with Path(lab.line["cdr"]).open() as lines:
            return [row for row in csv.reader(lines) if row[1] == caller]

    assert within(5, lambda: len(records()) == 1)
    (record,) = records()
    assert len(record) == 24
    assert record[19:] == ["queue", "", "", "", ""]


def test_an_unknown_service_is_answered_and_ended(lab: LabProcess) -> None:
    complaint = call(lab, own_ip="127.0.0.5", caller="+12025550147", service="nowhere", pt=0, codec="PCMU/8000")
    assert "BYE" in complaint


def test_two_sides_of_a_call_get_packets_in_one_sequence_each(lab: LabProcess) -> None:
    """With bridge_native_rtp half of the customers heard nothing of their agent: see modules.conf."""
    assert "0 modules loaded" in lab.cli("module show like bridge_native_rtp")
    assert "1 modules loaded" in lab.cli("module show like bridge_simple")

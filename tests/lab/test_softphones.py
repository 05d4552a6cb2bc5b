"""The log-ins that a lab prints work: for an agent, and for a customer who calls and is called back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab_process import LabProcess, within

from ivr.lab import rootfs

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]

SIPP = Path(__file__).parent / "sipp"
PHONE_IP = "127.0.0.20"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabProcess]:
    rootfs.ensure(lambda line: None)
    process = LabProcess(tmp_path / "run")
    try:
        process.up("--agents", "0")
        process.cli("module load res_clioriginate.so")
        yield process
    finally:
        process.clear()


def test_an_agents_softphone_is_rung_by_the_queue(lab: LabProcess) -> None:
    user = log_in(lab, role="agent")
    with answering_phone(lab):
        lab.cli("channel originate PJSIP/+12025550100@carrier application Queue support")
        assert within(10, lambda: f"|{user}|CONNECT|" in Path(lab.line["queue_log"]).read_text())


def test_a_customers_softphone_calls_the_service(lab: LabProcess) -> None:
    user = log_in(lab, role="caller")
    scenario = str(SIPP / "softphone_calls.xml")
    done = run(lab, lab.sipp(*account(lab, "caller"), "-sf", scenario, "-s", "support", own_ip=PHONE_IP))
    assert done.returncode == 0, done.stderr
    entered = [line for line in Path(lab.line["queue_log"]).read_text().splitlines() if "|ENTERQUEUE|" in line]
    assert [line.split("|")[6] for line in entered] == [f"+{user}"]


def test_a_customers_softphone_is_called_back(lab: LabProcess) -> None:
    user = log_in(lab, role="caller")
    with answering_phone(lab):
        lab.cli(f"channel originate PJSIP/+{user}@carrier application Playback demo-congrats")
        assert within(10, lambda: f"PJSIP/{user}-" in lab.cli("core show channels", on="carrier_cli"))
        assert within(10, lambda: " Up " in lab.cli("core show channels"))


def test_a_wrong_password_is_refused(lab: LabProcess) -> None:
    phone = softphone(lab, "agent") | {"password": "wrong"}
    assert register(lab, phone).returncode != 0
    assert "Unavailable" in lab.cli(f"pjsip show endpoint {phone['user']}")


def softphone(lab: LabProcess, role: str) -> dict[str, str]:
    """The first log-in of that role."""
    phone: dict[str, str] = next(phone for phone in lab.line["softphones"] if phone["role"] == role)
    return phone


def account(lab: LabProcess, role: str) -> list[str]:
    """SIPp's arguments for that log-in."""
    return _account(softphone(lab, role))


def _account(phone: dict[str, str]) -> list[str]:
    return [phone["server"], "-key", "user", phone["user"], "-au", phone["user"], "-ap", phone["password"]]


def register(lab: LabProcess, phone: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Logs a phone in."""
    return run(lab, lab.sipp(*_account(phone), "-sf", str(SIPP / "registers.xml"), own_ip=PHONE_IP))


def log_in(lab: LabProcess, *, role: str) -> str:
    """Logs the first phone of that role in; returns its user."""
    phone = softphone(lab, role)
    done = register(lab, phone)
    assert done.returncode == 0, done.stderr
    return phone["user"]


@contextmanager
def answering_phone(lab: LabProcess) -> Iterator[None]:
    """A phone that takes the next call."""
    command = lab.sipp("-sn", "uas", own_ip=PHONE_IP)
    with subprocess.Popen(
        command, cwd=lab.where.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as phone:
        try:
            yield
        finally:
            phone.kill()


def run(lab: LabProcess, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs SIPp where its files may lie."""
    return subprocess.run(command, cwd=lab.where.parent, capture_output=True, text=True, timeout=40, check=False)

"""The lab's smaller parts: ports, the directory claim, the carrier's list of calls."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.lab import preflight, run_dir
from ivr.lab.carrier_log import CarrierEvent, read_events
from ivr.lab.errors import LabError
from ivr.lab.preflight import Port

pytestmark = pytest.mark.unit


@pytest.fixture
def taken_port() -> Iterator[Port]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield Port("127.0.0.1", listener.getsockname()[1], "tcp", "a test")


def test_a_taken_port_is_named_with_its_holder(taken_port: Port) -> None:
    with pytest.raises(LabError) as refused:
        preflight.check_ports([taken_port], patience_s=0)
    me = f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert str(refused.value) == (
        f"ports in use: tcp 127.0.0.1:{taken_port.number} (a test) by {me}; stop that, then start the lab again"
    )


def test_a_port_that_becomes_free_is_waited_for() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = Port("127.0.0.1", holder.getsockname()[1], "udp", "a test")
    preflight.check_ports([port], patience_s=0)


def test_a_lab_needs_its_ports_once_each() -> None:
    ports = preflight.needed_ports()
    assert len({(port.host, port.number, port.protocol) for port in ports}) == len(ports) == 6
    assert [port for port in preflight.needed_ports(app=False) if port.number == 8080] == []


def test_a_directory_is_claimed_once(tmp_path: Path) -> None:
    where = tmp_path / "run"
    claim = run_dir.claim(where)
    with pytest.raises(LabError, match=f"a lab is already running in {where}"):
        run_dir.claim(where)
    os.close(claim)
    os.close(run_dir.claim(where))


def test_what_a_killed_lab_left_is_removed_by_the_next_claim(tmp_path: Path) -> None:
    where = tmp_path / "run"
    os.close(run_dir.claim(where))
    (where / "pbx").mkdir()
    (where / "pbx" / "old").touch()
    (where / "link").symlink_to(tmp_path)
    os.close(run_dir.claim(where))
    assert not (where / "pbx").exists()
    assert not (where / "link").is_symlink()
    assert tmp_path.exists()


def test_somebodys_own_directory_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("keep me")
    with pytest.raises(LabError, match="is not a lab's directory and is not empty"):
        run_dir.claim(tmp_path)
    assert (tmp_path / "letter").read_text() == "keep me"


def test_a_claimed_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    where = tmp_path / "run"
    os.close(run_dir.claim(where))
    assert where.stat().st_mode & 0o777 == 0o700


def test_the_carriers_list_is_read_up_to_the_last_whole_line(tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "1795400926.664,ring,+12025550100,1795400926.0,18005550100\n"
        "1795400928.689,answer,+12025550100,1795400926.0,\n"
        "1795400931.888,dig"
    )
    assert read_events(calls) == [
        CarrierEvent(1795400926.664, "ring", "+12025550100", "1795400926.0", "18005550100"),
        CarrierEvent(1795400928.689, "answer", "+12025550100", "1795400926.0", ""),
    ]


def test_no_calls_yet(tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.touch()
    assert read_events(calls) == []

"""The lab starts, tells what it is, mends itself, and leaves nothing behind, whatever ends it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import own_network
import pytest
from lab_process import GONE_S, IVR_LAB, LabProcess, within

from ivr.lab import rootfs

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]


@pytest.fixture(scope="session", autouse=True)
def _asterisk_tree() -> None:
    rootfs.ensure(lambda line: None)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabProcess]:
    process = LabProcess(tmp_path / "run")
    yield process
    process.clear()


def test_the_json_line_is_the_contract(lab: LabProcess) -> None:
    line = lab.up("--agents", "1")
    contract = {
        *("sip", "http", "api_key", "redis", "ari", "ami", "queue_log", "cdr", "asterisk_cli", "pids"),
    }
    assert contract <= set(line)
    assert line["sip"] == "127.0.0.1:5060"
    assert line["carrier"] == "127.0.0.2:5060"
    assert set(line["ari"]) == {"url", "user", "password"}
    assert set(line["ami"]) == {"host", "port", "user", "password"}
    assert Path(line["queue_log"]).is_file()
    assert Path(line["cdr"]).parent.is_dir()
    assert set(line["pids"]) == {"pbx", "carrier", "redis", "keeper"}
    assert "Asterisk 22." in lab.cli("core show version")
    assert "agent-1" in lab.cli("queue show support")
    assert "agent-2" not in lab.cli("queue show support")


def test_ps_prints_the_line_again(lab: LabProcess) -> None:
    line = lab.up()
    done = lab.ask("ps", "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert lab.pids() == line["pids"]
    for_people = lab.ask("ps").stdout
    assert line["ari"]["password"] in for_people
    assert all(phone["password"] in for_people for phone in line["softphones"])


def test_a_second_lab_is_refused_in_one_line(lab: LabProcess) -> None:
    line = lab.up()
    second = lab.ask("up", "--no-app")
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already running in {lab.where} (pid {line['pids']['keeper']})" in second.stderr
    assert "ivr lab down" in second.stderr
    assert lab.pids() == line["pids"]


def test_ps_and_down_without_a_lab_say_so(lab: LabProcess) -> None:
    for command in ("ps", "down"):
        done = lab.ask(command)
        assert done.returncode == 1
        assert done.stderr == f"lab: no lab is running in {lab.where}; start one with `ivr lab up`\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(lab: LabProcess, number: signal.Signals) -> None:
    lab.up()
    lab.kill(number)
    assert lab.wait() == 0
    assert lab.leftovers() == []


def test_down_ends_it_and_nothing_is_left(lab: LabProcess) -> None:
    lab.up()
    assert lab.ask("down").returncode == 0
    assert lab.wait() == 0
    assert lab.leftovers() == []


def test_its_logs_can_be_kept(lab: LabProcess, tmp_path: Path) -> None:
    lab.env["QUEUE_CALLBACK_LAB_KEEP"] = str(tmp_path / "kept")
    lab.up()
    lab.kill(signal.SIGINT)
    assert lab.wait() == 0
    assert lab.leftovers() == []
    assert "QUEUESTART" in (tmp_path / "kept" / "pbx" / "log" / "queue_log").read_text()


def test_nothing_outlives_a_killed_owner(lab: LabProcess) -> None:
    lab.up()
    lab.kill(signal.SIGKILL)
    lab.wait()
    assert within(GONE_S, lambda: not lab.leftovers()), lab.leftovers()
    lab.up()  # and the next one finds a clean state


def test_nothing_runs_on_when_owner_and_keeper_are_killed(lab: LabProcess) -> None:
    line = lab.up()
    os.kill(line["pids"]["keeper"], signal.SIGKILL)
    lab.kill(signal.SIGKILL)
    lab.wait()
    # Nobody was left to remove the directory.
    assert within(GONE_S, lambda: lab.leftovers() == [str(lab.where)]), lab.leftovers()
    stale = lab.where / "pbx" / "log" / "stale"
    stale.touch()
    lab.up()
    assert not stale.exists()
    assert "fully booted" in lab.cli("core waitfullybooted")


def test_a_killed_keeper_takes_the_lab_with_it(lab: LabProcess) -> None:
    line = lab.up()
    os.kill(line["pids"]["keeper"], signal.SIGKILL)
    assert lab.wait() == 1
    assert "keeper was killed" in lab.errors()
    assert lab.leftovers() == []


@pytest.mark.parametrize("part", ["pbx", "carrier", "redis"])
def test_a_part_that_dies_is_started_again(lab: LabProcess, part: str) -> None:
    before = lab.up()["pids"]
    os.kill(before[part], signal.SIGKILL)
    assert within(10, lambda: lab.pids().get(part, before[part]) != before[part])
    after = lab.pids()
    assert {name: pid for name, pid in after.items() if name != part} == {
        name: pid for name, pid in before.items() if name != part
    }
    if part != "redis":
        on = "asterisk_cli" if part == "pbx" else "carrier_cli"
        assert within(10, lambda: "fully booted" in _cli_or_nothing(lab, on))


def test_the_store_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path) -> None:
    # The whole story in one process, because its store is on its own loopback.
    story = """
        import socket
        from ivr.lab import Lab
        def ask(line):
            with socket.create_connection(("127.0.0.1", 6390), 5) as store:
                store.sendall(line.encode() + b"\\r\\n")
                return store.makefile("rb").readline().decode().strip()
        with Lab(app=False) as lab:
            print(ask("INCR promises"), end=" ")
            first = lab.ps().pids["redis"]
            second = lab.kill("redis").pids["redis"]
            print(ask("INCR promises"), first != second)
    """
    done = _python_in_own_network(story, tmp_path / "run")
    assert done.stdout == ":1 :2 True\n", done.stderr


def test_the_application_is_started_again_too(tmp_path: Path) -> None:
    story = """
        import urllib.request
        from ivr.lab import Lab
        with Lab(agents=0) as lab:
            first = lab.ps().pids["app"]
            second = lab.kill("app").pids["app"]
            with urllib.request.urlopen(lab.data.http + "/readyz", timeout=5) as answer:
                print(answer.status, first != second)
    """
    done = _python_in_own_network(story, tmp_path / "run")
    assert done.stdout == "200 True\n", done.stderr


def test_a_part_can_be_stopped_and_started(tmp_path: Path) -> None:
    story = """
        from ivr.lab import Lab, LabError
        with Lab(app=False) as lab:
            lab.stop("pbx")
            print("pbx" in lab.ps().pids, end=" ")
            try:
                lab.pbx_cli("core show version")
            except LabError as error:
                print("not running" in str(error), end=" ")
            lab.start_part("pbx")
            print("Asterisk" in lab.pbx_cli("core show version"))
    """
    done = _python_in_own_network(story, tmp_path / "run")
    assert done.stdout == "False True True\n", done.stderr


def test_a_port_in_use_is_named_with_its_holder(lab: LabProcess) -> None:
    squatter = """
        import os, socket, subprocess, sys
        with socket.socket() as ari, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
            ari.bind(("0.0.0.0", 8088)); ari.listen()
            sip.bind(("127.0.0.2", 5060))
            print(open('/proc/self/comm').read().strip(), os.getpid(), flush=True)
            sys.exit(subprocess.run(sys.argv[1:]).returncode)
    """
    done = _python_in_own_network(squatter, lab.where, *IVR_LAB, "up", "--no-app")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    name, pid = done.stdout.split()
    assert f"tcp 127.0.0.1:8088 (the PBX's ARI) by {name} (pid {pid})" in done.stderr
    assert f"udp 127.0.0.2:5060 (the carrier's SIP) by {name} (pid {pid})" in done.stderr
    assert not lab.where.exists()


def test_without_root_it_says_so(lab: LabProcess) -> None:
    # Root gives itself up after its modules are loaded, because nobody else may be able to read them.
    story = """
        import os
        from ivr.lab import Lab, LabError
        os.seteuid(65534)
        try:
            Lab(app=False).start()
        except LabError as error:
            print(error)
    """
    done = _python_in_own_network(story, lab.where)
    assert done.stdout == (
        "the lab needs root, because it boots Asterisk in a root file system of its own; use sudo\n"
    )


def test_without_room_it_says_so(lab: LabProcess) -> None:
    lab.where.mkdir()
    small = f"mount -t tmpfs -o size=10m tmpfs {shlex.quote(str(lab.where))}; exec {shlex.join(IVR_LAB)} up --no-app"
    command = ["unshare", "--mount", "sh", "-euc", small]
    done = subprocess.run(command, env=lab.env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"lab: {lab.where} has 10 MB free and the lab needs 300; ")
    assert done.stderr.count("\n") == 1


def test_without_a_network_the_asterisk_tree_cannot_be_built(lab: LabProcess, tmp_path: Path) -> None:
    lab.env["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    command = own_network.argv(*IVR_LAB, "up", "--no-app")
    done = subprocess.run(command, env=lab.env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("lab: ")
    assert "no network?" in last
    assert "Traceback" not in done.stderr
    assert not lab.where.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agents", "101"], "101 agents are not possible; choose 0 to 100"),
        (["--talk-s", "0"], "agents cannot talk for 0 s; choose 1 or more"),
        (["--carrier", "nowhere"], "the carrier 'nowhere' is not HOST:PORT; for example 127.0.0.2:5060"),
        (["--set", "x"], "'x' is not SERVICE.OPTION=VALUE; for example support._ewt_threshold=0"),
    ],
)
def test_an_impossible_choice_is_refused_in_one_line(lab: LabProcess, arguments: list[str], said: str) -> None:
    done = lab.ask("up", "--no-app", *arguments)
    assert done.returncode == 1
    assert done.stderr == f"lab: {said}\n"


def _cli_or_nothing(lab: LabProcess, on: str) -> str:
    done = subprocess.run([*lab.line[on], "core waitfullybooted"], capture_output=True, text=True, check=False)
    return done.stdout


def _python_in_own_network(story: str, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    lines = "\n".join(line.removeprefix("        ") for line in story.splitlines())
    env = {**os.environ, "QUEUE_CALLBACK_LAB_DIR": str(where)}
    command = own_network.argv(sys.executable, "-c", lines, *arguments)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

"""The doctor on the lab: nothing to say of a healthy one, and each mistake, really made, is named with its mend."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ivr.doctor.check import Check, Status
from ivr.doctor.examine import examine
from ivr.doctor.report import verdict
from ivr.lab import Lab
from ivr.settings import load_settings

pytestmark = [pytest.mark.lab, pytest.mark.timeout(60)]

Checks = dict[str, Check]
RELOAD_AMI = "manager reload"
RESTART = "restart"
DOCTOR = [sys.executable, "-m", "ivr", "doctor"]


class Clinic:
    """A lab, and the doctor beside it."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.settings = Path(lab.data.config).read_text()
        self.pbx = Path(lab.data.run_dir) / "pbx"
        self.etc = self.pbx / "etc"
        self.env: dict[str, str] = {}
        self._config = folder / "looked-at.toml"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ivr doctor` as people and programs run it."""
        return subprocess.run(
            [*DOCTOR, "--config", str(self._written()), *arguments],
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )

    def examine(self, ahead_s: float = 0.0) -> Checks:
        """The same without a process of its own, the checks by name. `ahead_s`: how wrong the doctor's clock is."""
        settings = load_settings(self._written(), self.env)
        checks = asyncio.run(examine(settings, now_s=lambda: time.time() + ahead_s))
        return {check.name: check for check in checks}

    def _written(self) -> Path:
        self._config.write_text(self.settings)
        return self._config

    # ---- ways to break it

    def cli(self, command: str) -> str:
        return self.lab.pbx_cli(command)

    def set_option(self, section: str, option: str, value: str) -> None:
        """Another value of an option in the settings file."""
        head = f"[{section}]\n"
        before, after = self.settings.split(head)
        after = re.sub(rf"^{option} = .*\n", "", after, count=1, flags=re.MULTILINE)
        self.settings = f"{before}{head}{option} = {json.dumps(value)}\n{after}"

    def redis(self, *words: str) -> str:
        """What the store answers to a command."""
        address = urlsplit(self.lab.data.redis)
        with socket.create_connection((address.hostname, address.port or 6379), 5) as link:
            link.sendall(" ".join(words).encode() + b"\r\n")
            return link.recv(4096).decode()

    @contextmanager
    def edited(self, file: str, old: str, new: str, reload: str) -> Iterator[None]:
        """A configuration file of the PBX, changed and read again, and put back in the end."""
        path = self.etc / file
        good = path.read_text()
        assert old in good
        try:
            path.write_text(good.replace(old, new))
            self._read_again(reload)
            yield
        finally:
            path.write_text(good)
            self._read_again(reload)

    def _read_again(self, how: str) -> None:
        if how == RESTART:
            self.lab.stop("pbx")
            self.lab.start_part("pbx")
        else:
            self.cli(how)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(app=False, agents=2) as lab:
        yield lab


@pytest.fixture
def clinic(lab: Lab, tmp_path: Path) -> Clinic:
    return Clinic(lab, tmp_path)


@pytest.fixture
def mended() -> Iterator[ExitStack]:
    """What is put on it is undone after the test."""
    with ExitStack() as stack:
        yield stack


def is_named(checks: Checks, name: str, detail: str, mend: str, *, status: Status = Status.FAILED) -> None:
    found = checks[name]
    assert found.status is status, found
    assert detail in found.detail
    assert mend in found.mend


def assert_named(clinic: Clinic, name: str, detail: str, mend: str, *, status: Status = Status.FAILED) -> Checks:
    checks = clinic.examine()
    is_named(checks, name, detail, mend, status=status)
    assert verdict([*checks.values()]) == (status is not Status.FAILED)
    return checks


def test_a_healthy_lab_is_fine(clinic: Clinic) -> None:
    begun_s = time.monotonic()
    done = clinic.command("--json")
    assert time.monotonic() - begun_s < 15
    assert done.returncode == 0
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["ok"] is True
    not_fine = {check["name"]: check["status"] for check in document["checks"] if check["status"] != "ok"}
    # No agent is busy, and the module that would tell is not among those that the application needs.
    assert not_fine == {"ami.read": "unknown"}


def test_a_person_reads_a_table(clinic: Clinic) -> None:
    clinic.env["IVR_AMI_PASSWORD"] = "wrong"
    done = clinic.command()
    assert done.returncode == 1
    assert "Asterisk 22." in done.stdout
    assert re.search(r"^ami +FAILED +127.0.0.1:5038 refuses", done.stdout, re.MULTILINE)
    assert re.search(r"^\d+ checks: \d+ fine, 1 failed, \d skipped$", done.stdout, re.MULTILINE)


def test_it_leaves_no_trace(clinic: Clinic) -> None:
    records = Path(clinic.lab.data.cdr)
    before = records.read_text() if records.exists() else ""
    log = clinic.pbx / "log" / "messages.log"
    complaints = log.read_text().count("WARNING") + log.read_text().count("ERROR")
    clinic.examine()
    time.sleep(0.5)
    assert (records.read_text() if records.exists() else "") == before
    assert "0 active channels" in clinic.cli("core show channels")
    assert clinic.redis("KEYS", "*").startswith("*0")
    assert log.read_text().count("WARNING") + log.read_text().count("ERROR") == complaints
    assert "ivr-doctor" not in clinic.cli("ari show apps")


def test_a_wrong_ari_password(clinic: Clinic) -> None:
    clinic.env["IVR_ARI_PASSWORD"] = "wrong"
    checks = assert_named(clinic, "ari", "refuses the user callback", "in ari.conf: `[callback]`")
    assert checks["dialplan"].because == "ari"
    assert "wrong" not in checks["ari"].detail


def test_an_ari_account_that_may_only_read(clinic: Clinic, mended: ExitStack) -> None:
    mended.enter_context(
        clinic.edited("site/ari.conf", "read_only = no", "read_only = yes", "module reload res_ari.so")
    )
    assert_named(clinic, "ari.write", "callback may only read", "`[callback]`: `read_only = no`")


def test_ari_is_switched_off(clinic: Clinic, mended: ExitStack) -> None:
    mended.enter_context(clinic.edited("ari.conf", "enabled = yes", "enabled = no", "module reload res_ari.so"))
    assert_named(clinic, "ari", "a web server without ARI", "in ari.conf: `[general]`, `enabled = yes`")


def test_a_wrong_ami_password(clinic: Clinic) -> None:
    clinic.env["IVR_AMI_PASSWORD"] = "wrong"
    checks = assert_named(clinic, "ami", "refuses the user callback, the password, or our address", "`permit`")
    assert checks["queue.support"].because == "ami"
    assert checks["ari"].status is Status.OK


def test_an_ami_account_that_this_machine_may_not_use(clinic: Clinic, mended: ExitStack) -> None:
    mended.enter_context(clinic.edited("site/manager.conf", "permit = 127.0.0.0", "permit = 192.0.2.0", RELOAD_AMI))
    assert_named(clinic, "ami", "refuses the user callback, the password, or our address", "`permit` line")


def test_ami_is_switched_off(clinic: Clinic, mended: ExitStack) -> None:
    # By a restart: now and then Asterisk 22.10 hangs when a reload switches its AMI off or on.
    mended.enter_context(clinic.edited("manager.conf", "enabled = yes", "enabled = no", RESTART))
    assert_named(clinic, "ami", "127.0.0.1:5038 cannot be used", "in manager.conf: `enabled = yes`")


def test_an_ami_account_that_hears_nothing(clinic: Clinic, mended: ExitStack) -> None:
    mended.enter_context(clinic.edited("site/manager.conf", "read = agent,call", "read = system", RELOAD_AMI))
    assert_named(clinic, "ami.read", "not told of events of the class call", "`read = agent,call`")


def test_an_ami_account_that_hears_too_little(clinic: Clinic, mended: ExitStack) -> None:
    """Where Asterisk can read its own configuration, as most can, no event need come for it."""
    mended.callback(clinic.cli, "module unload func_config.so")
    clinic.cli("module load func_config.so")
    checks = clinic.examine()
    assert checks["ami.read"].status is Status.OK
    with clinic.edited("site/manager.conf", "read = agent,call", "read = call", RELOAD_AMI):
        assert_named(clinic, "ami.read", "not told of events of the class agent", "`read = agent,call`")
    with clinic.edited("site/manager.conf", "read = agent,call", "", RELOAD_AMI):
        assert_named(clinic, "ami.read", "of the class agent, call", "`read = agent,call`")


def test_events_of_agents_that_come_in_are_believed(clinic: Clinic) -> None:
    begun, done = threading.Event(), threading.Event()

    def keep_agents_busy() -> None:
        while not done.is_set():
            begun.set()
            clinic.cli("queue pause member PJSIP/agent-1 queue support")
            clinic.cli("queue unpause member PJSIP/agent-1 queue support")

    with ThreadPoolExecutor(1) as beside:
        busy = beside.submit(keep_agents_busy)
        assert begun.wait(5)
        try:
            checks = clinic.examine()
        finally:
            done.set()
        busy.result()
    assert checks["ami.read"].status is Status.OK
    assert checks["ami.read"].detail == "events of the classes agent, call come in"


def test_an_ami_account_that_may_do_too_much(clinic: Clinic, mended: ExitStack) -> None:
    all_of_it = "read = agent,call\nwrite = all"
    mended.enter_context(clinic.edited("site/manager.conf", "read = agent,call", all_of_it, RELOAD_AMI))
    assert_named(
        clinic,
        "ami.write",
        "may do what is not needed: Command, Originate",
        "without a `write`",
        status=Status.WARNING,
    )


def test_a_queue_that_nobody_serves(clinic: Clinic, mended: ExitStack) -> None:
    clinic.set_option("service.support", "_queue", "empty")
    queues = clinic.etc / "site" / "queues.conf"
    last = queues.read_text().splitlines()[-1]
    mended.enter_context(
        clinic.edited("site/queues.conf", last, f"{last}\n[empty](callback-queue-defaults)", "queue reload all")
    )
    assert_named(clinic, "queue.empty", "nobody is a member of empty now", "`member => ", status=Status.WARNING)


def test_a_queue_whose_telephones_are_away(clinic: Clinic, mended: ExitStack) -> None:
    clinic.set_option("service.support", "_queue", "away")
    queues = clinic.etc / "site" / "queues.conf"
    last = queues.read_text().splitlines()[-1]
    away = f"{last}\n[away](callback-queue-defaults)\nmember = PJSIP/agent-phone-1\nmember = PJSIP/nobody"
    mended.enter_context(clinic.edited("site/queues.conf", last, away, "queue reload all"))
    assert_named(
        clinic,
        "queue.away",
        "none of the 2 members of away can be reached: PJSIP/agent-phone-1 (unavailable), PJSIP/nobody (invalid)",
        "pjsip show endpoints",
        status=Status.WARNING,
    )


def test_a_store_that_forgets(clinic: Clinic, mended: ExitStack) -> None:
    mended.callback(clinic.redis, "CONFIG", "SET", "appendfsync", "always")
    assert clinic.redis("CONFIG", "SET", "appendfsync", "everysec").startswith("+OK")
    assert_named(
        clinic, "redis.durability", "loses the last second's callbacks", "`redis-cli CONFIG SET appendfsync always`"
    )


def test_modules_that_are_not_loaded(clinic: Clinic, mended: ExitStack) -> None:
    lost = {
        "app_amd.so": ("modules.amd", "answering machines are not told from people"),
        "app_stack.so": ("modules.dialplan", "the callback contexts do not work"),
        "format_wav.so": ("modules.audio", "nobody hears a prompt"),
        "res_ari_playbacks.so": ("modules.calls", "cannot speak"),
    }
    for module in lost:
        mended.callback(clinic.cli, f"module load {module}")
        assert "Unloaded" in clinic.cli(f"module unload {module}")
    checks = clinic.examine()
    assert not verdict([*checks.values()])
    for module, (check, detail) in lost.items():
        is_named(checks, check, detail, f"`module load {module}`")


def test_requests_that_no_module_answers(clinic: Clinic, mended: ExitStack) -> None:
    mended.callback(clinic.cli, "module load res_ari_sounds.so")
    assert "Unloaded" in clinic.cli("module unload res_ari_sounds.so")
    assert_named(clinic, "prompts.en-US", "does not know the request GET /sounds", "`load = res_ari_sounds.so`")


def test_amd_without_its_configuration(clinic: Clinic, mended: ExitStack) -> None:
    conf = clinic.etc / "amd.conf"
    away = conf.with_suffix(".away")
    mended.callback(clinic.cli, "module load app_amd.so")
    mended.callback(away.rename, conf)
    conf.rename(away)
    clinic.cli("module unload app_amd.so")
    assert "Loaded" not in clinic.cli("module load app_amd.so")  # it declines, as it does at a start
    assert_named(clinic, "modules.amd", "not running: app_amd.so", "copy asterisk-config/pbx/amd.conf")


def test_a_missing_context(clinic: Clinic, mended: ExitStack) -> None:
    mended.callback(clinic.cli, "dialplan reload")
    clinic.cli("dialplan remove context callback-amd")
    assert_named(
        clinic, "dialplan", "the dialplan has no context callback-amd", "asterisk-config/pbx/extensions.conf"
    )


def test_a_missing_prompt(clinic: Clinic, mended: ExitStack) -> None:
    folder = clinic.pbx / "prompts" / "callback" / "en-US"
    for name in ("offer.wav", "offer.wav16"):
        mended.callback((folder / f"{name}.away").rename, folder / name)
        (folder / name).rename(folder / f"{name}.away")
    assert_named(
        clinic,
        "prompts.en-US",
        "1 of 28 are not in /usr/share/asterisk/sounds/callback/en-US: offer",
        "`ivr prompts install /usr/share/asterisk/sounds`",
    )


def test_settings_that_name_what_asterisk_does_not_have(clinic: Clinic) -> None:
    clinic.set_option("asterisk", "app", "another")
    clinic.set_option("asterisk", "trunk", "nowhere")
    clinic.set_option("service.support", "_queue", "complaints")
    clinic.set_option("service.support", "_language", "de-DE")
    clinic.settings += '\n[service.Sales]\n_queue = "support"\n'
    checks = clinic.examine()
    assert not verdict([*checks.values()])
    is_named(checks, "dialplan.application", "sends calls to callback", "`CALLBACK_APP = another`")
    is_named(checks, "trunk.nowhere", "there is no PJSIP endpoint nowhere", "`[nowhere]`, `type = endpoint`")
    is_named(checks, "queue.complaints", "Asterisk has no queue complaints", "in queues.conf: `[complaints]`")
    is_named(checks, "prompts.de-DE", "28 of 28 are not in", "`ivr prompts install")
    is_named(checks, "numbers.de-DE", "in de", "asterisk-core-sounds-de")
    # The dialplan is looked at, trunk or no trunk.
    is_named(checks, "dialplan", "no extension Sales in callback-inbound", "names in small letters")
    assert checks["queue.support"].status is Status.OK


def test_a_trunk_without_a_contact(clinic: Clinic) -> None:
    clinic.set_option("asterisk", "trunk", "agent-phone-1")
    assert_named(clinic, "trunk.agent-phone-1", "is offline", "`contact = sip:HOST:PORT`")


def test_our_name_in_other_hands(clinic: Clinic, mended: ExitStack) -> None:
    ari = clinic.lab.data.ari
    hold = (
        "import asyncio, sys\n"
        "from ivr.ari.http_transport import HttpTransport\n"
        "async def main():\n"
        "    async with HttpTransport(*sys.argv[1:4]) as transport, transport.events('callback') as frames:\n"
        "        print('here', flush=True)\n"
        "        async for frame in frames:\n"
        "            print(frame, flush=True)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", hold, ari.url, ari.user, ari.password]
    holder = mended.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    mended.callback(holder.kill)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "here\n"
    assert_named(
        clinic, "ari.application", "some program is registered as callback", "only the last", status=Status.WARNING
    )
    # And it was not taken away from that program.
    assert "callback" in clinic.cli("ari show apps")
    holder.kill()
    assert "ApplicationReplaced" not in holder.stdout.read()


def test_a_clock_that_is_off(clinic: Clinic) -> None:
    """The machines share one clock here, so the doctor's own is put forward."""
    checks = clinic.examine(ahead_s=30)
    for name, whose in (("ari.clock", "Asterisk"), ("redis.clock", "Redis")):
        is_named(checks, name, f"{whose}'s clock is 30.0 s behind this machine's", "`timedatectl set-ntp true`")


def test_settings_that_cannot_be_used(clinic: Clinic) -> None:
    clinic.set_option("asterisk", "trunk", "not a name")
    clinic.set_option("asterisk", "app", "not a name")
    done = clinic.command("--json")
    assert done.returncode == 2
    checks = json.loads(done.stdout)["checks"]
    assert [check["name"] for check in checks] == ["settings", "settings"]
    assert all(check["status"] == "failed" and "looked-at.toml:" in check["detail"] for check in checks)

"""The doctor in front of Asterisks that cannot be had here: other versions, proxies, half-configured ones."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ari_stand_in import AriStandIn
from doctor_settings import named, settings_of

from ivr.doctor import module_checks
from ivr.doctor.check import Check, Status
from ivr.doctor.examine import examine
from ivr.domain.prompts import Prompt
from ivr.store.redis_store import RedisStore

pytestmark = pytest.mark.integration

MODULES = {name for group in module_checks.GROUPS for name in (*group.needed, *group.wanted, *group.one_of[:1])}


class Pbx(AriStandIn):
    """Answers the doctor as an Asterisk does that is as it should be, until told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.off_s = 0.0
        self.events_status = 0
        """What is answered instead of a websocket; 0 for a websocket."""
        self.variables = {"CALLBACK_APP": "callback", "ASTDATADIR": "/opt/asterisk"}
        self.answers["GET /asterisk/ping"] = self._ping
        self.answers["GET /asterisk/variable"] = self._variable
        self.answers["GET /sounds"] = self._sounds
        self.sounds = {
            "callback": {f"en-US/{prompt}": ["slin", "slin16"] for prompt in Prompt},
            "en": {f"digits/{number}": ["gsm"] for number in (*range(21), *range(30, 100, 10))},
        }
        self.version("22.10.1")
        self.modules(MODULES)
        self.answer("DELETE /channels/ivr-doctor-no-such-channel", 404, {"message": "Channel not found"})
        self.answer("GET /applications/callback", 404, {"message": "Application not found"})
        self.trunk("online")

    def version(self, version: str) -> None:
        self.answer("GET /asterisk/info", body={"system": {"version": version, "entity_id": "x"}})

    def modules(self, running: set[str], declined: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        listed = [(name, "Running") for name in sorted(running)] + [(name, "Not Running") for name in declined]
        body = [
            {"name": name, "status": status, "description": "", "use_count": 0, "support_level": "core"}
            for name, status in listed
        ]
        self.answer("GET /asterisk/modules", body=body)

    def trunk(self, state: str) -> None:
        body = {"technology": "PJSIP", "resource": "carrier", "state": state, "channel_ids": []}
        self.answer("GET /endpoints/PJSIP/carrier", body=body)

    async def _ping(self, _: web.Request) -> web.StreamResponse:
        at = datetime.fromtimestamp(time.time() + self.off_s, UTC).isoformat(timespec="milliseconds")
        return web.json_response({"ping": "pong", "timestamp": at, "asterisk_id": "x"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.events_status:
            return web.Response(status=self.events_status, text="no")
        name = request.query["app"]
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        self.answer(f"GET /applications/{name}", body={"name": name})
        async for _ in websocket:
            pass
        return websocket

    async def _variable(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"value": self.variables.get(request.query["variable"], "")})

    async def _sounds(self, request: web.Request) -> web.StreamResponse:
        language = request.query["lang"]
        found = [
            {"id": sound, "formats": [{"language": language, "format": each} for each in formats]}
            for sound, formats in self.sounds.get(language, {}).items()
        ]
        if not found:
            return web.json_response({"message": "No sounds found that matched the query"}, status=404)
        return web.json_response(found)


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with Pbx() as stand_in:
        yield stand_in


async def looked_at(pbx: Pbx, folder: Path, check: str, **parts: Any) -> Check:
    return named(await examine(await settings_of(folder, ari_url=pbx.url, **parts)), check)


def is_named(check: Check, status: Status, detail: str, mend: str) -> None:
    assert check.status is status, check
    assert detail in check.detail
    assert mend in check.mend


async def test_one_that_is_as_it_should_be(pbx: Pbx, tmp_path: Path) -> None:
    checks = await examine(await settings_of(tmp_path, ari_url=pbx.url))
    looked = {check.name: check.status for check in checks if not check.name.startswith(("redis", "ami", "queue"))}
    assert looked.pop("dialplan") is Status.UNKNOWN  # its module is not needed for calls
    assert set(looked.values()) == {Status.OK}, looked


async def test_a_wrong_password_is_tried_once(pbx: Pbx, tmp_path: Path) -> None:
    pbx.password = "another"
    checks = await examine(await settings_of(tmp_path, ari_url=pbx.url))
    is_named(
        named(checks, "ari"), Status.FAILED, "refuses the user callback or the password", "ari.conf: `[callback]`"
    )
    assert len(pbx.seen) == 1
    assert named(checks, "dialplan").because == "ari"
    assert not any("secret" in check.detail + check.mend for check in checks)


@pytest.mark.parametrize(
    ("status", "body", "detail", "mend"),
    [
        (404, b"<html>Not Found</html>", "a web server without ARI", "in ari.conf: `[general]`, `enabled = yes`"),
        (200, b"<html>Welcome</html>", "is not ARI", "http://HOST:8088/ari"),
        (404, {"message": "Resource not found"}, "does not know", "load = res_ari_asterisk.so"),
        (502, b"bad gateway", "502", ""),
    ],
)
async def test_what_answers_is_no_ari(
    pbx: Pbx, tmp_path: Path, status: int, body: Any, detail: str, mend: str
) -> None:
    pbx.answer("GET /asterisk/ping", status, body)
    is_named(await looked_at(pbx, tmp_path, "ari"), Status.FAILED, detail, mend)


async def test_nobody_answers(tmp_path: Path) -> None:
    checks = await examine(await settings_of(tmp_path, ari_url="http://127.0.0.1:1/ari"))
    is_named(named(checks, "ari"), Status.FAILED, "cannot be reached: [Errno 111]", "in http.conf: `enabled = yes`")
    checks = await examine(await settings_of(tmp_path, ari_url="http://no-such-machine.invalid:8088/ari"))
    is_named(named(checks, "ari"), Status.FAILED, "the name no-such-machine.invalid", "[asterisk] ari_url")


@pytest.mark.slow
async def test_one_that_answers_once_and_then_hangs_takes_less_than_15_seconds(pbx: Pbx, tmp_path: Path) -> None:
    for request in ("info", "modules", "variable"):
        pbx.answer(f"GET /asterisk/{request}", after_s=60)
    for request in (
        "DELETE /channels/ivr-doctor-no-such-channel",
        "GET /applications/callback",
        "GET /endpoints/PJSIP/carrier",
        "GET /sounds",
    ):
        pbx.answer(request, after_s=60)
    begun_s = time.monotonic()
    checks = await examine(await settings_of(tmp_path, ari_url=pbx.url))
    assert time.monotonic() - begun_s < 15
    is_named(named(checks, "ari.version"), Status.FAILED, "no answer within 3 s", "messages.log")
    assert named(checks, "dialplan").because == "ari.write"


@pytest.mark.parametrize(
    ("version", "status", "detail"),
    [
        ("18.26.4", Status.OK, "Asterisk 18.26.4"),
        ("20.5.2", Status.OK, "Asterisk 20.5.2"),
        ("certified/18.9-cert5", Status.OK, "certified/18.9"),
        ("16.30.1", Status.FAILED, "too old"),
        ("21.0.0", Status.WARNING, "this program is for 18, 20, 22"),
        ("GIT-master-abcdef", Status.WARNING, "not a release"),
    ],
)
async def test_versions(pbx: Pbx, tmp_path: Path, version: str, status: Status, detail: str) -> None:
    pbx.version(version)
    found = await looked_at(pbx, tmp_path, "ari.version")
    assert found.status is status
    assert detail in found.detail


async def test_an_account_that_may_only_read(pbx: Pbx, tmp_path: Path) -> None:
    pbx.answer("DELETE /channels/ivr-doctor-no-such-channel", 403, {"message": "Write access denied"})
    checks = await examine(await settings_of(tmp_path, ari_url=pbx.url))
    is_named(named(checks, "ari.write"), Status.FAILED, "callback may only read", "`read_only = no`")
    assert named(checks, "dialplan").because == "ari.write"


@pytest.mark.parametrize(
    ("answer", "detail", "mend"),
    [
        (404, "there is no event websocket", "`load = res_http_websocket.so`"),
        (403, "the event websocket was refused", "pass the Authorization header"),
        (200, "the event websocket does not open", "a proxy before Asterisk passes websockets on"),
        (502, "the event websocket does not open", "a proxy before Asterisk passes websockets on"),
    ],
)
async def test_requests_come_through_and_the_websocket_does_not(
    pbx: Pbx, tmp_path: Path, answer: int, detail: str, mend: str
) -> None:
    pbx.events_status = answer
    is_named(await looked_at(pbx, tmp_path, "ari.events"), Status.FAILED, detail, mend)


async def test_the_name_of_the_running_program_is_never_taken(pbx: Pbx, tmp_path: Path) -> None:
    """A websocket under that name would take its calls away."""
    names = []

    async def noting(request: web.Request) -> web.StreamResponse:
        names.append(request.query["app"])
        return web.Response(status=404)

    pbx._events = noting  # type: ignore[method-assign]
    await pbx.stop()
    await pbx.start()
    await examine(await settings_of(tmp_path, ari_url=pbx.url))
    assert names
    assert all(name.startswith("ivr-doctor-") for name in names)


async def test_our_name_in_other_hands(pbx: Pbx, tmp_path: Path) -> None:
    pbx.answer("GET /applications/callback", body={"name": "callback"})
    found = await looked_at(pbx, tmp_path, "ari.application")
    is_named(found, Status.WARNING, "some program is registered as callback", "only the last one gets calls")


async def test_our_name_in_our_own_hands(pbx: Pbx, tmp_path: Path, unused_tcp_port: int) -> None:
    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
        pbx.answer("GET /applications/callback", body={"name": "callback"})
        found = await looked_at(pbx, tmp_path, "ari.application", http_port=unused_tcp_port)
    finally:
        await runner.cleanup()
    assert found.status is Status.OK
    assert f"`ivr run` answers at http://127.0.0.1:{unused_tcp_port}" in found.detail


@pytest.mark.parametrize(
    ("lost", "check", "status", "detail", "mend"),
    [
        ("app_amd.so", "modules.amd", Status.FAILED, "machines are not told from people", "amd.conf"),
        (
            "res_stasis_snoop.so",
            "modules.calls",
            Status.FAILED,
            "res_stasis_snoop.so",
            "module load res_stasis_snoop",
        ),
        ("app_stack.so", "modules.dialplan", Status.FAILED, "app_stack.so", "`load = app_stack.so`"),
        ("app_queue.so", "modules.queue", Status.FAILED, "no queues", "queues.conf"),
        ("format_wav.so", "modules.audio", Status.FAILED, "nobody hears a prompt", "`load = format_wav.so`"),
        ("codec_alaw.so", "modules.audio", Status.WARNING, "codec_alaw.so", "`load = codec_alaw.so`"),
        ("chan_pjsip.so", "modules.sip", Status.FAILED, "no call comes in or goes out", "`load = chan_pjsip.so`"),
        ("cdr_custom.so", "modules.cdr", Status.WARNING, "no call records", "`load = cdr_custom.so`"),
    ],
)
async def test_a_module_that_does_not_run(
    pbx: Pbx, tmp_path: Path, lost: str, check: str, status: Status, detail: str, mend: str
) -> None:
    pbx.modules(MODULES - {lost})
    is_named(await looked_at(pbx, tmp_path, check), status, detail, mend)
    # One that is there and declined to run is as good as none.
    pbx.modules(MODULES - {lost}, declined={lost})
    is_named(await looked_at(pbx, tmp_path, check), status, detail, mend)


async def test_prompts_that_are_not_there(pbx: Pbx, tmp_path: Path) -> None:
    pbx.sounds["callback"].pop("en-US/offer")
    pbx.sounds["callback"]["en-US/greeting"] = ["slin16"]
    found = await looked_at(pbx, tmp_path, "prompts.en-US")
    is_named(
        found,
        Status.FAILED,
        "1 of 28 are not in /opt/asterisk/sounds/callback/en-US: offer",
        "`ivr prompts install /opt/asterisk/sounds`",
    )
    pbx.sounds["callback"]["en-US/offer"] = ["slin", "slin16"]
    found = await looked_at(pbx, tmp_path, "prompts.en-US")
    is_named(
        found, Status.WARNING, "in one rate only, to be converted in every call: greeting", "ivr prompts install"
    )
    pbx.sounds.pop("callback")
    assert "28 of 28 are not in" in (await looked_at(pbx, tmp_path, "prompts.en-US")).detail


async def test_the_language_of_a_service_is_looked_at_too(pbx: Pbx, tmp_path: Path) -> None:
    parts = {"ari_url": pbx.url, "more": '_language = "de-DE"'}
    checks = await examine(await settings_of(tmp_path, **parts))
    assert named(checks, "prompts.en-US").status is Status.OK
    is_named(named(checks, "prompts.de-DE"), Status.FAILED, "/sounds/callback/de-DE", "ivr prompts install")
    is_named(named(checks, "numbers.de-DE"), Status.FAILED, "digits/0", "asterisk-core-sounds-de")


@pytest.mark.parametrize(
    ("state", "status", "mend"),
    [
        ("offline", Status.FAILED, "contact = sip:HOST:PORT"),
        ("unknown", Status.WARNING, "pjsip show endpoint carrier"),
    ],
)
async def test_a_trunk_that_is_not_online(pbx: Pbx, tmp_path: Path, state: str, status: Status, mend: str) -> None:
    pbx.trunk(state)
    is_named(await looked_at(pbx, tmp_path, "trunk.carrier"), status, f"PJSIP/carrier is {state}", mend)


async def test_a_trunk_that_is_not_there(pbx: Pbx, tmp_path: Path) -> None:
    pbx.answer("GET /endpoints/PJSIP/carrier", 404, {"message": "Endpoint not found"})
    found = await looked_at(pbx, tmp_path, "trunk.carrier")
    is_named(found, Status.FAILED, "there is no PJSIP endpoint carrier", "[asterisk] trunk")


async def test_options_that_were_changed_while_running_are_looked_at(
    pbx: Pbx, tmp_path: Path, redis_url: str
) -> None:
    store = RedisStore(redis_url)
    try:
        await store.change_options("support", {"_trunk": "second"}, "options_changed", {})
    finally:
        await store.close()
    checks = await examine(await settings_of(tmp_path, ari_url=pbx.url, redis_url=redis_url))
    assert [check.name for check in checks if check.name.startswith("trunk")] == ["trunk.second"]


async def test_the_dialplan_cannot_be_looked_at_without_its_module(pbx: Pbx, tmp_path: Path) -> None:
    found = await looked_at(pbx, tmp_path, "dialplan")
    is_named(found, Status.UNKNOWN, "func_dialplan.so", "dialplan show callback-inbound")


@pytest.mark.parametrize(
    ("named_there", "status"), [("", Status.WARNING), ("other", Status.FAILED), ("callback", Status.OK)]
)
async def test_the_name_that_the_dialplan_calls(pbx: Pbx, tmp_path: Path, named_there: str, status: Status) -> None:
    pbx.variables["CALLBACK_APP"] = named_there
    found = await looked_at(pbx, tmp_path, "dialplan.application")
    assert found.status is status
    assert status is Status.OK or "`CALLBACK_APP = callback`" in found.mend


@pytest.mark.parametrize(("off_s", "status"), [(-7.0, Status.FAILED), (7.0, Status.FAILED), (1.0, Status.OK)])
async def test_the_clock_of_asterisk(pbx: Pbx, tmp_path: Path, off_s: float, status: Status) -> None:
    pbx.off_s = off_s
    found = await looked_at(pbx, tmp_path, "ari.clock")
    assert found.status is status
    if status is Status.FAILED:
        side = "ahead of" if off_s > 0 else "behind"
        is_named(found, status, f"Asterisk's clock is 7.0 s {side} this machine's", "timedatectl set-ntp true")

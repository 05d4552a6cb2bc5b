"""ARI: there, open to us for writing, with events, and under a name that nobody else holds."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from ivr.ari.errors import (
    AriConnectionError,
    AriError,
    AriNotFound,
    AriProtocolError,
    AriTimeout,
    AriUnauthorized,
)
from ivr.doctor.check import Finding, failed, ok, warning
from ivr.doctor.explain import explain, is_missing_module, load
from ivr.doctor.names import unknown_name
from ivr.doctor.patient import Patient

GOOD_VERSIONS: Final = (18, 20, 22)
OLDEST_VERSION: Final = 18
_NO_CHANNEL: Final = "ivr-doctor-no-such-channel"
_OWN_FACE_S: Final = 2.0


async def reachable(patient: Patient) -> Finding:
    """It answers, and accepts our password."""
    asterisk = patient.settings.asterisk
    if finding := await unknown_name(urlsplit(asterisk.ari_url).hostname or "", "[asterisk] ari_url"):
        return finding
    try:
        await patient.ari.asterisk.ping()
    except AriUnauthorized:
        return failed(
            f"{asterisk.ari_url} refuses the user {asterisk.ari_user} or the password",
            f"make [asterisk] ari_user and ari_password those of a user in ari.conf: `[{asterisk.ari_user}]`,"
            " `type = user`, `password = ...`; then, in the Asterisk CLI: `module reload res_ari.so`",
        )
    except AriNotFound as error:
        if is_missing_module(error):
            return explain(error)
        return failed(
            f"{asterisk.ari_url} is a web server without ARI",
            "in ari.conf: `[general]`, `enabled = yes`, and see to it that res_ari.so is loaded; or correct"
            " [asterisk] ari_url: http.conf may have a `prefix`",
        )
    except AriProtocolError:
        return failed(
            f"what answers at {asterisk.ari_url} is not ARI", "correct [asterisk] ari_url: http://HOST:8088/ari"
        )
    except (AriConnectionError, AriTimeout) as error:
        return failed(
            f"{asterisk.ari_url} cannot be reached: {_said(error)}",
            "start Asterisk; in http.conf: `enabled = yes`, `bindaddr` and `bindport` as in [asterisk] ari_url;"
            " open the firewall for that port",
        )
    return ok(asterisk.ari_url)


async def version(patient: Patient) -> Finding:
    """A version that this program was tried on."""
    system = (await patient.ari.asterisk.info("system")).system
    text = system.version if system else ""
    number = re.search(r"\d+", text)
    good = ", ".join(map(str, GOOD_VERSIONS))
    if number is None:
        return warning(f"Asterisk {text or 'of an unknown version'}: not a release", f"use a release of {good}")
    if int(number[0]) < OLDEST_VERSION:
        return failed(f"Asterisk {text} is too old", f"install one of {good}")
    if int(number[0]) not in GOOD_VERSIONS:
        return warning(f"Asterisk {text}: this program is for {good}", f"use one of {good} when something is odd")
    return ok(f"Asterisk {text}")


async def may_write(patient: Patient) -> Finding:
    """The account may do things. Asked by ending a channel that does not exist."""
    try:
        await patient.ari.channels.handle(_NO_CHANNEL).hangup()
    except AriUnauthorized:
        user = patient.settings.asterisk.ari_user
        return failed(
            f"the user {user} may only read",
            f"in ari.conf, section `[{user}]`: `read_only = no`; then, in the Asterisk CLI:"
            " `module reload res_ari.so`",
        )
    if not await patient.is_running("res_ari_channels.so"):
        return failed("no request about channels is understood", load("res_ari_channels.so"))
    return ok("may write")


async def events(patient: Patient) -> Finding:
    """The websocket on which events come."""
    try:
        async with patient.transport.events(patient.ari.app):
            await patient.ari.applications.get()
    except AriUnauthorized as error:
        return failed(
            f"the event websocket was refused: {error}",
            "let the proxy before Asterisk pass the Authorization header and the websocket on",
        )
    except AriNotFound as error:
        if error.request != "GET /events":
            raise
        return failed(
            "there is no event websocket", load("res_http_websocket.so", "res_ari_events.so", "app_stasis.so")
        )
    except AriError as error:
        return failed(
            f"the event websocket does not open: {error}",
            "see to it that res_http_websocket.so and res_ari_events.so are loaded, and that a proxy before"
            " Asterisk passes websockets on",
        )
    return ok("the event websocket opens")


async def application(patient: Patient) -> Finding:
    """Nobody but our own program is registered under our application's name."""
    app = patient.settings.asterisk.app
    try:
        await patient.ari.applications.get(app)
    except AriNotFound as error:
        if is_missing_module(error):
            raise
        return ok(f"the name {app} is free: `ivr run` is not running")
    http = patient.settings.http
    where = f"http://{_reachable_host(http.host)}:{http.port}"
    if await _ivr_answers(where):
        return ok(f"{app} is registered, and `ivr run` answers at {where}")
    return warning(
        f"some program is registered as {app}, and no `ivr run` answers at {where}",
        "end that program, or let one of the two have another name ([asterisk] app, and CALLBACK_APP in"
        " extensions.conf): of two with the same name only the last one gets calls",
    )


async def _ivr_answers(where: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_OWN_FACE_S)) as session,
            session.get(f"{where}/healthz", allow_redirects=False) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _reachable_host(bound: str) -> str:
    """Where to find what listens on this address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)
    return f"[{host}]" if ":" in host else host


def _said(error: AriError) -> str:
    """Without the name of our request, which tells an operator nothing."""
    if isinstance(error.__cause__, aiohttp.ClientConnectorError):
        return str(error.__cause__.os_error)
    return str(error).partition(": ")[2] or str(error)

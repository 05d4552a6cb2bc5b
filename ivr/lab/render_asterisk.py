"""The configuration of the lab's two Asterisks: the repository's files, and what is particular to this lab."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Self

from ivr.audio.errors import PromptError
from ivr.audio.install import install_prompts
from ivr.lab import places
from ivr.lab.data import Softphone
from ivr.lab.errors import LabError
from ivr.lab.places import LOOPBACK, Network

USER = "callback"
QUEUE = "support"
SOFTPHONE_AGENTS = ("agent-phone-1", "agent-phone-2")
SOFTPHONE_CUSTOMERS = ("12025550190", "12025550191")

_ASTERISK_CONF = """; Written by the lab. /lab is this Asterisk's own directory.
[directories]
astetcdir = /lab/etc
astmoddir = /usr/lib/x86_64-linux-gnu/asterisk/modules
astvarlibdir = /lab/lib
astdbdir = /lab/lib
astkeydir = /lab/lib
astdatadir = /usr/share/asterisk
astagidir = /usr/share/asterisk/agi-bin
astspooldir = /lab/spool
astrundir = /lab/run
astlogdir = /lab/log
astcachedir = /lab/lib

[options]
defaultlanguage = en
; What the CLI prints is read by programs.
nocolor = yes
; Its own name among Asterisks; without a network card it could not make one up.
entityid = 02:00:00:00:00:01
; A line is never quite dead: a channel that only waits sends silence.
transmit_silence = yes
"""

# Files that Asterisk asks for at start and complains about when they are missing; their defaults are what we want.
_EMPTY = (
    "acl",
    "ccss",
    "cel",
    "pjproject",
    "queuerules",
    "udptl",
    "websocket_client",
    "stasis",
    "features",
    "sorcery",
)
_CONTENT = {"pjproject": "[startup]\n", "acl": "; none\n"}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords made afresh for each lab; for each installation of the containers."""

    ari: str
    ami: str
    softphone: str
    api_key: str

    @classmethod
    def fresh(cls) -> Self:
        """New ones."""
        return cls(
            ari=token_urlsafe(18),
            ami=token_urlsafe(18),
            # Typed by hand into a phone, and good for one lab only.
            softphone=token_hex(4),
            api_key=token_urlsafe(18),
        )


def write_pbx(
    own: Path, secrets: Secrets, *, agents: int, wrapup_s: int, carrier: str, network: Network = LOOPBACK
) -> None:
    """Fills the PBX's directory: configuration and prompts. `carrier` is the peer HOST:PORT of customer calls."""
    etc = own / "etc"
    _copy_config("pbx", own)
    site = etc / "site"
    _write(site / "ari.conf", f"[{USER}]\ntype = user\nread_only = no\npassword = {secrets.ari}\n")
    _write(
        site / "manager.conf",
        f"[general](+)\nbindaddr = {network.pbx}\n\n"
        f"[{USER}]\nsecret = {secrets.ami}\ndeny = 0.0.0.0/0.0.0.0\npermit = {network.around}\nread = agent,call\n",
    )
    _write(site / "http.conf", f"[general](+)\nbindaddr = {network.pbx}\n")
    _write(site / "pjsip.conf", "\n".join(_pbx_pjsip(secrets, network, agents=agents, carrier=carrier)))
    _write(site / "queues.conf", "\n".join(_queues(agents=agents, wrapup_s=wrapup_s)))
    try:
        install_prompts(own / "prompts")
    except PromptError as error:
        raise LabError(f"the prompts cannot be installed: {error}") from error


def write_carrier(own: Path, secrets: Secrets, *, talk_s: int, network: Network = LOOPBACK) -> None:
    """Fills the carrier's directory: configuration, what its people say, and a place for its recordings."""
    _copy_config("carrier", own)
    site = own / "etc" / "site"
    _write(site / "globals.conf", f"TALK_S = {talk_s}\n")
    _write(site / "pjsip.conf", "\n".join(_carrier_pjsip(secrets)))
    _write(site / "network.conf", "\n".join(_carrier_network(network)))
    shutil.copytree(places.asterisk_config() / "carrier" / "sounds", own / "sounds", dirs_exist_ok=True)
    (own / "recordings").mkdir(exist_ok=True)
    (own / "calls.csv").touch()


def softphones(secrets: Secrets, network: Network = LOOPBACK) -> list[Softphone]:
    """The log-ins for people who try the lab by ear."""
    agents = [
        Softphone("agent", f"{network.pbx}:{places.SIP_PORT}", user, secrets.softphone, f"in the queue {QUEUE}")
        for user in SOFTPHONE_AGENTS
    ]
    customers = [
        Softphone("caller", network.carrier_peer, user, secrets.softphone, f"dial {QUEUE}; called back at +{user}")
        for user in SOFTPHONE_CUSTOMERS
    ]
    return agents + customers


def _copy_config(name: str, own: Path) -> None:
    etc = own / "etc"
    shutil.copytree(places.asterisk_config() / name, etc, dirs_exist_ok=True, ignore=_ignore_sounds)
    _write(etc / "asterisk.conf", _ASTERISK_CONF)
    for empty in _EMPTY:
        file = etc / f"{empty}.conf"
        if not file.exists():
            _write(file, _CONTENT.get(empty, "[general]\n"))
    # Asterisk looks up its own name; without this line it would ask a name server that may not be there.
    _write(own / "hosts", f"127.0.0.1 localhost {socket.gethostname()}\n")


def _ignore_sounds(_directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "sounds"]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _pbx_pjsip(secrets: Secrets, network: Network, *, agents: int, carrier: str) -> Iterator[str]:
    media = _media(network.pbx)
    yield _transport(network.pbx)
    yield f"[carrier](callback-trunk)\n{media}\naors = carrier\n"
    yield f"[carrier]\ntype = aor\ncontact = sip:{carrier}\n"
    # A call from anywhere around is an inbound call.
    yield f"[callers](callback-callers)\n{media}\n"
    yield f"[callers]\ntype = identify\nendpoint = callers\nmatch = {network.around}\n"
    for agent in agent_names(agents):
        yield f"[{agent}](callback-agent-phone)\n{media}\naors = {agent}\n"
        yield f"[{agent}]\ntype = aor\ncontact = sip:{agent}@{network.carrier_peer}\n"
    for user in SOFTPHONE_AGENTS:
        yield f"[{user}](callback-agent-phone)\n{media}\naors = {user}\nauth = {user}\n"
        yield from _account(user, secrets)


def _carrier_network(network: Network) -> Iterator[str]:
    yield _transport(network.carrier)
    yield f"[here](!)\n{_media(network.carrier)}\n"
    yield f"[pbx]\ntype = identify\nendpoint = pbx\nmatch = {network.around}\n"
    yield f"[pbx]\ntype = aor\ncontact = sip:{network.pbx}:{places.SIP_PORT}\n"


def _transport(host: str) -> str:
    return f"[transport-udp]\ntype = transport\nprotocol = udp\nbind = {host}:{places.SIP_PORT}\n"


def _media(host: str) -> str:
    # Without its address Asterisk asks the name service for it.
    return f"transport = transport-udp\nmedia_address = {host}\nbind_rtp_to_media_address = yes"


def _carrier_pjsip(secrets: Secrets) -> Iterator[str]:
    for user in SOFTPHONE_CUSTOMERS:
        yield f"[{user}](softphone)\naors = {user}\nauth = {user}\n"
        yield from _account(user, secrets)


def _account(user: str, secrets: Secrets) -> Iterator[str]:
    yield f"[{user}]\ntype = auth\nauth_type = digest\nusername = {user}\npassword = {secrets.softphone}\n"
    yield f"[{user}]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n"


def _queues(*, agents: int, wrapup_s: int) -> Iterator[str]:
    yield f"[{QUEUE}](callback-queue-defaults)\nwrapuptime = {wrapup_s}"
    for agent in (*agent_names(agents), *SOFTPHONE_AGENTS):
        yield f"member = PJSIP/{agent},0,{agent},PJSIP/{agent}"
    yield ""


def agent_names(agents: int) -> list[str]:
    """The simulated agents: agent-1, agent-2, ..."""
    return [f"agent-{number}" for number in range(1, agents + 1)]

"""AMI: there, open to us, with the events that we live on and no right that we do not need; and the queues."""

from __future__ import annotations

import asyncio
from typing import Final

from ivr.ami.errors import AmiActionError, AmiAuthError, AmiConnectionError, AmiTimeout
from ivr.ami.events import MemberEvent, QueueMember, QueueParams
from ivr.ari.channels import Channel
from ivr.ari.errors import AriServerError
from ivr.doctor.check import Finding, failed, ok, some, unknown, warning
from ivr.doctor.dialplan_checks import probe_channel
from ivr.doctor.explain import load
from ivr.doctor.names import unknown_name
from ivr.doctor.patient import Patient
from ivr.domain.queue_state import MemberStatus

NEEDED: Final = ("agent", "call")
"""The classes of events that queues, agents and hang-ups are told in."""
_READS_CONFIGURATION: Final = "func_config.so"
_EVENTS_S: Final = 0.8
"""For the events of a channel that was just made, and of an agent who happens to do something."""
# Actions that no part of the application uses, and that would do harm in wrong hands.
_DANGEROUS: Final = ("Command", "Originate", "UpdateConfig", "ModuleLoad", "Redirect", "Setvar", "QueueAdd", "Hangup")
_GONE: Final = (MemberStatus.INVALID, MemberStatus.UNAVAILABLE)


async def reachable(patient: Patient) -> Finding:
    """It answers, and accepts our password."""
    asterisk = patient.settings.asterisk
    where = f"{asterisk.ami_host}:{asterisk.ami_port}"
    if finding := await unknown_name(asterisk.ami_host, "[asterisk] ami_host"):
        return finding
    try:
        banner = await patient.manager.open(asterisk.ami_user, asterisk.ami_password.get_secret_value())
    except AmiAuthError:
        return failed(
            f"{where} refuses the user {asterisk.ami_user}, the password, or our address",
            f"make [asterisk] ami_user and ami_password those of manager.conf: `[{asterisk.ami_user}]`,"
            " `secret = ...`, with a `permit` line for this machine; then, in the Asterisk CLI: `manager reload`",
        )
    except (AmiConnectionError, AmiTimeout) as error:
        return failed(
            f"{where} cannot be used: {error}",
            "start Asterisk; in manager.conf: `enabled = yes`, `bindaddr` and `port` as in [asterisk] ami_host and"
            " ami_port; open the firewall for that port",
        )
    return ok(f"{where}, {banner}")


async def may_read(patient: Patient) -> Finding:
    """The events that the application lives on are sent to this account.

    Asterisk tells nobody what an account may read. Its configuration can be read where that module is loaded; without
    it, events are waited for. Those of the class call are brought about by a channel that is made and never dialled;
    those of the class agent cannot be brought about without disturbing an agent.
    """
    user = patient.settings.asterisk.ami_user
    line = f"`read = {','.join(NEEDED)}`"
    mend = f"in manager.conf, section `[{user}]`: {line}; then, in the Asterisk CLI: `manager reload`"
    async with probe_channel(patient) as channel:
        if await patient.is_running(_READS_CONFIGURATION):
            granted = await _read_line(channel, user)
            lacking = [] if "all" in granted else [each for each in NEEDED if each not in granted]
            if lacking:
                return failed(f"the user {user} is not told of events of the class {', '.join(lacking)}", mend)
            return ok(f"events of the classes {', '.join(NEEDED)} are sent")
        seen = patient.manager.classes
        for _ in range(round(_EVENTS_S / 0.1)):
            if all(seen[each] for each in NEEDED):
                break
            await asyncio.sleep(0.1)
    if not seen["call"]:
        return failed(f"the user {user} is not told of events of the class call", mend)
    if seen["agent"]:
        return ok(f"events of the classes {', '.join(NEEDED)} come in")
    return unknown(
        "events of the class call come in; whether those of the class agent do shows only when an agent is busy",
        f"look for {line} in manager.conf, section `[{user}]`; or `module load {_READS_CONFIGURATION}` for a moment:"
        " with it the doctor sees it",
    )


async def may_not_write(patient: Patient) -> Finding:
    """The account can do nothing that the application does not need."""
    allowed = await patient.manager.ask("ListCommands")
    too_much = [action for action in _DANGEROUS if action in allowed]
    if too_much:
        user = patient.settings.asterisk.ami_user
        return warning(
            f"the user {user} may do what is not needed: {some(too_much)}",
            f"give the application an account of its own in manager.conf, without a `write` line: who learns the"
            f" password of [{user}] could make calls or run commands",
        )
    return ok("the account can change nothing")


async def queue(patient: Patient, name: str) -> Finding:
    """The queue is there and somebody serves it."""
    try:
        items = await patient.manager.ask_list("QueueStatus", Queue=name)
    except AmiActionError as error:
        return failed(f"QueueStatus is refused: {error.reason}", load("app_queue.so"))
    if not any(isinstance(item, QueueParams) for item in items):
        return failed(
            f"Asterisk has no queue {name}",
            f"in queues.conf: `[{name}]` (asterisk-config/pbx/site/queues.conf has one), then, in the Asterisk CLI:"
            " `queue reload all`; or correct _queue of the service",
        )
    members = [item for item in items if isinstance(item, QueueMember)]
    if not members:
        return warning(
            f"nobody is a member of {name} now",
            f"in queues.conf, section `[{name}]`: `member => PJSIP/AGENT`; or let agents log in (`queue add member`)",
        )
    gone = [member for member in members if member.status in _GONE]
    if len(gone) == len(members):
        return warning(
            f"none of the {len(members)} members of {name} can be reached: {some(_described(each) for each in gone)}",
            "let a telephone register, or correct the devices in queues.conf: `pjsip show endpoints` tells which"
            " are known",
        )
    return ok(f"{len(members)} members, {len(members) - len(gone)} of them reachable")


async def _read_line(channel: Channel, user: str) -> list[str]:
    """What manager.conf lets the account read."""
    try:
        line = await channel.get_variable(f"AST_CONFIG(manager.conf,{user},read)")
    except AriServerError:
        # Asterisk's answer when there is no such line.
        return []
    return [each.strip() for each in line.split(",")]


def _described(member: MemberEvent) -> str:
    return f"{member.interface} ({member.status.name.lower()})"

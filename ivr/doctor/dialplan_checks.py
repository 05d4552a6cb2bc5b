"""The dialplan contexts that the application relies on.

Neither ARI nor an AMI account of least rights can show the dialplan. A channel can be asked, by a dialplan function;
so one is made that is never dialled, and ended at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

from ivr.ari.channels import Channel, Channels
from ivr.ari.errors import AriError, AriServerError
from ivr.ari.events import ChannelDestroyed, decode
from ivr.doctor.check import Finding, failed, ok, unknown, warning
from ivr.doctor.explain import load
from ivr.doctor.patient import Patient

FUNCTIONS: Final = "func_dialplan.so"
APP_VARIABLE: Final = "CALLBACK_APP"
# Nobody is called: none of them is ever dialled.
_LOCAL: Final = "Local/s@callback-doctor/n"
_END_S: Final = 1.0
_NO_RECORD: Final = {"CDR_PROP(disable)": "1"}


@asynccontextmanager
async def probe_channel(patient: Patient) -> AsyncIterator[Channel]:
    """A channel that nobody hears of, to ask dialplan functions on. Raises AriError."""
    channel = patient.ari.channels.handle(f"ivr-doctor-{uuid4().hex}")
    app = channel.id
    # A channel lasts only in an application that has a websocket.
    async with patient.transport.events(app) as frames:
        try:
            await _create(patient.ari.channels, channel.id, app, patient.settings.asterisk.trunk)
            yield channel
        finally:
            # Also when the request for it was broken off: it may have been carried out.
            if await channel.hangup():
                await _gone(frames)


async def _gone(frames: AsyncIterator[str | bytes]) -> None:
    """Returns when the channel has ended; an application that loses its websocket before its channel stays behind."""
    with suppress(TimeoutError, AriError):
        async with asyncio.timeout(_END_S):
            async for frame in frames:
                if isinstance(decode(frame), ChannelDestroyed):
                    return


async def _create(channels: Channels, channel_id: str, app: str, trunk: str) -> None:
    try:
        await channels.create(f"PJSIP/{trunk}", channel_id=channel_id, app=app, variables=_NO_RECORD)
    except AriServerError:
        # There is no such trunk, or it has no contact now. A Local channel has two halves, and of the second one
        # there is a call record if cdr.conf says unanswered = yes.
        await channels.create(_LOCAL, channel_id=channel_id, app=app, variables=_NO_RECORD)


async def contexts(patient: Patient, wanted: Mapping[str, Sequence[str]]) -> Finding:
    """Every context that is `wanted` is there and has its extensions."""
    if not await patient.is_running(FUNCTIONS):
        return unknown(
            f"Asterisk tells what is in its dialplan only with {FUNCTIONS}",
            f"{load(FUNCTIONS)}; or look yourself, by `dialplan show {next(iter(wanted))}` and so on in that CLI",
        )
    async with probe_channel(patient) as channel:
        missing = [place async for place in _missing(channel, wanted)]
    if not missing:
        return ok(", ".join(wanted))
    return failed(
        f"the dialplan has no {', no '.join(missing)}",
        "copy what is missing from asterisk-config/pbx/extensions.conf into yours (its patterns are for names in"
        " small letters and digits), then, in the Asterisk CLI: `dialplan reload`",
    )


async def _missing(channel: Channel, wanted: Mapping[str, Sequence[str]]) -> AsyncIterator[str]:
    async def is_there(*place: str) -> bool:
        return await channel.get_variable(f"DIALPLAN_EXISTS({','.join(place)})") not in ("", "0")

    for context, extensions in wanted.items():
        if not await is_there(context):
            yield f"context {context}"
            continue
        for extension in extensions:
            if not await is_there(context, extension, "1"):
                yield f"extension {extension} in {context}"


async def application(patient: Patient) -> Finding:
    """The dialplan sends calls to the application under its name."""
    app = patient.settings.asterisk.app
    named = await patient.ari.asterisk.get_variable(APP_VARIABLE)
    mend = f"in extensions.conf, section [globals]: `{APP_VARIABLE} = {app}`; then, in the CLI: `dialplan reload`"
    if not named:
        return warning(f"the dialplan's variable {APP_VARIABLE} is not set: Stasis() gets no name", mend)
    if named != app:
        return failed(f"the dialplan sends calls to {named}, and the application is {app} ([asterisk] app)", mend)
    return ok(f"{APP_VARIABLE} is {app}")

"""Asterisk's modules, grouped by what does not work without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ivr.doctor.check import Finding, failed, ok, warning
from ivr.doctor.explain import load
from ivr.doctor.patient import RUNNING, Patient


@dataclass(frozen=True, slots=True)
class Group:
    """Modules that serve one purpose."""

    name: str
    without: str
    """What happens without the needed ones."""
    needed: Sequence[str]
    wanted: Sequence[str] = ()
    """Things work without these, but worse."""
    one_of: Sequence[str] = ()
    """It does not matter which, but one."""
    hint: str = ""
    """Why one of them may have declined to load."""


GROUPS: Final = (
    Group(
        "calls",
        "the application gets no calls, or cannot speak on them",
        (
            "app_stasis.so",
            "res_stasis.so",
            "res_stasis_answer.so",
            "res_stasis_playback.so",
            "res_stasis_snoop.so",
            "res_ari_applications.so",
            "res_ari_channels.so",
            "res_ari_events.so",
            "res_ari_playbacks.so",
            "res_http_websocket.so",
        ),
        wanted=("res_musiconhold.so",),
    ),
    Group("queue", "there are no queues", ("app_queue.so",), hint="it wants queues.conf"),
    Group(
        "amd",
        "answering machines are not told from people",
        ("app_amd.so",),
        hint="without amd.conf it declines to load: copy asterisk-config/pbx/amd.conf to /etc/asterisk first",
    ),
    Group(
        "dialplan",
        "the callback contexts do not work",
        ("pbx_config.so", "app_stack.so", "app_exec.so", "func_callerid.so", "func_channel.so", "func_cdr.so"),
    ),
    Group(
        "audio",
        "nobody hears a prompt",
        ("format_wav.so", "res_rtp_asterisk.so"),
        wanted=("codec_ulaw.so", "codec_alaw.so", "codec_resample.so"),
    ),
    Group(
        "sip",
        "no call comes in or goes out",
        ("res_pjsip.so", "res_pjsip_session.so", "res_pjsip_sdp_rtp.so", "chan_pjsip.so"),
        wanted=("res_pjsip_dtmf_info.so",),
    ),
    Group(
        "cdr",
        "no call records are written",
        (),
        one_of=(
            "cdr_custom.so",
            "cdr_csv.so",
            "cdr_adaptive_odbc.so",
            "cdr_odbc.so",
            "cdr_pgsql.so",
            "cdr_sqlite3_custom.so",
            "cdr_manager.so",
            "cdr_mysql.so",
        ),
    ),
)


async def examine(patient: Patient, group: Group) -> Finding:
    """The modules of one group run."""
    running = {name for name, status in (await patient.modules()).items() if status == RUNNING}
    missing = [module for module in group.needed if module not in running]
    if missing:
        mend = f"{group.hint}; {load(*missing)}" if group.hint else load(*missing)
        return failed(f"not running: {', '.join(missing)}; {group.without}", mend)
    if group.one_of and not running.intersection(group.one_of):
        return warning(f"{group.without}: none of {', '.join(group.one_of)} is running", load(group.one_of[0]))
    lacking = [module for module in group.wanted if module not in running]
    if lacking:
        return warning(f"not running: {', '.join(lacking)}", load(*lacking))
    if group.one_of:
        return ok(f"{', '.join(module for module in group.one_of if module in running)} writes call records")
    return ok(f"all {len(group.needed) + len(group.wanted)} are running")

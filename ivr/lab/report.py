"""A running lab, shown to a person."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ivr.lab.data import LabData


def show_lab(console: Console, data: LabData, *, agents: int | None = None) -> None:
    """Prints where everything is, the softphone log-ins and how to go on. Nothing is cut off: it is to be copied."""
    facts = [
        ("call it", f"sip:support@{data.sip}, from any loopback address"),
        ("HTTP", f"{data.http}   x-api-key: {data.api_key}"),
        ("ARI", f"{data.ari.url}   user {data.ari.user}   password {data.ari.password}"),
        ("AMI", f"{data.ami.host}:{data.ami.port}   user {data.ami.user}   password {data.ami.password}"),
        ("store", data.redis),
        ("customers", f"+12025550100 to +12025550199, at {data.carrier}"),
        ("agents", f"{agents} simulated, in the queue support" if agents is not None else ""),
        ("Asterisk's CLI", f"{' '.join(data.asterisk_cli)} core show channels"),
        ("logs, recordings", data.run_dir),
        ("running", ", ".join(f"{name} (pid {pid})" for name, pid in data.pids.items())),
    ]
    show = Text("\nThe lab is up. ", "bold green").append(" Ctrl-C ends it.\n\n", "not bold default")
    for name, fact in facts:
        if fact:
            show.append(f"{name:<18}", "cyan").append(f"{fact}\n", "default")
    show.append("\nSoftphones (SIP over UDP)\n", "bold")
    for phone in data.softphones:
        show.append(f"{'for ' + _a(phone.role):<18}", "cyan")
        show.append(f"{phone.user} at {phone.server}, password {phone.password}  ", "default")
        show.append(f"({phone.note})\n", "dim")
    console.print(show, soft_wrap=True, highlight=False)


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"

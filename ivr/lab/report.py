"""A running lab, shown to a person."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ivr.lab.data import LabData


def show_lab(console: Console, data: LabData, *, agents: int | None = None) -> None:
    """Prints where everything is, the softphone log-ins and how to go on."""
    places = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    places.add_row("call it", f"sip:support@{data.sip}  from any loopback address")
    places.add_row("console and APIs", f"{data.http}  header x-api-key: {data.api_key}")
    places.add_row("ARI", f"{data.ari.url}  user {data.ari.user}  password {data.ari.password}")
    places.add_row("AMI", f"{data.ami.host}:{data.ami.port}  user {data.ami.user}  password {data.ami.password}")
    places.add_row("store", data.redis)
    places.add_row("customers", f"+12025550100 to +12025550199 at {data.carrier}")
    if agents is not None:
        places.add_row("agents", f"{agents} simulated, in the queue support")
    places.add_row("Asterisk's CLI", f"{' '.join(data.asterisk_cli)} core show channels")
    places.add_row("logs, recordings", data.run_dir)
    places.add_row("running", ", ".join(f"{name} (pid {pid})" for name, pid in data.pids.items()))
    phones = Table("softphone of", "SIP server (UDP)", "user", "password", "", box=None, padding=(0, 2, 0, 0))
    for phone in data.softphones:
        phones.add_row(f"a {phone.role}", phone.server, phone.user, phone.password, phone.note)
    console.print("\n[bold green]The lab is up.[/]  Ctrl-C ends it.\n")
    console.print(places, soft_wrap=True)
    console.print()
    console.print(phones, soft_wrap=True)
    console.print()

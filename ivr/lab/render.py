"""The lab's files for machines of their own (the containers of docker/compose.yaml), not for this one's loopback."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe

from ivr.lab import render_app, render_asterisk
from ivr.lab.jail import make_directories
from ivr.lab.places import Network
from ivr.lab.render_asterisk import Secrets
from ivr.lab.settings import LabSettings

PARTS = ("secrets", "store", "pbx", "carrier", "app")

_STORE_CONF = """# Written by the lab. What was acknowledged is on disk: a promise to a caller survives a crash.
port {port}
dir {directory}
appendonly yes
appendfsync always
save ""
# A full memory is an error that a caller is told, not a reason to forget a callback.
maxmemory-policy noeviction
requirepass {password}
"""


@dataclass(frozen=True, slots=True)
class Rendering:
    """Where the parts will be (addresses, a CIDR, HOST:PORT), and a lab's choices but its `carrier`."""

    pbx: str
    carrier: str
    around: str
    store: str
    lab: LabSettings


def render(root: Path, wanted: Rendering) -> None:
    """Writes `root`/{store,pbx,carrier,app}, each for one container; the configuration anew, what was recorded stays.

    The passwords are made the first time, kept in `root`/secrets, and the same from then on. app/log-ins.json tells
    those that a person needs. Raises LabError and OSError.
    """
    lab = wanted.lab
    for part in PARTS:
        (root / part).mkdir(parents=True, exist_ok=True)
    secrets, store_password = _secrets(root / "secrets" / "secrets.json")
    network = Network(
        pbx=wanted.pbx,
        carrier=wanted.carrier,
        around=wanted.around,
        http="0.0.0.0",  # In a container of its own; compose.yaml says who may come near.
        redis_url=f"redis://:{store_password}@{wanted.store}/0",
    )
    for part in ("pbx", "carrier"):
        make_directories(root / part)
    render_asterisk.write_pbx(
        root / "pbx",
        secrets,
        agents=lab.agents,
        wrapup_s=lab.wrapup_s,
        carrier=network.carrier_peer,
        network=network,
    )
    render_asterisk.write_carrier(root / "carrier", secrets, talk_s=lab.talk_s, network=network)
    settings = render_app.app_toml(secrets, lab.options, wrapup_s=lab.wrapup_s, network=network)
    _write(root / "app" / "ivr.toml", settings)
    phones = [asdict(phone) for phone in render_asterisk.softphones(secrets, network)]
    log_ins = {"api_key": secrets.api_key, "redis": network.redis_url, "softphones": phones}
    _write(root / "app" / "log-ins.json", json.dumps(log_ins, indent=2) + "\n")
    (root / "store" / "data").mkdir(exist_ok=True)
    port = wanted.store.rpartition(":")[2]
    _write(
        root / "store" / "valkey.conf",
        _STORE_CONF.format(port=port, directory="/store/data", password=store_password),
    )


def _secrets(kept: Path) -> tuple[Secrets, str]:
    if not kept.exists():
        # The store's password stands in a URL: no character there that means something.
        _write(kept, json.dumps({**asdict(Secrets.fresh()), "store": token_urlsafe(18)}))
    values = json.loads(kept.read_text())
    store_password = values.pop("store")
    return Secrets(**values), store_password


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    os.replace(fresh, path)

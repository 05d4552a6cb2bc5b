"""Where the lab finds things and where it puts them: addresses, ports, directories."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ivr.lab.errors import LabError

PBX_HOST = "127.0.0.1"
CARRIER_HOST = "127.0.0.2"
SIP_PORT = 5060
ARI_PORT = 8088
AMI_PORT = 5038
HTTP_PORT = 8080
REDIS_PORT = 6390

CARRIER_PEER = f"{CARRIER_HOST}:{SIP_PORT}"
"""The SIP peer that plays the telephone network and the agents' phones."""


@dataclass(frozen=True, slots=True)
class Network:
    """Where the parts of a lab are.

    pbx, carrier: addresses, not names, for Asterisk would ask a name server for them. around: the addresses that
    calls and AMI connections may come from, in CIDR form. http: where the application listens. redis_url: its store.
    """

    pbx: str = PBX_HOST
    carrier: str = CARRIER_HOST
    around: str = "127.0.0.0/8"
    http: str = PBX_HOST
    redis_url: str = f"redis://127.0.0.1:{REDIS_PORT}/0"

    @property
    def carrier_peer(self) -> str:
        """The carrier stand-in as HOST:PORT."""
        return f"{self.carrier}:{SIP_PORT}"

    @property
    def ari_url(self) -> str:
        """The PBX's ARI."""
        return f"http://{self.pbx}:{ARI_PORT}/ari"


LOOPBACK = Network()
"""The lab of `make lab`."""


def run_dir() -> Path:
    """The directory of the running lab; there is one lab at a time, because its ports are fixed.

    `QUEUE_CALLBACK_LAB_DIR` names another one, for a second lab in a network namespace of its own.
    """
    return Path(os.environ.get("QUEUE_CALLBACK_LAB_DIR") or "/run/queue-callback-lab")


def asterisk_config() -> Path:
    """The directory asterisk-config: of the checkout, or of the installed package."""
    return _shipped("asterisk-config", "_asterisk_config")


def rootfs_builder() -> Path:
    """The script that builds the lab's Asterisk."""
    return _shipped("docker/rootfs", "_rootfs") / "build"


def _shipped(in_checkout: str, in_package: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    for candidate in (package.parent / in_checkout, package / in_package):
        if candidate.is_dir():
            return candidate
    raise LabError(
        f"{in_checkout} is neither beside this package nor in it",
        "install the package again, or run it from a clone of the repository (make install)",
    )

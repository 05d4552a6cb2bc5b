"""Where the lab finds things and where it puts them: addresses, ports, directories."""

from __future__ import annotations

import os
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


def run_dir() -> Path:
    """The directory of the running lab; there is one lab at a time, because its ports are fixed.

    `QUEUE_CALLBACK_LAB_DIR` names another one, for a second lab in a network namespace of its own.
    """
    return Path(os.environ.get("QUEUE_CALLBACK_LAB_DIR") or "/run/queue-callback-lab")


def checkout() -> Path:
    """The root of the checkout that this package runs from.

    Raises `LabError` when the package was installed without it: the lab needs the Asterisk configuration.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "asterisk-config" / "pbx").is_dir():
        raise LabError(
            "the lab's Asterisk configuration is not beside this package",
            "run it from a clone of the repository, with the package installed there (make install)",
        )
    return root

"""What a running lab tells about itself: the contract's JSON line and a few more keys."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Ari:
    """How to reach the PBX's ARI."""

    url: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Ami:
    """How to reach the PBX's AMI."""

    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Softphone:
    """A log-in for a softphone of a person who tries the lab by ear."""

    role: str
    server: str
    user: str
    password: str
    note: str


@dataclass(frozen=True, slots=True)
class LabData:
    """Where everything of a running lab is. Paths are paths of this machine, host-readable.

    The first group is the contract; the second is ours and may grow.
    """

    sip: str
    http: str
    api_key: str
    redis: str
    ari: Ari
    ami: Ami
    queue_log: str
    cdr: str
    asterisk_cli: list[str]
    pids: dict[str, int]

    carrier: str
    carrier_cli: list[str]
    carrier_calls: str
    carrier_recordings: str
    config: str
    run_dir: str
    logs: dict[str, str]
    softphones: list[Softphone] = field(default_factory=list)

    def as_json(self) -> str:
        """The JSON line of `ivr lab up --json`."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> LabData:
        """What `as_json` wrote."""
        values: dict[str, Any] = json.loads(line)
        values["ari"] = Ari(**values["ari"])
        values["ami"] = Ami(**values["ami"])
        values["softphones"] = [Softphone(**one) for one in values["softphones"]]
        return cls(**values)

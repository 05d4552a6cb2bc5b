"""What may be chosen when a lab starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ivr.lab.errors import LabError
from ivr.lab.places import CARRIER_PEER

OptionValue = str | int | float | bool

DEFAULT_SERVICE = "support"
MAX_AGENTS = 100
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class LabSettings:
    """A lab's choices.

    agents: simulated agents in the queue, 0 to 100. talk_s: how long each talks to a caller, seconds.
    wrapup_s: the queue's wrap-up time, seconds. carrier: the SIP peer that plays the customers, HOST:PORT.
    options: service options by service, over the application's defaults. app: whether the application is started.
    keep: a directory that receives the run directory (logs, recordings) when the lab ends; empty for none.
    """

    agents: int = 2
    talk_s: int = 20
    wrapup_s: int = 5
    carrier: str = CARRIER_PEER
    options: Mapping[str, Mapping[str, OptionValue]] = field(default_factory=dict)
    app: bool = True
    keep: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.agents <= MAX_AGENTS:
            raise LabError(f"{self.agents} agents are not possible", f"choose 0 to {MAX_AGENTS}")
        if self.talk_s < 1:
            raise LabError(f"agents cannot talk for {self.talk_s} s", "choose 1 or more")
        if self.wrapup_s < 0:
            raise LabError(f"a wrap-up time of {self.wrapup_s} s is not possible", "choose 0 or more")
        host, colon, port = self.carrier.rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
            raise LabError(f"the carrier {self.carrier!r} is not HOST:PORT", f"for example {CARRIER_PEER}")

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json` in the keeper."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> LabSettings:
        """The settings that `as_json` wrote."""
        return cls(**values)


def parse_options(assignments: Iterable[str]) -> dict[str, dict[str, OptionValue]]:
    """`["support._ewt_threshold=0"]` as options by service; raises `LabError` for anything of another form."""
    options: dict[str, dict[str, OptionValue]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        service, dot, option = name.partition(".")
        if not (equals and dot and _NAME.fullmatch(service) and _NAME.fullmatch(option)):
            raise LabError(
                f"{assignment!r} is not SERVICE.OPTION=VALUE", f"for example {DEFAULT_SERVICE}._ewt_threshold=0"
            )
        options.setdefault(service, {})[option] = parse_value(value)
    return options


def parse_value(text: str) -> OptionValue:
    """A whole number, a number, true or false, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    # "+12025550100" is a telephone number, not a number to reckon with.
    if text[:1] != "+":
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text

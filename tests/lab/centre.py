"""A small call centre for tests: a running lab whose callbacks are asked for and followed over HTTP."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from api import Api
from listening import Sound

from ivr.lab.carrier_log import CarrierEvent
from ivr.lab.lab import Lab

T = TypeVar("T")

POLL_S = 0.05
OUR_NUMBER = "+12025550000"
"""What the lab's services show to those whom they call."""


def number(nn: str) -> str:
    """The telephone number of a person of the carrier's table."""
    return f"+120255501{nn}"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of queue_log."""

    at_s: float
    call: str
    agent: str
    event: str
    data: tuple[str, ...]


class Centre:
    """Everything a test does with a lab. Each wait has a limit, and says what it waited for when that is over."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._api = Api(lab.data.http, lab.data.api_key)

    # ---- callbacks

    def ask(self, customer: str, *, service: str = "support", **params: object) -> str:
        """Ask for a callback; its id. Booleans and numbers become what a form would send."""
        told = {name: _as_text(value) for name, value in params.items()}
        answer = self._api.post(f"/genesys/1/service/callback/{service}", _customer_number=customer, **told)
        return str(answer["_id"])

    def callback(self, callback_id: str) -> dict[str, Any]:
        """The reference product's record."""
        (record,) = self._api.get("/genesys/1/service/callback", _id=callback_id)
        assert isinstance(record, dict)
        return record

    def attempts(self, callback_id: str) -> list[dict[str, Any]]:
        """As operators see them; times as epoch seconds or None."""
        found: list[dict[str, Any]] = self._api.get(f"/api/v1/callbacks/{callback_id}")["attempts"]
        return [
            {key: _epoch_s(value) if key.endswith("_at") else value for key, value in one.items()} for one in found
        ]

    def moment(self, callback_id: str, of: str) -> float:
        """One of its times as operators see it (created_at, completed_at, ...), epoch seconds."""
        return datetime.fromisoformat(self._api.get(f"/api/v1/callbacks/{callback_id}")[of]).timestamp()

    def results(self, callback_id: str) -> list[str | None]:
        """What each attempt came to, None while it lasts."""
        record = self.callback(callback_id)
        made = int(record.get("_CB_N_DIALS_MADE", 0))
        return [record.get(f"_CB_DIAL_{n}_RESULT") for n in range(1, made + 1)]

    def cancel(self, callback_id: str, *, service: str = "support") -> None:
        self._api.delete(f"/genesys/1/service/callback/{service}/{callback_id}")

    def change(self, *, service: str = "support", **options: object) -> None:
        """Change options from now on; None falls back to the settings file."""
        self._api.patch(f"/api/v1/services/{service}", **options)

    def reaches(self, callback_id: str, state: str, within_s: float) -> dict[str, Any]:
        """The record as soon as it is in that state, or beyond it."""
        order = ("SCHEDULED", "QUEUED", "ROUTING", "PROCESSING", "COMPLETED")

        def there() -> dict[str, Any] | None:
            record = self.callback(callback_id)
            return record if order.index(record["_callback_state"]) >= order.index(state) else None

        return self.wait(f"{callback_id} to be {state}", within_s, there, lambda: self.attempts(callback_id))

    def ends(self, callback_id: str, within_s: float) -> str:
        """The reason with which it ended."""
        return str(self.reaches(callback_id, "COMPLETED", within_s)["_callback_reason"])

    # ---- the carrier: customers' and agents' telephones

    def events(self, who: str, what: str, detail: str = "") -> list[CarrierEvent]:
        """Those of a number or agent so far."""
        return [e for e in self.lab.carrier_events(who) if e.what == what and detail in ("", e.detail)]

    def happens(self, who: str, what: str, within_s: float, *, detail: str = "", times: int = 1) -> CarrierEvent:
        """Waits until the carrier saw it so many times; the last of them."""

        def seen() -> CarrierEvent | None:
            found = self.events(who, what, detail)
            return found[times - 1] if len(found) >= times else None

        return self.wait(f"{what} {detail} {times} of {who}", within_s, seen, lambda: self.lab.carrier_events(who))

    def stays_silent(self, who: str, for_s: float) -> None:
        """That telephone must not ring."""
        before = self.lab.rings(who)
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            assert self.lab.rings(who) == before, f"{who} was rung"
            time.sleep(POLL_S)

    def hangs_up(self, who: str, *, call: int = -1) -> None:
        """The customer ends a call: the last one that rang, or the one of that index."""
        uniqueid = self.events(who, "ring")[call].call
        for line in self.lab.carrier_cli("core show channels concise").splitlines():
            fields = line.split("!")
            if fields[-1] == uniqueid:
                self.lab.carrier_cli(f"channel request hangup {fields[0]}")
                return
        raise AssertionError(f"{who} has no call {uniqueid} to hang up")

    def heard(self, who: str) -> list[Path]:
        """Recordings of what a number or an agent heard, one for each answered call."""
        return self.lab.recordings(who)

    def recording(self, who: str, call: int = 0) -> Sound:
        """The same, of a call that has just ended."""

        def complete() -> Sound | None:
            paths = self.heard(who)
            # The recorder writes the header last.
            done = len(paths) > call and paths[call].read_bytes()[:4] == b"RIFF"
            return Sound(paths[call]) if done else None

        return wait(f"recording {call} of {who}", 5, complete)

    def caller_waits(self, customer: str, for_s: int) -> None:
        """A live caller rings the service, and stays on the line for so long at most."""
        self.lab.carrier_cli(f"channel originate Local/{customer[1:]}@caller-line/n extension wait-{for_s}@caller")

    # ---- agents

    def pause(self, *agents: str) -> None:
        """They stay logged in and are given no calls."""
        for agent in agents:
            self.lab.pbx_cli(f"queue pause member PJSIP/{agent} queue support")

    def unpause(self, *agents: str) -> None:
        for agent in agents:
            self.lab.pbx_cli(f"queue unpause member PJSIP/{agent} queue support")

    def agents_are_free(self, *agents: str, within_s: float) -> None:
        """Waits until each of them would take a call at once."""

        def free() -> bool:
            shown = self.lab.pbx_cli("queue show support").splitlines()
            return all(
                any(
                    line.strip().startswith(f"{agent} ") and "Not in use" in line and "wrapup" not in line
                    for line in shown
                )
                for agent in agents
            )

        wait("the agents to be free", within_s, free, lambda: self.lab.pbx_cli("queue show support"))

    # ---- the agent queue

    def in_queue(self, customer: str, within_s: float, *, times: int = 1) -> None:
        """Waits until a caller of that number entered it."""

        def entered() -> bool:
            return sum(line.event == "ENTERQUEUE" and line.data[1] == customer for line in self.queue_log()) >= times

        wait(f"{customer} to be in the queue", within_s, entered, self.queue_log)

    def connected(self, customer: str, within_s: float) -> float:
        """Waits until a caller of that number has an agent; when that was."""
        return self._agent_of(customer, within_s).at_s

    def _agent_of(self, customer: str, within_s: float) -> CarrierEvent:
        """The answer of the agent's telephone that shows the customer's number."""

        def answered() -> CarrierEvent | None:
            events = self.lab.carrier_events()
            rung = {e.call for e in events if e.what == "ring" and e.detail == customer and e.who.startswith("agent")}
            return next((e for e in events if e.what == "answer" and e.call in rung), None)

        return wait(f"{customer} to have an agent", within_s, answered, self.queue_log)

    def logged(self, call: str) -> list[str]:
        """The events of one call in queue_log."""
        return [line.event for line in self.queue_log() if line.call == call]

    # ---- records

    def queue_log(self) -> list[LogLine]:
        """What app_queue wrote."""
        lines = (line.split("|") for line in Path(self.lab.data.queue_log).read_text().splitlines())
        return [LogLine(float(at), call, agent, event, tuple(data)) for at, call, _, agent, event, *data in lines]

    def cdr(self, uniqueid: str) -> list[dict[str, str]]:
        """The call records of a channel."""
        return [record for record in self.records() if record["uniqueid"] == uniqueid]

    def records(self) -> list[dict[str, str]]:
        """All call records, by the names in asterisk-config/pbx/cdr_custom.conf."""
        with Path(self.lab.data.cdr).open(newline="") as lines:
            return [dict(zip(_CDR, row, strict=True)) for row in csv.reader(lines)]

    # ---- waiting

    def wait(
        self, what: str, within_s: float, condition: Callable[[], T | None], tell: Callable[[], object] = lambda: ""
    ) -> T:
        """What `condition` returned as soon as it was something; else a failure that says `what`, and `tell()`."""
        return wait(what, within_s, condition, tell)


_CDR = (
    *("clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end"),
    *("duration", "billsec", "disposition", "amaflags", "accountcode", "uniqueid", "linkedid", "userfield"),
    *("cb_outcome", "ReasonSystemName", "_CB_SERVICE_ID", "_CB_T_SERVICE_START", "_CB_T_CALLBACK_ACCEPTED"),
)


def wait(what: str, within_s: float, condition: Callable[[], T | None], tell: Callable[[], object] = lambda: "") -> T:
    """See `Centre.wait`."""
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"waited {within_s:.0f} s for {what}; {tell()}"
        time.sleep(POLL_S)
    return found


def in_future(seconds: float) -> str:
    """A moment as `_desired_time` wants it."""
    at = datetime.fromtimestamp(time.time() + seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def increasing(moments: Iterable[float]) -> bool:
    """Each is later than the one before."""
    listed = list(moments)
    return listed == sorted(set(listed))


def _epoch_s(instant: str | None) -> float | None:
    return None if instant is None else datetime.fromisoformat(instant).timestamp()


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""What became of one inbound call, put together from everything that has a word on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from api import Api
from centre import Centre, LogLine
from ear import Ear, Heard
from redis import Redis
from sipp_caller import Calling, Ended
from sipp_scenario import From

from ivr.domain.callback import CallbackState
from ivr.lab.lab import Lab
from ivr.store.keys import Keys

T = TypeVar("T")

SERVICE = "support"
AGENTS = ("agent-1", "agent-2")
_TAIL = 25
"""Lines of a log that a failure shows."""
_LOG_S = 5.0
"""Within so long what has happened is on record."""
_ANSWER_S = 3.0
"""A call is answered within so long."""
_UNFINISHED = ",".join(state for state in CallbackState if state is not CallbackState.COMPLETED)


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of the event stream."""

    kind: str
    call_id: str
    callback_id: str
    data: dict[str, str]


class Events:
    """The event stream of a service, read from the store."""

    def __init__(self, redis_url: str, service: str = SERVICE) -> None:
        self._url, self._stream = redis_url, Keys(service).events

    def all(self) -> list[Happened]:
        """Oldest first."""
        # A connection for each time: the server may have been started again since.
        with Redis.from_url(self._url, decode_responses=True, socket_timeout=5) as redis:
            entries: Any = redis.xrange(self._stream)
        return [
            Happened(told["kind"], told.get("call", ""), told.get("callback", ""), json.loads(told["data"]))
            for _, told in entries
        ]

    def of_call(self, call_id: str) -> list[Happened]:
        return [each for each in self.all() if each.call_id == call_id]


@dataclass(frozen=True, slots=True)
class Story:
    """One call, after its end."""

    ended: Ended
    heard: Heard
    call_id: str
    """Asterisk's unique id of its channel."""
    events: list[Happened]
    queue_log: list[LogLine]
    record: dict[str, str]
    """Its call record, by the names in asterisk-config/pbx/cdr_custom.conf."""
    callbacks: list[dict[str, Any]]
    """Those that it asked for."""

    @property
    def ending(self) -> str:
        """How it left the script; empty if the script was not there to tell."""
        return next((each.data["ending"] for each in self.events if each.kind == "inbound_ended"), "")

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.events]

    @property
    def menus(self) -> list[list[str]]:
        """What was begun to be played to the caller, one list of prompts and digits each time."""
        return [each.data["media"].split() for each in self.events if each.kind == "heard"]

    @property
    def pressed(self) -> str:
        return "".join(each.data["key"] for each in self.events if each.kind == "pressed")

    @property
    def in_queue_log(self) -> list[str]:
        return [line.event for line in self.queue_log]

    def told(self, kind: str) -> dict[str, str]:
        """The data of the one event of that kind."""
        (found,) = [each for each in self.events if each.kind == kind]
        return found.data


class Teller:
    """Finds out what became of calls. Every wait of it ends, and its failure shows the logs."""

    def __init__(self, lab: Lab, centre: Centre, api: Api, ear: Ear, events: Events) -> None:
        self._lab, self._centre, self._api, self._ear, self._events = lab, centre, api, ear, events

    def story(self, who: From | str, calling: Calling, *, scripted: bool = True) -> Story:
        """Waits for the end of a call, for its record, and, if it is `scripted`, for the script's last word."""
        caller = From(who) if isinstance(who, str) else who
        ended = calling.ended()
        assert ended.answered_at_s is not None, f"{caller} was not answered\n{ended.trace}"
        answered_at_s = ended.answered_at_s
        record = self.wait(f"the call record of {caller}", _LOG_S, lambda: self._record(caller, answered_at_s))
        call_id = record["uniqueid"]
        if scripted:
            self.wait(
                f"the script of {caller} to end",
                _LOG_S,
                lambda: any(each.kind == "inbound_ended" for each in self._events.of_call(call_id)),
            )
        return Story(
            ended=ended,
            heard=self._ear.heard(ended.own_ip, ended.answered_at_s),
            call_id=call_id,
            events=self._events.of_call(call_id),
            queue_log=[line for line in self._centre.queue_log() if line.call == call_id],
            record=record,
            callbacks=[each for each in self.callbacks() if each["originating_interaction_id"] == call_id],
        )

    def in_queue(self, number: str, within_s: float) -> str:
        """The unique id of the caller of that number, as soon as they are in the agent queue."""

        def entered() -> str | None:
            lines = self._centre.queue_log()
            return next((line.call for line in lines if line.event == "ENTERQUEUE" and line.data[1] == number), None)

        return self.wait(f"{number} to be in the queue", within_s, entered)

    def callbacks(self, **wanted: str) -> list[dict[str, Any]]:
        """Callbacks as operators see them; `number`, `state`."""
        found: list[dict[str, Any]] = self._api.get("/api/v1/callbacks", service=SERVICE, **wanted)["callbacks"]
        return found

    def clear_line(self) -> None:
        """Cancels what is pending; one whose customer is talking ends by itself."""
        for callback in self.callbacks(state=_UNFINISHED):
            if callback["state"] != CallbackState.PROCESSING:
                self._centre.cancel(callback["id"])
        self.wait("no callback to be pending", _LOG_S, lambda: not self.callbacks(state=_UNFINISHED))

    def channels(self) -> list[str]:
        """The names of the PBX's channels."""
        listed = self._lab.pbx_cli("core show channels concise").splitlines()
        return [line.partition("!")[0] for line in listed if "!" in line]

    def wait(self, what: str, within_s: float, condition: Callable[[], T | None]) -> T:
        """What `condition` returned as soon as it was something."""
        return self._centre.wait(what, within_s, condition, self._last_words)

    def _record(self, caller: From, answered_at_s: float) -> dict[str, str] | None:
        clid = f'"{caller.display}" <{caller.user}>'
        records = self._centre.records()
        for record in records:
            # A unique id begins with the moment at which the channel was made.
            made_at_s = float(record["uniqueid"].partition(".")[0])
            # Somebody who is called back has a record of the same number, on another trunk.
            if record["clid"] == clid and made_at_s > answered_at_s - _ANSWER_S and "/callers-" in record["channel"]:
                assert [each["uniqueid"] for each in records].count(record["uniqueid"]) == 1, records
                return record
        return None

    def _last_words(self) -> str:
        logs = {name: Path(self._lab.data.logs[name]) for name in ("app", "pbx")}
        tails = [(name, log.read_text(errors="replace").splitlines()[-_TAIL:]) for name, log in logs.items()]
        return "\n".join([f"\n--- {name}\n" + "\n".join(lines) for name, lines in tails])

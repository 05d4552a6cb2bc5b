"""What happened in a service, as lines that a person enjoys reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivr.store.port import LoggedEvent


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    at_s: float
    who: str
    """caller, centre, dialer, customer, agent or record."""
    text: str
    style: str = "default"


class Timeline:
    """Turns the event stream into lines. `words` are the texts of the prompts, by id."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def lines(self, events: Iterable[LoggedEvent], calls: set[str], callback_id: str | None) -> list[Line]:
        """The lines for what concerns one caller: the calls of that caller and the callback."""
        told = []
        for event in events:
            if event.call_id in calls or (callback_id and event.callback_id == callback_id) or event.kind == "pacing":
                line = self._line(event, callback_id)
                if line:
                    told.append(Line(event.at_s, *line))
        return told

    def _line(self, event: LoggedEvent, callback_id: str | None) -> tuple[str, str, str] | tuple[str, str] | None:
        data = event.data
        of_customer = event.callback_id is not None
        match event.kind:
            case "wait_estimated":
                verdict = "offer a callback" if data["offer"] == "true" else "straight to the queue"
                return "centre", f"{data['reason']}: {verdict}"
            case "heard":
                return ("customer" if of_customer else "caller"), f"hears “{self.said(data['media'])}”", "italic"
            case "pressed":
                return ("customer" if of_customer else "caller"), f"presses {data['key']}", "bold yellow"
            case "accepted":
                place = f", number {data['place']} in line" if "place" in data else ""
                return "record", f"stored: {event.callback_id}{place}", "green"
            case "interaction_failed" | "interaction_gone":
                return "record", f"the call could not be marked: {data['detail']}", "red"
            case "inbound_ended":
                return "caller", f"is off the line ({data['ending'].replace('_', ' ')})"
            case "pacing" if callback_id and callback_id in data["released"]:
                return "dialer", f"an agent is near: {data['reason']}", "cyan"
            case "dialed":
                return "dialer", f"rings the customer, attempt {data['attempt']}", "bold cyan"
            case "answered":
                return "customer", f"picks up after {data['rang_s']} s"
            case "customer_reached":
                return "dialer", f"{data['result']}: {data['detail']}", "bold green"
            case "agent_connected":
                waited = data["customer_waited_s"].removesuffix(".0")
                return "agent", f"{data['agent']} has the customer, who held for {waited} s", "bold green"
            case "talk_ended":
                return "record", f"COMPLETED, {data['reason']}", "bold green"
            case "attempt_failed" | "customer_lost":
                return (
                    "dialer",
                    f"{data['result']}: {data['detail']}; again in {data['next_attempt_in_s']} s",
                    "yellow",
                )
            case "gave_up" | "expired" | "cancelled":
                return "record", f"COMPLETED, {data.get('reason', event.kind)}", "red"
            case _:
                return None

    def said(self, media: str) -> str:
        """The words of what was played."""
        return " ".join(self._words.get(part, part) for part in media.split())

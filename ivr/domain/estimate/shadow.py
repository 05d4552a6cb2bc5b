"""The wait that somebody who hung up would have had: without it, only the lucky are learnt from.

In a line served in order it is known afterwards. If the first person to be served of those who came later had to
wait, their moment of service would have been the earlier one's. If that person did not wait, an agent was idle
before: the first one to be free once everybody ahead was gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Gone:
    caller: str
    entered_s: float
    gone_s: float
    ahead: set[str] = field(default_factory=set)
    agent_free_s: float | None = None


@dataclass(frozen=True, slots=True)
class ShadowWait:
    caller: str
    entered_s: float
    wait_s: float
    """At least as long as they did wait."""


class ShadowWaits:
    """Follows those who hung up until it is known when they would have been served."""

    _FOLLOWED = 500
    _GIVEN_UP_AFTER_S = 1800.0
    """Nobody was served for so long: the centre had closed, or nearly so."""

    def __init__(self) -> None:
        self._gone: list[_Gone] = []

    def gave_up(self, caller: str, entered_s: float, at_s: float, ahead: set[str]) -> None:
        """`ahead`: who of those still waiting is before them."""
        self._left_line(caller)
        self._gone.append(_Gone(caller, entered_s, at_s, set(ahead)))
        del self._gone[: -self._FOLLOWED]

    def agent_free(self, at_s: float) -> None:
        """An agent ended a call, with wrap-up."""
        for gone in self._gone:
            if gone.agent_free_s is None and not gone.ahead:
                gone.agent_free_s = at_s

    def served(self, caller: str, entered_s: float, at_s: float) -> list[ShadowWait]:
        """An agent took a call: the waits that are known by that."""
        self._left_line(caller)
        waited = at_s > entered_s
        known: list[ShadowWait] = []
        followed: list[_Gone] = []
        for gone in self._gone:
            if at_s - gone.gone_s > self._GIVEN_UP_AFTER_S:
                continue
            if entered_s <= gone.entered_s:
                followed.append(gone)
                continue
            free_s = at_s if waited or gone.agent_free_s is None else gone.agent_free_s
            known.append(ShadowWait(gone.caller, gone.entered_s, max(free_s, gone.gone_s) - gone.entered_s))
        self._gone = followed
        return known

    def _left_line(self, caller: str) -> None:
        for gone in self._gone:
            gone.ahead.discard(caller)

"""Reads Asterisk's queue_log: `epoch|uniqueid|queue|agent|EVENT|data1|data2|...`.

An answered call keeps its agent from the first ring (CONNECT tells how long it rang) to its COMPLETE or transfer.
What is no event of a call in a queue is passed over in silence; a line that cannot be read, and a call whose story
has a hole, are reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final

from ivr.domain.estimate.calls import Call, Outcome
from ivr.ewt.log_files import CallLog, LogUnreadable, Problem

_ENDS_CALL: Final = frozenset({"COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"})
_LEAVES: Final = frozenset({"EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY", "WITHDRAW", "SYSCOMPAT", "CALLBACK"})
_FIELDS: Final = 5


@dataclass(slots=True)
class _Open:
    entered_s: float
    line: int
    left_s: float | None = None
    agent: str = ""
    ring_s: float = 0.0


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self.log = CallLog()
        self._open: dict[tuple[str, str], _Open] = {}

    def read(self, lines: Iterable[str]) -> None:
        told: list[tuple[float, int, list[str]]] = []
        for line, text in enumerate(lines, start=1):
            fields = text.rstrip("\r\n").split("|")
            if not text.strip():
                continue
            at_s = _number(fields[0])
            if len(fields) < _FIELDS:
                self._report(line, f"{len(fields)} fields; epoch|uniqueid|queue|agent|EVENT|... is wanted")
            elif at_s is None:
                self._report(line, f"the moment is {fields[0][:40]!r}; epoch seconds are wanted")
            else:
                told.append((at_s, line, fields))
        # Several threads write the log, so that lines may change places; those of one second stay as they are.
        told.sort(key=lambda each: each[:2])
        for at_s, line, fields in told:
            self._event(line, at_s, (fields[2], fields[1]), fields[3], fields[4], fields[5:])

    def _event(
        self, line: int, at_s: float, key: tuple[str, str], agent: str, event: str, data: Sequence[str]
    ) -> None:
        if event == "QUEUESTART":
            self.forget_all("Asterisk was started again")
        elif event == "ENTERQUEUE":
            if key in self._open:
                self._forget(key, "the same call entered again")
            self._open[key] = _Open(at_s, line)
        elif event == "CONNECT":
            waiting = self._waiting(line, key, event)
            if waiting is not None:
                waiting.left_s, waiting.agent = max(at_s, waiting.entered_s), agent
                ring_s = _number(data[2]) if len(data) > 2 else 0.0
                waiting.ring_s = min(ring_s or 0.0, waiting.left_s - waiting.entered_s)
        elif event in _ENDS_CALL:
            call = self._open.pop(key, None)
            if call is None or call.left_s is None:
                self._report(line, f"{event} of a call that was not connected; it is left out")
            else:
                self._add(key, call, Outcome.ANSWERED, call.left_s, max(at_s, call.left_s))
        elif event == "ABANDON" or event in _LEAVES:
            waiting = self._waiting(line, key, event)
            if waiting is not None:
                del self._open[key]
                outcome = Outcome.ABANDONED if event == "ABANDON" else Outcome.OTHER
                self._add(key, waiting, outcome, max(at_s, waiting.entered_s), None)

    def _waiting(self, line: int, key: tuple[str, str], event: str) -> _Open | None:
        call = self._open.get(key)
        if call is None:
            # Our own CALLBACK line is written as the call hangs up, whether or not it was in the queue.
            if event != "CALLBACK":
                self._report(line, f"{event} of a call that did not enter the queue in this file; it is left out")
            return None
        if call.left_s is not None:
            if event != "CALLBACK":
                self._report(line, f"{event} of a call that was connected already; it is left out")
            return None
        return call

    def _add(self, key: tuple[str, str], call: _Open, outcome: Outcome, left_s: float, end_s: float | None) -> None:
        self.log.calls.append(Call(call.entered_s, outcome, left_s, end_s, call.agent, call.ring_s, queue=key[0]))

    def forget_all(self, why: str) -> None:
        for key in list(self._open):
            self._forget(key, why)

    def _forget(self, key: tuple[str, str], why: str) -> None:
        """A call without an end: as far as it is known it is used."""
        call = self._open.pop(key)
        if call.left_s is not None:
            self._report(call.line, f"the call was connected and its end is not told ({why}); used without its end")
            self._add(key, call, Outcome.ANSWERED, call.left_s, None)
        else:
            self._report(call.line, f"the call entered the queue and never left it ({why}); it is left out")

    def _report(self, line: int, text: str) -> None:
        self.log.problems.append(Problem(self._file, line, text))


def read_queue_log(path: Path) -> CallLog:
    """Raises LogUnreadable when there is no such file."""
    reader = _Reader(path.name)
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            reader.read(file)
    except OSError as error:
        raise LogUnreadable(f"{path}: {error.strerror}") from error
    reader.forget_all("the file ends")
    reader.log.calls.sort(key=lambda call: call.entered_s)
    reader.log.problems.sort(key=lambda problem: problem.line)
    return reader.log


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and 0 <= number < 1e11 else None

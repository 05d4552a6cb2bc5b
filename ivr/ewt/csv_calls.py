"""Reads calls from CSV with the header `queue,entered,outcome,left,service_end,agent`.

Moments are epoch seconds, fractions allowed; `left` is the moment of answer or of hang-up. A line that is wrong is
reported and left out; one of which only the end of service is wrong is reported and used without it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Final

from ivr.domain.estimate.calls import Call, Outcome
from ivr.ewt.log_files import CallLog, LogUnreadable, Problem

HEADER: Final = ("queue", "entered", "outcome", "left", "service_end", "agent")
_OUTCOMES: Final = {each.value: each for each in (Outcome.ANSWERED, Outcome.ABANDONED)}


class _Wrong(Exception):
    """A line is not as it should be; the text says what would be right."""


def read_calls(path: Path) -> CallLog:
    """Raises LogUnreadable when there is no such file or it has another header."""
    log = CallLog()
    for line, row in _rows(path):
        try:
            call, problem = _call(row)
        except _Wrong as wrong:
            log.problems.append(Problem(path.name, line, f"{wrong}; the line is left out"))
            continue
        log.calls.append(call)
        if problem:
            log.problems.append(Problem(path.name, line, problem))
    log.calls.sort(key=lambda call: call.entered_s)
    return log


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            # A quote in the data is a character like another: a stray one must not swallow the lines after it.
            reader = csv.reader((text.replace("\0", "\ufffd") for text in file), quoting=csv.QUOTE_NONE)
            header = tuple(name.strip().strip('"').lower() for name in next(reader, []))
            if header != HEADER:
                raise LogUnreadable(
                    f"{path.name}:1: the first line is to be {','.join(HEADER)};"
                    f" it is {','.join(header)[:120] or 'empty'}"
                )
            for row in reader:
                if row:
                    yield reader.line_num, [value.strip().strip('"') for value in row]
    except (OSError, csv.Error) as error:
        raise LogUnreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _call(row: list[str]) -> tuple[Call, str]:
    if len(row) != len(HEADER):
        raise _Wrong(f"{len(row)} fields where {len(HEADER)} are wanted ({','.join(HEADER)})")
    values = dict(zip(HEADER, row, strict=True))
    outcome = _OUTCOMES.get(values["outcome"].lower())
    if outcome is None:
        raise _Wrong(f"outcome is {values['outcome'][:40]!r}; it is to be answered or abandoned")
    entered_s, left_s = _moment(values, "entered"), _moment(values, "left")
    if left_s < entered_s:
        raise _Wrong(
            f"left ({values['left']}) is before entered ({values['entered']}); it is to be the same or later"
        )
    if outcome is Outcome.ABANDONED:
        return Call(entered_s, outcome, left_s, queue=values["queue"]), ""
    end_s: float | None = None
    problem = ""
    try:
        end_s = _moment(values, "service_end")
        if end_s < left_s:
            raise _Wrong(f"service_end ({values['service_end']}) is before left ({values['left']})")
    except _Wrong as wrong:
        end_s, problem = None, f"{wrong}; the call is used without its end"
    return Call(entered_s, outcome, left_s, end_s, values["agent"], queue=values["queue"]), problem


def _moment(values: Mapping[str, str], name: str) -> float:
    try:
        moment_s = float(values[name])
    except ValueError:
        moment_s = float("nan")
    if not isfinite(moment_s) or not 0 <= moment_s < 1e11:
        raise _Wrong(f"{name} is {values[name][:40]!r}; epoch seconds are wanted, such as 917852393 or 917852393.25")
    return moment_s

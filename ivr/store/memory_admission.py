"""What the store in memory keeps of a service, and whom it admits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ivr.domain.callback import Callback, CallbackState
from ivr.store.admission import booked_at
from ivr.store.port import (
    VALUE_WINDOW_S,
    Admission,
    AlreadyWaiting,
    LineFull,
    LoggedEvent,
    Paused,
    SlotTaken,
    TooMany,
    TooManyOfValue,
)

IN_LINE: Final = (CallbackState.QUEUED, CallbackState.ROUTING)


@dataclass
class Lease:
    worker: str
    until_s: float


@dataclass
class MemoryService:
    records: dict[str, Callback] = field(default_factory=dict)
    fences: dict[str, int] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    last_write: dict[str, tuple[Callback, str]] = field(default_factory=dict)
    events: list[LoggedEvent] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    paused: str | None = None
    accepted: list[float] = field(default_factory=list)
    """When callbacks were accepted under windows."""
    of_values: dict[tuple[str, str], list[float]] = field(default_factory=dict)


def admit_new(service: MemoryService, callback: Callback, admission: Admission) -> None:
    """Raises NotAdmitted."""
    if service.paused is not None:
        raise Paused(service.paused)
    for number, window in enumerate(admission.windows):
        recent = _after(service.accepted, callback.created_at_s - window.length_s)
        if len(recent) >= window.limit:
            raise TooMany(number, len(recent), recent[len(recent) - window.limit] + window.length_s)
    limit = admission.max_of_value
    for value in admission.values:
        recent = _after(service.of_values.get(value, ()), callback.created_at_s - VALUE_WINDOW_S)
        if len(recent) >= limit:
            raise TooManyOfValue(value[0], len(recent), recent[len(recent) - limit] + VALUE_WINDOW_S)
    _refuse_duplicates(service, callback, admission)
    _refuse_full_slot(service, callback, admission)
    if callback.state is CallbackState.QUEUED:
        _refuse_full_line(service, admission)


def admit_changed(service: MemoryService, kept: Callback, callback: Callback, admission: Admission) -> None:
    """Raises NotAdmitted."""
    if kept.customer_number != callback.customer_number:
        _refuse_duplicates(service, callback, admission)
    _refuse_full_slot(service, callback, admission)
    if kept.state is CallbackState.SCHEDULED and callback.state is CallbackState.QUEUED:
        _refuse_full_line(service, admission)


def count_booked(service: MemoryService, start_s: float, end_s: float, *, but: str = "") -> int:
    """The bookings in a slot, without that of the callback `but`."""
    times = (booked_at(kept) for kept in service.records.values() if kept.id != but)
    return sum(1 for at_s in times if at_s is not None and start_s <= at_s < end_s)


def _refuse_duplicates(service: MemoryService, callback: Callback, admission: Admission) -> None:
    same = [
        kept.id
        for kept in service.records.values()
        if not kept.is_final and kept.customer_number == callback.customer_number and kept.id != callback.id
    ]
    if admission.max_pending is not None and len(same) >= admission.max_pending:
        raise AlreadyWaiting(sorted(same))


def _refuse_full_slot(service: MemoryService, callback: Callback, admission: Admission) -> None:
    slot = admission.slot
    if slot is None:
        return
    booked = count_booked(service, slot.start_s, slot.end_s, but=callback.id)
    if booked >= slot.capacity:
        raise SlotTaken(booked)


def _refuse_full_line(service: MemoryService, admission: Admission) -> None:
    waiting = sum(kept.state in IN_LINE for kept in service.records.values())
    if admission.max_queued is not None and waiting >= admission.max_queued:
        raise LineFull(waiting)


def _after(times: Sequence[float], after_s: float) -> list[float]:
    return sorted(at_s for at_s in times if at_s > after_s)

"""Whether a request is admitted, as far as time, slots and the store decide.

The order is the reference product's. The store looks at its conditions in one step with storing the callback. What
this program finds out by itself, that the time cannot be had, comes between them in that order: it is held back until
the earlier ones are known to be met.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ivr.service.builtins import Builtins
from ivr.service.durations import format_instant, parse_duration_s
from ivr.service.errors import (
    DailyLimitReached,
    DuplicateCallback,
    OutOfOfficeHours,
    QueueFull,
    ServiceError,
    ServicePaused,
    SlotFull,
    Throttled,
    TimePassed,
    TooFarAhead,
)
from ivr.service.options import ServiceOptions
from ivr.store.port import (
    Admission,
    AlreadyWaiting,
    LineFull,
    NotAdmitted,
    Paused,
    SlotPlace,
    SlotTaken,
    TooMany,
    TooManyOfValue,
    Window,
)

LAST_S: Final = 221_845_392_000.0
"""The year 9000: no booking is later, whatever the horizon."""


def horizon_s(options: ServiceOptions, now_s: float) -> float:
    """No booking is later than this."""
    return min(now_s + parse_duration_s(options.reject_future_desired_time), LAST_S)


def place_for_booking(
    service: str, name: str, at_s: float, options: ServiceOptions, builtins: Builtins, now_s: float
) -> SlotPlace:
    """The place to be had in the slot of `at_s`; `name` is the parameter that asks for it.

    Raises TimePassed, OutOfOfficeHours, TooFarAhead, SlotFull, InvalidParameter.
    """
    at = format_instant(at_s)
    if at_s <= now_s:
        raise TimePassed(name, at, format_instant(now_s))
    latest_s = horizon_s(options, now_s)
    if at_s > LAST_S:
        raise TooFarAhead(name, at, options.reject_future_desired_time)
    rules = builtins.slots_of(options)
    if not rules.is_open(at_s):
        raise OutOfOfficeHours(service, at)
    if at_s > latest_s:
        raise TooFarAhead(name, at, options.reject_future_desired_time)
    slot = rules.slot_at(at_s)
    if slot is None:
        raise SlotFull(service, at, 0)
    return SlotPlace(slot.start_s, slot.end_s, slot.total)


def refuse_closed(service: str, options: ServiceOptions, builtins: Builtins, now_s: float) -> None:
    """For a callback that is wanted now. Raises OutOfOfficeHours, InvalidParameter."""
    if not options.enable_reject_out_of_office_hours:
        return
    hours = builtins.hours_of(options)
    if hours is not None and not hours.is_open(now_s):
        raise OutOfOfficeHours(service, None)


def throttles(options: ServiceOptions) -> list[tuple[Window, str]]:
    """The windows that are not switched off, and the options that limit them."""
    windows = (
        (options.throttle_callbacks_per_service_1, options.throttle_ttl_1_s, "_throttle_callbacks_per_service_1"),
        (options.throttle_callbacks_per_service_2, options.throttle_ttl_2_s, "_throttle_callbacks_per_service_2"),
    )
    return [(Window(limit, length_s), option) for limit, length_s, option in windows if limit]


def conditions(
    options: ServiceOptions, limited: tuple[tuple[str, str], ...], place: SlotPlace | None, *, booked: bool
) -> Admission:
    """What the store looks at for a new callback."""
    daily = options.throttle_request_parameters_limit
    return Admission(
        windows=tuple(window for window, _ in throttles(options)),
        values=limited if daily and not booked else (),
        max_of_value=daily,
        max_pending=options.max_pending,
        slot=place,
        max_queued=options.max_queued_callbacks_per_service,
    )


def before_time(admission: Admission) -> Admission:
    """The conditions that come before the time is looked at."""
    return replace(admission, slot=None, max_queued=None)


def refusal(
    error: NotAdmitted, service: str, options: ServiceOptions, admission: Admission, at_s: float | None, now_s: float
) -> ServiceError:
    """What the store refused, in the words of the service; `at_s` is the time that was to be booked."""
    match error:
        case Paused():
            return ServicePaused(service, error.reason)
        case TooMany():
            window, option = throttles(options)[error.window]
            return Throttled(service, window.limit, window.length_s, option, max(1.0, error.free_at_s - now_s))
        case TooManyOfValue():
            return DailyLimitReached(service, error.name, admission.max_of_value, max(1.0, error.free_at_s - now_s))
        case AlreadyWaiting():
            return DuplicateCallback(service, error.pending)
        case LineFull():
            return QueueFull(service, error.waiting)
        case SlotTaken() if admission.slot is not None and at_s is not None:
            return SlotFull(service, format_instant(at_s), admission.slot.capacity)
        case _:
            raise error

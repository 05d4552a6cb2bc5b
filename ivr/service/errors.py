"""What the callback service refuses.

    ServiceError                   status  exception                            cause
    +-- InvalidParameter           400     CallbackExceptionInvalidParameter    parameter
    +-- NumberRefused              400     CallbackExceptionNumber              number
    +-- CountryRefused             400     CallbackExceptionCountry             country
    +-- PatternRefused             400     CallbackExceptionPattern             pattern
    +-- TimeRefused                400     CallbackExceptionAvailability        time
    |   +-- TimePassed                                                          past
    |   +-- OutOfOfficeHours                                                    office_hours
    |   +-- TooFarAhead                                                         horizon
    |   +-- SlotFull                                                            slot
    +-- DuplicateCallback          403     CallbackExceptionDuplicate           duplicate
    +-- NotFound                   404     CallbackExceptionNotFound            not_found
    |   +-- UnknownService
    |   +-- UnknownCallback
    +-- WrongState                 409     CallbackExceptionState               state
    +-- Throttled                  429     CallbackExceptionThrottle            throttle
    +-- DailyLimitReached          429     CallbackExceptionDailyLimit          daily_limit
    +-- ServicePaused              503     CallbackExceptionPaused              paused
    +-- QueueFull                  503     CallbackExceptionServiceUnavailable  queue
    +-- StorageFailed              503     CallbackExceptionStorage             storage

Number, NotFound, Availability and ServiceUnavailable are the reference product's names; the others, and their
statuses, are ours. The cause is what a refusal is counted by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from ivr.domain.callback import Callback
from ivr.domain.numbers import NumberProblem
from ivr.service.problems import nearest


class ServiceError(Exception):
    """A request that was not carried out; nothing was changed. `str()` says what would be right."""

    status: ClassVar[int] = 500
    exception: ClassVar[str] = "CallbackException"
    phrase: ClassVar[str] = "Internal error"
    cause: ClassVar[str] = "error"
    retry_after_s: float | None = None
    """After so many seconds the same request may pass."""


class InvalidParameter(ServiceError):
    """A parameter is missing, of the wrong type, or not known."""

    status, exception, phrase = 400, "CallbackExceptionInvalidParameter", "Invalid parameter"
    cause = "parameter"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}" if name else problem)
        self.name = name


class NumberRefused(ServiceError):
    """The customer's number is none that we ring."""

    status, exception, phrase = 400, "CallbackExceptionNumber", "Number not allowed"
    cause = "number"

    def __init__(self, number: str, problem: NumberProblem, message: str) -> None:
        super().__init__(message)
        self.number, self.problem = number, problem


class CountryRefused(ServiceError):
    """The number belongs to a country that the service does not ring."""

    status, exception, phrase = 400, "CallbackExceptionCountry", "Country not served"
    cause = "country"

    def __init__(self, country: str | None, allowed: Sequence[str]) -> None:
        super().__init__(
            f"_customer_number: a number of {country or 'no country'}; give one of {', '.join(allowed)}"
            " (_allowed_countries)"
        )


class PatternRefused(ServiceError):
    """A pattern of a group in `_exceptions` blocks the request."""

    status, exception, phrase = 400, "CallbackExceptionPattern", "Blocked by a pattern"
    cause = "pattern"

    def __init__(self, parameter: str, group: str) -> None:
        super().__init__(
            f"{parameter}: its value is blocked by the pattern group {group} (_exceptions); give another"
        )
        self.parameter = parameter


class TimeRefused(ServiceError):
    """The time cannot be had."""

    status, exception, phrase = 400, "CallbackExceptionAvailability", "Time not available"
    cause = "time"
    proposes: ClassVar[bool] = False
    """Whether the answer proposes other times."""
    availability: Mapping[float, int] | None = None
    """Proposed times (epoch seconds) and how many places each has; filled in on the way out."""


class TimePassed(TimeRefused):
    phrase, cause = "Time in the past", "past"

    def __init__(self, name: str, at: str, now: str) -> None:
        super().__init__(f"{name}: {at} is not in the future; it is {now} now")


class OutOfOfficeHours(TimeRefused):
    """`at` is None for now."""

    phrase, cause, proposes = "Out of office hours", "office_hours", True

    def __init__(self, service: str, at: str | None) -> None:
        when = "now" if at is None else f"at {at}"
        super().__init__(f"{service} is closed {when}; book a time at which it is open (_desired_time)")


class TooFarAhead(TimeRefused):
    phrase, cause = "Too far ahead", "horizon"

    def __init__(self, name: str, at: str, horizon: str) -> None:
        super().__init__(f"{name}: {at} is too far ahead: _reject_future_desired_time allows {horizon}")


class SlotFull(TimeRefused):
    phrase, cause, proposes = "No free place", "slot", True

    def __init__(self, service: str, at: str, capacity: int) -> None:
        taken = f"all {capacity} places are taken" if capacity else "no callbacks are taken"
        super().__init__(f"{taken} in the slot of {at} in {service}; book another time")


class Throttled(ServiceError):
    """The service has accepted as many requests lately as it may."""

    status, exception, phrase = 429, "CallbackExceptionThrottle", "Too many requests"
    cause = "throttle"

    def __init__(self, service: str, limit: int, window_s: float, option: str, retry_after_s: float) -> None:
        super().__init__(
            f"{service} accepts {limit} requests in {window_s:g} s ({option}); try again in {retry_after_s:.0f} s"
        )
        self.retry_after_s = retry_after_s


class DailyLimitReached(ServiceError):
    """As many requests for now with the same value of a parameter were accepted in 24 hours as may be."""

    status, exception, phrase = 429, "CallbackExceptionDailyLimit", "Daily limit reached"
    cause = "daily_limit"

    def __init__(self, service: str, parameter: str, limit: int, retry_after_s: float) -> None:
        super().__init__(
            f"{parameter}: {service} has accepted {limit} requests with this value in 24 hours"
            f" (_throttle_request_parameters_limit); book a time with _desired_time, or try again in"
            f" {retry_after_s / 3600:.1f} hours"
        )
        self.retry_after_s = retry_after_s


class ServicePaused(ServiceError):
    """The service takes no requests at present."""

    status, exception, phrase = 503, "CallbackExceptionPaused", "Service paused"
    cause = "paused"

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service} is paused{f' ({reason})' if reason else ''}; try again later")


class DuplicateCallback(ServiceError):
    """The number has as many callbacks pending as the service allows."""

    status, exception, phrase = 403, "CallbackExceptionDuplicate", "Callback already pending"
    cause = "duplicate"

    def __init__(self, service: str, pending: Sequence[str]) -> None:
        super().__init__(
            f"{len(pending)} pending for this number in {service}: {', '.join(pending)};"
            " cancel one, or see _enable_in_queue_checking"
        )
        self.pending = tuple(pending)


class NotFound(ServiceError):
    status, exception, phrase = 404, "CallbackExceptionNotFound", "Not found"
    cause = "not_found"


class UnknownService(NotFound):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"service {name!r} is not configured{nearest(name, known)}")


class UnknownCallback(NotFound):
    def __init__(self, callback_id: str) -> None:
        super().__init__(
            f"there is no callback {callback_id!r}; records are deleted some time after their end (_ttl)"
        )


class WrongState(ServiceError):
    """The callback is in a state in which this cannot be done."""

    status, exception, phrase = 409, "CallbackExceptionState", "Not possible in this state"
    cause = "state"

    def __init__(self, callback: Callback, problem: str) -> None:
        ended = f" ({callback.reason})" if callback.reason else ""
        super().__init__(f"callback {callback.id} is {callback.state}{ended}: {problem}")
        self.callback = callback


class QueueFull(ServiceError):
    """The line is as long as the service allows."""

    status, exception, phrase = 503, "CallbackExceptionServiceUnavailable", "Too many callbacks"
    cause = "queue"

    def __init__(self, service: str, waiting: int) -> None:
        super().__init__(
            f"{service} has {waiting} callbacks in line, its _max_queued_callbacks_per_service;"
            " try again later, or book a time with _desired_time"
        )
        self.waiting = waiting


class StorageFailed(ServiceError):
    """The store did not answer in time. Whether the request was stored is not known."""

    status, exception, phrase = 503, "CallbackExceptionStorage", "Storage not available"
    cause = "storage"

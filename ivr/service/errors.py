"""What the callback service refuses.

    ServiceError                   status  exception
    +-- InvalidParameter           400     CallbackExceptionInvalidParameter
    +-- NumberRefused              400     CallbackExceptionNumber
    +-- TimeRefused                400     CallbackExceptionAvailability
    +-- DuplicateCallback          403     CallbackExceptionDuplicate
    +-- NotFound                   404     CallbackExceptionNotFound
    |   +-- UnknownService
    |   +-- UnknownCallback
    +-- WrongState                 409     CallbackExceptionState
    +-- QueueFull                  503     CallbackExceptionServiceUnavailable
    +-- StorageFailed              503     CallbackExceptionStorage

The names that the reference product documents are its own; those of InvalidParameter, Duplicate, State and Storage,
and their statuses, are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from ivr.domain.callback import Callback
from ivr.domain.numbers import NumberProblem
from ivr.service.problems import nearest


class ServiceError(Exception):
    """A request that was not carried out; nothing was changed. `str()` says what would be right."""

    status: ClassVar[int] = 500
    exception: ClassVar[str] = "CallbackException"
    phrase: ClassVar[str] = "Internal error"


class InvalidParameter(ServiceError):
    """A parameter is missing, of the wrong type, or not known."""

    status, exception, phrase = 400, "CallbackExceptionInvalidParameter", "Invalid parameter"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}" if name else problem)
        self.name = name


class NumberRefused(ServiceError):
    """The customer's number is none that we ring."""

    status, exception, phrase = 400, "CallbackExceptionNumber", "Number not allowed"

    def __init__(self, number: str, problem: NumberProblem, message: str) -> None:
        super().__init__(message)
        self.number, self.problem = number, problem


class TimeRefused(ServiceError):
    """The desired time cannot be booked."""

    status, exception, phrase = 400, "CallbackExceptionAvailability", "Time not available"


class DuplicateCallback(ServiceError):
    """The number has as many callbacks pending as the service allows."""

    status, exception, phrase = 403, "CallbackExceptionDuplicate", "Callback already pending"

    def __init__(self, service: str, pending: Sequence[str]) -> None:
        super().__init__(
            f"{len(pending)} pending for this number in {service}: {', '.join(pending)};"
            " cancel one, or see _enable_in_queue_checking"
        )
        self.pending = tuple(pending)


class NotFound(ServiceError):
    status, exception, phrase = 404, "CallbackExceptionNotFound", "Not found"


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

    def __init__(self, callback: Callback, problem: str) -> None:
        ended = f" ({callback.reason})" if callback.reason else ""
        super().__init__(f"callback {callback.id} is {callback.state}{ended}: {problem}")
        self.callback = callback


class QueueFull(ServiceError):
    """The line is as long as the service allows."""

    status, exception, phrase = 503, "CallbackExceptionServiceUnavailable", "Too many callbacks"

    def __init__(self, service: str, waiting: int) -> None:
        super().__init__(
            f"{service} has {waiting} callbacks in line, its _max_queued_callbacks_per_service;"
            " try again later, or book a time with _desired_time"
        )
        self.waiting = waiting


class StorageFailed(ServiceError):
    """The store did not answer in time. Whether the request was stored is not known."""

    status, exception, phrase = 503, "CallbackExceptionStorage", "Storage not available"

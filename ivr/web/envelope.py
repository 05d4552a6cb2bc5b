"""The envelope of `/engagement/v3`: `{"status":{"code","message","corrId"},"data"}`.

Its statuses are fewer than ours. What another time or another day would help with is 429, with the times that can be
had in `data.slots`; a callback in a state in which this cannot be done is 400; a store that does not answer is 500.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import uuid4

import structlog
from aiohttp import web

from ivr.service.errors import (
    DuplicateCallback,
    OutOfOfficeHours,
    QueueFull,
    ServiceError,
    ServicePaused,
    SlotFull,
    WrongState,
)

_log = structlog.get_logger(__name__)
_dumps: Final = partial(json.dumps, separators=(",", ":"))
ENGAGEMENT: Final = "/engagement/v3"
_LATER: Final = (SlotFull, OutOfOfficeHours, DuplicateCallback, QueueFull, ServicePaused)


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not carried out, before it is put into the words of an API."""

    status: int
    exception: str
    phrase: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    availability: Mapping[str, int] | None = None
    """Proposed times and how many places each has."""
    refused: ServiceError | None = None


def enveloped(data: Any) -> web.Response:
    """A success."""
    return _answer(200, "Successful", uuid4().hex, data)


def enveloped_failure(request: web.Request, failure: Failure) -> web.Response:
    """A failure; its corrId is in the log, too."""
    status, corr_id = _status(failure), uuid4().hex
    _log.info("request refused", path=request.path, status=status, cause=failure.exception, corr_id=corr_id)
    data = None if failure.availability is None else {"slots": failure.availability}
    return _answer(status, failure.message, corr_id, data, failure.headers)


def _status(failure: Failure) -> int:
    if isinstance(failure.refused, _LATER):
        return 429
    if isinstance(failure.refused, WrongState):
        return 400
    return 500 if failure.status > 500 else failure.status


def _answer(
    status: int, message: str, corr_id: str, data: Any, headers: Mapping[str, str] | None = None
) -> web.Response:
    body = {"status": {"code": status, "message": message, "corrId": corr_id}, "data": data}
    return web.json_response(body, status=status, dumps=_dumps, headers=headers)

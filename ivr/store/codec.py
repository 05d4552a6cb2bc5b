"""A callback as JSON text and back.

What has its default value is left out: a million records are kept. Unknown keys are ignored and missing ones get
their default, so that records written by an older or a newer version stay readable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from ivr.domain.callback import Attempt, Callback, CallbackState, DialResult
from ivr.store.port import Place, StoreError


class CorruptRecord(StoreError):
    """What is stored under this id is no callback."""


def _defaults(of: type) -> dict[str, Any]:
    found = {}
    for f in fields(of):
        if f.default is not MISSING:
            found[f.name] = f.default
        elif f.default_factory is not MISSING:
            found[f.name] = f.default_factory()
    return found


_CALLBACK_DEFAULTS: Final = _defaults(Callback)
_ATTEMPT_DEFAULTS: Final = _defaults(Attempt)
_CALLBACK_FIELDS: Final = frozenset(f.name for f in fields(Callback)) - {"version"}
_ATTEMPT_FIELDS: Final = frozenset(f.name for f in fields(Attempt))


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def encode(callback: Callback) -> str:
    """The body of a record; the version is kept beside it."""
    record = _changed(callback, _CALLBACK_FIELDS, _CALLBACK_DEFAULTS)
    if callback.attempts:
        record["attempts"] = [_changed(a, _ATTEMPT_FIELDS, _ATTEMPT_DEFAULTS) for a in callback.attempts]
    return to_json(record)


def decode(body: str, version: int) -> Callback:
    """Raises CorruptRecord."""
    try:
        record: dict[str, Any] = json.loads(body)
        record = {name: value for name, value in record.items() if name in _CALLBACK_FIELDS}
        if "state" in record:
            record["state"] = CallbackState(record["state"])
        record["attempts"] = tuple(_attempt(a) for a in record.get("attempts", ()))
        record["lookup_keys"] = tuple(record.get("lookup_keys", ()))
        return Callback(**record, version=version)
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptRecord(f"a stored callback cannot be read: {error}") from error


def encode_place(callback: Callback) -> str:
    """What `line` tells of one callback besides its order; empty when it is not in line."""
    if callback.state not in (CallbackState.QUEUED, CallbackState.ROUTING):
        return ""
    queued_at_s = callback.created_at_s if callback.queued_at_s is None else callback.queued_at_s
    return to_json([callback.not_before_s, callback.wait_for_agent, queued_at_s, callback.expires_at_s])


def decode_place(callback_id: str, asked_at_s: float, state: CallbackState, place: str, in_flight: bool) -> Place:
    not_before_s, wait_for_agent, queued_at_s, expires_at_s = json.loads(place)
    return Place(callback_id, asked_at_s, not_before_s, wait_for_agent, in_flight, queued_at_s, expires_at_s, state)


def event_data(callback: Callback, data: Mapping[str, str] | None) -> dict[str, str]:
    """What every event of a callback tells, and `data`."""
    told = {"state": str(callback.state)}
    if callback.reason is not None:
        told["reason"] = callback.reason
    return {**told, **(data or {})}


def _attempt(record: dict[str, Any]) -> Attempt:
    record = {name: value for name, value in record.items() if name in _ATTEMPT_FIELDS}
    if record.get("result") is not None:
        record["result"] = DialResult(record["result"])
    return Attempt(**record)


def _changed(record: object, names: frozenset[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    pairs = ((name, getattr(record, name)) for name in names)
    return {name: value for name, value in pairs if name not in defaults or value != defaults[name]}

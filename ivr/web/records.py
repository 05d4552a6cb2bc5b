"""A callback as the two APIs show it."""

from __future__ import annotations

from typing import Any

from ivr.domain.callback import Attempt, Callback
from ivr.service.durations import format_instant


def genesys_record(callback: Callback) -> dict[str, Any]:
    """The reference product's record; `_CB_` keys of the attempts as in its reports."""
    record: dict[str, Any] = {
        "_id": callback.id,
        "_service_name": callback.service,
        "_desired_time": format_instant(callback.service_start_s),
        "_callback_state": callback.state,
        "_expiration_time": format_instant(callback.expires_at_s),
        "_customer_number": callback.customer_number,
        "_url": f"/1/service/callback/{callback.service}/{callback.id}",
    }
    if callback.reason is not None:
        record["_callback_reason"] = callback.reason
    record |= {key: callback.user_data[key] for key in callback.lookup_keys if key in callback.user_data}
    if callback.attempts:
        record["_CB_N_DIALS_MADE"] = len(callback.attempts)
    for attempt in callback.attempts:
        record |= _dial_keys(attempt)
    return record


def operator_record(callback: Callback) -> dict[str, Any]:
    """Everything that an operator may want to know of a callback."""
    return {
        "id": callback.id,
        "service": callback.service,
        "number": callback.customer_number,
        "state": callback.state,
        "reason": callback.reason,
        "asked_at": format_instant(callback.asked_at_s),
        "created_at": format_instant(callback.created_at_s),
        "desired_time": _instant(callback.desired_at_s),
        "not_before": _instant(callback.not_before_s or None),
        "completed_at": _instant(callback.completed_at_s),
        "expires_at": format_instant(callback.expires_at_s),
        "wait_for_agent": callback.wait_for_agent,
        "language": callback.locale,
        "originating_interaction_id": callback.originating_interaction_id,
        "user_data": dict(callback.user_data),
        "options": dict(callback.overrides),
        "attempts": [
            {
                "number": attempt.number,
                "channel": attempt.channel_id,
                "started_at": format_instant(attempt.started_at_s),
                "answered_at": _instant(attempt.answered_at_s),
                "ended_at": _instant(attempt.ended_at_s),
                "result": attempt.result,
                "detail": attempt.detail,
            }
            for attempt in callback.attempts
        ],
    }


def _dial_keys(attempt: Attempt) -> dict[str, Any]:
    keys: dict[str, Any] = {f"_CB_T_DIAL_{attempt.number}": int(attempt.started_at_s)}
    if attempt.result is not None:
        keys[f"_CB_DIAL_{attempt.number}_RESULT"] = attempt.result
    if attempt.ended_at_s is not None:
        keys[f"_CB_D_DIAL_{attempt.number}"] = max(0, round(attempt.ended_at_s - attempt.started_at_s))
    return keys


def _instant(at_s: float | None) -> str | None:
    return None if at_s is None else format_instant(at_s)

"""Customers are rung at hours that are lawful where they are; who may not be rung now keeps the place for later."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog

from ivr.domain.calling_hours import may_be_rung_from, read_calling_hours, zones_of
from ivr.service.durations import format_instant
from ivr.service.options import ServiceOptions
from ivr.store.port import CallbackStore, Claim, StaleWrite

_log = structlog.get_logger(__name__)


async def put_off(
    store: CallbackStore, claim: Claim, options: ServiceOptions, office: ZoneInfo, now_s: float
) -> bool:
    """Whether the customer of a claimed callback may not be rung now; it is then not dialled before they may.

    A number of which no zone is known is taken to be on the office's clock. Time for which it was put off does not
    count as waiting in line. Raises StoreUnavailable.
    """
    hours = read_calling_hours(options.calling_hours)
    if not hours:
        return False
    callback = claim.callback
    zones = zones_of(callback.customer_number) or (office,)
    from_s = may_be_rung_from(now_s, hours, zones)
    if from_s <= now_s:
        return False
    later = replace(callback, not_before_s=from_s, queued_at_s=from_s)
    told = {"not_before": format_instant(from_s), "detail": f"{options.calling_hours} in {zones[0]}"}
    try:
        await store.save(later, "put_off", claim=claim, data=told)
    except StaleWrite:
        # Changed or cancelled since it was claimed: the next round sees what it is now.
        return True
    _log.info("callback put off", callback_id=callback.id, **told)
    return True

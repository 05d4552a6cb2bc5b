"""What is asked of calendars and answered by them, for the API document."""

from __future__ import annotations

from pydantic import Field

from ivr.web.operations import Answer, Model
from ivr.web.shapes import Instant


class SlotsQuery(Model):
    """One start and one end at most."""

    start: str = Field("", description="2027-03-14T09:30:00.000Z; now when left out")
    start_ms: int | None = Field(None, alias="start-ms", ge=0, description="the same in epoch milliseconds")
    timestamp: str = Field("", description="the same as start")
    end: str = Field("", description="as start; without any end, the next slot only")
    end_ms: int | None = Field(None, alias="end-ms", ge=0, description="the same in epoch milliseconds")
    number_of_days: int | None = Field(None, alias="number-of-days", ge=1, le=100)
    max_time_slots: int | None = Field(None, alias="max-time-slots", ge=1, le=100_000)


class LocalSlotsQuery(SlotsQuery):
    timezone: str = Field("", description="of local times, such as Europe/Berlin; the office's when left out")
    report_busy: bool = Field(False, alias="report-busy", description="list full slots, too")


class Slot(Answer):
    utc_time: Instant = Field(alias="utcTime")
    local_time: str = Field(alias="localTime", description="without a zone")
    capacity: int = Field(description="free places")
    total: int


class Slots(Answer):
    duration_min: int = Field(alias="durationMin", description="length of a slot")
    timezone: str
    slots: list[Slot]


class CalendarQuery(Model):
    """Of office hours; of a capacity start, end (without a zone) and timezone only."""

    start: str = ""
    start_ms: int | None = Field(None, alias="start-ms", ge=0)
    timestamp: str = ""
    end: str = ""
    end_ms: int | None = Field(None, alias="end-ms", ge=0)
    number_of_days: int | None = Field(None, alias="number-of-days", ge=1, le=366)
    timezone: str = ""


class Opening(Answer):
    start: Instant
    end: Instant


class OfficeHoursAnswer(Answer):
    """Open periods; none while it is closed."""

    error: None
    timezone: str
    office_hours: list[Opening] = Field(alias="officeHours")


class CapacityPeriod(Answer):
    start: str = Field(description="local time without a zone")
    end: str
    capacity: int = Field(description="bookings that each slot takes")


class CapacityAnswer(Answer):
    error: None
    timezone: str
    capacity: list[CapacityPeriod]

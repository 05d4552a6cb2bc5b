"""What the callback services refer to by name: office hours, capacities and groups of patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ivr.domain.capacity import Capacity
from ivr.domain.hours import OfficeHours
from ivr.domain.slots import SlotRules
from ivr.service.errors import InvalidParameter
from ivr.service.options import ServiceOptions
from ivr.service.patterns import PatternGroup
from ivr.service.problems import nearest

BuiltinKind = Literal["office-hours", "capacity"]
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Builtins:
    """All that the settings file has of them, by name."""

    office_hours: Mapping[str, OfficeHours] = field(default_factory=dict)
    capacities: Mapping[str, Capacity] = field(default_factory=dict)
    patterns: Mapping[str, PatternGroup] = field(default_factory=dict)

    def problems(self, options: ServiceOptions) -> list[tuple[str, str]]:
        """Option and what is wrong, for each name that there is not."""
        named = [
            ("_business_hours_service", options.business_hours_service, "office hours", self.office_hours),
            ("_capacity_service", options.capacity_service, "capacity service", self.capacities),
            *(("_exceptions", name, "pattern group", self.patterns) for name in options.exceptions),
        ]
        return [
            (option, f"there is no {what} {name!r}{nearest(name, known)}")
            for option, name, what, known in named
            if name and name not in known
        ]

    def check(self, options: ServiceOptions) -> None:
        """Raises InvalidParameter for a name that there is not."""
        for option, problem in self.problems(options):
            raise InvalidParameter(option, problem)

    def hours_of(self, options: ServiceOptions) -> OfficeHours | None:
        """The office hours of a callback service, None when it is always open. Raises InvalidParameter."""
        self.check(options)
        name = options.business_hours_service
        return self.office_hours[name] if name else None

    def slots_of(self, options: ServiceOptions) -> SlotRules:
        """What can be booked of a callback service: slots on its office's clock. Raises InvalidParameter."""
        hours = self.hours_of(options)
        capacity = self.capacities[options.capacity_service] if options.capacity_service else None
        zone = hours.zone if hours else capacity.zone if capacity else _UTC
        flat = options.max_request_by_time_bucket
        return SlotRules(zone, options.request_time_bucket_min * 60, flat, hours, capacity)

"""Every operation of the API document at every status that it is said to have, but for those that all have alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NEW = "+12025550150"
NOBODY = "support-0123456789abcdef0123"


@dataclass(frozen=True)
class Case:
    """A request and the status of its answer; `@names` stand for what FullSite.known has."""

    method: str
    path: str
    """As in the document."""
    status: int
    at: dict[str, str] = field(default_factory=dict)
    """The places in the path."""
    query: dict[str, str] = field(default_factory=dict)
    json: Any = None
    name: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.name}".strip()


def genesys(version: str) -> list[Case]:
    base = f"/genesys/{version}/service/callback"
    one, each = f"{base}/{{service}}", f"{base}/{{service}}/{{id}}"
    support, queued = {"service": "support"}, {"service": "support", "id": "@queued"}
    number = {"_customer_number": NEW}
    taken = {"_customer_number": "+12025550110"}
    return [
        Case("GET", base, 200, query={"_id": "@queued"}),
        Case("GET", base, 200, query={"_customer_number": NEW, "operand": "OR"}, name="properties"),
        Case("GET", base, 400),
        Case("GET", base, 400, query={"_callback_state": "GONE"}, name="state"),
        Case("GET", one, 200, support),
        Case("GET", one, 200, support, {"account": "7", "_callback_state": "!COMPLETED"}, name="properties"),
        Case("GET", one, 400, support, {"shoe": "9"}),
        Case("GET", one, 404, {"service": "nowhere"}),
        Case("POST", one, 200, support, json=number),
        Case("POST", one, 200, support, json={**number, "_desired_time": "@free", "n": 1, "b": True}, name="booking"),
        Case("POST", one, 400, support, json={"_customer_number": "12"}, name="number"),
        Case("POST", one, 400, support, json={**number, "_desired_time": "@past"}, name="past"),
        Case("POST", one, 400, support, json={**number, "x": {"y": 1}}, name="nested"),
        Case("POST", one, 400, {"service": "booked"}, json={**number, "_desired_time": "@slot"}, name="slot"),
        Case("POST", one, 400, {"service": "closed"}, json=number, name="hours"),
        Case("POST", one, 403, support, json={"_customer_number": "+12025550111"}),
        Case("POST", one, 404, {"service": "nowhere"}, json=number),
        Case("POST", one, 429, {"service": "daily"}, json=taken),
        Case("POST", one, 503, {"service": "full"}, json=number),
        Case("PUT", each, 200, queued, json={"_new_desired_time": "@free", "account": "8"}),
        Case("PUT", each, 400, queued, json={"_new_desired_time": "noon"}),
        Case("PUT", each, 403, queued, json={"_customer_number": "+12025550112"}),
        Case("PUT", each, 404, {"service": "support", "id": NOBODY}, json={}),
        Case("PUT", each, 404, {"service": "sales", "id": "@queued"}, json={}, name="of another service"),
        Case("PUT", each, 409, {"service": "support", "id": "@done"}, json={}),
        Case("DELETE", each, 200, queued, {"discard_ors_failure": "true"}),
        Case("DELETE", each, 200, {"service": "support", "id": "@scheduled"}, name="of a booking"),
        Case("DELETE", each, 404, {"service": "support", "id": NOBODY}),
        Case("DELETE", each, 409, {"service": "support", "id": "@talking"}),
        Case("GET", f"{one}/availability", 200, {"service": "booked"}, {"number-of-days": "1"}),
        Case("GET", f"{one}/availability", 400, {"service": "booked"}, {"end": "noon"}),
        Case("GET", f"{one}/availability", 404, {"service": "nowhere"}),
        Case("GET", f"/genesys/{version}/service/{{service}}", 200, {"service": "open-hours"}),
        Case("GET", f"/genesys/{version}/service/{{service}}", 200, {"service": "places"}, name="capacity"),
        Case("GET", f"/genesys/{version}/service/{{service}}", 400, {"service": "open-hours"}, {"end": "noon"}),
        Case("GET", f"/genesys/{version}/service/{{service}}", 404, {"service": "nowhere"}),
    ]


_ADMIN = "/genesys/1/admin/callback"
_POSITION = "/genesys/1/service/{id}/check-queue-position"
GENESYS = [
    *genesys("1"),
    *genesys("2"),
    Case("GET", f"{_ADMIN}/queues", 200),
    Case(
        "GET", f"{_ADMIN}/queues", 200, query={
            "target": "support,booked", "start_time": "@past", "end_time": "@later", "states": "QUEUED,SCHEDULED",
            "max": "2", "offset": "1",
        }, name="everything",
    ),
    Case("GET", f"{_ADMIN}/queues", 400, query={"start_time": "noon"}),
    Case("GET", f"{_ADMIN}/queues", 400, query={"start_time": "@later", "end_time": "@past"}, name="turned round"),
    Case("GET", f"{_ADMIN}/queues", 400, query={"max": "0"}, name="max"),
    Case("GET", f"{_ADMIN}/queues", 400, query={"states": "GONE"}, name="state"),
    Case("GET", f"{_ADMIN}/queues", 400, query={"shoe": "9"}, name="key"),
    Case("GET", f"{_ADMIN}/queues", 404, query={"target": "nowhere"}),
    Case("GET", f"{_ADMIN}/watermarks", 200),
    Case("GET", f"{_ADMIN}/watermarks", 200, query={"service_name": "support"}, name="one"),
    Case("GET", f"{_ADMIN}/watermarks", 400, query={"service": "support"}),
    Case("GET", f"{_ADMIN}/watermarks", 404, query={"service_name": "nowhere"}),
    Case("POST", f"{_ADMIN}/cancel", 200, json={"reason": "storm", "ids": ["@queued", "@talking", NOBODY]}),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"reason": "storm"}),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": ["@queued"], "reason": "AGENT_CONNECTED"}, name="reserved"),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": ["@queued"], "reason": "a\nb"}, name="lines"),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": ["@queued"], "reason": "x" * 101}, name="long"),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": []}, name="none"),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": [1]}, name="numbers"),
    Case("POST", f"{_ADMIN}/cancel", 400, json={"ids": ["@queued"], "because": "x"}, name="key"),
    Case("POST", f"{_ADMIN}/reportcancelled", 200, json={"callback_reason": "storm"}),
    Case("POST", f"{_ADMIN}/reportcancelled", 400, json={"callback_reason": 7}),
    Case("GET", _POSITION, 200, {"id": "@queued"}),
    Case("GET", _POSITION, 404, {"id": NOBODY}),
    Case("GET", _POSITION, 409, {"id": "@scheduled"}),
    Case("POST", _POSITION, 200, {"id": "@queued"}, json={}),
    Case("POST", _POSITION, 400, {"id": "@queued"}, json=[]),
    Case("POST", _POSITION, 404, {"id": NOBODY}, json={}),
    Case("POST", _POSITION, 409, {"id": "@done"}, json={}),
    Case("GET", "/genesys/1/service/ewt-for-vq", 200, query={"name": "support", "aqt": "stat"}),
    Case("GET", "/genesys/1/service/ewt-for-vq", 400),
    Case("GET", "/genesys/1/service/ewt-for-vq", 400, query={"name": "support", "aqt": "x"}, name="aqt"),
    Case("GET", "/genesys/1/service/ewt-for-vq", 404, query={"name": "nowhere"}),
    Case("GET", "/genesys/2/ewt", 200, query={"virtual-queues": "support,daily"}),
    Case("GET", "/genesys/2/ewt", 400, query={"virtual-queues": ","}),
    Case("GET", "/genesys/2/ewt", 400, query={"virtual-queues": "support", "mode": "ewt4"}, name="mode"),
    Case("GET", "/genesys/2/ewt", 404, query={"virtual-queues": "support,nowhere"}),
]  # fmt: skip

_V3 = "/engagement/v3"
_BOOKED = {"serviceName": "booked", "phoneNumber": NEW}
_SUPPORT = {"serviceName": "support", "phoneNumber": NEW}
ENGAGEMENT = [
    Case("POST", f"{_V3}/callbacks/create", 200, json=_SUPPORT),
    Case("POST", f"{_V3}/callbacks/create", 200, name="everything", json={
        **_BOOKED, "desiredTime": "@free", "cbOfferType": "SCHEDULED", "language": "en-US", "inboundVQ": "support",
        "offerThreshold": 180, "channel": "WEB", "offerTiming": "ON-HOURS", "cbOriginationIxnId": "1700000000.1",
        "surveyRP": "s", "priority": 1, "routePoint": "r", "userData": {"account": "7", "vip": True},
        "captchaToken": "t", "pushChannel": "p", "pushTarget": "q",
    }),
    Case("POST", f"{_V3}/callbacks/create", 400, json={"serviceName": "support"}),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "phoneNumber": 12025550150}, name="type"),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "phoneNumber": "12"}, name="number"),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "desiredTime": "@past"}, name="past"),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "userData": {"_ttl": "1"}}, name="option"),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "userData": {"x": [1]}}, name="nested"),
    Case("POST", f"{_V3}/callbacks/create", 400, json={**_SUPPORT, "cbOfferType": "x"}, name="offer"),
    Case("POST", f"{_V3}/callbacks/create", 404, json={**_SUPPORT, "serviceName": "nowhere"}),
    Case("POST", f"{_V3}/callbacks/create", 429, json={**_BOOKED, "desiredTime": "@slot"}, name="slot"),
    Case("POST", f"{_V3}/callbacks/create", 429, json={**_SUPPORT, "serviceName": "closed"}, name="hours"),
    Case("POST", f"{_V3}/callbacks/create", 429, json={**_SUPPORT, "serviceName": "full"}, name="queue"),
    Case("POST", f"{_V3}/callbacks/create", 429, name="daily", json={
        "serviceName": "daily", "phoneNumber": "+12025550110",
    }),
    Case("POST", f"{_V3}/callbacks/create", 429, name="duplicate", json={
        "serviceName": "support", "phoneNumber": "+12025550111",
    }),
    *(
        Case("POST", f"{_V3}/callbacks/retrieve", status, json={"id": callback_id}, name=callback_id)
        for callback_id, status in (
            ("@queued", 200), ("@scheduled", 200), ("@done", 200), ("@talking", 200), (NOBODY, 404), ("", 400),
            ("../*", 404),
        )
    ),
    Case("POST", f"{_V3}/callbacks/cancel", 200, json={"id": "@queued"}),
    Case("POST", f"{_V3}/callbacks/cancel", 400, json={}),
    Case("POST", f"{_V3}/callbacks/cancel", 400, json={"id": "@talking"}, name="state"),
    Case("POST", f"{_V3}/callbacks/cancel", 404, json={"id": NOBODY}),
    Case("GET", f"{_V3}/callbacks/availability/{{service}}", 200, {"service": "booked"}, {
        "start": "@past", "numberOfDays": "1", "timezone": "Europe/Berlin", "maxTimeSlots": "5", "reportBusy": "true",
    }),
    Case("GET", f"{_V3}/callbacks/availability/{{service}}", 400, {"service": "booked"}, {"timezone": "Mars"}),
    Case("GET", f"{_V3}/callbacks/availability/{{service}}", 400, {"service": "booked"}, {
        "numberOfDays": "1", "endMS": "1",
    }, name="two ends"),
    Case("GET", f"{_V3}/callbacks/availability/{{service}}", 404, {"service": "nowhere"}),
    Case("GET", f"{_V3}/callbacks/open-for/{{service}}", 200, {"service": "booked"}),
    Case("GET", f"{_V3}/callbacks/open-for/{{service}}", 200, {"service": "closed"}, {
        "start": "2027-06-04T10:00:00", "timezone": "Europe/Berlin",
    }, name="closed"),
    Case("GET", f"{_V3}/callbacks/open-for/{{service}}", 400, {"service": "booked"}, {"start": "noon"}),
    Case("GET", f"{_V3}/callbacks/open-for/{{service}}", 404, {"service": "nowhere"}),
    Case("GET", f"{_V3}/estimated-wait-time", 200, query={"virtual-queues": "support,nowhere", "mode": "mode1"}),
    Case("GET", f"{_V3}/estimated-wait-time", 400),
]  # fmt: skip

_OPERATORS = "/api/v1"
_SERVICE = {"service": "support"}
_PAUSE = f"{_OPERATORS}/services/{{service}}/pause"
OTHERS = [
    Case("GET", f"{_OPERATORS}/callbacks", 200, query={"service": "support", "state": "QUEUED", "limit": "1"}),
    Case("GET", f"{_OPERATORS}/callbacks", 400, query={"limit": "0"}),
    Case("GET", f"{_OPERATORS}/callbacks", 404, query={"service": "nowhere"}),
    Case("GET", f"{_OPERATORS}/callbacks/{{id}}", 200, {"id": "@talking"}),
    Case("GET", f"{_OPERATORS}/callbacks/{{id}}", 404, {"id": NOBODY}),
    Case("GET", f"{_OPERATORS}/services", 200),
    Case("GET", f"{_OPERATORS}/services/{{service}}", 200, _SERVICE),
    Case("GET", f"{_OPERATORS}/services/{{service}}", 404, {"service": "nowhere"}),
    Case("PATCH", f"{_OPERATORS}/services/{{service}}", 200, _SERVICE, json={"_ewt_threshold": 60}),
    Case("PATCH", f"{_OPERATORS}/services/{{service}}", 400, _SERVICE, json={"_ewt_threshold": "soon"}),
    Case("PATCH", f"{_OPERATORS}/services/{{service}}", 400, _SERVICE, json={}, name="nothing"),
    Case("PATCH", f"{_OPERATORS}/services/{{service}}", 404, {"service": "nowhere"}, json={"_ttl": 60}),
    Case("GET", _PAUSE, 200, _SERVICE),
    Case("GET", _PAUSE, 404, {"service": "nowhere"}),
    Case("PUT", _PAUSE, 200, _SERVICE, json={"reason": "storm"}),
    Case("PUT", _PAUSE, 400, _SERVICE, json={"reason": "a\nb"}),
    Case("PUT", _PAUSE, 404, {"service": "nowhere"}, json={}),
    Case("DELETE", _PAUSE, 200, _SERVICE),
    Case("DELETE", _PAUSE, 404, {"service": "nowhere"}),
    Case("GET", "/healthz", 200),
    Case("GET", "/readyz", 200),
    Case("GET", "/metrics", 200),
    Case("GET", "/openapi.json", 200),
]
CASES = [*GENESYS, *ENGAGEMENT, *OTHERS]

"""What is counted and measured, in Prometheus' names and units."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ivr.domain.callback import Reason

_STORE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class Metrics:
    """One program's measures, on a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.inbound = Counter(
            "ivr_inbound_calls", "Inbound calls, by ending", ["service", "ending"], registry=registry
        )
        self.offers = Counter("ivr_callback_offers", "Callbacks offered", ["service"], registry=registry)
        self.accepted = Counter("ivr_callbacks_accepted", "Requests stored", ["service"], registry=registry)
        self.refused = Counter(
            "ivr_callbacks_refused", "Requests refused", ["service", "exception", "cause"], registry=registry
        )
        self.completed = Counter(
            "ivr_callbacks_completed", "Callbacks ended, by reason", ["service", "reason"], registry=registry
        )
        self.dials = Counter(
            "ivr_dials", "Attempts to reach customers, by result", ["service", "result"], registry=registry
        )
        self.estimate_s = Gauge(
            "ivr_wait_estimate_seconds", "Median estimated wait of who asks now", ["service"], registry=registry
        )
        self.waiting = Gauge("ivr_callbacks_waiting", "Callbacks in line", ["service"], registry=registry)
        self.in_flight = Gauge(
            "ivr_callbacks_in_flight", "Callbacks being dialled or reached", ["service"], registry=registry
        )
        self.store_s = Histogram(
            "ivr_store_seconds", "Time of a store operation", ["operation"], buckets=_STORE_BUCKETS, registry=registry
        )
        self.store_errors = Counter(
            "ivr_store_errors", "Store operations without an answer", ["operation"], registry=registry
        )
        self.http = Counter("ivr_http_requests", "HTTP requests", ["method", "route", "status"], registry=registry)

    def completed_as(self, service: str, reason: str) -> None:
        """Count an ended callback; the free text of a cancellation is counted as CANCELLED."""
        known = reason if reason in Reason.__members__ else Reason.CANCELLED
        self.completed.labels(service, known).inc()

    def exposition(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

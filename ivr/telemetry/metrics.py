"""What is counted and measured, in Prometheus' names and units."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ivr.domain.callback import Reason
from ivr.domain.estimate.forecast import Learnt, Predictor

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
            "ivr_wait_estimate_seconds", "Median wait told last; NaN: unknown", ["service"], registry=registry
        )
        # From these four RRASE, bias and coverage can be had over any span of time: see docs/wait-estimates.md.
        self.waits = Counter(
            "ivr_wait_outcomes", "Estimates held against what came", ["queue", "outcome"], registry=registry
        )
        self.waited_s = Counter(
            "ivr_waited_seconds", "Waits that estimates were held against", ["queue"], registry=registry
        )
        self.wait_error_squared = Counter(
            "ivr_wait_error_squared_seconds", "Squared errors of estimates", ["queue", "estimator"], registry=registry
        )
        self.wait_covered = Counter(
            "ivr_wait_covered", "Waits not longer than the quantile", ["queue", "quantile"], registry=registry
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

    def wait_was(self, queue: str, learnt: Learnt) -> None:
        """Hold an estimate, and Asterisk's hold time of that moment, against what came."""
        told, wait_s = learnt.forecast.potential, learnt.wait_s
        self.waits.labels(queue, "served" if learnt.was_served else "hung_up").inc()
        self.waited_s.labels(queue).inc(wait_s)
        asterisk_s = learnt.forecast.anchors[Predictor.ASTERISK]
        for estimator, predicted_s in (("ours", told.mean_s), ("asterisk", asterisk_s)):
            self.wait_error_squared.labels(queue, estimator).inc((predicted_s - wait_s) ** 2)
        for quantile, told_s in (("p10", told.p10_s), ("p50", told.p50_s), ("p90", told.p90_s)):
            self.wait_covered.labels(queue, quantile).inc(wait_s <= told_s)

    def exposition(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

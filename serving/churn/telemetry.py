"""What Prometheus can ask of the churn API."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.churn.current import Current

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class Telemetry:
    """Counts of requests and predictions, and the version that serves; of one application."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "churn_requests", "Requests by route and status.", ["route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "churn_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self.predictions = Counter(
            "churn_predictions", "Shoppers predicted, by decision.", ["churned"], registry=self._registry
        )
        self._ready = Gauge("churn_model_ready", "Whether a model is loaded.", registry=self._registry)
        self._version = Gauge("churn_model_version", "Number of the version that serves.", registry=self._registry)

    def decided(self, churned: Iterable[bool]) -> None:
        """Count predictions."""
        for one in churned:
            self.predictions.labels(str(bool(one)).lower()).inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus's text format."""
        champion = self._current.champion
        self._ready.set(champion is not None)
        self._version.set(float(champion.version) if champion else 0)
        return generate_latest(self._registry)


class Measured:
    """The application, its requests timed and counted.

    Parameters
    ----------
    routes : collection of str
        Paths that are counted by name; all others together, or anybody could fill the memory with labels.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry, routes: frozenset[str]) -> None:
        self._app = app
        self._telemetry = telemetry
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in self._routes else "other"
        # What is never answered was broken off by the client.
        status, began = "none", perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._telemetry.requests.labels(route, status).inc()
            self._telemetry.seconds.labels(route).observe(perf_counter() - began)

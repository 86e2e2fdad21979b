"""Figures of the HTTP layer and the engine for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from GPT_SoVITS.engine.messages import EngineState, EngineStatus


class HttpMetrics:
    """Requests by route: how many, how long, how many now."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("http_requests", "Requests answered.", labels, registry=registry)
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time to the end of the answer.",
            ("method", "route"),
            buckets=(0.005, 0.02, 0.1, 0.3, 1, 3, 10, 60),
            registry=registry,
        )
        self.active = 0
        Gauge("service_started_seconds", "Unix seconds of the start.", registry=registry).set_to_current_time()
        Gauge("http_requests_active", "Requests being answered.", registry=registry).set_function(lambda: self.active)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered. Methods and routes are of a small number."""
        known = self._known.get((method, route, status))
        if known is None:  # finding a series by its labels costs more than counting
            known = self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)
            self._known[(method, route, status)] = known
        known[0].inc()
        known[1].observe(seconds)


class EngineMetrics(Collector):
    """The engine's status as figures, read when they are asked for."""

    def __init__(self, registry: CollectorRegistry, status: Callable[[], EngineStatus]) -> None:
        self._status = status
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        status = self._status()
        figures = {
            "ready": ("Whether a synthesis would run.", float(status.state is EngineState.READY)),
            "active_requests": ("Requests being spoken.", status.active),
            "waiting_requests": ("Requests that wait in the engine.", status.waiting),
            "tokens_per_second": ("Semantic tokens a second, all requests together.", status.tokens_per_second),
            "memory_bytes": ("Resident memory of the engine process.", status.memory_bytes),
            "restarts": ("How often the engine process was started again.", status.restarts),
            "loaded_weights": ("Weight pairs in memory.", len(status.loaded)),
        }
        for name, (help_text, value) in figures.items():
            yield GaugeMetricFamily(f"engine_{name}", help_text, value=float(value))

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the engine runs."""
        return iter(())

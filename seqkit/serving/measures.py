"""What Prometheus reads at GET /metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from .catalogue import Catalogue

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Measures:
    """The counts of one service, in a registry of its own."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "seqkit_requests",
            "Requests, by route and status.",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "seqkit_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "seqkit_tokens", "Source tokens computed.", ["model"], registry=self._registry
        )
        self._batch_items = Histogram(
            "seqkit_batch_items",
            "Items computed together.",
            ["model"],
            buckets=_ITEMS,
            registry=self._registry,
        )
        self._batch_seconds = Histogram(
            "seqkit_batch_seconds",
            "Seconds that a batch took.",
            ["model"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_Models(catalogue))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, model: str, items: int, tokens: int, seconds: float) -> None:
        self._tokens.labels(model).inc(tokens)
        self._batch_items.labels(model).observe(items)
        self._batch_seconds.labels(model).observe(seconds)

    def text(self) -> bytes:
        """All figures in the format of Prometheus."""
        return generate_latest(self._registry)


class _Models(Collector):
    """What is looked up when it is asked for: which models are open, and how much waits."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def collect(self) -> Iterator[Metric]:
        loaded = GaugeMetricFamily(
            "seqkit_model_loaded", "1 if the model is open.", labels=["model"]
        )
        requests = GaugeMetricFamily("seqkit_queued_requests", "Waiting.", labels=["model"])
        tokens = GaugeMetricFamily("seqkit_queued_tokens", "Waiting.", labels=["model"])
        for name, entry in self._catalogue.entries.items():
            model = entry.model
            loaded.add_metric([name], 1 if model else 0)
            if model:
                queued = model.batcher.queued
                requests.add_metric([name], queued[0])
                tokens.add_metric([name], queued[1])
        yield from (loaded, requests, tokens)

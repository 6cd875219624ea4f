"""Figures in the text format that a Prometheus server reads: the one home of its library."""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
Gauge = GaugeMetricFamily


def written(gauges: Sequence[Gauge]) -> bytes:
    """Write these gauges."""
    registry = CollectorRegistry()
    registry.register(_Told(gauges))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, gauges: Sequence[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Gauge]:
        return self._gauges

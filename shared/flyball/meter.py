"""What is known of Google's own metrics: of what they are, in which unit, and how late they come?

Source: Google Cloud Monitoring, "Google Cloud metrics: aiplatform" and "ml"; Monitoring API v3,
Aggregation (which aligner takes which kind).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

from flyball.core.shape import NamedTuple

VERTEX = "aiplatform.googleapis.com/prediction/online/"
POOL = f"{VERTEX}deployment_resource_pool/"
PLATFORM = "ml.googleapis.com/prediction/"

NEVER_SAID = timedelta(0)
LATE = timedelta(seconds=360)
"""A gap that is younger may be a value that comes late: the longest delay that is stated."""
SOON = timedelta(seconds=120)

STATISTICS: Mapping[str, str] = {
    "mean": "ALIGN_MEAN",
    "min": "ALIGN_MIN",
    "max": "ALIGN_MAX",
    "sum": "ALIGN_SUM",
    "delta": "ALIGN_DELTA",
    "rate": "ALIGN_RATE",
    "p05": "ALIGN_DELTA",
    "p50": "ALIGN_DELTA",
    "p95": "ALIGN_DELTA",
    "p99": "ALIGN_DELTA",
}
"""What is made of the values of one period, by our name: the API's aligner.

A percentile is taken of all series' distributions together, not of each one's own percentile.
`sum` is of what was written in the period, and nothing where nothing was; `delta`, which a
cumulative metric needs, is interpolated where nothing was.
"""
PERCENTILES = ("p05", "p50", "p95", "p99")
ACROSS = ("mean", "sum", "min", "max")
"""How the values that several series have in one period become one."""


class Kind(Enum):
    """What one value of a metric is."""

    GAUGE = "gauge"
    COUNT = "count"
    DISTRIBUTION = "distribution"


class Meter(NamedTuple):
    """One of Google's own metrics.

    Attributes:
        kind: What one value is.
        is_ratio: It is written as 0-1; above 1 where several CPUs are busy.
        by_replica: Each replica has a series of its own, named by its label replica_id.
        delay: A sample is shown this much later, at most; zero where nothing is stated.
        statistics: Which of them it has.
        labels: Which of its series is meant where none is named.
    """

    kind: Kind
    is_ratio: bool = False
    by_replica: bool = False
    delay: timedelta = NEVER_SAID
    statistics: tuple[str, ...] = ("mean", "max", "min")
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def usual(self) -> str:
        """Name the statistic that is meant where none is; "" of a distribution, which has none."""
        return "" if self.kind is Kind.DISTRIBUTION else self.statistics[0]


_COUNT = Meter(Kind.COUNT, statistics=("sum", "rate", "delta"))
_LATENCIES = Meter(Kind.DISTRIBUTION, statistics=(*PERCENTILES, "mean"))


def _utilization(delay: timedelta) -> Meter:
    return Meter(Kind.GAUGE, is_ratio=True, by_replica=True, delay=delay)


def _memory(delay: timedelta) -> Meter:
    return Meter(Kind.GAUGE, by_replica=True, delay=delay)


def _instances() -> Meter:
    return Meter(Kind.GAUGE, delay=SOON)


METERS: Mapping[str, Meter] = {
    f"{VERTEX}accelerator/duty_cycle": _utilization(LATE),
    f"{VERTEX}accelerator/memory/bytes_used": _memory(LATE),
    f"{VERTEX}cpu/utilization": _utilization(LATE),
    f"{VERTEX}memory/bytes_used": _memory(LATE),
    f"{VERTEX}machine_count": _instances(),
    f"{VERTEX}replicas": _instances(),
    f"{VERTEX}target_replicas": _instances(),
    f"{VERTEX}prediction_count": _COUNT,
    f"{VERTEX}error_count": _COUNT,
    f"{VERTEX}response_count": _COUNT,
    f"{VERTEX}prediction_latencies": _LATENCIES._replace(labels=(("latency_type", "total"),)),
    f"{POOL}accelerator/duty_cycle": _utilization(SOON),
    f"{POOL}accelerator/memory/bytes_used": _memory(SOON),
    f"{POOL}cpu/utilization": _utilization(SOON),
    f"{POOL}memory/bytes_used": _memory(SOON),
    f"{POOL}replicas": _instances(),
    f"{POOL}target_replicas": _instances(),
    f"{PLATFORM}online/accelerator/duty_cycle": _utilization(LATE),
    f"{PLATFORM}online/accelerator/memory/bytes_used": _memory(LATE),
    f"{PLATFORM}online/cpu/utilization": _utilization(LATE),
    f"{PLATFORM}online/memory/bytes_used": _memory(LATE),
    f"{PLATFORM}online/replicas": _instances(),
    f"{PLATFORM}online/target_replicas": _instances(),
    f"{PLATFORM}prediction_count": _COUNT,
    f"{PLATFORM}error_count": _COUNT,
    f"{PLATFORM}response_count": _COUNT,
    f"{PLATFORM}latencies": _LATENCIES,
}


class Site(NamedTuple):
    """Where the series of a service's metrics stand.

    Attributes:
        resource_type: Of the monitored resource.
        labels: By a label's path: the key of a scalable target's resource that it is.
        optional: Keys that may be left out, with the labels that are then any.
    """

    resource_type: str
    labels: Mapping[str, str]
    optional: frozenset[str] = frozenset()


_SITES: Mapping[str, Site] = {
    POOL: Site(
        "aiplatform.googleapis.com/DeploymentResourcePool",
        {
            "resource.labels.location": "location",
            "resource.labels.deployment_resource_pool_id": "deployment_resource_pool",
        },
    ),
    VERTEX: Site(
        "aiplatform.googleapis.com/Endpoint",
        {
            "resource.labels.location": "location",
            "resource.labels.endpoint_id": "endpoint",
            "metric.labels.deployed_model_id": "deployed_model",
        },
        frozenset({"deployed_model"}),
    ),
    PLATFORM: Site(
        "cloudml_model_version",
        {"resource.labels.model_id": "model", "resource.labels.version_id": "version"},
    ),
}


def find_site(metric_type: str) -> Site | None:
    """Say where a metric's series stand; None: it is of no resource that is scaled."""
    for prefix, site in _SITES.items():  # a pool's before an endpoint's, whose prefix is shorter
        if metric_type.startswith(prefix):
            return site
    return None

"""How does a test of Google's metrics write series down, and read them through the adapter?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

from flyball.adapters.gcp.client import ClientListing
from flyball.adapters.gcp.monitoring import Listing, MonitoringMetrics
from flyball.adapters.gcp.rest import SessionListing
from flyball.adapters.gcp.session import Session
from flyball.core.model import Missing, Series
from flyball.core.target import Metric, Per, ScalableTarget, Unit
from flyball.ports import MetricRead
from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, Value, serve_monitoring
from tests.gcp.serving import serving
from tests.unit.core.cases import NOON

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOW = NOON + 30 * SECOND
"""Half a minute after the last whole period has ended."""
AGE = timedelta(minutes=10)

VERTEX = "aiplatform.googleapis.com/prediction/online"
DUTY = f"{VERTEX}/accelerator/duty_cycle"
CPU = f"{VERTEX}/cpu/utilization"
COUNT = f"{VERTEX}/prediction_count"
RATIO = "10^2.%"
WAYS = ("client", "session")
"""In which metrics are read: each test of a desk has both."""


class Desk:
    """An account, and a reader of its metrics.

    Attributes:
        account: The server.
        listing: How it asks.
        reader: The adapter under test.
    """

    def __init__(self, account: Monitoring, listing: Listing, **options: Any) -> None:
        self.account = account
        self.listing = listing
        self.reader = MonitoringMetrics(listing, **options)

    def write(
        self,
        metric_type: str,
        points: Mapping[float, Value],
        endpoint: str = "42",
        model: str = "7",
        unit: str = "1",
        kind: str = "GAUGE",
        **labels: str,
    ) -> None:
        """Write one series of an endpoint, by minutes ago."""
        paths = {
            "resource.labels.endpoint_id": endpoint,
            "resource.labels.location": "europe-west4",
            "metric.labels.deployed_model_id": model,
            **{f"metric.labels.{name}": value for name, value in labels.items()},
        }
        found = {NOON - MINUTE * ago: value for ago, value in points.items()}
        self.account.lines.append(Line("p", metric_type, paths, found, kind, unit))

    def write_duty(self, points: Mapping[float, float], replica: str = "a", **rest: str) -> None:
        """Write one replica's duty cycle."""
        self.write(DUTY, points, unit=RATIO, replica_id=replica, spot="False", **rest)

    def write_count(self, points: Mapping[float, Value], name: str = COUNT, **rest: str) -> None:
        """Write counts of a minute each."""
        self.write(name, points, kind="DELTA", **rest)

    def read(self, *metrics: Metric, periods: int = 3, now: datetime = NOW) -> list[Any]:
        """Read metrics of one target."""
        target = target_on()
        return self.read_all(*[MetricRead(target, metric, periods) for metric in metrics], now=now)

    def read_all(self, *reads: MetricRead, now: datetime = NOW) -> list[Series | Missing]:
        """Read whatever is wanted, in one batch."""
        return list(self.reader.read(reads, now))


@contextmanager
def open_desk(way: str, **options: Any) -> Iterator[Desk]:
    """Open an empty account until the block ends.

    Args:
        way: One of WAYS.
        options: Of the reader.
    """
    with ExitStack() as ends:
        if way == "client":
            account = ends.enter_context(serve_monitoring())
            listing: Listing = ClientListing(account.url)
        else:
            account = Monitoring()
            server = ends.enter_context(serving(RestMonitoring(account)))
            session = Session({"monitoring": server.url})
            ends.callback(session.close)
            listing = SessionListing(session)
            ends.callback(lambda: _expect_whole(server.broken))
        desk = Desk(account, listing, **options)
        ends.callback(desk.reader.close)
        yield desk


def _expect_whole(broken: list[str]) -> None:
    """See that no request and no answer was other than Google documents it."""
    assert broken == []


def target_on(*metrics: Metric, endpoint: str = "42", model: str = "7") -> ScalableTarget:
    """Make a target on a model of an endpoint."""
    resource = {
        "project": "p",
        "location": "europe-west4",
        "endpoint": endpoint,
        "deployed_model": model,
    }
    return ScalableTarget(f"t{endpoint}", 1, 9, home="gcp", resource=resource, metrics=metrics)


def make_metric(
    metric_type: str,
    statistic: str = "",
    unit: Unit = Unit.NUMBER,
    per: Per = Per.INSTANCE,
    given: Mapping[str, str] | None = None,
) -> Metric:
    """Make a metric of Google's; more of its source may be given."""
    whole = {"metric": metric_type, **(given or {})} | (
        {"statistic": statistic} if statistic else {}
    )
    return Metric("m", unit, per, max_age=AGE, source=whole)


BUSY = make_metric(DUTY, unit=Unit.RATIO)
"""The duty cycle of the accelerators."""
CALLS = make_metric(COUNT, per=Per.TOTAL)
"""Predictions a minute."""

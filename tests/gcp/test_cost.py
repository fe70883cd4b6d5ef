"""Does a simulated month ask Google Cloud for just what the real adapters ask for?

A whole month of the rig: `FLYBALL_COUNTED_MINUTES=43800 pytest -k quiet tests/gcp/test_cost.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from flyball.core.policy import Comparison, Step, StepPolicy, TrackingPolicy
from flyball.core.target import CapacityKind, Metric, ScalableTarget, Unit
from flyball.cost.gcp.month import GcpMonth
from flyball.cost.plant import Demand
from flyball.cost.usage import Usage
from flyball.meter import VERTEX
from tests.aws.counted import wave
from tests.aws.rig import Server
from tests.gcp.counted import Rig, alike
from tests.gcp.monitoring import serve_monitoring
from tests.gcp.pubsub import start_pubsub
from tests.gcp.serving import serving

pytestmark = pytest.mark.enable_socket

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DUTY = {"metric": f"{VERTEX}accelerator/duty_cycle"}
LATENCY = {"metric": f"{VERTEX}prediction_latencies", "statistic": "p95"}
COUNTED = {
    "firestore.reads",
    "firestore.writes",
    "monitoring.series_read",
    "pubsub.bytes",
    "run.requests",
    "run.vcpu_ms",
}


@pytest.fixture
def rig(firestore: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Give a world of real parts, with nothing in it."""
    with ExitStack() as ends:
        pubsub = start_pubsub(tmp_path_factory.mktemp("pubsub"))
        ends.callback(pubsub.stop)
        cloud = ends.enter_context(serving())
        monitoring = ends.enter_context(serve_monitoring())
        yield Rig(firestore, pubsub, cloud, monitoring, f"p-{uuid4().hex}")
        assert cloud.broken == []


def target(index: int) -> ScalableTarget:
    """Make a scalable target that keeps duty cycles at 60 %, and steps out of slowness."""
    resource = {"project": "acme", "location": "europe-west4", "endpoint": f"{1_000 + index}"}
    return ScalableTarget(
        f"chat-{index}",
        2,
        20,
        home="gcp",
        capacity_kind=CapacityKind.RANGE,
        resource=resource,
        metrics=(Metric("duty", Unit.RATIO, source=DUTY), Metric("latency", source=LATENCY)),
        policies=(
            TrackingPolicy("track", "duty", 60.0),
            StepPolicy(
                "overload",
                "latency",
                800.0,
                (Step(0.0, None, 2),),
                comparison=Comparison.GREATER_OR_EQUAL,
            ),
        ),
    )


@dataclass(frozen=True)
class Case:
    """A deployment, its demand, and how long it is watched."""

    name: str
    targets: int
    low: float
    high: float
    minutes: int


CASES = [
    Case("quiet", targets=1, low=1.2, high=1.2, minutes=240),
    Case("busy", targets=1, low=2.0, high=9.0, minutes=150),
    Case("fleet", targets=30, low=1.2, high=1.2, minutes=20),
]


def live(case: Case, make: object) -> Usage:
    """Live through a case, and give what was counted after its targets were registered."""
    targets = [target(index) for index in range(case.targets)]
    every = timedelta(minutes=100)
    demand = partial(wave, start=START, low=case.low, high=case.high, every=every)
    demands: dict[str, Demand] = {each.id: demand for each in targets}
    usage = Usage()
    is_steady = case.low == case.high
    month = GcpMonth(targets, demands, START, usage, is_steady=is_steady, make=make)  # type: ignore[arg-type]
    usage.calls.clear()
    usage.amounts.clear()
    month.run(int(os.environ.get("FLYBALL_COUNTED_MINUTES") or case.minutes))
    return usage


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_call_and_each_unit_is_counted_as_the_rig_counts_it(case: Case, rig: Rig) -> None:
    """Calls by method, Firestore's documents, series, messages, and what it all came to."""
    simulated = live(case, alike)
    real = live(case, rig.make)
    assert dict(simulated.calls) == dict(real.calls)
    assert simulated.wakes == real.wakes
    counted = {name: simulated.amounts[name] for name in COUNTED}
    assert counted == {name: real.amounts[name] for name in COUNTED}
    assert all(counted[name] for name in COUNTED - {"pubsub.bytes"})
    assert simulated.wakes["decided"]
    assert simulated.wakes["changed"] or case.name != "busy"
    assert counted["pubsub.bytes"] or case.name == "quiet"

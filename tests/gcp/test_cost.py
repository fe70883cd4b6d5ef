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
from typing import Any
from uuid import uuid4

import pytest

from deploy.gcp.functions import CPU, MEMORY
from deploy.gcp.metrics import METRICS
from deploy.gcp.place import Place
from deploy.gcp.steps import LARGE_FIELDS
from deploy.gcp.watch import write_dead_man, write_failing, write_held
from flyball.core.policy import Comparison, Step, StepPolicy, TrackingPolicy
from flyball.core.target import CapacityKind, Metric, ScalableTarget, Unit
from flyball.cost.gcp.bill import MEMORY_MIB, WATCHED
from flyball.cost.gcp.ledger import NOT_INDEXED
from flyball.cost.gcp.lines import SERIES, TARGET, LineMeter
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


PLACE = Place("acme-ml", "europe-west4", "acme")


def test_what_is_priced_is_what_is_deployed() -> None:
    """Conditions of the alerts for people, a function's memory and CPU, and what has no index."""
    policies = (write_dead_man(PLACE), write_failing(PLACE), write_held(PLACE))
    assert sum(len(each["conditions"]) for each in policies) == WATCHED
    assert (f"{MEMORY_MIB}Mi", "1") == (MEMORY, CPU)
    assert {field for collection, field in LARGE_FIELDS if collection == "ledger"} == NOT_INDEXED


def test_metrics_of_lines_are_charged_as_they_are_deployed() -> None:
    """Each with its labels, and by whether it holds values or counts."""
    fields = {"target": TARGET, "kind": "kind", "outcome": "outcome"}
    deployed = {
        each.id: ({fields[label] for label in each.labels}, bool(each.value))
        for each in METRICS
        if each.id != "turned_away"  # calls that no function got
    }
    assert deployed == {name: (set(each.labels), each.holds) for name, each in SERIES.items()}


LINES: list[tuple[dict[str, Any], int]] = [
    ({"message": "metrics", "metrics": {"Wakes": 1, "Failed": 0}}, 0),
    ({"message": "metrics", "metrics": {"Failed": 2, "Blind": 1}}, 8 + 8),
    ({"kind": "quiet", TARGET: "chat"}, 8),
    ({"kind": "decided", TARGET: "chat", "action": "hold", "from": 2, "to": 2, "unmet": 0}, 8),
    ({"kind": "decided", TARGET: "chat", "action": "hold", "from": 2, "to": 2, "unmet": 1}, 16),
    (
        {"kind": "decided", TARGET: "chat", "action": "set", "from": 2, "to": 3, "outcome": "a"},
        8 + 8 + 80 + 80,
    ),
]


@pytest.mark.parametrize(("line", "size"), LINES, ids=lambda each: str(each)[:40])
def test_a_line_makes_a_point_of_each_metric_that_it_counts_in(
    line: dict[str, Any], size: int
) -> None:
    """Once a minute, however many lines there are."""
    usage = Usage()
    meter = LineMeter(usage, 600)
    for _ in range(3):
        meter.note(line, 100, START)
    assert usage.amounts["monitoring.ingested_bytes"] == size
    assert usage.amounts["logs.ingested_bytes"] == 3 * 700
    meter.note(line, 100, START + timedelta(minutes=1))
    assert usage.amounts["monitoring.ingested_bytes"] == 2 * size

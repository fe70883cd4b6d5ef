"""Does a simulated month ask AWS for just what the real adapters ask for?

A whole month of the rig: `FLYBALL_COUNTED_MINUTES=43800 pytest -k quiet tests/aws/test_cost.py`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from flyball.config import compile_target
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, ScalableTarget
from flyball.cost.aws.month import AwsMonth
from flyball.cost.plant import Demand
from flyball.cost.usage import Usage
from tests.aws.account import empty
from tests.aws.conftest import Store
from tests.aws.counted import Rig, alike, wave
from tests.aws.rig import CREDENTIALS, Server
from tests.aws.sagemaker import Server as Endpoints

pytestmark = pytest.mark.enable_socket

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUM = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}


@pytest.fixture
def rig(
    store: Store, ministack: Server, moto: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Give a world of real parts, with nothing in it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    empty(moto)
    with Endpoints() as endpoints:
        thread = threading.Thread(target=endpoints.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Rig(ministack, moto, endpoints, (store.targets, store.rows))
        endpoints.shutdown()
        thread.join()


def target(index: int) -> ScalableTarget:
    """Make a scalable target that keeps 100 calls on each instance."""
    name = f"chat-{index}"
    return ScalableTarget(
        name,
        2,
        20,
        home="aws",
        resource={"endpoint": name, "variant": "blue"},
        metrics=(Metric("calls", source=SUM),),
        policies=(TrackingPolicy("track", "calls", 100.0),),
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
    month = AwsMonth(targets, demands, START, usage, is_steady=is_steady, make=make)  # type: ignore[arg-type]
    usage.calls.clear()
    usage.amounts.clear()
    month.run(int(os.environ.get("FLYBALL_COUNTED_MINUTES") or case.minutes))
    return usage


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_call_and_each_unit_is_counted_as_the_rig_counts_it(case: Case, rig: Rig) -> None:
    """Calls by operation, DynamoDB's units, metrics that are read, and what it all came to."""
    simulated = live(case, alike)
    real = live(case, rig.make)
    assert dict(simulated.calls) == dict(real.calls)
    assert simulated.wakes == real.wakes
    counted = {"cloudwatch.metrics_read", "cloudwatch.requests", "dynamodb.read_units"}
    counted |= {"dynamodb.write_units", "lambda.requests", "sqs.requests"}
    assert {name: simulated.amounts[name] for name in counted} == {
        name: real.amounts[name] for name in counted
    }
    assert simulated.wakes["quiet"] or case.name == "busy"
    assert simulated.wakes["changed"] or case.name != "busy"
    assert compile_target(target(0)).id == "chat-0"

"""How much time does a decision take in our own code, in a function that is warm?

    make bench-warm

The wake function's handling of real messages: real controller, engine and adapters on the local
AWS, reached by boto3. The time from when a call is ready to be sent until its answer is parsed is
taken off; what remains is ours, the writing of requests included. Goal: below 5 ms a decision.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from flyball.core.target import ScalableTarget
from flyball.cost.aws.month import AwsMonth
from flyball.cost.usage import Usage
from tests.aws.account import start_moto
from tests.aws.counted import CountingClients, Rig, wave
from tests.aws.rig import CREDENTIALS, client_of, create_tables, start_ministack
from tests.aws.sagemaker import Server as Endpoints
from tests.aws.test_cost import START, target

MINUTES = 480
WARM_UP = 20
GOAL_MS = 5.0


class TimedClients(CountingClients):
    """Clients that note how long their calls take."""

    def __init__(self, endpoints: dict[str, str], usage: Usage) -> None:
        super().__init__(endpoints, usage)
        self.spent_s = 0.0
        self._began = 0.0

    def _make(self, service: str) -> Any:
        client = super()._make(service)
        client.meta.events.register_last("before-call.*.*", self._begin)
        client.meta.events.register_first("after-call.*.*", self._end)
        return client

    def _begin(self, **_: Any) -> None:
        self._began = time.perf_counter()

    def _end(self, **_: Any) -> None:
        self.spent_s += time.perf_counter() - self._began


class TimedMonth(AwsMonth):
    """A month whose invocations are timed: (seconds in all, of which in calls, decisions)."""

    def __init__(self, rig: Rig, targets: list[ScalableTarget], usage: Usage) -> None:
        self.timed: list[tuple[float, float, float]] = []
        self._rig = rig
        every = timedelta(minutes=60)
        demand = partial(wave, start=START, low=2.0, high=9.0, every=every)
        super().__init__(
            targets, {each.id: demand for each in targets}, START, usage, make=rig.make
        )

    def _invoke(self, call: Callable[[], object]) -> None:
        clients = self._rig.clients
        assert isinstance(clients, TimedClients)
        spent_s, decided = clients.spent_s, self._usage.wakes["decided"]
        began = time.perf_counter()
        super()._invoke(call)
        took_s = time.perf_counter() - began
        decided = self._usage.wakes["decided"] - decided
        self.timed.append((took_s, clients.spent_s - spent_s, decided))


def main() -> int:
    """Measure, and print."""
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as name, Endpoints() as endpoints:
        folder = Path(name)
        threading.Thread(target=endpoints.serve_forever, args=(0.01,), daemon=True).start()
        ministack, moto = start_ministack(folder / "ministack"), start_moto(folder / "moto")
        try:
            tables = (f"targets-{uuid4().hex}", f"ledger-{uuid4().hex}")
            create_tables(client_of(ministack, "dynamodb"), *tables)
            rig = Rig(ministack, moto, endpoints, tables, TimedClients)
            month = TimedMonth(rig, [target(0)], Usage())
            month.run(MINUTES)
        finally:
            ministack.stop()
            moto.stop()
            endpoints.shutdown()
    report(month.timed)
    return 0


def report(timed: list[tuple[float, float, float]]) -> None:
    """Print what a decision takes."""
    one = [(all_s, calls_s) for all_s, calls_s, decided in timed if decided == 1][WARM_UP:]
    ours = sorted((all_s - calls_s) * 1e3 for all_s, calls_s in one)
    calls = statistics.median(calls_s * 1e3 for _, calls_s in one)
    most = ours[int(0.95 * len(ours))]
    middle = statistics.median(ours)
    print(f"warm, {len(one)} invocations with one decision each:")
    print(f"  {middle:5.2f} ms in our own code, median; {most:.2f} ms at the 95th percentile")
    print(f"  {calls:5.2f} ms in calls to a local AWS, median")
    print(f"  ratio to the goal of {GOAL_MS:.0f} ms: {middle / GOAL_MS:.2f} (at most 1.0)")


if __name__ == "__main__":
    sys.exit(main())

"""Does the controller keep a fleet's objective when it really starts and stops instances?

    .venv-load/bin/python -m tests.sizing.live [--minutes 12]

One instance is load tested and a fleet sized by it, as a user does. Then requests rise from the
least to the most and fall again. The controller runs on the config that was written: what it is
shown is what the proxy counts in each minute, and what it orders is done, by starting a model
server on a core of its own or ending one. It takes the minutes that are asked for, and two. Asked
for in fewer minutes, the most comes faster than anything can be seen and done.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.memory import MemoryLedger
from flyball.cli.loop import Loop, Parts, Stop
from flyball.config.load import compile_target, load
from flyball.controller import Controller
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Datapoint,
    Missing,
    MissingCause,
    Series,
    Status,
)
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, MetricRead, Outcome, OutcomeKind, Underway
from flyball.wiring.machine import SystemClock, engine_version, make_token
from tests.sizing.fleet import Fleet, Proxy, run_instance, run_proxy, write_body
from tests.sizing.holds import NEAR, OBJECTIVE, ROWS, load_one, size
from tests.sizing.loads import Load, run_load
from tests.sizing.speed import pinned

MINUTE = timedelta(minutes=1)
LOOK_S = 2.0
SPARING = ("--objective", "balanced")
"""Half of each instance is left for what comes within the minutes before it is seen."""


class Minute(NamedTuple):
    """What the proxy saw in a minute, which ended at an instant, and who served then."""

    end: datetime
    calls: int
    ready: int


class Rack:
    """Instances that are started and stopped as was ordered: a CapacityControl of this machine."""

    def __init__(self, proxy: Proxy, cores: Sequence[int]) -> None:
        self._proxy = proxy
        self._cores = cores
        self._running: list[tuple[ExitStack, int]] = []
        self._lock = Lock()
        self._calls = 0
        self.desired = 0

    @property
    def ready(self) -> int:
        """Instances in service."""
        return len(self._running)

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity:
        """Say what there is."""
        del scalable_target, now, underway
        settled = self.ready == self.desired
        return Capacity(self.desired, self.ready, Status.IN_SERVICE if settled else Status.BUSY)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Start or stop instances, beside all else."""
        del scalable_target, now, deadline
        if self.ready != self.desired:
            return Outcome(OutcomeKind.DEFERRED, "instances are being started")
        self.desired = capacity.floor
        Thread(target=self.follow, daemon=True).start()
        return Outcome(OutcomeKind.APPLIED)

    def follow(self) -> None:
        """Start instances one by one until there are as many as desired, or end those too many."""
        while self.ready < self.desired:
            stack = ExitStack()
            instance = stack.enter_context(run_instance(self._cores[self.ready]))
            self._running.append((stack, instance.port))
            self._turn()
        while self.ready > self.desired:
            stack, _ = self._running.pop()
            self._turn()
            time.sleep(LOOK_S)  # what is under way is answered
            stack.close()

    def count(self) -> int:
        """Give the calls since this was asked last."""
        self._turn()
        with self._lock:
            calls, self._calls = self._calls, 0
        return calls

    def stop(self) -> None:
        """End all instances."""
        self.desired = 0
        self.follow()

    def _turn(self) -> None:
        with self._lock:
            sent = self._proxy.turn_to([port for _, port in self._running])
            self._calls += sum(sent.values())


class Counts:
    """What is shown of minutes that are over: a MetricSource of what the proxy counted."""

    def __init__(self) -> None:
        self.minutes: list[Minute] = []

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Give calls for each instance, or those as a share of what one carries."""
        del now
        return [self._read(each) for each in reads]

    def _read(self, read: MetricRead) -> Series | Missing:
        metrics = read.scalable_target.metrics
        full = next(float(each.source["full"]) for each in metrics if "full" in each.source)
        in_percent = read.metric.source["metric"] == "duty_cycle"
        points = []
        for end, calls, ready in self.minutes[-read.periods :]:
            if ready:
                each = calls / ready
                value = min(100.0, 100.0 * each / full) if in_percent else each
                points.append(Datapoint(end, value, ready))
        return tuple(points) or Missing(MissingCause.NO_DATA, "no minute is over")


def main() -> None:
    """Size a fleet, let it be loaded, and show what became of each minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=12)
    minutes = parser.parse_args().minutes
    own, *cores = sorted(os.sched_getaffinity(0))[:4]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        proxy = stack.enter_context(run_proxy(own))
        stack.enter_context(pinned([own]))
        write_body(folder / "body.json", ROWS)
        with run_instance(cores[0]) as one:
            bench = load_one(
                Fleet([one], proxy), folder, folder / "body.json", "--hold", "4s", "--settle", "1s"
            )
        each = size(bench, folder, 1, 2, *SPARING).each
        least, most = each / 2, NEAR * len(cores) * each
        size(bench, folder, least, most, *SPARING)
        rack = Rack(proxy, cores)
        stack.callback(rack.stop)
        rack.desired = 1
        rack.follow()
        say(f"One instance is held at {each:.1f} a second; from {least:.1f} to {most:.1f} come.")
        run(rack, folder, proxy.url, plan(least, most, minutes))


def plan(least: float, most: float, minutes: int) -> tuple[list[float], list[float]]:
    """Say how many requests a second come in each minute: those that rise, and those that fall."""
    rising = max(2, minutes * 2 // 3)
    step = (most - least) / (rising - 1)
    up = [least + step * each for each in range(rising)]
    return up, up[-2::-2][: minutes - rising]


def run(rack: Rack, folder: Path, url: str, loads: tuple[list[float], list[float]]) -> None:
    """Load the fleet, and let the controller look at it, minute by minute."""
    (target,) = load(folder / "flyball.yaml").scalable_targets
    clock, ledger, counts = SystemClock(), MemoryLedger(), Counts()
    ledger.register(*compile_target(target), clock.now())
    controller = Controller(
        ledger=ledger,
        metrics=counts,
        control=rack,
        clock=clock,
        token=make_token,
        engine=engine_version(),
    )
    parts = Parts(controller, ledger, AlarmBoard(counts, [target]), clock, {target.id})

    def tell(wake: object) -> None:
        decision = getattr(wake, "decision", None)
        if decision is not None and decision.desired != decision.current:
            say(f"    {clock.now():%H:%M:%S}  {decision.current} → {decision.desired}")

    loop = Loop(parts, Stop(), tell)
    sleep_to_minute()
    caller = Thread(target=call, args=(folder, url, loads), daemon=True)
    caller.start()
    rack.count()
    counted = clock.now().replace(second=0, microsecond=0)
    while caller.is_alive():
        now = clock.now()
        if now >= counted + MINUTE:
            counted += MINUTE
            counts.minutes.append(Minute(counted, rack.count(), rack.ready))
            last = counts.minutes[-1]
            say(f"    {counted:%H:%M}  {last.calls:,} calls in the minute, {last.ready} in service")
        loop.turn()
        time.sleep(LOOK_S)


def call(folder: Path, url: str, loads: tuple[list[float], list[float]]) -> None:
    """Send what rises in one go, and then what falls, minute by minute."""
    rising, falling = loads
    for steps, hold in ((rising, "59.5s"), *(([each], "55s") for each in falling)):
        asked = ",".join(f"{each:.2f}" for each in steps)
        options = ("--steps", asked, "--hold", hold, "--settle", "0.5s", "--max-time", "2h")
        found = run_load(
            folder,
            url,
            *("--body", folder / "body.json", "--rate", "--max-users", 512),
            *options,
            tell=say,
        )
        say(judge(found))


def judge(found: Load) -> str:
    """Say whether the objective was kept in each minute."""
    steps = found.found["benchmark"]["steps"]
    late = [
        step["latency_ms"].get(repr(OBJECTIVE.quantile), 0.0) > OBJECTIVE.latency_ms
        for step in steps
    ]
    kept = f"{late.count(False)} of {len(late)} minutes"
    return f"{kept} kept p95 within {OBJECTIVE.latency_ms:g} ms"


def sleep_to_minute() -> None:
    """Wait until a minute begins."""
    time.sleep(60.0 - datetime.now(UTC).timestamp() % 60.0)


def say(line: str) -> None:
    """Say how it goes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

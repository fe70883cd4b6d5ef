"""How many wakes a second does the whole controller handle on SQLite, and where does the time go?

Every wake is a real one: claim, observe, decide, intent, apply, outcome, on a ledger on disk. Only
metrics and capacity are answered from memory, so that no service's time is counted as ours.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import NamedTuple

from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.controller import Controller
from flyball.core.codec import canonical
from flyball.core.model import Capacity, CapacityRange, Missing, Series
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, MetricRead, Outcome, OutcomeKind, Trigger, TriggerKind, Underway
from tests.bench.scenes import INSTANCES, MINUTE, NOW, SCENES, Scene, make_observation, make_target

WAKES = 1_500


class Figures(NamedTuple):
    """What a run came to.

    Attributes:
        scene: Its name.
        each_us: Microseconds a wake.
        changes: Share of wakes that changed the capacity.
        shares: Share of the time, by step.
        row_bytes: Mean bytes of the ledger's file a wake.
    """

    scene: str
    each_us: float
    changes: float
    shares: dict[str, float]
    row_bytes: float


class Instant:
    """Metrics and capacity from memory."""

    def __init__(self, scene: Scene) -> None:
        self._observation = make_observation(scene)
        self.desired = INSTANCES

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Answer with the scene's series, moved to now."""
        by = now - NOW
        found: list[Series | Missing] = []
        for read in reads:
            series = self._observation.metrics[read.metric.name]
            found.append(tuple(point._replace(at=point.at + by) for point in series))  # type: ignore[union-attr]
        return found

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Everything that was asked for is in service."""
        return Capacity(self.desired, self.desired)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Accept; each target is woken once, so that every wake finds ten instances again."""
        return Outcome(OutcomeKind.APPLIED)


def measure() -> list[Figures]:
    """Wake a fleet, each target once, in each scene."""
    with tempfile.TemporaryDirectory() as folder:
        return [_measure(scene, Path(folder) / f"{index}.db") for index, scene in enumerate(SCENES)]


def _measure(scene: Scene, path: Path) -> Figures:
    clock = JumpingClock(NOW)
    spent: dict[str, float] = {}
    step, since = "", time.perf_counter()

    def on_step(name: str) -> None:
        nonlocal step, since
        now = time.perf_counter()
        spent[step] = spent.get(step, 0.0) + now - since
        step, since = name, now

    instant = Instant(scene)
    tokens = count()
    ledger = SqliteLedger(path)
    for number in range(WAKES):
        config = canonical(make_target(f"bench-{number}"))
        ledger.register(f"bench-{number}", config, sha256(config.encode()).hexdigest(), NOW)
    registered = path.stat().st_size
    controller = Controller(
        ledger=ledger,
        metrics=instant,
        control=instant,
        clock=clock,
        token=lambda: str(next(tokens)),
        engine="bench",
        on_step=on_step,
    )
    changes = 0
    start = time.perf_counter()
    for number in range(WAKES):
        clock.advance(MINUTE + timedelta(seconds=1))
        wake = controller.wake(
            Trigger(f"bench-{number}", str(number), TriggerKind.MANUAL, clock.now())
        )
        changes += wake.outcome is not None
        on_step("")
    elapsed = time.perf_counter() - start
    ledger.close()
    spent.pop("done", None)
    spent.pop("", None)
    total = sum(spent.values())
    shares = {name: seconds / total for name, seconds in spent.items()}
    size = (path.stat().st_size - registered) / WAKES
    return Figures(scene.name, elapsed / WAKES * 1e6, changes / WAKES, shares, size)

"""What does one run of the controller do in a program of its own, that can be killed at any step?

Run as `python story.py '<JSON of Story>'`. The provider is a file: a line for each change that it
accepted, on the disk before it answers. What happened is printed as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.controller import Controller
from flyball.core.model import Capacity, CapacityRange, Datapoint, Missing, Series
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, MetricRead, Outcome, OutcomeKind, Trigger, TriggerKind, Underway

AT_FIRST = 2
"""Instances before the provider accepted anything."""


@dataclass(frozen=True)
class Story:
    """One program's part.

    Attributes:
        folder: Where the ledger and the provider's file are.
        target: Which target it wakes.
        at: What its clock shows, ISO 8601.
        loads: The metric, of the whole endpoint: round by round, and again from the first.
        die: At which step it kills itself; "" for never. "accepted" is inside the provider, after
            it accepted and before it answered.
        rounds: How often it wakes the target.
        together: Say that we are there and wait for the sign, so that several begin together.
        every: From one round's beginning to the next, seconds of the system's clock.
        pace: By how much its clock goes on from round to round, seconds.
        look: How long a look at the provider takes, seconds of the system's clock.
    """

    folder: str
    target: str
    at: str
    loads: tuple[float, ...] = (400.0,)
    die: str = ""
    rounds: int = 1
    together: bool = False
    every: float = 0.0
    look: float = 0.0
    pace: float = 60.0


class _Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class _Metrics:
    def __init__(self) -> None:
        self.load = 0.0

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        return [(Datapoint(now, self.load),) for _ in reads]


class FileProvider:
    """A provider that lives in a file, so that no kill can undo what it accepted."""

    def __init__(self, path: Path, die: str = "", look: float = 0.0) -> None:
        self.path = path
        self.die = die
        self.look = look

    def log(self) -> list[int]:
        """Read the capacities that it accepted, in order."""
        if not self.path.exists():
            return []
        return [int(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Show the newest that it accepted, in service."""
        del scalable_target, now, underway
        time.sleep(self.look)
        desired = (self.log() or [AT_FIRST])[-1]
        return Capacity(desired, desired)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Accept."""
        del scalable_target, now, deadline
        line = f"{capacity.floor}\n".encode()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line)
        os.fsync(handle)
        os.close(handle)
        if self.die == "accepted":
            kill()
        return Outcome(OutcomeKind.APPLIED)


def kill() -> None:
    """End this program as the kernel ends one: no handler, no clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def run(story: Story) -> list[str]:
    """Wake the target as the story says; list how the wakes ended."""
    folder = Path(story.folder)
    clock = _Clock(datetime.fromisoformat(story.at))
    metrics = _Metrics()
    ledger = SqliteLedger(folder / "ledger.db", wait=timedelta(seconds=30))
    controller = Controller(
        ledger=ledger,
        metrics=metrics,
        control=FileProvider(folder / "provider.log", story.die, story.look),
        clock=clock,
        token=lambda: uuid4().hex,
        engine="0.0-test",
        on_step=lambda step: kill() if step == story.die else None,
    )
    kinds = []
    start = _meet(folder) if story.together else time.time()
    for index in range(story.rounds):
        time.sleep(max(0.0, start + index * story.every - time.time()))
        metrics.load = story.loads[index % len(story.loads)]
        trigger = Trigger(story.target, f"{os.getpid()}-{index}", TriggerKind.MANUAL, clock.now())
        kinds.append(controller.wake_safely(trigger).kind.value)
        clock.at += timedelta(seconds=story.pace)
    ledger.close()
    return kinds


def _meet(folder: Path) -> float:
    """Say that we are there, and read when to begin."""
    (folder / f"there-{os.getpid()}").touch()
    sign = folder / "begin"
    while not sign.exists():
        time.sleep(0.001)
    return float(sign.read_text(encoding="utf-8"))


def give_sign(folder: Path, programs: int) -> None:
    """Wait until all programs are there, and let them begin."""
    patience_ends = time.monotonic() + 60
    while len(list(folder.glob("there-*"))) < programs:
        assert time.monotonic() < patience_ends, "a program never came"
        time.sleep(0.005)
    written = folder / "begin.new"
    written.write_text(str(time.time() + 0.1), encoding="utf-8")
    written.rename(folder / "begin")


def command(story: Story) -> list[str]:
    """Say how to start it as a program."""
    return [sys.executable, __file__, json.dumps(asdict(story))]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Story(**json.loads(sys.argv[1])))))

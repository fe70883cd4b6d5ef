"""Is what needs a person told as such, in a metric that an alarm looks at and in the log?"""

from __future__ import annotations

from dataclasses import dataclass
from logging import ERROR, INFO, WARNING
from typing import Any

import pytest

from flyball.core.decide import decide
from flyball.core.model import Capacity, Decision, History, Limit, LimitKind, Observation, Reason
from flyball.core.target import ScalableTarget
from flyball.ports import Outcome, OutcomeKind, Trigger, TriggerKind
from flyball.wake import Wake, WakeKind
from flyball.wiring.tell import measure, tell
from tests.rig import T0

TRIGGER = Trigger("chat", "timer:chat", TriggerKind.TIMER, T0)


def make_decision(**fields: Any) -> Decision:
    """Make a decision, and change these fields of it."""
    observation = Observation(T0, Capacity(2, 2))
    decision = decide(ScalableTarget("chat", 2, 4), observation, History(), T0)
    return decision._replace(**fields)


@dataclass(frozen=True)
class Case:
    """A wake-up, how loudly it is told, and which metrics count it."""

    id: str
    wake: Wake
    level: int
    counted: tuple[str, ...] = ()


def refused(kind: OutcomeKind) -> Wake:
    """Make a wake-up whose change was answered so."""
    return Wake(WakeKind.DECIDED, "chat", make_decision(), Outcome(kind, "no"))


def held(reason: Reason, *limits: Limit) -> Wake:
    """Make a wake-up that was decided for that reason."""
    return Wake(WakeKind.DECIDED, "chat", make_decision(reason=reason, limits=limits))


HELD_BLIND = Limit(LimitKind.MISSING, 3, 4, Reason.MISSING_DATA, None, "calls")
CASES = [
    Case("a calm look", Wake(WakeKind.DECIDED, "chat", make_decision()), INFO),
    Case("applied", refused(OutcomeKind.APPLIED), INFO),
    Case("busy, so later", refused(OutcomeKind.DEFERRED), INFO),
    Case("permission lost", refused(OutcomeKind.DENIED), ERROR, ("Refused",)),
    Case("refused for good", refused(OutcomeKind.FAILED), ERROR, ("Refused",)),
    Case("endpoint failed", held(Reason.ENDPOINT_FAILED), WARNING, ("Frozen",)),
    Case("endpoint unreadable", held(Reason.CAPACITY_UNKNOWN), WARNING, ("Frozen",)),
    Case("metric missing", held(Reason.MISSING_DATA), WARNING, ("Blind",)),
    Case("held in the blind", held(Reason.BELOW_TARGET, HELD_BLIND), WARNING, ("Blind",)),
    Case("not handled", Wake(WakeKind.FAILED, "chat"), ERROR, ("Failed",)),
    Case("it may have landed", Wake(WakeKind.UNRESOLVED, "chat"), WARNING, ("Unresolved",)),
    Case("its alarms are calm", Wake(WakeKind.QUIET, "chat"), INFO),
]
WATCHED = ("Refused", "Frozen", "Blind", "Failed", "Unresolved")


class Noted:
    """Takes lines and metrics."""

    def __init__(self) -> None:
        self.levels: list[int] = []
        self.metrics: dict[str, float] = {}

    def __call__(self, level: int, _: str, /, *, extra: object) -> None:
        """Take a line."""
        assert extra
        self.levels.append(level)

    def add_metric(self, name: str, unit: str, value: float) -> None:
        """Take a metric."""
        assert unit
        self.metrics[name] = value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_needs_a_person_is_counted_and_told(case: Case) -> None:
    """Each watched metric is told at every run, also a nought, so that an alarm can go back."""
    noted = Noted()
    tell(noted, TRIGGER, case.wake)
    measure(noted, [case.wake], 1.0)
    assert noted.levels == [case.level]
    assert {name for name in WATCHED if noted.metrics[name]} == set(case.counted)

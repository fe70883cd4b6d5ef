"""Who runs trials in a test: a bench in memory, on which time passes while somebody waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flyball.order import BusyTrialError, Order, TrialError, UnknownTrialError, mark_order
from flyball.trial import Advice, Finding, Part, Status, Trial


class Fate(NamedTuple):
    """How a trial goes: what it is at each look, the last one from then on; None: no answer."""

    stages: tuple[Trial | None, ...]


@dataclass
class MemoryBench:
    """Runs trials as a test says.

    Attributes:
        fates: How the trials go, by name.
        started: Orders, by name.
        looks: Names that were looked at.
    """

    fates: dict[str, Fate] = field(default_factory=dict)
    started: dict[str, Order] = field(default_factory=dict)
    looks: list[str] = field(default_factory=list)

    def start(self, name: str, order: Order) -> bool:
        """Start a trial."""
        if name not in self.started:
            self.started[name] = order
            return True
        if mark_order(self.started[name]) != mark_order(order):
            raise TrialError(f"{name}: of another order")
        return False

    def find(self, part: str = "", model: str = "", limit: int = 100) -> Sequence[Trial]:
        """List those that were started."""
        names = [name for name in self.started if part in name and not model]
        return [Trial(name, Status.PENDING) for name in names][:limit]

    def look(self, name: str) -> Trial:
        """Say where a trial is by now."""
        if name not in self.fates:
            raise UnknownTrialError(f"{name}: there is none")
        stages = self.fates[name].stages
        self.looks.append(name)
        found = stages[min(self.looks.count(name), len(stages)) - 1]
        if found is None:
            raise BusyTrialError(f"{name}: no answer")
        return found

    def stop(self, name: str) -> None:
        """Let it end."""
        self.fates[name] = Fate((Trial(name, Status.STOPPED),))

    def advise(
        self, name: str, finding: Finding, used_ratio: float, least: int, most: int
    ) -> Advice:
        """Advise so many instances as the finding says."""
        assert name in self.fates
        assert 0 < used_ratio <= 1
        each = finding.invocations or 1.0
        return Advice(each, min_capacity=round(least / each), max_capacity=round(most / each))


def stage(status: Status, *parts: Part, **fields: Any) -> Trial:
    """Make what a trial is at a look."""
    return Trial("t", status, parts=parts)._replace(**fields)

"""What stands between the controller and the adapters of a cloud, whichever cloud it is?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from flyball.alarm import Alarm, AlarmWatch
from flyball.core.decide import ADVISER
from flyball.core.model import Capacity, CapacityRange, Missing, Series
from flyball.core.target import ScalableTarget
from flyball.ports import (
    AlarmState,
    CapacityControl,
    Deadline,
    MetricRead,
    MetricSource,
    Outcome,
    OutcomeKind,
    Underway,
)
from flyball.wiring.settings import MODE


class Ahead(Protocol):
    """Capacity of many targets, of which one call can tell much."""

    def prefetch(self, targets: Sequence[ScalableTarget], now: datetime) -> None:
        """Read ahead, for the looks that follow within seconds."""
        ...


class Reader:
    """Metrics; what one call tells of many capacities is read ahead beside them.

    The controller reads the metrics of a whole chunk at once, and then each one's capacity.
    """

    def __init__(self, metrics: MetricSource, control: Ahead) -> None:
        self._metrics = metrics
        self._control = control

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read several series, for one or many targets."""
        targets = {each.scalable_target.id: each.scalable_target for each in reads}
        found = self._metrics.read(reads, now)
        if len(targets) > 1:  # last, as it is good for seconds only
            self._control.prefetch(list(targets.values()), now)
        return found


class Watcher:
    """The alarms' states; capacities of a chunk of targets are read ahead beside them too.

    Of those that may rest the controller reads the capacity, and no metrics.
    """

    def __init__(self, watch: AlarmWatch, control: Ahead) -> None:
        self._watch = watch
        self._control = control

    def states(self, alarms: Sequence[Alarm], now: datetime) -> Mapping[str, AlarmState]:
        """Read the states of alarms, by name."""
        targets = {each.scalable_target.id: each.scalable_target for each in alarms}
        if len(targets) > 1:
            self._control.prefetch(list(targets.values()), now)
        return self._watch.states(alarms, now)


class Adviser:
    """Capacity that may be looked at and not changed: FLYBALL_MODE=advise.

    The decision is told so by what it observes, so that its row replays the same.
    """

    def __init__(self, control: CapacityControl) -> None:
        self._control = control

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Read what the provider has; who else scales it is still told first."""
        found = self._control.describe(scalable_target, now, underway)
        return found if isinstance(found, Missing) or found.owner else found._replace(owner=ADVISER)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,  # noqa: ARG002  (nothing is sent at any time)
    ) -> Outcome:
        """Change nothing; no decision on such a capacity asks for it."""
        detail = f"{MODE} is advise: {scalable_target.id} is not set to {capacity.floor} at {now}"
        return Outcome(OutcomeKind.ABORTED, detail)

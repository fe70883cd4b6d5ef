"""What does the production controller order, in the plant in which its peers are scored?

Alarms, timer, controller, engine and ledger are those that run anywhere else; only the endpoint
and its monitoring are the slots'. They take any order at once, as the scoring rules say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.metrics import Minute
from flyball.adapters.local.timeline import ServiceSettings
from flyball.adapters.local.trigger import parse_event
from flyball.controller import Controller
from flyball.core.codec import canonical
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Datapoint,
    Decision,
    History,
    Missing,
    MissingCause,
    Observation,
    Reason,
    Series,
    Status,
)
from flyball.core.remember import Noticed
from flyball.core.target import CapacityKind, Metric, Mode, ScalableTarget
from flyball.ports import Claim, Deadline, Ledger, MetricRead, Outcome, OutcomeKind, Underway
from flyball.recall import read_history
from flyball.scribe import Scribe
from flyball.sim.items import Items
from flyball.sim.meaning import Meaning, find_meanings
from flyball.sim.picked import begin_range
from flyball.sim.slots import Course, Peer, Plant, Ranging, Seen
from flyball.wake import Held, Wake, WakeKind

ENGINE = "simulated"
APPLIED = Outcome(OutcomeKind.APPLIED)
GOOD = frozenset({WakeKind.DECIDED, WakeKind.DUPLICATE, WakeKind.NOT_DUE, WakeKind.QUIET})


class BrokenError(Exception):
    """The controller could not handle a wake-up; the message says when, and why."""


class Adapted(NamedTuple):
    """A scalable target as it is simulated.

    Attributes:
        scalable_target: It.
        notes: What is not as in the config, for people.
    """

    scalable_target: ScalableTarget
    notes: tuple[str, ...]


def adapt(scalable_target: ScalableTarget, slot: timedelta) -> Adapted:
    """Let a scalable target of any home act, with datapoints of whole slots."""
    notes: list[str] = []
    adapted = replace(scalable_target, mode=Mode.APPLY)
    if scalable_target.mode is not Mode.APPLY:
        notes.append("mode: advise was taken for apply")
    metrics = tuple(_fit(metric, slot) for metric in adapted.metrics)
    pairs = zip(metrics, adapted.metrics, strict=True)
    fitted = [metric.name for metric, old in pairs if metric is not old]
    if fitted:
        seconds = slot.total_seconds()
        notes.append(f"datapoints of {', '.join(fitted)} are of whole slots of {seconds:g} s")
    return Adapted(replace(adapted, metrics=metrics), tuple(notes))


def _fit(metric: Metric, slot: timedelta) -> Metric:
    period = slot * max(1, -(-metric.period // slot))
    if period == metric.period:
        return metric
    return replace(metric, period=period, max_age=max(metric.max_age, 2 * period))


class Ours:
    """The controller, as one that orders once a slot.

    Attributes:
        reasons: For each slot the reason of the last decision at its end; None: it did not look.
        changes: (slot, decision) of each order of another capacity, in order.
        looks: How many decisions were made.
    """

    def __init__(
        self,
        scalable_target: ScalableTarget,
        course: Course,
        plant: Plant,
        *,
        ledger: Ledger | None = None,
        meanings: Mapping[str, Meaning] | None = None,
        engine: str = ENGINE,
    ) -> None:
        """Register the scalable target, and build what runs.

        Args:
            scalable_target: As adapt gives it.
            course: What arrives; a slot is known once its metrics are shown.
            plant: What answers.
            ledger: Where every row goes; None: nothing is kept.
            meanings: What its metrics measure; None: as their sources say.
            engine: The engine's version, for the rows.

        Raises:
            MeaningError: A metric's meaning is not known.
            LedgerError: The scalable target cannot be registered.
        """
        self.reasons: list[Reason | None] = []
        self.changes: list[tuple[int, Decision]] = []
        self.looks = 0
        self._course = course
        self._delay = -(-plant.metric_delay // course.slot)
        self._clock = JumpingClock(course.start)
        self._endpoint = _Endpoint(plant.first(course))
        self._service: ServiceSettings | None = None
        if scalable_target.capacity_kind is CapacityKind.RANGE:
            self._service = begin_range(plant, scalable_target.max_capacity)
            self._endpoint.least = self._service.least
        meanings = find_meanings(scalable_target) if meanings is None else meanings
        self._metrics = _Monitoring(meanings, course.capacity_per_instance, course.slot)
        self._board = AlarmBoard(self._metrics, [scalable_target])
        tokens = count(1)
        kept = Items() if ledger is None else ledger
        self._controller = Controller(
            ledger=kept,
            metrics=self._metrics,
            control=self._endpoint,
            clock=self._clock,
            token=lambda: f"sim-{next(tokens)}",
            engine=engine,
            scribe=_Forgetful() if ledger is None else None,
        )
        config = canonical(scalable_target)
        config_hash = hashlib.sha256(config.encode()).hexdigest()
        kept.register(scalable_target.id, config, config_hash, course.start)

    def peer(self) -> Peer | Ranging:
        """Give who orders a count; or who sets a range, where the scalable target takes one."""
        return self if self._service is None else Ranging(self._service, self.decide_range)

    def decide_range(self, seen: Seen) -> CapacityRange:
        """Say which range is set then; see decide."""
        floor = self.decide(seen)
        return CapacityRange(floor, floor if (most := self._endpoint.ceiling) is None else most)

    def decide(self, seen: Seen) -> int:
        """Let alarms and timer wake the controller, and say what is ordered then."""
        index = len(self.reasons)
        self._show(index - self._delay, seen)
        self._clock.jump(seen.now)
        endpoint = self._endpoint
        endpoint.desired, endpoint.ready = seen.desired, seen.ready
        endpoint.ceiling, endpoint.picked = seen.ceiling, seen.picked
        reason = None
        controller = self._controller
        wakes = [
            controller.wake_safely(parse_event(event)) for event in self._board.evaluate(seen.now)
        ]
        wakes += controller.tick()
        for wake in wakes:
            if wake.kind not in GOOD:
                raise BrokenError(f"{wake.scalable_target_id}: {seen.now}: {_tell(wake)}")
            if wake.decision is not None:
                self.looks += 1
                reason = wake.decision.reason
                if wake.outcome is not None:
                    self.changes.append((index, wake.decision))
        self.reasons.append(reason)
        return endpoint.desired

    def _show(self, shown: int, seen: Seen) -> None:
        """Let monitoring show one slot more."""
        if shown < 0:
            return
        course = self._course
        demand, ready = course.demand[shown], seen.measured
        capacity = course.capacity_per_instance
        waiting = seen.waiting * capacity
        if seen.left is None:
            backlog = max(0.0, waiting + (demand or 0.0) - ready * capacity)
        else:
            backlog = seen.left * capacity
        start = course.start + shown * course.slot
        self._metrics.add(Minute(start, demand, ready, seen.desired, waiting, backlog))


def _tell(wake: Wake) -> str:
    return f"{wake.kind.value}: {wake.detail}"


class _Endpoint:
    """The endpoint's capacity: it takes any order, and is never busy.

    Attributes:
        desired: As Capacity; so are the others. Without a ceiling it takes a count.
    """

    def __init__(self, initial: int) -> None:
        self.desired = self.ready = initial
        self.ceiling: int | None = None
        self.picked: int | None = None
        self.least: int | None = None

    def describe(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,  # noqa: ARG002
    ) -> Capacity | Missing:
        """Tell what there is."""
        if self.ceiling is None:
            return Capacity(self.desired, self.ready, Status.IN_SERVICE)
        return Capacity(
            self.desired,
            self.ready,
            Status.IN_SERVICE,
            self.ceiling,
            least=self.least,
            picked=self.picked,
        )

    def apply(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        capacity: CapacityRange,
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Take an order; it counts from the next slot."""
        self.desired = capacity.floor
        if self.ceiling is not None and self.picked is not None:
            self.ceiling = capacity.ceiling
            self.picked = min(max(self.picked, capacity.floor), capacity.ceiling)
            self.ready = min(self.ready, self.picked)
        return APPLIED


class _Monitoring:
    """The endpoint's metrics, as far as they are shown."""

    def __init__(
        self, meanings: Mapping[str, Meaning], capacity_per_instance: float, slot: timedelta
    ) -> None:
        self._meanings = meanings
        self._capacity = capacity_per_instance
        self._slot = slot
        self._shown: list[Minute] = []
        self._points: dict[str, list[Datapoint | None]] = {name: [] for name in meanings}
        self._answers: dict[tuple[str, int], Series | Missing] = {}

    def add(self, minute: Minute) -> None:
        """Show a slot more."""
        self._shown.append(minute)
        self._answers.clear()

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:  # noqa: ARG002
        """Give the newest datapoints that are shown."""
        return [self._answer(each.metric, each.periods) for each in reads]

    def _answer(self, metric: Metric, periods: int) -> Series | Missing:
        """Read once what alarms and controller both ask for."""
        key = (metric.name, periods)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._read(metric, periods)
        return answer

    def _read(self, metric: Metric, periods: int) -> Series | Missing:
        points, shown = self._points[metric.name], self._shown
        width = metric.period // self._slot
        while (len(points) + 1) * width <= len(shown):
            first = len(points) * width
            points.append(self._make(metric.name, shown[first : first + width]))
        newest = points[-periods:]
        series = tuple([point for point in newest if point])  # a gap has none
        if series:
            return series
        slots = shown[-periods * width :]
        if slots and not any(each.ready for each in slots):
            return Missing(MissingCause.UNDEFINED_AT_ZERO, "no instance in service")
        return Missing(MissingCause.NO_DATA, f"no datapoint in {periods} periods")

    def _make(self, name: str, slots: Sequence[Minute]) -> Datapoint | None:
        _, measure, fold = self._meanings[name]
        values = [value for each in slots if (value := measure(each, self._capacity)) is not None]
        if not values:
            return None
        last = slots[-1]
        return Datapoint(last.start + self._slot, fold(values), last.ready)


class _Forgetful(Scribe):
    """Keeps what is remembered as it is, and writes nothing."""

    writes = False

    def __init__(self) -> None:
        super().__init__()
        self._histories: dict[str, History] = {}

    def write_decision(
        self,
        engine: str,  # noqa: ARG002  (as everywhere)
        held: Held,  # noqa: ARG002
        observation: Observation,  # noqa: ARG002
        history: History,  # noqa: ARG002
        noticed: tuple[Noticed, ...],  # noqa: ARG002
        decision: Decision,  # noqa: ARG002
    ) -> str:
        """Write nothing: the row is not kept."""
        return ""

    def write_history(self, scalable_target_id: str, history: History) -> str:
        """Keep it."""
        self._histories[scalable_target_id] = history
        return "{}"

    def read_history(self, claim: Claim) -> History:
        """Give it back."""
        kept = self._histories.get(claim.scalable_target_id)
        return read_history(claim) if kept is None else kept

"""Which smallest change of each input would have made a decision another one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from typing import Any, NamedTuple

from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    CapacityRange,
    Datapoint,
    Decision,
    History,
    Missing,
    Observation,
    Reason,
    Recommendation,
    Series,
)
from flyball.core.scene import find_bounds
from flyball.core.target import ScalableTarget, Unit
from flyball.core.window import Window

EXACT_RATIO = 0.001
"""A metric's smallest change is found to a thousandth."""
FACTORS = (
    *(1.001, 1.002, 1.005, 1.01, 1.02, 1.03, 1.05, 1.075, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75),
    *(2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0, 100.0, 1000.0),
)
"""Steps outwards; a policy's steps may go to and fro, so the nearest change is looked for first."""
LEAST = 1 / FACTORS[-1]
"""Below it only nothing at all is told from a little: halves of a little never become nothing."""
LOOKS_LIMIT = 64
"""Most instants that are tried, and most instances in service beside those that there were."""
HORIZON = timedelta(days=1)


class Input(Enum):
    """What was changed to see what would have been."""

    METRIC = "metric"
    TIME = "time"
    READY = "ready"
    MIN_CAPACITY = "min_capacity"
    MAX_CAPACITY = "max_capacity"
    HARD_MIN_CAPACITY = "hard_min_capacity"
    HARD_MAX_CAPACITY = "hard_max_capacity"
    WINDOW_FLOOR = "window_floor"
    WINDOW_CEILING = "window_ceiling"
    WINDOW_PIN = "window_pin"


class Turn(NamedTuple):
    """The smallest change of one input, in one direction, that changes the decision.

    Attributes:
        input: What was changed.
        name: The metric's or window's, "" for others.
        before: What it was, in the policy's unit; None: missing, or a time.
        after: What it would have to be; for TIME None.
        ratio: after ÷ before − 1, where both are known and before is not 0.
        at: For TIME: the instant at which it would be decided.
        action: What would then be done.
        desired: What it would then have been.
        ceiling: The range's upper end then; equal to desired where there is one number.
        reason: Why.
        follows: The hard maximum is what max capacity is, and was changed with it.
    """

    input: Input
    name: str
    before: float | None
    after: float | None
    ratio: float | None
    at: datetime | None
    action: Action
    desired: int
    ceiling: int
    reason: Reason
    follows: bool = False


class Case(NamedTuple):
    """One decision's inputs, and what came of them."""

    target: ScalableTarget
    observation: Observation
    history: History
    decision: Decision

    @property
    def effect(self) -> tuple[Action, int, int]:
        """What of the decision must differ."""
        return effect_of(self.decision)


def find_turns(case: Case) -> tuple[Turn, ...]:
    """Find the smallest change of each input, in each direction, that changes the decision.

    Returns:
        The smallest first; those of a value that was not known next, and the time last.
    """
    turns = [*_turn_metrics(case), *_turn_ready(case), *_turn_bounds(case)]
    turns.sort(key=_size)
    return (*turns, *_turn_time(case))


def effect_of(decision: Decision) -> tuple[Action, int, int]:
    """Give what of a decision must differ to count as another one."""
    return decision.action, decision.desired, decision.ceiling


def _size(turn: Turn) -> float:
    """Order changes by their size; what was not known before comes last."""
    return abs(turn.ratio) if turn.ratio is not None else float("inf")


def _turn_metrics(case: Case) -> Iterator[Turn]:
    for name, metric in case.target.metric_by_name.items():
        rec = next((each for each in case.decision.recommendations if each.metric == name), None)
        if rec is None:
            continue
        shown = 100.0 if metric.unit is Unit.RATIO else 1.0
        series = case.observation.metrics.get(name)
        if rec.missing is not None or rec.value is None or not series:
            yield from _turn_missing(case, name, rec, shown)
        elif not isinstance(series, Missing):
            yield from _turn_known(case, name, series, rec, shown)


def _turn_known(
    case: Case, name: str, series: Series, rec: Recommendation, shown: float
) -> Iterator[Turn]:
    """Scale a metric's datapoints up and down until the decision changes."""
    value = series[-1].value
    floor = (rec.target or 1.0) / shown

    def scaled(factor: float) -> Decision:
        if value:
            points = tuple(point._replace(value=point.value * factor) for point in series)
        else:  # nothing times a factor is nothing: count in target values instead
            points = tuple(point._replace(value=floor * (factor - 1)) for point in series)
        return _decide(case, name, points)

    downwards = [*(1 / factor for factor in FACTORS), 0.0] if value else []
    for factors in (FACTORS, downwards):
        found = _find_nearest(case, scaled, list(factors))
        if found is None:
            continue
        factor, decision = found
        before = value * shown
        after = before * factor if value else floor * (factor - 1) * shown
        ratio = factor - 1 if value else None
        yield _turn(Input.METRIC, name, before, after, ratio, decision)


def _find_nearest(
    case: Case, attempt: Callable[[float], Decision], factors: list[float]
) -> tuple[float, Decision] | None:
    """Step outwards to the first factor that changes the decision, then halve the last step."""
    same = 1.0
    for factor in factors:
        decision = attempt(factor)
        if effect_of(decision) == case.effect:
            same = factor
            continue
        while abs(factor - same) > EXACT_RATIO / 2 * max(factor, same, LEAST):
            middle = (factor + same) / 2
            between = attempt(middle)
            if effect_of(between) == case.effect:
                same = middle
            else:
                factor, decision = middle, between  # noqa: PLW2901  (the far end moves nearer)
        return factor, decision
    return None


def _turn_missing(case: Case, name: str, rec: Recommendation, shown: float) -> Iterator[Turn]:
    """Say what a metric that is missing would have had to be; its target value is tried first."""
    if rec.target is None:
        return
    metric = case.target.metric_by_name[name]
    newest = case.decision.at - metric.period
    reference = rec.target / shown

    def known(factor: float) -> Decision:
        value = reference * factor
        points = (Datapoint(newest - k * metric.period, value) for k in range(_deepest(case, name)))
        return _decide(case, name, tuple(sorted(points)))

    at_target = known(1.0)
    if effect_of(at_target) != case.effect:
        yield _turn(Input.METRIC, name, None, rec.target, None, at_target)
        return
    for factors in (FACTORS, (*(1 / factor for factor in FACTORS), 0.0)):
        found = _find_nearest(case, known, list(factors))
        if found is not None:
            factor, decision = found
            yield _turn(Input.METRIC, name, None, rec.target * factor, None, decision)


def _deepest(case: Case, name: str) -> int:
    """How many datapoints the most patient policy on a metric looks at."""
    deepest = 1
    for policy in case.target.policies:
        if getattr(policy, "metric", None) == name:
            for rule in ("out_datapoints", "in_datapoints", "datapoints"):
                deepest = max(deepest, getattr(getattr(policy, rule, None), "evaluated", 1))
    return deepest


def _turn_ready(case: Case) -> Iterator[Turn]:
    """Have more, then fewer, instances in service, now and when the metrics were measured."""
    capacity = case.observation.capacity
    if isinstance(capacity, Missing):
        return
    for sign in (1, -1):
        for count in range(1, LOOKS_LIMIT + 1):
            ready = capacity.ready + sign * count
            if ready < 1:  # at none at all everything is another matter
                break
            decision = _decide_with_ready(case, sign * count)
            if effect_of(decision) != case.effect:
                ratio = sign * count / capacity.ready if capacity.ready else None
                before, after = float(capacity.ready), float(ready)
                yield _turn(Input.READY, "", before, after, ratio, decision)
                break


def _decide_with_ready(case: Case, more: int) -> Decision:
    observation, history = case.observation, case.history
    capacity = observation.capacity
    assert not isinstance(capacity, Missing)  # noqa: S101  (asked by _turn_ready)

    def shift(point: Datapoint) -> Datapoint:
        counted = None if point.ready is None else max(0, point.ready + more)
        return point._replace(ready=counted)

    metrics = {
        name: series if isinstance(series, Missing) else tuple(map(shift, series))
        for name, series in observation.metrics.items()
    }
    seen = replace(
        observation, capacity=capacity._replace(ready=capacity.ready + more), metrics=metrics
    )
    ready = tuple(each._replace(ready=max(0, each.ready + more)) for each in history.ready)
    return decide(case.target, seen, replace(history, ready=ready), case.decision.at)


def _turn_bounds(case: Case) -> Iterator[Turn]:
    """Move each bound by one instance."""
    target = case.target
    configured = CapacityRange(target.min_capacity, target.max_capacity)
    moved = case.history.bounds if case.history.bounds_over == configured else None
    least, most = moved or configured
    bounds = (
        (Input.MIN_CAPACITY, least),
        (Input.MAX_CAPACITY, most),
        (Input.HARD_MIN_CAPACITY, target.hard_min_capacity),
        (Input.HARD_MAX_CAPACITY, target.hard_max),
    )
    for kind, value in bounds:
        for after in (value + 1, value - 1):
            varied = _vary_bound(case, moved, kind, after)
            if varied is not None:
                yield from _turn_bound(case, varied, kind, "", (value, after))
    for window in target.windows:
        edges = (
            (Input.WINDOW_FLOOR, window.floor),
            (Input.WINDOW_CEILING, window.ceiling),
            (Input.WINDOW_PIN, window.pin),
        )
        for kind, edge in edges:
            for after in () if edge is None else (edge + 1, edge - 1):
                varied = _vary_window(case, window, kind, after)
                if varied is not None and edge is not None:
                    yield from _turn_bound(case, varied, kind, window.name, (edge, after))


def _vary_bound(
    case: Case, moved: CapacityRange | None, kind: Input, value: int
) -> tuple[ScalableTarget, History] | None:
    """Set one bound, where a scheduled action left it or else in the config; None: not valid."""
    target, history = case.target, case.history
    if moved is not None and kind in (Input.MIN_CAPACITY, Input.MAX_CAPACITY):
        field = "floor" if kind is Input.MIN_CAPACITY else "ceiling"
        bounds = moved._replace(**{field: value})
        valid = 0 <= bounds.floor <= bounds.ceiling
        return (target, replace(history, bounds=bounds)) if valid else None
    fields: dict[str, Any] = {kind.value: value}
    if kind is Input.MAX_CAPACITY and target.hard_max_capacity is not None:
        fields["hard_max_capacity"] = max(value, target.hard_max)
    try:
        return replace(target, **fields), history
    except ValueError:
        return None


def _vary_window(
    case: Case, window: Window, kind: Input, value: int
) -> tuple[ScalableTarget, History] | None:
    """Set a window's floor, ceiling or pin; None: not valid."""
    fields: dict[str, Any] = {kind.value.removeprefix("window_"): value}
    try:
        other = replace(window, **fields)
    except ValueError:  # it would cross the other edge, or zero
        return None
    windows = tuple(other if each is window else each for each in case.target.windows)
    return replace(case.target, windows=windows), case.history


def _turn_bound(
    case: Case,
    varied: tuple[ScalableTarget, History],
    kind: Input,
    name: str,
    values: tuple[int, int],
) -> Iterator[Turn]:
    target, history = varied
    decision = decide(target, case.observation, history, case.decision.at)
    if effect_of(decision) != case.effect:
        before, after = values
        ratio = (after - before) / before if before else None
        found = _turn(kind, name, float(before), float(after), ratio, decision)
        yield found._replace(
            follows=target.hard_max != case.target.hard_max and kind is Input.MAX_CAPACITY
        )


def _turn_time(case: Case) -> Iterator[Turn]:
    """Decide at each instant at which something ends, all else as it was; tell the first change."""
    now = case.decision.at
    instants: list[datetime] = []
    for at in _ends(case, case.decision):
        heappush(instants, at)
    seen = {now}
    while instants and len(seen) < LOOKS_LIMIT:
        at = heappop(instants)
        if at in seen or not now < at <= now + HORIZON:
            continue
        seen.add(at)
        decision = decide(case.target, _delay(case.observation, at - now), case.history, at)
        if effect_of(decision) != case.effect:
            found = _turn(Input.TIME, "", None, None, None, decision)
            yield found._replace(at=at)
            return
        for later in _ends(case, decision):
            heappush(instants, later)


def _ends(case: Case, decision: Decision) -> Iterator[datetime]:
    """List when something that was remembered or decided ends."""
    history = case.history
    if decision.wake_reason is not Reason.HEARTBEAT:
        yield decision.wake_at
    yield from (limit.until for limit in decision.limits if limit.until is not None)
    yield from (pause.until for pause in history.pauses if pause.until is not None)
    for timed in (history.foreign, history.quota, history.shortage):
        if timed is not None:
            yield timed.until
    boundary = find_bounds(case.target, history, decision.at)[1].until
    if boundary is not None:
        yield boundary


def _delay(observation: Observation, by: timedelta) -> Observation:
    """Let the same have been seen later, so that nothing becomes stale by being asked about."""
    metrics = {
        name: series
        if isinstance(series, Missing)
        else tuple(point._replace(at=point.at + by) for point in series)
        for name, series in observation.metrics.items()
    }
    return replace(observation, at=observation.at + by, metrics=metrics)


def _decide(case: Case, name: str, series: Series) -> Decision:
    """Decide again with another series of one metric."""
    metrics = {**case.observation.metrics, name: series}
    observation = replace(case.observation, metrics=metrics)
    return decide(case.target, observation, case.history, case.decision.at)


def _turn(
    kind: Input,
    name: str,
    before: float | None,
    after: float | None,
    ratio: float | None,
    decision: Decision,
) -> Turn:
    told = (decision.action, decision.desired, decision.ceiling, decision.reason)
    return Turn(kind, name, before, after, ratio, None, *told)

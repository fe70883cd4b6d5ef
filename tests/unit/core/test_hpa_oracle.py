"""Does profile `hpa` agree with the formula, whatever is put in?

The oracle is written from Kubernetes' own description, in exact fractions, and shares no code with
the engine.

Source: Kubernetes, "Horizontal Pod Autoscaling: Algorithm details", "Configurable scaling
behavior"; pkg/controller/podautoscaler, replica_calculator.go and horizontal.go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from flyball.core.decide import decide
from flyball.core.model import Capacity, Change, Datapoint, History, Observation, Recommended
from flyball.core.policy import TrackingPolicy
from flyball.core.target import (
    DirectionRules,
    Metric,
    Profile,
    RateKind,
    RateRule,
    ScalableTarget,
    Select,
    Unit,
)
from tests.unit.core.cases import NO_DATA, NOON, at, check_sound, seconds

Rule = tuple[RateKind, int, int]


@dataclass(frozen=True)
class Pods:
    """One metric over the pods; value None where it failed."""

    percent: bool
    target: int
    value: Fraction | None
    reporting: int


@dataclass(frozen=True)
class Behavior:
    """One direction's behaviour: window, selectPolicy, and (kind, value, period)."""

    window: int
    select: Select
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class World:
    """All that one decision of HPA depends on; times in seconds ago."""

    current: int
    ready: int
    least: int
    most: int
    metrics: tuple[Pods, ...]
    up: Behavior
    down: Behavior
    recommendations: tuple[tuple[int, int], ...]
    changes: tuple[tuple[int, int], ...]


# --- the oracle ---------------------------------------------------------------


def inside(ratio: Fraction) -> bool:
    """Say whether a ratio lies in the tolerance."""
    return abs(ratio - 1) <= Fraction(1, 10)


def replicas_for(metric: Pods, current: int, ready: int) -> int:
    """Work out one metric's proposal; the metric did not fail."""
    assert metric.value is not None

    def utilization(total: Fraction, count: int) -> Fraction:
        mean = total / count
        return Fraction(math.floor(mean)) if metric.percent else mean

    total = metric.value * metric.reporting
    ratio = utilization(total, metric.reporting) / metric.target
    absent = ready - metric.reporting
    if absent and ratio < 1:
        total += absent * (max(100, metric.target) if metric.percent else metric.target)
    filled = utilization(total, ready) / metric.target if absent and ratio != 1 else ratio
    turned = (ratio < 1 < filled) or (filled < 1 < ratio)
    if inside(filled) or turned:
        return current
    proposal = math.ceil(filled * ready)
    if (filled < 1 and proposal > current) or (filled > 1 and proposal < current):
        return current
    return proposal


def limit_of(behavior: Behavior, world: World, *, up: bool) -> int:
    """Work out how far the rate rules let this direction go."""
    if behavior.select is Select.DISABLED:
        return world.current
    if not behavior.rules:
        return 10**9 if up else -(10**9)
    proposals = []
    for kind, value, period in behavior.rules:
        start = world.current - sum(by for ago, by in world.changes if ago < period)
        if kind is RateKind.COUNT:
            proposals.append(start + value if up else start - value)
        elif up:
            proposals.append(math.ceil(start * (1 + Fraction(value, 100))))
        else:
            proposals.append(math.trunc(start * (1 - Fraction(value, 100))))
    furthest = max if up else min
    nearest = min if up else max
    chosen = (furthest if behavior.select is Select.MAX else nearest)(proposals)
    return max(chosen, world.current) if up else min(chosen, world.current)


def replicas(world: World) -> int:
    """Work out HPA's answer."""
    current = world.current
    valid = [metric for metric in world.metrics if metric.value is not None]
    if not valid:
        return current
    raw = max(replicas_for(metric, current, world.ready) for metric in valid)
    if raw < current and len(valid) < len(world.metrics):
        return current
    up = min([raw, *(n for ago, n in world.recommendations if ago < world.up.window)])
    down = max([raw, *(n for ago, n in world.recommendations if ago < world.down.window)])
    stable = min(max(current, up), down)
    if stable > current:
        stable = min(stable, limit_of(world.up, world, up=True))
    elif stable < current:
        stable = max(stable, limit_of(world.down, world, up=False))
    return min(max(stable, world.least), world.most)


# --- the engine, asked the same -----------------------------------------------


def ask(world: World) -> int:
    """Put the same question to the engine."""
    target = ScalableTarget(
        "churn",
        world.least,
        world.most,
        profile=Profile.HPA,
        metrics=tuple(
            Metric(f"m{index}", unit=Unit.PERCENT if metric.percent else Unit.NUMBER)
            for index, metric in enumerate(world.metrics)
        ),
        policies=tuple(
            TrackingPolicy(f"p{index}", f"m{index}", metric.target, high_ratio=1.1, low_ratio=0.9)
            for index, metric in enumerate(world.metrics)
        ),
        scale_out=rules_of(world.up),
        scale_in=rules_of(world.down),
    )
    seen = {
        f"m{index}": NO_DATA
        if metric.value is None
        else (Datapoint(NOON, float(metric.value), world.ready, metric.reporting),)
        for index, metric in enumerate(world.metrics)
    }
    history = History(
        recommendations=tuple(Recommended(at(-ago), n) for ago, n in world.recommendations),
        changes=tuple(Change(at(-ago), 500, 500 + by, (), at(-ago)) for ago, by in world.changes),
    )
    observation = Observation(NOON, Capacity(world.current, world.ready), seen)
    decision = decide(target, observation, history, NOON)
    check_sound(target, decision)
    return decision.desired


def rules_of(behavior: Behavior) -> DirectionRules:
    """Write a behaviour as the engine's rules."""
    return DirectionRules(
        seconds(behavior.window),
        tuple(RateRule(kind, value, seconds(period)) for kind, value, period in behavior.rules),
        behavior.select,
    )


# --- any world ----------------------------------------------------------------

RULES = st.tuples(st.sampled_from(RateKind), st.integers(1, 120), st.sampled_from([15, 60, 300]))
BEHAVIORS = st.builds(
    Behavior,
    st.sampled_from([0, 0, 60, 300]),
    st.sampled_from(Select),
    st.lists(RULES, max_size=3).map(tuple),
)


@st.composite
def metrics_of(draw: st.DrawFn, ready: int) -> Pods:
    """Draw a metric: anything, or close to an edge of the tolerance, in eighths."""
    target = draw(st.integers(1, 300))
    edge = draw(st.sampled_from([Fraction(9, 10), Fraction(1), Fraction(11, 10), Fraction(2)]))
    near = Fraction(round(target * edge * 8) + draw(st.integers(-9, 9)), 8)
    free = Fraction(draw(st.integers(0, 8 * 600)), 8)
    value = draw(st.sampled_from([max(near, Fraction(0)), free, None]))
    reporting = draw(st.sampled_from([ready, draw(st.integers(1, ready))]))
    return Pods(draw(st.booleans()), target, value, reporting)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world in which somebody is ready and capacity is inside its bounds."""
    current = draw(st.integers(1, 60))
    ready = draw(st.sampled_from([current, draw(st.integers(1, current))]))
    past = st.tuples(st.sampled_from([5, 15, 59, 60, 200, 299, 300]), st.integers(0, 80))
    moves = st.tuples(
        st.sampled_from([5, 14, 15, 59, 60, 299, 300]),
        st.integers(-20, 20).filter(lambda by: by != 0),
    )
    return World(
        current,
        ready,
        draw(st.integers(0, current)),
        draw(st.integers(current, 200)),
        tuple(draw(st.lists(metrics_of(ready), min_size=1, max_size=3))),
        draw(BEHAVIORS),
        draw(BEHAVIORS),
        tuple(sorted(draw(st.lists(past, max_size=4)), reverse=True)),
        tuple(sorted(draw(st.lists(moves, max_size=4)), reverse=True)),
    )


@given(worlds())
def test_the_engine_gives_the_formulas_number(world: World) -> None:
    """Ratio, absent pods, several metrics, both windows, all rates and the bounds together."""
    assert ask(world) == replicas(world)


@given(st.integers(1, 60), st.data())
def test_one_metric_alone_gives_the_formulas_number(current: int, data: st.DataObject) -> None:
    """Without anything that could hide a difference in the ratio."""
    ready = data.draw(st.sampled_from([current, data.draw(st.integers(1, current))]))
    free = Behavior(0, Select.MAX, ())
    metric = data.draw(metrics_of(ready))
    world = World(current, ready, 0, 100_000, (metric,), free, free, (), ())
    assert ask(world) == replicas(world)

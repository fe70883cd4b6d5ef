"""Which situations can the engine meet: everything that one decision is made from, as it may be?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from flyball.core.model import (
    Capacity,
    CapacityRange,
    Ceiling,
    Change,
    Datapoint,
    Direction,
    Failure,
    Foreign,
    History,
    Missing,
    MissingCause,
    Observation,
    Operation,
    Pause,
    Quota,
    ReadySample,
    Recommended,
    Series,
    Shortage,
    Status,
)
from flyball.core.policy import (
    Adjustment,
    Aggregation,
    Comparison,
    DatapointsRule,
    MissingRule,
    MissingRules,
    Policy,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Fallback,
    Metric,
    Mode,
    Per,
    Profile,
    RateKind,
    RateRule,
    ScalableTarget,
    Select,
    Unit,
    ZeroRule,
)
from flyball.core.window import Window

NOW = datetime(2026, 6, 1, 12, 0, 7, tzinfo=UTC)
METRICS = ("cpu", "queue", "latency")
SECONDS = st.integers(0, 900).map(lambda number: timedelta(seconds=number))
SPANS = st.sampled_from([0, 1, 15, 60, 300, 900]).map(lambda number: timedelta(seconds=number))
AGO = st.integers(0, 1200).map(lambda number: NOW - timedelta(seconds=number))
AHEAD = st.integers(-60, 1200).map(lambda number: NOW + timedelta(seconds=number))
CAPACITIES = st.integers(0, 60)
FINITE = (
    st.floats(0, 300) | st.integers(0, 300).map(float) | st.sampled_from([1e-300, 1e9, 1.7e308])
)
UNBELIEVABLE = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, -1e-9])


@dataclass(frozen=True)
class World:
    """One decision's inputs."""

    target: ScalableTarget
    observation: Observation
    history: History
    now: datetime = NOW


# --- what is wanted -----------------------------------------------------------

RULES = st.builds(
    MissingRules,
    st.sampled_from([MissingRule.HOLD, MissingRule.IGNORE]),
    st.sampled_from(MissingRule),
)
DATAPOINTS = st.sampled_from([(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (5, 5)]).map(
    lambda rule: DatapointsRule(*rule)
)


def trackings(name: str, missing: st.SearchStrategy[MissingRules] = RULES) -> Any:
    """Make any tracking policy of that name."""
    return st.builds(
        TrackingPolicy,
        st.just(name),
        st.sampled_from(METRICS),
        st.floats(0.5, 200) | st.sampled_from([1e-9, 7.0, 70.0, 100.0]),
        st.sampled_from([1.0, 1.1, 2.0]),
        st.sampled_from([0.0, 0.5, 0.9, 1.0]),
        DATAPOINTS,
        DATAPOINTS,
        SPANS,
        SPANS,
        st.booleans(),
        missing,
    )


@st.composite
def steppings(draw: st.DrawFn, name: str, *, rising: bool = False) -> StepPolicy:
    """Make any step policy of that name; rising: more load never asks for less."""
    inner = sorted(draw(st.sets(st.integers(-40, 40), max_size=4)) | {0})
    bounds = [None, *inner, None]
    changes = sorted(
        draw(st.lists(st.integers(-50, 50), min_size=len(bounds), max_size=len(bounds)))
    )
    if not rising and draw(st.booleans()):
        changes = changes[::-1]
    if rising:  # nothing is added below the threshold and nothing removed above it
        signs = [-1 if upper is not None and upper <= 0 else 1 for upper in bounds[1:]]
        sizes = sorted(abs(change) for change in changes)
        below = sum(sign < 0 for sign in signs)
        changes = [-size for size in reversed(sizes[:below])] + sizes[: len(signs) - below]
    kinds = [Adjustment.CHANGE_IN_CAPACITY, Adjustment.PERCENT_CHANGE_IN_CAPACITY]
    kind = draw(st.sampled_from(kinds if rising else list(Adjustment)))
    if kind is Adjustment.EXACT_CAPACITY:
        changes = [abs(change) for change in changes]
    steps = tuple(
        Step(lower, upper, change)
        for lower, upper, change in zip(bounds, bounds[1:], changes, strict=False)
    )
    by_percent = kind is Adjustment.PERCENT_CHANGE_IN_CAPACITY
    return StepPolicy(
        name,
        draw(st.sampled_from(METRICS)),
        draw(st.integers(0, 150)),
        steps,
        draw(st.sampled_from([None, *Comparison])),
        kind,
        draw(st.integers(0, 5)) if by_percent else 0,
        draw(st.sampled_from(Aggregation)),
        draw(DATAPOINTS),
        draw(SPANS),
        draw(RULES),
    )


@st.composite
def schedulings(draw: st.DrawFn, name: str) -> ScheduledPolicy:
    """Make an action that fires about now."""
    expressions = ["rate(1 minute)", "at(2026-06-01T12:00:00)", "cron(1 12 * * ? *)"]
    low, high = sorted((draw(CAPACITIES), draw(CAPACITIES)))
    bounds = draw(st.sampled_from([(low, None), (None, high), (low, high)]))
    return ScheduledPolicy(name, Schedule(draw(st.sampled_from(expressions))), *bounds)


@st.composite
def windows(draw: st.DrawFn, name: str) -> Window:
    """Make a window that is active, or nearly."""
    start = NOW + timedelta(minutes=draw(st.integers(-70, 10)))
    low, high = sorted((draw(CAPACITIES), draw(CAPACITIES)))
    asked = draw(
        st.sampled_from(
            [{"floor": low}, {"ceiling": high}, {"floor": low, "ceiling": high}, {"pin": low}]
        )
    )
    expression = f"at({start:%Y-%m-%dT%H:%M:00})"
    return Window(name, expression, duration=timedelta(hours=1), **asked)  # type: ignore[arg-type]


@st.composite
def directions(draw: st.DrawFn) -> DirectionRules:
    """Make what holds back a direction."""
    rule = st.builds(
        RateRule,
        st.sampled_from(RateKind),
        st.integers(1, 150),
        st.sampled_from([15, 60, 600]).map(lambda number: timedelta(seconds=number)),
    )
    rates = tuple(draw(st.lists(rule, max_size=2)))
    return DirectionRules(draw(SPANS), rates, draw(st.sampled_from([Select.MAX, *Select])))


@st.composite
def targets(draw: st.DrawFn, policies: tuple[Policy, ...] | None = None) -> ScalableTarget:
    """Make any scalable target; with these policies where they are given."""
    hard_low, low, high, hard_high = sorted(draw(st.tuples(*[CAPACITIES] * 4)))
    if policies is None:
        kinds: list[Any] = draw(
            st.lists(st.sampled_from([trackings, trackings, steppings, schedulings]), max_size=4)
        )
        policies = tuple(draw(kind(f"p{index}")) for index, kind in enumerate(kinds))
    made = [
        Metric(name, draw(st.sampled_from(Unit)), draw(st.sampled_from(Per))) for name in METRICS
    ]
    price = draw(st.none() | st.sampled_from([0.1, 1.0, 7.5]))
    zero = st.builds(ZeroRule, st.sampled_from(METRICS), st.sampled_from([0.0, 5.0]), SPANS)
    return ScalableTarget(
        "churn",
        low,
        high,
        hard_low,
        draw(st.sampled_from([None, hard_high])),
        profile=draw(st.sampled_from(Profile)),
        capacity_kind=draw(st.sampled_from(CapacityKind)),
        mode=draw(st.sampled_from(Mode)),
        metrics=tuple(made),
        policies=policies,
        windows=tuple(draw(windows(f"w{index}")) for index in range(draw(st.integers(0, 2)))),
        scale_out=draw(directions()),
        scale_in=draw(directions()),
        zero=draw(st.none() | zero),
        fallback=draw(st.none() | st.builds(Fallback, CAPACITIES, SPANS)),
        price_per_hour=price,
        spend_limit_per_hour=None if price is None else draw(st.none() | st.floats(0, 300)),
        heartbeat=timedelta(seconds=draw(st.integers(1, 900))),
        tick=timedelta(seconds=draw(st.integers(1, 900))),
    )


# --- what is seen and remembered ----------------------------------------------


@st.composite
def sights(draw: st.DrawFn, values: st.SearchStrategy[float] = FINITE | UNBELIEVABLE) -> Series:
    """Make a series a period apart, with gaps, that may be late, stale or ahead."""
    count = draw(st.integers(1, 8))
    end = NOW - timedelta(seconds=draw(st.sampled_from([0, 0, 0, 30, 60, 299, 300, 301, -10, -11])))
    kept = draw(st.lists(st.booleans(), min_size=count - 1, max_size=count - 1))
    counts = st.none() | CAPACITIES
    return tuple(
        Datapoint(end - timedelta(seconds=60 * age), draw(values), draw(counts), draw(counts))
        for age in range(count - 1, -1, -1)
        if age == 0 or kept[age - 1]
    )


NOTHING: st.SearchStrategy[Series | Missing] = st.one_of(
    st.just(()),
    st.builds(Missing, st.sampled_from(MissingCause)),
    sights().filter(lambda found: NOW - found[-1].at > timedelta(seconds=300)),
    sights(FINITE).map(lambda found: (*found[:-1], found[-1]._replace(value=math.nan))),
    sights(FINITE).map(lambda found: (*found[:-1], found[-1]._replace(value=-5.0))),
)
"""What can be believed to say nothing."""

KNOWN = st.builds(
    Capacity,
    CAPACITIES,
    CAPACITIES,
    st.sampled_from([Status.IN_SERVICE, *Status]),
    st.none() | CAPACITIES,
    owner=st.sampled_from(["", "", "native"]),
    warming=st.sampled_from([0, 0, 0, 1, 7]),
    least=st.none() | CAPACITIES,
    most=st.none() | CAPACITIES,
    short=st.booleans(),
    operation=st.none() | st.builds(Operation, st.just("one"), st.none() | AGO, st.just("")),
)
ANY_CAPACITY: st.SearchStrategy[Capacity | Missing] = KNOWN | st.builds(
    Missing, st.sampled_from(MissingCause)
)
ANY_SIGHT: st.SearchStrategy[Series | Missing] = sights() | NOTHING


@st.composite
def observations(
    draw: st.DrawFn,
    capacity: st.SearchStrategy[Capacity | Missing] = ANY_CAPACITY,
    metrics: st.SearchStrategy[Series | Missing] = ANY_SIGHT,
) -> Observation:
    """Make what was seen."""
    return Observation(
        NOW, draw(capacity), draw(st.dictionaries(st.sampled_from(METRICS), metrics))
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[Change, ...]:
    """Make the changes of the last minutes, the newest of which may be in flight."""
    times = sorted(draw(st.sets(AGO, max_size=4)))
    made = []
    for index, time in enumerate(times):
        done: datetime | None = min(NOW, time + draw(SECONDS))
        if index == len(times) - 1 and draw(st.booleans()):
            done = None
        names = tuple(draw(st.sets(st.sampled_from(["p0", "p1", "p2"]))))
        made.append(Change(time, draw(CAPACITIES), draw(CAPACITIES), tuple(sorted(names)), done))
    return tuple(made)


CEILINGS = st.builds(
    Ceiling,
    CAPACITIES,
    st.none() | st.builds(Change, AGO, CAPACITIES, CAPACITIES, st.just(()), st.none()),
    st.none() | st.builds(Foreign, AGO, CAPACITIES, CAPACITIES, AHEAD),
    st.none() | st.builds(Failure, AGO, st.integers(1, 30), st.sampled_from(Direction)),
)
"""What may be remembered of a range's upper end."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Make what is remembered."""
    low, high = sorted((draw(CAPACITIES), draw(CAPACITIES)))
    return History(
        desired=draw(st.none() | CAPACITIES),
        changes=draw(changes()),
        recommendations=tuple(
            Recommended(time, draw(CAPACITIES)) for time in sorted(draw(st.sets(AGO, max_size=4)))
        ),
        ready=tuple(
            ReadySample(time, draw(CAPACITIES)) for time in sorted(draw(st.sets(AGO, max_size=3)))
        ),
        bounds=draw(st.sampled_from([None, CapacityRange(low, high)])),
        bounds_over=draw(st.none() | st.builds(CapacityRange, CAPACITIES, CAPACITIES)),
        scheduled_until=draw(st.none() | AGO),
        missing_since=draw(st.dictionaries(st.sampled_from(METRICS), AGO)),
        active_at=draw(st.none() | AGO),
        pauses=tuple(
            draw(
                st.lists(
                    st.builds(Pause, st.sampled_from([None, *Direction]), st.none() | AHEAD),
                    max_size=2,
                )
            )
        ),
        foreign=draw(st.none() | st.builds(Foreign, AGO, CAPACITIES, CAPACITIES, AHEAD)),
        quota=draw(st.none() | st.builds(Quota, CAPACITIES, AHEAD)),
        shortage=draw(st.none() | st.builds(Shortage, AGO, st.integers(1, 30), AHEAD)),
        ceiling=draw(st.none() | CEILINGS),
    )


WORLDS = st.builds(World, targets(), observations(), histories())

"""Does mending what broke on an endpoint come to an end, and never to something less safe?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.expectation import Expectation, Shape
from flyball.sizing.limit import Objective
from flyball.sizing.measured import Fleet, Limit, Verdict, measure
from flyball.sizing.mended import mend
from flyball.sizing.pattern import expect_patterns
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.settings import Cooldowns, Kind, Settings, derive_settings
from tests.unit.sizing.sized import publish

EACH, PEAK = 10_000.0, 30_000.0
"""Requests a minute: that one instance carries alone, and that are expected at most."""
ROUNDS = 40
TICK_S = 20.0


@dataclass(frozen=True)
class World:
    """What is true of an endpoint.

    Attributes:
        part: Each instance carries so much of what it does alone.
        shared: Requests a minute that all of them together carry.
        quota: Instances that ever come.
        lag_s: From load to instances.
        is_counted: Whether the load test tells how many served.
        held_s: How long each load is held.
        loads: Requests a minute.
    """

    part: float
    shared: float
    quota: int
    lag_s: float
    is_counted: bool
    held_s: float
    loads: tuple[float, ...]

    def answer(self, asked: float, instances: float) -> tuple[float, float]:
        """Give what is answered, and p95 in milliseconds."""
        carried = min(instances * EACH * self.part, self.shared)
        used = asked / carried
        return min(asked, carried), 20.0 + 40.0 * min(used, 1.0) ** 4 + 200.0 * (used > 0.97)

    def test(self, now: Settings) -> Benchmark:
        """Load the endpoint, as its target alone scales it."""
        asked: list[float] = []
        steps = []
        for load in self.loads:
            answered = counts = late = 0.0
            ticks = round(self.held_s / TICK_S)
            for _ in range(ticks):
                asked.append(load)
                seen = len(asked) - 1 - math.ceil(self.lag_s / TICK_S)
                wanted = math.ceil(asked[seen] / now.invocations) if seen >= 0 else 0
                ready = min(max(wanted, now.min_capacity), now.max_capacity, self.quota)
                each, latency = self.answer(load, ready)
                answered, counts, late = answered + each, counts + ready, max(late, latency)
            counted = counts / ticks if self.is_counted else None
            held = timedelta(seconds=self.held_s)
            got = min(load, answered / ticks)
            steps.append(Step(got, load, None, held, {0.95: late}, instances=counted))
        return Benchmark(tuple(steps), source="fleet")


@st.composite
def draw_worlds(draw: st.DrawFn) -> World:
    """Draw an endpoint with some fault, or several, and how it is loaded."""
    count = draw(st.integers(3, 12))
    top = draw(st.sampled_from([1.0, 1.2, 2.0]))
    return World(
        part=draw(st.sampled_from([1.0, 1.0, 0.95, 0.7, 0.4, 0.1])),
        shared=draw(st.sampled_from([math.inf, math.inf, 25_000.0, 12_000.0])),
        quota=draw(st.sampled_from([10_000, 10_000, 4, 2])),
        lag_s=draw(st.sampled_from([60.0, 160.0, 600.0])),
        is_counted=draw(st.booleans()),
        held_s=draw(st.sampled_from([60.0, 240.0, 1_200.0])),
        loads=tuple(sorted({PEAK, *(PEAK * top * (each + 1) / count for each in range(count))})),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(
    world=draw_worlds(),
    objective=st.sampled_from([Objective.BALANCED, Objective.COST, LatencyObjective(100.0)]),
    shape=st.sampled_from([Shape.SMOOTH, Shape.SPIKY]),
    growth=st.sampled_from([1.0, 1.2]),
    kind=st.sampled_from(list(Kind)),
    most=st.sampled_from([5, 20, 10_000]),
    held=st.sampled_from([1.0, 1.0, 2.5]),
    waits=st.sampled_from([0, 10, 600]),
    low=st.sampled_from([8, 8, 2]),
)
def test_mending_ends_and_never_makes_an_endpoint_less_safe(
    world: World,
    objective: Objective | LatencyObjective,
    shape: Shape,
    growth: float,
    kind: Kind,
    most: int,
    held: float,
    waits: int,
    low: int,
) -> None:
    """Round by round: never fewer instances, a higher target or a longer wait; and what holds does.

    Where all that ends it is one of these: it holds, it is said what stands in the way, or how to
    test again.
    """
    expected = Expectation(70.0, PEAK / 60.0, growth, shape)
    sizing = publish(objective=objective, expectation=expected)
    usual = derive_settings(sizing, kind=kind)
    capacity = min(low, usual.max_capacity, most)
    now = replace(
        usual,
        min_capacity=min(usual.min_capacity, capacity),
        max_capacity=capacity,
        invocations=usual.invocations * held,
        cooldowns=Cooldowns(timedelta(seconds=waits), timedelta(seconds=100)),
    )
    patterns = expect_patterns(expected)
    for _ in range(ROUNDS):
        fleet = Fleet(now, sizing.saturation.invocations, timedelta(seconds=world.lag_s))
        measured = measure(world.test(now), sizing, fleet, patterns)
        mended = mend(measured, sizing, fleet, most, "it broke")
        after = mended.settings
        assert after.min_capacity >= now.min_capacity
        assert after.max_capacity >= now.max_capacity
        assert 1 <= after.min_capacity <= after.max_capacity <= most
        assert 0.0 < after.invocations <= now.invocations
        assert after.cooldowns.scale_out <= now.cooldowns.scale_out
        assert after.cooldowns.scale_in == now.cooldowns.scale_in
        assert [each.add for each in after.rises] >= [each.add for each in now.rises]
        assert (after != now) == bool(mended.changes)
        if measured.limit is Limit.MAX_CAPACITY and mended.changes:
            assert after.max_capacity > now.max_capacity
        if after == now:
            break
        now = after
    else:
        raise AssertionError("it goes on without end")
    assert (measured.verdict is Verdict.BREAKS) == bool(mended.obstacle)
    if measured.verdict is Verdict.HOLDS:
        ready = min(max(math.ceil(PEAK / now.invocations), now.min_capacity), now.max_capacity)
        assert world.answer(PEAK, min(ready, world.quota))[0] >= 0.98 * PEAK

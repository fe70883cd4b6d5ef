"""What holds of policies that learn, whatever they have learned?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.core.advice import Chosen, Follows, Foresight, Learned
from flyball.core.codec import canonical, parse
from flyball.core.decide import decide
from flyball.core.learn import learn
from flyball.core.model import History, LimitKind, Missing, Observation
from flyball.core.policy import AdaptivePolicy, PredictivePolicy, TrackingPolicy
from flyball.core.relearn import abridge
from flyball.core.remember import absorb
from flyball.core.target import Metric, Per, Profile, ScalableTarget
from tests.property.worlds import (
    CAPACITIES,
    KNOWN,
    METRICS,
    NOTHING,
    NOW,
    World,
    directions,
    histories,
    observations,
)

ADAPT = AdaptivePolicy("adapt", "queue", 7.0)
AHEAD = PredictivePolicy("ahead", "queue", 7.0)
TRACK = TrackingPolicy("track", "cpu", 70.0)
WITH_AHEAD = (TRACK, AHEAD)
DEMAND = st.floats(0.0, 1e6)


@st.composite
def learned(draw: st.DrawFn) -> dict[str, Learned]:
    """Make what may have been learned."""
    foresight = Foresight(
        NOW,
        draw(CAPACITIES),
        timedelta(minutes=draw(st.integers(1, 60))),
        draw(DEMAND),
        "day",
        draw(DEMAND),
        draw(DEMAND),
        0.9,
        draw(st.none() | st.floats(0.0, 9.0)),
        draw(st.integers(0, 9_999)),
        draw(st.booleans()),
    )
    chosen = Chosen(
        NOW, draw(CAPACITIES), timedelta(minutes=6), draw(st.sampled_from(Follows)), "shadow"
    )
    return {
        "ahead": Learned("fits", NOW, state="{}", foresight=foresight),
        "adapt": Learned("fits", NOW, state="{}", chosen=chosen),
    }


@st.composite
def worlds(draw: st.DrawFn, policies: tuple[Any, ...]) -> World:
    """Make any situation of a target with these policies."""
    low, high = sorted((draw(CAPACITIES), draw(CAPACITIES)))
    metrics = tuple(Metric(name, per=draw(st.sampled_from(Per))) for name in METRICS)
    target = ScalableTarget(
        "churn",
        low,
        high,
        profile=draw(st.sampled_from(Profile)),
        metrics=metrics,
        policies=policies,
        scale_out=draw(directions()),
        scale_in=draw(directions()),
    )
    history = replace(draw(histories()), policies=draw(learned()))
    return World(target, draw(observations()), history)


@given(worlds((TRACK, ADAPT, AHEAD)))
def test_a_decision_needs_no_state(world: World) -> None:
    """Only the advice: so a row that leaves the state out decides the same."""
    bare = {name: each._replace(state="") for name, each in world.history.policies.items()}
    stored = parse(History, canonical(replace(world.history, policies=bare)))
    found = decide(world.target, world.observation, world.history, world.now)
    assert decide(world.target, world.observation, stored, world.now) == found
    assert world.target.hard_min_capacity <= found.desired <= world.target.hard_max
    if not isinstance(world.observation.capacity, Missing):
        assert found.wake_at <= world.now + world.target.tick


@given(worlds(WITH_AHEAD), KNOWN)
def test_a_forecast_only_ever_raises(world: World, capacity: Any) -> None:
    """What is asked for with it is never less than without."""
    seen = replace(world.observation, capacity=capacity)
    alone = replace(world.target, policies=(TRACK,))
    with_it = decide(world.target, seen, world.history, world.now)
    without = decide(alone, seen, world.history, world.now)
    kept = [each.after for each in with_it.limits if each.kind is LimitKind.FORECAST]
    assert max([with_it.wanted, *kept]) >= without.wanted
    if without.wanted < (without.current or 0) <= with_it.wanted:
        told = next(each for each in with_it.recommendations if each.policy == "ahead")
        assert told.desired is not None  # nothing but a scale-out of its own outdoes a scale-in


@given(worlds((ADAPT,)), KNOWN, NOTHING)
def test_missing_data_never_scale_in(world: World, capacity: Any, nothing: Any) -> None:
    """Whatever was learned before."""
    capacity = capacity._replace(least=None, most=None)
    metrics = {**world.observation.metrics, "queue": nothing}
    seen = replace(world.observation, capacity=capacity, metrics=metrics)
    found = decide(world.target, seen, world.history, world.now)
    assert found.desired >= min(capacity.desired, world.target.hard_max)


@st.composite
def looks(draw: st.DrawFn) -> list[Observation]:
    """Make looks that follow each other, at any distance."""
    now, made = NOW, []
    for _ in range(draw(st.integers(1, 5))):
        now += timedelta(seconds=draw(st.integers(0, 1_200)))
        seen = draw(observations())
        shift = now - NOW
        metrics = {
            name: series
            if isinstance(series, Missing)
            else tuple(point._replace(at=point.at + shift) for point in series)
            for name, series in seen.metrics.items()
        }
        made.append(Observation(now, seen.capacity, metrics))
    return made


@given(looks(), st.sampled_from(Per))
@settings(max_examples=30)
def test_what_is_learned_is_written_and_read_to_the_bit(looks: list[Observation], per: Per) -> None:
    """And is bounded, whatever was seen; again it is the same, from what the rows hold."""
    metrics = tuple(Metric(name, per=per) for name in METRICS)
    target = ScalableTarget("churn", 1, 50, metrics=metrics, policies=(ADAPT, AHEAD))
    history = History()
    for seen in looks:
        before = history.policies
        history, _ = absorb(target, history, seen, seen.at)
        row = parse(History, canonical(abridge(before, history)))
        assert learn(target, before, seen, row, seen.at) == history.policies
        history = parse(History, canonical(history))
        assert all(len(each.state) < 30_000 for each in history.policies.values())

"""Can what was forgotten change any later decision, and is there an end to what is kept?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.core.decide import decide
from flyball.core.model import (
    Capacity,
    Change,
    Datapoint,
    History,
    Observation,
    ReadySample,
    Recommended,
)
from flyball.core.policy import Step, StepPolicy, TrackingPolicy
from flyball.core.prune import (
    CHANGES_LIMIT,
    READY_LIMIT,
    RECOMMENDATIONS_LIMIT,
    prune_changes,
    prune_ready,
    prune_recommendations,
)
from flyball.core.remember import note_applied
from flyball.core.target import (
    DirectionRules,
    Metric,
    RateKind,
    RateRule,
    ScalableTarget,
)
from tests.unit.core.looks import MINUTE, NOON, at, look, target


@st.composite
def scenes(draw: st.DrawFn) -> tuple[ScalableTarget, Observation, History, int]:
    """Make a target, a history that forgot nothing, and a look some minutes after noon."""
    windows = st.sampled_from([0, 0, 2, 10, 30]).map(lambda minutes: minutes * MINUTE)
    rates = st.lists(
        st.builds(
            RateRule,
            st.sampled_from(RateKind),
            st.sampled_from([1, 2, 5, 50, 100]),
            st.integers(1, 20).map(lambda minutes: minutes * MINUTE),
        ),
        max_size=2,
    ).map(tuple)
    steps = (Step(None, 0, -2), Step(0, 50, 2), Step(50, None, 5))
    policies = (
        TrackingPolicy(
            "t",
            "load",
            100.0,
            scale_out_cooldown=draw(windows),
            scale_in_cooldown=draw(windows),
        ),
        StepPolicy("s", "load", 150.0, steps, cooldown=draw(windows)),
    )
    scaled = target(
        policies=policies[: draw(st.integers(1, 2))],
        scale_out=DirectionRules(draw(windows), draw(rates)),
        scale_in=DirectionRules(draw(windows), draw(rates)),
        metrics=(Metric("load", max_age=draw(st.integers(1, 5)) * MINUTE),),
    )
    later = draw(st.integers(0, 3) | st.integers(0, 40))
    point = Datapoint(at(later - draw(st.integers(0, 5))), float(draw(st.integers(0, 400))))
    capacity = Capacity(draw(st.integers(0, 12)), draw(st.integers(0, 12)))
    return scaled, Observation(at(later), capacity, {"load": (point,)}), draw(histories()), later


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Make a history up to noon: changes in order, the last of them perhaps in flight."""
    since = draw(st.sampled_from([-20, -80]))
    instants = sorted(draw(st.lists(st.integers(since, 0), max_size=8, unique=True)))
    ends = sorted(
        draw(st.lists(st.integers(-79, 0), min_size=len(instants), max_size=len(instants)))
    )
    flying = draw(st.integers(0, 2))
    changes = []
    for index, (begun, done) in enumerate(zip(instants, ends, strict=True)):
        before, after = draw(st.tuples(st.integers(0, 12), st.integers(0, 12)))
        names = draw(st.sampled_from([("t",), ("s",), ("t", "s"), ()]))
        completed_at = None if index >= len(instants) - flying else at(max(begun, done))
        changes.append(Change(at(begun), before, after, names, completed_at))
    wished = sorted(draw(st.lists(st.integers(-80, 0), max_size=12, unique=True)))
    ready = sorted(draw(st.lists(st.integers(-12, 0), max_size=8, unique=True)))
    return History(
        changes=tuple(changes),
        recommendations=tuple(Recommended(at(when), draw(st.integers(0, 12))) for when in wished),
        ready=tuple(ReadySample(at(when), draw(st.integers(0, 12))) for when in ready),
    )


@settings(max_examples=600)
@given(scenes())
def test_a_decision_is_the_same_with_what_was_forgotten(
    scene: tuple[ScalableTarget, Observation, History, int],
) -> None:
    """Cooldowns, rates, windows and instances in service: then, and at every later look."""
    scaled, seen, history, later = scene
    pruned = replace(
        history,
        changes=prune_changes(scaled, history.changes, NOON),
        recommendations=prune_recommendations(scaled, history.recommendations, NOON),
        ready=prune_ready(scaled, history.ready, (), NOON),
    )
    assert decide(scaled, seen, pruned, at(later)) == decide(scaled, seen, history, at(later))


def test_a_cooldown_that_continues_another_remembers_where_it_began() -> None:
    """Three scale-outs, each inside the one before's cooldown: the first's base still counts."""
    changes = tuple(
        Change(at(minute), before, before + 1, ("s",), at(minute))
        for minute, before in ((-25, 2), (-17, 3), (-9, 4))
    )
    step = StepPolicy("s", "load", 100.0, (Step(0, None, 4),), cooldown=10 * MINUTE)
    scaled = target(policies=(step,))
    assert prune_changes(scaled, changes, NOON) == changes
    assert prune_changes(scaled, changes, at(1)) == ()
    decision = decide(scaled, look(5, load=200.0), History(changes=changes), NOON)
    assert decision.desired == 6


def test_a_change_is_kept_as_long_as_a_rate_rule_counts_it() -> None:
    """Also where no cooldown asks for it: at most two more in twenty minutes."""
    tracking = TrackingPolicy("t", "load", 100.0)
    rule = RateRule(RateKind.COUNT, 2, 20 * MINUTE)
    scaled = target(policies=(tracking,), scale_out=DirectionRules(rates=(rule,)))
    changes = (Change(at(-19), 2, 3, ("t",), at(-19)),)
    assert prune_changes(scaled, changes, NOON) == changes
    assert prune_changes(scaled, changes, at(1)) == ()
    assert decide(scaled, look(3, load=300.0), History(changes=changes), NOON).desired == 4


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=60), st.integers(0, 9))
def test_what_is_kept_of_recommendations_is_one_slope_for_each_direction(
    steps: list[tuple[int, int]], window: int
) -> None:
    """Kept after kept, so never more than twice the capacities there are."""
    scaled = target(
        scale_in=DirectionRules(window * MINUTE), scale_out=DirectionRules(window * MINUTE)
    )
    kept: tuple[Recommended, ...] = ()
    now = NOON
    for pause, desired in steps:
        now += pause * MINUTE + timedelta(seconds=1)
        kept = prune_recommendations(scaled, (*kept, Recommended(now, desired)), now)
    assert len(kept) <= 2 * 31
    assert all(each.at > now - window * MINUTE for each in kept)


def test_every_list_is_bounded() -> None:
    """An item has a size limit; and a year of ceaseless change must fit."""
    day = timedelta(days=365)
    scaled = target(
        policies=(TrackingPolicy("t", "load", 100.0, scale_out_cooldown=day),),
        metrics=(Metric("load", max_age=day),),
        scale_in=DirectionRules(day),
    )
    changes = tuple(Change(at(-n), 1, 2, (), at(-n)) for n in range(2000, 0, -1))
    ready = tuple(ReadySample(at(-n), n) for n in range(2000, 0, -1))
    wished = tuple(Recommended(at(-n), n) for n in range(2000, 0, -1))
    assert prune_changes(scaled, changes, NOON) == changes[-CHANGES_LIMIT:]
    assert prune_ready(scaled, ready, (), NOON) == ready[-READY_LIMIT:]
    assert prune_recommendations(scaled, wished, NOON) == wished[-RECOMMENDATIONS_LIMIT:]
    decision = decide(scaled, look(2, load=200.0), History(), NOON)
    assert len(note_applied(History(changes=changes), decision, NOON).changes) == CHANGES_LIMIT

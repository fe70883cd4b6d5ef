"""Do the invariants of a single decision hold, whatever there is and whatever is seen?

Their numbers are those of docs/conformance.md.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from flyball.core.codec import canonical, parse
from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Capacity,
    Datapoint,
    Decision,
    History,
    LimitKind,
    Missing,
    Observation,
    Pause,
    Reason,
    Series,
)
from flyball.core.policy import MissingRule, MissingRules, ScheduledPolicy, TrackingPolicy
from flyball.core.remember import absorb, remember
from flyball.core.target import Profile, ScalableTarget
from tests.property.worlds import (
    FINITE,
    KNOWN,
    METRICS,
    NOTHING,
    NOW,
    WORLDS,
    World,
    histories,
    observations,
    sights,
    steppings,
    targets,
    trackings,
)
from tests.unit.core.cases import check_sound


def decided(world: World, **fields: Any) -> Decision:
    """Decide a world, and check what holds for every decision."""
    decision = decide(world.target, world.observation, world.history, world.now, **fields)
    check_sound(world.target, decision, fields.get("without", frozenset()))
    return decision


def hardest(target: ScalableTarget) -> int:
    """Say the most that may ever be desired: the hard maximum and the spend limit."""
    price, limit = target.price_per_hour, target.spend_limit_per_hour
    paid = math.inf if price is None or limit is None else limit / price * (1 + 1e-9)
    return math.floor(min(target.hard_max, paid))


# --- totality, 4 --------------------------------------------------------------


@given(WORLDS)
def test_there_is_a_decision_for_every_valid_input(world: World) -> None:
    """It never raises, its limits are a chain, and it says when to look again."""
    found = decided(world)
    event(found.action.value)
    event(found.reason.value)
    for limit in found.limits:
        event(limit.kind.value)


@given(WORLDS)
def test_invariant_4_desired_is_inside_the_hard_bounds(world: World) -> None:
    """Whatever policies, windows and events say; the spend limit is a hard maximum too."""
    found = decided(world)
    most = hardest(world.target)
    known = found.current is not None
    assert found.desired <= (most if known else world.target.hard_max)
    assert found.desired >= min(world.target.hard_min_capacity, most)
    assert found.ceiling <= (most if known else world.target.hard_max)
    assert found.min_capacity <= found.max_capacity


@given(WORLDS, st.sets(st.sampled_from(LimitKind)))
def test_leaving_out_limits_never_fails(world: World, without: set[LimitKind]) -> None:
    """And none that was left out is among those that are left."""
    found = decided(world, without=frozenset(without))
    assert not without & {limit.kind for limit in found.limits}


@given(WORLDS)
def test_what_is_remembered_can_be_decided_on(world: World) -> None:
    """A day of looks at the same world: absorb, decide, remember, again."""
    history = world.history
    for _ in range(3):
        history, _noticed = absorb(world.target, history, world.observation, world.now)
        found = decided(replace(world, history=history))
        history = remember(world.target, history, found)
    assert parse(History, canonical(history)) == history


# --- 2 ------------------------------------------------------------------------

BLIND = st.builds(World, targets(), observations(KNOWN, NOTHING), histories())
HOLDING = st.just(MissingRules(scale_in=MissingRule.HOLD))


@given(BLIND)
def test_invariant_2_what_is_missing_gives_no_number_and_is_no_zero(world: World) -> None:
    """None, failed, stale, NaN and negative: no policy knows, and a fallback is never less."""
    found = decided(world)
    current = found.current or 0
    for rec in found.recommendations:
        if rec.reason is Reason.FALLBACK:
            assert rec.desired is not None
            assert rec.desired >= current
        elif rec.reason is Reason.FLOOR_UNCLAIMED:
            assert not world.target.measured, "nobody who could be blind"
        else:
            assert (rec.desired, rec.value) == (None, None)
            assert rec.missing is not None
    assert found.wanted >= current or "range" in found.policies


@given(BLIND)
def test_invariant_2_blind_scale_in_comes_only_of_the_calendar_and_the_bounds(world: World) -> None:
    """Whatever the rules for missing data are."""
    found = decided(world)
    kinds = {limit.kind for limit in found.limits if limit.after < limit.before}
    if "range" in found.policies:
        assert not world.target.measured
        assert found.desired >= min(found.min_capacity, found.current or 0)
    elif found.desired < (found.current or 0):
        assert kinds & {LimitKind.BOUNDS, LimitKind.WINDOW, LimitKind.BUDGET, LimitKind.HARD}
        assert found.desired >= found.max_capacity


@st.composite
def half_blind(draw: st.DrawFn) -> World:
    """Make a world of policies that hold, of which one metric cannot be believed."""
    count = draw(st.integers(1, 3))
    policies = tuple(draw(trackings(f"p{index}", HOLDING)) for index in range(count))
    target = draw(targets((*policies, draw(steppings("s")))))
    seen = draw(observations(KNOWN, sights(FINITE)))
    metrics = {**seen.metrics, policies[0].metric: draw(NOTHING)}
    return World(target, replace(seen, metrics=metrics), draw(histories()))


@given(half_blind())
def test_invariant_2_one_missing_metric_that_holds_stops_every_scale_in(world: World) -> None:
    """Only the hard bounds go below what is there."""
    found = decided(world)
    assert found.desired >= min(found.current or 0, hardest(world.target))


@st.composite
def eager(draw: st.DrawFn) -> World:
    """Make a world whose policies would scale in at once if their metrics were zero."""
    count = draw(st.integers(1, 3))
    policies = tuple(TrackingPolicy(f"p{index}", METRICS[index], 70.0) for index in range(count))
    target = replace(draw(targets(policies)), fallback=None)
    current = draw(st.integers(1, 60))
    seen = draw(observations(st.just(Capacity(current, current)), NOTHING))
    history = replace(draw(histories()), ready=())
    return World(target, seen, history)


@given(eager())
def test_invariant_2_a_missing_metric_is_not_a_metric_of_zero(world: World) -> None:
    """The same world with zeros asks for nothing at all; the blind one for what is there."""
    zeros: dict[str, Series | Missing] = {name: (Datapoint(NOW, 0.0),) for name in METRICS}
    seeing = decided(replace(world, observation=replace(world.observation, metrics=zeros)))
    blind = decided(world)
    assert seeing.wanted == 0 < (blind.current or 0)
    assert blind.wanted >= (blind.current or 0)


# --- 3 ------------------------------------------------------------------------


@given(WORLDS)
def test_invariant_3_the_same_inputs_give_the_same_decision(world: World) -> None:
    """Twice, and through the stored form of every input."""
    first = canonical(decided(world))
    assert canonical(decided(world)) == first
    target = parse(ScalableTarget, canonical(world.target))
    observation = parse(Observation, canonical(world.observation))
    history = parse(History, canonical(world.history))
    assert target == world.target
    assert canonical(observation) == canonical(world.observation)
    assert history == world.history
    assert canonical(decided(World(target, observation, history))) == first
    assert canonical(parse(Decision, first)) == first


# --- 5 ------------------------------------------------------------------------


@st.composite
def loads(draw: st.DrawFn, *, steps: bool) -> tuple[World, World]:
    """Make the same world under some load and under more."""
    kinds = [draw(trackings(f"p{index}")) for index in range(draw(st.integers(0, 3)))]
    if steps:
        kinds = [*kinds, draw(steppings("s", rising=True))]
    target = draw(targets(tuple(kinds)))
    target = replace(target, fallback=None)
    less = draw(observations(KNOWN, sights(FINITE)))
    factor = draw(st.sampled_from([1.0, 1.01, 1.2, 2.0, 50.0]))
    extra = draw(st.sampled_from([0.0, 0.5, 10.0, 1000.0]))
    more: dict[str, Series | Missing] = {}
    for name, series in less.metrics.items():
        assert not isinstance(series, Missing)
        more[name] = tuple(
            point._replace(value=min(1.7e308, point.value * factor + extra)) for point in series
        )
    history = draw(histories())
    return World(target, less, history), World(target, replace(less, metrics=more), history)


@given(loads(steps=True))
def test_invariant_5_more_load_never_lowers_a_recommendation(pair: tuple[World, World]) -> None:
    """One that has no number asks for what is there; step policies that rise with the load."""
    less, more = (decided(world) for world in pair)
    current = less.current or 0
    for one, other in zip(less.recommendations, more.recommendations, strict=True):
        before = current if one.desired is None else one.desired
        after = current if other.desired is None else other.desired
        assert after >= before, (one, other)


@given(loads(steps=False))
def test_invariant_5_more_load_never_lowers_what_is_wanted(pair: tuple[World, World]) -> None:
    """Of any number of tracking policies together, in every profile."""
    less, more = (decided(world) for world in pair)
    assert more.wanted >= less.wanted


# --- people -------------------------------------------------------------------


@given(WORLDS)
def test_a_pause_of_both_directions_sends_nothing(world: World) -> None:
    """Not even what the hard bounds would have."""
    history = replace(world.history, pauses=(Pause(),))
    assert decided(replace(world, history=history)).action in (Action.HOLD, Action.BLOCK)


@given(WORLDS)
def test_a_quiet_target_is_not_looked_at_before_its_heartbeat(world: World) -> None:
    """Unless something ends, begins or lasts."""
    policies = tuple(p for p in world.target.policies if not isinstance(p, ScheduledPolicy))
    target = replace(world.target, policies=policies, windows=(), zero=None)
    found = decided(World(target, world.observation, replace(world.history, changes=())))
    calm = all(
        rec.reason in (Reason.WITHIN_TOLERANCE, Reason.NO_BREACH) for rec in found.recommendations
    )
    capacity = world.observation.capacity
    if calm and found.action is Action.HOLD and not found.limits and isinstance(capacity, Capacity):
        busy = capacity.status.value == "busy" and target.tick < target.heartbeat
        assert busy or found.wake_reason is Reason.HEARTBEAT


@given(half_blind(), st.sampled_from(Profile))
def test_no_policy_that_may_not_scale_in_does(world: World, profile: Profile) -> None:
    """With scale-in disabled on every tracking policy none asks for less than there is."""
    policies = tuple(
        replace(policy, disable_scale_in=True)
        for policy in world.target.policies
        if isinstance(policy, TrackingPolicy)
    )
    target = replace(world.target, policies=policies, profile=profile)
    found = decided(replace(world, target=target))
    assert found.wanted >= (found.current or 0)

"""Does an explanation say what would really have changed the decision?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Change,
    Datapoint,
    Direction,
    Foreign,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    Pause,
    Quota,
    ReadySample,
    Reason,
    Recommended,
    Series,
)
from flyball.core.policy import DatapointsRule, ScheduledPolicy
from flyball.core.record import DecisionRecord
from flyball.core.schedule import Schedule
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Metric,
    Per,
    ScalableTarget,
    Unit,
    ZeroRule,
)
from flyball.core.window import Window
from flyball.report.answer import tell_nothing, tell_turn, tell_without
from flyball.report.explain import Explanation, explain, explain_inputs
from flyball.report.turns import Input, Turn
from tests.unit.report.scenes import METRICS, MINUTE, NOON, STEPS, TRACK, make_target, see

PLAIN = make_target(policies=(TRACK,))
EMPTY = History(desired=10)
GONE = Missing(MissingCause.SOURCE_FAILED)


def explained(
    target: ScalableTarget = PLAIN,
    observation: Observation | None = None,
    history: History = EMPTY,
) -> Explanation:
    """Decide at noon, and explain."""
    observation = observation or see()
    return explain_inputs(target, observation, history, decide(target, observation, history, NOON))


def told(
    target: ScalableTarget = PLAIN,
    observation: Observation | None = None,
    history: History = EMPTY,
) -> list[str]:
    """Say everything that would have changed the decision."""
    observation = observation or see()
    decision = decide(target, observation, history, NOON)
    found = explain_inputs(target, observation, history, decision)
    return [
        *(tell_without(each, decision, target) for each in found.without),
        *(tell_turn(each, decision, target) for each in found.turns),
    ]


@dataclass(frozen=True)
class Case:
    """Inputs, and something that an explanation of the decision says."""

    id: str
    says: str
    target: ScalableTarget = PLAIN
    observation: Observation = field(default_factory=see)
    history: History = EMPTY


CASES = [
    Case(
        "a metric, upwards",
        "If invocations had been 162.6 per instance instead of 153 (+6.2 %), it would have been 18",
        observation=see(153.0, capacity=Capacity(10, 10)),
        target=make_target(policies=(replace(TRACK, target_value=95.6),)),
    ),
    Case(
        "a metric, downwards",
        "If invocations had been 140 per instance instead of 150 (−6.7 %), it would have been 14",
    ),
    Case(
        "a ratio, in percent",
        "If gpu had been 80 % instead of 50 % (+60.0 %), it would have been 12 "
        "(a step was reached)",
        target=make_target(policies=(STEPS,)),
    ),
    Case(
        "a fresh zero has no factor",
        "If invocations had been 100.1 per instance instead of 0, it would have been 11 "
        "(above target)",
        observation=see(0.0),
        target=make_target(policies=(replace(TRACK, disable_scale_in=True),)),
    ),
    Case(
        "a metric that is missing, at its target value",
        "If invocations had been known, at 150 per instance, it would have been 16 (above target)",
        observation=see(None),
        target=make_target(
            policies=(replace(TRACK, high_ratio=1.5, low_ratio=0.0),),
        ),
    ),
    Case(
        "more instances in service",
        "If 11 instances had been in service instead of 10, it would have been 17",
    ),
    Case(
        "the maximum",
        "If max capacity had been 13 instead of 12, and the hard maximum with it, "
        "it would have been 13",
        target=make_target(max_capacity=12),
    ),
    Case(
        "the maximum below a hard one",
        "If max capacity had been 13 instead of 12, it would have been 13",
        target=make_target(max_capacity=12, hard_max_capacity=40),
    ),
    Case(
        "the ceiling of a range, upwards",
        "If max capacity had been 17 instead of 16, and the hard maximum with it, "
        "it would have been 15–17",
        target=make_target(max_capacity=16, policies=(TRACK,), capacity_kind=CapacityKind.RANGE),
        observation=see(capacity=Capacity(10, 10, ceiling=12)),
    ),
    Case(
        "the ceiling of a range, downwards to its floor",
        "If max capacity had been 15 instead of 16, and the hard maximum with it, "
        "it would have been 15",
        target=make_target(max_capacity=16, policies=(TRACK,), capacity_kind=CapacityKind.RANGE),
        observation=see(capacity=Capacity(10, 10, ceiling=12)),
    ),
    Case(
        "what would be sent",
        "At 12:05 UTC (5 min later), all else as it was, it would be 10–16, sent "
        "(the ceiling moved)",
        target=make_target(max_capacity=16, policies=(TRACK,), capacity_kind=CapacityKind.RANGE),
        observation=see(100.0, capacity=Capacity(10, 10, ceiling=12)),
        history=History(10, pauses=(Pause(Direction.OUT, NOON + 5 * MINUTE),)),
    ),
    Case(
        "without the bounds",
        "Without min and max capacity it would have been 15 (above target)",
        target=make_target(max_capacity=12, hard_max_capacity=40),
    ),
    Case(
        "the hard maximum holds too",
        "Without min and max capacity it would have been the same "
        "(the hard maximum, which is max capacity unless it is given)",
        target=make_target(max_capacity=12),
    ),
    Case(
        "a hard maximum of its own holds too",
        "Without min and max capacity it would have been the same (the hard maximum)",
        target=make_target(max_capacity=12, hard_max_capacity=12),
    ),
    Case(
        "the spend limit holds by the hard bounds too",
        "Without the spend limit it would have been the same (the hard bounds keep to it too)",
        target=make_target(price_per_hour=1.0, spend_limit_per_hour=12.0),
    ),
    Case(
        "the minimum",
        "If min capacity had been 9 instead of 10, it would have been 9",
        target=make_target(min_capacity=10, policies=(TRACK,)),
        observation=see(50.0),
    ),
    Case(
        "a maximum that a scheduled action left",
        "If max capacity had been 13 instead of 12, it would have been 13",
        history=History(10, bounds=CapacityRange(1, 12), bounds_over=CapacityRange(1, 20)),
    ),
    Case(
        "a window's floor",
        "If the floor of window office had been 15 instead of 14, it would have been 15",
        target=make_target(
            windows=(Window("office", "cron(0 8 * * ? *)", duration=timedelta(hours=8), floor=14),)
        ),
        observation=see(100.0),
    ),
    Case(
        "a pinned window",
        "If the pin of window fixed had been 13 instead of 14, it would have been 13",
        target=make_target(
            windows=(Window("fixed", "cron(0 8 * * ? *)", duration=timedelta(hours=8), pin=14),)
        ),
    ),
    Case(
        "the end of a pause",
        "At 12:05 UTC (5 min later), all else as it was, it would be 15 (above target)",
        history=History(10, pauses=(Pause(Direction.OUT, NOON + 5 * MINUTE),)),
    ),
    Case(
        "the end of a foreign hold",
        "At 12:05 UTC (5 min later), all else as it was, it would be 5 (below target)",
        observation=see(50.0),
        history=History(10, foreign=Foreign(NOON, 12, 10, NOON + 5 * MINUTE)),
    ),
    Case(
        "the end of a learned quota",
        "At 12:30 UTC (30 min later), all else as it was, it would be 15 (above target)",
        history=History(10, quota=Quota(12, NOON + 30 * MINUTE)),
    ),
    Case(
        "the end of a stabilization window",
        "At 12:03 UTC (3 min later), all else as it was, it would be 5 (below target)",
        target=make_target(
            policies=(TRACK,), scale_in=DirectionRules(stabilization_window=5 * MINUTE)
        ),
        observation=see(50.0),
        history=History(10, recommendations=(Recommended(NOON - 2 * MINUTE, 9),)),
    ),
    Case(
        "the next scheduled action",
        "At 13:00 UTC (1 h later), all else as it was, it would be 15 (above target)",
        target=make_target(
            max_capacity=12,
            hard_max_capacity=40,
            policies=(TRACK, ScheduledPolicy("noon", Schedule("cron(0 13 * * ? *)"), None, 20)),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_explanation_says_what_would_have_changed_it(case: Case) -> None:
    """Each sentence is what the engine itself says of the other inputs."""
    assert case.says in told(case.target, case.observation, case.history)


def test_a_held_decision_says_what_would_have_moved_it() -> None:
    """A hold is a decision too."""
    assert told(observation=see(97.0))[0] == (
        "If invocations had been 100 per instance instead of 97 (+3.1 %), "
        "it would have been 11 (above target)"
    )


def test_what_would_hold_it_is_said_as_a_hold() -> None:
    """Not as a change to what is there."""
    says = told(observation=see(150.0))
    assert any("it would have been held at 10 (" in each for each in told(observation=see(101.0)))
    assert not any("held at" in each for each in says)


def test_a_metric_that_several_look_at_is_scaled_as_a_whole() -> None:
    """M of N datapoints move together."""
    policy = replace(TRACK, out_datapoints=DatapointsRule(3, 3))
    points = tuple(Datapoint(NOON - k * MINUTE, 90.0) for k in (3, 2, 1))
    seen = Observation(NOON, Capacity(10, 10), {"invocations": points})
    turns = explained(make_target(policies=(policy,)), seen).turns
    up = next(turn for turn in turns if turn.input is Input.METRIC and (turn.ratio or 0) > 0)
    assert up.after == pytest.approx(100.0, rel=0.002)
    assert up.desired == 11


def test_more_ready_counts_in_the_samples_that_measured() -> None:
    """A value that was measured on more instances asks for more, wherever the count is kept."""
    history = History(10, ready=(ReadySample(NOON - 9 * MINUTE, 10),))
    series = (Datapoint(NOON - MINUTE, 150.0, 10),)
    seen = Observation(NOON, Capacity(10, 10), {"invocations": series})
    for observation in (see(), seen):
        turns = explained(PLAIN, observation, history).turns
        assert {(t.after, t.desired) for t in turns if t.input is Input.READY} == {
            (11.0, 17),
            (9.0, 14),
        }


def test_what_is_not_known_cannot_be_varied() -> None:
    """A capacity that cannot be read holds everything, whatever else had been."""
    found = explained(observation=see(capacity=GONE))
    assert found == Explanation((), (), same=True)
    assert tell_nothing(found) == (
        "No change of a single input that was tried would have made a difference"
    )
    assert tell_nothing(explained()) == ""


def test_a_metric_without_a_policy_is_left_alone() -> None:
    """It cannot have changed anything."""
    turns = explained(make_target(policies=(TRACK,))).turns
    assert not [turn for turn in turns if turn.name == "gpu"]


def test_a_metric_that_fell_back_is_not_asked_for_a_target() -> None:
    """A recommendation without a target value gives nothing to try."""
    metric = Metric("queue", unit=Unit.NUMBER, per=Per.TOTAL)
    target = make_target(metrics=(*METRICS, metric), policies=(replace(TRACK, metric="queue"),))
    missing = Observation(NOON, Capacity(10, 10), {"queue": Missing(MissingCause.STALE)})
    turns = explained(target, missing).turns
    assert [turn.before for turn in turns] == [None]


def test_only_nothing_at_all_is_nothing_and_is_found() -> None:
    """However little waits wakes a target at zero, so no half of a little is looked for on."""
    metric = Metric("waiting", unit=Unit.NUMBER, per=Per.TOTAL)
    target = make_target(
        min_capacity=0, metrics=(*METRICS, metric), policies=(TRACK,), zero=ZeroRule("waiting")
    )
    values: dict[str, Series | Missing] = {
        "waiting": (Datapoint(NOON - MINUTE, 3.0),),
        "invocations": GONE,
    }
    waiting = Observation(NOON, Capacity(0, 0), values)
    turns = explained(target, waiting, History(desired=0)).turns
    assert [(turn.before, turn.after) for turn in turns if turn.name == "waiting"] == [(3.0, 0.0)]


def test_the_smallest_change_comes_first_and_the_time_last() -> None:
    """The reader wants the nearest one."""
    history = History(10, pauses=(Pause(Direction.OUT, NOON + 5 * MINUTE),))
    turns = explained(make_target(max_capacity=15), see(151.0), history).turns
    sizes = [abs(turn.ratio) for turn in turns if turn.ratio is not None]
    assert sizes == sorted(sizes)
    assert turns[-1].input is Input.TIME


def test_an_engine_that_decides_otherwise_is_noticed() -> None:
    """The explanation is of today's engine; the row may be of another's."""
    decision = decide(PLAIN, see(), EMPTY, NOON)
    record = DecisionRecord("e", "h", {}, see(), EMPTY, (), decision)
    assert explain(PLAIN, record).same
    other = record._replace(decision=decision._replace(desired=3))
    assert not explain(PLAIN, other).same


def test_a_change_in_flight_is_explained_too() -> None:
    """Its cooldown has no end yet, so no instant is named for it."""
    flying = Change(NOON - MINUTE, 8, 10, ("track",))
    target = make_target(policies=(replace(TRACK, scale_out_cooldown=5 * MINUTE),))
    found = explained(target, see(50.0), History(10, changes=(flying,)))
    assert [each.kind for each in found.without] == [LimitKind.COOLDOWN]
    assert found.without[0].desired == 5
    assert found.without[0].action is Action.SET
    assert Input.TIME not in {turn.input for turn in found.turns}


@given(
    invocations=st.floats(0, 1_000) | st.none(),
    gpu=st.floats(0, 2) | st.none(),
    most=st.integers(10, 40),
    ready=st.integers(0, 12),
)
def test_every_turn_is_true_and_exact(
    invocations: float | None, gpu: float | None, most: int, ready: int
) -> None:
    """The engine decides as the explanation says, and not yet with a thousandth less."""
    target = make_target(max_capacity=most)
    seen = see(invocations, gpu, Capacity(10, ready))
    decision = decide(target, seen, EMPTY, NOON)
    for turn in explain_inputs(target, seen, EMPTY, decision).turns:
        if turn.input is not Input.METRIC or turn.ratio is None or turn.after == 0:
            continue
        for share, differs in ((1.0, True), (0.998 if turn.ratio > 0 else 1.002, False)):
            ratio = 1 + turn.ratio if differs else (1 + turn.ratio) * share
            if not differs and (ratio - 1) * turn.ratio <= 0:
                continue  # less than a thousandth away in the first place
            again = _scaled(target, seen, turn, ratio)
            same = (again.action, again.desired) == (decision.action, decision.desired)
            assert same is not differs


def _scaled(target: ScalableTarget, seen: Observation, turn: Turn, ratio: float):  # type: ignore[no-untyped-def]  # noqa: ANN202
    series = seen.metrics[turn.name]
    assert not isinstance(series, Missing)
    points = tuple(point._replace(value=point.value * ratio) for point in series)
    return decide(target, replace(seen, metrics={**seen.metrics, turn.name: points}), EMPTY, NOON)


def test_reasons_stand_beside_a_result_only_where_they_are_others() -> None:
    """Ten sentences that all say "above target" would hide the one that does not."""
    says = told()
    assert not any(each.endswith("(above target)") for each in says)
    assert Reason.ABOVE_TARGET is decide(PLAIN, see(), EMPTY, NOON).reason

"""Does profile `hpa` hold back as the Horizontal Pod Autoscaler does, to the letter?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.config.profile import DEFAULTS
from flyball.core.model import (
    Change,
    Datapoint,
    Decision,
    History,
    LimitKind,
    Reason,
    Recommended,
)
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
from tests.unit.core.cases import NO_DATA, NOON, Story, at, expect, scale, seconds, see, tracking

CPU = Metric("a", unit=Unit.PERCENT)
PODS = Metric("a")


def hpa(*policies: Any, metric: Metric = PODS, **fields: Any) -> ScalableTarget:
    """Make a target of profile hpa with the tolerance of 0.1 that it has by default."""
    return scale(*policies, metrics=(metric,), profile=Profile.HPA, **fields)


def ten_percent(name: str = "A", target_value: float = 100.0) -> Any:
    """Make a tracking policy with HPA's tolerance."""
    return tracking(name, target_value, high_ratio=1.1, low_ratio=0.9)


def pods(value: float, ready: int, reporting: int | None = None) -> tuple[Datapoint, ...]:
    """Make a mean over the reporting pods."""
    return (Datapoint(NOON, value, ready, reporting),)


# --- stabilization ------------------------------------------------------------


def stable(
    number: float, current: int, up: float, down: float, *past: tuple[float, int]
) -> Decision:
    """Recommend `number` of 100 at noon, after recommendations so many seconds ago."""
    target = hpa(
        ten_percent(),
        high=1000,
        scale_out=DirectionRules(stabilization_window=seconds(up)),
        scale_in=DirectionRules(stabilization_window=seconds(down)),
    )
    recommendations = tuple(Recommended(at(-ago), desired) for ago, desired in past)
    value = number * 100 / current
    return expect(target, see(current, {"a": value}), History(recommendations=recommendations))


STABLE = (
    # (recommended, current, window out, window in, past (seconds ago, number), desired)
    (20, 10, 0, 300, (), 20),
    (20, 10, 0, 300, ((60, 5),), 20),  # a window of 0 has only the present one
    (20, 10, 60, 300, ((59, 15), (30, 18)), 15),  # the least of the last minute
    (20, 10, 60, 300, ((60, 15), (30, 18)), 18),  # one a whole window old is outside
    (20, 10, 60, 300, ((30, 8),), 10),  # never below current on the way out
    (20, 10, 60, 300, ((30, 25),), 20),
    (5, 10, 0, 300, (), 5),
    (5, 10, 0, 300, ((299, 8), (30, 6)), 8),  # the most of the last five minutes
    (5, 10, 0, 300, ((300, 8), (30, 6)), 6),
    (5, 10, 0, 300, ((30, 12),), 10),  # never above current on the way in
    (5, 10, 0, 0, ((30, 8),), 5),
    (5, 10, 60, 300, ((30, 3),), 5),  # the window out does not hold a scale-in
    (20, 10, 60, 300, ((200, 30), (30, 18)), 18),  # nor the window in a scale-out
    (10, 10, 60, 300, ((30, 3), (40, 30)), 10),
)


@pytest.mark.parametrize(("number", "current", "up", "down", "past", "desired"), STABLE)
def test_stabilization_is_min_of_max_of_current_and_both_windows(
    number: float,
    current: int,
    up: float,
    down: float,
    past: tuple[tuple[float, int], ...],
    desired: int,
) -> None:
    """Up takes the least, down the most; result = min(max(current, up), down)."""
    assert stable(number, current, up, down, *past).desired == desired


def test_a_stabilized_scale_in_says_when_the_window_lets_go() -> None:
    """The recommendation that holds leaves the window at its age of five minutes."""
    found = stable(5, 10, 0, 300, (280, 9), (100, 8))
    assert (found.desired, found.limits[0].until) == (9, at(20))
    assert (found.wake_at, found.wake_reason) == (at(20), Reason.LIMIT_ENDS)


def test_of_equal_recommendations_the_later_lets_go_last() -> None:
    """The window holds as long as any of them is in it."""
    for past in (((280, 9), (100, 9)), ((280, 9), (100, 9), (50, 7))):
        assert stable(5, 10, 0, 300, *past).limits[0].until == at(200)
    assert stable(20, 10, 300, 0, (280, 15), (100, 15)).limits[0].until == at(200)


def test_a_recommendation_that_a_failed_metric_blocked_is_not_remembered() -> None:
    """HPA skips such a look altogether: its number may not weigh in a window later."""
    target = scale(
        ten_percent("A"),
        ten_percent("B"),
        profile=Profile.HPA,
        scale_out=DirectionRules(stabilization_window=seconds(60)),
    )
    story = Story(target, 10)
    story.look(-90, a=100, b=100)
    story.look(0, a=20, b=NO_DATA)
    assert story.look(30, a=200, b=100).desired == 20


def test_the_first_look_of_all_takes_nothing_away_at_once() -> None:
    """The windows begin with what is found, as HPA records it before its first recommendation."""
    window = DirectionRules(stabilization_window=seconds(300))
    story = Story(scale(ten_percent("A"), profile=Profile.HPA, scale_in=window), 10)
    assert story.look(0, a=20).desired == 10
    assert story.look(299, a=20).desired == 10
    assert story.look(301, a=20).desired == 2


# --- rates --------------------------------------------------------------------

COUNT, PERCENT = RateKind.COUNT, RateKind.PERCENT


def rated(select: Select, *rules: tuple[RateKind, float, float]) -> DirectionRules:
    """Make rate rules of (kind, amount, seconds)."""
    return DirectionRules(
        rates=tuple(RateRule(kind, amount, seconds(period)) for kind, amount, period in rules),
        select=select,
    )


def moved(ago: float, by: int) -> Change:
    """Make a change of so many pods, so many seconds ago."""
    return Change(at(-ago), 100, 100 + by, (), at(-ago))


RATES = (
    # wanted, current, select, rules, changes and what must be desired
    (100, 10, Select.MAX, ((COUNT, 4, 15),), (), 14),
    (100, 10, Select.MAX, ((COUNT, 4, 15), (PERCENT, 100, 15)), (), 20),
    (100, 3, Select.MAX, ((COUNT, 4, 15), (PERCENT, 100, 15)), (), 7),
    (100, 10, Select.MIN, ((COUNT, 4, 15), (PERCENT, 100, 15)), (), 14),
    (100, 10, Select.DISABLED, ((COUNT, 4, 15),), (), 10),
    (100, 10, Select.DISABLED, (), (), 10),
    (12, 10, Select.MAX, ((COUNT, 4, 15),), (), 12),
    (100, 7, Select.MAX, ((PERCENT, 10, 60),), (), 8),  # ceil(7.7)
    (100, 10, Select.MAX, ((PERCENT, 10, 60),), (), 11),  # 11 exactly
    (200, 110, Select.MAX, ((PERCENT, 10, 60),), (), 121),  # 121.00000000000001 in floats
    (100, 10, Select.MAX, ((COUNT, 4, 60),), (moved(59, 3),), 11),  # start 7
    (100, 10, Select.MAX, ((COUNT, 4, 60),), (moved(60, 3),), 14),  # a whole period ago
    (100, 10, Select.MAX, ((COUNT, 4, 60),), (moved(30, 6),), 10),  # 8: never below current
    (100, 10, Select.MAX, ((COUNT, 4, 60),), (moved(50, 3), moved(20, -2)), 13),  # start 9
    (100, 10, Select.MAX, ((PERCENT, 50, 60),), (moved(50, 2),), 12),  # start 8
    (100, 10, Select.MAX, ((COUNT, 4, 60), (COUNT, 6, 600)), (moved(300, 5),), 14),
    (100, 10, Select.MIN, ((COUNT, 4, 60), (COUNT, 6, 600)), (moved(300, 5),), 11),
    (0, 10, Select.MAX, ((COUNT, 4, 15),), (), 6),
    (0, 10, Select.MAX, ((COUNT, 4, 15), (PERCENT, 100, 15)), (), 0),
    (0, 10, Select.MIN, ((COUNT, 4, 15), (PERCENT, 100, 15)), (), 6),
    (0, 10, Select.MIN, ((COUNT, 4, 15), (PERCENT, 10, 15)), (), 9),
    (0, 10, Select.DISABLED, ((PERCENT, 100, 15),), (), 10),
    (8, 10, Select.MAX, ((COUNT, 4, 15),), (), 8),
    (0, 7, Select.MAX, ((PERCENT, 10, 60),), (), 6),  # trunc(6.3)
    (0, 10, Select.MAX, ((PERCENT, 10, 60),), (), 9),  # 9 exactly
    (0, 1, Select.MAX, ((PERCENT, 10, 60),), (), 0),  # trunc(0.9)
    (0, 100, Select.MAX, ((PERCENT, 29, 60),), (), 71),
    (0, 10, Select.MAX, ((COUNT, 4, 60),), (moved(59, -3),), 9),  # start 13
    (0, 10, Select.MAX, ((COUNT, 4, 60),), (moved(60, -3),), 6),
    (0, 10, Select.MAX, ((COUNT, 4, 60),), (moved(30, -6),), 10),  # 12: never above current
    (0, 10, Select.MAX, ((COUNT, 4, 60),), (moved(50, -3), moved(20, 2)), 7),  # start 11
    (0, 10, Select.MAX, ((PERCENT, 150, 60),), (), 0),
)


@pytest.mark.parametrize(("wanted", "current", "select", "rules", "changes", "desired"), RATES)
def test_rate_rules_start_from_what_was_there_before_the_periods_changes(
    wanted: int,
    current: int,
    select: Select,
    rules: tuple[tuple[RateKind, float, float], ...],
    changes: tuple[Change, ...],
    desired: int,
) -> None:
    """Pods and percent, ceil and trunc, added and removed, Max, Min and Disabled."""
    both = rated(select, *rules)
    target = hpa(ten_percent(), high=1000, scale_out=both, scale_in=both)
    found = expect(
        target,
        see(current, {"a": wanted * 100 / current}),
        History(changes=changes),
        desired=desired,
        wanted=wanted,
    )
    assert (LimitKind.RATE in [limit.kind for limit in found.limits]) is (desired != wanted)


def test_the_defaults_are_four_pods_or_double_out_and_everything_in() -> None:
    """Max(4 pods, 100 %) a 15 s out; 100 % a 15 s in after 300 s of stabilization."""
    defaults = DEFAULTS[Profile.HPA]
    target = hpa(ten_percent(), high=1000, scale_out=defaults.scale_out, scale_in=defaults.scale_in)
    assert (defaults.high_ratio, defaults.low_ratio) == (1.1, 0.9)
    for current, desired in ((1, 5), (3, 7), (4, 8), (5, 10), (50, 100)):
        expect(target, see(current, {"a": 10_000}), desired=desired)
    held = History(recommendations=(Recommended(at(-299), 9),))
    expect(target, see(10, {"a": 10}), held, desired=9)
    expect(target, see(10, {"a": 10}), desired=1)


def test_a_ramp_doubles_every_fifteen_seconds() -> None:
    """10, 20, 40, 80, and then what was asked for."""
    defaults = DEFAULTS[Profile.HPA]
    story = Story(hpa(ten_percent(), scale_out=defaults.scale_out, tick=seconds(5)), 10)
    sizes = []
    for look in range(5):
        ready = story.capacity.ready
        fresh = (Datapoint(at(15 * look), 10_000.0 / ready, ready),)
        sizes.append(story.settle(15 * look, a=fresh).desired)
    assert sizes == [20, 40, 80, 100, 100]


@pytest.mark.parametrize(("value", "desired"), [(1000, 12), (1, 3)])
def test_the_result_is_clamped_to_minimum_and_maximum(value: float, desired: int) -> None:
    """After everything else."""
    expect(hpa(ten_percent(), low=3, high=12), see(10, {"a": value}), desired=desired)

"""Do the edge cases of Google 4, 7, 8 and 11 come out as they say?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flyball.core.model import (
    Action,
    CapacityRange,
    Datapoint,
    Missing,
    Reason,
    Series,
)
from flyball.core.policy import Policy
from flyball.core.target import (
    CapacityKind,
    Metric,
    ScalableTarget,
    Unit,
)
from flyball.core.window import Window
from tests.unit.core.cases import (
    NO_DATA,
    Story,
    at,
    expect,
    scale,
    see,
    series,
    tracking,
)


def utc(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on_google(
    *policies: Policy, low: int, high: int, hard: int | None = None, **fields: object
) -> ScalableTarget:
    """Make a target whose provider takes a range."""
    return scale(
        *policies,
        low=low,
        high=high,
        hard_max_capacity=hard,
        capacity_kind=CapacityKind.RANGE,
        **fields,
    )


def test_google_01_both_ends_move_in_one_request_and_the_same_range_is_none() -> None:
    """{1, 4} to {2, 6}: one decision that is sent; then there is nothing to send."""
    target = on_google(tracking("A"), low=1, high=6)
    found = expect(target, see(1, {"a": 150}, ceiling=4), action=Action.SET)
    assert found.range == CapacityRange(2, 6)
    expect(target, see(2, {"a": 100}, ceiling=6), action=Action.HOLD)


def test_google_02_the_ceiling_moves_alone() -> None:
    """{1, 4} to {1, 6}: the floor is what it was, whatever the service has picked."""
    target = on_google(tracking("A"), low=1, high=6)
    seen = see(1, {"a": 100}, ready=3, ceiling=4)
    found = expect(target, seen, action=Action.SET, reason=Reason.CEILING_MOVED)
    assert (found.current, found.range) == (1, CapacityRange(1, 6))


def test_google_04_the_floor_never_passes_the_ceiling() -> None:
    """Policies want min 5, hard maximum 4: {4, 4}, in one request."""
    target = on_google(tracking("A"), low=1, high=4)
    found = expect(target, see(2, {"a": 250}, ceiling=6), wanted=5, unmet=1, action=Action.SET)
    assert found.range == CapacityRange(4, 4)


def test_google_04_a_window_cannot_lift_the_floor_over_the_hard_maximum() -> None:
    """A floor of 5 by the calendar ends at 4 too."""
    floor = Window("launch", "at(2026-06-01T11:00:00)", duration=timedelta(hours=2), floor=5)
    target = on_google(tracking("A"), low=1, high=4, windows=(floor,))
    found = expect(target, see(2, {"a": 95}, ceiling=4), reason=Reason.HARD_MAX)
    assert found.range == CapacityRange(4, 4)


DUTY = Metric("a", unit=Unit.RATIO, max_age=timedelta(seconds=600))


@pytest.mark.parametrize(
    ("seen", "desired", "reason"),
    [
        ((), 4, Reason.MISSING_DATA),
        (NO_DATA, 4, Reason.MISSING_DATA),
        (series(0.0), 1, Reason.BELOW_MIN),
        (series(0.0, end=at(-600)), 1, Reason.BELOW_MIN),
        (series(0.0, end=at(-601)), 4, Reason.MISSING_DATA),
        (series(0.9, end=at(-601)), 4, Reason.MISSING_DATA),
    ],
)
def test_google_07_no_series_is_no_data_and_a_fresh_zero_is_a_zero(
    seen: Series | Missing, desired: int, reason: Reason
) -> None:
    """Older than 600 s is stale: hold; never older data, never a zero made of nothing."""
    target = on_google(tracking("A", 60.0), low=1, high=6, metrics=(DUTY,))
    found = expect(target, see(4, {"a": seen}, ceiling=6), desired=desired, reason=reason)
    if desired == 4:
        assert found.recommendations[0].desired is None
        assert found.wanted == 4


def test_google_08_a_ratio_is_a_percentage() -> None:
    """duty_cycle 0.71, target 60, 2 replicas: 3, not 1."""
    target = on_google(tracking("A", 60.0), low=1, high=6, metrics=(DUTY,))
    found = expect(target, see(2, {"a": 0.71}, ceiling=6), desired=3)
    assert found.recommendations[0].value == pytest.approx(71)


def night(start: str = "cron(30 2 * * ? *)", end: str = "cron(0 5 * * ? *)") -> ScalableTarget:
    """Make a target with a floor of 5 from half past two in Berlin."""
    window = Window("batch", start, end, time_zone="Europe/Berlin", floor=5)
    return scale(tracking("A"), low=1, high=9, windows=(window,))


def floor_of(target: ScalableTarget, instant: str) -> int:
    """Say which minimum is in force."""
    now = utc(instant)
    return expect(target, see(5, {"a": 95}, now)).min_capacity


def test_google_11_a_window_that_starts_in_the_repeated_hour_is_applied_once() -> None:
    """2026-10-25: active from the first 02:30 (00:30Z) through the second (01:30Z) to 05:00."""
    target = night()
    instants = ("00:29", "00:30", "01:00", "01:29", "01:30", "02:30", "03:59", "04:00")
    floors = [floor_of(target, f"2026-10-25T{clock}") for clock in instants]
    assert floors == [1, 5, 5, 5, 5, 5, 5, 1]
    now = utc("2026-10-25T00:28")
    found = expect(target, see(1, {"a": 95}, now), wake_reason=Reason.SCHEDULE_BOUNDARY)
    assert found.wake_at == utc("2026-10-25T00:30")


def test_google_11_a_window_that_starts_in_the_missing_hour_is_not_skipped() -> None:
    """2027-03-28: 02:30 does not exist; active from 03:00 local (01:00Z) to 05:00 (03:00Z)."""
    target = night()
    instants = ("00:59", "01:00", "01:30", "02:59", "03:00")
    floors = [floor_of(target, f"2027-03-28T{clock}") for clock in instants]
    assert floors == [1, 5, 5, 5, 1]


def test_google_11_the_engine_itself_is_unmoved_by_a_second_look() -> None:
    """Had the duplicate come through: what is already asked for is not asked for again."""
    story = Story(scale(tracking("A"), low=1), 10)
    assert story.look(0, a=150).action is Action.SET
    measured: Series = (Datapoint(at(0), 150.0, ready=10),)
    again = story.look(1, a=measured)
    assert (again.action, again.desired) == (Action.HOLD, 15)

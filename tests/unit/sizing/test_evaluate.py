"""Does it hold, and what had to change?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flyball import config
from flyball.sim.trace import Trace
from flyball.sizing.broken import Break
from flyball.sizing.evaluate import Evaluation, Round, evaluate
from flyball.sizing.expectation import Ramp, Shape
from flyball.sizing.gauges import WrittenError
from flyball.sizing.habit import find_habits
from flyball.sizing.limit import Objective
from flyball.sizing.pattern import Pattern, expect_patterns
from flyball.sizing.settings import Cooldowns, Kind, derive_settings
from tests.unit.sizing.sized import ENDPOINT, EXPECTED, POOL, VARIANT, publish

SPIKY = replace(EXPECTED, shape=Shape.SPIKY)
QUICK = expect_patterns(EXPECTED, requests_per_user=1_000.0)


def judge(**options: object) -> Evaluation:
    """Evaluate the published example."""
    return evaluate(publish(), "churn", "aws", VARIANT, **options)  # type: ignore[arg-type]


def test_the_published_example_holds_as_it_is() -> None:
    """30,000 a minute without an error, with one and three users a minute: nothing is changed."""
    found = judge()
    assert found.holds
    assert found.first is None
    assert [each.change for each in found.rounds] == [""]
    assert found.settings == derive_settings(publish())
    required = {each.pattern.name: each for each in found.trials if each.pattern.required}
    assert set(required) == {"ramp-1", "ramp-3", "smooth-day"}
    for each in required.values():
        assert (each.expected, each.handled, each.late) == (30_000.0, 30_000.0, 0.0)
    assert "30,000 requests a minute, and none late" in found.why
    (target,) = config.loads(found.text).scalable_targets
    assert (target.min_capacity, target.max_capacity) == (1, 8)
    assert "# Simulated: It holds: 30,000 requests a minute" in found.text


@pytest.mark.parametrize("lead_s", [30, 240])
def test_steps_alone_hold_the_published_ramps(lead_s: int) -> None:
    """+1, +3 and +4 without target tracking, whatever an instance takes to start."""
    sizing = publish(lead_time=timedelta(seconds=lead_s))
    settings = derive_settings(sizing, kind=Kind.STEPS)
    found = evaluate(sizing, "churn", "aws", VARIANT, settings=settings)
    assert found.holds
    assert len(found.rounds) == 1
    assert max(each.late for each in found.trials if each.pattern.required) == 0.0


def test_quicker_users_need_more_that_are_always_there() -> None:
    """It says what broke first, what was changed, and what the most is that was handled."""
    found = judge(patterns=QUICK)
    first, last = found.rounds
    assert first.worst is not None
    assert first.worst.pattern.name == "ramp-3"
    assert found.first is not None
    assert found.first.limit in (Break.TARGET, Break.LEAD_TIME)
    assert first.worst.handled < 30_000.0
    assert first.change
    assert first.change in " ".join(found.settings.why.values())
    assert found.holds
    assert last.change == ""
    assert found.settings.min_capacity > 1
    assert max(each.late_ratio for each in last.trials if each.pattern.required) <= 0.01
    assert "after 1 change" in found.why
    (target,) = config.loads(found.text).scalable_targets
    assert target.min_capacity == found.settings.min_capacity


def test_spikes_that_are_expected_have_to_hold() -> None:
    """Those that are not are told only."""
    found = evaluate(publish(expectation=SPIKY), "churn", "aws", VARIANT)
    assert found.first is not None
    assert found.first.limit is Break.SATURATION
    assert found.holds
    assert found.settings.min_capacity == 3
    assert judge().settings.min_capacity == 1


def test_what_may_not_be_had_is_said() -> None:
    """Two instances carry 20,000, and no setting makes them carry more."""
    found = judge(most=2)
    assert not found.holds
    assert found.first is not None
    assert found.first.limit is Break.MAX_CAPACITY
    assert found.settings.max_capacity == 2
    assert "of 2 that may be had" in found.why
    assert "max_capacity is 2" in found.why
    assert max(each.handled for each in found.trials) <= 20_000.0
    assert judge(
        most=1, settings=derive_settings(publish()).change("", min_capacity=2)
    ).settings == (
        derive_settings(publish())
        .change("", min_capacity=2)
        .change("no more than 1 may be had", max_capacity=1)
        .change("no more than 1 may be had", min_capacity=1)
    )


def test_a_maximum_that_is_too_low_is_raised() -> None:
    """Where more may be had."""
    settings = derive_settings(publish()).change("a guess", max_capacity=2)
    found = judge(settings=settings)
    assert found.first is not None
    assert found.first.limit is Break.MAX_CAPACITY
    assert found.holds
    assert found.settings.max_capacity == 6


def test_a_jump_between_is_held_by_more_room_on_each() -> None:
    """What comes on top of a large fleet would make a minimum dear."""
    hold = [50_000.0] * 60
    rise = [50_000.0 + 12_000.0 * each for each in range(1, 10)]
    course = (20_000.0,) * 600 + (*hold, *rise, *[158_000.0] * 30) + (20_000.0,) * 600
    pattern = Pattern("surge", "on top", course)
    wide = publish(expectation=replace(EXPECTED, least_per_s=300.0, most_per_s=2_700.0))
    settings = derive_settings(wide).change("a test", invocations=8_000.0, rises=())
    found = evaluate(wide, "churn", "aws", VARIANT, settings=settings, patterns=[pattern])
    assert found.holds
    assert found.settings.invocations < 8_000.0
    assert "target 8,000 →" in found.rounds[0].change
    assert found.settings.min_capacity < 10


def test_one_round_changes_nothing() -> None:
    """It only says what is."""
    found = judge(patterns=QUICK, rounds=1)
    assert not found.holds
    assert len(found.rounds) == 1
    assert found.rounds[0].change == ""
    assert found.settings == derive_settings(publish())
    assert found.why.startswith("It does not hold, with 1 to 8 instances")


def test_rounds_are_told_as_they_end_and_are_the_same_again() -> None:
    """In order, and to the bit."""
    told: list[Round] = []
    found = judge(patterns=QUICK, told=told.append)
    assert tuple(told) == found.rounds
    assert [each.number for each in told] == [1, 2]
    assert judge(patterns=QUICK) == found


def test_a_round_between_tries_what_did_not_hold() -> None:
    """The first and the last try all of them."""
    usual = expect_patterns(EXPECTED)
    patterns = (*usual, Pattern("jump", "at once", (4_200.0,) * 60 + (29_000.0,) * 60))
    settings = derive_settings(publish()).change("a guess", max_capacity=2)
    found = judge(patterns=patterns, settings=settings)
    assert [len(each.trials) for each in found.rounds] == [5, 4, 5]
    assert [each.change.partition(" ")[0] for each in found.rounds] == [
        "max_capacity",
        "min_capacity",
        "",
    ]
    assert found.holds


def test_some_that_may_be_late_are_told() -> None:
    """A few of one ramp, and how many were handled before any."""
    few = derive_settings(publish(), late_ratio=0.2)
    found = judge(settings=few, patterns=QUICK)
    assert found.holds
    assert len(found.rounds) == 1
    assert "late at most; without any" in found.why


def test_a_long_cooldown_breaks_nothing_that_tracking_orders() -> None:
    """What a cooldown holds back of steps is shortened, where it makes anybody late."""
    settings = replace(
        derive_settings(publish(), kind=Kind.STEPS),
        cooldowns=Cooldowns(timedelta(minutes=90), timedelta(seconds=100)),
        rises=tuple(each._replace(add=1) for each in derive_settings(publish()).rises),
    )
    found = judge(settings=settings)
    limits = [each.worst.first.limit for each in found.rounds if each.worst and each.worst.first]
    assert Break.COOLDOWN in limits
    assert found.holds
    assert found.settings.cooldowns.scale_out < timedelta(minutes=90)


@pytest.mark.parametrize("resource", [ENDPOINT, POOL], ids=["endpoint", "pool"])
def test_ranges_are_held_to_the_same(resource: dict[str, str]) -> None:
    """Google's own autoscaler picks inside them."""
    found = evaluate(publish(expectation=SPIKY), "churn", "gcp", resource)
    assert found.holds
    assert found.settings.min_capacity == 3


def test_an_adaptive_policy_is_helped_too() -> None:
    """By a minimum."""
    settings = derive_settings(publish(), kind=Kind.ADAPTIVE)
    found = judge(settings=settings, patterns=QUICK)
    assert found.holds
    assert found.settings.kind is Kind.ADAPTIVE
    assert found.settings.min_capacity > 1
    assert "kind: adaptive" in found.text


def test_a_dearer_objective_needs_no_less() -> None:
    """Users who come at a second's pace: the same maximum is reached at 70 % as at 40 %."""
    ramp = replace(EXPECTED, shape=Shape.RAMP, ramp=Ramp(60.0, 60.0))
    for objective in (Objective.AVAILABILITY, Objective.COST):
        found = evaluate(publish(objective=objective, expectation=ramp), "churn", "aws", VARIANT)
        assert found.holds
        (trial,) = (each for each in found.trials if each.pattern.name == "ramp-60")
        assert trial.handled == 30_000.0


def test_a_window_holds_what_the_calendar_brings() -> None:
    """Three times the load at eight, every working day: a floor then, or a minimum always."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    busy = (8 * 60, 18 * 60)
    days = [
        29_000.0 if day % 7 < 5 and busy[0] <= minute < busy[1] else 4_200.0
        for day in range(28)
        for minute in range(1_440)
    ]
    history = Trace(start, tuple(days))
    two_days = Trace(start, tuple(days[: 2 * 1_440]))
    patterns = [each for each in expect_patterns(EXPECTED, history=two_days) if each.has_calendar]
    habits = find_habits(history, 5_000.0, 1, 8).found
    assert [(each.days, each.begin, each.end, each.floor) for each in habits] == [
        ("mon-fri", 8, 18, 6)
    ]
    strict = derive_settings(publish(), late_ratio=0.0)
    with_windows = judge(settings=replace(strict, habits=habits), patterns=patterns)
    without = judge(settings=strict, patterns=patterns)
    assert with_windows.holds
    assert without.holds
    assert with_windows.settings.min_capacity == 1
    assert without.settings.min_capacity == 3
    (cheap,), (dear,) = (
        [each.instance_hours for each in found.trials if each.pattern.name == "trace"]
        for found in (with_windows, without)
    )
    assert cheap < dear


def test_nothing_that_has_to_hold_holds() -> None:
    """It says so."""
    calm = replace(QUICK[0], required=False)
    assert judge(patterns=[calm]).why == "No pattern has to hold."


@pytest.mark.parametrize("options", [{"rounds": 0}, {"patterns": []}], ids=["rounds", "patterns"])
def test_nothing_to_try_is_refused(options: dict[str, object]) -> None:
    """One of each at least."""
    with pytest.raises(ValueError, match="give one or more of both"):
        judge(**options)


def test_two_patterns_of_one_name_are_refused() -> None:
    """Nobody could tell them apart."""
    with pytest.raises(ValueError, match="two have one name"):
        judge(patterns=[QUICK[0], QUICK[0]])


def test_a_name_that_no_config_takes_is_refused_at_once() -> None:
    """Before anything is tried."""
    told: list[Round] = []
    with pytest.raises(WrittenError):
        evaluate(publish(), "", "aws", VARIANT, told=told.append)
    assert not told

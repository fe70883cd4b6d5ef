"""Do alarms follow a scalable target's policies, and speak on a change of state only?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.alarms import AlarmBoard
from flyball.alarm import alarm_name, define_alarms
from flyball.core.model import Datapoint, Missing, MissingCause, Series
from flyball.core.policy import (
    Comparison,
    DatapointsRule,
    Policy,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import Metric, Per, ScalableTarget, Unit, ZeroRule
from flyball.ports import AlarmState, MetricRead

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOAD = Metric("utilization", unit=Unit.PERCENT)
SHARE = Metric("share", unit=Unit.RATIO)
TOTAL = Metric("invocations", per=Per.TOTAL)
TRACK = TrackingPolicy("track", "utilization", 70.0, high_ratio=1.1, low_ratio=0.9)
NOISE = (Step(None, -10.0, -1), Step(-10.0, 10.0, 0), Step(10.0, None, 2))
STEPS = StepPolicy("steps", "utilization", 50.0, NOISE)


class Script:
    """A metric source that shows one more value each minute; None is a minute without one."""

    def __init__(self, values: Sequence[float | None], ready: int | None = 2) -> None:
        self.values = values
        self.ready = ready

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Show what ended a minute ago."""
        ended = (now - NOON) // MINUTE - 1
        shown = [
            Datapoint(NOON + (index + 1) * MINUTE, value, self.ready)
            for index, value in enumerate(self.values[: max(0, ended)])
            if value is not None
        ]
        empty = Missing(MissingCause.NO_DATA)
        return [tuple(shown[-read.periods :]) or empty for read in reads]


def target(*policies: Policy, zero: ZeroRule | None = None) -> ScalableTarget:
    """Make a scalable target with these policies."""
    metrics = (LOAD, SHARE, TOTAL)
    return ScalableTarget("chat", 0, 50, metrics=metrics, policies=policies, zero=zero)


def told(
    policy: Policy, values: Sequence[float | None], side: str = "high", ready: int | None = 2
) -> list[tuple[int, str]]:
    """Give the minutes at which one alarm spoke, with its state."""
    board = AlarmBoard(Script(values, ready), [target(policy)])
    name = alarm_name("chat", policy.name, side)
    events = [
        (minute, event["detail"])
        for minute in range(len(values) + 2)
        for event in board.evaluate(NOON + minute * MINUTE)
    ]
    return [(at, each["state"]["value"]) for at, each in events if each["alarmName"] == name]


@dataclass(frozen=True)
class Case:
    """Policies, and the (side, comparison, threshold) of each alarm."""

    id: str
    policies: tuple[Policy, ...]
    expect: list[tuple[str, str, float]]


CASES = [
    Case("tracking", (TRACK,), [("high", ">", 77.0), ("low", "<", 63.0)]),
    Case(
        "tracking-out-only",
        (TrackingPolicy("track", "utilization", 70.0, disable_scale_in=True),),
        [("high", ">", 70.0)],
    ),
    Case("steps-on-both-sides", (STEPS,), [("high", ">=", 60.0), ("low", "<=", 40.0)]),
    Case(
        "steps-with-a-comparison",
        (
            StepPolicy("up", "utilization", 50.0, (Step(0.0, None, 1),), Comparison.GREATER),
            StepPolicy("in", "utilization", 20.0, (Step(None, 0.0, -1),), Comparison.LESS),
        ),
        [("high", ">", 50.0), ("low", "<", 20.0)],
    ),
    Case(
        "steps-out-only",
        (StepPolicy("up", "utilization", 50.0, (Step(0.0, None, 1),)),),
        [("high", ">=", 50.0)],
    ),
    Case("schedule", (ScheduledPolicy("night", Schedule("rate(1 hour)"), 1),), []),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_policy_gets_the_alarms_that_it_needs(case: Case) -> None:
    """Thresholds follow from its target value and ratios, or from its steps."""
    alarms = define_alarms(target(*case.policies))
    found = [(a.name.rsplit("/")[-1], a.comparison.value, a.threshold) for a in alarms]
    assert [alarm[:2] for alarm in found] == [alarm[:2] for alarm in case.expect]
    assert [alarm[2] for alarm in found] == pytest.approx([alarm[2] for alarm in case.expect])


def test_a_rule_for_zero_gets_an_alarm_for_activation() -> None:
    """Somebody must say that there is work while nothing is in service."""
    (alarm,) = define_alarms(target(zero=ZeroRule("invocations", activation_threshold=3)))
    assert (alarm.name, alarm.threshold, alarm.total) == ("flyball/chat/activation/high", 3, True)


def test_an_alarm_speaks_on_a_change_of_state_only() -> None:
    """A breach of five minutes is told once, its end once."""
    values = [50, 90, 90, 90, 90, 90, 50, 50]
    assert told(TRACK, values) == [(2, "OK"), (3, "ALARM"), (8, "OK")]


def test_a_breach_must_last_for_m_of_n() -> None:
    """Two of three: the first excess alone is no alarm, a pause of one minute is none either."""
    policy = TrackingPolicy("track", "utilization", 70.0, out_datapoints=DatapointsRule(2, 3))
    assert told(policy, [50, 50, 90, 50, 50, 50]) == [(3, "OK")]
    assert told(policy, [50, 50, 90, 50, 90, 50, 50]) == [(3, "OK"), (6, "ALARM"), (7, "OK")]


def test_a_missing_minute_keeps_the_state() -> None:
    """A gap is neither a breach nor a calm minute."""
    policy = TrackingPolicy("track", "utilization", 70.0, out_datapoints=DatapointsRule(2, 2))
    assert told(policy, [90, 90, None, 90, 90]) == [(3, "ALARM")]


def test_no_datapoint_at_all_is_insufficient_data_and_never_low() -> None:
    """An outage ends both alarms, and starts none."""
    values = [90, 90, None, None, None, 20]
    high = [(2, "ALARM"), (4, "INSUFFICIENT_DATA"), (7, "OK")]
    low = [(2, "OK"), (4, "INSUFFICIENT_DATA"), (7, "ALARM")]
    assert told(TRACK, values) == high
    assert told(TRACK, values, "low") == low


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0], ids=["nan", "inf", "negative"])
def test_an_impossible_value_counts_as_no_datapoint(value: float) -> None:
    """It breaches neither side."""
    assert told(TRACK, [70, value, value]) == [(2, "OK"), (3, "INSUFFICIENT_DATA")]
    expect = [(2, "OK"), (3, "INSUFFICIENT_DATA")]
    assert told(TRACK, [70, value, value], "low") == expect


def test_a_ratio_is_held_against_a_threshold_in_percent() -> None:
    """0.8 is above 70 %."""
    policy = TrackingPolicy("track", "share", 70.0)
    assert told(policy, [0.5, 0.8]) == [(2, "OK"), (3, "ALARM")]


def test_a_tracked_total_is_divided_by_the_instances_in_service() -> None:
    """300 on two instances are 150 each."""
    policy = TrackingPolicy("track", "invocations", 149.0)
    assert told(policy, [298, 300])[:2] == [(2, "OK"), (3, "ALARM")]


@pytest.mark.parametrize("ready", [0, None], ids=["zero", "unknown"])
def test_a_tracked_total_breaches_with_no_instance_at_all(ready: int | None) -> None:
    """Requests and nobody to serve them are above any target value; silence is not."""
    policy = TrackingPolicy("track", "invocations", 149.0)
    assert told(policy, [0, 1], ready=ready)[:1] == [(3, "ALARM")]


def test_a_total_of_a_step_policy_is_taken_as_it_is() -> None:
    """100 or more, whatever serves them."""
    steps = StepPolicy("steps", "invocations", 100.0, (Step(0.0, None, 1),))
    assert told(steps, [99, 100])[:2] == [(2, "OK"), (3, "ALARM")]


def test_below_a_steps_threshold_its_upper_bound_is_inclusive() -> None:
    """40 is 10 below 50: inside (−∞, −10]."""
    assert told(STEPS, [41, 40], "low")[:2] == [(2, "OK"), (3, "ALARM")]


def test_an_event_has_the_shape_of_eventbridges() -> None:
    """What trigger.py and a reader of AWS's documents look for is where they look."""
    board = AlarmBoard(Script([90]), [target(TRACK)])
    now = NOON + 2 * MINUTE + timedelta(milliseconds=1)
    high: dict[str, Any] = board.evaluate(now)[0]
    assert (high["source"], high["detail-type"]) == (
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
    )
    state = high["detail"]["state"]
    assert (state["value"], state["timestamp"]) == ("ALARM", "2026-03-02T12:02:00.001+0000")
    assert high["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert high["detail"]["configuration"]["metrics"][0]["metricStat"]["period"] == 60
    assert high["resources"][0].endswith(":alarm:flyball/chat/track/high")


def test_the_board_tells_every_state() -> None:
    """Nothing is known at first."""
    board = AlarmBoard(Script([90]), [target(TRACK)])
    assert set(board.states().values()) == {AlarmState.INSUFFICIENT_DATA}
    board.evaluate(NOON + 2 * MINUTE)
    assert board.states() == {
        "flyball/chat/track/high": AlarmState.ALARM,
        "flyball/chat/track/low": AlarmState.OK,
    }

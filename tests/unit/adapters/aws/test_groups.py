"""Is a group's dialect translated where it means the same, and refused where it does not?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from flyball.adapters.aws.groups import adopt_groups, translate_cron


@pytest.mark.parametrize(
    ("recurrence", "expected"),
    [
        ("0 8 * * *", "cron(0 8 * * ? *)"),
        ("30 6 1,15 * *", "cron(30 6 1,15 * ? *)"),
        ("0 8 * * 1-5", "cron(0 8 ? * MON-FRI *)"),
        ("0 8 * * 0,6", "cron(0 8 ? * SUN,SAT *)"),
        ("0 8 * * 7", "cron(0 8 ? * SUN *)"),
        ("0 8 * 12 mon", "cron(0 8 ? 12 MON *)"),
    ],
)
def test_five_fields_become_six(recurrence: str, expected: str) -> None:
    """Days by their names: AWS counts them otherwise."""
    assert translate_cron(recurrence) == expected


@pytest.mark.parametrize(
    ("recurrence", "said"),
    [
        ("0 8 * *", "has not five fields"),
        ("0 8 1 * 1", "either of two days"),
        ("0 8 * * */2", "steps over days"),
        ("0 8 * * 8", "names a day 8"),
    ],
)
def test_what_has_no_such_form_is_refused(recurrence: str, said: str) -> None:
    """Rather than to mean something else."""
    with pytest.raises(ValueError, match=said):
        translate_cron(recurrence)


@dataclass
class Groups:
    """EC2 Auto Scaling's answers, for forms that moto does not make; clients and client in one."""

    policies: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    alarms: list[dict[str, Any]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def get(self, service: str) -> Groups:
        """Give a client."""
        assert service in {"autoscaling", "cloudwatch"}
        return self

    def describe_auto_scaling_groups(
        self,
        AutoScalingGroupNames: list[str],  # noqa: N803  (the API's)
    ) -> dict[str, Any]:
        """Answer the groups whose name begins with a g."""
        self.asked.append(AutoScalingGroupNames)
        names = [each for each in AutoScalingGroupNames if each.startswith("g")]
        groups = [{"AutoScalingGroupName": each, "MinSize": 1, "MaxSize": 4} for each in names]
        return {"AutoScalingGroups": groups}

    def describe_policies(self, **_: Any) -> dict[str, Any]:
        """Answer all."""
        return {"ScalingPolicies": self.policies}

    def describe_scheduled_actions(self, **_: Any) -> dict[str, Any]:
        """Answer all."""
        return {"ScheduledUpdateGroupActions": self.actions}

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        """Answer all."""
        return {"MetricAlarms": self.alarms}


def test_what_means_something_else_is_left_out_with_its_reason() -> None:
    """And a start without a recurrence is an `at`."""
    tracking = {
        "TargetValue": 5.0,
        "CustomizedMetricSpecification": {"MetricName": "M", "Namespace": "N", "Period": 60},
    }
    clients: Any = Groups(
        [
            {"PolicyName": "off", "PolicyType": "StepScaling", "Enabled": False},
            {"PolicyName": "ahead", "PolicyType": "PredictiveScaling"},
            {
                "PolicyName": "uncalled",
                "PolicyType": "SimpleScaling",
                "PolicyARN": "arn",
                "AdjustmentType": "ChangeInCapacity",
                "ScalingAdjustment": 1,
            },
            {
                "PolicyName": "own",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingConfiguration": tracking,
            },
        ],
        [
            {"ScheduledActionName": "size", "DesiredCapacity": 3},
            {"ScheduledActionName": "never", "MinSize": 1},
            {
                "ScheduledActionName": "once",
                "MinSize": 2,
                "StartTime": datetime(2026, 12, 24, 8, tzinfo=UTC),
            },
        ],
    )
    ((found,), gone) = adopt_groups(clients, ["g", "other"])
    assert gone == [("group other", "there is no such group")]
    assert [each.name for each in found.left_out] == [
        "policy off",
        "policy ahead",
        "policy uncalled",
        "scheduled action size",
        "scheduled action never",
    ]
    own, once = found.policies
    configuration = own["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["CustomizedMetricSpecification"] == {"MetricName": "M", "Namespace": "N"}
    assert once["Schedule"] == "at(2026-12-24T08:00:00)"
    assert once["ScalableTargetAction"] == {"MinCapacity": 2}
    assert adopt_groups(clients, []) == ([], [])


def test_a_start_is_utc_and_a_zone_is_the_recurrences_alone() -> None:
    """EC2's StartTime is an instant: it does not move by the zone that stands beside it."""
    start = datetime(2026, 12, 24, 8, tzinfo=UTC)
    said = {"TimeZone": "Europe/Berlin", "StartTime": start, "EndTime": start.replace(day=31)}
    clients: Any = Groups(
        [],
        [
            {"ScheduledActionName": "once", "MinSize": 2, **said},
            {"ScheduledActionName": "daily", "MinSize": 2, "Recurrence": "0 8 * * *", **said},
        ],
    )
    ((found,), _) = adopt_groups(clients, ["g"])
    once, daily = found.policies
    assert once["Schedule"] == "at(2026-12-24T08:00:00)"
    assert not {"Timezone", "StartTime", "EndTime"} & set(once)
    assert (daily["Schedule"], daily["Timezone"]) == ("cron(0 8 * * ? *)", "Europe/Berlin")
    assert daily["StartTime"] == "2026-12-24T08:00:00+00:00"


def test_a_desired_capacity_beside_bounds_is_left_out_with_its_reason() -> None:
    """The bounds are taken over; the count inside them is the policies'."""
    action = {"ScheduledActionName": "morning", "MinSize": 2, "DesiredCapacity": 6}
    clients: Any = Groups([], [{**action, "Recurrence": "0 8 * * *"}])
    ((found,), _) = adopt_groups(clients, ["g"])
    assert found.policies[0]["ScalableTargetAction"] == {"MinCapacity": 2}
    assert [each.name for each in found.left_out] == [
        "desired capacity 6 of scheduled action morning"
    ]


def test_two_alarms_of_one_policy_make_two_with_two_names() -> None:
    """A simple policy has its step on the side of each alarm's threshold."""
    policy = {
        "PolicyName": "size",
        "PolicyARN": "arn",
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": 1,
    }
    alarms = [
        {"AlarmName": name, "AlarmActions": ["arn"], "ComparisonOperator": operator}
        for name, operator in (("a", "GreaterThanThreshold"), ("b", "LessThanThreshold"))
    ]
    clients: Any = Groups([policy], [], alarms)
    ((found,), _) = adopt_groups(clients, ["g"])
    assert [each["PolicyName"] for each in found.policies] == ["size", "size-2"]
    steps = [
        each["StepScalingPolicyConfiguration"]["StepAdjustments"][0] for each in found.policies
    ]
    assert [set(each) for each in steps] == [
        {"MetricIntervalLowerBound", "ScalingAdjustment"},
        {"MetricIntervalUpperBound", "ScalingAdjustment"},
    ]


def test_more_groups_than_one_call_takes_are_asked_in_several() -> None:
    """Fifty names a call; one that is named twice is read once."""
    clients: Any = Groups([], [])
    names = [f"g{index}" for index in range(120)]
    found, gone = adopt_groups(clients, [*names, "g0"])
    assert [each.id for each in found] == names
    assert gone == []
    assert [len(each) for each in clients.asked] == [50, 50, 20]

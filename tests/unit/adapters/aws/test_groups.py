"""Is a group's dialect translated where it means the same, and refused where it does not?"""

from __future__ import annotations

from dataclasses import dataclass
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

    def get(self, service: str) -> Groups:
        """Give a client."""
        assert service in {"autoscaling", "cloudwatch"}
        return self

    def describe_auto_scaling_groups(self, **_: Any) -> dict[str, Any]:
        """Answer one group."""
        group = {"AutoScalingGroupName": "g", "MinSize": 1, "MaxSize": 4}
        return {"AutoScalingGroups": [group]}

    def describe_policies(self, **_: Any) -> dict[str, Any]:
        """Answer all."""
        return {"ScalingPolicies": self.policies}

    def describe_scheduled_actions(self, **_: Any) -> dict[str, Any]:
        """Answer all."""
        return {"ScheduledUpdateGroupActions": self.actions}

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        """Answer none."""
        return {"MetricAlarms": []}


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

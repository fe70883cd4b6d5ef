"""Is an account's native scaling read whole, with a reason for whatever is left out?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyball.config.load import load
from flyball.core.policy import ScheduledPolicy, StepPolicy, TrackingPolicy
from flyball.core.target import Mode, ScalableTarget
from tests.aws.account import GPU, KEY, VARIANT, Account
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket


def load_targets(name: str) -> tuple[ScalableTarget, ...]:
    """Read a config's scalable targets."""
    return load(name).scalable_targets


def test_what_was_read_is_a_config_that_holds(account: Account) -> None:
    """Policies, an alarm's threshold and a scheduled action; it begins in mode advise."""
    account.register()
    account.track()
    account.step("gpu", ("gpu-high", 80.0))
    account.client("application-autoscaling").put_scheduled_action(
        ScheduledActionName="morning",
        ResourceId=KEY,
        Schedule="cron(0 8 ? * MON-FRI *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 6, "MaxCapacity": 10},
        **VARIANT,
    )
    done = flyball("import", "aws", "--out", "imported.yaml")
    assert done.code == 0, done
    assert done.out == "imported.yaml: 1 scalable target, in mode advise\n"
    (target,) = load("imported.yaml").scalable_targets
    assert (target.id, target.mode, target.min_capacity, target.max_capacity) == (
        "churn", Mode.ADVISE, 2, 8
    )  # fmt: skip
    tracking, step, action = target.policies
    assert isinstance(tracking, TrackingPolicy)
    assert (tracking.target_value, tracking.scale_out_cooldown.seconds) == (700.0, 60)
    assert isinstance(step, StepPolicy)
    assert (step.threshold, step.cooldown.seconds) == (80.0, 120)
    assert (step.datapoints.breaching, step.datapoints.evaluated) == (2, 3)
    assert isinstance(action, ScheduledPolicy)
    assert (action.min_capacity, action.schedule.time_zone) == (6, "Europe/Berlin")
    assert flyball("validate", "imported.yaml").code == 0
    assert flyball("plan", "--config", "imported.yaml").code == 2
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert "# Bounds are as they were when read" in text


def test_a_step_policy_of_two_alarms_becomes_two(account: Account) -> None:
    """Each alarm has a threshold of its own, and calls the policy for itself."""
    account.register()
    account.step("gpu", ("high", 80.0), ("higher", 95.0))
    flyball("import", "aws", "--out", "imported.yaml")
    (target,) = load("imported.yaml").scalable_targets
    found = {each.name: each.threshold for each in target.policies if isinstance(each, StepPolicy)}
    assert found == {"gpu": 80.0, "gpu-2": 95.0}


def test_what_is_left_out_stands_there_with_its_reason(account: Account) -> None:
    """A policy that nothing calls, a detector's threshold, and what flyball.yaml refuses."""
    account.register(DynamicScalingInSuspended=True)
    account.step("never-called")
    account.step("detected")
    policies = account.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker"
    )["ScalingPolicies"]
    (arn,) = [each["PolicyARN"] for each in policies if each["PolicyName"] == "detected"]
    metric = {key: GPU[key] for key in ("Namespace", "MetricName", "Dimensions")}
    stat = {"Metric": metric, "Period": 60, "Stat": "Average"}
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="odd",
        AlarmActions=[arn],
        ComparisonOperator="GreaterThanUpperThreshold",
        EvaluationPeriods=1,
        ThresholdMetricId="band",
        Metrics=[
            {"Id": "m", "MetricStat": stat, "ReturnData": True},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True},
        ],
    )
    account.client("application-autoscaling").put_scheduled_action(
        ScheduledActionName="broken",
        ResourceId=KEY,
        Schedule="rate(1 hours)",
        ScalableTargetAction={"MinCapacity": 3},
        **VARIANT,
    )
    done = flyball("import", "aws")
    assert done.code == 0, done
    lines = [line.strip() for line in done.out.splitlines() if "# " in line]
    never, detected, broken = [line for line in lines if "Left out" in line]
    assert "policy never-called: no metric alarm calls it" in never
    assert "policy detected by alarm odd: an anomaly detector sets its threshold" in detected
    assert "Left out: broken: " in broken
    assert "# Native scaling was suspended when this was read: DynamicScalingIn." in lines
    assert "5 remarks, as comments in the file" in done.err


def test_only_the_endpoints_that_are_named(account: Account) -> None:
    """One that has no native scaling is named too."""
    account.register()
    account.register("endpoint/other/variant/AllTraffic")
    done: Any = flyball("import", "aws", "--endpoint", "churn", "--endpoint", "gone", "--json")
    assert [each["id"] for each in done.json["scalable_targets"]] == ["churn"]
    assert done.json["left_out"] == [
        "Left out: endpoint gone: native scaling is not registered for it"
    ]


def test_two_variants_of_an_endpoint_have_two_names(account: Account) -> None:
    """The endpoint's name alone would be both."""
    account.register()
    account.register("endpoint/churn/variant/Shadow")
    done: Any = flyball("import", "aws", "--json")
    found = [each["id"] for each in done.json["scalable_targets"]]
    assert found == ["churn-AllTraffic", "churn-Shadow"]


def test_no_file_is_overwritten_unasked(account: Account) -> None:
    """A config that somebody edited is not lost."""
    account.register()
    done = flyball("import", "aws", "--out", "flyball.yaml")
    assert done.code == 2
    assert "say --overwrite" in done.err
    assert flyball("import", "aws", "--out", "flyball.yaml", "--overwrite").code == 0


def test_where_nothing_scales_itself_that_is_said(account: Account) -> None:
    """Perhaps it is another region; nothing is written."""
    assert account.alarms() == {}
    done = flyball("import", "aws", "--out", "imported.yaml")
    assert done.code == 1
    assert "no native auto scaling was found" in done.err
    assert not Path("imported.yaml").exists()


def create_group(account: Account, name: str) -> Any:
    """Make a group, and give the client that did."""
    client = account.client("autoscaling")
    image = account.client("ec2").describe_images()["Images"][0]["ImageId"]
    client.create_launch_configuration(
        LaunchConfigurationName="l", ImageId=image, InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName="l",
        MinSize=2,
        MaxSize=8,
        AvailabilityZones=["us-east-1a"],
    )
    return client


def test_an_endpoint_and_a_group_of_one_name_make_a_config_that_holds(account: Account) -> None:
    """Each is named so that it is told from the other."""
    account.register()
    create_group(account, "churn")
    done = flyball(
        "import", "aws", "--endpoint", "churn", "--group", "churn", "--out", "imported.yaml"
    )
    assert done.code == 0, done
    assert flyball("validate", "imported.yaml").code == 0
    ids = [each.id for each in load_targets("imported.yaml")]
    assert ids == ["churn-AllTraffic", "group-churn"]


def test_an_alarm_that_is_switched_off_does_not_scale_after_the_import(account: Account) -> None:
    """It did nothing before: it stands in the file as a remark, with the reason."""
    account.register()
    account.step("gpu", ("high", 80.0), ("odd", 90.0))
    client = account.client("cloudwatch")
    client.disable_alarm_actions(AlarmNames=["high"])
    (arn,) = client.describe_alarms(AlarmNames=["odd"])["MetricAlarms"][0]["AlarmActions"]
    client.put_metric_alarm(
        AlarmName="odd",
        Threshold=90.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[arn],
        TreatMissingData="breaching",
        **GPU,
    )
    done: Any = flyball("import", "aws", "--json")
    (target,) = done.json["scalable_targets"]
    assert [each["alarm"]["Threshold"] for each in target["policies"]] == [90]
    off, missing = done.json["left_out"]
    assert "policy gpu by alarm high: its actions are switched off" in off
    assert "Alarm odd takes missing data as breaching" in missing


def test_what_may_not_be_read_is_1_as_of_plan_and_apply(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 is kept for being called wrongly."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{account.server.url}/nowhere")
    done = flyball("import", "aws")
    assert done.code == 1, done
    assert "AWS: " in done.err


def test_a_group_is_read_by_its_name(account: Account) -> None:
    """Its tracking, its simple policy with the alarm's side, and its calendar in AWS's cron."""
    client = create_group(account, "g")
    client.suspend_processes(AutoScalingGroupName="g", ScalingProcesses=["AZRebalance"])
    predefined = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    load = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "a/b/c"}
    for name, metric in (("cpu", predefined), ("load", load)):
        client.put_scaling_policy(
            AutoScalingGroupName="g",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "TargetValue": 55.0,
                "PredefinedMetricSpecification": metric,
            },
        )
    client.put_scaling_policy(
        AutoScalingGroupName="g",
        PolicyName="down",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=-1,
        Cooldown=120,
    )
    (made,) = client.describe_policies(PolicyNames=["down"])["ScalingPolicies"]
    fields = {**GPU, "Threshold": 10.0, "ComparisonOperator": "LessThanThreshold"}
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="low", AlarmActions=[made["PolicyARN"]], **fields
    )
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="g",
        ScheduledActionName="morning",
        Recurrence="0 8 * * 1-5",
        MinSize=4,
        MaxSize=8,
    )
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="g",
        ScheduledActionName="odd",
        Recurrence="0 8 1 * 1",
        MinSize=4,
        MaxSize=8,
    )
    done = flyball("import", "aws", "--group", "g", "--group", "gone", "--out", "imported.yaml")
    assert done.code == 0, done
    (target,) = load_targets("imported.yaml")
    assert target.resource == {"auto_scaling_group": "g"}
    found = {each.name: each for each in target.policies}
    assert list(found) == ["cpu", "down", "morning"]
    down, morning = found["down"], found["morning"]
    assert isinstance(down, StepPolicy)
    assert [(step.upper, step.adjustment) for step in down.steps] == [(0.0, -1.0)]
    assert isinstance(morning, ScheduledPolicy)
    assert morning.schedule.expression == "cron(0 8 ? * MON-FRI *)"
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert "# Left out: group gone: there is no such group" in text
    assert "# Left out: policy load: ALBRequestCountPerTarget is not understood" in text
    assert "# Left out: scheduled action odd: '0 8 1 * 1' means either of two days" in text
    assert "# Suspended when this was read: AZRebalance." in text

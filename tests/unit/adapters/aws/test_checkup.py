"""Is a missing permission told as a statement to paste, and a wrong clock as one?

Hand-made answers: neither moto nor MiniStack refuses anything, or has a clock of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.checkup import (
    Identity,
    check_dead_letters,
    check_deployments,
    check_identity,
    identify,
    simulate,
    tell_refused,
)
from flyball.adapters.aws.sources import names_of
from flyball.core.target import Metric
from flyball.plan.model import Level
from tests.rig import make_target

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ROLE = "arn:aws:sts::123456789012:assumed-role/Deployer/me"
NAMES = {"prefix": "flyball", "targets_table": "T", "region": "eu-central-1", "partition": "aws"}


class RefusedError(Exception):
    """As botocore's ClientError."""

    def __init__(self, code: str, message: str, operation: str = "") -> None:
        super().__init__(message)
        self.operation_name = operation
        self.response = {"Error": {"Code": code, "Message": message}}


@dataclass
class Iam:
    """IAM's simulator, as Clients and client in one."""

    denied: set[str] = field(default_factory=set)
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get(self, service: str) -> Iam:
        """Give the client."""
        assert service == "iam"
        return self

    def simulate_principal_policy(self, **given: Any) -> dict[str, Any]:
        """Answer."""
        if self.error is not None:
            raise self.error
        self.asked.append(given)
        (action,) = given["ActionNames"]
        decision = "implicitDeny" if action in self.denied else "allowed"
        return {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": decision}]}


def refuse(code: str, operation: str = "") -> Any:
    """Raise a refusal."""
    raise RefusedError(code, "no", operation)


def test_what_is_missing_is_one_statement_to_paste() -> None:
    """Every action that was refused, and only those; one refusal spoils no other question."""
    asked = Asked()
    assert asked.ask("cloudwatch:ListMetrics", lambda: refuse("AccessDenied"), "none") == "none"
    denied = "AccessDeniedException"
    asked.ask("x:y", lambda: refuse(denied, "DescribeScalableTargets"), None)
    assert asked.ask("sts:GetCallerIdentity", lambda: "me", "") == "me"
    (check,) = asked.checks()
    assert check.level is Level.FAIL
    statement = json.loads(check.remedy.partition(": ")[2])
    assert statement["Action"] == [
        "application-autoscaling:DescribeScalableTargets", "cloudwatch:ListMetrics"
    ]  # fmt: skip
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")


def test_what_was_refused_once_is_not_asked_again() -> None:
    """A fleet of a thousand costs one refusal."""
    asked = Asked()
    asked.ask("a:B", lambda: refuse("AccessDenied"), None)
    assert asked.ask("a:B", lambda: pytest.fail("asked again"), "otherwise") == "otherwise"


def test_another_failure_is_no_missing_permission() -> None:
    """It is told by itself, once."""
    asked = Asked()
    for _ in range(3):
        asked.ask("a:B", lambda: refuse("InternalFailure"), None)
    failed, granted = asked.checks()
    assert (failed.level, failed.text) == (Level.FAIL, "a:B failed: no")
    assert granted.level is Level.OK


def test_what_apply_needs_is_simulated_for_the_role_behind_a_session() -> None:
    """By resource, without trying it."""
    iam, asked = Iam({"cloudwatch:PutMetricAlarm"}), Asked()
    clients: Any = iam
    assert list(simulate(clients, asked, Identity("123456789012", ROLE, None), NAMES)) == []
    assert {each["PolicySourceArn"] for each in iam.asked} == {
        "arn:aws:iam::123456789012:role/Deployer"
    }
    (check,) = asked.checks()
    alarm = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:flyball/*"
    statement = json.loads(check.remedy.partition(": ")[2])
    assert (statement["Action"], statement["Resource"]) == (["cloudwatch:PutMetricAlarm"], [alarm])


def test_not_being_allowed_to_simulate_is_no_fault() -> None:
    """It is said that it is not known."""
    clients: Any = Iam(error=RefusedError("AccessDenied", "no"))
    user = Identity("1", "arn:aws:iam::1:user/me", None)
    (check,) = simulate(clients, Asked(), user, NAMES)
    assert check.level is Level.OK
    assert "not known (iam:SimulatePrincipalPolicy: AccessDenied)" in check.text


@pytest.mark.parametrize(
    ("skew_s", "level", "word"),
    [
        (0.4, Level.OK, "agrees"),
        (-60, Level.WARN, "60 s fast"),
        (60, Level.WARN, "60 s slow"),
        (300, Level.FAIL, "300 s slow"),
    ],
)
def test_a_wrong_clock_is_told(skew_s: float, level: Level, word: str) -> None:
    """Seconds matter to leases, minutes to signatures."""
    identity = Identity("1", "arn", timedelta(seconds=skew_s))
    _, clock = check_identity(identity)
    assert clock.level is level
    assert word in clock.text


def test_a_service_that_tells_no_time_is_believed() -> None:
    """There is nothing to compare with."""

    class Sts:
        def get(self, service: str) -> Sts:
            assert service == "sts"
            return self

        def get_caller_identity(self) -> dict[str, Any]:
            return {"Account": "1", "Arn": "arn"}

    clients: Any = Sts()
    identity = identify(clients, NOW)
    assert identity.skew is None
    assert [each.name for each in check_identity(identity)] == ["credentials"]
    assert tell_refused(RefusedError("ExpiredToken", "expired")).text == "expired"


def test_without_a_queue_nothing_is_said_of_dead_letters() -> None:
    """And nothing where it may not be asked; that is told as a permission."""

    class Sqs:
        def get(self, service: str) -> Sqs:
            assert service == "sqs"
            return self

        def get_queue_attributes(self, **_: Any) -> Any:
            return refuse("AccessDenied")

    clients: Any = Sqs()
    asked = Asked()
    assert list(check_dead_letters(clients, asked, "")) == []
    assert list(check_dead_letters(clients, asked, "url")) == []
    assert "sqs:GetQueueAttributes" in next(asked.checks()).text


def test_an_endpoint_that_may_not_be_read_is_left_out() -> None:
    """Inference components and groups have no such configuration."""

    class Sagemaker:
        def get(self, service: str) -> Sagemaker:
            assert service == "sagemaker"
            return self

        def describe_endpoint(self, **_: Any) -> Any:
            return refuse("AccessDeniedException")

    clients: Any = Sagemaker()
    targets = [
        make_target("a", home="aws", resource={"endpoint": "e", "variant": "v"}),
        make_target("b", home="aws", resource={"inference_component": "c"}),
    ]
    assert list(check_deployments(clients, Asked(), targets)) == []


def test_every_metric_behind_an_expression_is_looked_for() -> None:
    """And the dimensions that a config leaves to the resource are its own."""
    lines = [
        {
            "Id": "m",
            "MetricStat": {
                "Metric": {
                    "Namespace": "N",
                    "MetricName": "M",
                    "Dimensions": [{"Name": "D", "Value": "v"}],
                },
                "Stat": "Sum",
            },
            "ReturnData": False,
        },
        {"Id": "e", "Expression": "m / 2"},
    ]
    target = make_target("g", home="aws", resource={"auto_scaling_group": "group"})
    math = Metric("math", source={"metrics": json.dumps(lines), "expression": "m / 2"})
    assert [str(each) for each in names_of(math, target)] == ["N M {D=v}"]
    source = {"namespace": "AWS/EC2", "metric": "CPUUtilization", "statistic": "Average"}
    plain = Metric("plain", source=source)
    group = "AWS/EC2 CPUUtilization {AutoScalingGroupName=group}"
    assert [str(each) for each in names_of(plain, target)] == [group]
    component = make_target("c", home="aws", resource={"inference_component": "c"})
    (named,) = names_of(plain, component)
    assert named.dimensions == (("InferenceComponentName", "c"),)
    assert list(names_of(Metric("none", source={}), target)) == []

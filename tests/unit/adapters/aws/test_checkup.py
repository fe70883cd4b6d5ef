"""Is a wrong clock told as one, and is nothing said of what may not be read?

Hand-made answers: neither moto nor MiniStack refuses anything, or has a clock of its own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.checkup import (
    Identity,
    check_dead_letters,
    check_deployments,
    check_identity,
    find_keys,
    identify,
    tell_refused,
)
from flyball.adapters.aws.sources import names_of
from flyball.adapters.aws.stack import Stack
from flyball.core.target import Metric
from flyball.plan.model import Level
from tests.rig import make_target

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class RefusedError(Exception):
    """As botocore's ClientError."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response = {"Error": {"Code": code, "Message": message}}


class Refusing:
    """A service that refuses everything, as Clients and client in one."""

    meta = SimpleNamespace(
        method_to_api_mapping={
            "get_queue_attributes": "GetQueueAttributes",
            "describe_endpoint_config": "DescribeEndpointConfig",
        }
    )

    def get(self, _: str) -> Refusing:
        """Give the client."""
        return self

    def __getattr__(self, _: str) -> Any:
        return self._refuse

    def _refuse(self, **_: Any) -> Any:
        raise RefusedError("AccessDeniedException", "no")


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
    clients: Any = Refusing()
    asked = Asked()
    heard = asked.listen(clients)
    assert list(check_dead_letters(heard, asked, "")) == []
    assert list(check_dead_letters(heard, asked, "url")) == []
    assert "sqs:GetQueueAttributes" in next(asked.checks(())).text


def test_an_endpoint_that_may_not_be_read_is_left_out() -> None:
    """So is its configuration; inference components and groups have none."""
    clients: Any = Refusing()
    asked = Asked()
    heard = asked.listen(clients)
    targets = [
        make_target("a", home="aws", resource={"endpoint": "e", "variant": "v"}),
        make_target("b", home="aws", resource={"inference_component": "c"}),
    ]
    assert list(check_deployments(heard, asked, {}, targets)) == []
    live = {"ProductionVariants": [{"VariantName": "v", "DesiredInstanceCount": 2}]}
    assert list(check_deployments(heard, asked, {"e": live}, targets)) == []
    assert asked.is_denied("sagemaker:DescribeEndpointConfig")


def test_a_key_that_nobody_tells_is_not_known() -> None:
    """It would only make a policy narrower, so it is no permission that is missing."""
    clients: Any = Refusing()
    assert find_keys(clients, Stack("t", "l")) is None


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

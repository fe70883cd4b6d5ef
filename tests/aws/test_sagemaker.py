"""Does our own SageMaker answer in the shapes that the SDK's service model has?"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, HTTPClientError
from botocore.validate import ParamValidator

from flyball.adapters.aws.clients import Clients
from tests.aws.hosted import CONTROLS, KINDS, OPERATIONS, Cloud
from tests.aws.sagemaker import Server
from tests.aws.timeline import ICE

pytestmark = pytest.mark.enable_socket

SERVICES = {"SageMaker": "sagemaker", "AnyScaleFrontendService": "application-autoscaling"}


@pytest.fixture
def cloud(served: tuple[Server, Clients]) -> Cloud:
    """Begin with an endpoint, a component and a registration."""
    server, _ = served
    server.cloud = cloud = Cloud()
    cloud.endpoint("chat", 4)
    cloud.component("llm", 1)
    cloud.register("endpoint/chat/variant/blue")
    return cloud


def _plain(_: Cloud) -> None:
    """Leave all as it is."""


def _deploy(cloud: Cloud) -> None:
    cloud.endpoints["chat"].deploy("chat-2", 2, 300, cloud.now)


def _roll_back(cloud: Cloud) -> None:
    thing = cloud.endpoints["chat"]
    thing.fate = "rolls_back"
    thing.change("blue", 6, cloud.now)
    cloud.move(490)


def _suspend(cloud: Cloud) -> None:
    cloud.register("endpoint/chat/variant/blue", DynamicScalingInSuspended=True)
    for index in range(60):
        cloud.register(f"inference-component/c{index}")


ENDPOINT: dict[str, Any] = {"EndpointName": "chat"}
COMPONENT: dict[str, Any] = {"InferenceComponentName": "llm"}
COUNT: dict[str, Any] = {
    "DesiredWeightsAndCapacities": [{"VariantName": "blue", "DesiredInstanceCount": 6}]
}


@dataclass(frozen=True)
class Case:
    """A call, and what has happened before it."""

    id: str
    target: str
    body: Mapping[str, Any]
    before: Callable[[Cloud], None] = _plain


CASES = (
    Case("endpoint", "SageMaker.DescribeEndpoint", ENDPOINT),
    Case("endpoint_deploying", "SageMaker.DescribeEndpoint", ENDPOINT, _deploy),
    Case("endpoint_rolling_back", "SageMaker.DescribeEndpoint", ENDPOINT, _roll_back),
    Case("update", "SageMaker.UpdateEndpointWeightsAndCapacities", ENDPOINT | COUNT),
    Case("component", "SageMaker.DescribeInferenceComponent", COMPONENT),
    Case(
        "update_component",
        "SageMaker.UpdateInferenceComponentRuntimeConfig",
        COMPONENT | {"DesiredRuntimeConfig": {"CopyCount": 0}},
    ),
    Case(
        "registered",
        "AnyScaleFrontendService.DescribeScalableTargets",
        {"ServiceNamespace": "sagemaker"},
        _suspend,
    ),
)


def post(server: Server, body: Mapping[str, Any], target: str = "", path: str = "/") -> Any:
    """Call the server without the SDK."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    headers = {"X-Amz-Target": target}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_answer_has_the_shape_of_the_service_model(
    case: Case, served: tuple[Server, Clients], cloud: Cloud
) -> None:
    """No field too many, no required one too few, and every value of its type."""
    case.before(cloud)
    prefix, _, operation = case.target.partition(".")
    model = botocore.session.get_session().get_service_model(SERVICES[prefix])
    shape = model.operation_model(operation).output_shape
    report = ParamValidator().validate(post(served[0], case.body, case.target), shape)
    assert not report.has_errors(), report.generate_report()


def test_every_operation_is_held_to_its_shape() -> None:
    """None is left out above."""
    assert {case.target for case in CASES} == set(OPERATIONS)


def test_the_check_of_shapes_sees_a_field_too_many_and_one_too_few() -> None:
    """What is compared above can fail."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model("DescribeEndpoint").output_shape
    told = ParamValidator().validate({"EndpointName": "a", "Size": 1}, shape).generate_report()
    assert "EndpointArn" in told
    assert "Size" in told


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fault_fails_the_call_or_leaves_it_without_what_it_should_say(
    kind: str, served: tuple[Server, Clients], cloud: Cloud
) -> None:
    """Whatever is asked for; three times, since the client tries three times."""
    client = served[1].get("sagemaker")
    cloud.fault("DescribeEndpoint", kind, 3)
    if kind in {"garbled", "empty"}:
        assert "EndpointStatus" not in client.describe_endpoint(EndpointName="chat")
    else:
        with pytest.raises((ClientError, HTTPClientError)):
            client.describe_endpoint(EndpointName="chat")


def test_what_is_wrong_with_a_call_is_said_as_sagemaker_says_it(
    served: tuple[Server, Clients], cloud: Cloud
) -> None:
    """Not found, no such variant, two capacities in one call, no such operation."""
    client = served[1].get("sagemaker")
    one = {"VariantName": "blue", "DesiredInstanceCount": 1}

    def refused(name: str, *wanted: dict[str, object]) -> str:
        with pytest.raises(ClientError) as raised:
            client.update_endpoint_weights_and_capacities(
                EndpointName=name, DesiredWeightsAndCapacities=list(wanted)
            )
        assert raised.value.response["Error"]["Code"] == "ValidationException"
        return str(raised.value)

    assert "Could not find endpoint" in refused("gone", one)
    assert "green is not there" in refused("chat", one | {"VariantName": "green"})
    assert "one variant" in refused("chat", one, one)
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_models()
    assert cloud.endpoints["chat"].status == "InService"


def test_a_weight_may_be_changed_beside_the_count(
    served: tuple[Server, Clients], cloud: Cloud
) -> None:
    """So that a test can see that the adapter never does it."""
    wanted = [{"VariantName": "blue", "DesiredWeight": 0.5}]
    served[1].get("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="chat", DesiredWeightsAndCapacities=wanted
    )
    assert cloud.endpoints["chat"].variants["blue"].weight == 0.5


def test_it_serves_as_a_program_that_is_told_by_post(repository: Path) -> None:
    """Its URL is its first line; its clock moves when it is told to."""
    command = [sys.executable, "-m", "tests.aws.sagemaker"]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            port = int(program.stdout.readline().rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

            def do(path: str, body: Mapping[str, Any], target: str = "") -> Any:
                connection.request("POST", path, json.dumps(body), {"X-Amz-Target": target})
                return json.loads(connection.getresponse().read())

            do("/_control", {"do": "endpoint", "name": "chat", "count": 1})
            do("/_control", {"do": "set", "name": "chat", "fate": "fails", "stock": 0})
            target = "SageMaker.UpdateEndpointWeightsAndCapacities"
            do("/", ENDPOINT | COUNT, target)
            do("/_control", {"do": "move", "seconds": 500})
            found = do("/", ENDPOINT, "SageMaker.DescribeEndpoint")
            connection.request("GET", "/_calls")
            calls = json.loads(connection.getresponse().read())
            connection.close()
        finally:
            program.terminate()
    assert (found["EndpointStatus"], found["FailureReason"]) == ("Failed", ICE)
    assert [call["operation"] for call in calls] == [target.partition(".")[2], "DescribeEndpoint"]


def test_everything_that_befalls_it_can_be_told_by_post(
    served: tuple[Server, Clients], cloud: Cloud
) -> None:
    """Each control does what it is called, with its arguments by name."""
    server, _ = served
    told: dict[str, dict[str, object]] = {
        "move": {"seconds": 1},
        "endpoint": {"name": "mail", "count": 1},
        "component": {"name": "small"},
        "register": {"key": "inference-component/small"},
        "fault": {"operation": "*", "kind": "throttle"},
        "set": {"name": "small", "kind": "component", "fate": "stalls"},
        "count": {"name": "mail", "count": 7},
        "befall": {"name": "chat", "status": "SystemUpdating", "lasts_s": 60},
        "deploy": {"name": "mail", "config": "mail-2", "count": 1},
        "quota": {"instance_type": "ml.g5.xlarge", "limit": 9, "elsewhere": 2},
    }
    for name, arguments in told.items():
        post(server, {"do": name, **arguments}, path="/_control")
    assert cloud.components["small"].fate == "stalls"
    assert cloud.endpoints["mail"].variants["blue"].desired == 7
    assert cloud.endpoints["chat"].status == "SystemUpdating"
    assert cloud.endpoints["mail"].extra["PendingDeploymentSummary"]
    assert [each["ResourceId"] for each in cloud.registered][1:] == ["inference-component/small"]
    assert (cloud.quotas, cloud.elsewhere) == ({"ml.g5.xlarge": 9}, {"ml.g5.xlarge": 2})
    post(server, {"do": "forgive"}, path="/_control")
    assert cloud.faults == []
    assert post(server, {"do": "reset"}, path="/_control") == {"now": Cloud().now}
    assert cloud.endpoints == {}
    assert set(told) | {"forgive", "reset"} == set(CONTROLS)

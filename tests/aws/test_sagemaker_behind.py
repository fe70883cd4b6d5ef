"""Does our own SageMaker answer for what it was told of, and hand on everything else as it came?"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.account import start_moto
from tests.aws.rig import Server as Started
from tests.aws.rig import client_of
from tests.aws.sagemaker import Server

pytestmark = pytest.mark.enable_socket

KEY = "endpoint/{}/variant/blue"
UPDATE = "UpdateEndpointWeightsAndCapacities"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Serve moto with one endpoint, mail, of 2 instances."""
    server = start_moto(tmp_path_factory.mktemp("moto"))
    sagemaker = client_of(server, "sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/model")
    made = {
        "VariantName": "blue",
        "ModelName": "m",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.g4dn.xlarge",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[made])
    sagemaker.create_endpoint(EndpointName="mail", EndpointConfigName="c")
    yield server
    server.stop()


@pytest.fixture
def front(moto: Started) -> Iterator[Server]:
    """Serve our own before it, told of chat."""
    with Server(behind=moto.url) as server:
        server.cloud.endpoint("chat", 4)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(front: Server, service: str = "sagemaker") -> Any:
    """Make a client of one of the services at that one address."""
    return client_of(Started(front.url, None, None), service)  # type: ignore[arg-type]


def look(front: Server, name: str) -> tuple[str, int, int]:
    """Read an endpoint's status, desired and current count."""
    found = client(front).describe_endpoint(EndpointName=name)
    (variant,) = found["ProductionVariants"]
    return (
        found["EndpointStatus"],
        variant["DesiredInstanceCount"],
        variant["CurrentInstanceCount"],
    )


def change(front: Server, name: str, count: int) -> None:
    """Ask for a count."""
    wanted = [{"VariantName": "blue", "DesiredInstanceCount": count}]
    client(front).update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=wanted
    )


def test_what_it_was_told_of_is_slow_and_the_rest_is_motos(front: Server) -> None:
    """One is updating for minutes, the other has its instances at once; both calls are kept."""
    change(front, "chat", 6)
    change(front, "mail", 3)
    assert look(front, "chat") == ("Updating", 6, 4)
    assert look(front, "mail") == ("InService", 3, 3)
    made = [call["body"]["EndpointName"] for call in front.cloud.calls]
    assert made == ["chat", "mail", "chat", "mail"]


def test_an_endpoint_that_is_created_is_created_behind(front: Server, moto: Started) -> None:
    """An operation that it does not have is no error here."""
    client(front).create_endpoint(EndpointName="post", EndpointConfigName="c")
    assert look(front, "post") == ("InService", 2, 2)
    there = client_of(moto, "sagemaker").list_endpoints(NameContains="post")["Endpoints"]
    assert [each["EndpointName"] for each in there] == ["post"]


def test_a_refusal_behind_is_told_in_its_words(front: Server) -> None:
    """Code, status and message."""
    with pytest.raises(ClientError, match="Could not find endpoint") as refused:
        look(front, "gone")
    answer = refused.value.response
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_fault_befalls_what_it_was_told_of_alone(front: Server) -> None:
    """The call of the other does not use it up."""
    front.cloud.fault(UPDATE, "throttle")
    change(front, "mail", 4)
    with pytest.raises(ClientError, match="Rate exceeded"):
        change(front, "chat", 5)


def test_registrations_of_both_are_one_list(front: Server) -> None:
    """One call asks about many, of either; each of moto's pages is passed on, ours comes last."""
    native = client(front, "application-autoscaling")
    for name in ("mail", "post"):
        native.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=KEY.format(name),
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=3,
        )
    front.cloud.register(KEY.format("chat"))
    keys = [KEY.format(name) for name in ("chat", "mail", "post")]
    pages = native.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", ResourceIds=keys, PaginationConfig={"PageSize": 1}
    )
    found = [each["ResourceId"] for page in pages for each in page["ScalableTargets"]]
    assert sorted(found) == keys
    asked = native.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=keys[1:2])
    assert [each["ResourceId"] for each in asked["ScalableTargets"]] == keys[1:2]

"""Are clients made late, once, and with one retry layer?"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from flyball.adapters.aws.clients import SILENT_S, TRIES, Clients, error_code, error_message
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.send import send
from flyball.core.model import Missing
from flyball.ports import OutcomeKind
from tests.rig import T0, make_target


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the SDK what it asks for, so that it looks nowhere else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_a_client_is_made_once_and_tries_three_times_with_short_limits() -> None:
    """One retry layer, whose tries end within a function's time."""
    clients = Clients("eu-central-1")
    client = clients.get("sagemaker")
    assert clients.get("sagemaker") is client
    config = client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert client.meta.region_name == "eu-central-1"


def test_services_share_one_session() -> None:
    """Credentials are looked for once, and service models are loaded by one loader."""
    clients = Clients("eu-central-1")
    clients.get("sagemaker")
    session = clients._session
    clients.get("autoscaling")
    assert clients._session is session


def test_an_endpoint_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument for one service, by the environment for the others."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    clients = Clients("eu-central-1", {"sagemaker": "http://127.0.0.1:2"})
    assert clients.get("sagemaker").meta.endpoint_url == "http://127.0.0.1:2"
    assert clients.get("autoscaling").meta.endpoint_url == "http://127.0.0.1:1"


def test_threads_that_need_one_client_share_it() -> None:
    """It is made once, however many ask at the same moment."""
    clients, got = Clients("eu-central-1"), []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        got.append(clients.get("sagemaker"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in got}) == 1


class Silence:
    """Clients under which services fall silent; nothing is sent anywhere."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.clients = Clients("eu-central-1", elapsed=lambda: self.now_s)
        self.tries: list[str] = []
        self.error: Exception = ReadTimeoutError(endpoint_url="https://nowhere")

    def call(self, service: str, operation: str, **arguments: Any) -> str:
        """Make a call; say how it failed."""
        client = self.clients.get(service)
        client.meta.events.register("before-send", self._fail, unique_id="fail")
        try:
            getattr(client, operation)(**arguments)
        except BotoCoreError as error:
            return str(error)
        raise AssertionError("it was answered")

    def endpoint(self) -> str:
        """Ask SageMaker for anything."""
        return self.call("sagemaker", "describe_endpoint", EndpointName="e")

    def _fail(self, request: Any, **_: object) -> None:
        self.tries.append(request.url)
        raise self.error


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Silence:
    """Let no test wait between the SDK's tries."""
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None)
    return Silence()


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectTimeoutError])
def test_a_service_that_did_not_answer_is_not_waited_for_again_by_the_next(
    silence: Silence, error: type[BotoCoreError]
) -> None:
    """Else four scalable targets of a silent service take the time of all the others."""
    silence.error = error(endpoint_url="https://nowhere")
    assert "timeout" in silence.endpoint()
    assert len(silence.tries) == TRIES
    silence.now_s += SILENT_S - 1
    assert "sagemaker did not answer a moment ago" in silence.endpoint()
    assert len(silence.tries) == TRIES


def test_a_silent_service_is_asked_again_after_a_while(silence: Silence) -> None:
    """And is waited for once more, not longer than before."""
    silence.endpoint()
    silence.now_s += SILENT_S
    assert "timeout" in silence.endpoint()
    assert len(silence.tries) == 2 * TRIES


def test_the_silence_of_one_service_is_no_other_s(silence: Silence) -> None:
    """Each is reached by its own way."""
    silence.endpoint()
    said = silence.call(
        "application-autoscaling", "describe_scalable_targets", ServiceNamespace="ecs"
    )
    assert "timeout" in said


def test_a_service_that_cannot_be_found_at_all_may_be_asked_again(silence: Silence) -> None:
    """That is said at once, and costs no time."""
    silence.error = EndpointConnectionError(endpoint_url="https://nowhere")
    silence.endpoint()
    assert "Could not connect" in silence.endpoint()
    assert len(silence.tries) == 2 * TRIES


def test_looks_at_a_silent_service_are_missing_and_changes_are_not_sent(silence: Silence) -> None:
    """A target whose capacity cannot be read is held; what was not sent cannot have landed."""
    control = AwsControl(silence.clients)
    targets = [
        make_target(name, home="aws", resource={"endpoint": name, "variant": "blue"})
        for name in ("a", "b")
    ]
    silence.call("sagemaker", "describe_endpoint", EndpointName="e")
    silence.tries.clear()
    for target in targets:
        looked = control.describe(target, T0)
        assert isinstance(looked, Missing)
        assert "did not answer a moment ago" in looked.detail
    arguments = {"EndpointName": "e", "DesiredWeightsAndCapacities": []}
    operation = "update_endpoint_weights_and_capacities"
    outcome = send(silence.clients, "sagemaker", operation, "EndpointArn", 3, **arguments)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail.startswith("not sent: ")
    assert silence.tries == []


def test_a_refusal_is_read_by_code_and_words() -> None:
    """As the service gave them."""
    answer: Any = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
    error = ClientError(answer, "DescribeEndpoint")
    assert (error_code(error), error_message(error)) == ("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    "answer", [None, {}, {"Error": None}, {"Error": {}}, {"Error": {"Code": 5, "Message": None}}]
)
def test_an_error_without_code_or_words_still_says_something(answer: Any) -> None:
    """Its own text stands for the words."""
    error = ValueError("what it says")
    error.response = answer  # type: ignore[attr-defined]
    assert (error_code(error), error_message(error)) == ("", "what it says")

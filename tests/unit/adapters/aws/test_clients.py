"""Are clients made late, once, with one retry layer, and is silence waited for once a run?"""

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

from flyball.adapters.aws.clients import TRIES, Clients, error_code, error_message
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
        self.clients = Clients("eu-central-1")
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
def test_what_did_not_answer_is_waited_for_once_a_run(
    silence: Silence, error: type[BotoCoreError]
) -> None:
    """Else four scalable targets of a silent service take the time of all the others."""
    silence.error = error(endpoint_url="https://nowhere")
    with silence.clients.wait_once():
        assert "timeout" in silence.endpoint()
        assert len(silence.tries) == TRIES
        assert "sagemaker DescribeEndpoint did not answer a moment ago" in silence.endpoint()
        assert len(silence.tries) == TRIES


def test_silence_does_not_outlive_the_run_that_met_it(silence: Silence) -> None:
    """The next one in the same environment may find it answering: it asks, with all tries."""
    for count in (1, 2):
        with silence.clients.wait_once():
            assert "timeout" in silence.endpoint()
        assert len(silence.tries) == count * TRIES


def test_silence_does_not_outlive_a_run_that_failed(silence: Silence) -> None:
    """What comes after it, such as giving back what it took, is tried."""

    def fail() -> None:
        with silence.clients.wait_once():
            silence.endpoint()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert "timeout" in silence.endpoint()
    assert len(silence.tries) == 2 * TRIES


def test_nothing_is_refused_to_those_who_did_not_ask_for_it(silence: Silence) -> None:
    """A person's command waits, and may undo what it began."""
    silence.endpoint()
    with silence.clients.wait_once():
        assert "timeout" in silence.endpoint()
    assert "timeout" in silence.endpoint()
    assert len(silence.tries) == 3 * TRIES


def test_the_ledger_is_asked_however_silent_it_was(silence: Silence) -> None:
    """What was begun must be written down, or given back."""
    with silence.clients.wait_once():
        for count in (1, 2):
            assert "timeout" in silence.call("dynamodb", "describe_table", TableName="ledger")
            assert len(silence.tries) == count * TRIES


def test_the_silence_of_one_service_is_no_other_s(silence: Silence) -> None:
    """Each is reached by its own way."""
    with silence.clients.wait_once():
        silence.endpoint()
        said = silence.call(
            "application-autoscaling", "describe_scalable_targets", ServiceNamespace="ecs"
        )
    assert "timeout" in said


def test_one_slow_question_leaves_a_services_others_open(silence: Silence) -> None:
    """A GetMetricData that takes too long says nothing of DescribeAlarms."""
    asked = {"MetricDataQueries": [], "StartTime": T0, "EndTime": T0}
    with silence.clients.wait_once():
        silence.call("cloudwatch", "get_metric_data", **asked)
        assert "did not answer a moment ago" in silence.call(
            "cloudwatch", "get_metric_data", **asked
        )
        assert "timeout" in silence.call("cloudwatch", "describe_alarms")


def test_a_service_that_cannot_be_found_at_all_may_be_asked_again(silence: Silence) -> None:
    """That is said at once, and costs no time."""
    silence.error = EndpointConnectionError(endpoint_url="https://nowhere")
    with silence.clients.wait_once():
        silence.endpoint()
        assert "Could not connect" in silence.endpoint()
    assert len(silence.tries) == 2 * TRIES


def test_one_silent_service_costs_a_run_one_wait_and_its_looks_are_missing(
    silence: Silence,
) -> None:
    """However many scalable targets it has: one whose capacity cannot be read is held."""
    control = AwsControl(silence.clients)
    targets = [
        make_target(name, home="aws", resource={"endpoint": name, "variant": "blue"})
        for name in ("a", "b", "c")
    ]
    with silence.clients.wait_once():
        silence.endpoint()
        for target in targets:
            looked = control.describe(target, T0)
            assert isinstance(looked, Missing)
            assert "DescribeEndpoint did not answer a moment ago" in looked.detail
    assert len(silence.tries) == TRIES


def test_a_change_that_is_not_sent_into_silence_cannot_have_landed(silence: Silence) -> None:
    """The first may have; it is told apart from the next."""
    operation = "update_endpoint_weights_and_capacities"
    wanted = [{"VariantName": "blue", "DesiredInstanceCount": 3}]
    arguments: dict[str, Any] = {"EndpointName": "e", "DesiredWeightsAndCapacities": wanted}
    with silence.clients.wait_once():
        silence.call("sagemaker", operation, **arguments)
        outcome = send(silence.clients, "sagemaker", operation, "EndpointArn", 3, **arguments)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail.startswith("not sent: ")
    assert len(silence.tries) == TRIES


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

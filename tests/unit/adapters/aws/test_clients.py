"""Are clients made late, once, and with one retry layer?"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flyball.adapters.aws.clients import Clients, error_code, error_message


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

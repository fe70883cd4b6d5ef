"""Is each alert policy made, changed and removed once, whatever becomes of the answers?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from flyball.adapters.gcp.again import TRIES
from flyball.adapters.gcp.alerting import Alerting
from flyball.adapters.gcp.policies import define
from flyball.adapters.gcp.session import CallError
from flyball.alarm import define_alarms
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, ScalableTarget, Unit
from tests.gcp.alerting import Policies, serve_policies

pytestmark = pytest.mark.enable_socket

DUTY = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
TARGET = ScalableTarget(
    "gpu",
    1,
    4,
    home="gcp",
    resource={"project": "acme", "location": "europe-west4", "endpoint": "123"},
    metrics=(Metric("duty", Unit.RATIO, source={"metric": DUTY}),),
    policies=(TrackingPolicy("track", "duty", 60),),
)
HIGH, LOW = (define(each) for each in define_alarms(TARGET))
CREATE, UPDATE, DELETE, LIST = (
    f"{verb}AlertPolic{end}"
    for verb, end in (("Create", "y"), ("Update", "y"), ("Delete", "y"), ("List", "ies"))
)


@pytest.fixture
def policies() -> Iterator[Policies]:
    """Serve an account without policies; nothing in it may break Google's document."""
    with serve_policies() as account:
        yield account
    assert account.broken == []


@pytest.fixture
def alerting(policies: Policies) -> Iterator[Alerting]:
    """Speak to it, without waiting."""
    waits: list[float] = []
    made = Alerting(policies.url, waits.append)
    yield made
    made.close()


def test_what_was_made_is_listed_as_it_was(policies: Policies, alerting: Alerting) -> None:
    """Every field, through Google's own types and a wire."""
    alerting.create("acme", HIGH)
    (found,) = alerting.list("acme")
    assert found["user_labels"] == HIGH["user_labels"]
    assert found["conditions"][0]["condition_threshold"]["threshold_value"] == 0.6
    assert policies.asked == [CREATE, LIST]


def test_all_pages_are_listed_of_one_project(policies: Policies, alerting: Alerting) -> None:
    """Others' policies too, as only their labels say whose they are."""
    policies.page = 2
    for _ in range(5):
        policies.add(HIGH)
    policies.add(HIGH, "other")
    assert len(alerting.list("acme")) == 5


def test_a_policy_whose_answer_was_lost_is_made_once(
    policies: Policies, alerting: Alerting
) -> None:
    """It is looked for by its labels before it is asked for again."""
    policies.faults.append((CREATE, "UNAVAILABLE", True))
    alerting.create("acme", HIGH)
    assert len(policies.policies) == 1
    assert policies.asked == [CREATE, LIST]


def test_a_policy_that_was_not_made_is_asked_for_again(
    policies: Policies, alerting: Alerting
) -> None:
    """Also where others are there already."""
    policies.add(LOW)
    policies.faults += [(CREATE, "RESOURCE_EXHAUSTED", False), (CREATE, "INTERNAL", False)]
    alerting.create("acme", HIGH)
    assert len(policies.policies) == 2
    assert policies.asked == [CREATE, LIST, CREATE, LIST, CREATE]


def test_a_refusal_is_told_as_the_session_tells_its_own(
    policies: Policies, alerting: Alerting
) -> None:
    """With the service's words, and that nothing has landed."""
    policies.faults.append((CREATE, "PERMISSION_DENIED", False))
    with pytest.raises(CallError, match="403 PERMISSION_DENIED: as told") as told:
        alerting.create("acme", HIGH)
    assert (told.value.doubtful, told.value.passes) == (False, False)
    assert policies.asked == [CREATE]


def test_what_goes_on_failing_ends(policies: Policies, alerting: Alerting) -> None:
    """After so many tries, and it says that it may have landed."""
    policies.faults += [(UPDATE, "UNAVAILABLE", False)] * TRIES
    name = policies.add(HIGH)
    with pytest.raises(CallError, match="503 UNAVAILABLE") as told:
        alerting.update({**HIGH, "name": name})
    assert (told.value.doubtful, told.value.passes) == (True, True)
    assert policies.asked == [UPDATE] * TRIES


def test_what_is_gone_already_is_no_error(policies: Policies, alerting: Alerting) -> None:
    """Removed twice, as after a lost answer, it is removed once."""
    name = policies.add(HIGH)
    policies.faults.append((DELETE, "UNAVAILABLE", True))
    alerting.delete(name)
    assert policies.policies == {}
    policies.faults.append((DELETE, "PERMISSION_DENIED", False))
    with pytest.raises(CallError, match="PERMISSION_DENIED"):
        alerting.delete(name)


def test_a_server_that_is_not_there_is_told() -> None:
    """As a call without an answer."""
    with (
        closing(Alerting("127.0.0.1:1", lambda _: None)) as alerting,
        pytest.raises(CallError, match="UNAVAILABLE"),
    ):
        alerting.list("acme")


def test_credentials_that_are_missing_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """They are looked for by the first call, and not waited for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(CallError, match="no credentials were found"):
        Alerting().list("acme")

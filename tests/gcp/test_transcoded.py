"""Does Google's gcloud read the alert policies that our gRPC client wrote, and ours gcloud's?

Both are driven at one account: Google's API is transcoded, and so is the server here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deploy.gcp.place import Place
from deploy.gcp.step import Ensure, fill, fill_all, holds
from deploy.gcp.steps import list_steps
from flyball.adapters.gcp.alerting import Alerting
from flyball.adapters.gcp.policies import define
from flyball.alarm import define_alarms
from tests.gcp.alerting import Policies, serve_policies
from tests.gcp.crosscheck import Cli, open_cli
from tests.gcp.serving import Server
from tests.gcp.test_alerting import TARGET
from tests.gcp.transcoded import Transcoded, serve_transcoded

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

HIGH, LOW = (define(each) for each in define_alarms(TARGET))
POLICIES = ("alpha", "monitoring", "policies")
CHANNELS = ("beta", "monitoring", "channels")
PLACE = Place("acme", "europe-west4", mode="apply", email="ops@example.com")
SETTLED = {"subscription_id": "eventarc-7", "number": "123456"}


class Account(NamedTuple):
    """One account, from both sides."""

    policies: Policies
    alerting: Alerting
    rest: Server
    cloud: Transcoded


@pytest.fixture
def account() -> Iterator[Account]:
    """Serve an account by gRPC and by REST; nothing may break Google's documents on either."""
    with serve_policies() as policies, serve_transcoded(policies) as (rest, cloud):
        ours = Alerting(policies.url, lambda _: None)
        yield Account(policies, ours, rest, cloud)
        ours.close()
        assert policies.broken == rest.broken == []


@pytest.fixture
def gcloud(account: Account, tmp_path: Path) -> Cli:
    """Find gcloud; skips where there is none, and says why."""
    return open_cli(account.rest.url, tmp_path, "acme")


def test_gcloud_reads_the_policies_that_we_wrote(account: Account, gcloud: Cli) -> None:
    """All of a project's, one by its labels, and one by its name, field for field."""
    for each in (HIGH, LOW):
        account.alerting.create("acme", each)
    account.policies.add(HIGH, "other")
    assert len(gcloud.run(*POLICIES, "list")) == 2
    labels = " AND ".join(
        f'userLabels.{key}="{value}"' for key, value in HIGH["user_labels"].items()
    )
    (found,) = gcloud.run(*POLICIES, "list", f"--filter={labels}")
    assert found["userLabels"] == HIGH["user_labels"]
    told = gcloud.run(*POLICIES, "describe", found["name"])
    assert told == found
    (wanted,) = HIGH["conditions"]
    threshold = wanted["condition_threshold"]
    read = told["conditions"][0]["conditionThreshold"]
    assert read["filter"] == threshold["filter"]
    assert read["thresholdValue"] == threshold["threshold_value"]
    assert told["enabled"] is True


def test_we_read_and_mend_the_policy_that_gcloud_wrote(account: Account, gcloud: Cli) -> None:
    """It writes what it has read, changes a part by a mask, and does not find what we removed."""
    account.alerting.create("acme", HIGH)
    (first,) = account.alerting.list("acme")
    told = gcloud.run(*POLICIES, "describe", first["name"])
    account.alerting.delete(first["name"])
    for key in ("name", "creationRecord", "mutationRecord"):
        told.pop(key, None)
    for condition in told["conditions"]:
        condition.pop("name")
    gcloud.run(*POLICIES, "create", f"--policy={json.dumps(told)}")
    (second,) = account.alerting.list("acme")
    assert second["name"] != first["name"]
    assert second["user_labels"] == first["user_labels"]
    assert _strip(second) == _strip(first)
    gcloud.run(*POLICIES, "update", second["name"], "--no-enabled", "--display-name=theirs")
    (call,) = account.rest.made("patch")
    assert set(call.query["updateMask"].split(",")) == {"display_name", "enabled"}
    (third,) = account.alerting.list("acme")
    assert (third["display_name"], third["enabled"]) == ("theirs", False)
    assert _strip(third) == _strip(first)
    account.alerting.update({**HIGH, "name": third["name"]})
    told = gcloud.run(*POLICIES, "describe", third["name"])
    assert told["displayName"] == HIGH["display_name"]
    gcloud.run(*POLICIES, "delete", third["name"])
    assert account.alerting.list("acme") == []
    account.alerting.delete(third["name"])
    assert "NOT_FOUND" in gcloud.refuse(*POLICIES, "describe", third["name"])


def test_gcloud_is_refused_what_we_are(account: Account, gcloud: Cli) -> None:
    """By the same account, in the same words."""
    wrong = {"displayName": "x", "combiner": "OR", "conditions": []}
    told = gcloud.refuse(*POLICIES, "create", f"--policy={json.dumps(wrong)}")
    assert "INVALID_ARGUMENT: Field alert_policy.conditions had an invalid value" in told
    assert account.policies.policies == {}


def test_gcloud_makes_finds_mends_and_deletes_what_a_deployment_has_in_monitoring(
    account: Account, gcloud: Cli
) -> None:
    """Channels, the alerts for people and the dashboard, by exactly a deployment's commands."""
    known = dict(SETTLED)
    steps = [
        each
        for each in list_steps(PLACE)
        if isinstance(each, Ensure) and "monitoring" in each.find[:2]
    ]
    assert len(steps) == 6

    def run(words: tuple[str, ...]) -> Any:
        kept = [each for each in fill(words, known) if not each.startswith(("--project", "--form"))]
        return gcloud.run(*kept)

    for step in steps:
        assert run(step.find) == []
        for words in step.create:
            run(words)
        (found,) = run(step.find)
        known |= {name: found[field] for name, field in step.known.items()}
        whole = run(step.look) if step.look else found
        assert holds(fill_all(step.wanted, known), whole), step.title
    held = account.policies.named("Flyball (flyball) is held")
    assert list(held.notification_channels) == [known["people"]]
    held.combiner = "AND"
    account.cloud.channels[known["channel"]]["displayName"] = "changed by hand"
    for step in steps:
        for words in step.update:
            run(words)
        (found,) = run(step.find)
        assert holds(fill_all(step.wanted, known), run(step.look) if step.look else found)
    for step in reversed(steps):
        for words in step.delete:
            run(words)
        assert run(step.find) == []
    assert account.policies.policies == account.cloud.channels == account.cloud.boards == {}


def _strip(policy: Any) -> Any:
    """Leave what the service names or a person renames."""
    (condition,) = policy["conditions"]
    return policy["user_labels"], policy["documentation"], condition["condition_threshold"]

"""Do plan, apply and destroy look after the job that calls the function of every minute?

By google-cloud-scheduler, at a Cloud Scheduler of this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.gcp.place import Place
from deploy.gcp.step import Command, Ensure, fill, fill_all, holds
from deploy.gcp.steps import list_steps
from flyball.adapters.gcp.tick import normalize_job
from tests.gcp.conftest import Store
from tests.gcp.crosscheck import open_cli
from tests.gcp.desk import CONFIG, apply, destroy, plan, verbs, write
from tests.gcp.jobs import ACCOUNT, NAME, URL, JobDesk, sit_down_at_jobs
from tests.gcp.serving import Server
from tests.gcp.stage import PATH, serve
from tests.gcp.vertex import Replicas

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def desk(server: Server, store: Store, tmp_path: Path) -> Iterator[JobDesk]:
    """Sit down before a deployment without its job."""
    with sit_down_at_jobs(server, store, tmp_path) as found:
        yield found


def test_a_job_that_is_missing_is_planned_with_its_price_and_made(desk: JobDesk) -> None:
    """After the targets and their alarms; a second apply makes nothing twice."""
    done = plan()
    assert done.code == 2, done
    for line in (
        "region europe-west4",
        "gcp: the deployment",
        f"+ job {NAME}: * * * * * Etc/UTC: calls {URL} as {ACCOUNT}; $0.10 a month",
        "Plan: 4 to create.",
        "Cost: 2 alarms and 1 job, $0.89 a month at list price (+$0.89); alarms are charged from",
    ):
        assert line in done.out, done.out
    assert desk.scheduler.jobs == {}
    done = apply()
    assert (done.code, desk.made()) == (0, ["create"]), done
    assert verbs(plan("--json")) == []
    assert "Nothing to change: 4 parts are as wanted." in plan().out
    assert apply().code == 0
    assert desk.made() == ["create"]


def test_what_apply_makes_is_what_a_deployment_makes(desk: JobDesk) -> None:
    """So that neither changes what the other made."""
    assert apply().code == 0
    (step,) = [
        each
        for each in list_steps(Place("acme", "europe-west4"))
        if each.title == "The job of every minute"
    ]
    assert isinstance(step, Ensure)
    assert holds(fill_all(step.wanted, {"number": "123456"}), desk.job)
    assert desk.job["retryConfig"].get("retryCount", 0) == 0


@pytest.mark.slow
def test_the_job_that_gcloud_makes_for_a_deployment_is_as_wanted(
    desk: JobDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By exactly the command that a deployment runs; and gcloud finds ours as it is wanted."""
    gcloud = open_cli(desk.scheduler.rest.url, tmp_path, desk.store.project)
    place = Place(desk.store.project, "europe-west4")
    (step,) = [each for each in list_steps(place) if each.title == "The job of every minute"]
    assert isinstance(step, Ensure)
    monkeypatch.setenv("FLYBALL_TICK_ACCOUNT", place.account("scheduler"))

    def run(command: Command) -> Any:
        words = fill(command, {"number": "123456"})
        return gcloud.run(*[word for word in words if not word.startswith(("--proj", "--form"))])

    run(step.create[0])
    assert NAME not in [name for _, name in verbs(plan("--json"))]
    run(step.delete[0])
    assert apply().code == 0
    (found,) = run(step.find)
    assert holds(fill_all(step.wanted, {"number": "123456"}), found)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Write what somebody does to a job."""

    def act(job: dict[str, Any]) -> None:
        *heads, last = path.split(".")
        for head in heads:
            job = job[head]
        job[last] = value

    return act


CHANGED = {
    "schedule": (_set("schedule", "0 * * * *"), "schedule: 0 * * * * → * * * * *"),
    "zone": (_set("timeZone", "Europe/Berlin"), "time_zone: Europe/Berlin → Etc/UTC"),
    "uri": (_set("httpTarget.uri", "https://b.test"), f"uri: https://b.test → {URL}"),
    "method": (_set("httpTarget.httpMethod", "PUT"), "http_method: PUT → POST"),
    "audience": (
        _set("httpTarget.oidcToken.audience", "https://b.test"),
        f"audience: https://b.test → {URL}",
    ),
    "account": (
        _set("httpTarget.oidcToken.serviceAccountEmail", "me@b.test"),
        f"service_account: me@b.test → {ACCOUNT}",
    ),
    "deadline": (_set("attemptDeadline", "30s"), "attempt_deadline: 30s → 120s"),
    "retries": (_set("retryConfig.retryCount", 3), "retries: 3 → 0"),
    "longer": (_set("retryConfig.maxRetryDuration", "90s"), "retries: 0, for 90s → 0"),
}


@pytest.mark.parametrize(("change", "line"), CHANGED.values(), ids=CHANGED)
def test_what_somebody_changed_is_seen_and_mended(
    desk: JobDesk, change: Callable[[dict[str, Any]], None], line: str
) -> None:
    """That alone, by one update; what he added stays."""
    desk.add(NAME)
    change(desk.job)
    desk.job["httpTarget"]["headers"]["X-Team"] = "ml"
    done = plan()
    assert done.code == 2
    assert f"~ job {NAME}" in done.out
    assert line in done.out, done.out
    assert apply().code == 0
    assert desk.made() == ["create", "patch"]
    assert desk.job["httpTarget"]["headers"]["X-Team"] == "ml"
    assert plan().code == 0


def test_a_job_without_a_token_gets_one(desk: JobDesk) -> None:
    """And loses one of another kind, and the topic that it published to."""
    desk.add(NAME)
    del desk.job["httpTarget"]
    desk.job["pubsubTarget"] = {"topicName": "projects/acme/topics/t", "data": "eA=="}
    done = plan()
    assert f"uri: none → {URL}" in done.out, done.out
    assert apply().code == 0
    assert "pubsubTarget" not in desk.job
    desk.job["httpTarget"]["oauthToken"] = {"serviceAccountEmail": ACCOUNT}
    del desk.job["httpTarget"]["oidcToken"]
    assert f"service_account: none → {ACCOUNT}" in plan().out
    assert apply().code == 0
    assert "oauthToken" not in desk.job["httpTarget"]
    assert plan().code == 0


def test_a_paused_job_is_seen_and_resumed(desk: JobDesk) -> None:
    """And mended first, where it was changed as well."""
    desk.add(NAME)
    desk.job["state"] = "PAUSED"
    assert "state: PAUSED → ENABLED" in plan().out
    assert apply().code == 0
    assert (desk.made(), desk.job["state"]) == (["create", "resume"], "ENABLED")
    desk.job.update(state="PAUSED", schedule="0 * * * *")
    assert apply().code == 0
    assert desk.made()[2:] == ["patch", "resume"]
    assert plan().code == 0


def test_a_job_whose_change_failed_is_changed_again(desk: JobDesk) -> None:
    """As Google asks for, though nothing else differs."""
    desk.add(NAME)
    desk.job["state"] = "UPDATE_FAILED"
    assert "state: UPDATE_FAILED → ENABLED" in plan().out
    assert apply().code == 0
    assert desk.made() == ["create", "patch"]
    assert plan().code == 0


def test_a_job_of_another_name_that_calls_the_function_is_the_job(desk: JobDesk) -> None:
    """It is mended under its name; of two the one of our name is ours, and the other is said."""
    desk.add("every-minute")
    desk.scheduler.job("every-minute")["schedule"] = "*/5 * * * *"
    assert ("update", "every-minute") in verbs(plan("--json"))
    assert apply().code == 0
    assert list(desk.scheduler.jobs) == [f"{desk.parent}/jobs/every-minute"]
    assert plan().code == 0
    desk.add(NAME)
    done = plan()
    assert done.code == 0
    assert "job every-minute calls the same function: each target is looked at twice" in done.out


def test_every_form_of_every_minute_in_utc_is_as_wanted(desk: JobDesk) -> None:
    """In words, by a step, and in each name of UTC."""
    desk.add(NAME)
    assert apply().code == 0
    for schedule, zone in (("every 1 minutes", "UTC"), ("*/1 * * * *", "utc"), ("* * * * *", "")):
        desk.job.update(schedule=schedule, timeZone=zone)
        assert plan().code == 0


def test_destroy_leaves_the_job_unless_all_goes(desk: JobDesk) -> None:
    """It is the deployment's: others may be registered, and ticks are watched for."""
    other = CONFIG.partition("scalable_targets:\n")[2].replace("id: gpu", "id: twin")
    write(CONFIG + other.replace('endpoint: "123"', 'endpoint: "456"'))
    desk.stage.vertex.endpoints[PATH.replace("123", "456")] = [Replicas(1, 4, id="7")]
    assert apply().code == 0
    write(CONFIG)
    done = destroy()
    assert done.code == 0
    assert f"job {NAME} goes on" in done.out, done.out
    assert list(desk.store.ledger.scalable_target_ids()) == ["twin"]
    assert ("delete", NAME) in verbs(plan("--destroy", "--prune", "--json"))
    assert destroy("--all").code == 0
    assert (desk.scheduler.jobs, desk.policies.policies) == ({}, {})
    again = destroy("--all")
    assert (again.code, "Nothing to remove." in again.out) == (0, True)
    assert apply().code == 0
    assert list(desk.scheduler.jobs) == [f"{desk.parent}/jobs/{NAME}"]


def test_a_job_that_somebody_else_made_is_mended_and_never_removed(desk: JobDesk) -> None:
    """It has neither our name nor our words."""
    desk.add("theirs")
    desk.scheduler.job("theirs").update(description="by hand", schedule="0 * * * *")
    assert apply().code == 0
    assert desk.scheduler.job("theirs")["schedule"] == "* * * * *"
    done = destroy("--all")
    assert done.code == 0
    assert "job theirs goes on: somebody else made it" in done.out, done.out
    assert list(desk.scheduler.jobs) == [f"{desk.parent}/jobs/theirs"]


def test_where_nobody_says_whom_it_calls_it_is_only_looked_at(
    desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with it by itself is said, and nothing is changed."""
    monkeypatch.delenv("FLYBALL_TICK_ACCOUNT")
    done = plan()
    assert "set FLYBALL_TICK_ACCOUNT, as `python -m deploy.gcp deploy` prints them" in done.out
    assert f"there is no job {NAME} in europe-west4" in done.out
    desk.add(NAME)
    desk.job["state"] = "PAUSED"
    done = apply()
    assert done.code == 0, done
    assert f"state of job {NAME} is PAUSED, and should be ENABLED" in done.out
    assert destroy("--all").code == 0
    assert (desk.made(), desk.job["state"]) == (["create"], "PAUSED")


def test_where_nobody_says_where_it_is_that_is_said(
    desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is asked."""
    monkeypatch.delenv("FLYBALL_GCP_REGION")
    done = apply()
    assert done.code == 0
    assert "set FLYBALL_GCP_REGION, as" in done.out
    assert desk.scheduler.rest.calls == []


@pytest.mark.parametrize(
    ("name", "value"), [("FLYBALL_GCP_REGION", "moon"), ("FLYBALL_TICK_URL", "tick")]
)
def test_a_variable_that_is_wrong_is_named(
    desk: JobDesk, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Before anything is asked."""
    monkeypatch.setenv(name, value)
    done = plan()
    assert done.code == 1
    assert f"{name}: got '{value}', expected a" in done.err
    assert desk.scheduler.rest.calls == []


def test_what_says_nothing_of_a_job_is_nothing() -> None:
    """An address that is left out of a token's audience is the target's."""
    assert normalize_job({}) == {"time_zone": "Etc/UTC", "attempt_deadline": "180s", "retries": "0"}
    token = {"service_account_email": ACCOUNT}
    found = normalize_job({"http_target": {"uri": URL, "oidc_token": token}})
    assert found["audience"] == URL

"""Does what `flyball apply` schedules call the function of every minute, and is that enough?

The folder that is deployed, under functions-framework; the job is made and mended by the command,
with google-cloud-scheduler, and Cloud Scheduler's part is played on this machine. Its minute begins
when a test says so, so that nobody waits for one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flyball.adapters.gcp.jobs import load_client
from flyball.adapters.gcp.lazy import make_client
from flyball.core.model import Action
from flyball.core.record import DECISION, OUTCOME
from flyball.ports import TriggerKind
from tests.aws.deployment import wait_for
from tests.gcp.alerting import Policies, serve_policies
from tests.gcp.deployment import (
    ACCOUNT,
    AUDIENCE,
    LOCATION,
    PROJECT,
    Deployment,
    deployed,
    path_of,
    target,
)
from tests.gcp.firing import Attempt
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.rig import check_ledger
from tests.unit.cli.commands import Done, flyball

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

JOB = "flyball-tick"
NAME = f"projects/{PROJECT}/locations/{LOCATION}/jobs/{JOB}"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LEAD = 10 * SECOND
"""So long before a window begins it is applied, and looked at for the first time."""
PROMPT, PART = 5 * SECOND, 20 * SECOND
SERVICES = ("FIRESTORE", "AIPLATFORM", "MONITORING")


class Stack(NamedTuple):
    """What is deployed, and who calls it."""

    deployment: Deployment
    scheduler: Scheduler
    policies: Policies

    def run(self, verb: str, folder: Path, *options: str) -> Done:
        """Run a command on the config of a folder, with what a deployment prints for people."""
        prefix = "FLYBALL_GCP_ENDPOINT_"
        theirs = self.deployment.environment
        environment = {
            "FLYBALL_GCP_PROJECT": PROJECT,
            "FLYBALL_GCP_REGION": LOCATION,
            "FLYBALL_ALERT_CHANNEL": f"projects/{PROJECT}/notificationChannels/1",
            "FLYBALL_TICK_AUDIENCE": AUDIENCE,
            "FLYBALL_TICK_ACCOUNT": ACCOUNT,
            "FLYBALL_TICK_URL": f"{self.deployment.tick.url}/",
            **{f"{prefix}{each}": theirs[f"{prefix}{each}"] for each in SERVICES},
            f"{prefix}MONITORING_GRPC": self.policies.url,
            f"{prefix}CLOUDSCHEDULER_GRPC": self.scheduler.url,
        }
        config = ("--config", str(folder / "flyball.json"), "--unseen")
        return flyball(verb, *config, *options, env=environment)

    def apply(self, folder: Path, **made: Any) -> None:
        """Bring a scalable target into force as a person does."""
        config = {"version": 1, "scalable_targets": [made]}
        (folder / "flyball.json").write_text(json.dumps(config), encoding="utf-8")
        done = self.run("apply", folder, "--yes")
        assert done.code == 0, done

    def pass_minute(self) -> list[Attempt]:
        """Let the Scheduler's next minute come, and a part of it go by; what it called."""
        runs = self.scheduler.runs
        gone = timedelta(seconds=runs.now().second)
        return runs.move(MINUTE - gone + PART)

    def told(self, message: str) -> int:
        """Count the lines of a message that the function of every minute wrote."""
        lines = self.deployment.lines(self.deployment.tick)
        return [line["message"] for line in lines].count(message)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run what is deployed, once for all tests."""
    with (
        deployed(tmp_path_factory.mktemp("gcp")) as found,
        serve_policies() as policies,
        serve_scheduler(found.signer) as scheduler,
    ):
        yield Stack(found, scheduler, policies)


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """Nothing that any test does may break what Google documents of its services."""
    yield running
    running.scheduler.runs.stop()
    running.scheduler.runs.spoiled = []
    assert running.scheduler.rest.broken == []
    assert running.policies.broken == []
    assert running.deployment.cloud.broken == []


def test_a_window_raises_the_floor_at_its_minute_by_the_schedulers_run_alone(
    stack: Stack, tmp_path: Path
) -> None:
    """Nobody's alert said so, and nobody called the function but the job that apply made."""
    gcp, runs = stack.deployment, stack.scheduler.runs
    gcp.create("rush", 1, 6)
    gcp.load("rush", 0.5)
    start = datetime.now(UTC).replace(microsecond=0) + LEAD
    window = {
        "name": "opening",
        "start": f"at({start:%Y-%m-%dT%H:%M:%S})",
        "duration": "10m",
        "floor": 3,
        "time_zone": "UTC",
    }
    stack.apply(tmp_path, **target("rush", mode="apply", early="0s", windows=[window]))
    assert [each.status for each in stack.pass_minute()] == [200]
    (looked,) = gcp.decisions("rush")
    assert (looked.decision.action, gcp.sent("rush")) == (Action.HOLD, [])
    assert datetime.now(UTC) < start, "it was to be applied before its window begins"
    calls = len(runs.attempts)
    runs.align(start)
    runs.start()
    assert wait_for(lambda: gcp.rows("rush", OUTCOME), (LEAD + 4 * PROMPT).total_seconds())
    runs.stop()
    (attempt,) = runs.attempts[calls:]
    assert (attempt.job, attempt.status) == (JOB, 200)
    (call,) = gcp.sent("rush")
    assert call.path == path_of("rush")
    assert call.body == {
        "deployedModel": {
            "id": "7",
            "dedicatedResources": {"minReplicaCount": 3, "maxReplicaCount": 6},
        },
        "updateMask": "dedicatedResources.minReplicaCount",
    }
    _, raised = gcp.decisions("rush")
    assert start <= raised.decision.at < start + PROMPT
    assert raised.trigger["kind"] == TriggerKind.TIMER.value
    assert [limit.by for limit in raised.decision.limits] == ["opening"]
    stack.pass_minute()
    stack.pass_minute()
    assert len(gcp.sent("rush")) == 1


def test_a_run_that_is_tried_again_after_a_500_acts_once(stack: Stack, tmp_path: Path) -> None:
    """The same name and schedule time: it was done, and only its answer did not arrive."""
    gcp, runs = stack.deployment, stack.scheduler.runs
    gcp.create("again")
    gcp.load("again", 0.95)
    stack.apply(tmp_path, **target("again", mode="apply"))
    stack.scheduler.job(JOB)["retryConfig"]["retryCount"] = 1  # as somebody may set it by hand
    runs.spoiled = [500]
    assert stack.told("a tick that was done") == 0
    first, second = stack.pass_minute()
    assert (first.scheduled, first.status) == (second.scheduled, 500)
    assert (second.at > first.at, second.status) == (True, 200)
    assert stack.told("a tick that was done") == 1
    assert len(gcp.sent("again")) == 1
    actions = [record.decision.action for record in gcp.decisions("again")]
    assert actions == [Action.SET]
    assert (len(gcp.rows("again", DECISION)), len(gcp.rows("again", OUTCOME))) == (1, 1)
    assert "retries: 1 → 0" in stack.run("plan", tmp_path).out
    assert stack.run("apply", tmp_path, "--yes").code == 0
    assert stack.run("plan", tmp_path).code == 0


def test_a_paused_job_is_seen_by_plan_and_resumed_by_apply(stack: Stack, tmp_path: Path) -> None:
    """While it is paused nothing is looked at, and from then on everything is."""
    gcp = stack.deployment
    gcp.create("idle")
    gcp.load("idle", 0.95)
    stack.apply(tmp_path, **target("idle", mode="apply"))
    client = make_client(load_client(), stack.scheduler.url)
    client.pause_job(name=NAME)
    client.transport.close()  # type: ignore[no-untyped-call]
    assert (stack.pass_minute(), gcp.decisions("idle")) == ([], [])
    seen = stack.run("plan", tmp_path)
    assert (seen.code, "state: PAUSED → ENABLED" in seen.out) == (2, True), seen
    assert stack.run("apply", tmp_path, "--yes").code == 0
    after = stack.run("plan", tmp_path)
    assert (after.code, "Nothing to change" in after.out) == (0, True), after
    assert [each.status for each in stack.pass_minute()] == [200]
    assert len(gcp.sent("idle")) == 1


def test_a_job_that_calls_as_somebody_else_is_refused_until_apply_mends_it(
    stack: Stack, tmp_path: Path
) -> None:
    """By its account, and by its audience: the function looks at nothing for a stranger."""
    gcp = stack.deployment
    gcp.create("guarded")
    gcp.load("guarded", 0.95)
    stack.apply(tmp_path, **target("guarded", mode="apply"))
    token = stack.scheduler.job(JOB)["httpTarget"]["oidcToken"]
    for field, wrong in (
        ("serviceAccountEmail", f"somebody@{PROJECT}.iam.gserviceaccount.com"),
        ("audience", "https://elsewhere.example"),
    ):
        right, token[field] = token[field], wrong
        (attempt,) = stack.pass_minute()
        assert attempt.status in (401, 403)
        assert gcp.decisions("guarded") == []
        token[field] = right
    token["audience"] = "https://elsewhere.example"
    assert f"audience: https://elsewhere.example → {AUDIENCE}" in stack.run("plan", tmp_path).out
    assert stack.run("apply", tmp_path, "--yes").code == 0
    assert [each.status for each in stack.pass_minute()] == [200]
    assert len(gcp.sent("guarded")) == 1


def test_what_is_in_firestore_is_whole_and_decides_the_same_again(stack: Stack) -> None:
    """After all of the above."""
    ledger = stack.deployment.ledger
    names = ledger.recorded_ids()
    assert len(names) == 4
    for name in names:
        check_ledger(ledger, name)

"""Does doctor find which part of a deployment on Google is gone, asleep, or not as it is said?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flyball.core.codec import canonical
from flyball.core.record import FOREIGN
from flyball.core.remember import Notice, Noticed
from flyball.ports import ItemUpdate, NewRow
from tests.gcp.conftest import Store
from tests.gcp.parts import ACCOUNT, REGION
from tests.gcp.serving import Fault, Server, serving
from tests.gcp.stage import POOL_PATH
from tests.gcp.ward import CONFIG, Project, admit
from tests.rig import MINUTE
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    """Serve Google's services, which each test sets up anew."""
    with serving() as server:
        yield server


@pytest.fixture
def project(served: Server, store: Store, tmp_path: Path) -> Iterator[Project]:
    """Give a project in which all is well."""
    with admit(served, store, tmp_path) as found:
        yield found


class Wrong(NamedTuple):
    """A part of which something is wrong, the check that finds it, and some of its words."""

    name: str
    does: Callable[[Project], object]
    check: str
    level: str
    words: tuple[str, ...]


def spoil(**fields: Any) -> Callable[[Project], object]:
    """Let the job be otherwise."""
    return lambda project: project.parts.job.update(fields)  # type: ignore[union-attr]


def let(name: str, **fields: Any) -> Callable[[Project], object]:
    """Let a function be otherwise."""
    return lambda project: project.parts.functions[name].update(fields)


def set_channel(**fields: Any) -> Callable[[Project], object]:
    """Let the notification channel be otherwise."""
    return lambda project: project.channel.update(fields)


def change_policies(change: Callable[[Any], object]) -> Callable[[Project], object]:
    """Change every alert policy."""
    return lambda project: [change(each) for each in project.policies.policies.values()]


LONG_AGO = "2026-11-01T12:00:00Z"
FAILED = {"code": 7, "message": "PERMISSION_DENIED: the caller may not call it"}
CASES = (
    Wrong("not deployed", lambda p: p.parts.functions.pop("flyball-tick"), "functions", "fail",
          ("no function on_tick in", "nothing is looked at", "deploy.gcp deploy --project")),
    Wrong("no alerts", lambda p: p.parts.functions.pop("flyball-alert"), "functions", "fail",
          ("no function on_alert", "no alert wakes anybody")),
    Wrong("failed", let("flyball-tick", state="FAILED", stateMessages=[{"message": "no build"}]),
          "functions", "fail", ("flyball-tick is FAILED: no build",)),
    Wrong("deploying", let("flyball-tick", state="DEPLOYING"), "functions", "warn",
          ("flyball-tick is DEPLOYING",)),
    Wrong("not serving", lambda p: p.parts.services.update({"flyball-alert": "CONDITION_FAILED"}),
          "functions", "fail", ("flyball-alert does not serve: The user-provided container",)),
    Wrong("service gone", lambda p: p.parts.services.pop("flyball-alert"), "functions", "fail",
          ("flyball-alert has lost its service on Cloud Run",)),
    Wrong("no job", lambda p: setattr(p.parts, "job", None), "job", "fail",
          (f"there is no job flyball-tick in {REGION}: nothing is looked at in time",)),
    Wrong("paused", spoil(state="PAUSED"), "job", "fail",
          ("flyball-tick is PAUSED", "gcloud scheduler jobs resume flyball-tick")),
    Wrong("asleep", spoil(lastAttemptTime=LONG_AGO), "job", "fail",
          ("flyball-tick has not run since 2026-11-01 12:00:00 UTC",)),
    Wrong("refused", spoil(status=FAILED), "job", "fail",
          ("failed: PERMISSION_DENIED: PERMISSION_DENIED: the caller", "may the job's account")),
    Wrong("channel gone", lambda p: p.listed.channels.clear(), "channel", "fail",
          ("channel 17 is not there: alert policies wake nobody",)),
    Wrong("channel off", set_channel(enabled=False), "channel", "fail",
          ("channel 17 is switched off", "gcloud beta monitoring channels update")),
    Wrong("a mailbox", set_channel(type="email", labels={"email_address": "a@b.c"}), "channel",
          "fail", ("channel 17 is of type email, and not a topic",)),
    Wrong("topic gone", lambda p: p.parts.topics.clear(), "channel", "fail",
          ("/topics/flyball-alerts, which is not there",)),
    Wrong("dead letters", lambda p: setattr(p.listed, "waiting", 3), "dead letters", "warn",
          ("3 messages wait in flyball-quarantine", "gcloud pubsub subscriptions pull")),
    Wrong("not counted", lambda p: setattr(p.listed, "waiting", None), "dead letters", "warn",
          ("how many wait in flyball-quarantine is not known",)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_part_that_does_not_work_is_named(project: Project, case: Wrong) -> None:
    """It alone, with what mends it."""
    case.does(project)
    found = project.find()
    assert list(found) == [case.check], found
    check = found[case.check]
    assert check["level"] == case.level
    for words in case.words:
        assert words in f"{check['text']} {check['remedy']}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda each: setattr(each, "enabled", False), "2 of 2 are switched off, and wake nobody"),
        (lambda each: setattr(each, "notification_channels", []), "2 of 2 are without a channel"),
        (
            lambda each: setattr(
                each,
                "notification_channels",
                [f"{each.name.split('/alert')[0]}/notificationChannels/4"],
            ),
            "2 of 2 are told to other channels than the deployment's",
        ),
    ],
)
def test_alert_policies_that_wake_nobody_are_counted(
    project: Project, change: Callable[[Any], object], words: str
) -> None:
    """And found to be otherwise than the config has them."""
    change_policies(change)(project)
    done = project.ask("--config", "flyball.yaml")
    assert done.code == 0
    assert f"warn  alarms: {words}" in done.out, done.out
    assert "warn  alarms: 2 of 2 are not as flyball.yaml has them" in done.out


def test_what_is_said_here_otherwise_than_to_the_functions_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan would be about another mode, or another deployment's alert policies."""
    monkeypatch.setenv("FLYBALL_GCP_PROJECT", project.store.project)
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = flyball("doctor", "--config", "flyball.yaml")
    assert "environment: FLYBALL_MODE is advise here, and apply of the functions" in done.out
    assert "`export FLYBALL_MODE=apply`, or --project in its place" in done.out
    monkeypatch.delenv("FLYBALL_MODE")
    project.parts.see(FLYBALL_MODE="advise")
    done = flyball("doctor", "--config", "flyball.yaml")
    assert "FLYBALL_MODE is not set here, and advise of the functions" in done.out
    assert "they only advise" in done.out
    assert "FLYBALL_MODE" not in project.ask("--config", "flyball.yaml").out


def test_functions_of_another_database_are_another_deployments(project: Project) -> None:
    """They would look at nothing of this one."""
    project.parts.see(FLYBALL_FIRESTORE_DATABASE="stage")
    done = project.ask("--config", "flyball.yaml", "--database", "(default)")
    assert done.code == 1
    assert "has no deployment with database (default); there is stage" in done.out


def test_a_change_by_somebody_else_is_named_for_a_day(project: Project) -> None:
    """Whatever did it may do it again; what is older is forgotten."""
    now = datetime.now(UTC)
    ledger = project.store.ledger
    for ago in (timedelta(hours=30), timedelta(hours=3), MINUTE):
        claim = ledger.claim("llm", "t", now, now + MINUTE)
        at = now - ago
        body = canonical(Noticed(Notice.FOREIGN, at, 2, 5))
        ledger.write(claim, [NewRow(FOREIGN, at, body)], ItemUpdate(release=True))
    (check,) = project.find().values()
    assert check["text"].startswith("somebody else changed it 2 → 5 at ")
    assert check["text"].endswith("the last of 2 such changes in a day")
    assert "in Terraform by `ignore_changes`" in check["remedy"]


def test_who_shares_a_pool_is_told(project: Project) -> None:
    """What is set is set for all of them; who may not ask is told nothing."""
    old = 'endpoint: "123", deployed_model: "7"'
    text = CONFIG.replace(old, "deployment_resource_pool: shared")
    Path("flyball.yaml").write_text(
        text.replace("online/accel", "online/deployment_resource_pool/accel")
    )
    place = POOL_PATH.partition("/deploymentResourcePools")[0]
    project.vertex.sharing[POOL_PATH] = [(f"{place}/endpoints/{n}", str(n)) for n in (1, 2)]
    words = "2 deployed models share it, and its range: 1 of endpoint 1, 2 of endpoint 2"
    assert f"ok    llm: sharing: {words}" in project.ask("--config", "flyball.yaml").out
    project.server.faults = [Fault("queryDeployedModels", "PERMISSION_DENIED")]
    done = project.ask("--config", "flyball.yaml")
    assert "share it" not in done.out
    assert "missing" not in done.out


def test_the_policy_is_gclouds_commands(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role for each project that is asked, and the right to make a job that calls."""
    here = project.store.project
    done = project.ask("--policy", "--config", "flyball.yaml")
    assert done.code == 0, done
    first, second = (line for line in done.out.splitlines() if "iam roles create" in line)
    assert f"--project={here} " in first
    assert "--project=acme " in second
    assert "monitoring.alertPolicies.update" in first
    assert "serviceusage.services.use" in first
    assert "aiplatform.endpoints.get" in second
    assert "aiplatform.endpoints.deploy" not in done.out
    assert f"add-iam-policy-binding {ACCOUNT} --project={here} --member=user:YOU" in done.out
    told = project.ask("--policy", "--json").json
    assert [each["project"] for each in told["needs"]] == [here]
    assert "aiplatform.endpoints.get" in told["needs"][0]["permissions"]
    assert not any(each.startswith("ml.") for each in told["needs"][0]["permissions"])
    monkeypatch.setenv("FLYBALL_GCP_PROJECT", here)
    assert (
        f"gcloud iam roles create flyballOperator --project={here}"
        in flyball("doctor", "--policy").out
    )
    project.server.faults = [Fault("functions.list", "PERMISSION_DENIED")]
    done = project.ask("--policy")
    assert done.code == 0
    assert "service-accounts" not in done.out


def test_who_may_not_see_the_parts_is_told_what_is_missing(project: Project) -> None:
    """By the call; the rest is looked at all the same."""
    project.server.faults = [
        Fault("functions.list", "PERMISSION_DENIED"),
        Fault("jobs.get", "PERMISSION_DENIED"),
        Fault("notificationChannels.get", "PERMISSION_DENIED"),
    ]
    project.policies.faults = [("ListAlertPolicies", "PERMISSION_DENIED", False)]
    done = project.ask("--config", "flyball.yaml")
    assert done.code == 1
    missing = "cloudfunctions.functions.list, monitoring.alertPolicies.list"
    assert f"missing in {project.store.project}: {missing}" in done.out, done.out
    assert "ok    resources: 1 of 1 are there" in done.out
    assert "ok    configs: 1 of 1 are as flyball.yaml has them" in done.out

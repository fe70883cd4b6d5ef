"""Is a deployment on Google found by its project alone, and is it said when it is not?"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from flyball.adapters.gcp.permissions import OF_LEDGER, QUOTA, list_needs
from flyball.adapters.gcp.resource import DeployedModel, Pool
from tests.gcp.conftest import Store
from tests.gcp.serving import Fault, Server, serving
from tests.gcp.stage import POOL_PATH
from tests.gcp.ward import CONFIG, Project, admit
from tests.unit.cli.commands import Done, flyball

pytestmark = pytest.mark.enable_socket

FILE = ("--config", "flyball.yaml")
POLICIES = {
    "ListAlertPolicies": "monitoring.alertPolicies.list",
    "CreateAlertPolicy": "monitoring.alertPolicies.create",
    "UpdateAlertPolicy": "monitoring.alertPolicies.update",
    "DeleteAlertPolicy": "monitoring.alertPolicies.delete",
}
JOBS = {"patch": "update", "resume": "enable"}
"""Permissions on jobs that are not called as their method is."""


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


def write(old: str = "", new: str = "") -> None:
    """Write the config, with something else in it."""
    Path("flyball.yaml").write_text(CONFIG.replace(old, new) if old else CONFIG, encoding="utf-8")


def add_stage(project: Project) -> None:
    """Deploy another one, with a database of its own."""
    for name in tuple(project.parts.functions):
        made = deepcopy(project.parts.functions[name])
        other = name.replace("flyball", "stage")
        made["name"] = made["name"].replace(name, other)
        variables = made["serviceConfig"]["environmentVariables"]
        variables |= {"FLYBALL_FIRESTORE_DATABASE": "stage", "FLYBALL_ALARM_PREFIX": "stage"}
        project.parts.functions[other] = made


def test_a_project_is_enough_to_plan_apply_and_destroy(project: Project) -> None:
    """Its functions name the database, the channel, the region and the mode."""
    here = ("--project", project.store.project)
    done = flyball("plan", *FILE, *here)
    assert done.code == 0, done
    assert (
        f"gcp: project {project.store.project}, database (default), channel projects/" in done.out
    )
    assert "region europe-west4" in done.out
    write("target_value: 60", "target_value: 70")
    done = flyball("apply", *FILE, *here, "--yes")
    assert done.code == 0, done
    done = flyball("destroy", *FILE, *here, "--yes")
    assert done.code == 0, done
    assert not project.policies.policies
    project.parts.see(FLYBALL_MODE="advise")
    assert "mode advise" in flyball("plan", *FILE, *here).out


def test_nothing_of_the_environment_is_mixed_into_a_project_that_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be about another one."""
    monkeypatch.setenv("FLYBALL_ALARM_PREFIX", "other")
    monkeypatch.setenv("FLYBALL_FIRESTORE_DATABASE", "other")
    assert flyball("plan", *FILE, "--project", project.store.project).code == 0


def test_a_saved_plan_is_applied_where_it_was_made(project: Project) -> None:
    """Without naming the project again; for another database it is refused, with the remedy."""
    here = project.store.project
    write("target_value: 60", "target_value: 70")
    assert flyball("plan", *FILE, "--project", here, "--out", "it.plan").code == 2
    assert flyball("apply", "it.plan").code == 0
    write("target_value: 60", "target_value: 80")
    assert flyball("plan", *FILE, "--project", here, "--out", "it.plan").code == 2
    add_stage(project)
    done = flyball("apply", "it.plan", "--project", here, "--database", "stage")
    assert done.code == 1
    assert "gcp database: the plan is for (default), and this is stage" in done.err
    again = f"flyball plan --config flyball.yaml --project {here} --database '(default)' --out"
    assert again in done.err
    assert flyball("apply", "it.plan").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--project", "{here}"), "has several deployments: name one by --database: (default), st"),
        (("--project", "{here}", "--database", "prod"), "there is (default), stage"),
        (("--project", "acme-none"), "project acme-none has no function of Flyball: is it the"),
        (("--database", "stage"), "--database: give --project with it, whose database it is"),
    ],
)
def test_a_deployment_that_is_not_clear_is_asked_for(
    project: Project, options: tuple[str, ...], words: str
) -> None:
    """In the same words by every command."""
    add_stage(project)
    given = [each.format(here=project.store.project) for each in options]
    done: list[Done] = [
        flyball("plan", *FILE, *given),
        flyball("apply", *FILE, *given, "--yes"),
        flyball("destroy", *FILE, *given, "--yes"),
    ]
    if "prod" not in given:  # a ledger that is named whole is read without its functions
        done += [flyball("ledger", "list", *given), flyball("ledger", "verify", *given)]
        done.append(flyball("explain", "last", *given))
    for each in done:
        assert each.code in (1, 2), each
        assert words in each.err, each


def test_functions_that_may_not_be_listed_are_named(project: Project) -> None:
    """With what to do in place of it."""
    project.server.faults = [Fault("functions.list", "PERMISSION_DENIED")]
    done = flyball("plan", *FILE, "--project", project.store.project)
    assert done.code == 1
    assert "cannot be listed: PERMISSION_DENIED" in done.err
    assert "or set FLYBALL_GCP_PROJECT and the like in place of --project" in done.err


def test_the_ledgers_commands_take_a_project(project: Project) -> None:
    """In place of --ledger: its only deployment's, or by the database."""
    here = ("--project", project.store.project)
    for words in (("ledger", "list"), ("ledger", "verify"), ("ledger", "replay")):
        assert flyball(*words, *here).code == 0
        assert flyball(*words, *here, "--database", "(default)").code == 0
    assert flyball("explain", "last", *here).code == 0
    assert flyball("pause", "llm", "--reason", "a test", "--for", "5m", *here).code == 0
    assert flyball("resume", "llm", *here).code == 0
    done = flyball("ledger", "list", *here, "--ledger", "other.db")
    assert done.code == 2
    assert "--ledger and --project: give one of the two" in done.err


def test_doctor_without_a_file_goes_where_the_environment_says(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To Google, where it names nothing of AWS."""
    monkeypatch.setenv("FLYBALL_GCP_PROJECT", project.store.project)
    done = flyball("doctor")
    assert done.code == 0, done
    assert "has 1 registered" in done.out
    assert "aiplatform.endpoints.get" in project.permissions.asked["acme"]


def test_what_is_asked_for_is_what_is_called(project: Project) -> None:
    """Neither a permission more nor one less than plan, apply, destroy and doctor use."""
    here = ("--project", project.store.project)
    for policy in project.policies.policies.values():
        policy.enabled = False
    job = project.scheduler.job("flyball-tick")
    job |= {"state": "PAUSED", "schedule": "*/5 * * * *"}
    assert flyball("apply", *FILE, *here, "--yes").code == 0
    text = CONFIG.replace(
        'endpoint: "123", deployed_model: "7"', "deployment_resource_pool: shared"
    )
    text = text.replace("online/accel", "online/deployment_resource_pool/accel")
    project.vertex.sharing[POOL_PATH] = []
    for config in (CONFIG, text, text.replace("shared", "sharde"), CONFIG.replace('"123"', '"9"')):
        Path("flyball.yaml").write_text(config, encoding="utf-8")
        flyball("doctor", *FILE, *here)
    write()
    assert flyball("destroy", *FILE, *here, "--yes", "--all").code == 0
    called = {POLICIES[each] for each in project.policies.asked}
    called |= {
        f"cloudscheduler.jobs.{JOBS.get(each.name, each.name)}"
        for each in (*project.scheduler.rest.calls, *project.server.made("get"))
        if "/jobs" in each.path
    }
    for call in project.server.calls:
        called |= _read(call.path, call.name)
    resources = (DeployedModel("acme", "l", "e"), Pool("acme", "l", "p"))
    needed = {each for need in list_needs(resources, project.store.project) for each in need.asks}
    assert needed - {*OF_LEDGER, QUOTA} == called  # every call is counted somewhere


def _read(path: str, name: str) -> set[str]:
    """Say what a call by REST needs, by the kind of what it asks for."""
    kinds = {
        "endpoints": "aiplatform.endpoints",
        "deploymentResourcePools": "aiplatform.deploymentResourcePools",
        "operations": "aiplatform.operations",
        "functions": "cloudfunctions.functions",
        "services": "run.services",
        "topics": "pubsub.topics",
        "notificationChannels": "monitoring.notificationChannels",
        "timeSeries": "monitoring.timeSeries",
        "metricDescriptors": "monitoring.metricDescriptors",
    }
    kind = next((each for each in reversed(path.split("/")) if each in kinds), "")
    return {f"{kinds[kind]}.{name}"} if kind else set()

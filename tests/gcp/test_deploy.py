"""Would Google take what a deployment asks for, and may a function do just what it calls?"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.gcp.__main__ import main
from deploy.gcp.functions import TIMEOUT_S, list_variables
from deploy.gcp.place import Place
from deploy.gcp.present import find_functions, find_job, find_locations, find_policies
from deploy.gcp.roles import (
    PLATFORM_READING,
    PLATFORM_ROLES,
    PLATFORM_SCALING,
    READING,
    REMEMBERING,
    ROLES,
    SCALING,
)
from deploy.gcp.step import (
    Command,
    Enable,
    Ensure,
    Grant,
    Learn,
    Repeat,
    When,
    fill,
    fill_all,
    split_given,
    write_command,
)
from deploy.gcp.steps import BUILDING, list_steps
from deploy.gcp.watch import forget_people
from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.session import Session
from flyball.core.model import CapacityRange
from flyball.ports import Underway
from flyball.wiring.gcp import Settings
from tests.gcp.crosscheck import INSTALL
from tests.gcp.discovery import find_method
from tests.gcp.serving import Server
from tests.gcp.stage import MODEL, POOL, VERSION, Stage, serve

HERE = Path(__file__).parent
PLACE = Place("acme-ml", "europe-west4", mode="apply", email="ops@example.com", digest="d1")
KNOWN = {
    "number": "123456",
    "location": "europe-west4",
    "trigger": "projects/acme-ml/locations/europe-west4/triggers/flyball-alert-7",
    "subscription": "projects/acme-ml/subscriptions/eventarc-7",
    "subscription_id": "eventarc-7",
    "channel": "projects/acme-ml/notificationChannels/1",
    "people": "projects/acme-ml/notificationChannels/2",
    "dead_man": "projects/acme-ml/alertPolicies/3",
    "fails": "projects/acme-ml/alertPolicies/4",
    "held": "projects/acme-ml/alertPolicies/5",
    "dashboard": "projects/123456/dashboards/4",
    "etag": "5",
}
HEARING = """\
#!/bin/sh
printf '%s\\037' "$@"
case "$*" in *--config-from-file=-*) printf '<%s\\037' "$(cat)" ;; esac
printf '\\036'
"""
"""A gcloud that says what it was told."""
DOCUMENTS = ("aiplatform.v1", "ml.v1", "monitoring.v3")
READS = frozenset(
    {
        "aiplatform.deploymentResourcePools.get",
        "aiplatform.endpoints.get",
        "aiplatform.operations.list",
        "ml.versions.get",
    }
)
KNOWN_PERMISSIONS = READS | {
    "aiplatform.deploymentResourcePools.update",
    "aiplatform.endpoints.deploy",
    "datastore.entities.create",
    "datastore.entities.get",
    "datastore.entities.list",
    "datastore.entities.update",
    "ml.versions.update",
    "monitoring.timeSeries.list",
}
"""By Google's documentation and by published roles; no list of Google's ships with gcloud."""
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def list_commands() -> list[Command]:
    """List every command of a deployment, in all of its branches."""
    commands: list[Command] = [
        *(find_functions(PLACE), find_policies(PLACE), find_locations(PLACE)),
        find_job(PLACE, "europe-west1"),
    ]
    steps = list_steps(PLACE, undoing=True, deletes_ledger=True)
    for step in (*steps, forget_people(PLACE)):
        match step:
            case Learn():
                commands.append(step.ask)
            case Enable():
                commands += [step.find, step.enable(step.services)]
            case Repeat():
                commands.append(step.command)
            case Ensure():
                commands += [step.find, *step.create, *step.update, *step.delete]
                commands += [step.look] if step.look else []
            case Grant():
                commands += [step.find, step.add, step.remove]
            case When():
                commands += [step.find, *step.then]
    return commands


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dry_run_deploy.sh", ["deploy", "--mode", "apply", "--email", "ops@example.com"]),
        ("dry_run_destroy.sh", ["destroy", "--delete-ledger"]),
    ],
)
def test_a_dry_run_prints_the_same_commands_as_ever(
    name: str, words: list[str], capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """What changes in a deployment is seen in a review: --rewrite-golden writes it again."""
    assert main([*words, "--project", "acme-ml", "--region", "europe-west4", "--dry-run"]) == 0
    printed, file = capsys.readouterr().out, HERE / name
    if request.config.getoption("--rewrite-golden"):
        file.write_text(printed, encoding="utf-8")
    assert printed == file.read_text(encoding="utf-8")


def test_what_a_dry_run_prints_is_a_script() -> None:
    """A shell reads every line of it, quotes included."""
    for name in ("dry_run_deploy.sh", "dry_run_destroy.sh"):
        subprocess.run(["sh", "-n", str(HERE / name)], check=True)


def test_a_printed_script_runs_the_words_that_the_program_runs(tmp_path: Path) -> None:
    """Each command, printed and read by a shell with all names known, has the program's words.

    What it reads is what it is given.
    """
    commands = list_commands()
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(HEARING, encoding="utf-8")
    gcloud.chmod(0o755)
    names = "\n".join(f"{name}='{value}'" for name, value in KNOWN.items())
    script = "\n".join([names, *map(write_command, commands)])
    path = f"{tmp_path}:/usr/bin:/bin"
    ran = subprocess.run(
        ["sh"], input=script.encode(), env={"PATH": path}, capture_output=True, check=True
    )
    heard = [line.split("\037")[:-1] for line in ran.stdout.decode().split("\036")[:-1]]
    assert heard == [fill(command, KNOWN) for command in commands]


@pytest.mark.slow
def test_gcloud_takes_every_flag_of_every_command(tmp_path: Path) -> None:
    """By its own parser: each flag, its type, and what each command requires; nothing is run."""
    python, root = find_gcloud()
    commands = [list(split_given(fill(command, KNOWN))[0]) for command in list_commands()]
    ran = subprocess.run(
        [python, "-P", str(HERE / "parse.py"), root],
        input=json.dumps(commands),
        env={"HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path / "gcloud")},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(ran.stdout)
    assert len(answers) == len(commands)
    refused = [" ".join(c) for c, answer in zip(commands, answers, strict=True) if answer]
    assert refused == [], ran.stderr


@pytest.mark.slow
def test_gcloud_refuses_a_flag_that_it_does_not_have(tmp_path: Path) -> None:
    """So that the test above can fail."""
    python, root = find_gcloud()
    wrong = [["pubsub", "topics", "create", "t", "--dead-letters=q"], ["pubsub", "topic", "list"]]
    ran = subprocess.run(
        [python, "-P", str(HERE / "parse.py"), root],
        input=json.dumps(wrong),
        env={"HOME": str(tmp_path), "CLOUDSDK_CONFIG": str(tmp_path / "gcloud")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(json.loads(ran.stdout))


def find_gcloud() -> tuple[str, str]:
    """Find gcloud's own interpreter and folder; skips the test, and says why, without one."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip(f"gcloud is not on the PATH, so no flag is checked against it; {INSTALL}")
    words = [gcloud, "info", "--format=value(basic.python_location,installation.sdk_root)"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return told[0], told[1]


def test_every_placeholder_is_told_before_it_is_needed() -> None:
    """A script that is run from above knows each name by then."""
    told: set[str] = set()
    for step in list_steps(PLACE):
        match step:
            case Learn():
                told.add(step.name)
            case Ensure():
                made = {name for words in step.create for name in PLACEHOLDER.findall(str(words))}
                assert made <= told, step.title
                told |= set(step.known) if step.is_named_later else set()
            case Grant():
                assert set(PLACEHOLDER.findall(f"{step.member}{step.name}")) <= told, step.title


class Heard(Session):
    """A session that notes which methods are called."""

    def __init__(self, server: Server) -> None:
        url = server.url
        super().__init__({"aiplatform": url, "ml": url, "monitoring": url})
        self.methods: set[str] = set()

    def call(self, service: str, path: str, *rest: Any, method: str = "POST", **how: Any) -> Any:
        """Note a call, and make it."""
        documents = tuple(each for each in DOCUMENTS if each.startswith(service))
        found = find_method(documents, method, f"/{path}")
        self.methods.add(f"{service}.{found.name}")
        return super().call(service, path, *rest, method=method, **how)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.mark.enable_socket
def test_a_function_may_do_what_it_calls_and_nothing_else(server: Server) -> None:
    """Read and set every kind of resource: the methods called are those of the roles."""
    heard: set[str] = set()
    looked: set[str] = set()
    for resource in (MODEL, POOL, VERSION):
        stage, session = Stage(server, resource), Heard(server)
        control = GcpControl(session)
        unlisted = Underway(stage.clock.at, 2, 6, "operation 1")
        control.describe(stage.target, stage.clock.at, unlisted)
        looked |= session.methods
        control.apply(stage.target, CapacityRange(2, 6), stage.clock.at)
        heard |= session.methods
    assert looked == {*READING, *PLATFORM_READING}
    assert heard - looked == {*SCALING, *PLATFORM_SCALING}


def test_a_function_may_do_with_the_ledger_what_it_calls_and_nothing_else(repository: Path) -> None:
    """Every method of Firestore's that the ledger names, and none that deletes."""
    source = (repository / "shared/flyball/adapters/gcp/database.py").read_text(encoding="utf-8")
    named = set(re.findall(r'self\._(?:call|ask)\("(\w+)"', source))
    methods = {f"firestore.projects.databases.documents.{each}" for each in named}
    assert methods == set(REMEMBERING)
    granted = {each for role in (*ROLES, *PLATFORM_ROLES) for each in role.permissions}
    assert not [each for each in granted if each.endswith((".delete", ".setIamPolicy", ".*"))]


def list_grants(place: Place) -> list[Grant]:
    """List the grants of a deployment that are there afterwards."""
    return [each for each in list_steps(place) if isinstance(each, Grant) and each.is_wanted]


@pytest.mark.parametrize("mode", ["advise", "apply"])
def test_nobody_is_granted_a_basic_role_or_more_than_is_named_here(mode: str) -> None:
    """On the project: roles of ours, and what a build takes; else on one thing alone."""
    place = PLACE._replace(mode=mode, ai_platform=True)
    ours = {place.role(role) for role in (*ROLES, *PLATFORM_ROLES)}
    on_project = {each.role for each in list_grants(place) if each.on == ("projects",)}
    assert on_project <= ours | {f"roles/{each}" for each in BUILDING}
    narrow = {(each.on[-1], each.role) for each in list_grants(place) if each.on != ("projects",)}
    assert narrow == {
        ("services", "roles/run.invoker"),
        ("subscriptions", "roles/pubsub.subscriber"),
        ("topics", "roles/pubsub.publisher"),
    }
    members = {each.member.partition(":")[0] for each in list_grants(place)}
    assert members == {"serviceAccount"}


def test_what_advises_may_change_no_capacity() -> None:
    """Whatever its code says: no role that it has holds a permission to."""
    place = PLACE._replace(mode="advise", ai_platform=True)
    roles = {place.role(role): role for role in (*ROLES, *PLATFORM_ROLES)}
    had = {
        permission
        for grant in list_grants(place)
        if grant.role in roles
        for permission in roles[grant.role].permissions
    }
    sets = {each for needed in (SCALING, PLATFORM_SCALING) for each in sum(needed.values(), ())}
    assert sets
    assert had.isdisjoint(sets)
    assert not {each for each in had if each.startswith(("aiplatform.", "ml."))} - READS


def test_no_permission_is_a_pattern() -> None:
    """Each is written whole, as Google writes it."""
    for role in (*ROLES, *PLATFORM_ROLES):
        for permission in role.permissions:
            assert re.fullmatch(r"[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+", permission), permission
            assert permission in KNOWN_PERMISSIONS


@pytest.mark.parametrize("function", ["on_alert", "on_tick"])
def test_a_deployed_function_understands_its_variables(function: str) -> None:
    """Whatever is set is read, and nothing that is needed is left out."""
    variables = fill_all(list_variables(PLACE), KNOWN)
    settings = Settings.from_env({**variables, "FUNCTION_TARGET": function})
    assert settings.project == PLACE.project
    assert settings.wakes_topic == PLACE.topic(PLACE.wakes)
    assert settings.dead_topic == PLACE.topic(PLACE.quarantine)
    assert settings.tick_account == PLACE.account("scheduler")
    assert settings.trusts_platform
    assert settings.handful == PLACE.handful
    assert settings.lease > settings.timeout == timedelta(seconds=TIMEOUT_S)
    assert not settings.advises_only

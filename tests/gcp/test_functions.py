"""Do the functions of Google stand up to every event file, and to a Vertex AI that is out of reach?

First as programs of their own, as the platform starts them, with Firestore's emulator behind them;
then in this process, with the real adapter and a Vertex AI on a clock of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import functions_framework
import pytest

from flyball.controller import Controller
from flyball.core.target import CapacityKind
from flyball.wiring.function import Parts
from flyball.wiring.gcp import Noting, Settings
from flyball.wiring.gcp_function import Function, Outside
from tests.aws.rig import Server as Program
from tests.aws.rig import serve as start_program
from tests.gcp.conftest import Store
from tests.gcp.local import Local, local_service
from tests.gcp.platform import ReplicaMetric
from tests.gcp.serving import Server, serving
from tests.gcp.stage import MODEL, Stage, serve
from tests.gcp.vertex import Replicas, VertexCloud
from tests.rig import ENGINE, check_ledger, make_target, register
from tests.unit.functions.gcp.stage import (
    ENVIRONMENT,
    EVENTS,
    FUNCTIONS,
    NAMES,
    load,
    make_key,
    sign,
)
from tests.unit.functions.gcp.test_alert import CASES
from tests.unit.functions.stage import PlacedLedger

pytestmark = pytest.mark.enable_socket

PLACE = "projects/acme/locations/europe-west4/endpoints"
READY = {"on_alert": ("/", 405), "on_tick": ("/robots.txt", 404)}
"""What each answers to who only wants to know whether it is there."""


# --- as programs --------------------------------------------------------------------


class Deployment:
    """Both functions as programs, and what is around them."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        ends: ExitStack,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        now = datetime.now(UTC)
        self.store = store
        self.vertex = VertexCloud(now=now, at_once=True)
        metric = ReplicaMetric([self.vertex.count], lambda: datetime.now(UTC))
        self.cloud: Server = ends.enter_context(serving(self.vertex, metric))
        self.pubsub: Local = ends.enter_context(local_service())
        self.google: Local = ends.enter_context(local_service())
        certificates = json.dumps({"google-1": make_key("google-1")[1]})
        self.google.answers = [(200, certificates)] * 9
        for name in NAMES:
            self.vertex.endpoints[f"{PLACE}/{name.lower()}"] = [Replicas(1, 4, id="7")]
            resource = {**MODEL, "endpoint": name.lower()}
            kind = CapacityKind.RANGE
            fields: dict[str, Any] = {"metrics": (), "policies": (), "home": "gcp"}
            target = make_target(name, low=2, resource=resource, capacity_kind=kind, **fields)
            register(store.ledger, target, now)
        variables = ENVIRONMENT | {
            "FLYBALL_GCP_PROJECT": store.project,
            "FLYBALL_GCP_ENDPOINT_FIRESTORE": store.server.url,
            "FLYBALL_GCP_ENDPOINT_PUBSUB": self.pubsub.url,
            "FLYBALL_GCP_ENDPOINT_AIPLATFORM": self.cloud.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING": self.cloud.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING_GRPC": "http://127.0.0.1:1",
            "FLYBALL_GCP_ENDPOINT_WWW": self.google.url,
        }
        self.programs: dict[str, Program] = {}
        for name, (path, status) in READY.items():
            command = [sys.executable, "-m", "functions_framework", f"--source={FUNCTIONS}"]
            command += [f"--target={name}", "--host=127.0.0.1", "--port={port}"]
            given = variables | {"PYTHONUNBUFFERED": "1", **more}
            program = start_program(name, folder / name, command, given, path, status)
            ends.callback(program.stop)
            self.programs[name] = program

    def send(self, function: str, name: str, **headers: str) -> tuple[int, bytes]:
        """Send an event file; give the status and the answer."""
        call = load(name).bearing(**headers)
        place = str(urlsplit(self.programs[function].url).netloc)
        connection = HTTPConnection(place, timeout=60)
        connection.request("POST", "/", call.body, call.headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def said(self, function: str) -> list[str]:
        """Read what a function wrote."""
        return self.programs[function].log.read_text("utf-8").splitlines()


@pytest.fixture
def running(store: Store, tmp_path: Path) -> Iterator[Deployment]:
    """Run both functions, and end them."""
    with ExitStack() as ends:
        found = Deployment(store, tmp_path, ends)
        yield found
        assert found.cloud.broken == []


def test_the_real_framework_runs_both_functions_on_every_event_file(running: Deployment) -> None:
    """Each is answered 200, whatever it is; the ranges move once, and poison is quarantined."""
    for case in CASES:
        assert running.send("on_alert", case.id)[0] == 200, case.id
    assert len(running.pubsub.asked) == sum(bool(case.reason) for case in CASES)
    assert {each.path for each in running.pubsub.asked} == {
        f"/v1/projects/{running.store.project}/topics/flyball-dead:publish"
    }
    bearer = f"Bearer {sign(datetime.now(UTC))}"
    assert running.send("on_tick", "tick")[0] == 401
    for path in sorted(EVENTS.glob("tick*.json")):
        status, said = running.send("on_tick", path.stem, Authorization=bearer)
        assert (status, set(json.loads(said))) == (200, {"due", "handled", "queued"}), path.stem
    assert len(running.google.asked) == 1
    posts = running.cloud.made("mutateDeployedModel")
    assert sorted(each.path for each in posts) == sorted(
        f"{PLACE}/{name.lower()}" for name in NAMES
    )
    for name in NAMES:
        check_ledger(running.store.ledger, name)
    for function in READY:
        for line in running.said(function):
            told = json.loads(line)  # every line is one that Cloud Logging understands
            assert told["severity"] in {"INFO", "WARNING"}
            assert told["message"]


# --- a Vertex AI that is out of reach -----------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    """Set up the deployed model with the range {1, 4}, which asks for {2, 4}."""
    made = Stage(server)
    made.metrics.load = 200.0
    yield made
    assert server.broken == []


@pytest.fixture
def deliver(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Deliver an event file to one instance of on_alert, whose Vertex AI is the stage's."""
    for variable, value in (ENVIRONMENT | {"FUNCTION_TARGET": "on_alert"}).items():
        monkeypatch.setenv(variable, value)
    app: Any = functions_framework.create_app("on_alert", str(FUNCTIONS))  # type: ignore[no-untyped-call]
    module = sys.modules.pop("main")
    ledger, tokens = PlacedLedger({}), count()
    register(ledger, replace(stage.target, id="churn"), stage.clock.at)
    stage.store = ledger

    def open_parts(control: Noting) -> Parts:
        controller = Controller(
            ledger=ledger,
            metrics=stage.metrics,
            control=control,
            clock=stage.clock,
            token=lambda: f"token-{next(tokens)}",
            engine=ENGINE,
        )
        return Parts(controller, ledger, stage.clock)

    outside = Outside(
        clock=stage.clock, rest=lambda _: None, session=stage.session, open_parts=open_parts
    )
    module.function = Function(Settings.from_env(), outside)  # type: ignore[attr-defined]
    client = app.test_client()

    def send(name: str) -> int:
        call = load(name)
        return int(client.post("/", headers=call.headers, data=call.body).status_code)

    return send


def kinds(stage: Stage) -> list[str]:
    """List the kinds of the target's rows."""
    return [row.kind for row in stage.store.rows("churn")]


def test_10_a_503_of_vertex_ai_is_a_500_until_it_is_over(
    stage: Stage, deliver: Callable[[str], int]
) -> None:
    """Delivered again with the same id, it moves the range in one POST; then it is a duplicate."""
    stage.fail("get", "UNAVAILABLE", times=1_000)
    assert [deliver("incident-open"), deliver("incident-open")] == [500, 500]
    assert stage.sent() == []
    stage.server.faults.clear()
    assert [deliver("incident-open"), deliver("incident-open")] == [200, 200]
    assert stage.masks() == ["dedicatedResources.minReplicaCount"]
    assert kinds(stage) == ["config", "decision", "decision", "decision", "outcome"]
    check_ledger(stage.store, "churn")


def test_10_a_503_to_the_change_itself_is_a_500_until_it_is_known_what_became_of_it(
    stage: Stage, deliver: Callable[[str], int]
) -> None:
    """It may have landed: it is looked for, and sent again only where it has not."""
    stage.fail("mutateDeployedModel", "UNAVAILABLE", times=1_000)
    assert deliver("incident-open") == 500
    stage.server.faults.clear()
    stage.server.calls.clear()
    for _ in range(6):
        stage.pass_time(stage.target.tick)
        if deliver("incident-open-again") == 200:
            break
    assert deliver("incident-open-again") == 200
    assert len(stage.sent()) == 1
    check_ledger(stage.store, "churn")


@pytest.mark.parametrize("status", ["NOT_FOUND", "PERMISSION_DENIED"])
def test_10_what_no_retry_can_cure_is_answered_200(
    status: str, stage: Stage, deliver: Callable[[str], int]
) -> None:
    """It is recorded, and the next tick looks again."""
    stage.fail("get", status, times=1_000)
    assert deliver("incident-open") == 200
    assert kinds(stage) == ["config", "decision"]


def test_9_an_incident_that_is_told_twice_is_one_post(
    stage: Stage, deliver: Callable[[str], int]
) -> None:
    """Under one message id or under two."""
    for name in ("incident-open", "incident-open", "incident-open-again"):
        assert deliver(name) == 200
    assert len(stage.sent()) == 1
    check_ledger(stage.store, "churn")

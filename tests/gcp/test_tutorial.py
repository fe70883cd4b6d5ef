"""Is every command of docs/gcp.md as it is written there, and does it print what stands there?"""

from __future__ import annotations

import re
import shlex
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from deploy.gcp import __main__ as deployment
from deploy.gcp.place import Place
from deploy.gcp.step import READS, Ensure
from deploy.gcp.step import Step as Part
from deploy.gcp.steps import list_steps
from flyball.adapters.gcp.rest import SessionListing
from flyball.ports import Trigger, TriggerKind
from flyball.wake import WakeKind
from flyball.wiring.gcp import Settings, build, connect, open_ledger
from tests.aws.rig import Server
from tests.gcp.alerting import Policies, handle_policies
from tests.gcp.discovery import Json, Method
from tests.gcp.gcloud import installed
from tests.gcp.granted import Listed, Permissions
from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, handle_metrics
from tests.gcp.project import Project
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.gcp.serving import Query, serving
from tests.gcp.vertex import Replicas, VertexCloud
from tests.page import Step, expect_page, matches, read_steps, stop_time
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gcp.md"
CHANGES = 2
PROJECT, LOCATION, ENDPOINT, MODEL = "acme-ml", "europe-west4", "4501", "7"
JOB = f"projects/{PROJECT}/locations/{LOCATION}/jobs/flyball-tick"
PATH = f"projects/{PROJECT}/locations/{LOCATION}/endpoints/{ENDPOINT}"
CHANNEL = f"projects/{PROJECT}/notificationChannels/17"
VERTEX = "aiplatform.googleapis.com/prediction/online/"
DUTY, CPU = f"{VERTEX}accelerator/duty_cycle", f"{VERTEX}cpu/utilization"
BUSY = {DUTY: 0.95, CPU: 2.2}
"""Of each replica: a ratio, and busy cores."""
RUNTIME = f"python{sys.version_info.major}{sys.version_info.minor}"
MINUTE = timedelta(minutes=1)
_EXPORT = re.compile(r"^export (\w+)=(.*)$", re.MULTILINE)
_LEDGER = f"v1/projects/{PROJECT}/databases/flyball/documents"


class Told:
    """Cloud Monitoring: what there is, and its values."""

    documents: tuple[str, ...] = ("monitoring.v3",)

    def __init__(self, listed: Listed, monitoring: Monitoring) -> None:
        self._listed, self._values = listed, RestMonitoring(monitoring)

    def answer(self, method: Method, query: Query, body: Json) -> Json:
        """Answer with values where it is said how to align them."""
        aligned = "aggregation.alignmentPeriod" in query
        return (self._values if aligned else self._listed).answer(method, query, body)


class Named(Project):
    """A project whose notification channel has a name of Google's form."""

    def use(self, steps: Sequence[Part]) -> None:
        """Know the commands of these steps from now on."""
        super().use(steps)
        self._known["channel"] = CHANNEL

    def hear(self, words: Sequence[str], reads: str) -> str:
        """Carry out a command that reads something, or nothing."""
        return self.ask([*words, f"{READS}{reads}"] if reads else words)


@dataclass
class Walk:
    """A project in which the page is walked through.

    Attributes:
        gcloud: What gcloud finds there.
        vertex: Vertex AI, with an endpoint of one model.
        policies: The alert policies.
        scheduler: The jobs.
        monitoring: The metrics.
        patch: Sets variables, as a reader's shell does.
        pulls: How often a newer version was fetched.
    """

    gcloud: Named
    vertex: VertexCloud
    policies: Policies
    scheduler: Scheduler
    monitoring: Monitoring
    patch: pytest.MonkeyPatch
    pulls: int = 0

    @property
    def model(self) -> Replicas:
        """Give the deployed model."""
        (model,) = self.vertex.endpoints[PATH]
        return model

    def list_parts(self, place: Place, *, undoing: bool, deletes_ledger: bool) -> list[Part]:
        """List the steps of a deployment, whose commands gcloud then knows."""
        parts = list_steps(place, undoing=undoing, deletes_ledger=deletes_ledger)
        self.gcloud.use(parts)
        return parts

    def digest(self, _: str, out: Path) -> str:
        """Build the folder for this interpreter; a newer version is another."""
        return f"{self.pulls}{self.build(RUNTIME, out)}"

    build = staticmethod(deployment.build)

    def run(self, command: str, capsys: pytest.CaptureFixture[str]) -> str:
        """Run a command, and give what it prints; variables that it prints are set."""
        first, _, rest = command.partition(" && ")
        if first == "git pull":
            self.pulls += 1
            command = rest
        program, *words = shlex.split(command)
        if program == "python":
            assert words[:2] == ["-m", "deploy.gcp"], command
            capsys.readouterr()
            assert deployment.main(words[2:]) == 0, capsys.readouterr()
            out = capsys.readouterr().out
            self.keep_job()
            for name, value in _EXPORT.findall(out):
                self.patch.setenv(name, value)
            return out
        assert program == "flyball", command
        done = flyball(*words)
        changes = words[0] == "plan" and "Nothing to change" not in done.out
        assert done.code == (CHANGES if changes else 0), (command, done)
        return done.out

    def keep_job(self) -> None:
        """Have in Cloud Scheduler the job that gcloud has made or deleted."""
        self.scheduler.jobs.clear()
        job = self.gcloud.found.get("The job of every minute")
        if job is not None:
            call = {"httpMethod": "POST", "headers": {"Content-Type": "application/json"}}
            body = b64encode(b'{"flyball":"tick"}').decode()
            self.scheduler.jobs[JOB] = {
                "name": JOB,
                **{key: job[key] for key in ("schedule", "timeZone", "state", "attemptDeadline")},
                "httpTarget": {**call, "body": body, **job["httpTarget"]},
            }

    def pass_minutes(self) -> None:
        """Let the model have load, and a function look at it."""
        now = datetime.now(UTC)
        labels = {
            "resource.labels.location": LOCATION,
            "resource.labels.endpoint_id": ENDPOINT,
            "metric.labels.deployed_model_id": MODEL,
        }
        minute = now.replace(second=0, microsecond=0)
        self.monitoring.lines[:] = [
            Line(
                PROJECT,
                metric,
                {**labels, "metric.labels.replica_id": replica},
                {minute - MINUTE * back: value for back in range(9)},
                unit="10^2.%",
            )
            for metric, value in BUSY.items()
            for replica in ("a", "b", "c")
        ]
        settings = Settings.from_env()
        with closing(open_ledger(f"firestore:{PROJECT}/{settings.database}")) as ledger:
            session = connect()
            listing = SessionListing(session)
            advises = settings.advises_only
            controller = build(ledger, session, listing=listing, advises_only=advises)
            wake = controller.wake(Trigger("churn", uuid4().hex, TriggerKind.MANUAL, now))
        assert wake.kind is WakeKind.DECIDED, wake


@pytest.fixture
def walk(firestore: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Give a project with an endpoint that Google scales, and nothing of Flyball."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "ann")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    vertex, listed = VertexCloud(now=datetime.now(UTC), at_once=True), Listed()
    vertex.endpoints[PATH] = [Replicas(2, 6, 3, id=MODEL)]
    vertex.titles[PATH] = "churn"
    labels = {"resource.labels.location": LOCATION, "resource.labels.endpoint_id": ENDPOINT}
    for metric in BUSY:
        listed.types[metric] = ("GAUGE", "DOUBLE", "10^2.%")
        listed.series.append((metric, {**labels, "metric.labels.deployed_model_id": MODEL}))
    with ExitStack() as ends:
        monitoring, policies = Monitoring(), Policies()
        told = Told(listed, monitoring)
        server = ends.enter_context(serving(vertex, Permissions(), told))
        scheduler = ends.enter_context(serve_scheduler())
        url = ends.enter_context(speaking(handle_metrics(monitoring), handle_policies(policies)))
        for service in ("AIPLATFORM", "ML", "MONITORING", "CLOUDRESOURCEMANAGER"):
            monkeypatch.setenv(f"FLYBALL_GCP_ENDPOINT_{service}", server.url)
        monkeypatch.setenv("FLYBALL_GCP_ENDPOINT_MONITORING_GRPC", url)
        monkeypatch.setenv("FLYBALL_GCP_ENDPOINT_CLOUDSCHEDULER_GRPC", scheduler.url)
        monkeypatch.setenv("FLYBALL_GCP_ENDPOINT_FIRESTORE", firestore.url)
        gcloud = Named([])
        ends.enter_context(installed(tmp_path / "bin", gcloud.hear))
        made = Walk(gcloud, vertex, policies, scheduler, monitoring, monkeypatch)
        monkeypatch.setattr(deployment, "list_steps", made.list_parts)
        monkeypatch.setattr(deployment, "build", made.digest)
        monkeypatch.setattr(deployment, "SOURCE", str(tmp_path / "source"))
        yield made
        assert server.broken == []
        assert policies.broken == []
        assert scheduler.rest.broken == []


@contextmanager
def speaking(*handlers: object) -> Iterator[str]:
    """Serve services of gRPC at one address."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers(handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


def test_the_page_is_true(walk: Walk, capsys: pytest.CaptureFixture[str]) -> None:
    """From the first command to the last, with what each prints."""
    page = PAGE.read_text(encoding="utf-8")
    steps = list(read_steps(page))
    assert len(list(read_steps(page.partition("## Day by day")[0]))) == 10
    different: list[tuple[Step, str]] = []
    for step in steps:
        if step == steps[8]:
            config = Path("flyball.yaml")
            config.write_text(config.read_text().replace("mode: advise", "mode: apply"))
        printed = stop_time(walk.run(step.command, capsys))
        if not matches(printed, step.printed):
            different.append((step, printed))
        if step.command == "flyball apply plan.json":
            walk.pass_minutes()
    expect_page(PAGE, different)
    assert walk.policies.policies == {}
    ours = {each.title for each in walk.gcloud.steps if isinstance(each, Ensure) and each.delete}
    assert not ours & set(walk.gcloud.found)
    assert "The ledger's database flyball" in walk.gcloud.found
    assert (walk.model.floor, walk.model.ceiling) == (5, 6)

"""Which project of Google Cloud is a tutorial walked through in, and who types its commands there?

Firestore's emulator, our servers of all else, and a gcloud that knows a deployment's commands; one
endpoint, `churn`, of one model with a GPU, in a range of 2 to 6, of which three serve.
"""

from __future__ import annotations

import shlex
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import grpc
import pytest

from deploy.gcp import __main__ as deployment
from deploy.gcp.place import Place
from deploy.gcp.step import READS
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
from tests.gcp.granted import WAITING, Listed, Permissions
from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, handle_metrics
from tests.gcp.parts import Parts
from tests.gcp.project import Project
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.gcp.serving import Query, serving
from tests.gcp.vertex import Replicas, VertexCloud
from tests.unit.cli.commands import flyball

CHANGES = 2
PROJECT, LOCATION, ENDPOINT, MODEL = "acme-ml", "europe-west4", "4501", "7"
JOB = f"projects/{PROJECT}/locations/{LOCATION}/jobs/flyball-tick"
PATH = f"projects/{PROJECT}/locations/{LOCATION}/endpoints/{ENDPOINT}"
CHANNEL = f"projects/{PROJECT}/notificationChannels/17"
VERTEX = "aiplatform.googleapis.com/prediction/online/"
DUTY, CPU = f"{VERTEX}accelerator/duty_cycle", f"{VERTEX}cpu/utilization"
BUSY = {DUTY: 0.95, CPU: 2.2}
"""Of each replica: a ratio, and busy cores."""
TICK = "The function flyball-tick, of every minute"
RUNTIME = f"python{sys.version_info.major}{sys.version_info.minor}"
MINUTE = timedelta(minutes=1)
SERVED = (
    *("AIPLATFORM", "CLOUDFUNCTIONS", "CLOUDRESOURCEMANAGER", "CLOUDSCHEDULER"),
    *("ML", "MONITORING", "PUBSUB", "RUN"),
)
_LEDGER = f"emulator/v1/projects/{PROJECT}/databases/flyball/documents"


class Told:
    """Cloud Monitoring: what there is, and its values."""

    documents: tuple[str, ...] = ("monitoring.v3",)

    def __init__(self, listed: Listed, monitoring: Monitoring) -> None:
        self._listed, self._values = listed, RestMonitoring(monitoring)

    def answer(self, method: Method, query: Query, body: Json) -> Json:
        """Answer with values where it is said how to align them; the quarantine's are few."""
        aligned = "aggregation.alignmentPeriod" in query and WAITING not in query["filter"]
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
        parts: What else is deployed.
        monitoring: The metrics.
        pulls: How often a newer version was fetched.
    """

    gcloud: Named
    vertex: VertexCloud
    policies: Policies
    scheduler: Scheduler
    parts: Parts
    monitoring: Monitoring
    pulls: int = 0

    @property
    def model(self) -> Replicas:
        """Give the deployed model."""
        (model,) = self.vertex.endpoints[PATH]
        return model

    def list_parts(
        self, place: Place, *, undoing: bool = False, deletes_ledger: bool = False
    ) -> list[Part]:
        """List the steps of a deployment, whose commands gcloud then knows."""
        parts = list_steps(place, undoing=undoing, deletes_ledger=deletes_ledger)
        self.gcloud.use(parts)
        return parts

    def digest(self, _: str, out: Path) -> str:
        """Build the folder for this interpreter; a newer version is another."""
        return f"{self.pulls}{self.build(RUNTIME, out)}"

    build = staticmethod(deployment.build)

    def deploy(self, *words: str) -> str:
        """Deploy, or undo it; the variables that it prints are not set."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = deployment.main(list(words))
        assert code == 0, (out.getvalue(), err.getvalue())
        self.keep_functions()
        self.keep_job()
        return out.getvalue()

    def run(self, command: str) -> str:
        """Run a command, and give what it prints."""
        first, _, rest = command.partition(" && ")
        if first == "git pull":
            self.pulls += 1
            command = rest
        program, *words = shlex.split(command)
        if program == "python":
            assert words[:2] == ["-m", "deploy.gcp"], command
            return self.deploy(*words[2:])
        assert program == "flyball", command
        done = flyball(*words)
        changes = words[0] == "plan" and "Nothing to change" not in done.out
        assert done.code == (CHANGES if changes else 0), (command, done)
        return done.out

    @property
    def variables(self) -> dict[str, str]:
        """Give what both functions see; nothing where they are not there."""
        found = self.gcloud.found.get(TICK)
        return dict(found["serviceConfig"]["environmentVariables"]) if found else {}

    def keep_functions(self) -> None:
        """Have in Cloud Functions what gcloud has deployed, at work."""
        made = Parts(PROJECT, "flyball")
        made.see(**self.variables)
        self.parts.functions = made.functions if self.variables else {}
        self.parts.services, self.parts.job = made.services, made.job

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
        settings = Settings.from_env(self.variables)
        with closing(open_ledger(f"firestore:{PROJECT}/{settings.database}")) as ledger:
            session = connect()
            listing = SessionListing(session)
            advises = settings.advises_only
            controller = build(ledger, session, listing=listing, advises_only=advises)
            wake = controller.wake(Trigger("churn", uuid4().hex, TriggerKind.MANUAL, now))
        assert wake.kind is WakeKind.DECIDED, wake


@contextmanager
def standing(firestore: Server, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Give the project, without anything of Flyball, until the block ends.

    Args:
        firestore: The emulator, of which this ledger's database is emptied.
        folder: The reader's.
        patch: Sets what a shell there has.
    """
    patch.chdir(folder)
    patch.setenv("LOGNAME", "ann")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        patch.delenv(name, raising=False)
    vertex, listed = VertexCloud(now=datetime.now(UTC), at_once=True), Listed()
    vertex.endpoints[PATH] = [Replicas(2, 6, 3, id=MODEL)]
    vertex.titles[PATH] = "churn"
    labels = {"resource.labels.location": LOCATION, "resource.labels.endpoint_id": ENDPOINT}
    for metric in BUSY:
        listed.types[metric] = ("GAUGE", "DOUBLE", "10^2.%")
        listed.series.append((metric, {**labels, "metric.labels.deployed_model_id": MODEL}))
    forget(firestore)
    listed.add_channel(PROJECT)
    with ExitStack() as ends:
        monitoring, policies = Monitoring(), Policies()
        told = Told(listed, monitoring)
        parts = Parts(PROJECT, "flyball")
        server = ends.enter_context(serving(vertex, Permissions(), told, parts))
        scheduler = ends.enter_context(serve_scheduler())
        url = ends.enter_context(speaking(handle_metrics(monitoring), handle_policies(policies)))
        for service in SERVED:
            patch.setenv(f"FLYBALL_GCP_ENDPOINT_{service}", server.url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_MONITORING_GRPC", url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_CLOUDSCHEDULER_GRPC", scheduler.url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_FIRESTORE", firestore.url)
        gcloud = Named([])
        ends.enter_context(installed(folder / "bin", gcloud.hear))
        made = Walk(gcloud, vertex, policies, scheduler, parts, monitoring)
        patch.setattr(deployment, "list_steps", made.list_parts)
        patch.setattr(deployment, "build", made.digest)
        patch.setattr(deployment, "SOURCE", str(folder / "source"))
        yield made
        assert server.broken == []
        assert policies.broken == []
        assert scheduler.rest.broken == []


def forget(firestore: Server) -> None:
    """Empty the ledger's database."""
    connection = HTTPConnection(str(urlsplit(firestore.url).netloc), timeout=30)
    connection.request("DELETE", f"/{_LEDGER}")
    assert connection.getresponse().status == 200
    connection.close()


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

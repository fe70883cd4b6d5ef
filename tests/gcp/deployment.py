"""How does the folder that is deployed run on this machine, with all of Google around it?

Both functions under Google's functions-framework, each a program of its own, as they are staged and
not as they stand in the repository. Firestore and Pub/Sub are Google's emulators; Vertex AI, AI
Platform, Cloud Monitoring and Google's certificates are servers in this process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.stage import stage
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.session import Session
from flyball.config import compile_config, loads
from flyball.core.chain import Row
from flyball.core.codec import parse
from flyball.core.record import DECISION, DecisionRecord
from tests.aws.rig import Server, environment_for, serve
from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, Value, serve_monitoring
from tests.gcp.platform import Nodes, PlatformCloud, ReplicaMetric
from tests.gcp.post import Post, posting
from tests.gcp.pubsub import PubSub, start_pubsub
from tests.gcp.rig import start_firestore
from tests.gcp.serving import Call, serving
from tests.gcp.serving import Server as Cloud
from tests.gcp.signer import Signer, publishing
from tests.gcp.vertex import Replicas, VertexCloud

ROOT = Path(__file__).resolve().parents[2]
PROJECT, LOCATION, MODEL = "acme-ml", "europe-west4", "7"
ALERTS, WAKES, DEAD = "flyball-alerts", "flyball-wakes", "flyball-quarantine"
AUDIENCE = "https://flyball-tick-abcdefgh-ez.a.run.app"
ACCOUNT = f"flyball-scheduler@{PROJECT}.iam.gserviceaccount.com"
DUTY = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
VERSION, VERSION_TYPE = "v2", "cloudml_model_version"
VERSION_DUTY = "ml.googleapis.com/prediction/online/accelerator/duty_cycle"
HANDFUL = 10
_INSTANCES = count(2)
MINUTE = timedelta(minutes=1)
ALERT_READY = ("/", 405)
TICK_READY = ("/robots.txt", 404)
"""What a function answers to who only wants to know whether it is there, without being run."""


@dataclass(frozen=True)
class Deployment:
    """Both functions, and what is around them.

    Attributes:
        folder: What is deployed.
        environment: Of the functions.
        alert: The function that messages wake.
        tick: The function that Cloud Scheduler calls.
        post: Between the topics and the first.
        pubsub: The topics.
        vertex: What Vertex AI has.
        platform: What AI Platform has.
        cloud: Serves both, and notes every call.
        monitoring: What Cloud Monitoring has.
        signer: Signs as Google does.
        ledger: As another program opens it.
    """

    folder: Path
    environment: Mapping[str, str]
    alert: Server
    tick: Server
    post: Post
    pubsub: PubSub
    vertex: VertexCloud
    platform: PlatformCloud
    cloud: Cloud
    monitoring: Monitoring
    signer: Signer
    ledger: FirestoreLedger

    def create(self, name: str, floor: int = 1, ceiling: int = 4) -> Replicas:
        """Create an endpoint with one deployed model."""
        made = Replicas(floor, ceiling, id=MODEL)
        self.vertex.endpoints[path_of(name)] = [made]
        return made

    def create_version(self, name: str, floor: int = 1, ceiling: int = 4) -> Nodes:
        """Create a model of AI Platform with one version, which has GPUs."""
        made = self.platform.versions[version_path_of(name)] = Nodes(floor, ceiling)
        return made

    def register(self, *targets: Mapping[str, Any]) -> None:
        """Bring scalable targets into force."""
        config = json.dumps({"version": 1, "scalable_targets": targets})
        for each in compile_config(loads(config, "flyball.json")):
            self.ledger.register(each.id, each.config, each.config_hash, datetime.now(UTC))

    def load(self, name: str, ratio: float) -> None:
        """Let Cloud Monitoring have some minutes of one duty cycle of an endpoint."""
        labels = {
            "resource.labels.endpoint_id": name,
            "resource.labels.location": LOCATION,
            "metric.labels.deployed_model_id": MODEL,
            "metric.labels.replica_id": "a",
        }
        self._load(Line(PROJECT, DUTY, labels, _write_points(ratio), unit="10^2.%"))

    def load_version(self, name: str, ratio: float) -> None:
        """Let Cloud Monitoring have some minutes of one duty cycle of a version."""
        labels = {
            "resource.labels.project_id": PROJECT,
            "resource.labels.model_id": name,
            "resource.labels.version_id": VERSION,
            "resource.labels.region": LOCATION,
            "metric.labels.replica_id": "a",
        }
        line = Line(PROJECT, VERSION_DUTY, labels, _write_points(ratio), unit="10^2.%")
        self._load(line._replace(resource_type=VERSION_TYPE))

    def _load(self, line: Line) -> None:
        lines = self.monitoring.lines
        lines[:] = [each for each in lines if each.labels != line.labels]
        lines.append(line)

    def sent(self, name: str) -> list[Call]:
        """List every change of an endpoint or version that was asked for, and met no fault."""
        paths = (path_of(name), version_path_of(name))
        calls = self.cloud.made("mutateDeployedModel", "patch")
        return [call for call in calls if call.path in paths and not call.fault]

    def rows(self, name: str, *kinds: str) -> list[Row]:
        """Read a target's rows of these kinds."""
        return [row for row in self.ledger.rows(name) if row.kind in kinds]

    def decisions(self, name: str) -> list[DecisionRecord]:
        """Read what was decided for a target, earliest first."""
        return [parse(DecisionRecord, row.body) for row in self.rows(name, DECISION)]

    def call_tick(self, at: datetime, **changed: str) -> tuple[int, Any]:
        """Call as Cloud Scheduler does for a run of a job; the answer's status, and its JSON."""
        token = self.signer.sign(AUDIENCE, ACCOUNT, datetime.now(UTC))
        headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": "flyball-tick",
            "X-CloudScheduler-ScheduleTime": at.isoformat(),
            **changed,
        }
        connection = HTTPConnection(str(urlsplit(self.tick.url).netloc), timeout=120)
        connection.request("POST", "/", headers=headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, json.loads(said)

    @contextmanager
    def instance(self, **variables: str) -> Iterator[Server]:
        """Let messages go to an instance of its own for a while, as the platform starts another."""
        before, home = self.post.to, f"on_alert_{next(_INSTANCES)}"
        given = {**self.environment, **variables}
        server = start(self.folder, "on_alert", "cloudevent", given, ALERT_READY, home)
        self.post.to = server.url
        try:
            yield server
        finally:
            self.post.to = before
            server.stop()

    def lines(self, function: Server) -> list[dict[str, Any]]:
        """Read what a function wrote for Cloud Logging."""
        said = function.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in said if line.startswith("{")]


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Stage the folder and run it, and end every program afterwards.

    Skips the test, and says why, where an emulator is not installed.

    Args:
        folder: For what is staged, and for homes and logs.
    """
    with ExitStack() as ends:
        firestore = start_firestore(folder / "firestore")
        ends.callback(firestore.stop)
        emulator = start_pubsub(folder / "pubsub")
        ends.callback(emulator.stop)
        now = datetime.now(UTC)
        vertex, platform, signer = VertexCloud(now=now), PlatformCloud(now=now), Signer()
        monitoring = ends.enter_context(serve_monitoring())
        metrics = RestMonitoring(monitoring, ReplicaMetric([vertex.count, platform.count], _now))
        cloud = ends.enter_context(serving(vertex, platform, metrics))
        certificates = ends.enter_context(publishing(signer))
        post = ends.enter_context(posting())
        pubsub = PubSub(emulator.url, PROJECT)
        ends.callback(pubsub.close)
        for topic in (ALERTS, WAKES, DEAD):
            pubsub.create(topic)
        pubsub.push(ALERTS, post.eventarc(PROJECT, ALERTS))
        pubsub.push(WAKES, post.url)
        pubsub.keep(DEAD)
        stage("gcp", ROOT, folder / "staged")
        environment = {
            **settings(),
            "FLYBALL_GCP_ENDPOINT_FIRESTORE": firestore.url,
            "FLYBALL_GCP_ENDPOINT_PUBSUB": emulator.url,
            "FLYBALL_GCP_ENDPOINT_AIPLATFORM": cloud.url,
            "FLYBALL_GCP_ENDPOINT_ML": cloud.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING": cloud.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING_GRPC": monitoring.url,
            "FLYBALL_GCP_ENDPOINT_WWW": certificates.url,
        }
        alert = start(folder / "staged", "on_alert", "cloudevent", environment, ALERT_READY)
        ends.callback(alert.stop)
        tick = start(folder / "staged", "on_tick", "http", environment, TICK_READY)
        ends.callback(tick.stop)
        post.to = alert.url
        ledger = FirestoreLedger(Session({"firestore": firestore.url}), PROJECT)
        ends.callback(ledger.close)
        yield Deployment(
            folder / "staged",
            {**environment_for(folder), **environment, "PYTHONPATH": str(folder / "staged")},
            *(alert, tick, post, pubsub, vertex, platform, cloud, monitoring, signer, ledger),
        )


def settings() -> dict[str, str]:
    """Give what the deployment sets for both functions, but for where Google is."""
    return {
        "FLYBALL_GCP_PROJECT": PROJECT,
        "FLYBALL_WAKES_TOPIC": WAKES,
        "FLYBALL_DEAD_TOPIC": DEAD,
        "FLYBALL_TICK_AUDIENCE": AUDIENCE,
        "FLYBALL_TICK_ACCOUNT": ACCOUNT,
        "FLYBALL_HANDFUL": str(HANDFUL),
        "FLYBALL_TIMEOUT_S": "120",
    }


def start(
    folder: Path,
    function: str,
    signature: str,
    environment: Mapping[str, str],
    ready: tuple[str, int],
    home: str = "",
) -> Server:
    """Start a function of a folder, as Google's buildpack does.

    Args:
        folder: With main.py; what it imports comes from there first.
        function: Its name.
        signature: cloudevent or http.
        environment: Of the function.
        ready: The path that answers once it is there, and the status.
        home: Its own folder, beside the other; "": named like the function.
    """
    command = [
        *(sys.executable, "-m", "functions_framework", f"--source={folder / 'main.py'}"),
        *(f"--target={function}", f"--signature-type={signature}"),
        *("--host=127.0.0.1", "--port={port}"),
    ]
    given = {**environment, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"}
    path, status = ready
    return serve(function, folder.parent / (home or function), command, given, path, status)


def target(name: str, **fields: Any) -> dict[str, Any]:
    """Write a scalable target that keeps the duty cycle of a deployed model at 60 %."""
    return {
        "id": name,
        "home": "gcp",
        "resource": {
            "project": PROJECT,
            "location": LOCATION,
            "endpoint": name,
            "deployed_model": MODEL,
        },
        "min_capacity": 1,
        "max_capacity": 6,
        "metrics": [{"name": "duty", "unit": "ratio", "source": {"metric": DUTY}}],
        "policies": [
            {
                "name": "track",
                "kind": "target_tracking",
                "metric": "duty",
                "target_value": 60,
                "scale_out": {"datapoints": "1 of 1"},
            }
        ],
        **fields,
    }


def path_of(name: str) -> str:
    """Give the path of an endpoint."""
    return f"projects/{PROJECT}/locations/{LOCATION}/endpoints/{name}"


def version_target(name: str, **fields: Any) -> dict[str, Any]:
    """Write a scalable target that keeps the duty cycle of a version at 60 %."""
    return target(
        name,
        resource={"project": PROJECT, "model": name, "version": VERSION},
        metrics=[{"name": "duty", "unit": "ratio", "source": {"metric": VERSION_DUTY}}],
        **fields,
    )


def version_path_of(name: str) -> str:
    """Give the path of a model's version."""
    return f"projects/{PROJECT}/models/{name}/versions/{VERSION}"


def incident(name: str, incident_id: str, at: datetime, state: str = "open") -> dict[str, Any]:
    """Write what Cloud Monitoring publishes when an alert policy of ours opens or closes."""
    seconds = int(at.timestamp())
    return {
        "version": "1.2",
        "incident": {
            "incident_id": incident_id,
            "scoping_project_id": PROJECT,
            "url": f"https://console.cloud.google.com/monitoring/alerting/alerts/{incident_id}",
            "severity": "No severity",
            "started_at": seconds,
            "ended_at": None if state == "open" else seconds,
            "state": state,
            "summary": "Accelerator duty cycle is above the threshold of 0.600.",
            "observed_value": "0.950",
            "threshold_value": "0.6",
            "policy_name": f"flyball/{name}/track/high",
            "policy_user_labels": {
                "flyball-prefix": "flyball",
                "flyball-target": name,
                "flyball-policy": "track",
                "flyball-side": "high",
            },
            "condition_name": f"flyball/{name}/track/high",
            "metric": {"type": DUTY, "displayName": "Accelerator duty cycle", "labels": {}},
            "resource": {
                "type": "aiplatform.googleapis.com/Endpoint",
                "labels": {"project_id": PROJECT, "location": LOCATION, "endpoint_id": name},
            },
            "metadata": {"system_labels": {}, "user_labels": {}},
            "documentation": {"content": "Wakes Flyball.", "mime_type": "text/markdown"},
        },
    }


def version_incident(name: str, incident_id: str, at: datetime) -> dict[str, Any]:
    """Write what Cloud Monitoring publishes of a version's duty cycle."""
    body = incident(name, incident_id, at)
    labels = {"project_id": PROJECT, "model_id": name, "version_id": VERSION, "region": LOCATION}
    body["incident"]["metric"]["type"] = VERSION_DUTY
    body["incident"]["resource"] = {"type": VERSION_TYPE, "labels": labels}
    return body


def _write_points(ratio: float) -> dict[datetime, Value]:
    """Write the points of the last minutes."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return {now - MINUTE * back: ratio for back in range(8)}


def _now() -> datetime:
    return datetime.now(UTC)

"""What does the doctor look at in a test: a deployment on Google in which all is well?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flyball.meter import VERTEX
from tests.aws.account import look
from tests.gcp.alerting import Policies, serve_policies
from tests.gcp.conftest import Store
from tests.gcp.granted import Listed, Permissions
from tests.gcp.parts import Parts
from tests.gcp.platform import PlatformCloud
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.gcp.serving import Server
from tests.gcp.stage import PATH, POOL_PATH
from tests.gcp.vertex import Replicas, VertexCloud
from tests.unit.cli.commands import Done, flyball

DUTY = f"{VERTEX}accelerator/duty_cycle"
SERVED = (
    "AIPLATFORM",
    "CLOUDFUNCTIONS",
    "CLOUDRESOURCEMANAGER",
    "CLOUDSCHEDULER",
    "ML",
    "MONITORING",
    "PUBSUB",
    "RUN",
)
LABELS = {
    "resource.labels.location": "europe-west4",
    "resource.labels.endpoint_id": "123",
    "metric.labels.deployed_model_id": "7",
}
CONFIG = """\
version: 1
defaults: {home: gcp, mode: apply}
scalable_targets:
  - id: llm
    resource: {project: acme, location: europe-west4, endpoint: "123", deployed_model: "7"}
    min_capacity: 1
    max_capacity: 4
    metrics:
      - name: duty
        unit: ratio
        source: {metric: aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle}
    policies:
      - {name: keep, kind: target_tracking, metric: duty, target_value: 60}
"""


class Project:
    """A project in which all is well: endpoint 123 with model 7, measured and registered.

    Attributes:
        server: All services but Firestore.
        vertex: Vertex AI.
        permissions: Resource Manager.
        listed: Cloud Monitoring.
        parts: What the deployment is made of.
        policies: Alert policies.
        scheduler: Jobs, by gRPC.
        store: Firestore.
    """

    def __init__(self, server: Server, store: Store, policies: Policies, jobs: Scheduler) -> None:
        self.policies, self.scheduler = policies, jobs
        self.vertex = VertexCloud(now=datetime.now(UTC))
        self.model = Replicas(1, 4, id="7")
        self.vertex.endpoints[PATH] = [self.model]
        self.vertex.pools[POOL_PATH] = Replicas(1, 4)
        self.permissions, self.listed = Permissions(), Listed()
        self.listed.types[DUTY] = ("GAUGE", "DOUBLE", "10^2.%")
        self.listed.series.append((DUTY, LABELS))
        self.parts = Parts(store.project)
        self.channel = self.listed.add_channel(store.project)
        server.clouds = (self.vertex, PlatformCloud(), self.permissions, self.listed, self.parts)
        server.calls, server.faults, server.broken = [], [], []
        self.server, self.store = server, store

    def apply(self) -> None:
        """Put the config into force, and have it looked at."""
        options = ("--config", "flyball.yaml", "--yes", "--unseen", "--project", self.store.project)
        done = flyball("apply", *options)
        assert done.code == 0, done
        for name in self.store.ledger.scalable_target_ids():
            look(self.store.ledger, name, load=0.5)
        self.server.calls.clear()

    def ask(self, *options: str) -> Done:
        """Look at the deployment."""
        return flyball("doctor", "--project", self.store.project, *options)

    def find(self, *options: str) -> dict[str, dict[str, Any]]:
        """Look by the config, and give what was found that is not ok, by check."""
        done = self.ask("--config", "flyball.yaml", "--json", *options)
        found = {each["name"]: each for each in done.json["checks"] if each["level"] != "ok"}
        failed = any(each["level"] == "fail" for each in found.values())
        assert done.code == int(failed), done
        return found


@contextmanager
def admit(served: Server, store: Store, folder: Path) -> Iterator[Project]:
    """Set up a project in which all is well, and see that Google's contracts were kept."""
    with (
        serve_policies() as policies,
        serve_scheduler() as jobs,
        pytest.MonkeyPatch.context() as patch,
    ):
        for service in SERVED:
            patch.setenv(f"FLYBALL_GCP_ENDPOINT_{service}", served.url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_FIRESTORE", store.server.url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_MONITORING_GRPC", policies.url)
        patch.setenv("FLYBALL_GCP_ENDPOINT_CLOUDSCHEDULER_GRPC", jobs.url)
        patch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        patch.chdir(folder)
        Path("flyball.yaml").write_text(CONFIG, encoding="utf-8")
        made = Project(served, store, policies, jobs)
        made.apply()
        yield made
        assert jobs.rest.broken == []
    assert served.broken == []
    assert policies.broken == []

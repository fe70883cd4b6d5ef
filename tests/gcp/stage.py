"""What stands around a controller that scales Vertex AI or AI Platform, which behave badly?

The real session, the real adapter and the real controller; the services are our own, on the same
clock as the controller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.session import Session
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.model import Capacity, CapacityRange, Missing
from flyball.core.target import CapacityKind
from flyball.ports import Outcome, Underway
from tests.gcp.platform import Nodes, PlatformCloud, ReplicaMetric
from tests.gcp.serving import Call, Fault, Server, serving
from tests.gcp.vertex import Replicas, VertexCloud
from tests.gcp.wire import Watch
from tests.rig import T0, Rig, make_target

PLACE = {"project": "acme", "location": "europe-west4"}
PATH = "projects/acme/locations/europe-west4/endpoints/123"
POOL_PATH = "projects/acme/locations/europe-west4/deploymentResourcePools/shared"
VERSION_PATH = "projects/acme/models/churn/versions/v2"
MODEL = {**PLACE, "endpoint": "123", "deployed_model": "7"}
BETA = {**MODEL, "api_version": "v1beta1"}
POOL = {**PLACE, "deployment_resource_pool": "shared"}
VERSION = {"project": "acme", "model": "churn", "version": "v2"}
CHANGES = ("mutateDeployedModel", "patch")


@contextmanager
def serve() -> Iterator[Server]:
    """Serve clouds, which each stage sets up anew."""
    with serving() as server:
        yield server


class Stage(Rig):
    """A controller with one target, registered at T0: a deployed model with the range {1, 4}.

    Attributes:
        vertex: What Vertex AI has: endpoint 123 with deployed model 7, and a pool {1, 4}.
        platform: What AI Platform has: version v2, with the range {1, 4}.
        server: Both, with the replica metric.
        session: Waits only on its own clock.
        control: The adapter.
    """

    def __init__(self, server: Server, resource: dict[str, str] = MODEL, **fields: Any) -> None:
        self.vertex, self.platform = VertexCloud(now=T0), PlatformCloud(now=T0)
        self.model = Replicas(1, 4, id="7")
        self.vertex.endpoints[PATH] = [self.model]
        self.pool = self.vertex.pools[POOL_PATH] = Replicas(1, 4)
        self.nodes = self.platform.versions[VERSION_PATH] = Nodes(1, 4)
        counts = [self.vertex.count, self.platform.count]
        self.metric = ReplicaMetric(counts, lambda: self.vertex.now)
        server.clouds = (self.vertex, self.platform, self.metric)
        server.calls, server.faults, server.broken = [], [], []
        self.server = server
        given: dict[str, Any] = {
            "home": "gcp",
            "resource": resource,
            "capacity_kind": CapacityKind.RANGE,
            "high": 4,
        }
        super().__init__(MemoryLedger(), make_target(**(given | fields)))
        self.session = self.connect()
        self.control = GcpControl(self.session)
        self.controller = self.start(control=self.control)

    def connect(self, **endpoints: str) -> Session:
        """Make a session whose services are the server's."""
        url, watch = self.server.url, Watch()
        given = {"aiplatform": url, "ml": url, "monitoring": url}
        return Session(given | endpoints, rest=watch.rest, clock=watch.clock)

    def pass_time(self, by: timedelta) -> None:
        """Let time pass here and there."""
        super().pass_time(by)
        self.vertex.move(by.total_seconds())
        self.platform.move(by.total_seconds())

    def look(self, underway: Underway | None = None) -> Capacity:
        """Read the capacity, which must be known."""
        capacity = self.control.describe(self.target, self.clock.at, underway)
        assert isinstance(capacity, Capacity), capacity
        return capacity

    def miss(self) -> str:
        """Read the capacity, which must not be known, and give the reason."""
        capacity = self.control.describe(self.target, self.clock.at)
        assert isinstance(capacity, Missing), capacity
        return capacity.detail

    def put(self, floor: int, ceiling: int) -> Outcome:
        """Set a range."""
        return self.control.apply(self.target, CapacityRange(floor, ceiling), self.clock.at)

    def fail(self, name: str, kind: str, message: str = "", times: int = 1) -> None:
        """Let the next calls of a method fail."""
        self.server.faults.append(Fault(name, kind, message, times))

    def sent(self) -> list[Call]:
        """List every change that was asked for."""
        return self.server.made(*CHANGES)

    def masks(self) -> list[str]:
        """List what each change said that it changes."""
        return [
            call.query.get("updateMask") or (call.body or {})["updateMask"] for call in self.sent()
        ]

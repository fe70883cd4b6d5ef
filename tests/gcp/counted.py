"""How is a simulated month lived through on the rig, so that its counts can be held to it?

The ledger is the real one on Firestore's emulator, messages go through Pub/Sub's; Vertex AI and
Cloud Monitoring are our servers, which hold every call to Google's documents. All of them are
reached by the real session and the real client; each call is counted as it leaves, and each series
where it is returned.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.resource import DeployedModel, path_of, read_resource
from flyball.adapters.gcp.session import Session
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.timeline import State
from flyball.core.model import Missing, Status
from flyball.core.target import ScalableTarget
from flyball.cost.gcp.account import charge_publishing, name_call
from flyball.cost.gcp.month import World, make_board, simulate
from flyball.cost.plant import Demand, Plant, find_key
from flyball.cost.usage import Usage
from flyball.ports import MetricRead
from flyball.wiring.function import Parts
from flyball.wiring.gcp import Noting, build
from tests.aws.rig import Server
from tests.gcp.monitoring import Line, Monitoring
from tests.gcp.pubsub import PubSub
from tests.gcp.serving import Server as Cloud
from tests.gcp.vertex import Replicas, VertexCloud

TOPIC = "wakes"
MODEL = "1"
BACK = 30
"""Periods that Cloud Monitoring shows."""
SHAPES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "duty": ("GAUGE", "10^2.%", {}),
    "latency": ("DELTA", "ms", {"latency_type": "total"}),
}
"""Kind, unit and labels of the metrics, by our names."""


class Obliging(Replicas):
    """Replicas of which the service keeps no more than it must: it picks the floor."""

    def settle(self) -> None:
        """Be in service at the floor."""
        self.ready = self.floor


class CloudPlant(Plant):
    """A plant whose models are the server's, so that both worlds see the same ones."""

    def __init__(
        self,
        cloud: VertexCloud,
        targets: Sequence[ScalableTarget],
        demands: dict[str, Demand],
        start: datetime,
    ) -> None:
        super().__init__(targets, demands, start)
        self._cloud = cloud
        self._paths: dict[str, str] = {}
        self._past: dict[tuple[str, datetime], int] = {}
        for target in targets:
            resource = read_resource(target.resource)
            assert isinstance(resource, DeployedModel)
            key, path = find_key(target), path_of(resource)
            self._paths[key] = path
            model = Obliging(target.min_capacity, target.max_capacity, id=MODEL)
            cloud.endpoints[path] = [model]
        self.note(start)

    def note(self, now: datetime) -> None:
        """Remember what is in service at an instant."""
        for key, path in self._paths.items():
            self._past[key, now] = self._cloud.endpoints[path][0].ready

    def state(self, key: str, now: datetime) -> State:
        """Read the server's, which has the present only; what it had is remembered."""
        path = self._paths[key]
        (model,) = self._cloud.endpoints[path]
        if now < self._cloud.now:
            return State(0, self._past.get((key, now), model.floor), Status.BUSY, "")
        runs = any(not each.done for each in self._cloud.operations.get(path, ()))
        status = Status.BUSY if runs else Status.IN_SERVICE
        return State(model.floor, model.ready, status, "")

    def scale(self, key: str, desired: int, now: datetime) -> bool:  # noqa: ARG002  (the plant's)
        """Set a floor, as the server does when it is asked."""
        path = self._paths[key]
        (model,) = self._cloud.endpoints[path]
        counts = {"minReplicaCount": desired, "maxReplicaCount": model.ceiling}
        mask = "dedicatedResources.minReplicaCount"
        self._cloud._change(path, "v1", model, counts, mask)
        return True


class CloudClock(JumpingClock):
    """A clock that takes the cloud with it."""

    def __init__(self, start: datetime, cloud: VertexCloud, plant: CloudPlant) -> None:
        super().__init__(start)
        self._cloud, self._plant = cloud, plant

    def jump(self, to: datetime) -> None:
        """Move, and let happen there what is due."""
        self._cloud.move((to - self.now()) / timedelta(seconds=1))
        super().jump(to)
        self._plant.note(to)


class CountingSession(Session):
    """The real session; each call is counted as it leaves."""

    def __init__(self, endpoints: Mapping[str, str], usage: Usage) -> None:
        super().__init__(endpoints)
        self._usage = usage

    def _send(self, service: str, method: str, url: str, body: Any, *rest: Any) -> Any:
        answer = super()._send(service, method, url, body, *rest)
        name = name_call(service, urlsplit(url).path.strip("/"), method)
        self._usage.calls[name] += 1
        match name.split("."):
            case ["firestore", _, "commit"]:
                self._usage.charge("firestore.writes", len(answer["writeResults"]))
            case ["firestore", _, "batchGet"]:
                self._usage.charge("firestore.reads", len(answer))
            case ["firestore", _, "runQuery"]:
                found = sum("document" in part for part in answer)
                self._usage.charge("firestore.reads", max(1, found))
            case ["pubsub", *_]:
                bodies = [base64.b64decode(each["data"]).decode() for each in body["messages"]]
                charge_publishing(self._usage, bodies)
        return answer


class Rig(NamedTuple):
    """A world of real parts.

    Attributes:
        firestore: The ledger's.
        pubsub: The topics'.
        cloud: Vertex AI.
        monitoring: Cloud Monitoring, to Google's own client.
        project: Of ledger and topics.
    """

    firestore: Server
    pubsub: Server
    cloud: Cloud
    monitoring: Monitoring
    project: str

    def make(
        self,
        targets: Sequence[ScalableTarget],
        demands: dict[str, Demand],
        start: datetime,
        usage: Usage,
    ) -> World:
        """Make the world; see GcpMonth."""
        vertex, plant, clock = _start(targets, demands, start)
        self.cloud.clouds = (vertex,)
        urls = {"aiplatform": self.cloud.url, "monitoring": self.cloud.url}
        urls |= {"firestore": self.firestore.url, "pubsub": self.pubsub.url}
        session = CountingSession(urls, usage)
        self._show(plant, targets, clock, usage)

        def open_parts(control: Noting) -> Parts:
            ledger = FirestoreLedger(session, self.project)
            controller = build(
                ledger,
                session,
                metrics_endpoint=self.monitoring.url,
                clock=clock,
                control=control,
            )
            return Parts(controller, ledger, clock)

        topics = PubSub(self.pubsub.url, self.project)
        topics.create(TOPIC)
        topics.keep(TOPIC)

        def take() -> list[str]:
            bodies: list[str] = []
            while found := topics.take(TOPIC):
                bodies += [each.body.decode() for each in found]
            return bodies

        wakes = f"projects/{self.project}/topics/{TOPIC}"
        board = make_board(plant, targets)
        return World(clock, plant, session, open_parts, take, board, wakes)

    def _show(
        self, plant: Plant, targets: Sequence[ScalableTarget], clock: CloudClock, usage: Usage
    ) -> None:
        """Let Monitoring show what the plant has, and count what it is asked for."""
        answer = type(self.monitoring).reply

        def reply(request: Any) -> Any:
            self.monitoring.lines = [
                line for target in targets for line in _write(plant, target, clock.now())
            ]
            told = answer(self.monitoring, request)
            series = max(1, len(told.time_series))
            usage.call("monitoring.timeSeries.list", "monitoring.series_read", series)
            return told

        setattr(self.monitoring, "reply", reply)  # noqa: B010  (a test's own server)


def alike(
    targets: Sequence[ScalableTarget], demands: dict[str, Demand], start: datetime, usage: Usage
) -> World:
    """Make the simulated world, with the rig's lead times."""
    _, plant, clock = _start(targets, demands, start)
    return simulate(targets, demands, start, usage, clock=clock, plant=plant)


def _start(
    targets: Sequence[ScalableTarget], demands: dict[str, Demand], start: datetime
) -> tuple[VertexCloud, CloudPlant, CloudClock]:
    cloud = VertexCloud(now=start)
    plant = CloudPlant(cloud, targets, demands, start)
    return cloud, plant, CloudClock(start, cloud, plant)


def _write(plant: Plant, target: ScalableTarget, now: datetime) -> list[Line]:
    """Write the series of a target's metrics: of duty cycles one for each replica."""
    lines = []
    for metric in target.metrics:
        (series,) = plant.read([MetricRead(target, metric, BACK)], now)
        assert not isinstance(series, Missing)
        kind, unit, labels = SHAPES[metric.name]
        resource = target.resource
        paths = {
            "resource.labels.endpoint_id": resource["endpoint"],
            "resource.labels.location": resource["location"],
            "metric.labels.deployed_model_id": MODEL,
            **{f"metric.labels.{name}": value for name, value in labels.items()},
        }
        project, type_ = resource["project"], metric.source["metric"]
        if kind == "DELTA":
            samples = {each.at: [each.value] for each in series}
            lines.append(Line(project, type_, paths, samples, kind, unit))
            continue
        for replica in range(max(each.ready or 0 for each in series)):
            points = {each.at: each.value for each in series if (each.ready or 0) > replica}
            own = {**paths, "metric.labels.replica_id": f"r{replica}"}
            lines.append(Line(project, type_, own, points, kind, unit))
    return lines

"""What stands around the real entry points in a test whose clock is the test's own?

`on_alert` and `on_tick` of functions/gcp under functions-framework, with the whole of Google's
wiring behind them: Firestore's emulator is the ledger, Cloud Monitoring answers by gRPC, and Vertex
AI, AI Platform and Pub/Sub answer what Google's discovery documents allow. Only the clock, and what
a call waits before it is made again, are handed in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import functions_framework

from flyball.adapters.gcp.session import Session
from flyball.config import compile_config, loads
from flyball.core.chain import Row
from flyball.core.codec import parse
from flyball.core.model import Capacity, Decision, History, Missing
from flyball.core.record import DECISION, OUTCOME, DecisionRecord
from flyball.ports import Outcome
from flyball.wiring.gcp import Settings
from flyball.wiring.gcp_function import Function, Outside
from tests.gcp.deployment import DUTY, incident
from tests.gcp.discovery import Json, Method
from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, Value
from tests.gcp.platform import Nodes, PlatformCloud, ReplicaMetric
from tests.gcp.serving import Call, Fault, RefusalError, Server
from tests.gcp.vertex import Replicas, VertexCloud
from tests.gcp.wire import Watch
from tests.rig import MINUTE, SetClock, check_ledger, outcome_of
from tests.unit.functions.gcp.stage import ENVIRONMENT, FUNCTIONS, Request, make_key, publish, sign

if TYPE_CHECKING:
    import pytest

    from tests.gcp.conftest import Store

PROJECT, LOCATION, NAME = "acme-ml", "europe-west4", "churn"
PATH = f"projects/{PROJECT}/locations/{LOCATION}/endpoints/123"
VERSION_PATH = f"projects/{PROJECT}/models/churn/versions/v2"
ON_VERTEX = {"project": PROJECT, "location": LOCATION, "endpoint": "123", "deployed_model": "7"}
ON_PLATFORM = {"project": PROJECT, "model": "churn", "version": "v2"}
PLATFORM_DUTY = "ml.googleapis.com/prediction/online/accelerator/duty_cycle"
OF_VERTEX = {
    "resource.labels.endpoint_id": "123",
    "resource.labels.location": LOCATION,
    "metric.labels.deployed_model_id": "7",
    "metric.labels.replica_id": "a",
}
OF_PLATFORM = {
    "resource.labels.project_id": PROJECT,
    "resource.labels.model_id": "churn",
    "resource.labels.version_id": "v2",
    "resource.labels.region": "europe-west1",
    "metric.labels.replica_id": "a",
}
JOB = "flyball-tick"
CHANGES = ("mutateDeployedModel", "patch")


class Topics:
    """Pub/Sub, and Google's certificates.

    Attributes:
        published: Bodies with their attributes, by topic.
    """

    documents: tuple[str, ...] = ("pubsub.v1",)

    def __init__(self) -> None:
        self.published: dict[str, list[Json]] = {}

    def answer(self, method: Method, query: Mapping[str, str], body: Json) -> Json:
        """Take messages."""
        if method.name != "projects.topics.publish":
            raise RefusalError("NOT_FOUND", f"{method.name} is not served here, nor is {query}")
        self.published.setdefault(method.path["topicsId"], []).extend(body["messages"])
        return {"messageIds": [str(number) for number, _ in enumerate(body["messages"])]}


class Known(Session):
    """A session that has Google's certificates; all else it asks for."""

    def call(self, service: str, path: str, body: Any = None, **how: Any) -> Any:
        """Answer for Google's certificates, or ask."""
        if service == "www":
            return {"google-1": make_key("google-1")[1]}
        return super().call(service, path, body, **how)


class Entry:
    """Both functions, and all that is around them.

    Attributes:
        store: Firestore, with a project of the test's own.
        vertex: Endpoint 123 with deployed model 7, of the range {1, 4}.
        model: That model.
        nodes: Version v2 on AI Platform, of the range {1, 4}.
        server: What serves all but the metrics, and notes every call.
        monitoring: The metrics.
        topics: What was published.
        clock: The functions', and all services'.
        gone: Services whose host is no more.
    """

    def __init__(
        self,
        store: Store,
        server: Server,
        monitoring: Monitoring,
        at: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.store, self.server, self.monitoring = store, server, monitoring
        self.vertex, self.platform = VertexCloud(now=at), PlatformCloud(now=at)
        self.model = Replicas(1, 4, id="7")
        self.vertex.endpoints[PATH] = [self.model]
        self.nodes = self.platform.versions[VERSION_PATH] = Nodes(1, 4)
        self.topics, self.clock = Topics(), SetClock(at)
        counts = ReplicaMetric([self.vertex.count, self.platform.count], self.clock.now)
        metrics = RestMonitoring(monitoring, counts)
        server.clouds = (self.vertex, self.platform, metrics, self.topics)
        server.calls, server.faults, server.broken = [], [], []
        monitoring.lines.clear()
        monitoring.hook = lambda _: None
        self.gone: dict[str, str] = {}
        self.said: list[str] = []
        self._monkeypatch = monkeypatch
        self._clients: dict[str, Any] = {}
        self._functions: list[Function] = []
        self._messages = 0

    def register(self, *targets: Mapping[str, Any]) -> None:
        """Bring scalable targets into force, out of a file."""
        config = json.dumps({"version": 1, "scalable_targets": targets})
        for each in compile_config(loads(config, "flyball.json")):
            self.store.ledger.register(each.id, each.config, each.config_hash, self.clock.at)

    def load(
        self,
        duty: Value | None,
        *,
        newest: timedelta = timedelta(0),
        metric: str = DUTY,
        labels: Mapping[str, str] = OF_VERTEX,
    ) -> None:
        """Let Cloud Monitoring have eight minutes of one duty cycle, or no series at all.

        Of each replica the same, of as many as may ever be in service here.
        """
        self.monitoring.lines.clear()
        if duty is not None:
            last = self.clock.at - newest
            points = {last - MINUTE * back: duty for back in range(8)}
            line = Line(PROJECT, metric, labels, points, unit="10^2.%")
            if metric.startswith("ml."):
                line = line._replace(resource_type="cloudml_model_version")
            name = "metric.labels.replica_id"
            is_each = name in labels and metric.endswith(("/duty_cycle", "/utilization"))
            for each in "abcdefghi" if is_each else "a":
                whose = dict(labels) | ({name: each} if is_each else {})
                self.monitoring.lines.append(line._replace(labels=whose))

    def open(
        self,
        incident_id: str = "0.a",
        *,
        message_id: str = "",
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Let an alert policy's notification reach on_alert; the answer's status.

        Args:
            incident_id: Of the incident.
            message_id: "": another one each time.
            at: When it opened, or closed; None: now.
            fields: Of the incident, that are otherwise.
        """
        body = incident(NAME, incident_id, at or self.clock.at, fields.pop("state", "open"))
        body["incident"] |= fields
        return self.send(body, message_id)

    def send(self, body: object, message_id: str = "") -> int:
        """Let a message reach on_alert, as Eventarc brings it; the answer's status."""
        self._messages += 1
        return self.deliver(publish(body, message_id or f"m{self._messages}"))

    def deliver(self, call: Request) -> int:
        """Call on_alert; the answer's status."""
        client = self._start("on_alert")
        return int(client.post("/", headers=call.headers, data=call.body).status_code)

    def tick(self, at: datetime | None = None, job: str = JOB) -> Any:
        """Call on_tick as Cloud Scheduler does for a run of a job; what it says, with 200."""
        headers = {
            "Authorization": f"Bearer {sign(self.clock.at)}",
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": job,
            "X-CloudScheduler-ScheduleTime": (at or self.clock.at).isoformat(),
        }
        answer = self._start("on_tick").post("/", headers=headers)
        assert answer.status_code == 200, answer.get_data()
        return answer.get_json()

    def pass_time(self, by: timedelta) -> None:
        """Let time pass, here and there."""
        self.clock.at += by
        self.vertex.move(by.total_seconds())
        self.platform.move(by.total_seconds())

    def restart(self) -> None:
        """End the instances of both functions: the next call starts another."""
        self._clients.clear()

    def close(self) -> None:
        """Let go of every connection."""
        for function in self._functions:
            if "parts" in vars(function._work):
                function._work.parts.controller._metrics._metrics.close()  # type: ignore[attr-defined]
            function._session.close()

    def fail(self, name: str, kind: str, message: str = "", times: int = 1) -> None:
        """Let the next calls of a method fail."""
        self.server.faults.append(Fault(name, kind, message, times))

    def sent(self) -> list[Call]:
        """List every change that was asked for."""
        return self.server.made(*CHANGES)

    def only(self) -> Call:
        """Give the one change that was asked for."""
        (call,) = self.sent()
        return call

    def rows(self, *kinds: str) -> list[Row]:
        """Read the target's rows of these kinds."""
        return [row for row in self.store.ledger.rows(NAME) if row.kind in kinds]

    def records(self) -> list[DecisionRecord]:
        """Read every decision's record, earliest first."""
        return [parse(DecisionRecord, row.body) for row in self.rows(DECISION)]

    def last(self) -> Decision:
        """Read the newest decision."""
        return self.records()[-1].decision

    def seen(self) -> Capacity:
        """Read what the newest decision saw of the capacity, which was known."""
        found = self.records()[-1].observation.capacity
        assert isinstance(found, Capacity), found
        return found

    def unseen(self) -> Missing:
        """Read why the capacity was not known to the newest decision."""
        found = self.records()[-1].observation.capacity
        assert isinstance(found, Missing), found
        return found

    def outcomes(self) -> list[Outcome]:
        """Read what became of the intents, earliest first."""
        return [outcome_of(row) for row in self.rows(OUTCOME)]

    def history(self) -> History:
        """Read what the target remembers."""
        return parse(History, self.store.ledger.status(NAME).history)

    def due_in(self) -> timedelta:
        """Say how long it is until the target is due."""
        wake_at = self.store.ledger.status(NAME).wake_at
        assert wake_at is not None
        return wake_at - self.clock.at

    def check(self) -> None:
        """Hold the ledger to what always holds, and every call to what Google documents."""
        assert self.server.broken == []
        pending = self.store.ledger.status(NAME).pending is not None
        check_ledger(self.store.ledger, NAME, pending=pending)

    def _start(self, name: str) -> Any:
        """Start an instance as a cold start does, unless there is one."""
        if name not in self._clients:
            url = self.server.url
            given = ENVIRONMENT | {
                "FUNCTION_TARGET": name,
                "FLYBALL_GCP_PROJECT": self.store.project,
                "FLYBALL_GCP_ENDPOINT_FIRESTORE": self.store.server.url,
                "FLYBALL_GCP_ENDPOINT_MONITORING_GRPC": self.monitoring.url,
                **{
                    f"FLYBALL_GCP_ENDPOINT_{each.upper()}": self.gone.get(each, url)
                    for each in ("aiplatform", "ml", "monitoring", "pubsub")
                },
            }
            for variable, value in given.items():
                self._monkeypatch.setenv(variable, value)
            app: Any = functions_framework.create_app(name, str(FUNCTIONS))  # type: ignore[no-untyped-call]
            module: Any = sys.modules.pop("main")
            settings, watch = Settings.from_env(), Watch()
            outside = Outside(
                write=self.said.append,
                clock=self.clock,
                rest=watch.rest,
                session=Known(settings.endpoints, rest=watch.rest, clock=watch.clock),
            )
            module.function = Function(settings, outside)
            self._functions.append(module.function)
            self._clients[name] = app.test_client()
        return self._clients[name]


def target(resource: Mapping[str, Any] = ON_VERTEX, **fields: Any) -> dict[str, Any]:
    """Write a scalable target that keeps the accelerators' duty cycle at 60 %, at once."""
    metric = DUTY if "endpoint" in resource else PLATFORM_DUTY
    return {
        "id": NAME,
        "home": "gcp",
        "resource": resource,
        "min_capacity": 1,
        "max_capacity": 6,
        "metrics": [{"name": "duty", "unit": "ratio", "source": {"metric": metric}}],
        "policies": [track()],
        **fields,
    }


def track(metric: str = "duty", target_value: float = 60, **fields: Any) -> dict[str, Any]:
    """Write a target tracking policy that believes one datapoint, in both directions."""
    return {
        "name": f"track-{metric}",
        "kind": "target_tracking",
        "metric": metric,
        "target_value": target_value,
        "scale_out": {"datapoints": "1 of 1", "cooldown": "0s"},
        "scale_in": {"datapoints": "1 of 1", "cooldown": "0s"},
        **fields,
    }

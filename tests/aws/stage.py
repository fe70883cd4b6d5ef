"""What stands around a controller that scales a SageMaker which behaves badly?

The real client, the real adapter and the real controller; the service is our own (sagemaker.py), on
the same clock as the controller.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.model import Capacity
from tests.aws.hosted import EPOCH_S, Cloud
from tests.aws.sagemaker import Server
from tests.rig import T0, Rig, make_target

REGION = "eu-central-1"
ENDPOINT = {"endpoint": "chat", "variant": "blue"}


@contextmanager
def serve() -> Iterator[tuple[Server, Clients]]:
    """Serve one cloud, with clients that find it, and that wait for no retry."""
    with pytest.MonkeyPatch.context() as patch, Server() as server:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = server.url
        yield server, Clients(REGION, {"sagemaker": url, "application-autoscaling": url})
        server.shutdown()
        thread.join()


class Stage(Rig):
    """A controller with one target: an endpoint's variant, registered at T0 with 2 in service.

    Attributes:
        cloud: What SageMaker has; to be given its faults.
        demand: What the instances in service share among them; None: metrics.load stays as it is.
        control: The adapter.
    """

    def __init__(self, server: Server, clients: Clients, **fields: Any) -> None:
        assert datetime.fromtimestamp(EPOCH_S, UTC) == T0
        server.cloud = self.cloud = Cloud()
        self.cloud.endpoint("chat", 2)
        given: dict[str, Any] = {
            "home": "aws",
            "resource": ENDPOINT,
            "foreign_hold": timedelta(minutes=15),
        }
        super().__init__(MemoryLedger(), make_target(**(given | fields)))
        self.clients = clients
        self.demand: float | None = None
        self.control = AwsControl(clients)
        self.controller = self.start(control=self.control)

    def pass_time(self, by: timedelta) -> None:
        """Let time pass here and there."""
        super().pass_time(by)
        self.cloud.move(by.total_seconds())
        self.share()

    def share(self) -> None:
        """Let the metric show what each instance in service has of the demand."""
        if self.demand is not None:
            ready = self.cloud.endpoints["chat"].variants["blue"].current
            self.metrics.load = self.demand / ready

    def ask(self, demand: float) -> None:
        """Let this much demand reach the endpoint from now on."""
        self.demand = demand
        self.share()

    def live(self, minutes: int) -> None:
        """Let minutes pass, looking once in each."""
        for _ in range(minutes):
            self.pass_time(timedelta(minutes=1))
            self.wake()

    def look(self) -> Capacity:
        """Read the capacity, which must be known."""
        capacity = self.control.describe(self.target, self.clock.at)
        assert isinstance(capacity, Capacity), capacity
        return capacity

    def calls(self, *names: str) -> list[str]:
        """List the operations that were called, of these names, or all."""
        made = [call["operation"] for call in self.cloud.calls]
        return [each for each in made if each in names] if names else made

    def sent(self) -> list[int]:
        """List the counts that were asked of the endpoint, those of repeated tries included."""
        return [
            call["body"]["DesiredWeightsAndCapacities"][0]["DesiredInstanceCount"]
            for call in self.cloud.calls
            if call["operation"] == "UpdateEndpointWeightsAndCapacities"
        ]

"""Does a region that hangs keep nobody else waiting, and does a run that stood still send nothing?

The services are asked in real time here, with little patience.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest

from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.session import Session
from flyball.core.model import Capacity, CapacityRange, Missing
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, OutcomeKind, TriggerKind
from flyball.wake import Wake, WakeKind
from flyball.wiring.between import Reader
from flyball.wiring.gcp import Noting
from tests.gcp.serving import Server
from tests.gcp.stage import MODEL, PATH, Stage, serve
from tests.gcp.vertex import Replicas
from tests.rig import T0, make_target, register

pytestmark = pytest.mark.enable_socket

PATIENCE_S = 0.8
ILL, WELL = "europe-west4", "us-central1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve; whoever hangs is let go in the end."""
    monkeypatch.setattr("flyball.adapters.gcp.control.LOOK_S", PATIENCE_S)
    monkeypatch.setattr("flyball.adapters.gcp.patience.SLOW_S", PATIENCE_S / 4)
    with serve() as found:
        yield found
        found.awake.set()


class Running:
    """A clock that runs."""

    def __init__(self) -> None:
        self.began = monotonic()

    def now(self) -> datetime:
        """Tell the time."""
        return T0 + timedelta(seconds=monotonic() - self.began)


class Fleet(Stage):
    """Targets on endpoints of two regions, of which one hangs.

    Attributes:
        ill: Targets of the one.
        well: Those of the other.
    """

    def __init__(self, server: Server, count: int) -> None:
        super().__init__(server)
        self.session = Session({"aiplatform": server.url, "monitoring": server.url})
        self.control = GcpControl(self.session)
        self.ill = [self.add(ILL, f"1{index:03}") for index in range(count)]
        self.well = [self.add(WELL, f"2{index:03}") for index in range(count)]
        for path in (PATH, f"{PATH}/operations"):  # all is loaded, there and here
            self.session.call("aiplatform", f"v1/{path}", method="GET")
        server.calls.clear()
        server.hanging = f"locations/{ILL}/"

    def add(self, location: str, endpoint: str) -> ScalableTarget:
        """Add an endpoint with a model."""
        resource = {**MODEL, "location": location, "endpoint": endpoint}
        path = f"projects/acme/locations/{location}/endpoints/{endpoint}"
        self.vertex.endpoints[path] = [Replicas(1, 4, id="7")]
        return make_target(f"{location}/{endpoint}", home="gcp", resource=resource)

    def see(self, target: ScalableTarget) -> Capacity | Missing:
        """Look at a target."""
        return self.control.describe(target, self.clock.at)


def test_all_endpoints_are_read_at_once_and_one_that_hangs_delays_no_other(
    server: Server,
) -> None:
    """Twelve that hang are waited for as long as one is, and by none of the looks that follow."""
    fleet, began = Fleet(server, 12), monotonic()
    fleet.control.prefetch([*fleet.ill, *fleet.well], fleet.clock.at)
    assert monotonic() - began < 3 * PATIENCE_S
    asked, began = len(server.calls), monotonic()
    assert all(isinstance(fleet.see(target), Capacity) for target in fleet.well)
    for target in fleet.ill:
        lost = fleet.session.lost
        found = fleet.see(target)
        assert isinstance(found, Missing)
        assert "UNREACHABLE" in found.detail
        assert fleet.session.lost > lost  # so the event that asked for it comes again
    assert len(server.calls) == asked
    assert monotonic() - began < PATIENCE_S


def test_a_region_that_did_not_answer_is_not_asked_again_for_a_moment(server: Server) -> None:
    """By the third target that needs it, after two; what is elsewhere is asked."""
    fleet, began = Fleet(server, 6), monotonic()
    found = [fleet.see(target) for target in fleet.ill]
    assert monotonic() - began < 3 * PATIENCE_S
    assert all(isinstance(each, Missing) for each in found)
    assert "did not answer a moment ago" in found[-1].detail
    outcome = fleet.control.apply(fleet.ill[0], CapacityRange(2, 4), fleet.clock.at)
    assert outcome.kind is OutcomeKind.ABORTED
    assert isinstance(fleet.see(fleet.well[0]), Capacity)
    server.awake.set()
    server.hanging = ""
    assert isinstance(fleet.see(fleet.ill[0]), Missing)
    fleet.clock.at += timedelta(seconds=30)
    assert isinstance(fleet.see(fleet.ill[0]), Capacity)


def test_one_endpoint_that_hangs_stops_no_change_of_another_in_its_region(server: Server) -> None:
    """Whether they were read at once or one after the other; it is not asked again itself."""
    fleet = Fleet(server, 3)
    server.hanging = "endpoints/2000"
    sick, *well = fleet.well
    fleet.control.prefetch(fleet.well, fleet.clock.at)
    assert isinstance(fleet.see(sick), Missing)
    for target in well:
        assert isinstance(fleet.see(target), Capacity)
        outcome = fleet.control.apply(target, CapacityRange(2, 4), fleet.clock.at)
        assert outcome.kind is OutcomeKind.APPLIED, outcome
    fleet.clock.at += timedelta(seconds=30)
    assert isinstance(fleet.see(sick), Missing)  # with nobody answering meanwhile
    began = monotonic()
    outcome = fleet.control.apply(sick, CapacityRange(2, 4), fleet.clock.at)
    assert "did not answer a moment ago" in outcome.detail
    assert all(isinstance(fleet.see(target), Capacity) for target in well)
    assert monotonic() - began < PATIENCE_S


def test_two_that_hang_among_others_that_answer_are_no_outage(server: Server) -> None:
    """An answer since they were asked says that the service is there."""
    fleet = Fleet(server, 12)
    server.hanging = "endpoints/200"  # ten of twelve
    fleet.control.prefetch(fleet.well, fleet.clock.at)
    outcome = fleet.control.apply(fleet.well[-1], CapacityRange(2, 4), fleet.clock.at)
    assert outcome.kind is OutcomeKind.APPLIED, outcome


def test_the_calls_of_a_look_have_one_time_together(server: Server) -> None:
    """A list that hangs leaves none for the metric, and the look says so."""
    fleet = Fleet(server, 1)
    server.hanging = "/operations"
    for models in fleet.vertex.endpoints.values():
        models[0].tells = False
    began = monotonic()
    found = fleet.see(fleet.well[0])
    assert monotonic() - began < 2 * PATIENCE_S
    assert isinstance(found, Missing)
    assert "NO_TIME_LEFT: the other calls took all the time" in found.detail


def test_healthy_targets_of_a_message_are_decided_although_others_hang(server: Server) -> None:
    """Through the controller: all of them, in the time that one look may take."""
    fleet = Fleet(server, 6)
    targets = [*fleet.ill, *fleet.well]
    for target in targets:
        register(fleet.store, target, T0)
    control = Noting(fleet.control, fleet.session)
    controller = fleet.start(control=control, metrics=Reader(fleet.metrics, control))
    triggers = [
        fleet.trigger(TriggerKind.ALARM, source="high")._replace(scalable_target_id=target.id)
        for target in targets
    ]
    began = monotonic()
    wakes: list[Wake] = controller.wake_all(
        triggers, keep_going=lambda: monotonic() - began < 3 * PATIENCE_S
    )
    assert [wake.kind for wake in wakes] == [WakeKind.DECIDED] * 12
    assert all(control.is_unread(target.id) for target in fleet.ill)
    assert not any(control.is_unread(target.id) for target in fleet.well)


@pytest.mark.parametrize("after", ["endpoints/123", "operations"])
def test_a_run_that_stood_still_beyond_its_lease_sends_nothing(
    server: Server, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run has acted since, and is newer; which is found right before the change is sent."""
    stage = Stage(server)
    stage.metrics.load = 200.0
    call, applying = stage.session.call, list[str]()

    def freeze(service: str, path: str, *args: Any, **how: Any) -> Any:
        answer = call(service, path, *args, **how)
        if applying and path.endswith(after):
            stage.clock.at += timedelta(seconds=200)
        return answer

    monkeypatch.setattr(stage.session, "call", freeze)
    stage.on_step = lambda step: applying.append(step) if step == "apply" else None
    wake = stage.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.ABORTED
    assert wake.outcome.detail.startswith("not sent: NO_TIME_LEFT: no time was left to send it")
    assert stage.sent() == []


def test_a_change_is_not_waited_for_past_its_deadline(server: Server) -> None:
    """Its own limit may be longer; it may have landed, and is followed."""
    fleet = Fleet(server, 1)
    server.hanging = ":mutateDeployedModel"
    began, clock = monotonic(), Running()
    deadline = Deadline(clock.now() + timedelta(seconds=0.6), clock)
    with pytest.raises(Exception, match="no whole answer within|NO_TIME_LEFT"):
        fleet.control.apply(fleet.well[0], CapacityRange(2, 4), fleet.clock.at, deadline)
    assert monotonic() - began < 2 * PATIENCE_S

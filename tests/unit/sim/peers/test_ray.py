"""Is Ray Serve's own code asked as its controller asks it, and is its absence said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from flyball.sim.peers.ray import Library, RayServe, Settings
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Seen
from tests.unit.sim.peers.story import BOUNDS, MINUTE, NOON, follow

TEN = timedelta(seconds=10)


class Fake:
    """Stands for Ray: its policy asks for the requests ÷ target, at once, and keeps what it saw."""

    def __init__(self) -> None:
        self.contexts: list[Any] = []
        self.times: list[float] = []
        self.serve = SimpleNamespace(
            time="the clock",
            default_autoscaling_policy=self.decide,
            _apply_autoscaling_config=lambda policy: policy,
        )
        self.modules = {
            "ray.serve.autoscaling_policy": self.serve,
            "ray.serve.config": SimpleNamespace(
                AutoscalingContext=SimpleNamespace, AutoscalingConfig=SimpleNamespace
            ),
            "ray.serve._private.common": SimpleNamespace(DeploymentID=SimpleNamespace),
        }

    def decide(self, context: Any) -> tuple[float, dict[str, object]]:
        """Ask for what it needs, and count how often it was asked."""
        self.contexts.append(context)
        clock: Any = self.serve.time
        self.times.append(clock.time())
        asked = cast("int", context.policy_state.get("asked", 0))
        wanted = context.total_num_requests / context.config.target_ongoing_requests
        return wanted, {"asked": asked + 1}

    def load(self, name: str) -> ModuleType:
        """Import a part of it."""
        return cast("ModuleType", self.modules[name])


def make(fake: Fake, bounds: Bounds = BOUNDS, slot: timedelta = MINUTE) -> RayServe:
    """Make a peer with a target of half an instance."""
    return RayServe(Settings(0.5), bounds, slot, Library(fake.load))


def test_peer_ray_is_asked_every_ten_seconds_with_the_mean_over_thirty() -> None:
    """Six ticks a minute; what arrived and what waited; its state goes round."""
    fake = Fake()
    peer = make(fake)
    peer.decide(Seen(NOON, 3.0, 0.0, 2, 2, 4))
    peer.decide(Seen(NOON + MINUTE, 5.0, 1.0, 2, 2, 4))
    totals = [context.total_num_requests for context in fake.contexts]
    assert totals == [3.0] * 6 + [4.0, 5.0, 6.0, 6.0, 6.0, 6.0]
    since = [time - NOON.timestamp() for time in fake.times]
    assert since == [-50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60]
    assert [context.policy_state.get("asked", 0) for context in fake.contexts] == [*range(12)]


def test_peer_ray_sees_what_runs_and_what_was_set() -> None:
    """Those in service, those ordered, and its own last answer from the second tick on."""
    fake = Fake()
    make(fake, Bounds(1, 9)).decide(Seen(NOON, 3.0, 0.0, 2, 2, 4))
    first, second, *_ = fake.contexts
    assert (first.current_num_replicas, first.target_num_replicas) == (2, 4)
    assert (second.current_num_replicas, second.target_num_replicas) == (2, 6)
    assert (first.capacity_adjusted_min_replicas, first.capacity_adjusted_max_replicas) == (1, 9)
    config = first.config
    assert (config.min_replicas, config.max_replicas) == (1, 9)
    assert (config.upscale_delay_s, config.downscale_delay_s) == (30, 600)


def test_peer_ray_keeps_to_the_bounds_and_reads_a_gap_as_nothing() -> None:
    """Nine at most, one at least."""
    assert follow(make(Fake(), Bounds(1, 9)), [20.0, None, None]) == [9, 1, 1]


def test_peer_ray_has_its_clock_back_when_it_has_decided() -> None:
    """Also where it fails."""
    fake = Fake()
    peer = make(fake)
    peer.decide(Seen(NOON, 3.0, 0.0, 2, 2, 4))
    assert fake.serve.time == "the clock"
    with pytest.raises(TypeError):
        peer.decide(Seen(NOON, cast("float", "x"), 0.0, 2, 2, 4))
    fake.serve.default_autoscaling_policy = None
    assert fake.serve.time == "the clock"


def test_peer_ray_says_how_to_install_what_is_missing() -> None:
    """Without the library, and with one that has no such parts."""

    def refuse(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}")

    with pytest.raises(ImportError, match=r"ray: Ray Serve .* pip install 'flyball\[ray\]', or"):
        Library(refuse)
    with pytest.raises(ImportError, match="no attribute '_apply_autoscaling_config'"):
        Library(lambda _: cast("ModuleType", SimpleNamespace()))


def test_peer_ray_refuses_a_target_of_nothing() -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match="target: got 0, expected a number above 0"):
        Settings(0.0)


@dataclass(frozen=True)
class Case:
    """Loads by the slot, and the orders at the end of each, of Ray's own code."""

    id: str
    loads: Sequence[float | None]
    expect: Sequence[int]
    initial: int = 2
    slot: timedelta = TEN
    lead: timedelta = timedelta()
    bounds: Bounds = BOUNDS


CASES = [
    Case("up after 30 s above", [1.75] * 5, [2, 2, 2, 4, 4]),
    Case("not if it fell in between", [1.75, 1.75, 0.5, 0.5, 0.5, 0.5, 0.5], [2] * 7),
    Case("down after 600 s below", [0.5] * 62, [2] * 60 + [1, 1]),
    Case("the mean over 30 s", [1.0, 1.0, *[1.75] * 4], [2] * 5 + [4]),
    Case("what starts is not ordered twice", [1.75] * 8, [2, 2, 2, 4, 4, 4, 4, 4], lead=MINUTE),
    Case("from zero at once", [4.0, 4.0], [1, 1], initial=0, bounds=Bounds(0, 9)),
    Case("to zero from one alone", [0.0] * 122, [2] * 60 + [1] * 60 + [1, 0], bounds=Bounds(0, 9)),
    Case("what waits is asked for", [2.5, 2.5, 2.5, 2.5], [2, 2, 2, 7]),
    Case("the most", [9.0] * 4, [2, 2, 2, 9], bounds=Bounds(1, 9)),
    Case("minutes", [1.75, 1.75], [4, 4], slot=MINUTE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_ray_orders_what_its_own_code_does(case: Case) -> None:
    """With a target of half an instance, by the slot."""
    reason = "Ray Serve is not installed: pip install 'flyball[ray]'"
    pytest.importorskip("ray.serve", reason=reason, exc_type=ImportError)
    peer = RayServe(Settings(0.5), case.bounds, case.slot)
    orders = follow(peer, case.loads, initial=case.initial, slot=case.slot, lead=case.lead)
    assert orders == list(case.expect)

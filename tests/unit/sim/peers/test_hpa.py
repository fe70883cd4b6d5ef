"""Does the HPA as a peer do what Kubernetes' controller does?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.peers.hpa import (
    PodAutoscaler,
    Settings,
    Stabilizer,
    recommend_external,
    recommend_pods,
)
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Seen
from tests.unit.sim.peers.story import BOUNDS, MINUTE, NOON, follow

SYNC = timedelta(seconds=15)


@dataclass(frozen=True)
class Total:
    """A total ÷ its target for one pod, the pods that there are, and what is recommended."""

    id: str
    total: float
    current: int
    expect: int


TOTALS = [
    Total("rounded up", 15.1, 10, 16),
    Total("down as well", 4.2, 10, 5),
    Total("10 % above is kept", 11.0, 10, 10),
    Total("a little more is not", 11.01, 10, 12),
    Total("10 % below is kept", 9.0, 10, 10),
    Total("a little less is not", 8.99, 10, 9),
    Total("nothing", 0.0, 10, 0),
    Total("a whole number but for its last bit", 2.1 / 0.7, 9, 3),
    Total("from zero the ratio, rounded up", 2.1, 0, 3),
    Total("from zero nothing of nothing", 0.0, 0, 0),
]


@pytest.mark.parametrize("case", TOTALS, ids=lambda case: case.id)
def test_peer_hpa_divides_a_total_by_its_target(case: Total) -> None:
    """Outside the tolerance, whatever is starting."""
    assert recommend_external(case.total, case.current, 0.1) == case.expect


@dataclass(frozen=True)
class Pods:
    """A total of pods ÷ target, and how many pods were measured, are ready, and are set."""

    id: str
    total: float
    measured: int
    ready: int
    current: int
    expect: int | None


PODS = [
    Pods("ratio × ready, up", 15.0, 10, 10, 10, 15),
    Pods("ratio × ready, down", 5.0, 10, 10, 10, 5),
    Pods("inside the tolerance", 10.9, 10, 10, 10, 10),
    Pods("the unready count as idle on the way out", 15.0, 10, 10, 12, 15),
    Pods("which may bring it inside", 15.0, 10, 10, 14, 14),
    Pods("or turn it, and then it stays", 12.0, 10, 10, 20, 20),
    Pods("on the way in they are left out", 5.0, 10, 10, 20, 5),
    Pods("the missing count as idle on the way out", 30.0, 10, 12, 12, 30),
    Pods("the missing count as at the target on the way in", 2.0, 10, 12, 12, 4),
    Pods("which may bring it inside too", 8.0, 10, 40, 40, 40),
    Pods("their number may not turn it", 5.0, 10, 40, 38, 33),
    Pods("measured pods that are gone take their share along", 20.0, 20, 10, 10, 10),
    Pods("no pod with a metric", 5.0, 0, 3, 5, None),
    Pods("no pod in service", 5.0, 3, 0, 5, None),
    Pods("at a ratio of one the missing count as idle", 10.0, 10, 20, 20, 10),
]


@pytest.mark.parametrize("case", PODS, ids=lambda case: case.id)
def test_peer_hpa_counts_absent_pods_against_the_direction(case: Pods) -> None:
    """As replica_calculator.go does."""
    seen = Seen(NOON, case.total, 0.0, case.measured, case.ready, case.current)
    assert recommend_pods(case.total, case.current, seen, 0.1) == case.expect


@given(
    start=st.integers(1, 50),
    raws=st.lists(st.integers(0, 120), min_size=1, max_size=60),
    window=st.integers(0, 5),
    bounds=st.tuples(st.integers(1, 5), st.integers(5, 90)),
)
def test_peer_hpa_stabilizes_and_limits_as_the_rule_is_written(
    start: int, raws: list[int], window: int, bounds: tuple[int, int]
) -> None:
    """min(max(current, up), down), then four pods or double in 15 s, then the bounds."""
    stabilizer = Stabilizer(window * MINUTE, Bounds(*bounds))
    current, said = start, []
    for tick, raw in enumerate(raws):
        said.append(raw)
        down = max(said[max(0, tick + 1 - max(1, window * 4)) :])
        number = min(max(current, raw), down)
        if number > current:
            number = min(number, max(current + 4, 2 * current))
        expect = min(max(number, bounds[0]), bounds[1])
        current = stabilizer.settle(current, raw)
        assert current == expect


@dataclass(frozen=True)
class Case:
    """Loads by the slot, and the orders at the end of each."""

    id: str
    loads: Sequence[float | None]
    expect: list[int]
    initial: int = 10
    slot: timedelta = SYNC
    metric: str = "external"
    bounds: Bounds = BOUNDS
    lead: timedelta = timedelta()


CASES = [
    Case("out at once", [7.5, 7.5], [15, 15]),
    Case("not more than double", [50.0] * 4, [20, 40, 80, 100]),
    Case("four pods where that is more", [50.0] * 3, [5, 10, 20], initial=1),
    Case("four ticks in a minute", [50.0], [40], initial=1, slot=MINUTE),
    Case("a slot of 10 s has a tick or none", [7.5, 7.5, 9.0], [10, 15, 18], slot=SYNC * 2 / 3),
    Case(
        "in after five minutes of nothing higher",
        [5.0] + [2.0] * 6,
        [10, 10, 10, 10, 10, 4, 4],
        slot=MINUTE,
    ),
    Case("a gap keeps what there is", [7.5, None, 7.5], [15, 15, 15]),
    Case(
        "time goes by in a gap",
        [7.5, 2.0, None, None, None, None, 2.0],
        [15, 15, 15, 15, 15, 15, 4],
        slot=MINUTE,
    ),
    Case("what there is at first is held for five minutes", [2.0] * 6, [10] * 5 + [4], slot=MINUTE),
    Case("at zero it rests", [7.5, 7.5], [0, 0], initial=0),
    Case(
        "from zero where that is the least",
        [0.0, 7.5, 7.5],
        [0, 4, 8],
        initial=0,
        bounds=Bounds(0, 99),
    ),
    Case("to zero too", [0.0] * 6, [1] * 5 + [0], 1, MINUTE, bounds=Bounds(0, 99)),
    Case("pods: not to zero", [0.0] * 6, [2] * 5 + [1], 2, MINUTE, "pods", Bounds(0, 99)),
    Case("pods: nor from it", [7.5] * 2, [0, 0], 0, metric="pods", bounds=Bounds(0, 99)),
    Case("pods: the same where all are ready", [7.5, 7.5], [15, 15], metric="pods"),
    Case(
        "pods: what is starting counts",
        [6.0, 6.0, 6.7],
        [12, 12, 14],
        metric="pods",
        lead=MINUTE,
    ),
    Case("a total: what is starting counts too", [6.0, 6.0, 6.6], [12, 12, 12], lead=MINUTE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_hpa_orders_what_the_controller_does(case: Case) -> None:
    """With a target of half an instance, by the slot."""
    peer = PodAutoscaler(Settings(0.5, metric=case.metric), case.bounds, case.slot)
    orders = follow(peer, case.loads, initial=case.initial, slot=case.slot, lead=case.lead)
    assert orders == case.expect


def test_peer_hpa_recommends_nothing_where_no_pod_has_a_metric() -> None:
    """What there is while it cannot know is no recommendation, and holds nothing later."""
    peer = PodAutoscaler(Settings(0.5, metric="pods"), BOUNDS, MINUTE)
    orders = []
    for minute, (measured, ready) in enumerate([(0, 0)] * 6 + [(10, 10)]):
        seen = Seen(NOON + minute * MINUTE, 1.5, 0.0, measured, ready, 10)
        orders.append(peer.decide(seen))
    assert orders == [10] * 6 + [3]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"target": -1.0}, "target: got -1", id="target"),
        pytest.param({"target": math.nan}, "target: got nan", id="nan"),
        pytest.param({"tolerance": 1.0}, "tolerance: got 1", id="tolerance"),
        pytest.param({"metric": "cpu"}, "metric: got 'cpu', expected external or", id="metric"),
    ],
)
def test_peer_hpa_refuses_what_it_cannot_be(given: dict[str, object], says: str) -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match=says):
        Settings(**given)  # type: ignore[arg-type]

"""Does a simulated service pick inside its range as Vertex AI's autoscaler does?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.load import Load
from flyball.adapters.local.metrics import LocalMetrics
from flyball.adapters.local.service import WINDOW, want
from flyball.adapters.local.stock import Stock
from flyball.adapters.local.timeline import (
    EndpointSettings,
    Fate,
    OrderKind,
    ServiceSettings,
    state_at,
)
from flyball.core.model import Capacity, CapacityRange, Status
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.ports import Outcome, OutcomeKind

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MU = 100.0
LEAD = 8 * MINUTE
TARGET = ScalableTarget("chat", 1, 10, capacity_kind=CapacityKind.RANGE)
GPU = EndpointSettings(
    initial=2, lead_time=LEAD, lead_spread_ratio=0.0, quota=12, service=ServiceSettings(2, 10)
)

Demand = Callable[[float], float | None]
"""Requests a minute, by the minutes since noon."""


def serve(
    demand: Demand, settings: EndpointSettings = GPU, path: Path | None = None
) -> tuple[LocalEndpoints, LocalMetrics]:
    """Give an endpoint under a load, from noon on."""
    endpoints = LocalEndpoints(path)
    endpoints.create("chat", settings, NOON)
    load = Load(lambda minute: demand((minute - NOON) / MINUTE), MU, NOON)
    return endpoints, LocalMetrics(endpoints, {"chat": load})


def look(endpoints: LocalEndpoints, minutes: float) -> Capacity:
    """Read the capacity, which must be known, so many minutes after noon."""
    capacity = endpoints.describe(TARGET, NOON + minutes * MINUTE)
    assert isinstance(capacity, Capacity)
    return capacity


def put(endpoints: LocalEndpoints, floor: int, ceiling: int, minutes: float = 0.0) -> Outcome:
    """Set the range."""
    return endpoints.apply(TARGET, CapacityRange(floor, ceiling), NOON + minutes * MINUTE)


def picks(endpoints: LocalEndpoints) -> list[tuple[float, int]]:
    """List what the service picked: seconds after noon, and the count."""
    orders = [each for each in endpoints.orders("chat") if each.kind is OrderKind.PICK]
    assert {each.caller for each in orders} <= {"service"}
    return [((each.at - NOON).total_seconds(), each.after) for each in orders]


# --- what it wants ------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "busy_ratio", "wanted"),
    [(2, 1.0, 4), (10, 0.01, 1), (3, 0.6, 3), (3, 0.61, 4), (2, 0.71, 3), (5, 0.0, 0), (0, 0.0, 0)],
)
def test_what_is_wanted_is_in_service_times_utilization_over_target(
    ready: int, busy_ratio: float, wanted: int
) -> None:
    """Two at 100 % and ten at 1 % are the documentation's own examples."""
    assert want(ServiceSettings(1, 10), ready, busy_ratio) == wanted


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (ServiceSettings(1, 10), 7),
        (ServiceSettings(1, 10, gpu_target=None, cpu_full=100.0), 7),
        (ServiceSettings(1, 10, gpu_target=None), 4),
        (ServiceSettings(1, 10, cpu_full=90.0), 7),
        (ServiceSettings(1, 10, cpu_full=90.0, cpu_target=40.0), 9),
    ],
)
def test_gpu_or_cpu_whichever_asks_for_more(settings: ServiceSettings, wanted: int) -> None:
    """Four instances that can do no more."""
    assert want(settings, 4, 1.0) == wanted


# --- what it picks ------------------------------------------------------------


def test_it_picks_every_15_seconds_and_instances_come_after_their_lead_time() -> None:
    """The first look has seen 15 seconds of full load; nobody has set anything."""
    endpoints, _ = serve(lambda _: 2 * MU)
    assert look(endpoints, 0.24) == Capacity(2, 2, ceiling=10, detail="InService", picked=2)
    assert look(endpoints, 0.25) == Capacity(2, 2, ceiling=10, detail="InService", picked=4)
    assert look(endpoints, 8.24).ready == 2
    assert look(endpoints, 8.25).ready == 4
    assert picks(endpoints)[0] == (15, 4)


def test_an_overload_is_answered_by_doubling_at_most_as_no_device_is_over_full() -> None:
    """Eight instances' worth on two: 100 % of two are four, and after those came, seven."""
    endpoints, _ = serve(lambda _: 8 * MU)
    look(endpoints, 17)
    assert [count for _, count in picks(endpoints)] == [4, 7, 10]
    assert [second for second, _ in picks(endpoints)] == [15, 510, 1005]


def test_the_highest_answer_of_five_minutes_counts() -> None:
    """A dip shorter than that changes nothing; after a longer one instances go."""
    calm, four = 2.4 * MU, GPU._replace(initial=4)
    endpoints, _ = serve(lambda minute: 0.0 if 20 <= minute < 24 or minute >= 30 else calm, four)
    look(endpoints, 60)
    assert picks(endpoints) == [(30 * 60 + WINDOW.total_seconds(), 2)]


def test_it_never_leaves_its_range() -> None:
    """Neither idle nor in the worst overload."""
    endpoints, _ = serve(lambda minute: 50 * MU if minute < 90 else 0.0)
    seen = [look(endpoints, minute) for minute in range(180)]
    assert {each.ready for each in seen} >= {2, 10}
    assert all(2 <= each.ready <= 10 and 2 <= (each.picked or 0) <= 10 for each in seen)


def test_raising_the_floor_forces_capacity() -> None:
    """The update lasts until what it forces serves; the load asks for nothing."""
    endpoints, _ = serve(lambda _: 0.0)
    assert put(endpoints, 5, 10).kind is OutcomeKind.APPLIED
    assert look(endpoints, 7.9) == Capacity(5, 2, Status.BUSY, 10, "Updating", picked=5)
    assert look(endpoints, 8.3) == Capacity(5, 5, Status.IN_SERVICE, 10, "InService", picked=5)


def test_lowering_the_floor_only_permits_and_takes_nothing_for_five_minutes() -> None:
    """The service goes when its own window says so, and not where the load needs it."""
    endpoints, _ = serve(lambda minute: 6 * 0.6 * MU if minute < 40 else 0.0)
    look(endpoints, 20)
    put(endpoints, 6, 10, 20)
    put(endpoints, 2, 10, 30)
    assert look(endpoints, 39.9).ready == 6, "the load needs six"
    assert look(endpoints, 44.9).ready == 6, "the window remembers it"
    assert look(endpoints, 46).ready == 2
    put(endpoints, 4, 10, 46)
    assert put(endpoints, 2, 10, 60).kind is OutcomeKind.APPLIED
    assert look(endpoints, 60).ready == 4, "not at once"
    assert look(endpoints, 61).ready == 2, "no answer of five minutes was above the floor"


def test_lowering_the_ceiling_takes_what_is_above_it() -> None:
    """That is an order, not a permission."""
    endpoints, _ = serve(lambda _: 6 * 0.6 * MU)
    assert look(endpoints, 30).ready == 6
    put(endpoints, 2, 3, 30)
    assert look(endpoints, 31) == Capacity(2, 3, ceiling=3, detail="InService", picked=3)


def test_the_service_picks_also_while_its_range_is_being_updated() -> None:
    """And the update goes on as it was."""
    endpoints, _ = serve(lambda minute: 0.0 if minute < 1 else 2 * MU)
    put(endpoints, 3, 10)
    assert look(endpoints, 2).picked == 4
    assert look(endpoints, 8) == Capacity(3, 3, Status.BUSY, 10, "Updating", picked=4)
    assert look(endpoints, 8.3).status is Status.IN_SERVICE


# --- what it refuses ----------------------------------------------------------


def test_at_most_one_update_goes_on() -> None:
    """The refusal is Google's, and nothing changes."""
    endpoints, _ = serve(lambda _: 0.0)
    put(endpoints, 5, 10)
    refusal = put(endpoints, 6, 10, 1)
    assert refusal.kind is OutcomeKind.DEFERRED
    assert "FAILED_PRECONDITION" in refusal.detail
    assert look(endpoints, 1).desired == 5


@pytest.mark.parametrize(("floor", "ceiling"), [(0, 4), (5, 4), (-1, -1)])
def test_a_range_that_cannot_be_is_refused(floor: int, ceiling: int) -> None:
    """It begins at one instance, and its ends do not cross."""
    endpoints, _ = serve(lambda _: 0.0)
    refusal = put(endpoints, floor, ceiling)
    assert refusal.kind is OutcomeKind.FAILED
    assert "INVALID_ARGUMENT" in refusal.detail


def test_quota_is_charged_on_the_ceiling() -> None:
    """One page of Google's says so, another does not: the stricter counts."""
    endpoints, _ = serve(lambda _: 0.0)
    refusal = put(endpoints, 2, 13)
    assert (refusal.kind, refusal.quota) == (OutcomeKind.QUOTA_EXCEEDED, 12)


def test_an_endpoint_that_failed_is_neither_set_nor_scaled_until_it_is_repaired() -> None:
    """What was on its way comes all the same."""
    endpoints, _ = serve(lambda minute: 2 * MU if minute < 10 else 4 * MU)
    look(endpoints, 5)
    assert endpoints.fail("chat", NOON + 6 * MINUTE)
    assert look(endpoints, 30) == Capacity(2, 4, Status.FAILED, 10, "Failed", picked=4)
    assert put(endpoints, 3, 10, 30).kind is OutcomeKind.FAILED
    assert endpoints.repair("chat", NOON + 30 * MINUTE)
    assert look(endpoints, 31).picked == 7


def test_maintenance_refuses_a_range_and_lets_the_service_pick() -> None:
    """The provider is at work; the load goes on."""
    endpoints, _ = serve(lambda _: 2 * MU)
    assert endpoints.maintain("chat", NOON, NOON + 20 * MINUTE)
    assert put(endpoints, 3, 10, 1).kind is OutcomeKind.DEFERRED
    busy = look(endpoints, 10)
    assert (busy.status, busy.detail, busy.ready) == (Status.BUSY, "SystemUpdating", 4)
    assert look(endpoints, 20).status is Status.IN_SERVICE


@pytest.mark.parametrize(
    ("fate", "floor", "after_the_shortage"), [(Fate.ROLLS_BACK, 2, 3), (Fate.STALLS, 6, 6)]
)
def test_where_machines_lack_a_floor_is_undone_or_stays_short(
    fate: Fate, floor: int, after_the_shortage: int
) -> None:
    """The range that was there is back, or the service goes on trying to reach the new one."""
    endpoints, _ = serve(lambda _: 0.0)
    short = Stock(3, fate)
    endpoints.stock = lambda now: short if now < NOON + 30 * MINUTE else Stock()
    assert put(endpoints, 6, 10).kind is OutcomeKind.APPLIED
    assert look(endpoints, 15.9) == Capacity(6, 3, Status.BUSY, 10, "Updating", picked=3)
    shown = look(endpoints, 16)
    assert (shown.desired, shown.ready, shown.status) == (floor, 3, Status.IN_SERVICE)
    late = look(endpoints, 60)
    assert (late.desired, late.ready) == (floor, min(after_the_shortage, late.ready))
    assert late.ready == (2 if fate is Fate.ROLLS_BACK else 6)


def test_the_service_has_no_more_than_there_are_machines() -> None:
    """It asks again every 15 seconds."""
    endpoints, _ = serve(lambda _: 2 * MU)
    endpoints.stock = lambda now: Stock(3) if now < NOON + 5 * MINUTE else Stock()
    assert look(endpoints, 4.9).picked == 3
    assert look(endpoints, 5).picked == 4


def test_somebody_elses_number_is_a_floor() -> None:
    """The ceiling stays, or gives way."""
    endpoints, _ = serve(lambda _: 0.0)
    assert endpoints.scale("chat", 4, NOON, "human").kind is OutcomeKind.APPLIED
    assert look(endpoints, 1)[:4] == (4, 2, Status.BUSY, 10)
    assert endpoints.scale("chat", 12, NOON + 20 * MINUTE, "human").kind is OutcomeKind.APPLIED
    assert (look(endpoints, 21).desired, look(endpoints, 21).ceiling) == (12, 12)


# --- beginnings, and any instant ----------------------------------------------


def test_a_cold_endpoint_is_creating_until_its_instances_serve() -> None:
    """As one of a single number."""
    endpoints, _ = serve(lambda _: 0.0, GPU._replace(warm=False))
    assert look(endpoints, 1) == Capacity(2, 0, Status.BUSY, 10, "Creating", picked=2)
    assert look(endpoints, 8.3).ready == 2


def test_a_load_that_is_not_known_changes_nothing() -> None:
    """Neither at the beginning nor for a while later."""
    endpoints, _ = serve(lambda minute: 2 * MU if 10 <= minute < 12 else None)
    look(endpoints, 9.9)
    assert picks(endpoints) == []
    look(endpoints, 60)
    assert picks(endpoints) == [(615, 4)]


def test_an_endpoint_of_one_number_is_left_alone() -> None:
    """And takes no range."""
    endpoints, _ = serve(lambda _: 50 * MU, EndpointSettings(initial=2))
    assert look(endpoints, 60) == Capacity(2, 2, detail="InService")
    assert "one number" in put(endpoints, 2, 4).detail


def test_the_metrics_are_of_what_the_service_had_picked_by_then() -> None:
    """Whoever looks first, monitoring or the controller, sees the same."""
    (one, seen), (other, later) = serve(lambda _: 2 * MU), serve(lambda _: 2 * MU)
    for minute in range(30):
        look(other, minute)
    minutes = seen.minutes("chat", NOON + 30 * MINUTE)
    assert minutes == later.minutes("chat", NOON + 30 * MINUTE)
    assert [minute.ready for minute in minutes] == [2] * 9 + [4] * 21
    assert picks(one) == picks(other)


def test_two_processes_pick_once(tmp_path: Path) -> None:
    """The second finds the first one's picks in the file, and goes on from there."""
    path = tmp_path / "cloud.db"
    alone, _ = serve(lambda _: 8 * MU)
    look(alone, 30)
    one, _ = serve(lambda _: 8 * MU, path=path)
    look(one, 10)
    two, _ = serve(lambda _: 8 * MU, path=path)
    look(two, 20)
    look(one, 30)
    assert two.orders("chat") == one.orders("chat") == alone.orders("chat")


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6)), max_size=6),
    st.lists(st.floats(0, 2_000), min_size=1, max_size=8),
)
def test_each_order_settles_every_instant_until_the_next_alone(
    ranges: list[tuple[int, int]], load: list[float]
) -> None:
    """Whatever is set under whatever load: earlier orders say nothing more, and nothing jumps."""
    endpoints, _ = serve(lambda minute: load[int(minute) // 10 % len(load)])
    for index, (floor, more) in enumerate(ranges):
        put(endpoints, floor, floor + more, 10.0 * index)
    look(endpoints, 90)
    orders = endpoints.orders("chat")
    for second in range(0, 90 * 60, 37):
        now = NOON + timedelta(seconds=second)
        found = state_at(GPU, orders, now)
        newest = [each for each in orders if each.at <= now][-1:]
        assert found is not None
        assert found == state_at(GPU, newest, now)
        assert found.ceiling is not None
        assert 1 <= found.desired <= found.ceiling
        assert 0 <= found.ready <= 24

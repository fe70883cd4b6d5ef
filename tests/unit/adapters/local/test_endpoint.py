"""Does the simulated endpoint behave as SageMaker's does, at any instant and for any process?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.stock import Stock
from flyball.adapters.local.timeline import EndpointSettings, Fate, State, state_at
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause, Status
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, Outcome, OutcomeKind
from tests.rig import SetClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGET = ScalableTarget("chat", 0, 50)
PLAIN = EndpointSettings(initial=4, seed=1, quota=20)


def make(settings: EndpointSettings = PLAIN, path: Path | None = None) -> LocalEndpoints:
    """Make a cloud with one endpoint of four instances."""
    endpoints = LocalEndpoints(path)
    endpoints.create("chat", settings, NOON)
    return endpoints


def put(endpoints: LocalEndpoints, count: int, now: datetime = NOON) -> Outcome:
    """Set its capacity."""
    return endpoints.apply(TARGET, CapacityRange(count, count), now)


def look(endpoints: LocalEndpoints, now: datetime) -> Capacity:
    """Read its capacity, which must be known."""
    capacity = endpoints.describe(TARGET, now)
    assert isinstance(capacity, Capacity)
    return capacity


def test_a_scale_out_takes_minutes_and_instances_come_one_by_one() -> None:
    """Ready grows from 4 to 10 through every count, none of it before three minutes."""
    endpoints = make()
    assert put(endpoints, 10) == Outcome(OutcomeKind.APPLIED)
    seen = [look(endpoints, NOON + timedelta(seconds=step / 20)) for step in range(20 * 400)]
    assert {capacity.desired for capacity in seen} == {10}
    assert {capacity.ready for capacity in seen[: 20 * 180]} == {4}
    assert sorted({capacity.ready for capacity in seen}) == [4, 5, 6, 7, 8, 9, 10]
    assert [capacity.ready for capacity in seen] == sorted(capacity.ready for capacity in seen)


def test_desired_is_not_ready_while_it_is_updating() -> None:
    """The setting changes at once, the instances do not."""
    endpoints = make()
    put(endpoints, 10)
    assert look(endpoints, NOON + MINUTE) == Capacity(10, 4, Status.BUSY, detail="Updating")
    assert look(endpoints, NOON + 6 * MINUTE) == Capacity(10, 10, detail="InService")


def test_an_endpoint_that_is_updating_refuses_a_change() -> None:
    """The refusal is SageMaker's own, and nothing changes."""
    endpoints = make()
    put(endpoints, 10)
    refusal = put(endpoints, 12, NOON + MINUTE)
    assert refusal.kind is OutcomeKind.DEFERRED
    assert 'Cannot update in-progress endpoint "chat"' in refusal.detail
    assert [order.after for order in endpoints.orders("chat")] == [4, 10]


def test_a_scale_in_is_quick_but_updating_for_a_moment() -> None:
    """Half a minute to be gone, a quarter more to settle."""
    endpoints = make()
    put(endpoints, 1)
    seen = [look(endpoints, NOON + timedelta(seconds=second)) for second in (0, 29, 30, 44, 45)]
    assert [capacity.ready for capacity in seen] == [4, 4, 1, 1, 1]
    assert [capacity.detail for capacity in seen] == ["Updating"] * 4 + ["InService"]


def test_setting_what_is_there_is_accepted_and_changes_nothing() -> None:
    """An order of the same count keeps it updating for a moment."""
    endpoints = make()
    assert put(endpoints, 4).kind is OutcomeKind.APPLIED
    assert look(endpoints, NOON) == Capacity(4, 4, Status.BUSY, detail="Updating")
    assert look(endpoints, NOON + MINUTE) == Capacity(4, 4, detail="InService")


def test_an_endpoint_reaches_zero_and_comes_back() -> None:
    """Zero is a count as any other."""
    endpoints = make()
    put(endpoints, 0)
    assert look(endpoints, NOON + MINUTE) == Capacity(0, 0, detail="InService")
    put(endpoints, 1, NOON + MINUTE)
    assert look(endpoints, NOON + 7 * MINUTE) == Capacity(1, 1, detail="InService")


def test_more_than_the_quota_is_refused_with_the_quota() -> None:
    """The outcome carries the number that the provider grants."""
    refusal = put(make(), 21)
    assert (refusal.kind, refusal.quota) == (OutcomeKind.QUOTA_EXCEEDED, 20)
    assert "20 Instances, with current utilization of 4 Instances" in refusal.detail
    assert "request delta of 17 Instances" in refusal.detail


def test_insufficient_capacity_rolls_back_to_the_old_count() -> None:
    """Some instances come, then the old configuration is back, by way of RollingBack."""
    endpoints = make()
    endpoints.stock = lambda _: Stock(instances=6)
    assert put(endpoints, 10).kind is OutcomeKind.APPLIED
    seen = {minute: look(endpoints, NOON + minute * MINUTE) for minute in (1, 7, 8, 9)}
    assert seen[1] == Capacity(10, 4, Status.BUSY, detail="Updating")
    assert seen[7] == Capacity(10, 6, Status.BUSY, detail="Updating")
    assert seen[8] == Capacity(4, 6, Status.BUSY, detail="RollingBack")
    assert seen[9] == Capacity(4, 4, detail="InService")


def test_an_order_applied_in_part_stays_short() -> None:
    """In service with fewer instances than desired; the next order counts from what is ready."""
    endpoints = make()
    endpoints.stock = lambda _: Stock(instances=6, fate=Fate.STALLS)
    put(endpoints, 10)
    assert look(endpoints, NOON + 8 * MINUTE) == Capacity(10, 6, detail="InService")
    endpoints.stock = lambda _: Stock()
    put(endpoints, 11, NOON + 8 * MINUTE)
    assert look(endpoints, NOON + 14 * MINUTE) == Capacity(11, 11, detail="InService")


def test_the_rest_of_an_order_comes_when_there_are_machines_again() -> None:
    """A lead time after the shortage has ended."""
    endpoints = make()
    endpoints.stock = lambda _: Stock(6, Fate.STALLS, NOON + 30 * MINUTE)
    put(endpoints, 10)
    ready = [look(endpoints, NOON + minute * MINUTE).ready for minute in (8, 33, 34)]
    assert ready == [6, 6, 10]


def test_nothing_of_an_order_comes_when_there_is_no_machine_at_all() -> None:
    """A shortage below what is there already takes nothing away."""
    endpoints = make()
    endpoints.stock = lambda _: Stock(instances=2)
    put(endpoints, 6)
    assert look(endpoints, NOON + 7 * MINUTE).ready == 4
    assert look(endpoints, NOON + 10 * MINUTE) == Capacity(4, 4, detail="InService")


def test_the_providers_own_update_refuses_a_change_until_it_ends() -> None:
    """SystemUpdating is busy as well."""
    endpoints = make()
    assert endpoints.maintain("chat", NOON, NOON + 5 * MINUTE)
    assert look(endpoints, NOON + MINUTE) == Capacity(4, 4, Status.BUSY, detail="SystemUpdating")
    assert put(endpoints, 5, NOON + MINUTE).kind is OutcomeKind.DEFERRED
    assert not endpoints.maintain("chat", NOON + MINUTE, NOON + 9 * MINUTE)
    assert look(endpoints, NOON + 5 * MINUTE).status is Status.IN_SERVICE


def test_a_failed_endpoint_is_frozen_until_somebody_repairs_it() -> None:
    """No order is accepted, and it is the same an hour later."""
    endpoints = make()
    assert endpoints.fail("chat", NOON, "UpdateRollbackFailed")
    later = NOON + timedelta(hours=1)
    assert look(endpoints, later) == Capacity(4, 4, Status.FAILED, detail="UpdateRollbackFailed")
    refusal = put(endpoints, 5, later)
    assert refusal.kind is OutcomeKind.FAILED
    assert "UpdateRollbackFailed" in refusal.detail
    assert endpoints.repair("chat", later)
    assert not endpoints.repair("chat", later)
    assert put(endpoints, 5, later).kind is OutcomeKind.APPLIED


def test_a_cold_endpoint_is_creating_until_its_instances_came() -> None:
    """From nothing to the initial count, in a lead time."""
    endpoints = make(PLAIN._replace(warm=False))
    assert look(endpoints, NOON + MINUTE) == Capacity(4, 0, Status.BUSY, detail="Creating")
    assert look(endpoints, NOON + 6 * MINUTE) == Capacity(4, 4, detail="InService")


def test_an_unknown_endpoint_is_missing_and_never_zero() -> None:
    """Neither reading nor setting it succeeds."""
    endpoints = LocalEndpoints()
    missing = endpoints.describe(TARGET, NOON)
    assert isinstance(missing, Missing)
    assert missing.cause is MissingCause.SOURCE_FAILED
    assert "Could not find endpoint" in put(endpoints, 1).detail
    assert not endpoints.fail("chat", NOON)
    assert endpoints.orders("chat") == ()


def test_an_endpoint_is_not_there_before_it_was_created() -> None:
    """A clock that stands before its creation sees nothing."""
    endpoints = make()
    assert isinstance(endpoints.describe(TARGET, NOON - MINUTE), Missing)
    assert put(endpoints, 5, NOON - MINUTE).kind is OutcomeKind.FAILED


def test_an_order_from_before_the_newest_one_is_refused() -> None:
    """A process whose clock is behind cannot write into the past."""
    endpoints = make()
    put(endpoints, 5, NOON + 10 * MINUTE)
    assert put(endpoints, 6, NOON + 9 * MINUTE).kind is OutcomeKind.DEFERRED


def test_creating_it_again_keeps_what_it_was() -> None:
    """A second start changes neither settings nor state."""
    endpoints = make()
    put(endpoints, 7)
    endpoints.create("chat", PLAIN._replace(initial=1, quota=1), NOON + 9 * MINUTE)
    assert look(endpoints, NOON + 9 * MINUTE).desired == 7
    assert put(endpoints, 8, NOON + 9 * MINUTE).kind is OutcomeKind.APPLIED


def test_the_address_of_an_endpoint_may_differ_from_its_scalable_target() -> None:
    """`resource: {endpoint: …}` is followed."""
    endpoints = make()
    other = ScalableTarget("other-name", 0, 9, resource={"endpoint": "chat"})
    assert endpoints.describe(other, NOON) == Capacity(4, 4, detail="InService")


def test_a_range_and_a_negative_count_are_refused() -> None:
    """It takes one number, of 0 or more."""
    endpoints = make()
    assert endpoints.apply(TARGET, CapacityRange(3, 5), NOON).kind is OutcomeKind.FAILED
    assert put(endpoints, -1).kind is OutcomeKind.FAILED
    assert len(endpoints.orders("chat")) == 1


def test_the_log_tells_who_ordered_what_and_when() -> None:
    """Accepted orders only, whoever gave them."""
    endpoints = make()
    put(endpoints, 5)
    put(endpoints, 6, NOON + MINUTE)
    endpoints.scale("chat", 9, NOON + 9 * MINUTE, caller="human")
    log = [(order.at, order.caller, order.after) for order in endpoints.orders("chat")]
    assert log == [
        (NOON, "flyball", 4),
        (NOON, "flyball", 5),
        (NOON + 9 * MINUTE, "human", 9),
    ]


@given(
    seed=st.integers(0, 2**32),
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=5),
    seconds=st.integers(0, 7_200),
)
def test_state_depends_on_orders_and_the_instant_alone(
    seed: int, counts: list[int], seconds: int
) -> None:
    """Looking once, often, or backwards gives the same, and ready stays between the counts."""
    settings = PLAIN._replace(seed=seed)
    often, once = make(settings), make(settings)
    for index, count in enumerate(counts):
        at = NOON + index * 20 * MINUTE
        for second in range(0, 1_200, 97):
            often.describe(TARGET, at + timedelta(seconds=second))
        put(often, count, at)
        put(once, count, at)
    instant = NOON + timedelta(seconds=seconds)
    assert often.describe(TARGET, instant) == once.describe(TARGET, instant)
    assert 0 <= look(once, instant).ready <= max(4, *counts)


def test_lead_times_are_drawn_from_the_seed() -> None:
    """The same seed gives the same instant for every instance, another seed others."""
    paths = []
    for seed in (1, 1, 2):
        endpoints = make(PLAIN._replace(seed=seed))
        put(endpoints, 9)
        paths.append([look(endpoints, NOON + timedelta(seconds=s)).ready for s in range(360)])
    assert paths[0] == paths[1] != paths[2]


def test_an_order_that_cannot_be_written_is_no_order() -> None:
    """The transaction is rolled back, and the next order goes through."""
    endpoints = make()
    endpoints._database.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    assert put(endpoints, 5).kind is OutcomeKind.FAILED
    endpoints._database.execute("DROP TRIGGER full")
    assert put(endpoints, 6).kind is OutcomeKind.APPLIED
    assert [order.after for order in endpoints.orders("chat")] == [4, 6]


def test_a_file_that_was_closed_is_missing_and_not_an_exception() -> None:
    """A database that is gone is a source that failed."""
    endpoints = make()
    endpoints.close()
    missing = endpoints.describe(TARGET, NOON)
    assert isinstance(missing, Missing)
    assert missing.cause is MissingCause.SOURCE_FAILED


def test_an_endpoint_without_orders_has_no_state() -> None:
    """Before its creation there is nothing to tell."""
    assert state_at(PLAIN, (), NOON) is None
    assert isinstance(make().state("chat", NOON), State)


def test_nothing_is_ordered_after_the_deadline() -> None:
    """Another run may have ordered since."""
    endpoints, clock = make(), SetClock(NOON)
    late = endpoints.apply(TARGET, CapacityRange(6, 6), NOON, Deadline(NOON, clock))
    assert (late.kind, look(endpoints, NOON).desired) == (OutcomeKind.ABORTED, 4)
    in_time = Deadline(NOON + MINUTE, clock)
    assert endpoints.apply(TARGET, CapacityRange(6, 6), NOON, in_time).kind is OutcomeKind.APPLIED

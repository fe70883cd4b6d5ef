"""What happens when a process is killed, when two wake at once, or when one sleeps too long?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.controller import Controller
from flyball.core.codec import canonical
from flyball.ports import Trigger, TriggerKind
from flyball.sim.day import Cloud
from flyball.sim.faults import STEPS, FaultKind
from flyball.sim.trace import MINUTE
from flyball.wake import Wake, WakeKind
from tests.sim.story import START, TARGET, fault, open_cloud, tell

RISE = [*[650.0] * 10, *[1_400.0] * 40]


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_at_a_step_never_orders_twice(step: str) -> None:
    """Killed as it begins the step, for five minutes on end: twenty are ordered once."""
    story = tell(RISE, fault(FaultKind.CRASH, 10, 17, where=step))
    assert any(minute.trouble == f"killed at {step}" for minute in story.minutes)
    assert [order[1:] for order in story.steps()] == [(10, 20)]
    assert story.minutes[-1].ready == 20


def test_a_crash_before_the_order_is_closed_as_not_landed() -> None:
    """Intent written, nothing sent: the next holder finds ten, says so, and orders."""
    story = tell(RISE, fault(FaultKind.CRASH, 10, 14, where="apply"))
    assert story.outcomes() == ["not_landed", "applied"]


def test_a_crash_after_the_order_is_closed_as_landed() -> None:
    """Sent and accepted, nothing recorded: the next holder finds twenty, and sends nothing."""
    story = tell(RISE, fault(FaultKind.CRASH, 10, 14, where="outcome"))
    assert story.outcomes() == ["landed"]
    assert len(story.orders()) == 1


def test_a_human_who_comes_between_crash_and_next_wake_is_not_overruled() -> None:
    """Intent for twenty, then somebody sets thirteen: overtaken, recorded as foreign, and held."""

    def set_thirteen(minute: int, cloud: Cloud) -> None:
        if minute == 15:
            cloud.endpoints.scale(cloud.name, 13, cloud.clock.now(), caller="human")

    killed = fault(FaultKind.CRASH, 10, 15, where="apply")
    story = tell([*[650.0] * 10, *[1_400.0] * 12], killed, at=set_thirteen)
    assert story.outcomes()[0] == "overtaken"
    assert [body["after"] for body in story.bodies("foreign")] == [13]


def test_a_killed_processs_lease_turns_others_away_until_it_ends() -> None:
    """Killed at its time limit: for two minutes nobody acts, then the next one does."""
    story = tell(RISE, fault(FaultKind.CRASH, 10, 14, where="apply"))
    killed = next(at for at, minute in enumerate(story.minutes) if minute.trouble)
    between = [
        wake.kind for minute in story.minutes[killed + 1 : killed + 2] for wake in minute.wakes
    ]
    assert set(between) <= {WakeKind.TURNED_AWAY}
    assert WakeKind.TURNED_AWAY in {wake.kind for wake in story.wakes()}


def manual(name: str, cloud: Cloud) -> Trigger:
    """Make a wake-up by hand."""
    return Trigger(cloud.scalable_target.id, name, TriggerKind.MANUAL, cloud.clock.now())


def ignore(_step: str) -> None:
    """Watch nothing."""


def beside(
    cloud: Cloud, ledger: MemoryLedger, name: str, on_step: Callable[[str], None] = ignore
) -> Controller:
    """Start a second process on the same ledger and the same cloud."""
    count = iter(range(1_000_000))
    return Controller(
        ledger=ledger,
        metrics=cloud.metrics,
        control=cloud.endpoints,
        clock=cloud.clock,
        token=lambda: f"{name}-{next(count)}",
        engine="simulated",
        on_step=on_step,
    )


@pytest.mark.parametrize("step", STEPS[1:])
def test_of_two_racing_wakes_one_orders(step: str) -> None:
    """A second process wakes while the first is at a step: it is turned away without an error."""
    cloud, ledger = open_cloud(RISE)
    for minute in range(12):
        cloud.step(START + minute * MINUTE)
    cloud.clock.jump(START + 13 * MINUTE)
    second = beside(cloud, ledger, "second")
    met: list[Wake] = []

    def race(name: str) -> None:
        if name == step:
            met.append(second.wake(manual("second", cloud)))

    first = beside(cloud, ledger, "first", race).wake(manual("first", cloud))
    assert [wake.kind for wake in met] == [WakeKind.TURNED_AWAY]
    assert first.kind is WakeKind.DECIDED
    assert [order.after for order in cloud.endpoints.orders("chat")] == [10, 20]


def test_a_process_that_slept_through_its_lease_does_not_apply_an_old_plan() -> None:
    """Asleep between intent and order while another one acted: its plan is dropped."""
    cloud, ledger = open_cloud([*[650.0] * 10, *[1_400.0] * 10, *[1_050.0] * 40])
    for minute in range(12):
        cloud.step(START + minute * MINUTE)
    cloud.clock.jump(START + 13 * MINUTE)
    other = beside(cloud, ledger, "other")

    def sleep(name: str) -> None:
        if name == "apply":
            cloud.clock.advance(10 * MINUTE)
            other.wake(manual("other", cloud))
            cloud.clock.advance(10 * MINUTE)  # what the other one ordered is in service by now

    slept = beside(cloud, ledger, "first", sleep).wake(manual("first", cloud))
    assert slept.decision is not None
    assert slept.decision.desired == 20
    assert slept.kind is WakeKind.LEASE_LOST
    orders = [order.after for order in cloud.endpoints.orders("chat")]
    assert orders == [10, 15]


def test_a_config_that_changes_in_mid_flight_aborts_the_order() -> None:
    """Decided under the old one, refused at its intent; the next wake decides under the new one."""
    cloud, ledger = open_cloud(RISE)
    for minute in range(12):
        cloud.step(START + minute * MINUTE)
    cloud.clock.jump(START + 13 * MINUTE)
    config = canonical(replace(TARGET, max_capacity=16, hard_max_capacity=16))
    config_hash = hashlib.sha256(config.encode()).hexdigest()

    def change(name: str) -> None:
        if name == "intent":
            ledger.register("chat", config, config_hash, cloud.clock.now())

    lost = beside(cloud, ledger, "first", change).wake(manual("first", cloud))
    assert lost.kind is WakeKind.LEASE_LOST
    assert len(cloud.endpoints.orders("chat")) == 1
    cloud.clock.advance(timedelta(minutes=3))
    beside(cloud, ledger, "second").wake(manual("second", cloud))
    assert [order.after for order in cloud.endpoints.orders("chat")] == [10, 16]


def test_one_target_whose_permission_is_lost_does_not_stop_the_others() -> None:
    """Two targets, one denied: the other one is scaled in the same ticks."""
    cloud, ledger = open_cloud(RISE, fault(FaultKind.DENIED, 0, 60, where="chat"))
    other = replace(TARGET, id="other", resource={"endpoint": "chat"})
    config = canonical(other)
    ledger.register("other", config, hashlib.sha256(config.encode()).hexdigest(), START)
    wakes = [wake for minute in cloud.minutes() for wake in minute.wakes]
    outcomes = {
        (wake.scalable_target_id, wake.outcome.kind.value)
        for wake in wakes
        if wake.outcome is not None
    }
    assert outcomes == {("chat", "denied"), ("other", "applied")}

"""What happens when the provider gives less than was asked, or somebody else gives more?"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from flyball.core.model import Action, Reason
from flyball.core.remember import Notice
from flyball.core.window import Window
from flyball.ports import OutcomeKind
from flyball.sim.day import Cloud
from flyball.sim.faults import FaultKind
from flyball.sim.trace import MINUTE
from tests.sim.story import START, TARGET, Story, fault, tell

RISE = [*[650.0] * 10, *[1_400.0] * 80]


def notices(story: Story) -> set[Notice]:
    """List what was noticed in a story."""
    return {noticed.notice for wake in story.wakes() for noticed in wake.noticed}


def test_capacity_in_flight_is_counted_once() -> None:
    """Metrics stay high for the whole lead time, and twenty are ordered once."""
    story = tell(RISE)
    assert story.steps() == [(story.steps()[0][0], 10, 20)]


def test_an_order_applied_in_part_counts_what_is_ready() -> None:
    """Twenty asked, fourteen came: told as stalled, and 100 each on fourteen still want twenty."""
    story = tell(RISE, fault(FaultKind.STALLED, 0, 60, amount=14))
    assert [step[1:] for step in story.steps()] == [(10, 20)]
    assert Notice.STALLED in notices(story)
    assert {decision.wanted for decision in story.decisions(30)} == {20}
    assert story.minutes[-1].ready == 20


def test_a_quota_is_learned_and_not_asked_beyond() -> None:
    """Refused once with the number; then exactly that many, and what is missing is told."""
    story = tell(RISE[:60], quota=14)
    assert story.outcomes() == ["quota_exceeded", "applied"]
    assert [step[1:] for step in story.steps()] == [(10, 14)]
    assert {decision.unmet for decision in story.decisions(40)} == {6}


def test_a_learned_quota_expires_and_is_tried_again() -> None:
    """An hour later one more refusal, and another hour later the next; no more than that."""
    story = tell([*[650.0] * 10, *[1_400.0] * 140], quota=14)
    assert story.outcomes().count("quota_exceeded") == 3
    assert max(order.after for order in story.orders()) == 14


def test_a_refusal_for_shortage_backs_off_and_then_halves_the_step() -> None:
    """Waits longer each time, asks for less, and takes nothing away meanwhile."""
    story = tell(RISE, fault(FaultKind.REFUSED_FOR_SHORTAGE, 0, 40))
    kinds = [
        (at, wake.outcome.kind)
        for at, minute in enumerate(story.minutes)
        for wake in minute.wakes
        if wake.outcome is not None
    ]
    refused = [at for at, kind in kinds if kind is OutcomeKind.SHORTAGE]
    waits = [later - earlier for earlier, later in pairwise(refused)]
    assert waits == sorted(waits)
    assert waits[-1] >= 2 * waits[0]
    first = story.steps()[0]
    assert first[0] >= 40
    assert first[2] - first[1] <= 5
    assert story.minutes[-1].desired == 20


def test_a_shortage_freezes_scale_in() -> None:
    """Demand falls while it is being waited out: what is there stays."""
    story = tell(
        [*[650.0] * 10, *[1_400.0] * 12, *[350.0] * 40],
        fault(FaultKind.REFUSED_FOR_SHORTAGE, 0, 62),
    )
    refused = story.outcomes().count("shortage")
    assert refused > 1
    held = [d for d in story.decisions() if d.reason is Reason.CAPACITY_SHORTAGE]
    assert any(decision.wanted < decision.desired for decision in held)


def test_an_order_that_is_rolled_back_is_no_success_and_no_foreign_change() -> None:
    """Back at ten: noticed as a roll-back, asked again once in full, then with less."""
    story = tell(RISE, fault(FaultKind.SHORTAGE, 0, 90, amount=14))
    assert Notice.ROLLED_BACK in notices(story)
    assert Notice.FOREIGN not in notices(story)
    first, second, third, *_ = story.steps()
    assert first[1:] == (10, 20)
    assert second[1:] == (10, 20)
    assert third[1] == 10
    assert third[2] < 20


def test_a_humans_change_is_recorded_and_held_and_then_it_is_normal_again() -> None:
    """Six instead of ten, by hand: held for fifteen minutes, though ten are wanted."""
    story = tell([650.0] * 60, fault(FaultKind.FOREIGN_CHANGE, 10, 11, amount=6))
    (foreign,) = story.bodies("foreign")
    assert (foreign["before"], foreign["after"]) == (10, 6)
    (step,) = story.steps()
    hold = TARGET.foreign_hold // MINUTE
    assert 10 + hold <= step[0] <= 13 + hold
    assert step[1:] == (6, 10)


def test_a_deployment_that_resets_the_count_is_foreign_too() -> None:
    """Whoever it was."""

    def deploy(minute: int, cloud: Cloud) -> None:
        if minute == 10:
            cloud.endpoints.scale(cloud.name, 1, cloud.clock.now(), caller="deployment")

    story = tell([650.0] * 40, at=deploy)
    assert notices(story) >= {Notice.FOREIGN}
    assert story.orders("deployment")


def test_native_auto_scaling_on_the_same_resource_is_never_fought() -> None:
    """Decisions go on; nothing is sent while somebody else owns the capacity."""
    story = tell(RISE, fault(FaultKind.FOREIGN_OWNER, 0, 50))
    blocked = [d for d in story.decisions(14, 50) if d.action is Action.BLOCK]
    assert {decision.reason for decision in blocked} == {Reason.FOREIGN_OWNER}
    assert all(minute >= 50 for minute, _, _ in story.steps())
    assert story.steps()


def test_a_scale_in_and_a_scale_out_take_turns_without_oscillating() -> None:
    """Constant demand after a step each way: one order each, and then rest."""
    story = tell([*[650.0] * 10, *[1_400.0] * 40, *[650.0] * 60])
    assert [step[1:] for step in story.steps()] == [(10, 20), (20, 10)]


def test_windows_that_overlap_take_the_largest_floor() -> None:
    """Twelve from one, sixteen from both; the hard maximum wins over either."""

    def window(name: str, begin: int, end: int, floor: int) -> Window:
        at = START + begin * MINUTE
        length = (end - begin) * MINUTE
        return Window(name, f"at({at:%Y-%m-%dT%H:%M:%S})", duration=length, floor=floor)

    windows = (window("wide", 10, 60, 12), window("narrow", 20, 40, 16))
    story = tell([300.0] * 90, target=replace(TARGET, windows=windows), initial=5)
    wanted = {at: story.minutes[at].desired for at in (9, 12, 22, 59)}
    assert wanted == {9: 5, 12: 12, 22: 16, 59: 12}
    assert story.minutes[-1].desired == 5
    capped = replace(TARGET, windows=windows, max_capacity=14, hard_max_capacity=14)
    assert max(m.desired for m in tell([300.0] * 60, target=capped, initial=5).minutes) == 14

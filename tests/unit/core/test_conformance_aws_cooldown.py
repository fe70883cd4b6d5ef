"""Do cooldowns in profile `aws` run as Application Auto Scaling documents?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.model import (
    Action,
    History,
    LimitKind,
    Reason,
)
from flyball.core.policy import Policy
from flyball.core.target import Profile
from tests.unit.core.cases import (
    FIVE_MINUTES,
    Story,
    after,
    at,
    aws_tracking,
    changed,
    exact,
    expect,
    percent,
    scale,
    see,
    stepping,
)

A = aws_tracking("A")


OUT = stepping("S", 50, (0, 10, 2), (10, None, 3), cooldown=FIVE_MINUTES)
IN = stepping("I", 20, (None, 0, -1), cooldown=FIVE_MINUTES)
DONE = after(changed(10, 12, 0, "S"))
TRACKED = after(changed(10, 15, 0, "A"))
FEWER = after(changed(12, 10, 0, "A", "I"))

COOLDOWNS = (
    # (id, policies, seconds after completion, current, seen, history, desired)
    ("a larger step adds the difference", (OUT,), 120, 12, {"s": 60}, DONE, 13),
    ("the same step adds nothing", (OUT,), 120, 12, {"s": 55}, DONE, 12),
    ("it holds to the last second", (OUT,), 299, 12, {"s": 55}, DONE, 12),
    ("it ends at its last second", (OUT,), 300, 12, {"s": 55}, DONE, 14),
    (
        "no cooldown adds in full",
        (stepping("S", 50, (0, None, 2), cooldown=timedelta()),),
        1,
        12,
        {"s": 55},
        DONE,
        14,
    ),
    ("another policy is not bound", (stepping("T", 50, (0, None, 2)),), 1, 12, {"t": 55}, DONE, 14),
    ("scale-in is not bound by it", (IN,), 1, 12, {"i": 5}, DONE, 11),
    ("tracking counts what was added", (A,), 60, 15, {"a": 110}, TRACKED, 15),
    ("tracking adds the difference", (A,), 60, 15, {"a": 150}, TRACKED, 18),
    ("tracking after it adds in full", (A,), 300, 15, {"a": 110}, TRACKED, 17),
    ("a scale-in blocks the next", (A,), 60, 10, {"a": 50}, FEWER, 10),
    ("it blocks to the last second", (A,), 299, 10, {"a": 50}, FEWER, 10),
    ("and not after it", (A,), 300, 10, {"a": 50}, FEWER, 5),
    ("a step's scale-in blocks too", (IN,), 60, 10, {"i": 5}, FEWER, 10),
    ("a scale-out is not blocked by it", (A,), 60, 10, {"a": 200}, FEWER, 20),
    (
        "a later scale-out cancelled it",
        (A,),
        60,
        12,
        {"a": 50},
        after(changed(12, 10, 0, "A"), changed(10, 12, 30, "A")),
        6,
    ),
    (
        "a later scale-in starts it again",
        (A,),
        60,
        9,
        {"a": 50},
        after(changed(10, 12, -900, "A"), changed(12, 9, 0, "A")),
        9,
    ),
    ("a scale-in in flight blocks", (A,), 60, 10, {"a": 50}, after(changed(12, 10, None, "A")), 10),
)


@pytest.mark.parametrize(
    ("policies", "when", "current", "seen", "history", "desired"),
    [row[1:] for row in COOLDOWNS],
    ids=[row[0] for row in COOLDOWNS],
)
def test_a_cooldown_runs_from_completion_and_lets_a_larger_scale_out_through(
    policies: tuple[Policy, ...],
    when: float,
    current: int,
    seen: dict[str, float],
    history: History,
    desired: int,
) -> None:
    """Scale-out counts what was added; scale-in is blocked unless a scale-out cancelled it."""
    expect(
        scale(*policies, profile=Profile.AWS),
        see(current, seen, at(when)),
        history,
        desired=desired,
    )


def test_a_chain_of_larger_steps_counts_everything_since_the_first() -> None:
    """+2, then +3, +3 again, then +5, and in full once the last cooldown is over."""
    ladder = stepping("S", 50, (0, 10, 2), (10, 20, 3), (20, None, 5), cooldown=FIVE_MINUTES)
    story = Story(scale(ladder, profile=Profile.AWS, low=1), 10)
    assert story.settle(0, s=55).desired == 12
    assert story.settle(60, s=55).desired == 12  # completed now: the cooldown starts here
    assert story.settle(120, s=65).desired == 13
    assert story.settle(180, s=65).desired == 13  # the second one starts its cooldown here
    assert story.settle(240, s=75).desired == 15
    assert story.settle(300, s=75).desired == 15  # and the third its own, until 600
    assert story.settle(420, s=55).desired == 15
    assert story.settle(599, s=75).desired == 15
    assert story.settle(600, s=55).desired == 17


def test_percent_steps_in_a_cooldown_are_of_the_capacity_before_it() -> None:
    """+20 % of 10 was done; +30 % of 10 adds one more, not 30 % of 12."""
    policy = percent("S", 50, (0, 10, 20), (10, None, 30))
    expect(scale(policy), see(12, {"s": 60}, at(60)), DONE, desired=13)


def test_an_exact_capacity_in_a_cooldown_is_exact() -> None:
    """It is the larger scale-out that goes through, not the difference on top."""
    policy = exact("S", 50, (0, 10, 12), (10, None, 15))
    expect(scale(policy), see(12, {"s": 60}, at(60)), DONE, desired=15)


def test_a_cooldown_starts_at_completion_and_not_at_the_request() -> None:
    """Requested at 0, in service at 400: the cooldown of 300 s ends at 700."""
    policy = stepping("S", 50, (0, None, 2), cooldown=FIVE_MINUTES)
    story = Story(scale(policy, profile=Profile.AWS, low=1), 10)
    assert story.look(0, s=55).desired == 12
    assert story.look(390, s=55).action is Action.HOLD  # still on its way: counted, not repeated
    story.arrive()
    assert story.look(400, s=55).desired == 12
    assert story.look(699, s=55).desired == 12
    assert story.look(700, s=55).desired == 14


def test_a_scale_out_in_flight_counts_what_is_coming() -> None:
    """A step of 2 in flight and a step of 3 due: one more, before any cooldown has begun."""
    flying = after(changed(10, 12, None, "S"))
    expect(scale(OUT), see(12, {"s": 60}, at(60), ready=10), flying, desired=13)
    expect(scale(OUT), see(12, {"s": 55}, at(60), ready=10), flying, desired=12)


def test_the_hold_of_a_cooldown_says_until_when_and_wakes_then() -> None:
    """Nobody will call when a cooldown ends."""
    found = expect(
        scale(OUT),
        see(12, {"s": 55}, at(270)),
        DONE,
        desired=12,
        wanted=14,
        reason=Reason.IN_COOLDOWN,
        limits=(LimitKind.COOLDOWN,),
        by="S",
        wake_in=30.0,
        wake_reason=Reason.LIMIT_ENDS,
    )
    assert found.limits[0].until == at(300)


def test_a_failed_change_starts_no_cooldown() -> None:
    """RollingBack to InService at 10: nothing holds the next try."""
    story = Story(scale(OUT, profile=Profile.AWS, low=1), 10)
    assert story.look(0, s=55).desired == 12
    story.show(10)
    found = story.look(60, s=55)
    assert [each.notice.value for each in story.noticed] == ["rolled_back"]
    assert (found.action, found.desired, found.limits) == (Action.SET, 12, ())


def test_a_failed_scale_in_starts_no_cooldown() -> None:
    """The same on the way in."""
    story = Story(scale(A, profile=Profile.AWS, low=1), 10)
    assert story.look(0, a=50).desired == 5
    story.show(10)
    assert story.look(60, a=50).desired == 5


def test_scale_out_cancels_the_scale_in_cooldown_and_begins_its_own() -> None:
    """In at 0, blocked at 60, out at 90, and the next scale-in does not wait for the first."""
    story = Story(scale(A, profile=Profile.AWS, low=1), 12)
    assert story.settle(0, a=50).desired == 6
    assert story.look(60, a=50).desired == 6
    assert story.settle(90, a=200).desired == 12
    assert story.look(150, a=50).desired == 6


# --- several policies, several changes ----------------------------------------


def test_a_cooldown_that_is_over_is_not_counted_from() -> None:
    """+2 long ago, +2 just now: a step of 3 is counted from before the newer one."""
    for begun in (300, 400):
        history = after(changed(10, 12, 0, "S"), changed(12, 14, 400, "S", begun=begun))
        expect(scale(OUT), see(14, {"s": 60}, at(450)), history, desired=15)


def test_each_policy_has_its_own_cooldown() -> None:
    """300 s are over to the second, though another policy's 900 are not."""
    slow = stepping("T", 50, (0, None, 1), cooldown=timedelta(seconds=900))
    history = after(changed(10, 12, 0, "S", "T"))
    expect(scale(OUT, slow), see(12, {"s": 55, "t": 10}, at(300)), history, desired=14)
    expect(scale(OUT, slow), see(12, {"s": 10, "t": 55}, at(300)), history, desired=12)
    quick = stepping("J", 20, (None, 0, -1), cooldown=timedelta(seconds=100))
    gone = after(changed(12, 10, 0, "I", "J"))
    expect(scale(IN, quick), see(10, {"i": 90, "j": 5}, at(100)), gone, desired=9)
    expect(scale(IN, quick), see(10, {"i": 90, "j": 5}, at(99)), gone, desired=10, by="J")
    expect(scale(IN, quick), see(10, {"i": 5, "j": 90}, at(100)), gone, desired=10, by="I")


def test_the_first_end_of_several_cooldowns_is_told() -> None:
    """That is when more may be added; one that does not cool down tells nothing."""
    slow = stepping("T", 50, (0, None, 2), cooldown=timedelta(seconds=900))
    free = stepping("U", 50, (0, None, 1), cooldown=timedelta())
    history = after(changed(10, 12, 0, "S", "T"))
    for policies in ((OUT, slow), (slow, OUT)):
        found = expect(scale(*policies), see(12, {"s": 55, "t": 55}, at(60)), history, by="S")
        assert found.limits[0].until == at(300)
    found = expect(scale(slow, free), see(12, {"t": 55, "u": 55}, at(60)), history, desired=13)
    assert found.limits[0].until == at(900)


def test_a_policy_that_asks_for_nothing_holds_nothing() -> None:
    """Its cooldown is its own, in both directions."""
    swift = aws_tracking("A", scale_in_cooldown=timedelta(), scale_out_cooldown=timedelta())
    gone = after(changed(12, 10, 0, "A", "S"))
    expect(scale(swift, OUT), see(10, {"a": 50, "s": 10}, at(60)), gone, desired=5)
    done = after(changed(10, 12, 0, "A", "S"))
    expect(scale(swift, OUT), see(12, {"a": 150, "s": 10}, at(60)), done, desired=18)


def test_without_a_cooldown_a_scale_in_in_flight_blocks_nothing() -> None:
    """Nothing was to be waited for."""
    swift = aws_tracking("A", scale_in_cooldown=timedelta())
    expect(scale(swift), see(10, {"a": 50}, at(60)), after(changed(12, 10, None, "A")), desired=5)

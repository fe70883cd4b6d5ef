"""Is zero reached only after long idleness, and left only for activity?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyball.core.model import (
    Action,
    History,
    LimitKind,
    Reason,
)
from flyball.core.policy import MissingRule, MissingRules
from flyball.core.remember import absorb
from flyball.core.target import (
    Metric,
    Per,
    ScalableTarget,
    Unit,
    ZeroRule,
)
from tests.unit.core.cases import (
    NO_DATA,
    Seen,
    at,
    expect,
    scale,
    seconds,
    see,
    stepping,
    tracking,
)

A = tracking("A")


QUEUE = Metric("queue", per=Per.TOTAL)
ZERO = ZeroRule("queue", activation_threshold=5, idle_after=seconds(300))


def serverless(*policies: Any, low: int = 0) -> ScalableTarget:
    """Make a target that may go to zero, by its queue."""
    return scale(*policies, low=low, metrics=(QUEUE,), zero=ZERO)


ZEROES = (
    # current, queue, active so many seconds ago, desired, reason
    (0, 6, None, 1, Reason.ACTIVATED),
    (0, 5, None, 0, Reason.IDLE),  # at the threshold nobody is there
    (0, 0, None, 0, Reason.IDLE),
    (0, NO_DATA, None, 0, Reason.MISSING_DATA),
    (3, 0, 300, 0, Reason.IDLE),
    (3, 0, 299, 3, Reason.IDLE),
    (3, 5, 300, 0, Reason.IDLE),
    (3, 6, 900, 3, Reason.ACTIVATED),
    (3, NO_DATA, 900, 3, Reason.MISSING_DATA),  # not known to be idle
    (3, 0, None, 3, Reason.IDLE),  # never seen active: not known to be idle for long
)


@pytest.mark.parametrize(("current", "queue", "ago", "desired", "reason"), ZEROES)
def test_zero_needs_long_idleness_and_is_left_for_activity(
    current: int, queue: Any, ago: float | None, desired: int, reason: Reason
) -> None:
    """What cannot be known is neither idle nor active."""
    history = History(active_at=None if ago is None else at(-ago))
    expect(serverless(), see(current, {"queue": queue}), history, desired=desired, reason=reason)


def test_a_policy_that_wants_zero_gets_one_until_it_was_idle_for_long() -> None:
    """Tracking says 0 at once, but zero is another matter."""
    target = serverless(tracking("T", 10.0, metric="queue"))
    recent = History(active_at=at(-100))
    found = expect(
        target, see(3, {"queue": 0}), recent, desired=1, reason=Reason.NOT_IDLE_LONG_ENOUGH
    )
    assert found.limits[-1].until == at(200)
    expect(target, see(3, {"queue": 0}), History(active_at=at(-300)), desired=0)
    expect(target, see(1, {"queue": 0}), recent, desired=1, action=Action.HOLD)


def test_an_active_target_that_a_policy_would_send_to_zero_keeps_one() -> None:
    """Somebody is there, however little it asks of an instance."""
    target = serverless(stepping("S", 50, (None, 0, -9)))
    found = expect(target, see(3, {"queue": 6, "s": 1}), desired=1, limits=(LimitKind.ZERO,))
    assert found.limits[0].until is None


def test_zero_is_not_left_for_a_policy_while_nobody_is_there() -> None:
    """A queue of 4 is under the threshold of activation, though tracking would want one."""
    target = serverless(tracking("T", 10.0, metric="queue"))
    expect(target, see(0, {"queue": 4}), desired=0, wanted=1, limits=(LimitKind.ZERO,), by="queue")


def test_idleness_does_not_stop_a_scale_out() -> None:
    """Somebody else's metric asks for more."""
    target = serverless(A)
    expect(target, see(3, {"queue": 0, "a": 200}), History(active_at=at(-900)), desired=6)


def test_a_missing_queue_keeps_from_zero_and_from_nothing_else() -> None:
    """The policies have their own metrics, and their own rules for them."""
    for seen, desired in ((200, 6), (50, 2), (1, 1)):
        found: dict[str, Seen] = {"queue": NO_DATA, "a": seen}
        expect(serverless(A), see(3, found), History(active_at=at(-900)), desired=desired)


def test_a_minimum_is_still_a_minimum() -> None:
    """Idle, but at least two."""
    expect(serverless(low=2), see(3, {"queue": 0}), History(active_at=at(-900)), desired=2)
    expect(serverless(low=2), see(0, {"queue": 9}), desired=2)
    expect(serverless(low=2), see(0, {"queue": 0}), desired=2)


def test_the_end_of_idleness_is_the_next_look() -> None:
    """Nobody calls when nothing happens."""
    history = History(active_at=at(-200))
    expect(serverless(), see(3, {"queue": 0}), history, wake_in=100.0, wake_reason=Reason.IDLE)


REFUSED = Metric("refused", per=Per.TOTAL)
ON_REFUSAL = ZeroRule("refused", idle_after=seconds(300))


def woken_by_refusals(*metrics: Metric) -> ScalableTarget:
    """Make a target that is woken by calls in vain, which nobody makes while it serves."""
    policies = tuple(tracking(f"t-{each.name}", metric=each.name) for each in metrics)
    return scale(*policies, low=0, metrics=(REFUSED, *metrics), zero=ON_REFUSAL)


LOADS = (
    # metric, value, whether it keeps from zero
    (Metric("calls"), 1, True),  # far below the target value, for days
    (Metric("calls"), 0, False),
    (Metric("calls", per=Per.TOTAL), 0.5, True),
    (Metric("calls"), NO_DATA, False),
    (Metric("calls"), -1, False),  # not to be trusted
    (Metric("cpu", unit=Unit.PERCENT), 2, False),  # a machine that idles
    (Metric("cpu", unit=Unit.RATIO), 0.02, False),
    (Metric("cpu", unit=Unit.PERCENT), 150, True),  # above its target value
)


@pytest.mark.parametrize(("metric", "value", "kept"), LOADS)
def test_no_target_that_serves_is_sent_to_zero_by_a_metric_that_does_not_see_it(
    metric: Metric, value: Any, kept: bool
) -> None:
    """Calls in vain are none while every call is answered."""
    target = woken_by_refusals(metric)
    target = replace(target, policies=tuple(_ignoring(each) for each in target.policies))
    seen = see(1, {"refused": 0, metric.name: value})
    found = expect(target, seen, History(active_at=at(-9_000)))
    assert found.desired >= 1 if kept else found.desired == 0
    after, _ = absorb(target, History(active_at=at(-9_000)), seen, at(0))
    kept_by_load = kept and metric.unit is Unit.NUMBER
    assert after.active_at == (at(0) if kept_by_load else at(-9_000))


def test_idleness_begins_when_the_last_load_ends() -> None:
    """Not when the last call was in vain, days ago; one quiet minute is not long."""
    target = woken_by_refusals(Metric("calls"))
    history = History(active_at=at(-9_000))
    history, _ = absorb(target, history, see(1, {"refused": 0, "calls": 40}), at(0))
    idle = see(1, {"refused": 0, "calls": 0})
    found = expect(target, idle, history, desired=1, reason=Reason.NOT_IDLE_LONG_ENOUGH)
    assert found.limits[-1].until == at(300)
    expect(target, idle, replace(history, active_at=at(-300)), desired=0)


def test_a_policy_does_not_send_to_zero_what_another_sees_at_work() -> None:
    """One stays; when that may end is not known."""
    target = woken_by_refusals(Metric("calls"))
    watcher = replace(target.trackers["t-calls"], disable_scale_in=True)
    steps = stepping("S", 50, (None, 0, -9), metric="refused")
    target = replace(target, policies=(watcher, steps))
    history, limits = History(active_at=at(-9_000)), (LimitKind.ZERO,)
    found = expect(target, see(3, {"refused": 0, "calls": 1}), history, desired=1, limits=limits)
    assert found.limits[0].until is None
    expect(target, see(3, {"refused": 0, "calls": 0}), history, desired=0, limits=())


def _ignoring(policy: Any) -> Any:
    """Let a policy stand aside while its metric is missing."""
    return replace(policy, missing=MissingRules(scale_in=MissingRule.IGNORE))

"""Is a range's upper end followed as its floor is: landed, gone back, or moved by somebody else?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.ceiling import find_retry, note_ceiling, note_ceiling_failure
from flyball.core.codec import canonical, parse
from flyball.core.forward import parse_known
from flyball.core.model import (
    Action,
    Ceiling,
    Change,
    Direction,
    Failure,
    Foreign,
    History,
    LimitKind,
    Reason,
    Status,
)
from flyball.core.remember import Notice, absorb, note_applied
from flyball.core.target import CapacityKind, ScalableTarget
from tests.unit.core.cases import NOON, at, expect, name, scale, see, tracking

A = tracking("A")
CALM, HIGH = {"a": 100.0}, {"a": 500.0}


def ranged(**fields: Any) -> ScalableTarget:
    """Make a target of 1 to 20 whose service picks inside a range."""
    defaults: dict[str, Any] = {"low": 1, "high": 20, "capacity_kind": CapacityKind.RANGE}
    return scale(A, **(defaults | fields))


MOVED = Change(at(-300), 8, 20)
FLYING = Ceiling(20, MOVED)
THEIRS = Foreign(NOON, 8, 4, at(900))


@dataclass(frozen=True)
class Followed:
    """What was remembered and what is shown; what is remembered then, and what was noticed."""

    id: str
    before: Ceiling | None
    shown: int | None
    after: Ceiling | None
    notice: Notice | None = None
    status: Status = Status.IN_SERVICE


def failed(attempts: int = 1, direction: Direction = Direction.OUT) -> Failure:
    """Make a failure of this instant."""
    return Failure(NOON, attempts, direction)


FOLLOWED = (
    Followed("first_look", None, 8, Ceiling(8)),
    Followed("first_look_of_one_number", None, None, None),
    Followed("no_range_any_more", Ceiling(8), None, None),
    Followed("as_it_was", Ceiling(8), 8, Ceiling(8)),
    Followed("landed", FLYING, 20, Ceiling(20)),
    Followed("landed_after_failures", FLYING._replace(failure=failed()), 20, Ceiling(20)),
    Followed("under_way_and_shown", FLYING, 20, FLYING, status=Status.BUSY),
    Followed("under_way_and_not_shown", FLYING, 8, FLYING, status=Status.BUSY),
    Followed(
        "sent_a_moment_ago",
        Ceiling(20, Change(at(-59), 8, 20)),
        8,
        Ceiling(20, Change(at(-59), 8, 20)),
    ),
    Followed("gone_back", FLYING, 8, Ceiling(8, failure=failed()), Notice.CEILING_ROLLED_BACK),
    Followed(
        "gone_back_again",
        FLYING._replace(failure=Failure(at(-300), 2, Direction.OUT)),
        8,
        Ceiling(8, failure=failed(3)),
        Notice.CEILING_ROLLED_BACK,
    ),
    Followed(
        "gone_back_the_other_way",
        Ceiling(6, Change(at(-300), 8, 6), failure=Failure(at(-300), 2, Direction.OUT)),
        8,
        Ceiling(8, failure=failed(1, Direction.IN)),
        Notice.CEILING_ROLLED_BACK,
    ),
    Followed(
        "lowered_by_somebody", Ceiling(8), 4, Ceiling(4, foreign=THEIRS), Notice.CEILING_FOREIGN
    ),
    Followed(
        "somebody_came_between",
        FLYING,
        9,
        Ceiling(9, foreign=Foreign(NOON, 20, 9, at(900))),
        Notice.CEILING_FOREIGN,
    ),
    Followed("still_respected", Ceiling(4, foreign=THEIRS), 4, Ceiling(4, foreign=THEIRS)),
    Followed(
        "respected_while_ours_lands",
        FLYING._replace(foreign=THEIRS),
        20,
        Ceiling(20, foreign=THEIRS),
    ),
    Followed("respected_no_more", Ceiling(4, foreign=Foreign(at(-900), 8, 4, NOON)), 4, Ceiling(4)),
    Followed(
        "failures_of_long_ago",
        Ceiling(8, failure=Failure(at(-600), 9, Direction.OUT)),
        8,
        Ceiling(8),
    ),
)


@pytest.mark.parametrize("case", FOLLOWED, ids=name)
def test_a_ceiling_is_followed(case: Followed) -> None:
    """Whoever moved it, and whatever became of that."""
    seen = see(2, CALM, ceiling=case.shown, status=case.status)
    history = History(desired=2, ceiling=case.before)
    kept, noticed = absorb(ranged(), history, seen, NOON)
    assert kept.ceiling == case.after
    told = [each for each in noticed if each.notice in (case.notice, Notice.CEILING_ROLLED_BACK)]
    assert [each.notice for each in told] == ([] if case.notice is None else [case.notice])
    assert parse(History, canonical(kept)) == kept


def test_a_change_of_both_ends_that_goes_back_is_told_once() -> None:
    """The ceiling's own failure is counted all the same."""
    change = Change(at(-300), 2, 4)
    history = History(desired=4, changes=(change,), ceiling=FLYING)
    kept, noticed = absorb(ranged(), history, see(2, CALM, ceiling=8), NOON)
    assert [each.notice for each in noticed] == [Notice.ROLLED_BACK]
    assert kept.ceiling == Ceiling(8, failure=failed())


def test_a_provider_of_one_number_remembers_no_ceiling() -> None:
    """Nor does its history have any trace of one."""
    kept, _ = absorb(scale(A), History(desired=2), see(2, CALM), NOON)
    assert kept.ceiling is None
    decision = expect(scale(A), see(2, HIGH), kept, desired=10)
    assert note_applied(kept, decision, NOON).ceiling is None
    assert note_ceiling_failure(kept, decision, NOON) is kept
    assert "ceiling" not in canonical(kept)


def test_a_version_without_it_reads_the_rest_and_one_with_it_reads_what_is_older() -> None:
    """What is not remembered is learned at the next look, and is nobody's change."""
    history = History(desired=3, ceiling=FLYING, operation="operation 1000")
    text = canonical(history)
    assert parse_known(History, text.replace('"ceiling":', '"of_later":')) == replace(
        history, ceiling=None
    )
    kept, noticed = absorb(ranged(), parse(History, '{"desired":2}'), see(2, ceiling=6), NOON)
    assert (kept.ceiling, noticed) == (Ceiling(6), ())


# --- decisions ----------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """What is shown and remembered of a ceiling, and what is decided."""

    id: str
    shown: int
    ceiling: Ceiling
    seen: dict[str, float]
    range: tuple[int, int]
    action: Action
    limit: LimitKind | None = None
    target: dict[str, Any] | None = None


LOWERED = Ceiling(4, foreign=Foreign(at(-60), 8, 4, at(90)))
RAISED = Ceiling(30, foreign=Foreign(at(-60), 8, 30, at(90)))
ROOMY = {"hard_max_capacity": 50}
BACK = Ceiling(8, failure=Failure(at(-60), 2, Direction.OUT))
DECIDED = (
    Decided("nobody_moved_it", 4, Ceiling(4), CALM, (2, 20), Action.SET),
    Decided("lowered_and_respected", 4, LOWERED, CALM, (2, 4), Action.HOLD),
    Decided("the_floor_moves_below_it", 4, LOWERED, {"a": 150.0}, (3, 4), Action.SET),
    Decided("and_not_above_it", 4, LOWERED, HIGH, (4, 4), Action.SET, LimitKind.FOREIGN),
    Decided("raised_and_respected", 30, RAISED, CALM, (2, 30), Action.HOLD, target=ROOMY),
    Decided("raised_and_the_floor_moves", 30, RAISED, HIGH, (10, 30), Action.SET, target=ROOMY),
    Decided("raised_and_more_is_added", 30, RAISED, CALM, (2, 40), Action.SET, target={"high": 40}),
    Decided("raised_beyond_the_hard_maximum", 30, RAISED, CALM, (2, 20), Action.SET),
    Decided(
        "respected_no_more",
        4,
        Ceiling(4, foreign=Foreign(at(-60), 8, 4, NOON)),
        CALM,
        (2, 20),
        Action.SET,
    ),
    Decided("failed_of_late", 8, BACK, CALM, (2, 8), Action.HOLD),
    Decided("failed_of_late_and_the_floor_goes_alone", 8, BACK, HIGH, (10, 10), Action.SET),
    Decided(
        "failed_long_ago",
        8,
        Ceiling(8, failure=Failure(at(-120), 2, Direction.OUT)),
        CALM,
        (2, 20),
        Action.SET,
    ),
    Decided(
        "failed_on_its_way_down",
        30,
        Ceiling(30, failure=Failure(at(-60), 2, Direction.IN)),
        CALM,
        (2, 20),
        Action.HOLD,
    ),
    Decided(
        "shown_a_moment_late", 8, Ceiling(20, Change(at(-9), 8, 20)), CALM, (2, 20), Action.HOLD
    ),
    Decided("on_its_way_elsewhere", 8, Ceiling(9, Change(at(-9), 8, 9)), CALM, (2, 20), Action.SET),
    Decided(
        "a_pin_that_somebody_opened",
        30,
        RAISED,
        CALM,
        (2, 2),
        Action.HOLD,
        target={"capacity_kind": CapacityKind.COUNT},
    ),
)


@pytest.mark.parametrize("case", DECIDED, ids=name)
def test_a_ceiling_that_was_moved_or_has_failed_is_waited_for(case: Decided) -> None:
    """The floor goes on meanwhile, and the hard bounds hold."""
    found = expect(
        ranged(**(case.target or {})),
        see(2, case.seen, ceiling=case.shown),
        History(desired=2, ceiling=case.ceiling),
        desired=case.range[0],
        ceiling=case.range[1],
        action=case.action,
    )
    assert case.limit in (None, *(limit.kind for limit in found.limits))


def test_while_a_change_of_it_goes_on_it_is_deferred() -> None:
    """As ever: the provider takes one change at a time."""
    history = History(desired=2, ceiling=FLYING)
    seen = see(2, CALM, ceiling=8, status=Status.BUSY)
    expect(ranged(), seen, history, action=Action.DEFER, reason=Reason.BUSY)


@pytest.mark.parametrize(
    ("ceiling", "wake_in"), [(LOWERED, 90), (BACK, 60)], ids=["theirs", "back"]
)
def test_the_next_look_is_when_the_wait_is_over(ceiling: Ceiling, wake_in: float) -> None:
    """No alarm tells of it."""
    history = History(desired=2, ceiling=ceiling)
    seen = see(2, CALM, ceiling=ceiling.known)
    expect(ranged(), seen, history, wake_in=wake_in, wake_reason=Reason.LIMIT_ENDS)


# --- refusals -----------------------------------------------------------------


def test_a_ceiling_waits_twice_as_long_each_time_and_longer_beside_a_floor() -> None:
    """So a floor that was refused with it is tried once more without it."""
    target, history = ranged(), History(desired=2, ceiling=Ceiling(8))
    alone = expect(target, see(2, CALM, ceiling=8), history, desired=2, ceiling=20)
    both = expect(target, see(2, HIGH, ceiling=8), history, desired=10, ceiling=20)
    waits = []
    for decision in (alone, alone, both, alone):
        history = note_ceiling_failure(history, decision, NOON)
        retry = find_retry(target, history.ceiling, NOON)
        waits.append(None if retry is None else retry - NOON)
    assert waits == [timedelta(minutes=m) for m in (1, 2, 5, 5)]
    assert find_retry(target, Ceiling(8, failure=failed(0)), NOON) == at(60)
    assert find_retry(target, Ceiling(8), NOON) is None


def test_what_leaves_the_ceiling_is_no_change_of_it() -> None:
    """Neither accepted nor refused."""
    target, history = ranged(), History(desired=2, ceiling=Ceiling(20))
    decision = expect(target, see(2, HIGH, ceiling=20), history, desired=10, ceiling=20)
    assert note_ceiling(history, decision, NOON) is history
    assert note_ceiling_failure(history, decision, NOON) is history

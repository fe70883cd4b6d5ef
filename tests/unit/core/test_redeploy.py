"""Is a new deployment known as one, and is the floor of the one before carried over to it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.codec import canonical, parse
from flyball.core.forward import parse_known
from flyball.core.model import (
    Action,
    Capacity,
    Carried,
    Ceiling,
    Deployed,
    Direction,
    Failure,
    Foreign,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Pause,
    ReadySample,
    Reason,
    Status,
)
from flyball.core.policy import Policy
from flyball.core.redeploy import CARRIED_FOR, begin_anew, keep_carried
from flyball.core.remember import Notice, Noticed, absorb, believe_capacity
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Mode,
    RateKind,
    RateRule,
    ScalableTarget,
)
from tests.unit.core.cases import NOON, Seen, at, changed, expect, name, scale, see, tracking

A = tracking("A")
CALM, LOW, BLIND = {"a": 100.0}, {"a": 10.0}, {"a": Missing(MissingCause.NO_DATA)}
OLD, NEW = Deployed("7", "llm"), Deployed("9", "llm, model m2")
LOST = Missing(MissingCause.SOURCE_FAILED)


def ranged(*policies: Policy, **fields: Any) -> ScalableTarget:
    """Make a target of 1 to 20 whose service picks inside a range."""
    defaults: dict[str, Any] = {"low": 1, "high": 20, "capacity_kind": CapacityKind.RANGE}
    return scale(*(policies or (A,)), **(defaults | fields))


def shown(floor: int, **fields: Any) -> Capacity:
    """Show a capacity of the new deployment."""
    return Capacity(floor, fields.pop("ready", floor), ceiling=20, deployed=NEW, **fields)


REMEMBERED = History(desired=4, deployed=OLD, ceiling=Ceiling(20))


def look(history: History, capacity: Capacity | Missing, **fields: Any) -> tuple[History, Any]:
    """Say what is remembered and noticed of a capacity at noon."""
    seen = replace(see(0, CALM), capacity=capacity)
    return absorb(ranged(**fields), history, seen, NOON)


def test_another_deployment_is_nobodys_change_and_is_told_with_both() -> None:
    """Its floor of 1 was set by a deployment's defaults, and not by somebody who meant it."""
    kept, noticed = look(REMEMBERED, shown(1))
    assert noticed == (Noticed(Notice.REDEPLOYED, NOON, 4, 1, OLD, NEW),)
    assert (kept.desired, kept.foreign, kept.deployed) == (1, None, NEW)
    assert kept.carried == Carried(NOON, 1, 4)


def test_the_same_deployment_by_another_title_is_the_same() -> None:
    """Titles are for people; somebody who moves its floor is heard."""
    kept, noticed = look(REMEMBERED, shown(2)._replace(deployed=Deployed("7", "renamed")))
    assert [each.notice for each in noticed] == [Notice.FOREIGN]
    assert kept.deployed == Deployed("7", "renamed")
    assert kept.carried is None


def test_what_was_the_old_ones_alone_is_forgotten_and_the_rest_goes_on() -> None:
    """A change in flight never shows, and nobody serves in it any more; cooldowns last."""
    flying, done = changed(4, 8, None, "A", begun=-30), changed(2, 4, -60, "A")
    theirs, failure = Foreign(at(-60), 10, 20, at(60)), Failure(at(-60), 2, Direction.OUT)
    history = replace(
        REMEMBERED,
        desired=8,
        changes=(done, flying),
        ready=(ReadySample(at(-60), 4),),
        ceiling=Ceiling(20, changed(10, 20, None), theirs, failure),
        foreign=theirs,
    )
    kept, noticed = look(history, shown(1))
    assert [each.notice for each in noticed] == [Notice.REDEPLOYED]
    assert kept.carried == Carried(NOON, 1, 8)
    assert flying not in kept.changes
    assert kept.ready == (ReadySample(NOON, 1),)
    assert kept.ceiling == Ceiling(20, None, theirs, failure)
    assert kept.foreign == theirs


def test_a_cooldown_that_lasts_is_kept() -> None:
    """It is the scalable target's."""
    cooling = tracking("A", scale_out_cooldown=timedelta(minutes=10))
    done = changed(2, 4, -60, "A")
    history = replace(REMEMBERED, changes=(done, changed(4, 8, None, "A", begun=-30)))
    seen = replace(see(0, CALM), capacity=shown(1))
    assert absorb(ranged(cooling), history, seen, NOON)[0].changes == (done,)


@pytest.mark.parametrize("ceiling", [None, 10])
def test_a_ceiling_begins_with_what_is_shown(ceiling: int | None) -> None:
    """That it is another one was done by nobody either."""
    kept, noticed = look(REMEMBERED, shown(4)._replace(ceiling=ceiling))
    assert kept.ceiling == (None if ceiling is None else Ceiling(ceiling))
    assert [each.notice for each in noticed] == [Notice.REDEPLOYED]


def test_where_the_old_one_had_no_ceiling_the_new_ones_is_learned() -> None:
    """As at a first look."""
    assert look(replace(REMEMBERED, ceiling=None), shown(4))[0].ceiling == Ceiling(20)


UNKNOWN: Mapping[str, tuple[History, Capacity | Missing]] = {
    "never looked": (History(), shown(1)),
    "of before": (replace(REMEMBERED, deployed=None), shown(4)),
    "not told": (REMEMBERED, shown(4)._replace(deployed=None)),
    "not seen": (REMEMBERED, LOST),
    "desired never known": (replace(REMEMBERED, desired=None), shown(1)),
}


@pytest.mark.parametrize(("history", "capacity"), UNKNOWN.values(), ids=UNKNOWN)
def test_where_either_is_not_known_nothing_is_a_redeploy(
    history: History, capacity: Capacity | Missing
) -> None:
    """An item that an older version wrote, a pool, a look that failed."""
    kept, noticed = look(history, capacity)
    assert kept.carried is None
    assert noticed == ()
    told = None if isinstance(capacity, Missing) else capacity.deployed
    assert kept.deployed == (told or history.deployed)


@pytest.mark.parametrize("owner", ["", "advise-only"])
def test_who_only_looks_on_carries_nothing_over(owner: str) -> None:
    """The old one's floor was somebody else's; that there is a new one is told."""
    mode = Mode.APPLY if owner else Mode.ADVISE
    kept, noticed = look(REMEMBERED, shown(1, owner=owner), mode=mode)
    assert kept.carried is None
    assert [each.notice for each in noticed] == [Notice.REDEPLOYED]


@dataclass(frozen=True)
class Kept:
    """A floor that is to be carried over, what is shown of it, and whether it is kept."""

    id: str
    before: int
    floor: int
    shown: int
    is_kept: bool
    minutes: float = 1


KEPT = (
    Kept("not_yet", 1, 4, 1, True),
    Kept("half", 1, 4, 3, True),
    Kept("reached", 1, 4, 4, False),
    Kept("beyond", 1, 4, 6, False),
    Kept("taken_away_since", 2, 4, 1, False),
    Kept("in_not_yet", 8, 4, 8, True),
    Kept("in_half", 8, 4, 6, True),
    Kept("in_reached", 8, 4, 4, False),
    Kept("raised_since", 8, 4, 9, False),
    Kept("alike_from_the_start", 4, 4, 4, False),
    Kept("too_late", 1, 4, 1, False, minutes=60),
)


@pytest.mark.parametrize("case", KEPT, ids=name)
def test_a_floor_is_carried_over_until_it_was_reached_or_decided_anew(case: Kept) -> None:
    """Or for an hour, in which whatever held it did not end."""
    assert timedelta(minutes=60) == CARRIED_FOR
    carried = Carried(NOON, case.before, case.floor)
    kept = keep_carried(carried, case.shown, at(60 * case.minutes))
    assert (kept == carried) is case.is_kept
    assert kept is None or case.is_kept


def test_somebody_who_moves_the_new_one_is_respected() -> None:
    """Then it is theirs, and what the one before had is over."""
    history = replace(REMEMBERED, desired=1, deployed=NEW, carried=Carried(at(-60), 1, 8))
    kept, noticed = look(history, shown(3))
    assert [each.notice for each in noticed] == [Notice.FOREIGN]
    assert kept.carried is None


def test_a_look_that_shows_nothing_keeps_what_is_to_be_set() -> None:
    """It may have come just now."""
    carried = Carried(at(-60), 1, 8)
    history = replace(REMEMBERED, deployed=NEW, carried=carried)
    assert look(history, LOST)[0].carried == carried


@pytest.mark.parametrize(
    ("desired", "floor"), [(1, 8), (3, 8), (8, 8), (9, 9)], ids=["none", "half", "all", "more"]
)
def test_one_redeploy_after_another_carries_what_was_decided_last(desired: int, floor: int) -> None:
    """Also where the one between never got it."""
    history = replace(REMEMBERED, desired=desired, carried=Carried(at(-60), 1, 8))
    assert look(history, shown(1))[0].carried == Carried(NOON, 1, floor)


def test_a_new_deployment_with_the_old_floor_is_no_stale_reading() -> None:
    """That a change does not show is news only where it is of what was changed."""
    history = replace(REMEMBERED, desired=8, changes=(changed(4, 8, None, begun=-5),))
    same = shown(4)._replace(deployed=OLD)
    assert isinstance(believe_capacity(ranged(), history, same, NOON), Missing)
    assert believe_capacity(ranged(), history, shown(4), NOON) == shown(4)


def test_nothing_that_is_missing_begins_anew() -> None:
    """Called by itself too."""
    assert begin_anew(ranged(), REMEMBERED, LOST, NOON) == (REMEMBERED, ())


# --- what is decided ----------------------------------------------------------

TWO_A_MINUTE = DirectionRules(rates=(RateRule(RateKind.COUNT, 2, timedelta(minutes=1)),))


@dataclass(frozen=True)
class Carry:
    """A floor that was deployed, the one to be carried over, and the one that comes of it."""

    id: str
    before: int
    floor: int
    seen: Mapping[str, Seen]
    desired: int
    limits: tuple[LimitKind, ...] = ()
    action: Action = Action.SET
    target: Mapping[str, Any] = field(default_factory=dict)
    history: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.IN_SERVICE


THEIR_LESS, THEIR_MORE = Foreign(at(-60), 6, 2, at(600)), Foreign(at(-60), 2, 6, at(600))
CARRIES = (
    Carry("out", 1, 4, CALM, 4),
    Carry("out_while_it_shows_no_metrics_yet", 1, 4, BLIND, 4),
    Carry("out_to_what_a_policy_wants_if_that_is_more", 1, 4, {"a": 700.0}, 7),
    Carry("out_up_to_the_hard_bounds", 1, 40, CALM, 20, (LimitKind.BOUNDS,)),
    Carry("not_while_paused", 1, 4, CALM, 1, (LimitKind.PAUSE,), Action.HOLD,
          history={"pauses": (Pause(None, at(600), "ann"),)}),
    Carry("not_while_others_are_respected", 1, 4, CALM, 1, (LimitKind.FOREIGN,), Action.HOLD,
          history={"foreign": THEIR_LESS}),
    Carry("out_though_they_raised_it", 1, 4, CALM, 4, history={"foreign": THEIR_MORE}),
    Carry("not_while_it_is_changed", 1, 4, CALM, 4, (), Action.DEFER, status=Status.BUSY),
    Carry("at_a_rate", 1, 6, CALM, 3, (LimitKind.RATE,), target={"scale_out": TWO_A_MINUTE}),
    Carry("at_a_rate_that_the_old_ones_changes_are_no_part_of", 1, 6, CALM, 3, (LimitKind.RATE,),
          target={"scale_out": TWO_A_MINUTE}, history={"changes": (changed(2, 6, -30, "A"),)}),
    Carry("at_a_rate_that_the_new_ones_are", 3, 6, CALM, 3, (LimitKind.RATE,), Action.HOLD,
          target={"scale_out": TWO_A_MINUTE}, history={"changes": (changed(1, 3, 0, "A"),)}),
    Carry("in", 8, 4, {"a": 40.0}, 4),
    Carry("in_no_further_than_policies_agree", 8, 4, CALM, 8, (LimitKind.AGREEMENT,), Action.HOLD),
    Carry("in_no_further_than_it_is_needed", 8, 4, {"a": 70.0}, 6),
    Carry("never_in_blindly", 8, 4, BLIND, 8, (LimitKind.MISSING,), Action.HOLD),
)  # fmt: skip


@pytest.mark.parametrize("case", CARRIES, ids=name)
def test_a_floor_is_carried_over_under_every_guard(case: Carry) -> None:
    """It is one recommendation among the others."""
    history = History(
        desired=case.before, carried=Carried(NOON, case.before, case.floor), **case.history
    )
    seen = see(case.before, case.seen, ceiling=20, status=case.status)
    found = expect(
        ranged(**case.target),
        seen,
        history,
        desired=case.desired,
        limits=case.limits,
        action=case.action,
    )
    carried = next(each for each in found.recommendations if each.policy == "carried")
    assert (carried.desired, carried.reason) == (case.floor, Reason.CARRIED_OVER)


def test_the_reason_is_told_where_nothing_else_asks_for_it() -> None:
    """In the decision itself."""
    history = History(desired=1, carried=Carried(NOON, 1, 4))
    expect(ranged(), see(1, CALM, ceiling=20), history, reason=Reason.CARRIED_OVER,
           policies=("carried",))  # fmt: skip


# --- what is stored -----------------------------------------------------------


def test_what_an_older_version_wrote_is_read_as_it_was() -> None:
    """No field more than it had: its text, and so its hash and its replay, stay the same."""
    for text in ("{}", '{"desired":4}'):
        assert canonical(parse(History, text)) == text
    row = '{"after":4,"at":"2026-06-01T12:00:00Z","before":2,"notice":"foreign"}'
    assert canonical(parse(Noticed, row)) == row
    capacity = '{"ceiling":20,"desired":2,"ready":2}'
    assert canonical(parse(Capacity, capacity)) == capacity


def test_an_older_version_reads_what_this_one_remembers_without_it() -> None:
    """As if it had looked alone."""
    kept = look(REMEMBERED, shown(1))[0]
    assert parse(History, canonical(kept)) == kept
    newer = canonical(kept).replace('"carried":', '"later":')
    assert parse_known(History, newer) == replace(kept, carried=None)

"""Does each ledger keep every promise of the port?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest

from flyball.core.chain import GENESIS
from flyball.ports import (
    Claim,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    NewRow,
    UnknownTargetError,
)
from tests.contract.steps import (
    CONFIG,
    CONFIG_HASH,
    HOLD,
    INTENT,
    MINUTE,
    NOTHING,
    OTHER_CONFIG,
    OUTCOME,
    SECOND,
    T0,
    TARGET,
    assert_whole,
    register,
    take,
)

# --- register -------------------------------------------------------------------------------------


def test_a_registered_target_is_due_at_once_and_begins_its_chain_with_its_config(
    ledger: Ledger,
) -> None:
    """The first row says by which config the rows after it were decided."""
    assert register(ledger) == 1
    status = ledger.status(TARGET)
    assert status.generation == 1
    assert (status.config, status.config_hash) == (CONFIG, CONFIG_HASH)
    assert (status.history, status.pending, status.lease_until) == ("{}", None, None)
    assert (status.wake_at, status.sequence) == (T0, 1)
    (row,) = ledger.rows(TARGET)
    assert (row.kind, row.at, row.sequence, row.previous_hash) == ("config", T0, 1, GENESIS)
    assert row.hash == status.head
    assert row.body == (f'{{"config":{CONFIG},"config_hash":"{CONFIG_HASH}","generation":1}}')


def test_the_same_config_again_changes_nothing(ledger: Ledger) -> None:
    """A restart of a deployment is not an event."""
    register(ledger)
    claim = take(ledger)
    ledger.write(claim, [HOLD], ItemUpdate(wake_at=T0 + MINUTE))
    before = ledger.status(TARGET)
    assert register(ledger, now=T0 + SECOND) == 1
    assert ledger.status(TARGET) == before
    assert len(list(ledger.rows(TARGET))) == 2


def test_another_config_is_a_new_generation_that_is_looked_at_now(ledger: Ledger) -> None:
    """The chain holds every config that ever decided; what was learned is kept."""
    register(ledger)
    ledger.write(take(ledger), [HOLD], ItemUpdate(history='{"desired":2}', wake_at=T0 + MINUTE))
    assert ledger.register(TARGET, OTHER_CONFIG, "h2", T0 + SECOND) == 2
    status = ledger.status(TARGET)
    assert (status.generation, status.config, status.config_hash) == (2, OTHER_CONFIG, "h2")
    assert (status.history, status.wake_at) == ('{"desired":2}', T0 + SECOND)
    row = list(ledger.rows(TARGET))[-1]
    assert (row.kind, row.sequence) == ("config", 3)
    assert json.loads(row.body) == {
        "config": json.loads(OTHER_CONFIG), "config_hash": "h2", "generation": 2
    }  # fmt: skip
    assert_whole(ledger)


def test_going_back_to_an_earlier_config_is_a_new_generation_too(ledger: Ledger) -> None:
    """A generation is never used twice."""
    register(ledger)
    ledger.register(TARGET, OTHER_CONFIG, "h2", T0)
    assert register(ledger) == 3


@pytest.mark.parametrize("target", ["", "a\nb", "x" * 257])
def test_a_name_that_cannot_be_shown_is_refused(ledger: Ledger, target: str) -> None:
    """It would reach terminals and pages."""
    with pytest.raises(ValueError, match="scalable_target_id"):
        register(ledger, target)
    assert list(ledger.scalable_target_ids()) == []


@pytest.mark.parametrize("config", ["", "[]", "{"])
def test_a_config_that_is_no_object_is_refused(ledger: Ledger, config: str) -> None:
    """And the config in force stays."""
    register(ledger)
    with pytest.raises(ValueError, match="expected a JSON object"):
        ledger.register(TARGET, config, "h2", T0)
    assert ledger.status(TARGET).generation == 1
    assert_whole(ledger)


# --- claim ----------------------------------------------------------------------------------------


def test_a_claim_gives_the_item_as_it_is(ledger: Ledger) -> None:
    """One call answers all that a wake needs to know."""
    register(ledger)
    (row,) = ledger.rows(TARGET)
    assert take(ledger) == Claim(
        scalable_target_id=TARGET,
        token="a",  # noqa: S106  (a lease's holder)
        lease_until=T0 + MINUTE,
        generation=1,
        config=CONFIG,
        config_hash=CONFIG_HASH,
        history="{}",
        pending=None,
        seen="{}",
        wake_at=T0,
        sequence=1,
        head=row.hash,
    )
    assert ledger.status(TARGET).lease_until == T0 + MINUTE


def test_a_lease_is_for_one_holder(ledger: Ledger) -> None:
    """The second is turned away, and changes nothing."""
    register(ledger)
    take(ledger, "a")
    before = ledger.status(TARGET)
    with pytest.raises(LeaseHeldError, match=TARGET):
        take(ledger, "b", T0 + SECOND)
    assert ledger.status(TARGET) == before


def test_the_holder_may_claim_again_for_longer(ledger: Ledger) -> None:
    """The lease is not somebody else's."""
    register(ledger)
    take(ledger, "a")
    assert take(ledger, "a", T0 + SECOND).lease_until == T0 + SECOND + MINUTE


@pytest.mark.parametrize(
    ("wait", "is_free"), [(MINUTE - timedelta(microseconds=1), False), (MINUTE, True)]
)
def test_a_lease_ends_at_its_instant(ledger: Ledger, wait: timedelta, is_free: bool) -> None:
    """It is the holder's before `until`, and anybody's from `until` on."""
    register(ledger)
    take(ledger, "a")
    if is_free:
        assert take(ledger, "b", T0 + wait).token == "b"  # noqa: S105
    else:
        with pytest.raises(LeaseHeldError):
            take(ledger, "b", T0 + wait)


def test_leases_of_different_targets_do_not_meet(ledger: Ledger) -> None:
    """Work grows with targets."""
    register(ledger, "one")
    register(ledger, "two")
    take(ledger, "a", target="one")
    assert take(ledger, "b", target="two").scalable_target_id == "two"


def test_an_unknown_target_is_named(ledger: Ledger) -> None:
    """It cannot be claimed, and has no status, rows or lease to lose."""
    with pytest.raises(UnknownTargetError, match="nobody"):
        take(ledger, target="nobody")
    with pytest.raises(UnknownTargetError, match="nobody"):
        ledger.status("nobody")
    assert list(ledger.rows("nobody")) == []
    assert list(ledger.latest(5, "nobody")) == []
    register(ledger)
    stray = take(ledger)._replace(scalable_target_id="nobody")
    with pytest.raises(LeaseLostError, match="nobody"):
        ledger.write(stray, [HOLD], NOTHING)


# --- write ----------------------------------------------------------------------------------------


def test_a_wake_is_an_intent_then_an_outcome(ledger: Ledger) -> None:
    """The intent is pending until its outcome is written, and the claim follows each write."""
    register(ledger)
    claim = take(ledger)
    update = ItemUpdate(history='{"desired":3}', pending=True, seen='{"alarm":"t"}')
    claim = ledger.write(claim, [INTENT], update)
    intent = list(ledger.rows(TARGET))[-1]
    assert (intent.kind, intent.at, intent.body) == INTENT
    status = ledger.status(TARGET)
    assert (claim.pending, claim.sequence, claim.head) == (intent.id, 2, intent.hash)
    assert (status.pending, status.sequence, status.head) == (intent.id, 2, intent.hash)
    assert (claim.history, claim.seen) == ('{"desired":3}', '{"alarm":"t"}')
    later = T0 + 5 * MINUTE
    done = ledger.write(claim, [OUTCOME], ItemUpdate(pending=False, wake_at=later, release=True))
    assert (done.pending, done.sequence, done.wake_at) == (None, 3, later)
    status = ledger.status(TARGET)
    assert (status.pending, status.wake_at, status.lease_until) == (None, later, None)
    assert take(ledger, "b", later).seen == '{"alarm":"t"}'
    assert_whole(ledger)


def test_what_an_update_does_not_name_stays(ledger: Ledger) -> None:
    """None is not a value."""
    register(ledger)
    full = ItemUpdate('{"desired":3}', True, '{"alarm":"t"}', T0 + MINUTE)
    claim = ledger.write(take(ledger), [INTENT], full)
    assert ledger.write(claim, [], NOTHING) == claim
    assert take(ledger) == claim


def test_an_earlier_claim_brings_nothing_back_that_it_does_not_name(ledger: Ledger) -> None:
    """Without a row between them both claims hold; what the newer one settled stays settled."""
    register(ledger)
    claim = ledger.write(take(ledger), [INTENT], ItemUpdate(pending=True))
    ledger.write(claim, [], ItemUpdate(pending=False))
    ledger.write(claim, [], NOTHING)
    assert ledger.status(TARGET).pending is None


def test_the_last_row_of_a_write_is_the_pending_one(ledger: Ledger) -> None:
    """Several rows may go into one write: a foreign change, then the intent."""
    register(ledger)
    claim = ledger.write(take(ledger), [HOLD, INTENT], ItemUpdate(pending=True))
    rows = list(ledger.rows(TARGET))
    assert claim.pending == rows[-1].id
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert len({row.id for row in rows}) == 3
    assert_whole(ledger)


def test_an_intent_without_a_row_is_refused(ledger: Ledger) -> None:
    """There is nothing that could be pending."""
    register(ledger)
    claim = take(ledger)
    with pytest.raises(ValueError, match="pending"):
        ledger.write(claim, [], ItemUpdate(pending=True))
    assert ledger.status(TARGET).pending is None


def test_a_lease_can_be_given_back_without_a_row(ledger: Ledger) -> None:
    """A wake that has nothing to say leaves no row."""
    register(ledger)
    ledger.write(take(ledger, "a"), [], ItemUpdate(release=True))
    assert take(ledger, "b").sequence == 1


def test_a_holder_whose_lease_ran_out_may_write_while_nobody_took_it(ledger: Ledger) -> None:
    """Its token is still the newest: nobody else can have acted."""
    register(ledger)
    claim = take(ledger)
    row = NewRow("outcome", T0 + 10 * MINUTE, "{}")
    assert ledger.write(claim, [row], NOTHING).sequence == 2


@dataclass(frozen=True)
class Lost:
    """What happened between a claim and its write."""

    id: str
    happens: Callable[[Ledger, Claim], object]
    says: str


def take_over(ledger: Ledger, _: Claim) -> None:
    """Take the lease after it ran out."""
    take(ledger, "b", T0 + MINUTE)


def take_over_and_release(ledger: Ledger, _: Claim) -> None:
    """Take the lease after it ran out, and give it back."""
    ledger.write(take(ledger, "b", T0 + MINUTE), [], ItemUpdate(release=True))


def release(ledger: Ledger, claim: Claim) -> None:
    """Give the lease back."""
    ledger.write(claim, [], ItemUpdate(release=True))


LOST = [
    Lost("another holder", take_over, "lease is not held by 'a'"),
    Lost("another holder, gone again", take_over_and_release, "lease is not held by 'a'"),
    Lost("released", release, "lease is not held by 'a'"),
    Lost(
        "another generation",
        lambda ledger, _: ledger.register(TARGET, OTHER_CONFIG, "h2", T0),
        "config is of generation 2, not 1",
    ),
    Lost(
        "the same write twice",
        lambda ledger, claim: ledger.write(claim, [HOLD], NOTHING),
        "there is a row 2, and the claim knows 1",
    ),
]


@pytest.mark.parametrize("rows", [[], [INTENT], [HOLD, INTENT]], ids=["0", "1", "2 rows"])
@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost.id)
def test_a_claim_that_does_not_hold_any_more_writes_nothing(
    ledger: Ledger, lost: Lost, rows: list[NewRow]
) -> None:
    """Neither rows nor the item change: all or nothing."""
    register(ledger)
    claim = take(ledger, "a")
    lost.happens(ledger, claim)
    before = ledger.status(TARGET), list(ledger.rows(TARGET))
    update = ItemUpdate('{"desired":9}', bool(rows), '{"x":1}', T0 + 9 * MINUTE, release=True)
    with pytest.raises(LeaseLostError, match=f"{TARGET}: nothing was written, as .*{lost.says}"):
        ledger.write(claim, rows, update)
    assert (ledger.status(TARGET), list(ledger.rows(TARGET))) == before
    assert take(ledger, "c", T0 + 5 * MINUTE).seen == "{}"
    assert_whole(ledger)


def test_a_config_change_does_not_free_a_lease_that_is_held(ledger: Ledger) -> None:
    """Its holder may be between intent and apply: a second one now would apply too."""
    register(ledger)
    claim = ledger.write(take(ledger, "a"), [INTENT], ItemUpdate(pending=True))
    ledger.register(TARGET, OTHER_CONFIG, "h2", T0 + SECOND)
    with pytest.raises(LeaseHeldError):
        take(ledger, "b", T0 + 2 * SECOND)
    with pytest.raises(LeaseLostError):
        ledger.write(claim, [OUTCOME], ItemUpdate(pending=False))
    after = take(ledger, "b", T0 + MINUTE)
    assert (after.pending, after.generation, after.config) == (claim.pending, 2, OTHER_CONFIG)


def test_an_instant_without_a_zone_is_refused_everywhere(ledger: Ledger) -> None:
    """Which instant it is would depend on the machine; nothing is written."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        register(ledger, now=naive)
    register(ledger)
    before = ledger.status(TARGET)
    with pytest.raises(ValueError, match="aware"):
        ledger.claim(TARGET, "a", naive, T0)
    with pytest.raises(ValueError, match="aware"):
        ledger.claim(TARGET, "a", T0, naive)
    with pytest.raises(ValueError, match="aware"):
        ledger.due(naive, 1)
    assert ledger.status(TARGET) == before
    claim = take(ledger)
    with pytest.raises(ValueError, match="aware"):
        ledger.write(claim, [HOLD], ItemUpdate(wake_at=naive))
    with pytest.raises(ValueError, match="aware"):
        ledger.write(claim, [HOLD, NewRow("decision", naive, "{}")], NOTHING)
    assert_whole(ledger)


def test_instants_come_back_in_utc_to_the_microsecond(ledger: Ledger) -> None:
    """Whatever zone they were given in."""
    there = T0.astimezone(timezone(timedelta(hours=-7)))
    register(ledger, now=there)
    claim = ledger.claim(TARGET, "a", there, there + MINUTE)
    claim = ledger.write(claim, [NewRow("decision", there, "{}")], ItemUpdate(wake_at=there))
    status = ledger.status(TARGET)
    assert status.lease_until is not None
    found = [claim.lease_until, claim.wake_at, status.wake_at, status.lease_until - MINUTE]
    found += [row.at for row in ledger.rows(TARGET)] + [ledger.due(T0, 1)[0].wake_at]
    assert {repr(at) for at in found} == {repr(T0), repr(T0 + MINUTE)}

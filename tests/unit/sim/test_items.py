"""Does a ledger without rows keep every promise about leases and generations?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flyball.ports import (
    Due,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    NewRow,
    UnknownTargetError,
)
from flyball.sim.items import Items

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOON = NOON + timedelta(minutes=2)
ROW = NewRow("decision", NOON, "{}")


@pytest.fixture
def items() -> Items:
    """Give a ledger with one target."""
    ledger = Items()
    assert ledger.register("a", '{"x":1}', "h1", NOON) == 1
    return ledger


def test_a_lease_is_one_s_own_until_it_ends(items: Items) -> None:
    """Somebody else takes it at its end, not before."""
    items.claim("a", "one", NOON, SOON)
    with pytest.raises(LeaseHeldError):
        items.claim("a", "two", SOON - timedelta(microseconds=1), SOON)
    assert items.claim("a", "two", SOON, SOON)[1] == "two"


def test_a_write_changes_the_item_and_counts_its_rows(items: Items) -> None:
    """What is not given stays; a released lease is free at once."""
    claim = items.claim("a", "one", NOON, SOON)
    claim = items.write(claim, [ROW, ROW], ItemUpdate("{}", True, '{"s":"t"}', SOON))
    assert (claim.sequence, claim.pending, claim.wake_at) == (3, "row 3", SOON)
    claim = items.write(claim, [ROW], ItemUpdate(pending=False, release=True))
    assert (claim.sequence, claim.pending, claim.seen) == (4, None, '{"s":"t"}')
    again = items.claim("a", "two", NOON, SOON)
    assert (again.history, again.seen, again.wake_at, again.config) == (
        "{}",
        '{"s":"t"}',
        SOON,
        '{"x":1}',
    )
    assert items.status("a").sequence == 4


@pytest.mark.parametrize("spoil", ["token", "generation", "sequence"])
def test_a_claim_that_does_not_hold_writes_nothing(items: Items, spoil: str) -> None:
    """Another holder, a new config, a row in between."""
    claim = items.claim("a", "one", NOON, SOON)
    if spoil == "token":
        items.claim("a", "two", SOON, SOON)
    elif spoil == "generation":
        assert items.register("a", "{}", "h2", NOON) == 2
    else:
        items.write(claim, [ROW], ItemUpdate())
    before = items.status("a")
    with pytest.raises(LeaseLostError):
        items.write(claim, [ROW], ItemUpdate("new"))
    assert items.status("a") == before


def test_who_is_due_comes_in_order(items: Items) -> None:
    """The earliest first, no more than asked for, and none before its time."""
    items.register("b", "{}", "h", NOON - timedelta(minutes=1))
    items.register("c", "{}", "h", SOON)
    early = NOON - timedelta(minutes=1)
    assert items.due(NOON, 9) == [Due("b", early), Due("a", NOON)]
    assert items.due(NOON, 1) == [Due("b", early)]
    assert items.due(early - timedelta(seconds=1), 9) == []


def test_the_same_config_again_changes_nothing(items: Items) -> None:
    """Nor does it wake."""
    before = items.status("a")
    assert items.register("a", '{"x":1}', "h1", SOON) == 1
    assert items.status("a") == before


def test_a_retired_target_is_neither_due_nor_claimed(items: Items) -> None:
    """A second time changes nothing; its status stays."""
    assert items.retire("a", NOON) == 2
    assert items.retire("a", NOON) == 2
    assert items.due(SOON, 9) == []
    assert items.scalable_target_ids() == []
    assert items.status("a").config_hash == ""
    with pytest.raises(UnknownTargetError):
        items.claim("a", "one", NOON, SOON)
    with pytest.raises(UnknownTargetError):
        items.retire("b", NOON)


def test_there_are_no_rows_to_read(items: Items) -> None:
    """They are counted, and gone."""
    items.write(items.claim("a", "one", NOON, SOON), [ROW], ItemUpdate())
    assert list(items.rows("a")) == []
    assert items.row("row 2") is None
    assert list(items.latest(9)) == []
    assert list(items.recorded_ids()) == []
    items.close()
    assert items.scalable_target_ids() == ["a"]

"""Does each ledger give back what was written, in order, and find what is due?"""

from __future__ import annotations

import json

import pytest

from flyball.ports import (
    Due,
    ItemUpdate,
    Ledger,
    LedgerError,
    NewRow,
)
from tests.contract.steps import (
    HOLD,
    MINUTE,
    NOTHING,
    SECOND,
    T0,
    TARGET,
    assert_whole,
    register,
    take,
    written,
)


def test_due_targets_come_earliest_first(ledger: Ledger) -> None:
    """Those of one instant by name; those of a later one not at all; no more than asked for."""
    for target, wait in (("c", 0), ("b", 0), ("a", 1), ("d", -1), ("e", 2)):
        register(ledger, target, T0 + wait * SECOND)
    assert ledger.due(T0 + SECOND, 9) == [
        Due("d", T0 - SECOND), Due("b", T0), Due("c", T0), Due("a", T0 + SECOND)
    ]  # fmt: skip
    assert [due.scalable_target_id for due in ledger.due(T0 + SECOND, 2)] == ["d", "b"]
    assert list(ledger.due(T0 - 2 * SECOND, 9)) == []
    assert list(ledger.due(T0, 0)) == []
    assert list(ledger.due(T0, -1)) == []


def test_a_target_is_due_when_its_newest_wake_at_says_so(ledger: Ledger) -> None:
    """A write moves it, for later and for earlier; a lease does not hide it."""
    register(ledger)
    claim = ledger.write(take(ledger), [], ItemUpdate(wake_at=T0 + MINUTE))
    assert list(ledger.due(T0 + MINUTE - SECOND, 9)) == []
    assert list(ledger.due(T0 + MINUTE, 9)) == [Due(TARGET, T0 + MINUTE)]
    ledger.write(claim, [], ItemUpdate(wake_at=T0 - MINUTE))
    assert list(ledger.due(T0 - MINUTE, 9)) == [Due(TARGET, T0 - MINUTE)]


def test_rows_are_read_in_order_from_anywhere(ledger: Ledger) -> None:
    """In pages or one by one, it is the same chain."""
    written(ledger, TARGET, 600)
    written(ledger, "other", 3)
    rows = list(ledger.rows(TARGET))
    assert [row.sequence for row in rows] == list(range(1, 602))
    assert {row.scalable_target_id for row in rows} == {TARGET}
    assert list(ledger.rows(TARGET, after=590)) == rows[590:]
    assert list(ledger.rows(TARGET, limit=512)) == rows[:512]
    assert list(ledger.rows(TARGET, after=5, limit=300)) == rows[5:305]
    assert list(ledger.rows(TARGET, after=601)) == []
    assert list(ledger.rows(TARGET, limit=0)) == []
    assert list(ledger.rows(TARGET, limit=-1)) == []


def test_rows_can_be_read_while_others_write(ledger: Ledger) -> None:
    """A reader that stands still holds nobody up, and meets every row once."""
    written(ledger, TARGET, 3)
    reader = ledger.rows(TARGET)
    first = next(reader)
    claim = take(ledger)
    ledger.write(claim, [HOLD], NOTHING)
    assert [row.sequence for row in (first, *reader)][:4] == [1, 2, 3, 4]


def test_a_row_is_found_by_its_id(ledger: Ledger) -> None:
    """And nothing by an id that is nobody's."""
    written(ledger, TARGET, 3)
    for row in ledger.rows(TARGET):
        assert ledger.row(row.id) == row
    assert ledger.row("nobody") is None


def test_the_newest_rows_come_first(ledger: Ledger) -> None:
    """Of one target or of all, of one kind or of all."""
    written(ledger, "a", 4, ("decision", "outcome"))
    written(ledger, "b", 2)
    every = sorted((*ledger.rows("a"), *ledger.rows("b")), key=lambda row: row.id, reverse=True)
    assert list(ledger.latest(99)) == every
    assert list(ledger.latest(3)) == every[:3]
    assert list(ledger.latest(99, "a")) == list(ledger.rows("a"))[::-1]
    assert [row.sequence for row in ledger.latest(2, "a", "outcome")] == [5, 3]
    assert [row.kind for row in ledger.latest(99, kind="config")] == ["config", "config"]
    assert list(ledger.latest(0)) == []
    assert list(ledger.latest(-1)) == []


def test_the_newest_row_of_a_target_is_the_last_written_even_if_the_clock_went_back(
    ledger: Ledger,
) -> None:
    """Sequences do not depend on clocks."""
    register(ledger)
    back = NewRow("decision", T0 - 60 * MINUTE, "{}")
    ledger.write(take(ledger), [HOLD, back], NOTHING)
    assert [row.sequence for row in ledger.latest(9, TARGET)] == [3, 2, 1]
    assert_whole(ledger)


def test_targets_are_listed_in_order(ledger: Ledger) -> None:
    """As text is ordered, in any script."""
    names = ["b", "a", "é", "Z", "\U0001d6fc", "\uffe6", "a/b"]
    for name in names:
        register(ledger, name)
    assert list(ledger.scalable_target_ids()) == sorted(names)
    assert list(ledger.recorded_ids()) == sorted(names)
    assert_whole(ledger)


def test_any_text_comes_back_as_it_was(ledger: Ledger) -> None:
    """Quotes, controls, zero bytes and astral characters are kept."""
    body = json.dumps({"text": "'\"\\\n\0\x1b\U0001d6fc"}, ensure_ascii=False)
    register(ledger)
    ledger.write(take(ledger, "'; DROP TABLE ledger; --"), [NewRow("x'", T0, body)], NOTHING)
    row = list(ledger.rows(TARGET))[-1]
    assert (row.kind, row.body) == ("x'", body)
    assert_whole(ledger)


def test_a_closed_ledger_says_so(ledger: Ledger) -> None:
    """Closing twice is no fault; using it afterwards is one."""
    register(ledger)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.status(TARGET)
    with pytest.raises(LedgerError, match="closed"):
        register(ledger)

"""Is every row that was altered, removed, moved or slipped in found, and named?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.chain import (
    CHANGED,
    GENESIS,
    INSERTED,
    REMOVED,
    REORDERED,
    Fault,
    Row,
    config_body,
    digest,
    extend,
    seal,
    verify,
)

T0 = datetime(2026, 11, 21, 0, 24, 11, 123_456, UTC)
TARGET = "endpoint/a/variant/b"

Tamper = Callable[[list[Row]], list[Row]]


def chain(count: int, target: str = TARGET) -> list[Row]:
    """Seal `count` rows, a minute apart."""
    news = (
        ("decision" if n % 2 else "outcome", T0 + timedelta(minutes=n), f'{{"n":{n}}}')
        for n in range(1, count + 1)
    )
    return extend(target, 0, GENESIS, news)


def faults_of(rows: Sequence[Row], honest: Sequence[Row]) -> list[Fault]:
    """Verify `rows` against the item that belongs to `honest`."""
    head = honest[-1].hash if honest else GENESIS
    return list(verify(rows, head=head, sequence=len(honest), scalable_target_id=TARGET))


def resealed(row: Row, **altered: Any) -> Row:
    """Alter a row as somebody would who knows how hashes are made."""
    row = row._replace(**altered)
    return row._replace(hash=digest(row))


def altered(place: int, **fields: Any) -> Tamper:
    """Alter one row, as an UPDATE past the triggers would; the store keeps its order."""
    return lambda rows: in_order(
        row._replace(**fields) if row.sequence == place else row for row in rows
    )


def altered_and_sealed(place: int, **fields: Any) -> Tamper:
    """Alter one row and give it the hash that fits."""
    return lambda rows: in_order(
        resealed(row, **fields) if row.sequence == place else row for row in rows
    )


def in_order(rows: Any) -> list[Row]:
    """Order rows as a store does: by sequence."""
    return sorted(rows, key=lambda row: int(row.sequence))


def exchanged(one: int, other: int) -> Tamper:
    """Exchange the sequences of two rows in the store."""

    def swap(rows: list[Row]) -> list[Row]:
        swapped = {one: other, other: one}
        return in_order(
            row._replace(sequence=swapped.get(row.sequence, row.sequence)) for row in rows
        )

    return swap


@dataclass(frozen=True)
class Case:
    """What is done to a chain of ten rows, and what must be found."""

    id: str
    tamper: Tamper
    expected: list[tuple[str, int]]


CASES = [
    Case("nothing", lambda rows: rows, []),
    Case("a body changed", altered(4, body='{"n":5}'), [(CHANGED, 4)]),
    Case("the first body changed", altered(1, body="{}"), [(CHANGED, 1)]),
    Case("the last body changed", altered(10, body="{}"), [(CHANGED, 10)]),
    Case("an instant moved by a microsecond",
         altered(4, at=T0 + timedelta(minutes=4, microseconds=1)), [(CHANGED, 4)]),
    Case("an instant without its zone",
         altered(4, at=(T0 + timedelta(minutes=4)).replace(tzinfo=None)), [(CHANGED, 4)]),
    Case("a hash changed", altered(4, hash="f" * 64), [(CHANGED, 4)]),
    Case("a link changed", altered(4, previous_hash="f" * 64), [(CHANGED, 4)]),
    Case("an id changed", altered(4, id="x"), [(CHANGED, 4)]),
    Case("a sequence changed, the store sorts it to the end", altered(4, sequence=99),
         [(REORDERED, 4)]),
    Case("a sequence changed to a negative one", altered(4, sequence=-1), [(REORDERED, 4)]),
    Case("a sequence changed, the order kept",
         lambda rows: [*rows[:3], rows[3]._replace(sequence=99), *rows[4:]], [(CHANGED, 4)]),
    Case("a sequence and a body changed, the order kept",
         lambda rows: [*rows[:3], rows[3]._replace(sequence=99, body="{}"), *rows[4:]],
         [(CHANGED, 4)]),
    Case("two sequences exchanged", exchanged(3, 7), [(REORDERED, 3), (REORDERED, 7)]),
    Case("two neighbours' sequences exchanged", exchanged(3, 4), [(CHANGED, 4), (REORDERED, 3)]),
    Case("a body changed and sealed", altered_and_sealed(4, body="{}"), [(CHANGED, 4)]),
    Case("the last body changed and sealed", altered_and_sealed(10, body="{}"), [(CHANGED, 10)]),
    Case("the first link changed and sealed", altered_and_sealed(1, previous_hash="f" * 64),
         [(CHANGED, 1)]),
    Case("a link changed and sealed", altered_and_sealed(4, previous_hash="f" * 64),
         [(CHANGED, 4)]),
    Case("the last link changed and sealed", altered_and_sealed(10, previous_hash="f" * 64),
         [(CHANGED, 10)]),
    Case("a sequence changed and sealed", altered_and_sealed(4, sequence=99), [(CHANGED, 4)]),
    Case("a target changed and sealed", altered_and_sealed(4, scalable_target_id="other"),
         [(CHANGED, 4)]),
    Case("two rows apart changed", lambda rows: altered(8, kind="x")(altered(2, body="{}")(rows)),
         [(CHANGED, 2), (CHANGED, 8)]),
    Case("two neighbours changed", lambda rows: altered(3, kind="x")(altered(2, body="{}")(rows)),
         [(CHANGED, 2), (CHANGED, 3)]),
    Case("a row sealed again and the next one altered",
         lambda rows: altered(5, body="{}")(altered_and_sealed(4, body="{}")(rows)),
         [(CHANGED, 5)]),
    Case("a row sealed again and the second after it altered",
         lambda rows: altered(6, body="{}")(altered_and_sealed(4, body="{}")(rows)),
         [(CHANGED, 4), (CHANGED, 6)]),
    Case("the first row removed", lambda rows: rows[1:], [(REMOVED, 1)]),
    Case("a row removed", lambda rows: rows[:3] + rows[4:], [(REMOVED, 4)]),
    Case("the last row removed", lambda rows: rows[:-1], [(REMOVED, 10)]),
    Case("all rows removed", lambda _: [], [(REMOVED, 1)]),
    Case("all but the last removed", lambda rows: rows[-1:], [(REMOVED, 1)]),
    Case("rows 3 to 6 removed", lambda rows: rows[:2] + rows[6:], [(REMOVED, 3)]),
    Case("rows removed twice", lambda rows: rows[:2] + rows[4:6] + rows[8:],
         [(REMOVED, 3), (REMOVED, 7)]),
    Case("a row removed, the one after it linked past the gap",
         lambda rows: [*rows[:3], resealed(rows[4], previous_hash=rows[2].hash), *rows[5:]],
         [(CHANGED, 5), (REMOVED, 4)]),
    Case("the last row removed, the one before it sealed again",
         lambda rows: [*rows[:8], resealed(rows[8], previous_hash="f" * 64)],
         [(CHANGED, 8), (REMOVED, 10)]),
    Case("neighbours in the wrong order", lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]],
         [(REORDERED, 5)]),
    Case("the last two in the wrong order", lambda rows: [*rows[:8], rows[9], rows[8]],
         [(REORDERED, 10)]),
    Case("two rows in each other's place",
         lambda rows: [*rows[:2], rows[6], *rows[3:6], rows[2], *rows[7:]],
         [(REORDERED, 3), (REORDERED, 7)]),
    Case("backwards", lambda rows: rows[::-1], [(REORDERED, n) for n in range(2, 11)]),
    Case("a row twice", lambda rows: [*rows[:4], rows[3], *rows[4:]], [(INSERTED, 4)]),
    Case("a row again at the end", lambda rows: [*rows, rows[3]], [(INSERTED, 4)]),
    Case("a forged twin behind a row", lambda rows: [*rows[:4], resealed(rows[3], body="{}"),
         *rows[4:]], [(INSERTED, 4)]),
    Case("a forged twin before a row", lambda rows: [*rows[:3], resealed(rows[3], body="{}"),
         *rows[3:]], [(INSERTED, 4)]),
    Case("a forged twin before the last row",
         lambda rows: [*rows[:9], resealed(rows[9], body="{}"), rows[9]], [(INSERTED, 10)]),
    Case("a twin that is linked to nothing before a row",
         lambda rows: [*rows[:3], resealed(rows[3], previous_hash="f" * 64), *rows[3:]],
         [(INSERTED, 4)]),
    Case("a twin that was not sealed before a row",
         lambda rows: [*rows[:3], rows[3]._replace(body="{}"), *rows[3:]], [(INSERTED, 4)]),
    Case("a row of another chain", lambda rows: [*rows[:4], chain(9, "other")[8], *rows[4:]],
         [(INSERTED, 9)]),
    Case("a row behind the last",
         lambda rows: [*rows, seal(TARGET, 11, T0, "decision", "{}", rows[-1].hash)],
         [(INSERTED, 11)]),
    Case("a row before the first",
         lambda rows: [seal(TARGET, 0, T0, "decision", "{}", GENESIS), *rows], [(INSERTED, 0)]),
    Case("the whole chain written anew",
         lambda rows: extend(TARGET, 0, GENESIS, [(r.kind, r.at, '{"n":0}') for r in rows]),
         [(CHANGED, 10)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_tampered_chain_names_what_was_done_and_to_which_row(case: Case) -> None:
    """One tampered row is one fault, never a cascade."""
    honest = chain(10)
    found = faults_of(case.tamper(honest), honest)
    assert [(fault.kind, fault.sequence) for fault in found] == case.expected
    assert all(fault.scalable_target_id == TARGET and fault.detail for fault in found)


def test_a_fault_carries_the_id_of_its_row_and_none_for_a_row_that_is_gone() -> None:
    """An id leads to the row; a row that is gone has none to lead to."""
    honest = chain(5)
    assert [f.id for f in faults_of(altered(2, body="{}")(honest), honest)] == [honest[1].id]
    assert [f.id for f in faults_of(altered_and_sealed(2, body="{}")(honest), honest)] == [
        honest[1].id
    ]
    assert [f.id for f in faults_of(honest[2:], honest)] == [""]
    assert [f.detail for f in faults_of(honest[2:], honest)] == ["rows 1 to 2 are gone"]


@pytest.mark.parametrize("field", Row._fields)
@given(data=st.data(), count=st.integers(1, 12))
def test_any_altered_field_of_any_row_is_found(field: str, data: st.DataObject, count: int) -> None:
    """Whichever field of whichever row: one fault, with the row's sequence."""
    honest = chain(count)
    place = data.draw(st.integers(1, count))
    old = getattr(honest[place - 1], field)
    values: dict[type, st.SearchStrategy[Any]] = {
        str: st.text(),
        int: st.integers(-(10**6), 10**6).filter(lambda n: not 1 <= n <= count),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }
    new = data.draw(values[type(old)].filter(lambda value: value != old))
    found = faults_of(altered(place, **{field: new})(honest), honest)
    assert [fault.sequence for fault in found] == [place]


@pytest.mark.parametrize("field", [name for name in Row._fields if name != "hash"])
@given(data=st.data(), count=st.integers(1, 12))
def test_any_row_that_was_altered_and_sealed_again_is_found(
    field: str, data: st.DataObject, count: int
) -> None:
    """The next row's link, or the item's head, gives it away."""
    honest = chain(count)
    place = data.draw(st.integers(1, count))
    old = getattr(honest[place - 1], field)
    values: dict[type, st.SearchStrategy[Any]] = {
        str: st.text(),
        int: st.integers(count + 1, 10**6),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }
    new = data.draw(values[type(old)].filter(lambda value: value != old))
    found = faults_of(altered_and_sealed(place, **{field: new})(honest), honest)
    assert [fault.sequence for fault in found] == [place]


@given(count=st.integers(1, 30), data=st.data())
def test_any_removed_rows_are_found(count: int, data: st.DataObject) -> None:
    """Each run of rows that is gone is named by its first."""
    honest = chain(count)
    gone = data.draw(st.sets(st.integers(1, count), min_size=1))
    found = faults_of([row for row in honest if row.sequence not in gone], honest)
    runs = [n for n in sorted(gone) if n - 1 not in gone]
    assert [(fault.kind, fault.sequence) for fault in found] == [(REMOVED, n) for n in runs]


@pytest.mark.parametrize("known", ["item", "head alone", "nothing"])
@given(count=st.integers(2, 30), data=st.data())
def test_any_two_rows_that_changed_places_are_found(
    known: str, count: int, data: st.DataObject
) -> None:
    """One of the two, or both, are named, and no other row, whatever is known of the item."""
    rows = chain(count)
    one, other = data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True))
    rows[one], rows[other] = rows[other], rows[one]
    found = list(
        verify(
            rows,
            head=None if known == "nothing" else chain(count)[-1].hash,
            sequence=count if known == "item" else None,
        )
    )
    assert found
    assert {fault.kind for fault in found} == {REORDERED}
    assert {fault.sequence for fault in found} <= {one + 1, other + 1}


@given(order=st.permutations(range(8)))
def test_any_disorder_is_found_and_nothing_else(order: list[int]) -> None:
    """A shuffled chain has reordered rows, and has lost or gained none."""
    honest = chain(8)
    found = faults_of([honest[n] for n in order], honest)
    assert {fault.kind for fault in found} == (set() if order == sorted(order) else {REORDERED})


def test_without_the_item_the_tail_is_taken_on_trust() -> None:
    """Head and sequence are what betrays a chain that was cut short."""
    rows = chain(5)[:3]
    assert list(verify(rows, head=None, sequence=None)) == []
    (by_head,) = verify(rows, head=chain(5)[-1].hash, sequence=None)
    assert (by_head.kind, by_head.sequence, by_head.scalable_target_id) == (REMOVED, 4, TARGET)
    (by_sequence,) = verify(rows, head=None, sequence=5)
    assert (by_sequence.kind, by_sequence.sequence) == (REMOVED, 4)


def test_an_empty_chain_is_whole_and_an_item_that_remembers_a_row_is_believed() -> None:
    """No rows are right for a target that never had one, and only for that."""
    assert list(verify([], head=GENESIS, sequence=0)) == []
    assert list(verify([], head=None, sequence=None)) == []
    assert [f.kind for f in verify([], head="f" * 64, sequence=0)] == [REMOVED]
    assert [f.scalable_target_id for f in verify([], head="f" * 64, sequence=2)] == [""]


def test_a_chain_is_walked_one_row_ahead_and_no_further() -> None:
    """A ledger of years is verified without being held."""
    taken = 0

    def rows() -> Any:
        nonlocal taken
        for row in altered(2, body="{}")(chain(100)):
            taken += 1
            yield row

    walk = verify(rows(), head=None, sequence=None)
    assert next(walk).sequence == 2
    assert taken == 3
    assert list(walk) == []


def test_ids_sort_by_time_and_differ_by_target() -> None:
    """An id begins with its instant, in UTC, to the millisecond."""
    row = seal("a", 7, T0.astimezone(timezone(timedelta(hours=9))), "decision", "{}", GENESIS)
    assert row.id.startswith("20261121T002411.123Z-000007-")
    assert row.at.tzinfo is UTC
    assert row.at == T0
    later = seal("a", 8, T0 + timedelta(milliseconds=1), "decision", "{}", row.hash)
    assert later.id > row.id
    assert seal("b", 7, T0, "decision", "{}", GENESIS).id != row.id


def test_an_instant_without_a_zone_is_refused() -> None:
    """Which instant it is would depend on the machine."""
    with pytest.raises(ValueError, match="expected an aware instant"):
        seal("a", 1, datetime(2026, 1, 1), "decision", "{}", GENESIS)  # noqa: DTZ001


def test_the_hash_of_a_row_never_changes() -> None:
    """A stored hash must fit for ever: this one was computed once, by hand, with sha256sum."""
    row = Row("a", 1, "i", datetime(2026, 1, 1, tzinfo=UTC), "decision", "{}", GENESIS, "")
    assert digest(row) == HASHED_BY_HAND
    assert digest(row._replace(at=row.at.astimezone(timezone(timedelta(hours=1))))) == (
        HASHED_BY_HAND
    )


HASHED_BY_HAND = "51a78f60d85def7e0831691b04aa56b88ff4ff1da240c57693b4c0e4ac977176"


def test_text_cannot_slide_from_one_field_into_the_next() -> None:
    """Lengths make `ab` + `c` another row than `a` + `bc`."""
    row = Row("a", 1, "i", T0, "ab", "c", GENESIS, "")
    assert digest(row) != digest(row._replace(kind="a", body="bc"))


def test_a_config_row_holds_the_config_as_an_object() -> None:
    """Canonical, so that it can be compared and hashed again."""
    body = config_body('{"b":1.5,"a":[true]}', "h", 3)
    assert body == '{"config":{"a":[true],"b":1.5},"config_hash":"h","generation":3}'
    assert json.loads(body)["config"] == {"a": [True], "b": 1.5}


@pytest.mark.parametrize("config", ["", "[]", "{", '"x"', "null"])
def test_a_config_that_is_no_object_is_refused(config: str) -> None:
    """A row that cannot be read back would spoil the chain for ever."""
    with pytest.raises(ValueError, match="expected a JSON object"):
        config_body(config, "h", 1)

"""Is an event turned away exactly when it, or a newer one of its source, was handled?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.ports import Trigger, TriggerKind
from flyball.seen import FORESIGHT, SOURCES_LIMIT, is_stale, note_seen, read_seen

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def event(source: str, at: datetime = NOON) -> Trigger:
    """Make an alarm's event."""
    return Trigger("x", "id", TriggerKind.ALARM, at, source)


@pytest.mark.parametrize(
    ("handled", "comes", "stale"),
    [
        (NOON, NOON, True),
        (NOON, NOON - SECOND, True),
        (NOON, NOON + SECOND, False),
        (NOON + FORESIGHT, NOON, True),
        (NOON + FORESIGHT + SECOND, NOON, False),
    ],
    ids=["the_same", "older", "newer", "a_clock_ahead", "a_clock_out_of_its_mind"],
)
def test_an_event_is_stale_if_it_or_a_newer_one_was_handled(
    handled: datetime, comes: datetime, *, stale: bool
) -> None:
    """But for a stamp that no clock can have had."""
    assert is_stale(event("a", comes), {"a": handled}, NOON) == stale


def test_an_event_without_a_source_or_of_another_is_never_stale() -> None:
    """Only events of one source have an order."""
    assert not is_stale(event(""), {"": NOON, "a": NOON}, NOON)
    assert not is_stale(event("b"), {"a": NOON}, NOON)


def test_a_stamp_is_kept_with_the_others() -> None:
    """In canonical form, in UTC."""
    text = note_seen({"b": NOON - SECOND}, event("a"), NOON)
    assert text == '{"a":"2026-11-21T12:00:00Z","b":"2026-11-21T11:59:59Z"}'
    assert read_seen(text) == {"a": NOON, "b": NOON - SECOND}


@pytest.mark.parametrize("at", [NOON + FORESIGHT + SECOND, datetime.max.replace(tzinfo=UTC)])
def test_a_stamp_from_the_future_is_neither_kept_nor_left(at: datetime) -> None:
    """It would silence its source until then."""
    assert note_seen({}, event("a", at), NOON) == "{}"
    assert note_seen({"a": at}, event(""), NOON) == "{}"


def test_the_oldest_of_too_many_sources_is_forgotten() -> None:
    """An item has a size limit, and names of alarms are without end."""
    seen = {f"alarm-{n}": NOON - n * SECOND for n in range(SOURCES_LIMIT)}
    kept = read_seen(note_seen(seen, event("new"), NOON))
    assert kept.keys() == (seen.keys() | {"new"}) - {f"alarm-{SOURCES_LIMIT - 1}"}


@given(st.permutations([event("a", NOON + n * SECOND) for n in (0, 0, 1, 2, 2)]))
def test_in_whatever_order_events_come_none_is_handled_after_a_newer_one(
    events: list[Trigger],
) -> None:
    """Duplicates and late ones fall away; the newest is always handled."""
    text, handled = "{}", []
    for each in events:
        if not is_stale(each, read_seen(text), NOON):
            text = note_seen(read_seen(text), each, NOON)
            handled.append(each.at)
    assert handled == sorted(set(handled))
    assert handled[-1] == NOON + 2 * SECOND

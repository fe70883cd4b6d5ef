"""Is a window cut to what is kept, and is silence told from absence?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flyball.history import HistoryError, Keep, choose_span, count_requests, widen
from flyball.recipe import Span

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
NOW = datetime(2026, 11, 21, 13, 7, 30, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEEPS = (Keep(MINUTE, 15 * DAY), Keep(5 * MINUTE, 63 * DAY), Keep(HOUR, 455 * DAY))


@dataclass(frozen=True)
class Window:
    """A window that is wanted, and what becomes of it."""

    id: str
    since: datetime
    until: datetime
    expect: Span


WINDOWS = [
    Window(
        "two weeks",
        MIDNIGHT - 14 * DAY,
        MIDNIGHT,
        Span(MIDNIGHT - 14 * DAY, MIDNIGHT, MINUTE),
    ),
    Window(
        "what is not settled is left out",
        NOW - HOUR,
        NOW,
        Span(NOW - HOUR + 30 * SECOND, NOW - 15 * MINUTE - 30 * SECOND, MINUTE),
    ),
    Window(
        "at the edge it is cut",
        NOW - 15 * DAY - 59 * MINUTE,
        MIDNIGHT,
        Span(NOW - 15 * DAY + 30 * SECOND, MIDNIGHT, MINUTE),
    ),
    Window(
        "past the edge it is coarser",
        NOW - 15 * DAY - 2 * HOUR,
        MIDNIGHT,
        Span(NOW - 15 * DAY - 2 * HOUR + 150 * SECOND, MIDNIGHT, 5 * MINUTE),
    ),
    Window(
        "the start alone counts",
        MIDNIGHT - 100 * DAY,
        MIDNIGHT - 99 * DAY,
        Span(MIDNIGHT - 100 * DAY, MIDNIGHT - 99 * DAY, HOUR),
    ),
]


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.id)
def test_a_window_has_the_finest_whole_periods_of_its_beginning(window: Window) -> None:
    """Never a part of one, at either end."""
    assert choose_span(window.since, window.until, KEEPS, NOW) == window.expect


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        (NOW - 456 * DAY, NOW, "no more than 455 days are kept; begin it after 2025-08-23"),
        (NOW - 10 * MINUTE, NOW, "fewer than two periods of 0:01:00"),
        (NOW - 100 * DAY, NOW - 100 * DAY + 90 * MINUTE, "fewer than two periods of 1:00:00"),
        (NOW - DAY, NOW - 2 * DAY, "fewer than two periods"),
    ],
    ids=["too old", "not settled", "too short", "backwards"],
)
def test_a_window_that_cannot_be_is_refused(since: datetime, until: datetime, says: str) -> None:
    """With what could be asked for."""
    with pytest.raises(HistoryError, match=says):
        choose_span(since, until, KEEPS, NOW)


@pytest.mark.parametrize(
    ("period", "margin"), [(MINUTE, 6 * MINUTE), (5 * MINUTE, 10 * MINUTE), (HOUR, HOUR)]
)
def test_a_span_is_widened_by_whole_periods(period: timedelta, margin: timedelta) -> None:
    """As far as a report may be from the next one."""
    span = Span(NOON, NOON + 2 * HOUR, period)
    assert widen(span) == Span(NOON - margin, NOON + 2 * HOUR + margin, period)


@dataclass(frozen=True)
class Case:
    """Ends of minutes after noon in which there were requests or reports; what came in five."""

    id: str
    counts: dict[int, float]
    reports: dict[int, float]
    expect: tuple[float | None, ...]


CASES = [
    Case("counted", {1: 7, 2: 8, 5: 9}, {}, (7, 8, None, None, 9)),
    Case("nobody came", {2: 8}, dict.fromkeys(range(-4, 10), 1), (0, 8, 0, 0, 0)),
    Case("reports every five minutes", {}, {-2: 1, 3: 1, 8: 1}, (0, 0, 0, 0, 0)),
    Case("a report a minute late", {}, {-2: 1, 4: 1, 9: 1}, (0, 0, 0, 0, 0)),
    Case("reports too far apart", {}, {-3: 1, 4: 1}, (None, None, None, 0, None)),
    Case("silent after", {}, {0: 1, 1: 1, 2: 1}, (0, 0, None, None, None)),
    Case("silent before", {}, {4: 1, 5: 1, 6: 1}, (None, None, None, 0, 0)),
    Case("none there", {1: 7}, {1: 1, 2: 1, 3: 0, 4: 0, 5: 1}, (7, 0, None, None, 0)),
    Case("no number", {1: -1, 2: math.nan, 3: math.inf, 4: 5}, {}, (None, None, None, 5, None)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_silence_is_a_zero_only_where_somebody_was_there(case: Case) -> None:
    """A gap is evidence of nothing."""
    span = Span(NOON, NOON + 5 * MINUTE, MINUTE)
    counts, reports = (
        {NOON + end * MINUTE: value for end, value in each.items()}
        for each in (case.counts, case.reports)
    )
    found = count_requests(span, counts, reports, {NOON + MINUTE: 2.0, NOON + 2 * MINUTE: -1.0})
    assert tuple(each.requests for each in found) == case.expect
    assert [each.at for each in found] == [NOON + index * MINUTE for index in range(5)]
    assert [each.instances for each in found] == [2.0, None, None, None, None]

"""Which floor and ceiling does the calendar ask for now, and until when?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from flyball.core.check import CAPACITY_LIMIT, check_duration, check_name, check_whole, fail
from flyball.core.occurrence import FOREVER, Pattern, Span, locate, make_pattern
from flyball.core.schedule import At, Cron, Rate, parse_expression, to_utc
from flyball.core.shape import NamedTuple, dataclass
from flyball.core.zone import FIRST_YEAR, LAST_YEAR, zone

__all__ = [
    "Bounds",
    "Span",
    "Window",
    "active_at",
    "combine",
    "foresee",
    "next_boundary",
    "occurrences",
]

LONGEST_DURATION = timedelta(days=366)
PRIORITY_LIMIT = 1_000_000
BOUNDARIES_LIMIT = 64
"""So many boundaries are looked at ahead: a day's worth of windows of three quarters of an hour."""


@dataclass(frozen=True, slots=True)
class Window:
    """A floor, a ceiling or both, from a start to an end.

    Where the clock changes: a start that it jumps over counts when it jumped, never skipped, and a
    start that it shows twice counts once, at the first; an end that it jumps over counts when it
    jumped, and one that it shows twice at the second. A start and an end that are both jumped over
    keep their distance. Spans of one window that overlap are one span.

    Attributes:
        name: Shown in reasons.
        start: A cron(...) or at(...) expression, local.
        end: Likewise; the first one after the start ends the window. Exactly one of end and
            duration. A start that no end follows is none.
        duration: Elapsed time, at most 366 days.
        time_zone: IANA name, of start, end and the dates.
        floor: The least capacity while active.
        ceiling: The most capacity while active.
        pin: Floor and ceiling in one; excludes both.
        priority: Of the active windows only those with the highest count.
        except_dates: Local dates of a start that is left out, as the expression has it.
        also_dates: Local dates with a start besides, at the expression's times of day.
        valid_from: Aware UTC; never active before it. A span around it is cut.
        valid_until: Aware UTC; never active from it on. A span around it is cut.

    Raises:
        ValueError: Something is malformed or contradictory; names the field, what was expected
            and, where it is not plain, the remedy.

    Source: EventBridge Scheduler User Guide, "Schedule types", for the expressions.
    """

    name: str
    start: str
    end: str | None = None
    duration: timedelta | None = None
    time_zone: str = "UTC"
    floor: int | None = None
    ceiling: int | None = None
    pin: int | None = None
    priority: int = 0
    except_dates: tuple[date, ...] = ()
    also_dates: tuple[date, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        check_name("window.name", self.name)
        self._check_times()
        self._check_capacities()
        self._check_dates()
        self._check_validity()

    @property
    def lowest(self) -> int | None:
        """The floor, or the pin."""
        return self.floor if self.pin is None else self.pin

    @property
    def highest(self) -> int | None:
        """The ceiling, or the pin."""
        return self.ceiling if self.pin is None else self.pin

    def _check_times(self) -> None:
        zone(self.time_zone)
        start = _parse_local("window.start", self.start)
        if (self.end is None) == (self.duration is None):
            fail("window.end, duration", (self.end, self.duration), "exactly one of the two")
        if self.duration is not None:
            check_duration("window.duration", self.duration, positive=True)
            if self.duration > LONGEST_DURATION:
                fail("window.duration", self.duration, "at most 366 days; give an end instead")
        if self.end is not None:
            end = _parse_local("window.end", self.end)
            if isinstance(start, At) and isinstance(end, At) and end.local <= start.local:
                fail("window.end", self.end, f"a time after {self.start}")

    def _check_capacities(self) -> None:
        given = {"floor": self.floor, "ceiling": self.ceiling, "pin": self.pin}
        for label, value in given.items():
            if value is not None:
                check_whole(f"window.{label}", value, 0, CAPACITY_LIMIT)
        if self.pin is not None and (self.floor is not None or self.ceiling is not None):
            fail("window.pin", self.pin, "no floor or ceiling beside it: it is both")
        if self.lowest is None and self.highest is None:
            fail("window.floor, ceiling, pin", None, "a floor, a ceiling, both, or a pin")
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            fail("window.floor", self.floor, f"at most the ceiling ({self.ceiling})")
        check_whole("window.priority", self.priority, -PRIORITY_LIMIT, PRIORITY_LIMIT)

    def _check_dates(self) -> None:
        for label, days in (("except_dates", self.except_dates), ("also_dates", self.also_dates)):
            for day in days:
                if type(day) is not date or not FIRST_YEAR <= day.year <= LAST_YEAR:
                    fail(f"window.{label}", day, f"dates of the years {FIRST_YEAR} to {LAST_YEAR}")
        both = set(self.except_dates) & set(self.also_dates)
        if both:
            fail("window.also_dates", min(both).isoformat(), "no date that except_dates has too")

    def _check_validity(self) -> None:
        since, until = self.valid_from, self.valid_until
        if since is not None:
            since = to_utc("window.valid_from", since)
            object.__setattr__(self, "valid_from", since)
        if until is not None:
            until = to_utc("window.valid_until", until)
            object.__setattr__(self, "valid_until", until)
        if since is not None and until is not None and until <= since:
            fail("window.valid_until", until.isoformat(), f"a time after {since.isoformat()}")


class Bounds(NamedTuple):
    """What all windows together ask for at one instant.

    Attributes:
        floor: None without one.
        floor_by: The name of the window that set it.
        ceiling: None without one; never below the floor.
        ceiling_by: The name of the window that set it, also where the floor then raised it.
        until: When any window next starts or ends, aware UTC; None for never.
    """

    floor: int | None
    floor_by: str | None
    ceiling: int | None
    ceiling_by: str | None
    until: datetime | None


def active_at(window: Window, t: datetime) -> Span | None:
    """Give the span in which an instant lies, or None if the window is not active then.

    Args:
        window: Any.
        t: Aware.

    Raises:
        ValueError: The instant is naive.
    """
    return _look_up(window, t)[0]


def next_boundary(window: Window, t: datetime) -> datetime | None:
    """Give the next start or end strictly after an instant, aware UTC, or None for never.

    Args:
        window: Any.
        t: Aware.

    Raises:
        ValueError: The instant is naive.
    """
    return _look_up(window, t)[1]


def occurrences(window: Window, after: datetime, count: int) -> list[Span]:
    """Give the next spans, in order; the first is the one around the instant if there is one.

    Args:
        window: Any.
        after: Aware; every span ends after it.
        count: How many, at least 0.

    Raises:
        ValueError: The instant is naive.
    """
    spans: list[Span] = []
    t: datetime | None = after
    while t is not None and len(spans) < count:
        span, t = _look_up(window, t)
        if span is not None:
            spans.append(span)
    return spans


def combine(windows: Iterable[Window], t: datetime) -> Bounds:
    """Say what several windows ask for together.

    Only the active windows of the highest active priority count; of those the largest floor and
    the smallest ceiling. A floor above the ceiling raises it: availability comes first. Of
    windows that ask for the same the first name in the alphabet is given.

    Args:
        windows: In any order.
        t: Aware.

    Raises:
        ValueError: The instant is naive.
    """
    active: list[Window] = []
    until: datetime | None = None
    for window in windows:
        span, boundary = _look_up(window, t)
        if boundary is not None and (until is None or boundary < until):
            until = boundary
        if span is not None:
            active.append(window)
    highest = max((window.priority for window in active), default=0)
    counting = [window for window in active if window.priority == highest]
    floors = [(-w.lowest, w.name) for w in counting if w.lowest is not None]
    ceilings = [(w.highest, w.name) for w in counting if w.highest is not None]
    floor, floor_by = min(floors, default=(None, None))
    ceiling, ceiling_by = min(ceilings, default=(None, None))
    if floor is not None:
        floor = -floor
        if ceiling is not None:
            ceiling = max(ceiling, floor)
    return Bounds(floor, floor_by, ceiling, ceiling_by, until)


def foresee(windows: Sequence[Window], t: datetime, early: timedelta) -> Iterator[Bounds]:
    """Say what several windows will ask for together, at an instant and at each boundary after it.

    Args:
        windows: In any order.
        t: Aware.
        early: Boundaries up to so long after the instant; none: nothing is said.

    Yields:
        What combine says, in order of time; at most of BOUNDARIES_LIMIT boundaries.

    Raises:
        ValueError: The instant is naive.
    """
    at: datetime | None = t
    for _ in range(BOUNDARIES_LIMIT if early else 0):
        if at is None or at > t + early:
            break
        found = combine(windows, at)
        yield found
        at = found.until


_Answer = tuple[Span | None, datetime | None]


class _Plan:
    """A window's pattern, and what it said last.

    The memory changes no answer, only its price: what `locate` says of one instant holds for every
    instant from it (or from the start of its span) to its next boundary.
    """

    __slots__ = ("last", "pattern")

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.last: tuple[datetime, datetime, _Answer] | None = None


def _look_up(window: Window, t: datetime) -> _Answer:
    plan = _plan(window)
    t = to_utc("t", t)
    last = plan.last
    if last is not None and last[0] <= t < last[1]:
        return last[2]
    answer = span, boundary = locate(plan.pattern, t)
    plan.last = (span.start if span else t, boundary or FOREVER, answer)
    return answer


@lru_cache(maxsize=4096)
def _plan(window: Window) -> _Plan:
    return _Plan(
        make_pattern(
            _parse_local("window.start", window.start),
            None if window.end is None else _parse_local("window.end", window.end),
            window.duration or timedelta(),
            zone(window.time_zone),
            skipped=frozenset(window.except_dates),
            added=window.also_dates,
            valid_from=window.valid_from,
            valid_until=window.valid_until,
        )
    )


def _parse_local(where: str, text: str) -> At | Cron:
    try:
        expression = parse_expression(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if isinstance(expression, Rate):
        fail(where, text, "at(...) or cron(...): a rate has no time of day")
    return expression

"""Do schedules and windows agree with a clock that is watched minute by minute?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flyball.core.schedule import Schedule, last_between, next_after, preview, zone
from flyball.core.window import Window, active_at, combine, next_boundary, occurrences

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
NOMINAL = datetime.fromisoformat

CHANGES = (
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("America/St_Johns", "2026-03-08T05:30"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/Sao_Paulo", "2019-02-17T02:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("Europe/Berlin", "2027-03-28T01:00"),
    ("Europe/Dublin", "2026-10-25T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Sydney", "2026-04-04T16:00"),
    ("Asia/Kathmandu", "2026-02-28T18:15"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Pacific/Kwajalein", "1993-08-21T12:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("UTC", "2028-02-29T00:00"),
    ("UTC", "2026-12-31T12:00"),
)
"""A zone, and an instant at which its clock changes or its month ends."""


@dataclass(frozen=True)
class Field:
    """A field of a cron expression, and what it means."""

    text: str
    values: frozenset[int]


@dataclass(frozen=True)
class Cron:
    """A cron expression, and which local minutes it names, by a second reading of the rules."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    names: Callable[[date], bool]

    def fires(self, local: datetime) -> bool:
        """Say whether the expression names a local minute."""
        return (
            local.minute in self.minutes and local.hour in self.hours and self.names(local.date())
        )


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> Field:
    """Draw a list of values, ranges and steps."""
    texts, values = [], set[int]()
    for _ in range(draw(st.integers(1, 3))):
        first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
        step = draw(st.integers(1, high - low + 1))
        span = [first]
        while span[-1] != last:
            span.append(low if span[-1] == high else span[-1] + 1)
        text, found = draw(
            st.sampled_from(
                (
                    (f"{first}", {first}),
                    (f"{first}-{last}", set(span)),
                    (f"{first}-{last}/{step}", set(span[::step])),
                    (f"{first}/{step}", set(range(first, high + 1, step))),
                    (f"*/{step}", set(range(low, high + 1, step))),
                    ("*", set(range(low, high + 1))),
                )
            )
        )
        texts.append(text)
        values |= found
    return Field(",".join(texts), frozenset(values))


def last_of(day: date) -> date:
    """Give the last day of a day's month."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


def nearest(day: date, n: int) -> date | None:
    """Give the weekday nearest to day n of a month; of two the one in the month."""
    month = [day.replace(day=d) for d in range(1, last_of(day).day + 1)]
    if n > len(month):
        return None
    weekdays = [other for other in month if other.isoweekday() < 6]
    return min(weekdays, key=lambda other: abs((other - month[n - 1]).days))


@st.composite
def day_rules(draw: st.DrawFn) -> tuple[str, Callable[[date], bool]]:
    """Draw both day fields: day of month and day of week, with one ?."""
    n, weekday, nth = draw(st.integers(1, 31)), draw(st.integers(0, 6)), draw(st.integers(1, 5))
    month_days, week_days = draw(fields(1, 31)), draw(st.sets(st.integers(0, 6), min_size=1))
    name = draw(st.sampled_from((WEEKDAYS[weekday], WEEKDAYS[weekday].lower(), str(weekday + 1))))
    listed = ",".join(WEEKDAYS[each] for each in sorted(week_days))
    rules: tuple[tuple[str, Callable[[date], bool]], ...] = (
        ("* {month} ?", lambda _: True),
        ("? {month} *", lambda _: True),
        (f"{month_days.text} {{month}} ?", lambda day: day.day in month_days.values),
        (f"? {{month}} {listed}", lambda day: day.isoweekday() % 7 in week_days),
        ("L {month} ?", lambda day: day == last_of(day)),
        ("LW {month} ?", lambda day: day == nearest(day, last_of(day).day)),
        (f"{n}W {{month}} ?", lambda day: day == nearest(day, n)),
        ("? {month} L", lambda day: day.isoweekday() == 6),
        (
            f"? {{month}} {name}L",
            lambda day: day.isoweekday() % 7 == weekday and (day + 7 * DAY).month != day.month,
        ),
        (
            f"? {{month}} {name}#{nth}",
            lambda day: day.isoweekday() % 7 == weekday and (day.day + 6) // 7 == nth,
        ),
    )
    return draw(st.sampled_from(rules))


@st.composite
def crons(draw: st.DrawFn) -> Cron:
    """Draw an expression that fires now and then."""
    minute, hour = draw(fields(0, 59)), draw(fields(0, 23))
    every = Field("*", frozenset(range(1, 13)))
    month = draw(st.one_of(st.just(every), st.just(every), fields(1, 12)))
    days, fits = draw(day_rules())
    text = f"cron({minute.text} {hour.text} {days.format(month=month.text)} *)"
    return Cron(
        text, minute.values, hour.values, lambda day: day.month in month.values and fits(day)
    )


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and an instant around one of its changes."""
    name, change = draw(st.sampled_from(CHANGES))
    offset = draw(st.integers(-2 * 1440, 300))
    return name, NOMINAL(change).replace(tzinfo=UTC) + offset * MINUTE


Clock = list[tuple[datetime, datetime]]
"""Instants, a minute apart, and what a clock shows at each, with fold."""


@lru_cache
def watch(name: str, change: str) -> Clock:
    """Look at a clock every minute of six days around a change."""
    tz, middle = zone(name), NOMINAL(change).replace(tzinfo=UTC)
    instants = [middle + n * MINUTE for n in range(-3 * 1440, 3 * 1440)]
    return [(u, u.astimezone(tz).replace(tzinfo=None)) for u in instants]


@lru_cache
def read_clock(name: str, change: str) -> tuple[dict[datetime, datetime], dict[datetime, datetime]]:
    """Say when a watched clock first, and when it last, reached each local minute."""
    first: dict[datetime, datetime] = {}
    last: dict[datetime, datetime] = {}
    for (_, before), (u, now) in pairwise(watch(name, change)):
        local = before.replace(fold=0) + MINUTE if now > before else now.replace(fold=0)
        while local <= now:
            first.setdefault(local, u)
            last[local] = u
            local += MINUTE
    return first, last


@given(crons(), st.sampled_from(CHANGES))
@settings(max_examples=100)
def test_a_schedule_fires_when_a_watched_clock_first_shows_its_minute(
    cron: Cron, change: tuple[str, str]
) -> None:
    """Both directions agree with six days of watching the clock, changes of the clock included."""
    clock = watch(*change)
    schedule = Schedule(cron.text, change[0])
    seen = [u for u, local in clock if not local.fold and cron.fires(local)]
    before, until = clock[0][0] - timedelta(seconds=1), clock[-1][0]
    found, firing = [], next_after(schedule, before)
    while firing is not None and firing <= until:
        found.append(firing)
        firing = next_after(schedule, firing)
    assert found == seen
    assert last_between(schedule, before, until) == (seen[-1] if seen else None)


@given(
    st.one_of(
        st.tuples(crons(), moments()).map(lambda drawn: Schedule(drawn[0].text, drawn[1][0])),
        st.builds(
            lambda n, unit: Schedule(f"rate({n} {unit})"),
            st.integers(2, 500),
            st.sampled_from(("minutes", "hours", "days")),
        ),
    ),
    st.datetimes(NOMINAL("1969-12-30"), NOMINAL("2200-01-02"), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), 900 * DAY),
)
def test_firings_increase_and_the_latest_agrees_with_the_next(
    schedule: Schedule, t: datetime, gap: timedelta
) -> None:
    """Strictly after, strictly increasing, in UTC; the latest is the last of the next ones."""
    firings = preview(schedule, t, 20)
    assert all(firing.tzinfo is UTC for firing in firings)
    assert all(one < two for one, two in pairwise([t, *firings]))
    for one, two in pairwise([t, *firings]):
        assert last_between(schedule, t, two) == two
        assert last_between(schedule, one, two - timedelta(microseconds=1)) is None
    latest = last_between(schedule, t, t + gap)
    if latest is None:
        assert not firings or firings[0] > t + gap
    else:
        assert t < latest <= t + gap
        following = next_after(schedule, latest)
        assert following is None or following > t + gap


@given(crons(), moments(), st.integers(0, 4000), st.integers(0, 4000))
def test_start_and_end_only_leave_firings_out(
    cron: Cron, moment: tuple[str, datetime], since: int, length: int
) -> None:
    """Inside its start and end, both included, a schedule fires as it would without them."""
    name, t = moment
    start = t + since * MINUTE
    end = start + length * MINUTE
    free, bound = Schedule(cron.text, name), Schedule(cron.text, name, start, end)
    expected = [u for u in preview(free, start - timedelta(microseconds=1), 30) if u <= end]
    assert preview(bound, t - DAY, len(expected) or 1)[:30] == expected


expressions = st.one_of(
    st.text(max_size=60),
    st.text("0123456789,-*?/LW#MONFRIJA ", max_size=40).map("cron({})".format),
    st.lists(
        st.text("0123456789,-*?/LW#SUNMONFEBDEC", min_size=1, max_size=8), min_size=6, max_size=6
    ).map(lambda parts: f"cron({' '.join(parts)})"),
    st.text("0123456789 minutehorday", max_size=20).map("rate({})".format),
    st.text("0123456789-T:Z", max_size=22).map("at({})".format),
    st.from_regex(r"at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)", fullmatch=True),
    st.from_regex(r"rate\([0-9]{1,12} (minute|hour|day)s?\)", fullmatch=True),
)


@given(expressions, st.one_of(st.just("UTC"), st.text(max_size=20)))
@settings(max_examples=500)
def test_any_text_is_a_schedule_or_a_value_error(expression: str, name: str) -> None:
    """Nothing else is ever raised, and what is accepted can be asked for its next firing."""
    try:
        schedule = Schedule(expression, name)
    except ValueError as error:
        assert str(error)  # noqa: PT017
        return
    t = datetime(2026, 1, 1, tzinfo=UTC)
    firing = next_after(schedule, t)
    assert firing is None or firing > t


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, Cron, Cron | None]:
    """Draw a window with an end or a duration."""
    start = draw(crons())
    end = draw(st.one_of(st.none(), crons()))
    minutes = draw(st.one_of(st.integers(1, 90), st.integers(1, 2 * 1440)))
    name, _ = draw(moments())
    window = Window(
        "a",
        start.text,
        end=None if end is None else end.text,
        duration=None if end is not None else minutes * MINUTE,
        time_zone=name,
        floor=1,
    )
    return window, start, end


def join(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Join the spans that overlap or touch."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in sorted(spans):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


@given(windows(), st.data())
@settings(max_examples=100)
def test_a_window_is_active_when_a_watched_clock_is_between_its_start_and_end(
    drawn: tuple[Window, Cron, Cron | None], data: st.DataObject
) -> None:
    """From the first reaching of a start to the last reaching of its end, or for its duration."""
    window, start, end = drawn
    change = data.draw(st.sampled_from([each for each in CHANGES if each[0] == window.time_zone]))
    first, last = read_clock(*change)
    starts = [local for local in first if start.fires(local)]
    if end is None:
        since = NOMINAL(change[1]).replace(tzinfo=UTC) - DAY
        until = since + 3 * DAY
        duration = window.duration or timedelta()
        spans = [(first[local], first[local] + duration) for local in starts]
    else:
        ends = sorted(local for local in last if end.fires(local))
        assume(ends)
        since, until = last[ends[0]], last[ends[-1]]  # beyond them, one may lie out of sight
        places = [(local, bisect_right(ends, local)) for local in starts]
        spans = [(first[local], last[ends[n]]) for local, n in places if n < len(ends)]
        assume(all(one < two for one, two in spans))  # no jump swallowed both
    joined = join(spans)
    for n in range(0, (until - since) // MINUTE, 13):
        u = since + n * MINUTE
        expected = any(one <= u < two for one, two in joined)
        assert (active_at(window, u) is not None) == expected


@given(windows(), moments(), st.lists(st.integers(0, 9 * 1440), min_size=1, max_size=20))
def test_active_at_occurrences_and_next_boundary_agree_in_any_order(
    drawn: tuple[Window, Cron, Cron | None], moment: tuple[str, datetime], minutes: list[int]
) -> None:
    """Spans are in order and apart; what is asked before changes nothing."""
    window, (_, t) = drawn[0], moment
    spans = occurrences(window, t, 12)
    assert all(span.start < span.end for span in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    horizon = spans[-1].end if len(spans) == 12 else t + 10 * DAY
    for n in minutes:
        u = t + n * MINUTE
        if u >= horizon:
            continue
        around = next((span for span in spans if span.start <= u < span.end), None)
        edges = [edge for span in spans for edge in span if edge > u]
        fresh = replace(window, name=f"b{n}")
        assert active_at(window, u) == active_at(fresh, u) == around
        assert next_boundary(window, u) == next_boundary(fresh, u) == min(edges, default=None)


@given(
    st.lists(
        st.tuples(windows(), st.integers(0, 9), st.integers(0, 9), st.integers(-1, 1)), max_size=5
    ),
    moments(),
)
def test_windows_together_never_ask_for_a_floor_above_the_ceiling(
    drawn: list[tuple[tuple[Window, Cron, Cron | None], int, int, int]],
    moment: tuple[str, datetime],
) -> None:
    """The order of windows does not matter, and the answer holds until it says."""
    _, t = moment
    several = [
        replace(
            window,
            name=f"w{n}",
            floor=min(a, b) if a % 3 else None,
            ceiling=max(a, b),
            priority=priority,
        )
        for n, ((window, _, _), a, b, priority) in enumerate(drawn)
    ]
    bounds = combine(several, t)
    assert bounds == combine(several[::-1], t)
    assert (bounds.floor is None) == (bounds.floor_by is None)
    assert (bounds.ceiling is None) == (bounds.ceiling_by is None)
    if bounds.floor is not None and bounds.ceiling is not None:
        assert bounds.floor <= bounds.ceiling
    edges = [edge for edge in (next_boundary(window, t) for window in several) if edge]
    assert bounds.until == min(edges, default=None)
    if bounds.until is not None:
        assert combine(several, bounds.until - timedelta(microseconds=1)) == bounds

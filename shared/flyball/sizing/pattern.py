"""Under which traffic is a sized endpoint to hold?

Users who come one or three a minute until all are there; a smooth day; spikes; and what was
recorded. The ramps and what is expected have to hold, the rest is told for comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flyball.core.zone import zone
from flyball.report.figures import duration
from flyball.sim.trace import Trace
from flyball.sizing.expectation import DAY_MINUTES, MINUTE_S, Expectation, Ramp, Shape, draw_course
from flyball.sizing.rounding import show_figure

REQUESTS_PER_USER = 60.0
"""A minute: a user who sends a request a second; so 500 users send 500 requests a second.

Source: the published example counts the same 30,000 a minute both ways; what one of its users
    sends is not said.
"""
RATES = (1.0, 3.0)
"""New users a minute."""
BEFORE, AFTER = 30, 60
"""Minutes with the least before a ramp, and with the most after it."""
MINUTE = timedelta(minutes=1)
LONGEST = 7 * DAY_MINUTES
"""Minutes of a history: of a longer one its last part."""
LONGEST_RAMP = 3 * DAY_MINUTES
"""Minutes that users come at most: past that, more of them come at a time."""
SPIKES_MINUTES = 6 * 60
RECORDED, GREATEST, SMOOTH = "trace", "trace-most", "smooth-day"
NEAR_RATIO = 0.98
"""Of the most of a history: as much in what is tried of it is the same."""
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Traffic that is tried.

    Attributes:
        name: One word for files, such as "ramp-3".
        title: For people.
        requests: In each minute, shape (n,), n >= 1; None is a gap.
        required: Whether it has to hold.
        start: Of the first minute, aware UTC.
        has_calendar: Whether its hours and days are those of the world, so that windows count.
    """

    name: str
    title: str
    requests: tuple[float | None, ...]
    required: bool = True
    start: datetime = MONDAY
    has_calendar: bool = False

    @property
    def most(self) -> float:
        """The most requests in a minute."""
        return max((each for each in self.requests if each is not None), default=0.0)


def expect_patterns(
    expectation: Expectation,
    *,
    requests_per_user: float = REQUESTS_PER_USER,
    history: Trace | None = None,
    time_zone: str = "UTC",
) -> tuple[Pattern, ...]:
    """Draw the traffic that an endpoint is tried under.

    Args:
        expectation: Least, most and shape.
        requests_per_user: A minute, > 0; an expected ramp says its own.
        history: What was recorded, with its calendar; None: the expectation's trace, if any.
        time_zone: IANA name, of its dates.

    Returns:
        The ramps first, then what is expected, then what is only told.

    Raises:
        ValueError: A user sends nothing.
    """
    own = expectation.ramp
    each = own.requests_per_user if own is not None else requests_per_user
    if not 0.0 < each < math.inf:
        raise ValueError(f"requests_per_user: {each!r} is not a number above 0")
    rates = list(RATES)
    if expectation.shape is Shape.RAMP and own is not None and own.users_per_minute not in rates:
        rates.append(own.users_per_minute)
    ramps = {(drawn := draw_ramp(expectation, Ramp(rate, each))).name: drawn for rate in rates}
    found = list(ramps.values())
    found += _draw_recorded(expectation, history, time_zone)
    others = [
        Pattern(
            "spikes",
            f"the most at once, for {expectation.spike.lasts} minutes every "
            f"{expectation.spike.every}",
            draw_course(replace(expectation, shape=Shape.SPIKY), SPIKES_MINUTES),
            required=expectation.shape is Shape.SPIKY,
        ),
        Pattern(
            SMOOTH,
            "from the least to the most and back in a day",
            draw_course(replace(expectation, shape=Shape.SMOOTH)),
            required=expectation.shape is Shape.SMOOTH,
        ),
    ]
    return (*found, *sorted(others, key=lambda pattern: not pattern.required))


def draw_ramp(expectation: Expectation, ramp: Ramp) -> Pattern:
    """Let users come until the most is there; where that takes too long, they come quicker."""
    room = (expectation.most_per_s - expectation.least_per_s) * MINUTE_S
    rate = max(math.prod(ramp), room / LONGEST_RAMP)
    users = rate / ramp.requests_per_user
    minutes = math.ceil(room / rate)
    drawn = draw_course(
        replace(
            expectation,
            shape=Shape.RAMP,
            ramp=Ramp(users, ramp.requests_per_user),
        ),
        minutes + AFTER,
    )
    before = (expectation.least_per_s * MINUTE_S,) * BEFORE
    title = (
        f"{users:.3g} new user{'' if users == 1 else 's'} a minute, of "
        f"{show_figure(ramp.requests_per_user)} requests a minute each"
    )
    return Pattern(f"ramp-{users:.3g}", title, before + drawn)


def _draw_recorded(
    expectation: Expectation, history: Trace | None, time_zone: str
) -> list[Pattern]:
    """Take what was recorded, of a long history its last days and those of its most."""
    if history is None:
        if expectation.shape is Shape.TRACE:
            return [Pattern(RECORDED, "what was recorded", expectation.trace[-LONGEST:])]
        return []
    left = max(0, len(history.requests) - LONGEST)
    whole = duration(history.end - history.start)
    days = f"the last {LONGEST // DAY_MINUTES} days of {whole}" if left else ""
    found = [_cut(RECORDED, history, left, time_zone, days)]
    known = [(each, index) for index, each in enumerate(history.requests) if each is not None]
    most, index = max(known, key=lambda each: each[0], default=(0.0, left))
    if index < left and found[0].most < NEAR_RATIO * most:
        at = _show(history.start + index * MINUTE, time_zone)
        title = f"with the most of all, {show_figure(most)} a minute on {at}"
        begin = max(0, index + DAY_MINUTES - LONGEST)
        found.append(_cut(GREATEST, history, begin, time_zone, title))
    return found


def _cut(name: str, history: Trace, begin: int, time_zone: str, title: str) -> Pattern:
    """Take the days that begin there."""
    requests = history.requests[begin : begin + LONGEST]
    start = history.start + begin * MINUTE
    told = (
        f"what was recorded from {_show(start, time_zone)} to "
        f"{_show(start + len(requests) * MINUTE, time_zone)}"
    )
    title = f"{told}, {title}" if title else told
    return Pattern(name, title, requests, start=start, has_calendar=True)


def _show(at: datetime, time_zone: str) -> str:
    return f"{at.astimezone(zone(time_zone)):%a %Y-%m-%d %H:%M %Z}"

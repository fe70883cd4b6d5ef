"""How do all shadows live through a quarter of an hour, and which of them is followed then?

This is what happens once in fifteen minutes. What it leaves behind is packed: a float32 or a whole
number each, by shadow.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import fsum, isnan
from operator import mul, ne

from flyball.core.account import DAY_MINUTES, FADING, Account, Choice, Record, book, choose
from flyball.core.shadow import FLOORS, Course, Shadow, Stretch, Trail, endure, follow
from flyball.core.shape import NamedTuple
from flyball.core.tracker import Tracker, track

_COLUMNS = len(Record._fields) + 1
_FLOAT_BYTES = 4
YESTERDAY = FLOORS.index("yesterday")
FIRST_DAY_RATIO = 0.5
COUNTS_LIMIT = 65_535
"""Whole numbers up to it take two bytes, others four."""


class Own(NamedTuple):
    """What was really ordered, by whichever shadow was followed.

    Attributes:
        backlog: As the model has it, instance-minutes.
        orders: As in Course.
    """

    backlog: float
    orders: tuple[int, ...]


class Books(NamedTuple):
    """What is carried from quarter to quarter.

    Attributes:
        account: Our own.
        choice: Who is followed.
        own: What was ordered.
        tracker: Target tracking, whose changes bound ours.
        sums: Six columns of float32, by shadow: those of Record in their order, and backlog.
        courses: A row for each shadow: timer, highest, and its orders; in two bytes each, or in
            four where the first byte says "I".
    """

    account: Account
    choice: Choice
    own: Own
    tracker: Tracker
    sums: bytes
    courses: bytes


class Terms(NamedTuple):
    """What a choice is bound by.

    Attributes:
        late_budget_ratio: The user's, 0–1.
        cost_limit: Mean instances that the user will not pass; None: any.
        careful: The shadow that is followed while too little was seen.
    """

    late_budget_ratio: float
    cost_limit: float | None
    careful: int


def open_books(shadows: Sequence[Shadow], first: int, span: int, careful: int) -> Books:
    """Begin: everybody has the same number of instances.

    Args:
        shadows: The portfolio.
        first: Instances.
        span: Lead and lag, minutes.
        careful: The shadow to follow first.
    """
    orders = (first,) * span
    course = Course(0.0, 0, 0, orders)
    nothing = Record(*([0.0] * len(shadows) for _ in Record._fields))
    sums, courses = _pack(nothing, [course] * len(shadows), span)
    return Books(
        Account(),
        choose(Account(), nothing, 0.0, None, careful),
        Own(0.0, orders),
        Tracker(0, 0, 0, orders),
        sums,
        courses,
    )


def close_quarter(shadows: Sequence[Shadow], books: Books, stretch: Stretch, terms: Terms) -> Books:
    """Let all live through a quarter, enter what came of it, and choose again."""
    span = stretch.lead + stretch.lag
    books = _fit(books, span)
    record, courses = _unpack(books, len(shadows), span)
    trails = [
        follow(shadow, course, stretch) for shadow, course in zip(shadows, courses, strict=True)
    ]
    demand = [value for value in stretch.demand if not isnan(value)]
    own, late = _own(books, trails[books.choice.shadow], stretch)
    tracker, changes = track(books.tracker, stretch)
    account = book(books.account, demand, late, changes, terms.late_budget_ratio)
    record = _enter(record, trails, stretch, len(demand))
    ended = account.known // DAY_MINUTES - books.account.known // DAY_MINUTES
    if ended and not books.account.known // DAY_MINUTES:
        record = _forgive(record, shadows)
    choice = choose(account, record, terms.late_budget_ratio, terms.cost_limit, terms.careful)
    now = trails[choice.shadow].orders[-1]
    if ended:
        record = record._replace(todays=[0.0] * len(shadows))
    sums, packed = _pack(record, trails, span)
    return Books(
        account,
        choice,
        own._replace(orders=(*own.orders[:-1], now)),
        tracker,
        sums,
        packed,
    )


def check_books(books: Books, count: int) -> None:
    """Refuse columns that are not of so many shadows.

    Raises:
        ValueError: As it says.
    """
    each = struct.calcsize(f"<{chr(books.courses[0])}")
    width, over = divmod(len(books.courses) - 1, each * count)
    if (
        len(books.sums) != _COLUMNS * _FLOAT_BYTES * count
        or over
        or width < len(Course._fields) - 1
        or books.choice.shadow >= count
    ):
        message = f"its columns are not those of {count} shadows"
        raise ValueError(message)


def read_course(shadow: int, count: int, books: Books, span: int) -> Course:
    """Unpack where one shadow of so many stands."""
    (backlog,) = struct.unpack_from(
        "<f", books.sums, _FLOAT_BYTES * ((_COLUMNS - 1) * count + shadow)
    )
    size = chr(books.courses[0])
    row = (len(books.courses) - 1) // count
    width = row // struct.calcsize(f"<{size}")
    timer, highest, *orders = struct.unpack_from(f"<{width}{size}", books.courses, 1 + shadow * row)
    return Course(backlog, timer, highest, reach(tuple(orders), span))


def _fit(books: Books, span: int) -> Books:
    """Let what was ordered span as many minutes as the lead time of today asks for."""
    if len(books.own.orders) == span:
        return books
    own, tracker = books.own, books.tracker
    return books._replace(
        own=own._replace(orders=reach(own.orders, span)),
        tracker=tracker._replace(orders=reach(tracker.orders, span)),
    )


def _enter(record: Record, trails: list[Trail], stretch: Stretch, known: int) -> Record:
    """Add a quarter to what the shadows did, less the lateness that all of them had."""
    if not known:
        return record
    fading = FADING[known]
    first, end = stretch.lead, stretch.lead + len(stretch.demand)
    forgiven = 0.0
    if all(trail.lates for trail in trails):
        forgiven = fsum(map(min, zip(*(trail.lates for trail in trails), strict=True)))
    lates, costs, changes, todays, worsts = [], [], [], [], []
    for trail, late, cost, change, today, worst in zip(trails, *record, strict=True):
        orders = trail.orders[first : end + 1]
        steady = orders.count(orders[0]) == len(orders)
        moves = 0 if steady else sum(map(ne, orders, orders[1:]))
        billed = sum(orders) - orders[-1]
        if not stretch.whole:
            pairs = zip(orders, stretch.demand, strict=False)
            billed = sum(order for order, demand in pairs if not isnan(demand))
        escaped = fsum(trail.lates) - forgiven if trail.lates else 0.0
        lates.append(late * fading + escaped)
        todays.append(today + escaped)
        worsts.append(max(worst * fading, today + escaped))
        costs.append(cost * fading + billed)
        changes.append(change * fading + moves)
    return Record(lates, costs, changes, todays, worsts)


def _forgive(record: Record, shadows: Sequence[Shadow]) -> Record:
    """Halve what those were late on the first day who lean on a yesterday that there was not."""
    parts = [FIRST_DAY_RATIO if shadow.floor == YESTERDAY else 1.0 for shadow in shadows]
    lates = list(map(mul, record.lates, parts))
    return record._replace(lates=lates, worsts=list(map(mul, record.worsts, parts)))


def _own(books: Books, followed: Trail, stretch: Stretch) -> tuple[Own, float]:
    """Say what was ordered in the quarter, and what was late under it."""
    orders = [*books.own.orders, *followed.orders[-len(stretch.demand) :]]
    backlog, late = endure(orders, books.own.backlog, stretch)
    return Own(backlog, tuple(orders[-len(books.own.orders) :])), late


def _pack(record: Record, courses: Sequence[Course | Trail], span: int) -> tuple[bytes, bytes]:
    columns = [value for column in record for value in column]
    columns += [course.backlog for course in courses]
    counts: list[int] = []
    for course in courses:
        counts += (course.timer, course.highest, *course.orders[-span:])
    size = "H" if max(counts) <= COUNTS_LIMIT else "I"
    return (
        struct.pack(f"<{len(columns)}f", *columns),
        size.encode() + struct.pack(f"<{len(counts)}{size}", *counts),
    )


def _unpack(books: Books, count: int, span: int) -> tuple[Record, list[Course]]:
    flat = struct.unpack(f"<{_COLUMNS * count}f", books.sums)
    *columns, backlogs = (flat[n * count : (n + 1) * count] for n in range(_COLUMNS))
    size = chr(books.courses[0])
    each = struct.calcsize(f"<{size}")
    counts = struct.unpack(f"<{(len(books.courses) - 1) // each}{size}", books.courses[1:])
    width = len(counts) // count
    rows = zip(backlogs, range(0, len(counts), width), strict=True)
    courses = [
        Course(backlog, counts[row], counts[row + 1], counts[row + 2 : row + width])
        for backlog, row in rows
    ]
    if width != span + 2:
        courses = [each._replace(orders=reach(each.orders, span)) for each in courses]
    return Record(*columns), courses


def reach(orders: tuple[int, ...], span: int) -> tuple[int, ...]:
    """Fit orders to a span of minutes: older ones are forgotten, or taken to have been the same."""
    if len(orders) < span:
        return (orders[0],) * (span - len(orders)) + orders
    return orders[-span:]

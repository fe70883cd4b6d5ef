"""What does the page of a backtest show?

It has room for half a megabyte, so that it can be mailed: where there is more, what was late and
what changed most is kept, and the page says what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flyball.report import backtest as report
from flyball.report.page.encode import Phrases, encode_mark, write
from flyball.report.page.model import (
    Chart,
    Days,
    Figure,
    Group,
    Mark,
    Page,
    Point,
    Subject,
    Table,
)
from flyball.report.page.sample import AROUND, buckets, divide, gather
from flyball.report.plain import plain
from flyball.report.sentences import headline, tell_why
from flyball.sim.backtest import OURS, Backtest, Contender
from flyball.sim.judge import find_late

MOST_SUBJECTS = 12
COLUMN_BYTES = 250_000
MARK_BYTES = 100_000
DAY_BYTES = 60_000
FEWEST = 120
"""Buckets, however many share the page."""
NAME = 80
"""Most characters of a name."""
TERMS = (
    ("÷ best", "Hours divided by those of who knows the future and lets nobody wait."),
    ("excess", "Requests over the capacity of their minute."),
    ("late", "Those, and all that come while more than 2 % of a minute's work waits before them."),
    ("undone", "Orders against the one before it, within 30 minutes."),
    ("θ, τ", "SPEC's elasticity: how much too little or too much there was, and for how long."),
    ("unstable", "SPEC's instability: how long supply moved otherwise than what was needed."),
)  # fmt: skip


class Fleet(NamedTuple):
    """All that ran, of which a page has room for some.

    Attributes:
        targets: How many there are.
        total: What each contender came to over all of them.
    """

    targets: int
    total: Sequence[report.Line]


def compose(found: Sequence[Backtest], fleet: Fleet | None = None) -> Page:
    """Make the page of backtests, one or more.

    Args:
        found: They; of a fleet those that are to be shown.
        fleet: All that there are, where that is more.
    """
    shown = _choose(found)
    count, total = fleet or (len(found), report.add_up(found))
    subjects = tuple(make_subject(each, len(shown)) for each in shown)
    tables: tuple[Table, ...] = ()
    if count > 1:
        rows = tuple(report.table_rows(total))
        tables = (Table(f"All {count:,} together", report.HEADS, rows, strong=OURS),)
    title = subjects[0].name if count == 1 else f"{count:,} scalable targets"
    return Page("Backtest", title, subjects, tables, TERMS, tuple(_notes(count, subjects)))


def _choose(found: Sequence[Backtest]) -> list[Backtest]:
    """Choose those with the most late requests, in the order given."""
    worst = sorted(found, key=lambda each: -each.ours.marks.late)[:MOST_SUBJECTS]
    return [each for each in found if any(each is one for one in worst)]


def _notes(count: int, subjects: Sequence[Subject]) -> list[str]:
    notes = []
    if len(subjects) < count:
        notes.append(
            f"Shown are the {len(subjects)} of {count:,} with the most late requests; "
            "all are in the sum, and in --json."
        )
    charts = [each.chart for each in subjects if each.chart is not None]
    if any(segment.width > 1 for chart in charts for segment in chart.segments):
        notes.append(
            "To stay small, this page shows several minutes as one, by their least and greatest "
            "values; where requests were late it shows each minute, the worst places first."
        )
    return notes


def make_subject(found: Backtest, sharing: int) -> Subject:
    """Make the part of one scalable target, of so many that share a page."""
    lines = [report.line_of(each) for each in found.contenders]
    tables = (
        Table("In total", report.HEADS, tuple(report.table_rows(lines)), strong=OURS),
        Table(
            "Elasticity", report.ELASTICITY_HEADS, tuple(report.elasticity_rows(found)), strong=OURS
        ),
    )
    return Subject(
        plain(found.subject.scalable_target.id, NAME),
        tuple(report.tell_subject(found)),
        _figures(found),
        make_chart(found, sharing),
        "instance hours ÷ best",
        tuple(make_point(each) for each in found.contenders if each.marks.clairvoyant_hours),
        tables,
        make_days(found, sharing),
    )


def _figures(found: Backtest) -> tuple[Figure, ...]:
    peers = [each for each in found.peers if _group(each) is Group.PEER][:2]
    ours, *others = (_cells(each) for each in (found.ours, *peers))
    names = [plain(each.name, 24) for each in peers]

    def show(label: str, head: str) -> Figure:
        pairs = zip(names, others, strict=True)
        return Figure(label, ours[head], " · ".join(f"{name} {each[head]}" for name, each in pairs))

    cost = Figure("Instance hours", ours["hours"])
    if found.ours.cost is not None:
        cost = Figure("Cost", ours["cost"], f"{ours['hours']} instance hours")
    return (
        cost,
        show("÷ best", "÷ best"),
        show("Late", "late"),
        show("Changes a day", "changes/d"),
    )


def _cells(contender: Contender) -> dict[str, str]:
    """Give what the tables say of one, by their heads."""
    (row,) = report.table_rows([report.line_of(contender)])
    return dict(zip(report.HEADS, row, strict=True))


def _group(contender: Contender) -> Group:
    kind = contender.name.partition(":")[0]
    return {OURS: Group.OURS, "optimum": Group.BOUND}.get(kind, Group.PEER)


def make_point(contender: Contender, group: Group | None = None) -> Point:
    """Make its point of the frontier; without a group, that of its name."""
    group, marks = group or _group(contender), contender.marks
    name = plain(contender.name, NAME)
    told = plain(contender.title)
    return Point(name, group, marks.clairvoyant_ratio, marks.late_ratio, told, group is Group.OURS)


def make_chart(found: Backtest, sharing: int, beside: Contender | None = None) -> Chart:
    """Make the timeline of one scalable target.

    Args:
        found: Of whom, with the peers that can be drawn beside.
        sharing: How many share the page.
        beside: The peer that is drawn from the beginning, with what was late of it.
    """
    course, slots = found.subject.course, found.ours.run.slots
    late = find_late(slots)
    others = [] if beside is None else find_late(beside.run.slots)
    shown = [a + b for a, b in zip(late, others, strict=True)] if others else late
    segments = divide(shown, _room(found, sharing))
    into = buckets(segments, len(late))
    demand = [each or 0.0 for each in course.demand]
    arrived = [sum(demand[begin:end]) for begin, end in into]

    def share(waiting: Sequence[float]) -> tuple[float, ...]:
        waited = (sum(waiting[begin:end]) for begin, end in into)
        return tuple(a / b if b else 0.0 for a, b in zip(waited, arrived, strict=True))

    marks = _marks(found)
    kept = _keep(marks, late, MARK_BYTES // sharing)
    return Chart(
        course.start,
        course.slot,
        len(late),
        found.subject.begin,
        course.capacity_per_instance,
        segments,
        gather(course.demand, into),
        gather(slots.ready, into),
        tuple(max(slots.billed[begin:end]) for begin, end in into),
        share(late),
        tuple(sum(each > 0 for each in late[begin:end]) for begin, end in into),
        tuple(
            (
                plain(each.name, NAME),
                tuple(max(each.run.slots.ready[begin:end]) for begin, end in into),
            )
            for each in found.peers
        ),
        tuple(kept),
        len(marks) - len(kept),
        "" if beside is None else plain(beside.name, NAME),
        share(others) if others else (),
    )


def _room(found: Backtest, sharing: int) -> int:
    """Say how many buckets the page has room for."""
    runs = [each.run.slots for each in found.contenders]
    widths = [_width(each.ready) for each in runs]
    ours, others = widths[0], sum(widths[1:])
    single = 2 + 2 * ours + 2 + others  # demand, ready and billed, late of two, others
    several = 3 * 2 + 4 * ours + 2 + 2 + others  # three of demand and ready; how many were late
    most = COLUMN_BYTES // sharing * 3 // 4  # base64
    slots = len(found.subject.course.demand)
    return max(FEWEST, slots if slots * single <= most else most // several)


def _width(counts: Sequence[float]) -> int:
    """Say how many bytes a count takes; none where it is always the same."""
    if min(counts) == max(counts):
        return 0
    whole = all(float(each).is_integer() for each in counts)
    return 1 if whole and max(counts) < 2**8 - 2 else 2


def _marks(found: Backtest) -> list[Mark]:
    target = found.subject.scalable_target
    marks = []
    for slot, decision in found.changes:
        why, limits = tell_why(decision, target)
        said = tuple(f"{each}." for each in (why, *limits))
        before = decision.desired if decision.current is None else decision.current
        marks.append(Mark(slot, decision.desired - before, headline(decision), said))
    return marks


def _keep(marks: Sequence[Mark], late: Sequence[float], room: int) -> list[Mark]:
    """Keep what fits: decisions near what was late first, then the largest; in order of time."""
    near = _near(late)
    phrases, known = Phrases(), 0
    kept = []
    for mark in sorted(marks, key=lambda each: (not near[each.slot], -abs(each.step))):
        room -= len(write(encode_mark(mark, phrases))) + 1
        room -= sum(len(write(each)) + 1 for each in phrases.around[known:])
        known = len(phrases.around)
        if room < 0:
            break
        kept.append(mark)
    return sorted(kept, key=lambda each: each.slot)


def _near(late: Sequence[float]) -> list[bool]:
    """Say of each slot whether requests were late in the hour before it or after."""
    near, since = [False] * len(late), AROUND + 1
    for index, count in enumerate(late):
        since = 0 if count else since + 1
        near[index] = since <= AROUND
    since = AROUND + 1
    for index in range(len(late) - 1, -1, -1):
        since = 0 if late[index] else since + 1
        near[index] |= since <= AROUND
    return near


def make_days(found: Backtest, sharing: int) -> Days | None:
    """Make the rows by the day, of as many as there is room for; None: no day is whole."""
    rows, count = report.day_rows(found), len(found.contenders)
    if not rows:
        return None
    room = DAY_BYTES // sharing
    days = tuple(f"{each.day:%Y-%m-%d}" for each in found.ours.days)
    kept, left_out = [], []
    for index, contender in enumerate(found.contenders):
        cells = tuple(row[2:] for row in rows[index::count])
        room -= len(write(cells))
        name = plain(contender.name, NAME)
        if room < 0:
            left_out.append(name)
        else:
            kept.append((name, cells))
    note = ""
    if left_out:
        note = f"Left out, for want of room: {', '.join(left_out)}; they are in --json."
    return Days((report.DAY_HEADS[0], *report.DAY_HEADS[2:]), days, tuple(kept), note)

"""What does a page show?

Whoever has something to show makes these; `render` and `picture` draw them, and know nothing of
where they are from. Every text may be anything: it is escaped where it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Group(StrEnum):
    """Whose a point of the frontier is."""

    OURS = "ours"
    PEER = "peer"
    BOUND = "bound"


class Point(NamedTuple):
    """One that ran, by its two numbers.

    Attributes:
        label: Short, beside the point; empty: none.
        group: Whose it is.
        cost: On the frontier's axis, above 0.
        late_ratio: Share of requests that were late, 0–1.
        told: What else is to be known, for whoever points at it.
        emphasised: Drawn larger: what the page is about, or what was chosen.
    """

    label: str
    group: Group
    cost: float
    late_ratio: float
    told: str = ""
    emphasised: bool = False


class Segment(NamedTuple):
    """Buckets of one width, in a row.

    Attributes:
        begin: Its first slot.
        width: Slots of each bucket; the last may be cut short by the next segment.
        buckets: How many.
    """

    begin: int
    width: int
    buckets: int


class Series(NamedTuple):
    """A row of values, by the bucket: none of its peaks is lost.

    Attributes:
        low: The least value in each bucket; None: not known in any of its slots.
        high: The greatest.
        last: The newest.
    """

    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    last: tuple[float | None, ...]


class Moment(NamedTuple):
    """What makes a mark a time at which two differed, in place of a decision.

    Attributes:
        rank: 1 mattered most.
        slots: How long it lasted, from the end of the mark's slot on.
    """

    rank: int
    slots: int


class Mark(NamedTuple):
    """A decision that changed the capacity, or a moment.

    Attributes:
        slot: At whose end it was made.
        step: Instances more, or fewer; of a range its floor's.
        headline: What was decided.
        why: Sentences: first why, then what limited it.
        moment: What it is in place of a decision; None: it is one. All of a chart are alike.
    """

    slot: int
    step: int
    headline: str
    why: tuple[str, ...]
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Capacity against demand.

    Attributes:
        start: Of the first slot, aware UTC.
        slot: Its length.
        slots: How many there are.
        begin: The first that counts.
        capacity_per_instance: Requests that one instance serves in a slot.
        segments: Which slots are in which bucket; they cover every slot once, in order.
        demand: Requests in a slot.
        ready: Instances in service.
        billed: The most instances that were paid for, by the bucket.
        late: Share of a bucket's requests that were late, 0–1.
        late_slots: How many slots had a late request, by the bucket.
        others: By name, the most instances that another had in service, by the bucket.
        marks: In order of time.
        marks_left_out: Decisions, or moments, that are not among them.
        beside: Which of the others is drawn from the beginning; empty: none.
        beside_late: Share of a bucket's requests that were late of that one, 0–1; or empty.
    """

    start: datetime
    slot: timedelta
    slots: int
    begin: int
    capacity_per_instance: float
    segments: tuple[Segment, ...]
    demand: Series
    ready: Series
    billed: tuple[float, ...]
    late: tuple[float, ...]
    late_slots: tuple[int, ...]
    others: tuple[tuple[str, tuple[float, ...]], ...] = ()
    marks: tuple[Mark, ...] = ()
    marks_left_out: int = 0
    beside: str = ""
    beside_late: tuple[float, ...] = ()


class Table(NamedTuple):
    """Rows of cells.

    Attributes:
        caption: What it shows.
        heads: Of the columns.
        rows: As many cells as heads in each.
        words: How many columns, from the left, are words; the others are numbers.
        strong: The row that the page is about, by its first cell.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    strong: str = ""


class Days(NamedTuple):
    """Rows by the day, of one contender at a time.

    Attributes:
        heads: The day's, then of the cells.
        days: Of the rows.
        cells: By contender, the cells of each day.
        note: What is not there, if anything.
    """

    heads: tuple[str, ...]
    days: tuple[str, ...]
    cells: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    note: str = ""


class Figure(NamedTuple):
    """A number that is read first.

    Attributes:
        label: What it is.
        value: It, with its unit.
        beside: What it is held against.
    """

    label: str
    value: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One scalable target, or whatever else a page has a part for.

    Attributes:
        name: Of it.
        facts: What was run: what, its figure, and what stands beside it.
        figures: Read first.
        chart: Its timeline; None: none.
        cost_axis: What the frontier's costs are, with their unit.
        points: Of the frontier; empty: none is drawn.
        tables: In order; beside the frontier where there is one.
        days: By the day; None: none.
        wide: Tables that have many columns, in order, below those.
    """

    name: str
    facts: tuple[tuple[str, str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    chart: Chart | None = None
    cost_axis: str = "cost"
    points: tuple[Point, ...] = ()
    tables: tuple[Table, ...] = ()
    days: Days | None = None
    wide: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """All of it.

    Attributes:
        kind: What was done, such as Backtest.
        title: Of what.
        subjects: One or more; shown one at a time.
        tables: Of all subjects together.
        terms: Words that the page uses, with what they mean.
        notes: What is to be known about the page itself.
        lead: What is read first, in a sentence or two; empty: nothing.
    """

    kind: str
    title: str
    subjects: tuple[Subject, ...]
    tables: tuple[Table, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    lead: str = ""

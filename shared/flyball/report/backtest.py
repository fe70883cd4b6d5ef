"""How do the contenders of a backtest compare, for people, a spreadsheet and other programs?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from flyball.adapters.local.timeline import ServiceSettings
from flyball.config.duration import format_duration
from flyball.core.codec import encode
from flyball.report.figures import duration, number
from flyball.report.plain import cell, plain
from flyball.report.sentences import REASONS, because, headline
from flyball.sim.backtest import Backtest, Moment, timeline
from flyball.sim.judge import Marks
from flyball.sim.peers import describe
from flyball.sim.peers.registry import Baseline
from flyball.sim.slots import Day

HEADS = ("", "hours", "cost", "÷ best", "excess", "late", "changes/d", "undone")
ELASTICITY_HEADS = ("", "θ under", "θ over", "τ under", "τ over", "unstable")
DAY_HEADS = ("day", "", "hours", "cost", "÷ best", "excess", "late", "changes")
TIMELINE_HEADS = (
    "scalable_target",
    "minute",
    "demand",
    "ready",
    "billed",
    "desired",
    "ceiling",
    "picked",
    "reason",
)
NONE = "–"


class Line(NamedTuple):
    """What one contender came to, over one scalable target or all.

    Attributes:
        name: The contender's.
        instance_hours: Billed.
        clairvoyant_hours: Of who knows the future.
        cost: In the config's currency; None: no price, of one of them at least.
        requests: That arrived.
        excess: Of them, over capacity.
        late: Of them.
        changes_a_day: Of all together.
        reversals: As well.
    """

    name: str
    instance_hours: float
    clairvoyant_hours: float
    cost: float | None
    requests: float
    excess: float
    late: float
    changes_a_day: float
    reversals: int


class Scored(Protocol):
    """Who ordered, and what it came to; see Contender, which has more."""

    @property
    def name(self) -> str:
        """As it was asked for."""
        ...

    @property
    def marks(self) -> Marks:
        """In total."""
        ...

    @property
    def days(self) -> tuple[Day, ...]:
        """Day by day."""
        ...

    @property
    def cost(self) -> float | None:
        """In the config's currency; None: no price."""
        ...


class Compared(Protocol):
    """Contenders on the same traffic; see Backtest, which has more."""

    @property
    def contenders(self) -> Sequence[Scored]:
        """All of them, ours first."""
        ...

    @property
    def price_per_hour(self) -> float | None:
        """Of an instance; None: no price."""
        ...


def line_of(contender: Scored) -> Line:
    """Take from a contender what adds up."""
    marks = contender.marks
    return Line(
        contender.name,
        marks.instance_hours,
        marks.clairvoyant_hours,
        contender.cost,
        marks.requests,
        marks.excess,
        marks.late,
        marks.changes_a_day,
        marks.reversals,
    )


def add_up(found: Iterable[Compared]) -> list[Line]:
    """Add up what each contender came to over several scalable targets, in the order given."""
    return add_lines(line_of(contender) for each in found for contender in each.contenders)


def add_lines(lines: Iterable[Line]) -> list[Line]:
    """Add up lines of one name."""
    sums: dict[str, Line] = {}
    for line in lines:
        known = sums.get(line.name)
        sums[line.name] = line if known is None else _add(known, line)
    return list(sums.values())


def table_rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Make the cells below HEADS."""
    return [
        (
            plain(line.name),
            f"{line.instance_hours:,.1f}",
            _money(line.cost),
            _quotient(line.instance_hours, line.clairvoyant_hours),
            _share(line.excess, line.requests),
            _share(line.late, line.requests),
            f"{line.changes_a_day:,.1f}",
            f"{line.reversals:,}",
        )
        for line in lines
    ]


def elasticity_rows(found: Compared) -> list[tuple[str, ...]]:
    """Make the cells below ELASTICITY_HEADS."""
    return [
        (
            plain(each.name),
            *(
                f"{value:.2%}"
                for value in (
                    each.marks.under_ratio,
                    each.marks.over_ratio,
                    each.marks.under_time_ratio,
                    each.marks.over_time_ratio,
                    each.marks.unstable_ratio,
                )
            ),
        )
        for each in found.contenders
    ]


def day_rows(found: Compared) -> list[tuple[str, ...]]:
    """Make the cells below DAY_HEADS: day by day, every contender."""
    rows: list[tuple[str, ...]] = []
    shown: date | None = None
    for days in zip(*(each.days for each in found.contenders), strict=True):
        for contender, day in zip(found.contenders, days, strict=True):
            marks = day.marks
            rows.append(
                (
                    "" if day.day == shown else f"{day.day:%Y-%m-%d}",
                    plain(contender.name),
                    f"{marks.instance_hours:,.1f}",
                    _money(_price(found, marks)),
                    _quotient(marks.instance_hours, marks.clairvoyant_hours),
                    _share(marks.excess, marks.requests),
                    _share(marks.late, marks.requests),
                    f"{marks.changes:,}",
                )
            )
            shown = day.day
    return rows


def tell_subject(found: Backtest) -> list[tuple[str, str, str]]:
    """Say what was run: what, its figure, and what stands beside it."""
    subject = found.subject
    course, plant = subject.course, subject.plant
    scored = (len(course.demand) - subject.begin) * course.slot
    leads = sorted(plant.leads)
    lead = format_duration(timedelta(seconds=round(leads[0].total_seconds())))
    if len(leads) > 1:
        longest = format_duration(timedelta(seconds=round(leads[-1].total_seconds())))
        lead = f"{lead}..{longest}"
    skipped = duration(subject.begin * course.slot)
    counted = f"{plain(subject.trace)}; {duration(scored)} count, after {skipped} to find its feet"
    inside = found.ours.run.inside
    what = "capacity" if inside is None else "range"
    each = "request" if course.capacity_per_instance == 1 else "requests"
    lines = [
        ("trace", duration(len(course.demand) * course.slot), counted),
        ("capacity", number(course.capacity_per_instance), f"{each} a minute of one instance"),
        ("lead time", lead, f"metrics {duration(plant.metric_delay)} late"),
        ("decisions", f"{found.looks:,}", f"of which {len(found.changes):,} changed the {what}"),
    ]
    if inside is not None:
        lines.append(("picks", f"{inside.picks:,}", _tell_service(plant.service)))
        dropped_ratio = found.ours.marks.dropped_ratio
        if dropped_ratio:
            told = "turned away with 429, as the service had come to zero"
            lines.append(("dropped", f"{dropped_ratio:.2%}", told))
    return lines + [("note", "", plain(note, 300)) for note in found.notes]


def as_json(found: Backtest, baselines: Sequence[Baseline] = ()) -> dict[str, object]:
    """Give everything but the timeline."""
    subject = found.subject
    course, plant = subject.course, subject.plant
    settings = {each.name: encode(describe(each)) for each in baselines}
    return {
        "scalable_target_id": subject.scalable_target.id,
        "trace": subject.trace,
        "start": encode(course.start),
        "slots": len(course.demand),
        "slot_s": course.slot.total_seconds(),
        "capacity_per_instance": course.capacity_per_instance,
        "lead_times_s": [each.total_seconds() for each in plant.leads],
        "metric_delay_s": plant.metric_delay.total_seconds(),
        "seed": plant.seed,
        "decisions": found.looks,
        "notes": list(found.notes),
        "contenders": [
            {
                "name": each.name,
                "title": each.title,
                "settings": settings.get(each.name, {}),
                "cost": each.cost,
                "picks": None if each.run.inside is None else each.run.inside.picks,
                "total": each.marks._asdict(),
                "days": [
                    {"day": day.day.isoformat(), "cost": _price(found, day.marks)}
                    | day.marks._asdict()
                    for day in each.days
                ],
            }
            for each in found.contenders
        ],
    }


def timeline_rows(found: Backtest) -> Iterator[tuple[str, ...]]:
    """Make the cells below TIMELINE_HEADS."""
    target = found.subject.scalable_target
    for moment in timeline(found):
        demand = "" if moment.demand is None else f"{moment.demand:.12g}"
        counts = (f"{moment.ready:.12g}", f"{moment.billed:.12g}", f"{moment.desired}")
        both = (moment.ceiling, moment.picked)
        inside = tuple("" if each is None else f"{each}" for each in both)
        said = cell(_reason(found, moment))
        yield (cell(target.id), encode(moment.at), demand, *counts, *inside, said)


def _tell_service(service: ServiceSettings) -> str:
    gpu = "" if service.gpu_target is None else f"{service.gpu_target:g} % GPU or "
    return f"of the service inside the range, which keeps {gpu}{service.cpu_target:g} % CPU"


def _reason(found: Backtest, moment: Moment) -> str:
    if moment.decision is not None:
        why = because(moment.decision, found.subject.scalable_target)
        return f"{headline(moment.decision)}: {why}"
    return "" if moment.reason is None else REASONS[moment.reason]


def _add(one: Line, other: Line) -> Line:
    cost = None if one.cost is None or other.cost is None else one.cost + other.cost
    return Line(
        one.name,
        one.instance_hours + other.instance_hours,
        one.clairvoyant_hours + other.clairvoyant_hours,
        cost,
        one.requests + other.requests,
        one.excess + other.excess,
        one.late + other.late,
        one.changes_a_day + other.changes_a_day,
        one.reversals + other.reversals,
    )


def _price(found: Compared, marks: Marks) -> float | None:
    price = found.price_per_hour
    return None if price is None else marks.instance_hours * price


def _money(cost: float | None) -> str:
    return NONE if cost is None else f"{cost:,.2f}"


def _quotient(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else NONE


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.2%}" if whole else NONE

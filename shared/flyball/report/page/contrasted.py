"""What does the page of a change of policy show?

The new config's timeline with the old one's beside it, and as marks the moments at which they
differed most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flyball.report import diff as report
from flyball.report.backtest import line_of
from flyball.report.limit import Verdict
from flyball.report.page.compose import (
    MOST_SUBJECTS,
    NAME,
    TERMS,
    make_chart,
    make_days,
    make_point,
    make_subject,
)
from flyball.report.page.model import Chart, Figure, Group, Mark, Moment, Page, Subject, Table
from flyball.report.plain import plain
from flyball.sim.backtest import Backtest
from flyball.sim.diff import Compared, Diff
from flyball.sim.stretch import Stretch

OLD, NEW = "old", "new"
MOST_ROWS = 200
SIDE = 500
"""Most characters of what one side did in a moment."""
CONFIG_HEADS = ("scalable target", "field", OLD, NEW)
MOMENT_HEADS = ("", "when", "lasted", "demand/min", "capacity", "late", "cost")

Ranked = tuple[int, Stretch, report.Shown]


def compose_diff(found: Diff, verdicts: Sequence[Verdict], names: tuple[str, str]) -> Page:
    """Make the page.

    Args:
        found: What became of all scalable targets.
        verdicts: What came of the limits.
        names: What the old and the new config are called.
    """
    ran = [each for each in found.targets if each.old or each.new]
    shown = _choose(ran, found.stretches)
    told = report.show_stretches(found)
    pairs = zip(found.stretches, told, strict=False)
    ranked = [(rank, *pair) for rank, pair in enumerate(pairs, start=1)]
    return Page(
        "Diff",
        " → ".join(plain(name, NAME) for name in names),
        tuple(_subject(each, ranked, len(shown)) for each in shown),
        tuple(_tables(found, verdicts)),
        tuple(_terms(shown)),
        tuple(_notes(found, len(shown), len(ran))),
        report.tell_verdict(found),
    )


def _choose(ran: Sequence[Compared], stretches: Sequence[Stretch]) -> list[Compared]:
    """Choose those with the moments that mattered most, in the order given."""
    places: dict[str, int] = {}
    for place, stretch in enumerate(stretches):
        places.setdefault(stretch.scalable_target_id, place)
    first = sorted(ran, key=lambda each: places.get(report.name_pair(each.pair), len(stretches)))
    return [each for each in ran if any(each is one for one in first[:MOST_SUBJECTS])]


def _terms(shown: Sequence[Compared]) -> list[tuple[str, str]]:
    """Give the words that are used: those of elasticity only where a backtest stands alone."""
    alone = any(each.old is None or each.new is None for each in shown)
    return [term for term in TERMS if alone or term[0] in report.HEADS]


def _tables(found: Diff, verdicts: Sequence[Verdict]) -> list[Table]:
    """Make what is of all together."""
    tables = []
    total = report.sum_all(found)
    if total is not None and len(found.both) > 1:
        rows = tuple(report.sum_rows(total))
        tables.append(Table(f"All {len(found.both):,} together", report.HEADS, rows, strong=NEW))
    if verdicts:
        limits = [report.tell_limit(each).rpartition(": ") for each in verdicts[:MOST_ROWS]]
        rows = tuple((limit, came) for limit, _, came in limits)
        tables.append(Table("Limits", ("limit", "what came of it"), rows, words=2))
    fields = list(report.tell_config(found))
    if fields:
        shown = [*fields[:MOST_ROWS]]
        if len(fields) > MOST_ROWS:
            shown.append((f"{len(fields) - MOST_ROWS:,} more", "", "", ""))
        tables.append(Table("What the config says otherwise", CONFIG_HEADS, tuple(shown), words=4))
    return tables


def _notes(found: Diff, shown: int, ran: int) -> list[str]:
    notes = [f"{what}: {figure} ({why})" for what, figure, why in report.tell_left(found)]
    if shown < ran:
        notes.append(
            f"Shown are the {shown} of {ran:,} with the moments that mattered most; all are in "
            "the sum, and in --json."
        )
    left = len(found.stretches) - len(found.stretches[: found.told])
    if left:
        notes.append(f"{left:,} moments that mattered less are not told; --moments tells more.")
    return notes


def _subject(each: Compared, ranked: Sequence[Ranked], sharing: int) -> Subject:
    """Make the part of one scalable target; of one that only one config has, its backtest."""
    if each.old is None or each.new is None:
        run = each.new or each.old
        if run is None:
            raise ValueError("nothing was run")
        name = f"{report.name_pair(each.pair)} ({report.tell_kind(each.pair)})"
        return replace(make_subject(run, sharing), name=plain(name, NAME))
    both = _put_together(each.old, each.new)
    name = report.name_pair(each.pair)
    own = [one for one in ranked if one[1].scalable_target_id == name]
    sums = report.Sums(name, line_of(each.old.ours), line_of(each.new.ours))
    rows = (*report.sum_rows(sums), *report.list_peers(each.new))
    title = report.tell_moments(len(each.stretches), len(own))
    moments = Table(title, MOMENT_HEADS, tuple(map(_moment_row, own)), words=3)
    old, *peers = both.peers
    points = [make_point(both.ours, Group.OURS), make_point(old, Group.PEER)]
    points += [make_point(peer) for peer in peers]
    chart = make_chart(both, sharing, old)
    return Subject(
        plain(name, NAME),
        tuple(report.tell_target(each)),
        _figures(sums),
        _mark(chart, own, len(each.stretches)),
        "instance hours ÷ best",
        tuple(points) if both.ours.marks.clairvoyant_hours else (),
        (Table("Old and new", report.HEADS, tuple(rows), strong=NEW),),
        make_days(both, sharing),
        (moments,) if own else (),
    )


def _put_together(old: Backtest, new: Backtest) -> Backtest:
    """Make one of both: the new config's, with the old one first of those beside it."""
    before, after = (
        run.ours._replace(name=name, title=f"the {name} config")
        for name, run in ((OLD, old), (NEW, new))
    )
    return replace(new, ours=after, peers=(before, *new.peers))


def _figures(sums: report.Sums) -> tuple[Figure, ...]:
    """Give the new config's numbers, with the old one's and the change beside them."""
    old, new, change, relative = (
        dict(zip(report.HEADS, row, strict=True)) for row in report.sum_rows(sums)
    )

    def show(label: str, head: str, *, ratio: bool = False) -> Figure:
        by = f" ({relative[head]})" if ratio and change[head] != "0" else ""
        return Figure(label, new[head], f"old {old[head]} · {change[head]}{by}")

    priced = sums.old.cost is not None and sums.new.cost is not None
    return (
        show("Cost", "cost", ratio=True) if priced else show("Instance hours", "hours", ratio=True),
        show("÷ best", "÷ best"),
        show("Late", "late"),
        show("Changes a day", "changes/d"),
    )


def _mark(chart: Chart, own: Sequence[Ranked], count: int) -> Chart:
    """Put the moments in the place of decisions, in the order of time."""
    marks = [_make_mark(chart, *one) for one in sorted(own, key=lambda one: one[1].start)]
    return replace(chart, marks=tuple(marks), marks_left_out=count - len(marks))


def _make_mark(chart: Chart, rank: int, stretch: Stretch, shown: report.Shown) -> Mark:
    begin = (stretch.start - chart.start) // chart.slot
    slots = (stretch.end - stretch.start) // chart.slot
    more = stretch.new.instance_hours - stretch.old.instance_hours
    sides = (
        f"{name.capitalize()}: {capacity} paid, {late} late, cost {cost}; {plain(why, SIDE)}."
        for name, capacity, late, cost, why in zip(
            (OLD, NEW), shown.capacity, shown.late, shown.cost, shown.why, strict=True
        )
    )
    demand = f"Demand {shown.demand} requests a minute."
    headline = f"{rank}. {shown.change}"
    return Mark(begin - 1, round(more), headline, (demand, *sides), Moment(rank, slots))


def _moment_row(one: Ranked) -> tuple[str, ...]:
    rank, _, shown = one
    pairs = (" → ".join(dict.fromkeys(each)) for each in (shown.capacity, shown.late, shown.cost))
    return (str(rank), shown.when, shown.lasted, shown.demand, *pairs)

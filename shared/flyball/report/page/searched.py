"""What does the page of a search over policies show?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.report import tune as report
from flyball.report.page.model import Figure, Group, Page, Point, Subject, Table
from flyball.report.plain import plain
from flyball.sim.tune import Score, Tried, Tuned
from flyball.sim.tune.search import Goal

MOST_POINTS = 1_500
NAME = 80
TERMS = (
    ("÷ best", "Hours divided by those of who knows the future and lets nobody wait."),
    ("late", "Requests over capacity, and all that come while others wait before them."),
    ("past", "The days on which something was chosen."),
    ("future", "The days after them, which the choice had not seen. The gap is future less past."),
    ("now", "The config as it is."),
)  # fmt: skip


def compose_search(found: Sequence[Tuned], goal: Goal, seed: int) -> Page:
    """Make the page of searches, one or more."""
    subjects = tuple(_subject(each, goal, seed, len(found)) for each in found)
    title = subjects[0].name if len(subjects) == 1 else f"{len(subjects):,} scalable targets"
    left = sum(len(each.tried) for each in found) - sum(
        len(_list_points(each, len(found))) for each in found
    )
    notes = []
    for each in found:
        name = f"{plain(each.asked.subject.scalable_target.id, NAME)}: " if len(found) > 1 else ""
        told = f"{report.tell_verdict(each, goal)} {report.tell_peer(each)}"
        notes.append(f"{name}{told.strip()}")
    if left:
        are = "is" if left == 1 else "are"
        notes.append(f"{left:,} of the points that were tried {are} not drawn; --json has all.")
    lead = notes.pop(0) if len(found) == 1 else ""
    return Page("Tune", title, subjects, (), TERMS, tuple(notes), lead)


def _subject(found: Tuned, goal: Goal, seed: int, sharing: int) -> Subject:
    tables = [Table("What was tried", report.HEADS, tuple(report.frontier_rows(found)))]
    fields = report.field_rows(found)
    if fields:
        tables.append(Table("What is changed", ("field", "now", "to be"), tuple(fields), 3))
    walks = report.walk_rows(found)
    if walks:
        tables.append(
            Table("Chosen on the past, judged on the future", report.WALK_HEADS, tuple(walks))
        )
    points = [_point("", Group.OURS, each) for each in _list_points(found, sharing)]
    points.append(_point("now", Group.OURS, found.now))
    points.append(_point("chosen", Group.OURS, found.chosen)._replace(emphasised=True))
    points += _list_peers(found)
    return Subject(
        plain(found.asked.subject.scalable_target.id, NAME),
        tuple(report.tell_search(found, goal, seed)),
        _figures(found),
        cost_axis="instance hours ÷ best",
        points=tuple(points),
        tables=tuple(tables),
    )


def _list_points(found: Tuned, sharing: int) -> list[Tried]:
    """Give the points that are drawn: near who has a name, else they would be all in one corner."""
    peers = [score for _, score in report.list_peers(found)]
    named = [found.now.score, found.chosen.score, *peers]
    late = report.AROUND * max(each.late_ratio for each in named)
    cost = report.AROUND * max(each.cost_ratio for each in named)
    near = [
        each
        for each in dict.fromkeys([*found.frontier, *found.tried])
        if each.score.late_ratio <= late and each.score.cost_ratio <= cost
    ]
    return near[: MOST_POINTS // sharing]


def _list_peers(found: Tuned) -> list[Point]:
    """Give the others' points; of who ran with several targets, the outer and best have names."""
    peers = report.list_peers(found)
    best = {name for name, _ in report.find_best(found)}
    kinds = [name.partition(":")[0] for name, _ in peers]
    points = []
    for index, (name, score) in enumerate(peers):
        group = Group.BOUND if kinds[index] == report.OPTIMUM else Group.PEER
        short = plain(name.replace(":target=", " "), NAME)
        around = kinds[max(0, index - 1)], kinds[min(len(kinds) - 1, index + 1)]
        inner = 0 < index < len(kinds) - 1 and set(around) == {kinds[index]}
        told = f"{short}: {_tell(score)}"
        label = "" if inner and name not in best else short
        points.append(Point(label, group, score.cost_ratio, score.late_ratio, told))
    return points


def _point(label: str, group: Group, tried: Tried) -> Point:
    score = tried.score
    return Point(label, group, score.cost_ratio, score.late_ratio, _tell(score))


def _tell(score: Score) -> str:
    return f"{score.hours:,.1f} instance hours, {score.changes_a_day:,.1f} changes a day"


def _figures(found: Tuned) -> tuple[Figure, ...]:
    now, chosen = found.now.score, found.chosen.score
    figures = [
        Figure("÷ best", f"{chosen.cost_ratio:.3f}", f"now {now.cost_ratio:.3f}"),
        Figure("Late", f"{chosen.late_ratio:.2%}", f"now {now.late_ratio:.2%}"),
    ]
    total = report.sum_futures(found)
    if total is not None:
        future, before = total
        figures += [
            Figure(
                "÷ best, unseen days", f"{future.cost_ratio:.3f}", f"now {before.cost_ratio:.3f}"
            ),
            Figure("Late, unseen days", f"{future.late_ratio:.2%}", f"now {before.late_ratio:.2%}"),
        ]
    return tuple(figures)

"""Does the page of a change of policy say what the terminal says, and is it small and the same?"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flyball.config.amended import Pair
from flyball.core.policy import TrackingPolicy
from flyball.core.target import ScalableTarget
from flyball.report.diff import judge_limits, show_stretches, tell_verdict
from flyball.report.limit import parse_limit
from flyball.report.page import Group, Page, Subject, render
from flyball.report.page.compose import MOST_SUBJECTS
from flyball.report.page.contrasted import MOST_ROWS, compose_diff
from flyball.report.page.picture import draw
from flyball.sim.backtest import Subject as Asking
from flyball.sim.diff import Asked, Diff, diff
from flyball.sim.judge import find_late
from flyball.sim.slots import Course, Plant
from tests.unit.sim.courses import MONDAY, make_course, make_target

NAMES = ("main:flyball.yaml", "flyball.yaml")
HOSTILE = "</script><img src=x onerror=alert(1)>"
LIMIT = 500_000
RUSH = Course(
    MONDAY,
    tuple(3_000 + 1_500 * math.sin(n / 15) + (6_000 if 150 <= n < 180 else 0) for n in range(300)),
    500.0,
)


def change(target: ScalableTarget, value: float) -> ScalableTarget:
    """Give it another target value."""
    (policy,) = target.policies
    assert isinstance(policy, TrackingPolicy)
    return replace(target, policies=(replace(policy, target_value=value),))


def ask(old: ScalableTarget | None, new: ScalableTarget | None, course: Course) -> Asked:
    """Ask for both over the same traffic."""
    sides = [
        None if each is None else Asking(each, course, Plant(max_capacity=60), 0)
        for each in (old, new)
    ]
    return Asked(Pair(old, new), sides[0], sides[1])


@cache
def compare(count: int = 1, price: float | None = 2.0, against: str = "") -> Diff:
    """Compare configs of some scalable targets, each of which differs."""
    asked = []
    for index in range(count):
        name = "chat" if not index else f"chat-{index}"
        old = replace(make_target(), id=name, price_per_hour=price)
        asked.append(ask(old, change(old, 250.0), RUSH if not index else make_course(120)))
    return diff(asked, against)


def compose(found: Diff, *limits: str) -> Page:
    """Make its page."""
    return compose_diff(found, judge_limits(found, map(parse_limit, limits)), NAMES)


def only(page: Page) -> Subject:
    """Give the only subject."""
    (subject,) = page.subjects
    return subject


def content(html: str) -> Any:
    """Read what a page's script reads."""
    found = re.search(r'id="content">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_verdict_is_read_first_then_limits_and_fields() -> None:
    """In the words of the terminal."""
    found = compare()
    page = compose(found, "late>+0%", "each:cost>+1%")
    assert page.lead == tell_verdict(found)
    assert page.title == "main:flyball.yaml → flyball.yaml"
    assert [each.caption for each in page.tables] == ["Limits", "What the config says otherwise"]
    assert [row[0] for row in page.tables[0].rows] == ["late>+0%", "each:cost>+1% of chat"]
    assert page.tables[0].rows[1][1].endswith("%, exceeded")
    assert page.tables[1].rows == (("chat", "policies.keep.target_value", "350", "250"),)
    assert page.lead in render(page)
    assert "÷ best" in dict(page.terms)
    assert "θ, τ" not in dict(page.terms)


def test_the_old_timeline_stands_beside_the_new_one() -> None:
    """From the beginning, with what was late of it."""
    found = compare(against="static")
    chart = only(compose(found)).chart
    ((old, new),) = found.both
    assert chart is not None
    assert [name for name, _ in chart.others] == ["old", "static"]
    assert chart.beside == "old"
    assert chart.ready.last == tuple(new.ours.run.slots.ready)
    assert chart.others[0][1] == tuple(old.ours.run.slots.ready)
    late = [count > 0 for count in find_late(old.ours.run.slots)]
    assert [share > 0 for share in chart.beside_late] == late
    assert any(late)


def test_the_moments_are_the_marks() -> None:
    """In the order of time, each with its rank, its length and the reasons of both."""
    found = compare()._replace(told=5)
    chart = only(compose(found)).chart
    assert chart is not None
    told = show_stretches(found)
    assert len(chart.marks) == len(told) == 5
    assert chart.marks_left_out == len(found.stretches) - 5
    assert [each.slot for each in chart.marks] == sorted(each.slot for each in chart.marks)
    for mark in chart.marks:
        assert mark.moment is not None
        stretch, shown = found.stretches[mark.moment.rank - 1], told[mark.moment.rank - 1]
        assert MONDAY + (mark.slot + 1) * chart.slot == stretch.start
        assert mark.moment.slots * chart.slot == stretch.end - stretch.start
        assert mark.headline == f"{mark.moment.rank}. {shown.change}"
        assert [side.partition(":")[0] for side in mark.why[1:]] == ["Old", "New"]
        assert shown.why[0] in mark.why[1]
        assert shown.why[1] in mark.why[2]


def test_the_tables_have_both_and_the_change() -> None:
    """Beside the frontier, on which the old one is a point; the moments stand below."""
    page = compose(compare(against="static,optimum"))
    subject = only(page)
    (table,) = subject.tables
    assert [row[0] for row in table.rows] == ["old", "new", "change", "in %", "static", "optimum"]
    groups = {each.label: each.group for each in subject.points}
    assert groups == {
        "new": Group.OURS, "old": Group.PEER, "static": Group.PEER, "optimum": Group.BOUND,
    }  # fmt: skip
    (moments,) = subject.wide
    assert [row[0] for row in moments.rows[:3]] == ["1", "2", "3"]
    assert moments.caption in render(page)


@pytest.mark.parametrize(("price", "label"), [(2.0, "Cost"), (None, "Instance hours")])
def test_the_figures_have_the_old_ones_beside_them(price: float | None, label: str) -> None:
    """Without a price, hours."""
    figures = only(compose(compare(price=price))).figures
    assert [each.label for each in figures] == [label, "÷ best", "Late", "Changes a day"]
    assert re.fullmatch(r"old [\d,.]+ · \+[\d,.]+ \(\+[\d.]+%\)", figures[0].beside)
    assert re.fullmatch(r"old [\d.]+% · −[\d.]+ pp", figures[2].beside)


def test_what_only_one_config_has_is_shown_alone() -> None:
    """As its backtest; what was not run is said."""
    target = make_target()
    asked = [
        ask(None, target, make_course(60)),
        Asked(Pair(replace(target, id="quiet"), replace(target, id="quiet")), None, None),
    ]
    page = compose(diff(asked))
    assert only(page).name == "chat (added)"
    assert "θ, τ" in dict(page.terms)
    assert page.lead.endswith("there is nothing to compare.")
    assert page.notes == ("not run: 1 (no trace: quiet)",)
    empty = compose(diff(asked[1:]))
    assert empty.subjects == ()
    assert "<select" not in render(empty).partition("<template")[0]


def test_where_nothing_differs_no_moment_is_shown() -> None:
    """And no empty table."""
    target = make_target()
    page = compose(diff([ask(target, target, make_course(60))]))
    subject = only(page)
    assert page.lead == "No difference: both configs say the same."
    assert (page.tables, subject.wide) == ((), ())
    assert subject.chart is not None
    assert subject.chart.marks == ()
    assert subject.figures[0].beside.endswith("· 0")


def test_without_traffic_there_is_no_frontier() -> None:
    """Nobody's hours can be divided by none."""
    target = make_target()
    course = Course(MONDAY, (0.0,) * 60, 500.0)
    assert only(compose(diff([ask(target, change(target, 250.0), course)]))).points == ()


def test_of_many_targets_those_are_shown_that_changed_most() -> None:
    """With the sum of all, moments numbered over all, and a note on what is left out."""
    found = compare(MOST_SUBJECTS + 2)
    page = compose(found)
    assert len(page.subjects) == MOST_SUBJECTS
    assert page.tables[0].caption == f"All {MOST_SUBJECTS + 2} together"
    assert any(f"the {MOST_SUBJECTS} of {MOST_SUBJECTS + 2}" in each for each in page.notes)
    ranks = [
        mark.moment.rank
        for subject in page.subjects
        if subject.chart
        for mark in subject.chart.marks
        if mark.moment
    ]
    assert sorted(ranks) == list(range(1, 11))


def test_a_long_list_of_fields_is_cut() -> None:
    """And says so."""
    found = compare()
    (target,) = found.targets
    many = found._replace(targets=(target._replace(amended=target.amended * (MOST_ROWS + 3)),))
    assert compose(many).tables[-1].rows[-1][0] == "3 more"


def test_a_hostile_name_is_text_and_a_long_trace_fits() -> None:
    """Under half a megabyte, with a hundred moments of two months and peers beside."""
    old = replace(make_target(), id=HOSTILE)
    day = make_course(1_440)
    course = Course(day.start, tuple(day.demand) * 60, day.capacity_per_instance)
    found = diff([ask(old, change(old, 250.0), course)], "aws,hpa,static,optimum")
    page = compose_diff(found._replace(told=100), (), (HOSTILE, HOSTILE))
    html = render(page)
    assert len(html.encode()) < LIMIT
    assert "<img" not in html
    assert len(content(html)["subjects"][0]["chart"]["moments"]) == 100
    assert render(page) == html


def test_a_picture_has_the_old_one_too(tmp_path: Path) -> None:
    """As a line of its own."""
    pytest.importorskip("matplotlib")
    draw(compose(compare()), tmp_path / "a.svg")
    chart = only(compose(compare())).chart
    assert chart is not None
    page = compose(compare())
    alone = replace(page, subjects=(replace(only(page), chart=replace(chart, beside="")),))
    draw(alone, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").stat().st_size > (tmp_path / "b.svg").stat().st_size

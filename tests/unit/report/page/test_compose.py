"""Does the page of a backtest say what the backtest found, and is it small, whole and the same?"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.report.backtest import line_of, table_rows
from flyball.report.page import Group, Page, render
from flyball.report.page.compose import MOST_SUBJECTS, compose
from flyball.sim.backtest import Backtest, Contender, Subject, backtest
from flyball.sim.judge import find_late
from flyball.sim.peers import make
from flyball.sim.slots import Course, Day, Plant, make_run
from tests.unit.sim.courses import MONDAY, make_course, make_target

LIMIT = 500_000
YEAR = 525_600


@pytest.fixture(scope="module")
def found() -> Backtest:
    """Backtest a generated day."""
    subject = Subject(make_target(), make_course(1_440), Plant(max_capacity=60), trace="a day")
    return backtest(subject, make("aws,hpa,optimum"))


def content(html: str) -> Any:
    """Read what a page's script reads."""
    found = re.search(r'id="content">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_same_backtest_gives_the_same_bytes(found: Backtest) -> None:
    """So a page can be compared."""
    assert render(compose([found])) == render(compose([found]))


def test_a_day_is_shown_by_the_minute(found: Backtest) -> None:
    """Nothing is left out, and nothing said to be."""
    page = compose([found])
    chart = page.subjects[0].chart
    assert chart is not None
    assert [each.width for each in chart.segments] == [1]
    assert chart.demand.high == found.subject.course.demand
    assert chart.ready.last == tuple(found.ours.run.slots.ready)
    assert len(chart.marks) == len(found.changes)
    assert chart.marks_left_out == 0
    assert page.notes == ()


def test_a_decision_says_what_explain_says(found: Backtest) -> None:
    """What, why, and what limited it."""
    chart = compose([found]).subjects[0].chart
    assert chart is not None
    slot, decision = found.changes[0]
    mark = chart.marks[0]
    assert mark.slot == slot
    assert mark.step == decision.desired - (decision.current or 0)
    assert re.fullmatch(r"Scale (out|in) \d+ → \d+", mark.headline)
    assert re.match(r"calls was .+ target 350 \(policy keep\)\.", mark.why[0])


def test_tables_and_frontier_have_the_same_figures(found: Backtest) -> None:
    """As the terminal's."""
    subject = compose([found]).subjects[0]
    lines = [line_of(each) for each in found.contenders]
    assert subject.tables[0].rows == tuple(table_rows(lines))
    groups = {each.label: each.group for each in subject.points}
    assert groups == {
        "flyball": Group.OURS,
        "aws": Group.PEER,
        "hpa": Group.PEER,
        "optimum": Group.BOUND,
    }
    assert subject.points[1].late_ratio == found.peers[0].marks.late_ratio
    html = render(compose([found]))
    assert f">{table_rows(lines)[0][2]}<" in html


def test_where_nothing_arrives_nothing_is_divided() -> None:
    """The figures have a dash where the tables have one, and nobody stands on the frontier."""
    course = Course(MONDAY, (0.0,) * 240, 500.0)
    traffic = Subject(make_target(), course, Plant(max_capacity=60), trace="nobody")
    subject = compose([backtest(traffic, make("aws,optimum"))]).subjects[0]
    ratio, late = (each for each in subject.figures if each.label in ("÷ best", "Late"))
    assert (ratio.value, late.value, ratio.beside) == ("–", "–", "aws –")
    assert subject.points == ()


def test_of_many_targets_the_latest_are_shown(found: Backtest) -> None:
    """In the order given; the sum has all, and the page says so."""
    many = []
    for index in range(MOST_SUBJECTS + 3):
        target = make_target(name=f"t{index}")
        marks = found.ours.marks._replace(late=float(index))
        ours = found.ours._replace(marks=marks)
        subject = replace(found.subject, scalable_target=target)
        many.append(replace(found, subject=subject, ours=ours))
    page = compose(many)
    assert [each.name for each in page.subjects] == [f"t{index}" for index in range(3, 15)]
    assert page.tables[0].caption == "All 15 together"
    assert page.notes[0].startswith("Shown are the 12 of 15")
    assert len(render(page).encode()) < LIMIT


def make_year(model: Backtest, peers: int) -> Backtest:
    """Make a year that has no pattern to gain from: the worst that a page has to hold."""
    chance = random.Random(1)
    demand = tuple(map(float, chance.choices(range(60_000), k=YEAR)))
    course = Course(MONDAY, demand, 500.0)
    plant = Plant(max_capacity=300)
    subject = replace(model.subject, course=course, plant=plant, warm_up=1_440)

    days = tuple(
        Day(MONDAY.date() + timedelta(days=1 + index), model.ours.marks) for index in range(364)
    )

    def contend(name: str) -> Contender:
        counts = chance.choices(range(100, 400), k=YEAR)
        run = make_run(course, plant, counts, counts, [0.0] * YEAR, [0.0] * YEAR)
        return Contender(name, name, run, model.ours.marks, days, 1.0)

    decision = model.changes[0][1]
    changes = tuple((slot, decision) for slot in range(0, YEAR, 40))
    others = tuple(contend(f"peer-{index}") for index in range(peers))
    return replace(
        model,
        subject=subject,
        ours=contend("flyball"),
        peers=others,
        reasons=(None,) * YEAR,
        changes=changes,
    )


@pytest.fixture(scope="module")
def year(found: Backtest) -> tuple[Backtest, Page]:
    """Make a year, and its page."""
    made = make_year(found, 2)
    return made, compose([made])


def test_a_year_is_under_half_a_megabyte(year: tuple[Backtest, Page]) -> None:
    """Whatever was in it; peaks and late minutes are kept, and what is not there is said."""
    made, page = year
    html = render(page)
    assert len(html.encode()) < LIMIT
    chart = page.subjects[0].chart
    assert chart is not None
    assert max(each or 0.0 for each in chart.demand.high) == max(
        each or 0.0 for each in made.subject.course.demand
    )
    assert max(each or 0.0 for each in chart.ready.high) == max(made.ours.run.slots.ready)
    assert sum(chart.late_slots) == sum(each > 0 for each in find_late(made.ours.run.slots)) > 0
    assert chart.marks_left_out > 0
    assert len(chart.marks) + chart.marks_left_out == len(made.changes)
    assert "several minutes as one" in page.notes[0]
    read = content(html)["subjects"][0]
    assert read["chart"]["slots"] == YEAR
    assert read["days"]["cells"][0][0] == "flyball"


def test_ten_peers_and_a_year_fit_too(year: tuple[Backtest, Page]) -> None:
    """Fewer days are shown then, ours last to go."""
    made, _ = year
    crowd = replace(made, peers=made.peers * 5)
    page = compose([crowd])
    assert len(render(page).encode()) < LIMIT
    days = page.subjects[0].days
    assert days is not None
    assert days.cells[0][0] == "flyball"
    assert days.note.startswith("Left out, for want of room: ")

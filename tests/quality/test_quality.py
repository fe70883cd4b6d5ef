"""Is what is measured the same each time, and is it told as it was?"""

from __future__ import annotations

import pytest

from flyball.sim.judge import Marks
from flyball.sim.slots import course_of
from tests.quality.page import write
from tests.quality.shapes import DAY_MINUTES, SHAPES, generate
from tests.quality.study import (
    LATE_BUDGET,
    PEERS,
    POLICIES,
    TARGETS,
    begin_of,
    measure,
    plan,
    summarize,
)

SHORT = course_of(generate("short"))


def _measure_all() -> dict[str, Marks]:
    """Measure the short shape, with three targets of each peer in place of all."""
    marks = {policy: measure(SHORT, policy) for policy in (*POLICIES, "static")}
    for peer in PEERS:
        some = {target: measure(SHORT, f"{peer}:target={target:g}") for target in (0.3, 0.7, 0.9)}
        for target in TARGETS:
            nearest = min(some, key=lambda each: abs(each - target))
            marks[f"{peer}:target={target:g}"] = some[nearest]
    return marks


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_shape_is_the_same_minutes_for_the_same_seed(name: str) -> None:
    """Who measures again measures the same."""
    first, again, other = generate(name), generate(name), generate(name, 1)
    assert first == again
    assert first.requests != other.requests
    assert len(first.requests) % (DAY_MINUTES // 2) == 0
    assert all(count is not None and count >= 0 for count in first.requests)


def test_a_plan_has_every_run_that_a_summary_asks_for() -> None:
    """No number of the page is missing, and none is measured twice."""
    tasks = plan(["one", "two"])
    assert len(tasks) == len(set(tasks)) == 2 * (len(POLICIES) + len(PEERS) * len(TARGETS) + 1)


def test_a_course_of_two_days_is_scored_after_the_first() -> None:
    """Nobody is scored on what nobody could have learned yet, and a short course still is."""
    assert begin_of(course_of(generate("batch"))) == DAY_MINUTES
    assert begin_of(SHORT) == 60


def test_hindsight_chooses_the_cheapest_target_that_is_late_no_more() -> None:
    """A peer's best target is dearer than none that kept the same lateness."""
    marks = _measure_all()
    study = summarize("short", SHORT, marks)
    late = study.ours["adaptive"].late_ratio
    assert late <= LATE_BUDGET
    for peer in PEERS:
        best = study.alike[peer]
        fit = [m for name, m in marks.items() if name.startswith(peer) and m.late_ratio <= late]
        assert best is not None
        assert best.marks.instance_hours == min(m.instance_hours for m in fit)


def test_a_page_has_a_row_for_each_course_in_each_table() -> None:
    """What was measured is shown: also where prediction added nothing."""
    study = summarize("short", SHORT, _measure_all())
    page = write([study, study._replace(name="file")], "make quality", len(TARGETS))
    assert page.count("| short |") == page.count("| file |") == 3
    assert "Everywhere it is kept." in page
    assert "geometric mean of 2 courses, and" in page
    assert "It adds nothing on short, file" in page

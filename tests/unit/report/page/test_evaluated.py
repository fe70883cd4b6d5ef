"""Is what became of the policies drawn as it was?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flyball.report.page.curves import Subject, draw_curves, make_figure
from flyball.report.page.evaluated import MOST_BUCKETS
from flyball.report.sizing import Instance
from flyball.sizing.evaluate import Evaluation, Round, evaluate
from flyball.sizing.pattern import Pattern
from flyball.sizing.plan import Sizing
from tests.unit.sizing.sized import publish

STEP = Pattern("step", "once", (5_000.0,) * 30 + (30_000.0,) * 30)
QUIET = Pattern("quiet", "little", (None, *((1_000.0,) * 3 * MOST_BUCKETS)), required=False)


@pytest.fixture(scope="module")
def sizing() -> Sizing:
    """Size what is published."""
    return publish()


@pytest.fixture(scope="module")
def found(sizing: Sizing) -> Evaluation:
    """Try it under a step, of which some is late, and under little."""
    resource = {"endpoint": "model"}
    return evaluate(sizing, "model", "local", resource, patterns=(STEP, QUIET), rounds=1)


def make_subject(sizing: Sizing) -> Subject:
    """Say what is drawn above it."""
    instance = Instance(sizing.benchmark, sizing.saturation, sizing.limit)
    return Subject(instance, sizing.capacity)


def panels(sizing: Sizing, found: Evaluation) -> dict[str, Any]:
    """Draw it: the panels of patterns, by their titles' first word."""
    figure = make_figure([make_subject(sizing)], sizing.wish.expectation, None, found)
    named = {axes.get_title(loc="left"): axes for axes in figure.axes}
    return {name.partition(":")[0]: axes for name, axes in named.items() if " late" in name}


def test_each_pattern_has_a_panel(sizing: Sizing, found: Evaluation) -> None:
    """With its lateness, and whether it has to hold."""
    drawn = panels(sizing, found)
    assert list(drawn) == ["step", "quiet"]
    late = found.trials[0].late_ratio
    assert late > 0.0
    assert drawn["step"].get_title(loc="left") == f"step: {late:.2%} late"
    assert drawn["quiet"].get_title(loc="left") == "quiet: 0.00% late, need not hold"


def test_what_was_in_service_is_what_it_carries(sizing: Sizing, found: Evaluation) -> None:
    """Each minute's instances, times what one carries, over hours."""
    (carried,) = (
        line
        for line in panels(sizing, found)["step"].lines
        if line.get_label() == "carried in service"
    )
    ready = found.trials[0].ready
    each = sizing.saturation.invocations
    assert list(carried.get_ydata()) == [each * count for count in (*ready, ready[-1])]
    assert list(carried.get_xdata()) == pytest.approx([minute / 60 for minute in range(61)])


def test_of_several_types_it_is_of_the_one_that_was_tried(
    sizing: Sizing, found: Evaluation
) -> None:
    """Which need not be the first."""
    steps = tuple(
        replace(each, answered=2 * each.answered, offered=2 * each.offered)
        for each in sizing.benchmark.steps
    )
    bigger = publish(replace(sizing.benchmark, steps=steps))
    subjects = [make_subject(bigger), make_subject(sizing)]
    figure = make_figure(subjects, sizing.wish.expectation, None, found)
    (carried,) = (
        line
        for axes in figure.axes
        if axes.get_title(loc="left").startswith("step: ")
        for line in axes.lines
        if line.get_label() == "carried in service"
    )
    assert carried.get_ydata()[0] == found.trials[0].ready[0] * sizing.saturation.invocations


def rectangles(axes: Any) -> list[Any]:
    """List what is shaded; what arrived is no rectangle."""
    return [each for each in axes.patches if hasattr(each, "get_width")]


def test_late_minutes_are_shaded_and_no_others(sizing: Sizing, found: Evaluation) -> None:
    """From the first late minute to the end of the last, where all between were late."""
    drawn = panels(sizing, found)
    late = [minute for minute, count in enumerate(found.trials[0].late_each) if count > 0]
    assert late == list(range(late[0], late[-1] + 1))
    (shaded,) = rectangles(drawn["step"])
    assert shaded.get_x() == pytest.approx(late[0] / 60)
    assert shaded.get_x() + shaded.get_width() == pytest.approx((late[-1] + 1) / 60)
    assert not rectangles(drawn["quiet"])


def test_long_traffic_is_drawn_by_buckets(sizing: Sizing, found: Evaluation) -> None:
    """No more of them than a panel has room for."""
    line = panels(sizing, found)["quiet"].lines[0]
    assert len(line.get_xdata()) <= MOST_BUCKETS + 1
    assert line.get_xdata()[-1] == pytest.approx(len(QUIET.requests) / 60)


def test_only_the_last_round_is_drawn(sizing: Sizing, found: Evaluation) -> None:
    """What held is what is written."""
    last = found.rounds[-1]
    empty = Round(1, last.settings, (), None, "changed")
    assert list(panels(sizing, Evaluation((empty, last), True, "", "", 10_000.0))) == [
        "step",
        "quiet",
    ]


def test_the_same_policies_give_the_same_bytes(
    sizing: Sizing, found: Evaluation, tmp_path: Path
) -> None:
    """Whole XML."""
    one, other = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in (one, other):
        draw_curves([make_subject(sizing)], sizing.wish.expectation, path, evaluation=found)
    assert one.read_bytes() == other.read_bytes()
    assert ET.parse(one).getroot().tag.endswith("svg")  # noqa: S314  (we wrote it)

"""Is every peer found by its name, with its settings, and is what is wrong said?"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.core.window import Window
from flyball.sim.peers import cheapest_within, describe, frontier, make
from flyball.sim.peers.registry import KINDS
from flyball.sim.slots import Course, Plant, score
from tests.unit.sim.peers.story import NOON

OFFICE = Window("office", "cron(0 13 * * ? *)", duration=timedelta(hours=1), floor=5)
ALL = "aws,hpa,knative,keda,ray,google,static,schedule,optimum"
COURSE = Course(NOON, tuple(10.0 + (n * 7) % 23 for n in range(240)), 10.0)


def test_every_kind_of_peer_is_known_by_its_name() -> None:
    """In the order in which they were asked for."""
    found = make(ALL, [OFFICE])
    assert [each.name for each in found] == ALL.split(",") == list(KINDS)
    assert [each.title for each in found][:2] == ["AWS target tracking", "Kubernetes HPA v2"]


@pytest.mark.parametrize("name", [name for name in KINDS if name != "ray"])
def test_every_peer_runs(name: str) -> None:
    """Over four hours, with the bounds kept."""
    (baseline,) = make(name, [OFFICE])
    found = baseline.run(COURSE, Plant(min_capacity=2, max_capacity=4))
    assert set(found.ordered) <= {2, 3, 4}
    assert score(found).slots == 180


def test_ray_runs_or_says_how_to_install_it() -> None:
    """By whether it is there."""
    (baseline,) = make("ray")
    if importlib.util.find_spec("ray") is None:
        with pytest.raises(ImportError, match=r"pip install 'flyball\[ray\]'"):
            baseline.start(COURSE, Plant())
    else:
        assert len(baseline.run(COURSE, Plant()).ordered) == 240


def test_settings_are_read_by_their_types() -> None:
    """Numbers, durations, counts and words."""
    aws, hpa, keda, static = make(
        " aws : target=0.6 : period=10s, hpa:metric=pods,keda:least=2:cooldown=5m,static:capacity=7"
    )
    assert aws.settings.target == 0.6
    assert aws.settings.period == timedelta(seconds=10)
    assert hpa.settings.metric == "pods"
    assert (keda.settings.least, keda.settings.cooldown) == (2, timedelta(minutes=5))
    assert describe(static) == {"capacity": 7, "target": 1.0}


def test_a_peer_with_two_settings_stands_twice() -> None:
    """By names that differ."""
    assert [each.settings.target for each in make(["aws", "aws:target=0.5"])] == [0.7, 0.5]


@dataclass(frozen=True)
class Bad:
    """What is asked for, and what is said."""

    id: str
    names: str
    says: str


BADS = [
    Bad("nothing", " , ", "--against: nothing; expected one or more of aws, hpa, knative"),
    Bad("unknown", "awz", "no peer 'awz'; there are aws, .*; did you mean 'aws'?"),
    Bad("far from all", "xyzzy", "no peer 'xyzzy'; there are aws, hpa, .*, optimum$"),
    Bad("twice", "aws,hpa,aws", "'aws' twice; leave one out"),
    Bad("a setting twice", "aws:target=1:target=2", "aws:target=1:target=2: target twice"),
    Bad(
        "an unknown setting",
        "aws:tarjet=1",
        "got 'tarjet=1'; aws can be set target=…, period=…, .*; did you mean 'target'?",
    ),
    Bad("no value", "aws:target", "got 'target'; aws can be set target=…"),
    Bad("no settings at all", "schedule:floor=1", "got 'floor=1'; schedule can be set nothing"),
    Bad("no number", "aws:target=high", "aws:target=high: target: got 'high', expected a number"),
    Bad("no whole number", "static:capacity=1.5", "capacity: got '1.5', expected a whole number"),
    Bad("no duration", "aws:period=soon", "period: got 'soon', expected a duration such as 300s"),
    Bad("out of its range", "hpa:target=-1", "--against: hpa:target=-1: target: got -1"),
]


@pytest.mark.parametrize("case", BADS, ids=lambda case: case.id)
def test_what_cannot_be_asked_for_is_said(case: Bad) -> None:
    """With what there is."""
    with pytest.raises(ValueError, match=case.says):
        make(case.names, [OFFICE])


def test_a_schedule_without_a_window_is_said() -> None:
    """It would be the least, always."""
    with pytest.raises(ValueError, match="schedule: no window is written; leave schedule out"):
        make("schedule")


def test_a_frontier_is_dearer_and_less_late_the_lower_the_target() -> None:
    """One point for each, in order, with the other settings kept."""
    points = frontier("aws:period=10s", COURSE, Plant(), [0.4, 0.7, 1.0])
    assert [point.target for point in points] == [0.4, 0.7, 1.0]
    assert {point.baseline.settings.period for point in points} == {timedelta(seconds=10)}
    hours = [point.marks.instance_hours for point in points]
    late = [point.marks.late_ratio for point in points]
    assert hours == sorted(hours, reverse=True)
    assert late == sorted(late)


def test_hindsight_chooses_the_cheapest_that_is_late_no_more_than_that() -> None:
    """Or none, where all are later."""
    points = frontier("hpa", COURSE, Plant(), [0.3, 0.5, 0.7])
    best = cheapest_within(points, points[1].marks.late_ratio)
    assert best is not None
    assert best.marks.late_ratio <= points[1].marks.late_ratio
    assert best.marks.instance_hours <= points[1].marks.instance_hours
    assert cheapest_within(points, -1.0) is None


def test_a_peer_without_a_target_has_no_frontier() -> None:
    """And it is said."""
    with pytest.raises(ValueError, match="optimum can be set late=…"):
        frontier("optimum", COURSE, Plant(), [0.5])

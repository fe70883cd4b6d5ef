"""Do the peers stay where they were measured, on made-up days and on real ones?"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flyball.sim.generate import generate_day
from flyball.sim.peers import make
from flyball.sim.slots import Course, Plant, course_of, score
from flyball.sim.trace import read_trace

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
FOLDER = os.environ.get("FLYBALL_TRACES", "")
"""Where real traces lie; the project ships none."""


@dataclass(frozen=True)
class Point:
    """A peer, and its cost ÷ the clairvoyant's and late requests in percent; of a trace."""

    peer: str
    ratio: float
    late: float
    trace: str = ""


MADE_UP = [
    Point("aws", 1.393, 1.589),
    Point("aws:period=10s", 1.439, 1.338),
    Point("hpa", 1.346, 1.549),
    Point("hpa:metric=pods", 1.347, 1.679),
    Point("knative", 1.339, 1.509),
    Point("keda", 1.346, 1.549),
    Point("static", 2.852, 0.0),
    Point("optimum", 1.0, 0.0),
]


@pytest.fixture(scope="module")
def made_up() -> Course:
    """Make five days up."""
    return course_of(generate_day(MONDAY, seed=7, minutes=5 * 1_440), 1_000.0)


@pytest.mark.parametrize("point", MADE_UP, ids=lambda point: point.peer)
def test_peers_stay_where_they_were_on_made_up_days(point: Point, made_up: Course) -> None:
    """To the third digit: a rule that moved is seen here."""
    (baseline,) = make(point.peer)
    marks = score(baseline.run(made_up, Plant()))
    found = (round(marks.clairvoyant_ratio, 3), round(100 * marks.late_ratio, 3))
    assert found == (point.ratio, point.late)


REAL = [
    Point("aws", 1.37, 0.07, "wc98_group"),
    Point("hpa", 1.32, 0.20, "wc98_group"),
    Point("static", 6.81, 0.0, "wc98_group"),
    Point("aws", 1.43, 0.92, "servegen_msmall"),
    Point("hpa", 1.37, 0.94, "servegen_msmall"),
    Point("static", 3.06, 0.0, "servegen_msmall"),
    Point("aws", 1.35, 1.88, "wc98_may"),
    Point("hpa", 1.31, 1.81, "wc98_may"),
    Point("static", 29.08, 0.0, "wc98_may"),
]


@pytest.mark.skipif(not FOLDER, reason="FLYBALL_TRACES does not say where real traces lie")
@pytest.mark.parametrize("point", REAL, ids=lambda point: f"{point.trace}-{point.peer}")
def test_peers_are_where_others_have_measured_them(point: Point) -> None:
    """On the reference points of three real traces."""
    trace = read_trace(Path(FOLDER) / f"{point.trace}.csv")
    (baseline,) = make(point.peer)
    marks = score(baseline.run(course_of(trace), Plant()))
    assert marks.clairvoyant_ratio == pytest.approx(point.ratio, abs=0.006)
    assert 100 * marks.late_ratio == pytest.approx(point.late, abs=0.006)


@pytest.mark.parametrize("name", ["aws", "hpa", "knative", "keda", "static", "optimum"])
def test_a_peer_takes_less_than_a_second_for_five_days(name: str, made_up: Course) -> None:
    """A tenth of that is usual, so that a busy machine fails nobody."""
    (baseline,) = make(name)
    begun = time.process_time()
    baseline.run(made_up, Plant())
    assert time.process_time() - begun < 1

"""Is what more machines buy drawn as it is?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from flyball.report.batch import Kind
from flyball.report.page.bought import draw_batch, make_figure
from flyball.report.page.picture import PictureError
from flyball.sizing.batch import Job, Offer, plan_batch

SECOND = timedelta(seconds=1)


def make(name: str, seconds: float, price: float, deadline: timedelta) -> Kind:
    """Plan a thousand items on a type."""
    job, offer = Job(1_000, seconds * SECOND, deadline), Offer(price, 60 * SECOND)
    return Kind(name, job, offer, plan_batch(job, offer))


@pytest.mark.parametrize(
    ("deadline", "unit"),
    [
        (timedelta(days=3), "days"),
        (timedelta(hours=4), "hours"),
        (timedelta(minutes=30), "minutes"),
        (timedelta(seconds=50), "seconds"),
    ],
)
def test_every_fleet_is_a_point_in_a_unit_that_suits(deadline: timedelta, unit: str) -> None:
    """Its time and its cost; the best is ringed, and named."""
    kinds = [make("a", 10, 1.0, deadline), make("b", 1, 9.0, deadline)]
    (axes,) = make_figure(kinds).axes
    assert axes.get_xlabel().startswith(unit)
    curves = [line for line in axes.lines if line.get_label() in ("a", "b")]
    for kind, line in zip(kinds, curves, strict=True):
        assert list(line.get_ydata()) == [each.cost for each in kind.plan.table]
        assert len(line.get_xdata()) == len(kind.plan.table)
    rings = [line for line in axes.lines if line.get_markersize() == 11]
    assert len(rings) == sum(each.plan.best is not None for each in kinds)
    named = {text.get_text() for text in axes.texts if text.get_fontweight() == "bold"}
    best = {f"{each.plan.best.machines:,}" for each in kinds if each.plan.best is not None}
    assert named <= best
    assert bool(named) == bool(best)


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whole XML, and no name is read as mathematics."""
    kinds = [make("$x_1$ <b>", 10, 1.0, timedelta(hours=1))]
    one, other = tmp_path / "a.svg", tmp_path / "b.svg"
    draw_batch(kinds, one)
    draw_batch(kinds, other)
    assert one.read_bytes() == other.read_bytes()
    assert ET.parse(one).getroot().tag.endswith("svg")  # noqa: S314  (we wrote it)


def test_a_picture_of_no_kind_is_refused(tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(PictureError, match=r"\.svg or \.png"):
        draw_batch([make("a", 10, 1.0, timedelta(hours=1))], tmp_path / "a.pdf")

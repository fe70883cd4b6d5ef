"""Is a picture of a page the same each time, and refused in clear words where it cannot be?"""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from flyball.report.page import Group, Page, Point, Subject
from flyball.report.page.compose import compose
from flyball.report.page.picture import PictureError, check, draw, make_figure
from flyball.sim.backtest import Subject as Traffic
from flyball.sim.backtest import backtest
from flyball.sim.peers import make
from flyball.sim.slots import Plant
from tests.unit.sim.courses import make_course, make_target

WITHOUT = """\
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from typer.testing import CliRunner
from flyball.cli.main import app

done = CliRunner().invoke(app, ["backtest", "--config", "none.yaml", "--plot", "x.svg"])
print(done.exit_code, done.stdout, done.stderr)
"""


@pytest.fixture(scope="module")
def page() -> Page:
    """Make the page of a generated day."""
    subject = Traffic(make_target(), make_course(1_440), Plant(max_capacity=60))
    return compose([backtest(subject, make("aws,optimum"))])


@pytest.mark.parametrize("kind", ["svg", "png", "SVG"])
def test_the_same_page_gives_the_same_bytes(kind: str, page: Page, tmp_path: Path) -> None:
    """No date, no chance, no name of a program's version."""
    one, other = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    draw(page, one)
    draw(page, other)
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_bytes()) > 20_000


def test_an_svg_is_whole_and_loads_nothing(page: Page, tmp_path: Path) -> None:
    """It is XML, and refers to itself alone."""
    path = tmp_path / "a.svg"
    draw(page, path)
    root = ET.parse(path).getroot()  # noqa: S314  (we wrote it)
    assert root.tag.endswith("svg")
    links = [value for each in root.iter() for name, value in each.items() if name.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)


def test_several_targets_do_not_lie_on_each_other() -> None:
    """Each has a row of its own, with its title and axes in it."""
    points = tuple(Point(f"p{at}", Group.PEER, 1 + at, at / 100) for at in range(3))
    figure = make_figure(Page("Tune", "x", tuple(Subject(f"t{at}", points=points) for at in "abc")))
    boxes = [each.get_tightbbox() for each in figure.get_axes()]
    assert len(boxes) == 3
    for above, below in pairwise(boxes):
        assert above.y0 >= below.y1


def test_many_points_and_odd_names_are_drawn(tmp_path: Path) -> None:
    """As a search over policies gives them: no name is read as a formula or as markup."""
    points = [Point("", Group.OURS, 1 + index / 50, 0.02 / (index + 1)) for index in range(40)]
    named = Point("$x_1^{$ <b> & " + "long " * 20, Group.PEER, 1.3, 0.01, emphasised=True)
    path = tmp_path / "a.svg"
    draw(Page("Tune", "$\\frac{", (Subject("$\\frac{ 模型", points=(*points, named)),)), path)
    assert ET.parse(path).getroot().tag.endswith("svg")  # noqa: S314  (we wrote it)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.jpeg"])
def test_another_kind_is_refused(name: str) -> None:
    """Before anything runs."""
    with pytest.raises(PictureError, match=r"expected \.svg or \.png"):
        check(Path(name))


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    """At once, not after a backtest of a year."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("2 ")
    assert "--plot: a picture needs matplotlib: pip install 'flyball[plot]'" in done.stdout

"""How is a frontier drawn in a picture, with each name where there is room for it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flyball.report.figures import number
from flyball.report.page.model import Group, Point
from flyball.report.page.palette import INK, LINE, OTHER, OURS, SOFT
from flyball.report.page.reach import find_edge, find_reach

LONGEST = 24
"""Characters of a name."""
SIZE = 8.5
"""Of its letters, in points; one is 0.62 of that wide."""
LETTER = 0.62
COLOURS = {Group.OURS: OURS, Group.PEER: SOFT, Group.BOUND: OTHER}
SHAPES = {Group.OURS: "o", Group.PEER: "D", Group.BOUND: "s"}
PLACES = (
    (9, -3, "left"), (0, 8, "center"), (-9, -3, "right"), (0, -14, "center"),
    (9, 6, "left"), (9, -12, "left"), (-9, 6, "right"), (-9, -12, "right"),
)  # fmt: skip
"""Of a name around its point, in points to the right and up; the best first."""


class _Box(NamedTuple):
    left: float
    right: float
    low: float
    high: float

    def meets(self, other: _Box) -> bool:
        """Say whether they overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high


def draw_frontier(axes: Any, points: Sequence[Point], cost_axis: str) -> None:  # noqa: ANN401
    """Draw the points, and a line along those whom nobody beats; names are put beside them last."""
    dearest, latest = find_reach(points)
    least = min(each.cost for each in points)
    pad = 0.08 * ((dearest - least) or 1.0)
    right, top = dearest + pad, 112 * max(0.002, latest)
    axes.set_xlim(max(0.0, least - pad), right)
    axes.set_ylim(0, top)
    edge = [_place(each, right, top) for each in find_edge(points)]
    if len(edge) > 1:
        axes.step(
            *zip(*edge, strict=True), where="post", color=OURS, alpha=0.6, linewidth=1.1, zorder=2.6
        )
    for point in sorted(points, key=lambda each: each.emphasised):
        across, up = _place(point, right, top)
        colour = COLOURS[point.group]
        axes.plot(
            [across],
            [up],
            SHAPES[point.group],
            markersize=8 if point.emphasised else 5.5,
            markerfacecolor="white" if point.group is Group.PEER else colour,
            markeredgecolor=colour,
            alpha=1 if point.label else 0.35,
            clip_on=False,
            zorder=3,
        )
    axes.set_xlabel(cost_axis)
    axes.set_ylabel("late, %")
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def name_points(axes: Any, points: Sequence[Point]) -> None:  # noqa: ANN401
    """Put a name beside each point that has one, once it is known where on the picture it is.

    One without room goes without: the page and the tables have all of them.
    """
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    whole = axes.get_figure(root=True)
    dots = whole.dpi / 72  # of a point, the printer's
    spots = [axes.transData.transform(_place(each, right, top)) / dots for each in points]
    taken = [_Box(x - 5, x + 5, y - 5, y + 5) for x, y in spots]
    width = whole.bbox.width / dots
    order = sorted(range(len(points)), key=lambda at: (not points[at].emphasised, points[at].cost))
    for at in order:
        text = _name(points[at], find_reach(points))
        others = [each for index, each in enumerate(taken) if index != at]
        for across, up, align in PLACES if text else ():
            box = _box(spots[at][0] + across, spots[at][1] + up, text, align)
            if box.left < 0 or box.right > width or any(box.meets(each) for each in others):
                continue
            taken.append(box)
            _write(axes, text, points[at], _place(points[at], right, top), (across, up, align))
            break


def _write(
    axes: Any,  # noqa: ANN401
    text: str,
    point: Point,
    spot: tuple[float, float],
    place: tuple[float, float, str],
) -> None:
    across, up, align = place
    axes.annotate(
        text,
        spot,
        xytext=(across, up),
        textcoords="offset points",
        horizontalalignment=align,
        fontsize=SIZE,
        fontweight="bold" if point.emphasised else "normal",
        color=INK,
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        zorder=4,
    ).set_in_layout(False)


def _place(point: Point, right: float, top: float) -> tuple[float, float]:
    """Give where a point is drawn: at the edge, if it is far out."""
    return min(point.cost, right), min(100 * point.late_ratio, top)


def _name(point: Point, reach: tuple[float, float]) -> str:
    name = point.label if len(point.label) <= LONGEST else f"{point.label[: LONGEST - 1]}…"
    if name and point.cost > reach[0]:
        name += f" {number(point.cost)} →"
    if name and point.late_ratio > reach[1]:
        name += f" {point.late_ratio:.0%} ↑"
    return name


def _box(x: float, y: float, text: str, align: str) -> _Box:
    wide = len(text) * LETTER * SIZE
    left = {"left": x, "center": x - wide / 2, "right": x - wide}[align]
    return _Box(left, left + wide, y - 2, y + SIZE)

"""How does a page's timelines and frontiers become a picture, SVG or PNG?

By matplotlib, which is an extra: it is loaded only where a picture is asked for. The same page
gives the same bytes with the same matplotlib: no date, no chance, no settings of the user's.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from flyball.report.page.model import Chart, Page, Subject
from flyball.report.page.palette import DEMAND, DEMAND_TOP, INK, LATE, LINE, OTHER, OURS, SOFT
from flyball.report.page.sample import buckets
from flyball.report.page.scatter import draw_frontier, name_points

KINDS = (".svg", ".png")
EXTRA = "pip install 'flyball[plot]'"
WIDE, HIGH = 13.0, 4.2
"""Inches: of the picture, and of each subject."""
DOTS = 144
MOST_STEPS = 1_500
LONGEST = 40
"""Characters of a name."""

SETTINGS = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # matplotlib brings it along
    "font.size": 9,
    "svg.hashsalt": "flyball",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


class PictureError(ValueError):
    """No picture can be drawn; the message says why, with the remedy."""


def check(path: Path) -> None:
    """See to it that a picture can be drawn, before there is anything to draw.

    Raises:
        PictureError: Its kind is not known, or matplotlib is not installed.
    """
    if path.suffix.lower() not in KINDS:
        raise PictureError(f"{path}: got {path.suffix or 'no suffix'!r}, expected .svg or .png")
    load("matplotlib.figure")


def draw(page: Page, path: Path) -> None:
    """Draw each subject's timeline, with its frontier beside it, into a file.

    Raises:
        PictureError: As for check.
        OSError: The file cannot be written.
    """
    check(path)
    with settings():
        save(make_figure(page), path)


def save(figure: Any, path: Path) -> None:  # noqa: ANN401
    """Write a figure, without date or program, so that the same one gives the same bytes."""
    kind = path.suffix.lower().removeprefix(".")
    dated = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    figure.savefig(path, format=kind, metadata=dated)


def make_figure(page: Page) -> Any:  # noqa: ANN401
    """Make a figure with each subject in a row of its own, and its names where there is room."""
    subjects = [each for each in page.subjects if each.chart is not None or each.points]
    rows = max(1, len(subjects))
    figure = load("matplotlib.figure").Figure(
        figsize=(WIDE, HIGH * rows), dpi=DOTS, layout="constrained"
    )
    parts = figure.subfigures(rows, 1, squeeze=False)[:, 0]  # one is there for nobody too
    frontiers = [
        (_draw_subject(part, subject), subject.points)
        for part, subject in zip(parts, subjects, strict=False)
    ]
    figure.draw_without_rendering()  # only then is it known where a name has room
    for axes, points in frontiers:
        if points:
            name_points(axes, points)
    return figure


def load(name: str) -> Any:  # noqa: ANN401  (an optional library)
    """Import a part of the library.

    Raises:
        PictureError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PictureError(f"a picture needs matplotlib: {EXTRA}") from error


@contextmanager
def settings() -> Iterator[None]:
    """Draw by the library's own settings and ours, whatever the user's are."""
    matplotlib = load("matplotlib")
    with matplotlib.rc_context(), warnings.catch_warnings():
        # Where the font has no letter, it draws a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def _draw_subject(figure: Any, subject: Subject) -> Any:  # noqa: ANN401
    """Draw it, and give the axes of its frontier, where it has one."""
    axes = None
    parts = [each for each in (subject.chart, subject.points) if each]
    shares = [2.4, 1] if len(parts) == 2 else [1]  # noqa: PLR2004  (a timeline and a frontier)
    grid = figure.add_gridspec(1, len(shares), width_ratios=shares)
    if subject.chart is not None:
        axes = figure.add_subplot(grid[0, 0])
        axes.set_title(_cut(subject.name), loc="left", fontweight="bold")
        _draw_chart(axes, subject.chart)
    if subject.points:
        axes = figure.add_subplot(grid[0, -1])
        axes.set_title("Cost against lateness", loc="left", fontweight="bold")
        draw_frontier(axes, subject.points, subject.cost_axis)
    return axes


class _Steps(NamedTuple):
    """What is drawn, by some buckets together: as many as a picture has dots for."""

    edges: list[datetime]
    low: list[float]
    high: list[float]
    least: list[float]
    most: list[float]
    last: list[float]
    beside: list[float]


def _find_steps(chart: Chart) -> _Steps:
    begins = [each.begin for each in buckets(chart.segments, chart.slots)]
    together = -(-len(begins) // MOST_STEPS)
    at = range(0, len(begins), together)
    parts = [slice(each, each + together) for each in at]

    def known(values: Sequence[float | None], pick: Callable[[list[float]], float]) -> list[float]:
        cut = ([each for each in values[part] if each is not None] for part in parts)
        return _ended([pick(each) if each else math.nan for each in cut])

    capacity = chart.capacity_per_instance
    demand, ready = chart.demand, chart.ready
    return _Steps(
        [_time(chart, begins[each]) for each in at] + [_time(chart, chart.slots)],
        known(demand.low, min),
        known(demand.high, max),
        [each * capacity for each in known(ready.low, min)],
        [each * capacity for each in known(ready.high, max)],
        [each * capacity for each in known(ready.last, lambda values: values[-1])],
        [each * capacity for each in known(dict(chart.others).get(chart.beside, ()), max)],
    )


def _draw_chart(axes: Any, chart: Chart) -> None:  # noqa: ANN401
    edges, low, high, least, most, last, beside_last = _find_steps(chart)
    capacity = chart.capacity_per_instance
    steps = {"step": "post", "linewidth": 0}
    axes.fill_between(edges, high, color=DEMAND_TOP, **steps)
    axes.fill_between(edges, low, color=DEMAND, label="demand", **steps)
    axes.fill_between(edges, least, most, color=OURS, alpha=0.35, **steps)
    axes.step(edges, last, where="post", color=OURS, linewidth=1.1, label="in service")
    if chart.beside:
        name = f"in service, {_cut(chart.beside)}"
        dashed = {"color": OTHER, "linewidth": 1.0, "linestyle": "--"}
        axes.step(edges, beside_last, where="post", label=name, **dashed)
    label = "late"
    for begin, end in _spans(chart):
        axes.axvspan(
            _time(chart, begin),
            _time(chart, end),
            facecolor=(LATE, 0.22),
            edgecolor=(LATE, 0.6),
            linewidth=0.8,
            label=label,
        )
        label = "_late"  # one of them is enough for the legend
    dates = load("matplotlib.dates")
    locator = dates.AutoDateLocator(tz=UTC, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"requests in {_length(chart.slot)}")
    axes.yaxis.set_major_formatter(load("matplotlib.ticker").FuncFormatter(_tick))
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    beside = axes.secondary_yaxis(
        "right", functions=(lambda x: x / capacity, lambda x: x * capacity)
    )
    beside.set_ylabel("instances", color=OURS)
    if chart.begin:
        axes.axvline(_time(chart, chart.begin), color=SOFT, linewidth=0.9, linestyle=":")
    above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
    axes.legend(frameon=False, ncols=4, fontsize=8, **above)


def _spans(chart: Chart) -> Iterator[tuple[int, int]]:
    """Give what is shaded: buckets with late requests, joined where they touch."""
    into = buckets(chart.segments, chart.slots)
    late = [each for each, share in zip(into, chart.late, strict=True) if share > 0]
    while late:
        begin, end = late.pop(0)
        while late and late[0].begin == end:
            end = late.pop(0).end
        yield begin, end


def _time(chart: Chart, slot: int) -> datetime:
    return (chart.start + slot * chart.slot).astimezone(UTC)


def _tick(value: float, _: int) -> str:
    return f"{value:,.10g}"


def _ended(values: Sequence[float]) -> list[float]:
    """Repeat the last value, at which the last bucket ends."""
    return [*values, values[-1]]


def _length(slot: timedelta) -> str:
    return "a minute" if slot == timedelta(minutes=1) else f"{slot.total_seconds():g} s"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

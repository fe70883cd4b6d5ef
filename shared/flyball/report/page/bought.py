"""What do more machines buy, as a picture: the cost of a batch against the time that it takes?

A point is a fleet, with how many machines it has; each type of machine has a curve of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flyball.report.batch import Kind
from flyball.report.figures import counted
from flyball.report.page.palette import LATE, LINE, OTHER, OURS, SOFT
from flyball.report.page.picture import DOTS, check, load, save, settings

WIDE, HIGH = 9.0, 5.2
"""Inches."""
COLOURS = (OURS, OTHER, "#b5651d", "#2b6cb0", SOFT)
DASHES = ("-", "--", "-.", ":", (0, (6, 2)))
LONGEST = 40
"""Characters of a name."""
HOUR_S, MINUTE_S = 3_600.0, 60.0
DAY_HOURS = 48.0
LETTER, LETTER_HIGH = 10.0, 18.0
"""Dots that a letter of a name takes, wide and high."""


def draw_batch(kinds: Sequence[Kind], path: Path) -> None:
    """Draw the fleets of each type, ranked, into an .svg or .png file.

    Raises:
        PictureError: Its kind is not known, or matplotlib is not installed.
        OSError: The file cannot be written.
    """
    check(path)
    with settings():
        save(make_figure(kinds), path)


def make_figure(kinds: Sequence[Kind]) -> Any:  # noqa: ANN401
    """Make the figure, with both axes logarithmic: a machine more buys a share, not an amount."""
    figure = load("matplotlib.figure").Figure(figsize=(WIDE, HIGH), dpi=DOTS, layout="constrained")
    axes = figure.add_subplot()
    unit_s, unit = _choose_unit(kinds)
    for index, kind in enumerate(kinds):
        _draw_kind(axes, kind, index, unit_s)
    deadline = kinds[0].job.deadline.total_seconds() / unit_s
    axes.axvline(deadline, color=LATE, linewidth=1.0, linestyle=":", label="deadline")
    axes.set_xscale("log")
    if any(fleet.cost > 0 for kind in kinds for fleet in kind.plan.table):
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1)
    ticker = load("matplotlib.ticker")
    for axis in (axes.xaxis, axes.yaxis):
        # Where little is between two powers of ten, their halves and fifths are named too.
        axis.set_major_formatter(ticker.FuncFormatter(_tick))
        axis.set_minor_formatter(ticker.FuncFormatter(_tick_minor))
    axes.margins(0.08, 0.14)
    axes.set_xlabel(f"{unit} from the order to the last item")
    axes.set_ylabel("cost")
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(
        f"{counted(kinds[0].job.items, 'item')}: what more machines buy",
        loc="left",
        fontweight="bold",
    )
    axes.legend(frameon=False, fontsize=8)
    figure.draw_without_rendering()  # only then is it known where a name has room
    _name_points(axes, kinds, unit_s)
    return figure


def _draw_kind(axes: Any, kind: Kind, index: int, unit_s: float) -> None:  # noqa: ANN401
    colour = COLOURS[index % len(COLOURS)]
    times = [each.time.total_seconds() / unit_s for each in kind.plan.table]
    costs = [each.cost for each in kind.plan.table]
    axes.plot(
        times,
        costs,
        color=colour,
        linestyle=DASHES[index % len(DASHES)],
        linewidth=1.2,
        marker="o",
        markersize=4,
        label=kind.name[:LONGEST] or "machines",
    )
    best = kind.plan.best
    if best is not None:
        axes.plot(
            best.time.total_seconds() / unit_s,
            best.cost,
            color=colour,
            marker="o",
            markersize=11,
            markerfacecolor="none",
            markeredgewidth=1.6,
            linestyle="none",
            label="_best" if index else "cheapest in time",
        )


def _name_points(axes: Any, kinds: Sequence[Kind], unit_s: float) -> None:  # noqa: ANN401
    """Write the count of machines beside points, those in time first, where there is room."""
    points = [
        (fleet, COLOURS[index % len(COLOURS)], fleet == kind.plan.best)
        for index, kind in enumerate(kinds)
        for fleet in kind.plan.table
    ]
    taken: list[tuple[float, float, float]] = []
    for fleet, colour, is_best in sorted(points, key=lambda each: not each[2]):
        point = (fleet.time.total_seconds() / unit_s, fleet.cost)
        left, low = axes.transData.transform(point)
        text = f"{fleet.machines:,}"
        right = left + LETTER * (len(text) + 1)
        if any(left < b and a < right and abs(low - y) < LETTER_HIGH for a, b, y in taken):
            continue
        taken.append((left, right, low))
        axes.annotate(
            text,
            point,
            xytext=(5, 6),
            textcoords="offset points",
            fontsize=8,
            color=colour,
            fontweight="bold" if is_best else "normal",
        )


def _choose_unit(kinds: Sequence[Kind]) -> tuple[float, str]:
    longest = max(kind.job.deadline.total_seconds() for kind in kinds)
    if longest > DAY_HOURS * HOUR_S:
        return 24 * HOUR_S, "days"
    if longest > HOUR_S:
        return HOUR_S, "hours"
    return (MINUTE_S, "minutes") if longest > MINUTE_S else (1.0, "seconds")


def _tick(value: float, _: int) -> str:
    return f"{value:,.10g}"


def _tick_minor(value: float, _: int) -> str:
    """Name 2 and 5 between powers of ten."""
    return f"{value:,.10g}" if f"{value:e}"[0] in "25" else ""

"""What became of the policies under each pattern of traffic, as a picture?

A panel for each: what arrived, what the instances in service carried, what they are held at, the
most that MaxCapacity carries, and where requests were late.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flyball.report.page.palette import DEMAND, DEMAND_TOP, INK, LATE, OURS, SOFT
from flyball.report.page.picture import load
from flyball.report.page.sample import Bucket, buckets, divide, gather
from flyball.sizing.evaluate import Evaluation
from flyball.sizing.tried import Trial

HIGH = 3.0
"""Inches of a row of panels."""
ACROSS = 2
MOST_BUCKETS = 360
MINUTE = timedelta(minutes=1)
HOUR_MINUTES, DAY_MINUTES = 60, 24 * 60
MOST_HOURS = 48
ROOM = 1.25


def count_rows(evaluation: Evaluation) -> int:
    """Say how many rows of panels it takes."""
    return math.ceil(len(evaluation.trials) / ACROSS)


def draw_evaluation(part: Any, evaluation: Evaluation) -> None:  # noqa: ANN401
    """Draw the last round into a part of a figure.

    Args:
        part: Of matplotlib.
        evaluation: What became of the policies.
    """
    part.suptitle(
        "Evaluated: the policies under the expected traffic, simulated",
        x=0.01,
        ha="left",
        weight="bold",
    )
    grid = part.add_gridspec(count_rows(evaluation), ACROSS)
    for index, trial in enumerate(evaluation.trials):
        axes = part.add_subplot(grid[divmod(index, ACROSS)])
        _draw_trial(axes, trial, evaluation)
        if not index:
            above = {"loc": "lower right", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
            axes.legend(frameon=False, ncols=4, fontsize=8, **above)


def _draw_trial(axes: Any, trial: Trial, evaluation: Evaluation) -> None:  # noqa: ANN401
    settings, pattern, carried = evaluation.settings, trial.pattern, evaluation.carried
    late = [max(0.0, count) for count in trial.late_each]
    into = buckets(divide(late, MOST_BUCKETS), len(late))
    edges, unit = _scale(into)
    demand, ready = gather(pattern.requests, into), gather(trial.ready, into)
    if demand.high != demand.low:
        _fill(axes, edges, demand.high, DEMAND_TOP, "")
    _fill(axes, edges, demand.low, DEMAND, "requests a minute")
    least = [math.nan if each is None else each for each in ready.low]
    for each, style, name in (
        (carried, {"color": OURS, "linewidth": 1.2}, "carried in service"),
        (settings.invocations, {"color": INK, "linewidth": 0.8, "linestyle": ":"}, "held at"),
    ):
        values = [each * count for count in (*least, least[-1])]
        axes.step(edges, values, where="post", label=name, **style)
    _mark_late(axes, late, into, edges)
    top = settings.max_capacity * carried
    most = max(pattern.most, carried * max(trial.ready))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, most * ROOM)
    if top < most * ROOM:
        axes.axhline(top, color=SOFT, linestyle="--", linewidth=0.9)
        _write(axes, top, f"MaxCapacity {settings.max_capacity:,}")
    mark = "" if pattern.required else ", need not hold"
    axes.set_title(
        f"{pattern.name}: {trial.late_ratio:.2%} late{mark}", loc="left", fontweight="bold"
    )
    axes.set_xlabel(unit)
    axes.yaxis.set_major_formatter(load("matplotlib.ticker").FuncFormatter(_tick))


def _scale(into: Sequence[Bucket]) -> tuple[list[float], str]:
    """Give the edges of the buckets, in a unit that suits."""
    minutes = into[-1].end
    each, unit = (
        (DAY_MINUTES, "days") if minutes > MOST_HOURS * HOUR_MINUTES else (HOUR_MINUTES, "hours")
    )
    return [bucket.begin / each for bucket in into] + [minutes / each], unit


def _fill(
    axes: Any,  # noqa: ANN401
    edges: Sequence[float],
    values: Sequence[float | None],
    colour: str,
    name: str,
) -> None:
    known = [math.nan if each is None else each for each in values]
    axes.stairs(known, edges, fill=True, linewidth=0, color=colour, label=name or None)


def _mark_late(
    axes: Any,  # noqa: ANN401
    late: Sequence[float],
    into: Sequence[Bucket],
    edges: Sequence[float],
) -> None:
    """Shade where requests were late; what touches is one."""
    name: str | None = "late"
    begin: float | None = None
    for index, (first, end) in enumerate((*into, (len(late), len(late)))):
        is_late = any(late[first:end])
        if is_late and begin is None:
            begin = edges[index]
        if not is_late and begin is not None:
            span = (begin, edges[index])
            axes.axvspan(*span, facecolor=(LATE, 0.25), edgecolor=(LATE, 0.6), label=name)
            begin, name = None, None


def _write(axes: Any, value: float, words: str) -> None:  # noqa: ANN401
    axes.annotate(
        words,
        (0.99, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=SOFT,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
    )


def _tick(value: float, _: int) -> str:
    return f"{value:,.10g}"

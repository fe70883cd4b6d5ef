"""How do the curves of a load test, its limits and its fleet become a picture?

The two plots of the method: utilization over invocations, with the latency below it, and both over
the load that was held, from which InvocationsPerInstance is read. Beside them, the instances that
the expected requests need, and below them what became of the policies where they were tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flyball.core.shape import NamedTuple
from flyball.report.page import evaluated
from flyball.report.page.palette import DEMAND, INK, LATE, LINE, OTHER, OURS, SOFT
from flyball.report.page.picture import check, load, save, settings
from flyball.report.sizing import Instance, list_quantiles, name_instance
from flyball.report.units import show_units
from flyball.sizing.benchmark import Resource, Step
from flyball.sizing.between import interpolate
from flyball.sizing.curve import draw_curve
from flyball.sizing.evaluate import Evaluation
from flyball.sizing.expectation import MINUTE_S, Expectation, Range, count_instances
from flyball.sizing.saturation import (
    NAMES,
    Cause,
    LatencyObjective,
    Saturation,
    measure_load,
    order_steps,
)

WIDE, HIGH = 13.0, 8.4
"""Inches: of the picture, and of each instance type."""
DOTS = 144
PERCENT = 100.0
ROOM = 1.12
"""Of an axis, beyond the most that is on it."""
APART = 1.5
"""So much more room has the axis of use on the overlay, that the two curves lie apart."""
LATENCIES = (OURS, OTHER, LATE, SOFT, INK)
MARKED = {"linestyle": "--", "linewidth": 1.1}
NOTE = {"fontsize": 8, "color": SOFT}


class Subject(NamedTuple):
    """What is drawn of an instance type.

    Attributes:
        instance: One of it.
        capacity: Between how many it scales; None: nothing is expected.
        home: Whose monitoring shows its use; as for show_units.
    """

    instance: Instance
    capacity: Range | None
    home: str | None = None


def draw_curves(
    subjects: Sequence[Subject],
    expectation: Expectation | None,
    path: Path,
    objective: LatencyObjective | None = None,
    evaluation: Evaluation | None = None,
) -> None:
    """Draw each instance type into a file.

    Args:
        subjects: Shape (n,), n >= 1.
        expectation: Requests; None: nobody said how many.
        path: Where it goes.
        objective: How long an answer may take; None: another one.
        evaluation: Of the policies of one of the types; None: they were not tried.

    Raises:
        PictureError: The kind of the file is not known, or matplotlib is not installed.
        OSError: The file cannot be written.
    """
    check(path)
    with settings():
        save(make_figure(subjects, expectation, objective, evaluation), path)


def make_figure(
    subjects: Sequence[Subject],
    expectation: Expectation | None,
    objective: LatencyObjective | None = None,
    evaluation: Evaluation | None = None,
) -> Any:  # noqa: ANN401
    """Make a figure: a part for each instance type, below each other, and the policies' last."""
    heights = [HIGH] * len(subjects)
    if evaluation is not None:
        heights.append(evaluated.HIGH * evaluated.count_rows(evaluation))
    figure = load("matplotlib.figure").Figure(
        figsize=(WIDE, sum(heights)), dpi=DOTS, layout="constrained"
    )
    parts = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    if evaluation is not None:
        evaluated.draw_evaluation(parts[-1], evaluation)
    for part, subject in zip(parts, subjects, strict=False):
        part.suptitle(name_instance(subject.instance.benchmark), x=0.01, ha="left", weight="bold")
        grid = part.add_gridspec(2, 2)
        use = None
        if subject.instance.limit.resource is not None:
            use = part.add_subplot(grid[0, 0])
            _draw_use(use, subject.instance, subject.instance.limit.resource)
            _add_units(use, subject)
        below = part.add_subplot(grid[:, 0] if use is None else grid[1, 0], sharex=use)
        _draw_latency(below, subject.instance, objective)
        whole = subject.capacity is None or expectation is None
        _draw_overlay(part.add_subplot(grid[:, 1] if whole else grid[0, 1]), subject.instance)
        if subject.capacity is not None and expectation is not None:
            axes = part.add_subplot(grid[1, 1])
            _draw_count(axes, subject.instance, subject.capacity, expectation)
    return figure


def _draw_use(axes: Any, instance: Instance, resource: Resource) -> None:  # noqa: ANN401
    """Draw utilization over invocations, with its limits and where it saturates."""
    benchmark, saturation, limit = instance
    axes.set_title("Utilization over invocations", loc="left", fontweight="bold")
    steps = order_steps(benchmark)
    known = [each for each in steps if resource in each.used_ratio]
    places = [each.answered for each in known]
    used = [PERCENT * each.used_ratio[resource] for each in known]
    axes.plot(places, used, "o", color=DEMAND, markeredgecolor=SOFT, markersize=5)
    curve = draw_curve(benchmark, saturation, resource)
    axes.plot([x for _, x in curve], [PERCENT * y for y, _ in curve], color=OURS)
    axes.set_ylabel(f"{NAMES[resource]}, % of all of it")
    axes.set_ylim(0, PERCENT * 1.08)
    if limit.used_ratio is not None:
        _mark_band(axes, [PERCENT * each for each in limit.used_ratio])
    low, middle, high = limit.invocations
    axes.axvspan(low, high, color=OURS, alpha=0.12, linewidth=0)
    axes.axvline(middle, color=OURS, **MARKED)
    axes.axvline(saturation.invocations, color=LATE, linewidth=1.2)
    most = max(*(each.answered for each in steps), saturation.invocations)
    axes.set_xlim(0, most * ROOM)
    words = f"{_name_end(saturation)}:\n{saturation.invocations:,.0f}"
    _note(axes, saturation.invocations, words)
    _style(axes)


def _draw_latency(
    axes: Any,  # noqa: ANN401
    instance: Instance,
    objective: LatencyObjective | None,
) -> None:
    """Draw the latency's percentiles over invocations."""
    benchmark, saturation, limit = instance
    axes.set_title("Latency over invocations", loc="left", fontweight="bold")
    steps = order_steps(benchmark)
    quantiles = list_quantiles(steps)
    for colour, quantile in zip(LATENCIES, quantiles, strict=False):
        known = [each for each in steps if quantile in each.latency_ms]
        places = [each.answered for each in known]
        axes.plot(
            places,
            [each.latency_ms[quantile] for each in known],
            marker="o",
            markersize=3.5,
            color=colour,
            label=f"p{100 * quantile:g}",
        )
    if objective is not None:
        words = f"p{100 * objective.quantile:g} within {objective.latency_ms:g} ms"
        axes.axhline(objective.latency_ms, color=INK, label=words, **MARKED)
    if quantiles:
        axes.legend(frameon=False, loc="upper left")
    else:
        axes.text(
            0.5, 0.5, "no latency was measured", transform=axes.transAxes, ha="center", **NOTE
        )
    axes.set_xlim(0, max(*(each.answered for each in steps), saturation.invocations) * ROOM)
    axes.axvspan(*limit.invocations[::2], color=OURS, alpha=0.12, linewidth=0)
    axes.axvline(limit.invocations.middle, color=OURS, **MARKED)
    axes.axvline(saturation.invocations, color=LATE, linewidth=1.2)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("latency, ms")
    axes.set_xlabel("invocations per instance and minute")
    _style(axes)


def _draw_overlay(axes: Any, instance: Instance) -> None:  # noqa: ANN401
    """Lay utilization over invocations, and read InvocationsPerInstance off where it crosses."""
    benchmark, saturation, limit = instance
    axes.set_title("InvocationsPerInstance, read off the overlay", loc="left", fontweight="bold")
    steps = order_steps(benchmark)
    at = measure_load(steps)
    places, answered = [at(each) for each in steps], [each.answered for each in steps]
    axes.plot(places, answered, color=INK, marker="o", markersize=3.5, label="invocations")
    axes.axvline(saturation.load, color=LATE, linewidth=1.2)
    right, up = max(*places, saturation.load) * 1.03, max(answered) * ROOM
    axes.set_xlim(0, right)
    axes.set_ylim(0, up)
    _note(axes, saturation.load, _name_end(saturation), at=0.03)
    users = all(each.users is not None for each in steps)
    axes.set_xlabel("users" if users else "requests asked in a minute")
    axes.set_ylabel("invocations answered in a minute")
    tops = list(limit.invocations)
    if limit.resource is not None and limit.used_ratio is not None:
        _lay_use(axes, steps, limit.resource, list(limit.used_ratio))
        crossed = (up / (ROOM * APART) * each for each in limit.used_ratio)
        tops = [max(pair) for pair in zip(tops, crossed, strict=True)]
    for index, (invocations, top) in enumerate(zip(limit.invocations, tops, strict=True)):
        place = _find_load(steps, invocations)
        style = MARKED if index == 1 else {"linestyle": ":", "linewidth": 1.0}
        axes.plot([0, place], [invocations, invocations], color=OURS, **style)
        axes.plot([place, place], [0, top], color=OURS, **style)
        axes.plot([place], [invocations], "o", color=OURS, markersize=5)
    low, middle, high = (f"{each:,.0f}" for each in limit.invocations)
    axes.annotate(
        f"{middle} ({low}–{high})",
        (0, limit.invocations.high),
        xytext=(6, 5),
        textcoords="offset points",
        color=OURS,
        fontweight="bold",
    )
    axes.legend(frameon=False, loc="upper left")
    _style(axes)


def _lay_use(
    axes: Any,  # noqa: ANN401
    steps: Sequence[Step],
    resource: Resource,
    band: Sequence[float],
) -> None:
    beside = axes.twinx()
    at = measure_load(steps)
    known = [each for each in steps if resource in each.used_ratio]
    used = [PERCENT * each.used_ratio[resource] for each in known]
    beside.plot([at(each) for each in known], used, color=OTHER, marker="s", markersize=3.5)
    beside.set_ylim(0, PERCENT * ROOM * APART)
    beside.set_yticks(range(0, 101, 20))
    beside.set_ylabel(f"{NAMES[resource]}, % of all of it", color=OTHER)
    beside.axhspan(PERCENT * band[0], PERCENT * band[2], color=OTHER, alpha=0.12, linewidth=0)
    beside.axhline(PERCENT * band[1], color=OTHER, **MARKED)
    axes.plot([], [], color=OTHER, marker="s", markersize=3.5, label=NAMES[resource])
    axes.set_zorder(beside.get_zorder() + 1)
    axes.patch.set_visible(False)


def _draw_count(
    axes: Any,  # noqa: ANN401
    instance: Instance,
    capacity: Range,
    expectation: Expectation,
) -> None:
    """Draw instances over requests a second, between the least and the most capacity."""
    axes.set_title("Instances over requests a second", loc="left", fontweight="bold")
    each = instance.limit.invocations.middle
    most = capacity.max_capacity * each / MINUTE_S * 1.08
    most = max(most, expectation.most_per_s * ROOM)
    ends = [index * each / MINUTE_S for index in range(capacity.max_capacity + 1)]
    counts = [
        min(max(count_instances(end, each), capacity.min_capacity), capacity.max_capacity)
        for end in ends
    ]
    axes.step([*ends, most], [*counts, capacity.max_capacity], where="pre", color=OURS)
    for name, count in (("Min", capacity.min_capacity), ("Max", capacity.max_capacity)):
        axes.axhline(count, color=SOFT, **MARKED)
        words = f"{name}Capacity {count:,}"
        place = (0.99, count) if name == "Min" else (0.01, count)
        axes.annotate(
            words,
            place,
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right" if name == "Min" else "left",
            color=INK,
        )
    axes.axvspan(
        expectation.least_per_s, expectation.most_per_s, color=DEMAND, alpha=0.35, linewidth=0
    )
    axes.plot([], [], color=DEMAND, linewidth=8, alpha=0.6, label="expected")
    axes.legend(frameon=False, loc="center right")
    axes.set_xlim(0, most)
    axes.set_ylim(0, capacity.max_capacity * 1.15 + 0.3)
    axes.set_xlabel("requests a second")
    axes.set_ylabel("instances")
    axes.yaxis.get_major_locator().set_params(integer=True)
    _style(axes)


def _find_load(steps: Sequence[Step], invocations: float) -> float:
    """Say under which load so many were answered first."""
    at = measure_load(steps)
    points, most = [(0.0, 0.0)], 0.0
    for each in steps:
        if each.answered > most:
            most = each.answered
            points.append((most, at(each)))
    return interpolate(points, invocations)


def _mark_band(axes: Any, band: Sequence[float]) -> None:  # noqa: ANN401
    low, middle, high = band
    axes.axhspan(low, high, color=OTHER, alpha=0.12, linewidth=0)
    axes.axhline(middle, color=OTHER, **MARKED)
    places = (
        (f"upper {high:.0f} %", high, 0.01, "bottom"),
        (f"lower {low:.0f} %", low, 0.01, "top"),
    )
    for words, value, across, way in (*places, (f"target {middle:.0f} %", middle, 0.15, "center")):
        axes.annotate(
            words,
            (across, value),
            xycoords=("axes fraction", "data"),
            va=way,
            color=OTHER,
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if way == "center" else None,
        )


def _add_units(axes: Any, subject: Subject) -> None:  # noqa: ANN401
    """Add the units of the home's monitoring, where they are of each core."""
    used, shown = subject.instance.limit.used_ratio, show_units(subject.instance, subject.home)
    if used is None or not shown.values:
        return
    is_percent = shown.texts[1].endswith("%")
    whole = shown.values[1] / used.middle / (PERCENT if is_percent else 1.0)
    if whole > 1.0:
        scale = whole if is_percent else whole / PERCENT
        beside = axes.secondary_yaxis(
            "right", functions=(lambda used: used * scale, lambda used: used / scale)
        )
        beside.set_ylabel(f"in {shown.name}{', %' if is_percent else ''}")


def _name_end(saturation: Saturation) -> str:
    """Name what the red line is."""
    if saturation.cause is None:
        return "the most seen"
    return "too late" if saturation.cause is Cause.LATENCY else "saturated"


def _note(axes: Any, place: float, words: str, at: float = 0.05) -> None:  # noqa: ANN401
    axes.annotate(
        words,
        (place, at),
        xycoords=("data", "axes fraction"),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        color=LATE,
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        zorder=5,
    )


def _style(axes: Any) -> None:  # noqa: ANN401
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    ticks = load("matplotlib.ticker").FuncFormatter(lambda value, _: f"{value:,.10g}")
    axes.xaxis.set_major_formatter(ticks)
    axes.yaxis.set_major_formatter(ticks)

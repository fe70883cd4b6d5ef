"""How does what a load test comes to read: one instance, its limits, its fleet?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.report.figures import counted, duration, number
from flyball.report.loadtest import MS_PER_S, tell_latency
from flyball.report.plain import plain
from flyball.sizing.benchmark import UNKNOWN, Benchmark, Resource, Step
from flyball.sizing.beside import Arrivals, Beside
from flyball.sizing.curve import Use
from flyball.sizing.expectation import MINUTE_S, Expectation, Range, Shape
from flyball.sizing.limit import BAND_RATIO, Limit, Objective
from flyball.sizing.machines import Comparison
from flyball.sizing.queueing import POISSON_SCV
from flyball.sizing.rounding import round_down, show_figure
from flyball.sizing.saturation import NAMES, Bound, LatencyObjective, Saturation
from flyball.sizing.variability import Services

USUAL = (0.5, 0.9, 0.95, 0.99)
MOST_QUANTILES = 5
"""Columns of latency; more are not compared by anybody."""
NONE = "–"
LEVELS = ("lower", "target", "upper")
FLEET_HEADS = ("", "at the least", "at the most", "grown", "busy at the most")
OPTION_HEADS = ("", "each/min", "min", "max", "an hour", "at least", "at most", "a million")
COUNT_HEADS = ("", "each/min", "min", "max")
WHENCE = {
    Arrivals.MEASURED: "from the trace's counts",
    Arrivals.UNASKED: "taken for want of a --trace",
    Arrivals.UNKNOWN: "taken, since the trace has too few counts in a row, or too long ones",
}
SERVED = {
    Services.MEASURED: "as measured",
    Services.ALONE: "taken, since one percentile of latency does not tell",
    Services.FULL: "taken, since no load below saturation tells",
}
MINUTES = (
    " Counts do not show whether requests that come together do so at once or over seconds; of "
    "the latter a queue feels less, so G/G/c is the most that may be needed."
)


class Instance(NamedTuple):
    """What was found of one instance of one type.

    Attributes:
        benchmark: Its load test.
        saturation: Where it saturates.
        limit: What it is to be held at.
    """

    benchmark: Benchmark
    saturation: Saturation
    limit: Limit


def name_instance(benchmark: Benchmark) -> str:
    """Name what was load tested: ml.c5.large, 2 cores."""
    machine = benchmark.machine
    if machine == UNKNOWN:
        return "of a type that was not told"
    parts = [
        plain(machine.instance_type) or "of a type that was not told",
        counted(machine.cores, "core"),
    ]
    if machine.gpus:
        parts.append(counted(machine.gpus, "GPU"))
    if machine.price_per_hour is not None:
        parts.append(f"{number(machine.price_per_hour)} an hour")
    return ", ".join(parts)


def step_heads(steps: Sequence[Step]) -> list[str]:
    """Name the columns of a table of steps: of each latency and resource that any of them has."""
    load = "users" if _counts_users(steps) else "asked/min"
    late = [f"p{100 * each:g}" for each in list_quantiles(steps)]
    return [load, "answered/min", *late, "failed", *(NAMES[each] for each in list_used(steps))]


def step_rows(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    """Make the cells below step_heads."""
    users, late, used = _counts_users(steps), list_quantiles(steps), list_used(steps)
    return [
        (
            f"{step.users:,.0f}" if users else _show_carried(step.offered),
            _show_carried(step.answered),
            *(_late(step.latency_ms.get(each)) for each in late),
            f"{step.failed_ratio:.1%}",
            *(_share(step.used_ratio.get(each)) for each in used),
        )
        for step in steps
    ]


def use_heads(resource: Resource, uses: Sequence[Use]) -> list[str]:
    """Name the columns of a table of use."""
    late = list_quantiles(uses)
    return [NAMES[resource], "invocations/min", *(f"p{100 * each:g}" for each in late)]


def use_rows(uses: Sequence[Use]) -> list[tuple[str, ...]]:
    """Make the cells below use_heads."""
    late = list_quantiles(uses)
    return [
        (
            f"{use.used_ratio:.0%}",
            show_figure(use.invocations),
            *(_late(use.latency_ms.get(each)) for each in late),
        )
        for use in uses
    ]


def limit_heads(limit: Limit, shown: str) -> list[str]:
    """Name the columns of a table of limits; shown is where this use is shown, "" if nowhere."""
    if limit.resource is None:
        return ["", "InvocationsPerInstance"]
    also = [f"in {shown}"] if shown else []
    return ["", NAMES[limit.resource], *also, "InvocationsPerInstance"]


def limit_rows(limit: Limit, shown: Sequence[str]) -> list[tuple[str, ...]]:
    """Make the cells below limit_heads: lower, target, upper; shown is empty where it is not."""
    rows = []
    for index, level in enumerate(LEVELS):
        used = [] if limit.used_ratio is None else [f"{limit.used_ratio[index]:.0%}"]
        also = [shown[index]] if shown else []
        rows.append((level, *used, *also, show_figure(limit.invocations[index])))
    return rows


def tell_objective(objective: Objective | LatencyObjective) -> str:
    """Say what is wanted, in a few words."""
    if isinstance(objective, LatencyObjective):
        return f"p{100 * objective.quantile:g} within {objective.latency_ms:,g} ms"
    return objective.value


def tell_limit(instance: Instance, units: str = "") -> list[str]:
    """Say what stands behind the limits, and what their units mean: a paragraph each."""
    limit = instance.limit
    told = []
    if limit.reason:
        told.append(f"{limit.reason[:1].upper()}{limit.reason[1:]}.")
    if units:
        told.append(units)
    if instance.saturation.bound is Bound.AT_LEAST:
        told.append("These are no more than what the load test has seen.")
    return told


def tell_expectation(expectation: Expectation) -> str:
    """Say how many requests come, in a few words."""
    least, most = number(expectation.least_per_s), number(_round(expectation.most_per_s))
    told = (
        f"{number(_round(expectation.least_per_s)) if least else least} to {most} requests a second"
    )
    if expectation.growth_factor != 1.0:
        told += f", growing {number(expectation.growth_factor)} times"
    if expectation.shape is Shape.RAMP and expectation.ramp is not None:
        users, each = expectation.ramp
        new = f"{number(users)} new user{'' if users == 1 else 's'} a minute"
        return f"{told}, {new}, of {show_figure(each)} requests a minute each"
    if expectation.shape is Shape.SPIKY:
        every, lasts = expectation.spike
        return f"{told}, at once for {lasts} of {every} minutes"
    if expectation.shape is Shape.TRACE:
        length = timedelta(minutes=len(expectation.trace))
        return f"{told}, as recorded in {duration(length)}"
    return f"{told}, smoothly over a day"


def tell_capacity(
    capacity: Range, expectation: Expectation, invocations: float
) -> list[tuple[str, str, str]]:
    """Say between how many instances it scales, with the formula in numbers."""
    each = f"({number(_round(invocations))} ÷ {MINUTE_S})"
    least, most = _round(expectation.least_per_s), _round(expectation.most_per_s)
    need = number(_round(least * MINUTE_S / invocations))
    low = f"= ceil({number(least)} ÷ {each}) = ceil({need})"
    if not least and capacity.min_capacity == 1:
        low = "nothing is asked at the least; an endpoint that answers has one"
    elif capacity.reason:
        low = f"{low}; {capacity.reason}"
    growth = number(expectation.growth_factor)
    top = f"= ceil(ceil({number(most)} ÷ {each}) × {growth}) "
    top += f"= ceil({capacity.most_instances:,} × {growth})"
    grown = math.ceil(capacity.most_instances * expectation.growth_factor - 1e-9)
    if capacity.max_capacity > grown:
        top += "; no less than MinCapacity"
    return [
        ("MinCapacity", f"{capacity.min_capacity:,}", low),
        ("MaxCapacity", f"{capacity.max_capacity:,}", top),
    ]


def fleet_rows(beside: Beside) -> list[tuple[str, ...]]:
    """Make the cells below FLEET_HEADS."""
    return [
        (
            each.name,
            f"{each.least:,}",
            f"{each.most:,}",
            f"{each.grown:,}",
            f"{each.used_ratio:.0%}",
        )
        for each in beside.fleets
    ]


def tell_beside(beside: Beside) -> list[str]:
    """Say what the queue takes for granted, and how it differs: a paragraph each."""
    service = beside.service
    scv, arrivals = number(_round(service.scv)), number(_round(beside.arrival_scv))
    each = tell_latency(service.mean_s * MS_PER_S)
    is_bound = beside.is_measured and beside.arrival_scv > POISSON_SCV
    told = [
        (
            f"By queueing, {beside.objective}: one instance serves {service.servers:,} at a time, "
            f"{each} each." + (f" {beside.caution}." if beside.caution else "")
        ),
        (
            "M/M/c takes services and arrivals to vary like chance, G/G/c with squared "
            f"coefficients of variation of {scv} (services, {SERVED[beside.services]}) and "
            f"{arrivals} (arrivals, {WHENCE[beside.arrivals]})." + (MINUTES if is_bound else "")
        ),
        (
            "Both let requests wait in one row for whoever is free first; routing that knows not "
            "who is free makes them wait longer."
        ),
    ]
    if beside.without:
        told.append(f"{beside.without}.")
    return [*told, beside.sentence]


def option_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """Make the cells below OPTION_HEADS."""
    return [
        (
            plain(each.candidate.machine.instance_type),
            show_figure(each.candidate.invocations_per_instance),
            f"{each.capacity.min_capacity:,}",
            f"{each.capacity.max_capacity:,}",
            f"{each.hourly:,.2f}",
            f"{each.hourly_least:,.2f}",
            f"{each.hourly_most:,.2f}",
            f"{each.per_million:,.2f}",
        )
        for each in comparison.options
    ]


def count_rows(instances: Sequence[Instance], ranges: Sequence[Range]) -> list[tuple[str, ...]]:
    """Make the cells below COUNT_HEADS, where prices are not known."""
    return [
        (
            plain(each.benchmark.machine.instance_type),
            show_figure(each.limit.invocations.middle),
            f"{found.min_capacity:,}",
            f"{found.max_capacity:,}",
        )
        for each, found in zip(instances, ranges, strict=True)
    ]


def tell_band(objective: Objective | LatencyObjective) -> str:
    """Say how far around the target the limits lie."""
    if isinstance(objective, LatencyObjective):
        return f"{tell_objective(objective)}; the upper limit is where it is passed, or cost allows"
    return f"{objective.value}, with {BAND_RATIO:.0%} of the hardware below and above the target"


def list_quantiles(tables: Sequence[Step] | Sequence[Use]) -> list[float]:
    """List the quantiles of latency that any row has; of very many those that are usual."""
    known = sorted({each for row in tables for each in row.latency_ms})
    usual = [each for each in known if each in USUAL]
    return known if len(known) <= MOST_QUANTILES or not usual else usual


def list_used(steps: Sequence[Step]) -> list[Resource]:
    """List the resources of which any step knows the use."""
    return [each for each in Resource if any(each in step.used_ratio for step in steps)]


def _show_carried(requests: float) -> str:
    """Show what was measured as what comes of it is shown: rounded down."""
    return show_figure(round_down(requests))


def _counts_users(steps: Sequence[Step]) -> bool:
    return all(step.users is not None for step in steps)


def _late(latency_ms: float | None) -> str:
    return NONE if latency_ms is None else tell_latency(latency_ms)


def _share(used_ratio: float | None) -> str:
    return NONE if used_ratio is None else f"{used_ratio:.0%}"


def _round(value: float) -> float:
    """Take away what is only a rounding error, and more digits than anybody reads."""
    return round(value, 2)

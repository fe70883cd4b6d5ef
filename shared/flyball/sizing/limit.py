"""How much of one instance may be used, and how many invocations a minute is that?

An objective says which part of the hardware's limit may be used; the load test says how many
invocations use so much. Where something else ends before the hardware does, that is the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource
from flyball.sizing.between import interpolate
from flyball.sizing.curve import draw_curve, read_invocations
from flyball.sizing.full import GROWTH_RATIO, NEAR_RATIO
from flyball.sizing.rounding import round_down
from flyball.sizing.saturation import (
    NAMES,
    Bound,
    Cause,
    LatencyObjective,
    Saturation,
    find_late,
    list_sound,
    measure_load,
    read_latency,
)

BAND_RATIO = 0.05
"""A limit's lower and upper end lie so far from it: 45 and 55 % around 50 %."""
PERCENT = 100.0
HOLDS = (Resource.MEMORY, Resource.GPU_MEMORY)
"""What holds things is used without load, too."""


class Objective(Word):
    """What an endpoint is run for."""

    AVAILABILITY = "availability"
    BALANCED = "balanced"
    COST = "cost"


OBJECTIVE_RATIO = {Objective.AVAILABILITY: 0.4, Objective.BALANCED: 0.5, Objective.COST: 0.7}
"""Of the hardware's limit."""
LOWEST_RATIO = min(OBJECTIVE_RATIO.values()) - BAND_RATIO


class Band(NamedTuple):
    """A value with its lower and upper end."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What one instance is to be held at.

    Attributes:
        invocations: Per instance and minute; low <= middle <= high.
        resource: Whose use is tracked; None: of none that grows with load.
        used_ratio: Its use, 0–1; None without one.
        target_value: Its use in CloudWatch's units; None without one.
        reason: Why it is less than the objective's part of the hardware; "": it is that.
    """

    invocations: Band
    resource: Resource | None
    used_ratio: Band | None
    target_value: Band | None
    reason: str = ""


def find_limit(
    benchmark: Benchmark,
    saturation: Saturation,
    objective: Objective | LatencyObjective = Objective.BALANCED,
    resource: Resource | None = None,
) -> Limit:
    """Say at which use, and at how many invocations a minute, an instance is to be held.

    Utilization is laid over invocations, and what belongs to the objective's is read off, down to
    digits that mean something. It is
    never beyond saturation: where the hardware's limit is not what ends, the objective's part is
    taken of what does.

    Args:
        benchmark: Of one instance.
        saturation: Of the same; for a latency objective, found with the same objective.
        objective: A part of the hardware's limit, or a latency, whose limit is where it is passed,
            and no more than Objective.COST allows.
        resource: Whose use is tracked; None: what ends at saturation, or else is used most there.

    Raises:
        BenchmarkError: The use of the resource was not measured.

    Source: AWS's published method of sizing an endpoint in three steps: 40 % of the hardware's
        limit for availability, 50 % balanced, 70 % for cost; 45 to 55 % around 50 %.
    """
    chosen = _choose(benchmark, saturation, resource)
    return _round(_find_limit(benchmark, saturation, objective, chosen))


def _find_limit(
    benchmark: Benchmark,
    saturation: Saturation,
    objective: Objective | LatencyObjective,
    chosen: Resource | None,
) -> Limit:
    if isinstance(objective, LatencyObjective):
        held = _hold_latency(benchmark, saturation, chosen)
        return _cap_latency(held, benchmark, saturation, chosen)
    ratio = OBJECTIVE_RATIO[objective]
    band = Band(ratio - BAND_RATIO, ratio, ratio + BAND_RATIO)
    if chosen is None:
        why = "no use that grows with load was measured"
        return _share(benchmark, saturation, None, band, why)
    name, ends = NAMES[chosen], saturation.used_ratio[chosen]
    idle = _first(benchmark, chosen)
    ended = saturation.cause not in (None, Cause.LATENCY)
    if ended and ends < NEAR_RATIO[chosen]:
        why = f"{name} is used {ends:.0%} at most, and something else ends there"
        return _share(benchmark, saturation, chosen, band, why)
    if _is_level(benchmark, saturation, chosen):
        why = f"the use of {name} does not grow with load"
        return _share(benchmark, saturation, chosen, band, why)
    if chosen in HOLDS and idle >= LOWEST_RATIO:
        # Of every objective, or one that uses more could allow less.
        why = f"{name} is used {idle:.0%} under the least load already"
        return _share(benchmark, saturation, chosen, band, why)
    return _read(benchmark, saturation, chosen, band)


def tell_unkept(benchmark: Benchmark, objective: Objective | LatencyObjective) -> str:
    """Say why no number of instances keeps a latency: one passes it under the least load already.

    Returns:
        With the remedy; "" where an objective is not a latency, or some load keeps it.

    Raises:
        BenchmarkError: The objective's latency was not measured in any step.
    """
    if not isinstance(objective, LatencyObjective):
        return ""
    late = find_late(benchmark, objective)
    if late is None or late.bound is not Bound.AT_MOST:
        return ""
    latency_ms, quantile = objective
    known = (read_latency(step, quantile) for step in list_sound(benchmark))
    first = math.ceil(10.0 * next(each for each in known if each is not None)) / 10.0
    kind = f"{benchmark.machine.instance_type}: " if benchmark.machine.instance_type else ""
    return (
        f"{kind}p{100 * quantile:g} is over {latency_ms:g} ms under the least load already, "
        f"{first:g} ms: as far as was measured no number of instances keeps it; allow more, take a "
        "faster instance type, or measure again with less load in the first step"
    )


def convert_to_cloudwatch(resource: Resource, used_ratio: float, machine: Machine) -> float:
    """Give use in the units of an endpoint's metrics.

    Args:
        resource: Whose use.
        used_ratio: Of all of it, 0–1.
        machine: What it is in.

    Returns:
        Percent: 0–100 times cores of CPU, times accelerators of these and of their memory; 0–100
        of memory and disk.

    Raises:
        BenchmarkError: The machine has no such thing.

    Source: Amazon SageMaker Developer Guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch":
        CPUUtilization, GPUUtilization and GPUMemoryUtilization.
    """
    count = 1
    if resource is Resource.CPU:
        count = machine.cores
    elif resource in (Resource.GPU, Resource.GPU_MEMORY):
        count = machine.gpus
    if count < 1:
        kind = machine.instance_type or "the machine"
        raise BenchmarkError(
            f"{kind}: {NAMES[resource]}: it has {count}; say how many it has, or track another"
        )
    return PERCENT * count * used_ratio


def _choose(
    benchmark: Benchmark, saturation: Saturation, resource: Resource | None
) -> Resource | None:
    used = saturation.used_ratio
    if resource is not None:
        if resource not in used:
            listed = ", ".join(each.value for each in used) or "none"
            raise BenchmarkError(
                f"{benchmark.source or 'the load test'}: used_ratio: {resource.value} was not "
                f"measured ({listed} was); measure it, or track another"
            )
        return resource
    if saturation.bottleneck.resource is not None:
        return saturation.bottleneck.resource
    grown = {
        each: ratio for each, ratio in used.items() if not _is_level(benchmark, saturation, each)
    }
    return max(grown, key=lambda each: grown[each]) if grown else None


def _first(benchmark: Benchmark, resource: Resource) -> float:
    known = [step for step in list_sound(benchmark) if resource in step.used_ratio]
    return known[0].used_ratio[resource]


def _read(benchmark: Benchmark, saturation: Saturation, resource: Resource, band: Band) -> Limit:
    """Read a band of use off the curve, and cut what lies beyond its end."""
    most = draw_curve(benchmark, saturation, resource)[-1][0]
    if band.high <= most:
        return _hold(benchmark, saturation, resource, band)
    name, wanted = NAMES[resource], f"{band.middle:.0%} with {BAND_RATIO:.0%} above it"
    if saturation.cause is None:
        middle = min(band.middle, most)
        why = f"the load test ended with {name} at {most:.0%}, below {wanted}: load it more"
    else:
        middle = min(band.middle, _lower(most))
        why = f"it is saturated with {name} at {most:.0%}, below {wanted}"
    cut = Band(_lower(middle), middle, most)
    return replace(_hold(benchmark, saturation, resource, cut), reason=why)


def _hold_latency(benchmark: Benchmark, saturation: Saturation, resource: Resource | None) -> Limit:
    why = ""
    if saturation.cause is None:
        why = "the load test ended before the latency was passed: load it more"
    elif saturation.cause is not Cause.LATENCY:
        why = "it is saturated before the latency is passed"
    elif saturation.bound is Bound.AT_MOST:
        why = "the latency is passed under the least load already: load it less"
    if resource is None or _is_level(benchmark, saturation, resource):
        band = Band(1.0 - 2 * BAND_RATIO, 1.0 - BAND_RATIO, 1.0)
        return replace(_share(benchmark, saturation, resource, band, ""), reason=why)
    most = draw_curve(benchmark, saturation, resource)[-1][0]
    middle = _lower(most)
    band = Band(_lower(middle), middle, most)
    return replace(_hold(benchmark, saturation, resource, band), reason=why)


def _cap_latency(
    held: Limit, benchmark: Benchmark, saturation: Saturation, resource: Resource | None
) -> Limit:
    """Use no more than cost allows: a latency that is kept does not say that there is room.

    What works is full for a moment long before it is full on the average; what only holds things
    is not, so of that a latency that is passed is the limit.
    """
    if saturation.cause is Cause.LATENCY and (resource is None or resource in HOLDS):
        return held
    cost = _find_limit(benchmark, saturation, Objective.COST, resource)
    if cost.invocations.middle >= held.invocations.middle:
        return held
    why = held.reason or "the latency is passed where nearly all is used"
    most = f"{OBJECTIVE_RATIO[Objective.COST]:.0%}"
    if cost.reason:
        return replace(cost, reason=f"{why}. It is held as for cost; {cost.reason}")
    mark = ";" if ":" in why else ":"
    return replace(cost, reason=f"{why}{mark} held at the {most} of the hardware that cost allows")


def _hold(benchmark: Benchmark, saturation: Saturation, resource: Resource, used: Band) -> Limit:
    curve = draw_curve(benchmark, saturation, resource)
    found = Band(*(read_invocations(curve, each) for each in used))
    return Limit(found, resource, used, _convert(benchmark, resource, used))


def _share(
    benchmark: Benchmark,
    saturation: Saturation,
    resource: Resource | None,
    band: Band,
    why: str,
) -> Limit:
    """Take the objective's part of what is carried, and not of what the hardware has."""
    found = Band(*(each * saturation.invocations for each in band))
    reason = f"{why}: {band.middle:.0%} are taken of what it carries" if why else ""
    if resource is None:
        return Limit(found, None, None, None, reason)
    drawn = draw_curve(benchmark, saturation, resource)
    points = [(invocations, used) for used, invocations in drawn]
    used = Band(*(interpolate(points, each) for each in found))
    return Limit(found, resource, used, _convert(benchmark, resource, used), reason)


def _convert(benchmark: Benchmark, resource: Resource, used: Band) -> Band:
    return Band(*(convert_to_cloudwatch(resource, each, benchmark.machine) for each in used))


def _is_level(benchmark: Benchmark, saturation: Saturation, resource: Resource) -> bool:
    """Say whether use does not come with load; of the least load only what holds things may not."""
    grown = saturation.used_ratio[resource] - _first(benchmark, resource)
    if saturation.load <= measure_load(benchmark.steps)(list_sound(benchmark)[0]):
        return resource in HOLDS or not saturation.used_ratio[resource]
    return grown < GROWTH_RATIO


def _round(limit: Limit) -> Limit:
    """Take as many digits as mean anything; rather less is carried than more."""
    found = replace(limit, invocations=Band(*map(round_down, limit.invocations)))
    if limit.used_ratio is None or limit.target_value is None:
        return found
    target = Band(*map(round_down, limit.target_value))
    used = Band(
        *(
            used * now / before if before else used
            for used, now, before in zip(limit.used_ratio, target, limit.target_value, strict=True)
        )
    )
    return replace(found, used_ratio=used, target_value=target)


def _lower(used_ratio: float) -> float:
    return max(used_ratio - BAND_RATIO, used_ratio / 2)

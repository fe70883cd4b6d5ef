"""Where does one instance saturate, and which of its resources ends there?

Whichever comes first as more is asked: it answers no more than before, it answers too late, or it
no longer answers everything. A single odd step is noise; what most of the steps after it deny did
not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Resource, Step
from flyball.sizing.between import interpolate
from flyball.sizing.bottleneck import NAMES, Bottleneck, tell_bottleneck
from flyball.sizing.dips import leave_out_dips, list_near, tell_dips
from flyball.sizing.full import GROWTH_RATIO, NEAR_RATIO, find_full
from flyball.sizing.rounding import round_down, show_figure

__all__ = ("NAMES", "Bottleneck")
"""What others take from here, though it stands elsewhere."""
FAILED_RATIO = 0.01
"""So many calls that fail are too many."""
ENDS = 2
"""Steps that say nothing of what lies between them."""
BACKGROUND_RATIO = 0.05
"""So few that fail under the least load may fail under any: a route that is not there, say."""
MORE_LOAD = 1.2
"""Load is more, when it is this much more: 20 % more of it should show in what is answered."""
FLAT_RATIO = 0.05
"""What is answered is the same within this part of it."""
NOISE_RATIO = 0.15
"""One step in a row of flat ones may stand out by this part."""
PEAK = (
    "a job such as this one raises the load until more of it brings no more answers, so its most "
    "is taken for saturation"
)


class LatencyObjective(NamedTuple):
    """How long an answer may take.

    Attributes:
        latency_ms: Milliseconds, > 0.
        quantile: Of the answers, 0–1: so many of them are to keep it.
    """

    latency_ms: float
    quantile: float = 0.95


class Cause(Word):
    """By what saturation showed itself."""

    FAILURES = "failures"
    LATENCY = "latency"
    FLAT = "flat"


class Bound(Word):
    """What is known of the saturation point."""

    EXACT = "exact"
    """Loads on either side of it were held."""
    AT_LEAST = "at_least"
    """No load was too much."""
    AT_MOST = "at_most"
    """The least load was too much already."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """The most that one instance carries.

    Attributes:
        invocations: A minute that are answered there, >= 0.
        load: Users, or requests a minute where the load was a rate, at which it shows.
        bound: Whether it is known, or a bound.
        cause: By what it showed; None: not at all.
        bottleneck: What ended.
        used_ratio: Use of each measured resource there, 0–1.
        concurrency: How many are served at a time there, by the median latency of the least load;
            None: that was not measured, or saturates already, so that waiting is in it.
        sentence: All of it, for people.
    """

    invocations: float
    load: float
    bound: Bound
    cause: Cause | None
    bottleneck: Bottleneck
    used_ratio: Mapping[Resource, float]
    concurrency: float | None
    sentence: str


class Point(NamedTuple):
    """Where something shows: at which load, and how much is answered there.

    Of `full` the use is read, where an instance that was full already was asked for more. It is
    seen at `seen`, the first load at which there is too much of something; 0: of no such.
    """

    load: float
    invocations: float
    cause: Cause | None
    bound: Bound
    full: float | None = None
    seen: float = 0.0


def find_saturation(benchmark: Benchmark, objective: LatencyObjective | None = None) -> Saturation:
    """Say how much one instance carries, and what ends there.

    Load is what was asked: users where every step says how many, else requests sent. Between the
    last step that was well and the first that was not, values are interpolated.

    Args:
        benchmark: Of one instance; its steps may be noisy, and fall again after the peak.
        objective: How long an answer may take; None: as long as it likes.

    Raises:
        BenchmarkError: The objective's latency was not measured in any step.

    Source: Denning and Buzen, "The Operational Analysis of Queueing Network Models" (1978):
        throughput is bounded by its bottleneck, and what is in service is throughput times the
        time of service. That latency or failures show the peak: Amazon SageMaker Developer Guide,
        "Load testing your auto scaling configuration"; how many of them is chosen here.
    """
    steps = list_sound(benchmark)
    late, load = None if objective is None else find_late(benchmark, objective), measure_load(steps)
    flat = _find_flat(steps)
    if late is not None and not _find_flat([each for each in steps if load(each) < late.seen]):
        flat = None  # it shows no earlier than that answers are late
    shown = [each for each in (_find_failures(steps), flat, late) if each is not None]
    point = min(shown, key=lambda each: each.load) if shown else _find_most(steps)
    is_told = point.cause is None and benchmark.is_peak
    if is_told:
        point = point._replace(cause=Cause.FLAT, bound=Bound.EXACT)
    used = {
        resource: interpolate(_curve(steps, resource), point.full or point.load)
        for resource in Resource
        if any(resource in step.used_ratio for step in steps)
    }
    bottleneck = _find_bottleneck(steps, point.load, used) if point.cause else Bottleneck.UNKNOWN
    concurrency = None if queues(benchmark, point) else _count_served(steps, point.invocations)
    said = _tell(point, bottleneck, used, objective, PEAK if is_told else "")
    near = list_near(order_steps(benchmark), measure_load(benchmark.steps), point.load)
    return Saturation(
        invocations=point.invocations,
        load=point.load,
        bound=point.bound,
        cause=point.cause,
        bottleneck=bottleneck,
        used_ratio=used,
        concurrency=concurrency,
        sentence=f"{said} {tell_dips(near)}".rstrip(),
    )


def order_steps(benchmark: Benchmark) -> tuple[Step, ...]:
    """Give the steps from the least load to the most; see measure_load."""
    load = measure_load(benchmark.steps)
    return tuple(sorted(benchmark.steps, key=load))


def list_sound(benchmark: Benchmark) -> tuple[Step, ...]:
    """Give the steps in this order without those in which the instance was disturbed."""
    return leave_out_dips(order_steps(benchmark))


def queues(benchmark: Benchmark, found: Point | Saturation) -> bool:
    """Say whether the least load saturates already, so that its latency has waiting in it."""
    least = order_steps(benchmark)[0]
    return found.cause is not None and found.load <= measure_load(benchmark.steps)(least)


def measure_load(steps: Sequence[Step]) -> Callable[[Step], float]:
    """Choose what load means: users where every step says how many, else requests sent.

    Users who wait for their answer send no more than is answered: what they send does not grow.
    """
    if all(step.users is not None for step in steps):
        return lambda step: step.users or 0.0
    return lambda step: step.offered


def read_latency(step: Step, quantile: float) -> float | None:
    """Give a step's latency at a quantile, or at the next higher one that was measured.

    Returns:
        Milliseconds; None where neither was measured.
    """
    known = [each for each in step.latency_ms if each >= quantile]
    return step.latency_ms[min(known)] if known else None


def find_late(benchmark: Benchmark, objective: LatencyObjective) -> Point | None:
    """Find where a latency objective is passed; None: in no step.

    Raises:
        BenchmarkError: The objective is none, or its latency was not measured in any step.
    """
    latency_ms, quantile = objective
    if not (0.0 < latency_ms < float("inf") and 0.0 < quantile < 1.0):
        raise BenchmarkError(
            f"objective: {latency_ms!r} ms at quantile {quantile!r} is none; "
            "give milliseconds above 0 and a quantile between 0 and 1, such as 0.95"
        )
    steps = list_sound(benchmark)
    known = [(step, read_latency(step, quantile)) for step in steps]
    measured = [(step, latency) for step, latency in known if latency is not None]
    if not measured:
        has = sorted({each for step in steps for each in step.latency_ms})
        listed = ", ".join(f"p{100 * each:g}" for each in has) or "no latency"
        raise BenchmarkError(
            f"{benchmark.source or 'the load test'}: latency_ms: p{100 * quantile:g} was not "
            f"measured, only {listed}; choose one of these, or measure again"
        )
    late = [(step, latency / latency_ms) for step, latency in measured]
    return _cross(late, measure_load(steps), Cause.LATENCY, strictly=True)


def _find_failures(steps: Sequence[Step]) -> Point | None:
    """Find where load makes calls fail: what fails under the least load is not of load.

    One or two steps tell nothing of that, and where many fail at first, that was too much.
    """
    asked = [step for step in steps if step.offered]
    background = asked[0].failed_ratio if len(asked) > ENDS else 0.0
    if background > BACKGROUND_RATIO:
        background = 0.0
    failed = [(step, (step.failed_ratio - background) / FAILED_RATIO) for step in asked]
    return _cross(failed, measure_load(steps), Cause.FAILURES, strictly=False)


def _cross(
    values: Sequence[tuple[Step, float]],
    load: Callable[[Step], float],
    cause: Cause,
    *,
    strictly: bool,
) -> Point | None:
    """Find where a value comes to 1 for good: in most of the steps from there on."""
    over = [value > 1.0 or (value == 1.0 and not strictly) for _, value in values]
    for index, (step, value) in enumerate(values):
        rest = over[index:]
        if not over[index] or 2 * sum(rest) <= len(rest) or _passes(values, over, index):
            continue
        before = [each for each, is_over in zip(values, over[:index], strict=False) if not is_over]
        if not before:
            return Point(load(step), step.answered, cause, Bound.AT_MOST, seen=load(step))
        well, low = before[-1]
        part, at = (1.0 - low) / (value - low), None
        # Who is turned away is not answered: past the peak less is answered than at it.
        carried = well.answered + part * (step.answered - well.answered)
        if cause is Cause.FAILURES:
            allowed = step.failed_ratio - FAILED_RATIO * (value - 1.0)
            full = find_full([each for each, _ in values], well, step, allowed)
            if full is not None and full.answered > carried:
                part, carried, at = max(part, full.part), full.answered, load(step)
        place = load(well) + part * (load(step) - load(well))
        return Point(place, carried, cause, Bound.EXACT, at, load(step))
    return None


def _passes(values: Sequence[tuple[Step, float]], over: Sequence[bool], index: int) -> bool:
    """Say whether it was over once only: the next step, which carries more, is not."""
    (step, _), later = values[index], values[index + 1 : index + 2]
    return any(
        not is_over and each.answered > (1 + NOISE_RATIO) * step.answered
        for (each, _), is_over in zip(later, over[index + 1 :], strict=False)
    )


def _find_flat(steps: Sequence[Step]) -> Point | None:
    """Find the first step after which more is asked, and no more is answered."""
    load = measure_load(steps)
    for index, step in enumerate(steps):
        later = [each.answered for each in steps if load(each) >= MORE_LOAD * load(step) > 0.0]
        if not later or not step.answered:
            continue
        same, most = step.answered * (1 + FLAT_RATIO), step.answered * (1 + NOISE_RATIO)
        if max(later) <= same or (median(later) <= same and max(later) <= most):
            near = step.answered * FLAT_RATIO
            after = [each.answered for each in steps[index:]]
            level = median([each for each in after if abs(each - step.answered) <= near])
            return Point(load(step), level, Cause.FLAT, Bound.EXACT)
    return None


def _find_most(steps: Sequence[Step]) -> Point:
    best = max(steps, key=lambda step: step.answered)
    return Point(measure_load(steps)(best), best.answered, None, Bound.AT_LEAST)


def _curve(steps: Sequence[Step], resource: Resource) -> list[tuple[float, float]]:
    load = measure_load(steps)
    known = [step for step in steps if resource in step.used_ratio]
    return [(load(step), step.used_ratio[resource]) for step in known]


def _find_bottleneck(
    steps: Sequence[Step], load: float, used: Mapping[Resource, float]
) -> Bottleneck:
    """Take what is nearest to its end of what load brought there."""
    if not used:
        return Bottleneck.UNKNOWN
    near = {
        resource: ratio
        for resource, ratio in used.items()
        if ratio >= NEAR_RATIO[resource] and _grows(_curve(steps, resource), load, ratio)
    }
    if not near:
        return Bottleneck.CONCURRENCY
    return Bottleneck(max(near, key=lambda resource: near[resource] - NEAR_RATIO[resource]).value)


def _grows(curve: Sequence[tuple[float, float]], load: float, ratio: float) -> bool:
    """Say whether use came with load; of the least load nobody can say that it did not."""
    least, idle = curve[0]
    return len(curve) == 1 or load <= least or ratio - idle >= GROWTH_RATIO


def _count_served(steps: Sequence[Step], invocations: float) -> float | None:
    """Say how many are in service at a time: throughput times the time alone on the instance."""
    known = [latency for step in steps if (latency := read_latency(step, 0.5)) is not None]
    return invocations / 60.0 * known[0] / 1_000.0 if known else None


def _tell(
    point: Point,
    bottleneck: Bottleneck,
    used: Mapping[Resource, float],
    objective: LatencyObjective | None,
    why: str,
) -> str:
    carried = f"{show_figure(round_down(point.invocations))} requests a minute"
    if point.cause is None:
        return (
            f"One instance carries {carried} at least: the load test ended before it was "
            "saturated. Raise the load until more of it brings no more answers."
        )
    if point.cause is Cause.LATENCY and objective is not None:
        quantile = f"p{100 * objective.quantile:g}"
        why = f"above that {quantile} is over {objective.latency_ms:g} ms"
    elif point.cause is Cause.FAILURES:
        why = f"above that {FAILED_RATIO:.0%} of the calls fail"
    else:
        why = why or "more load brings no more answers"
    most = "at most" if point.bound is Bound.AT_MOST else "up to"
    said = f"One instance carries {most} {carried}: {why}. {tell_bottleneck(bottleneck, used)}"
    if point.bound is Bound.AT_MOST:
        said += " The least load was too much already; begin with less."
    return said

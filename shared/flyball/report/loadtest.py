"""How does a load test read: while it runs, and when it has ended?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.bottleneck import tell_bottleneck
from flyball.sizing.load.drive import Course, Moment, Phase
from flyball.sizing.load.ladder import NEAR_FACTOR, Ending
from flyball.sizing.load.record import encode_benchmark
from flyball.sizing.load.tally import (
    BROKEN,
    DROPPED,
    MINUTE_S,
    QUANTILES,
    REFUSED,
    TIMED_OUT,
    UNKNOWN_HOST,
    UNTRUSTED,
    Tick,
    find_quantile,
    merge,
)
from flyball.sizing.saturation import (
    FAILED_RATIO,
    NAMES,
    Bound,
    Cause,
    LatencyObjective,
    Saturation,
    find_saturation,
)
from flyball.sizing.sound import tell_unsound

MS_PER_S = 1_000.0
TENTH = 10.0
"""Below so many, a figure has a decimal."""

ENDINGS = {
    Ending.SATURATED: "",
    Ending.LISTED: "All loads that were given were held.",
    Ending.LIMIT: "It ended at a hard limit, which allows no more load:",
    Ending.TIME: "It ended with --max-time.",
    Ending.INTERRUPTED: "It was interrupted; what was found before counts.",
    Ending.REFUSED: "It ended because the server takes no connections any more: is it still there?",
    Ending.HANGS: "It ended because the server answers nothing any more.",
    Ending.GENERATOR: (
        "It ended because the load generator used a whole core: more load than this cannot be sent "
        "from here, and the last step does not count."
    ),
    Ending.LOST: "It ended because the load generator was lost.",
}
"""Why a load test ended, for people."""


THROTTLED = (
    "Somebody allows no more calls than this (status 429), whatever the instance carries: what "
    "ends it is that limit, and more workers answer no more. Raise it, and measure again."
)


class Unit(NamedTuple):
    """What load is, for people: its name, and what one of it is called."""

    title: str
    words: str


USERS, RATE = Unit("users", "users"), Unit("asked/s", "requests/s")


def tell_moment(moment: Moment, recent: Sequence[Tick], unit: Unit) -> str:
    """Say on one line what happens now.

    Args:
        moment: Now.
        recent: What its figures are of, shape (n,), n >= 1.
        unit: Of its load.
    """
    last = merge(recent)
    rate = last.answered / last.span_s
    late = find_quantile(last.bins, 0.95)
    parts = [
        f"{moment.load:,g} {unit.words}",
        moment.phase.value,
        f"{tell_figure(rate)}/s answered",
        f"p95 {'–' if late is None else tell_latency(late)}",
        f"{last.failed_ratio:.1%} failed",
        f"{moment.elapsed_s:,.0f} s",
    ]
    if moment.phase is Phase.DRAINING:
        parts[0] = f"{last.waiting:,} waiting"
    return "  ".join(parts)


def tell_step(step: Step, unit: Unit) -> str:
    """Say on one line what came of a load."""
    named = zip(heads([step], unit), row(step, unit, [step]), strict=True)
    return "  ".join(f"{title} {figure}" for title, figure in named)


def heads(steps: Sequence[Step], unit: Unit) -> list[str]:
    """Name the columns of a table of steps: of each resource that any of them has."""
    quantiles = [f"p{100 * each:g}" for each in _quantiles(steps)]
    return [unit.title, "answered/s", *quantiles, "failed", *(NAMES[each] for each in _used(steps))]


def row(step: Step, unit: Unit, steps: Sequence[Step]) -> list[str]:
    """Give a step's row of the table of these steps."""
    load = step.offered / MINUTE_S if step.users is None else step.users
    latencies = [step.latency_ms.get(each) for each in _quantiles(steps)]
    used = [step.used_ratio.get(each) for each in _used(steps)]
    return [
        tell_figure(load) if unit is RATE else f"{load:,g}",
        tell_figure(step.answered / MINUTE_S),
        *("–" if each is None else tell_latency(each) for each in latencies),
        f"{step.failed_ratio:.1%}",
        *("–" if each is None else f"{each:.0%}" for each in used),
    ]


def conclude(
    course: Course, benchmark: Benchmark | None, objective: LatencyObjective | None
) -> list[str]:
    """Say what a load test found, and what it did not: a paragraph each."""
    if benchmark is None:
        return tell_end(course)
    if why := tell_unsound(benchmark):
        return [f"This is no measure of an instance: {why}.", *tell_end(course)]
    found = find(benchmark, objective)
    said = found.sentence
    if found.cause is Cause.FAILURES and _is_throttled(course):
        said = said.replace(tell_bottleneck(found.bottleneck, found.used_ratio), THROTTLED)
    return [said, *_tell_gap(course, found), *tell_end(course)]


def _is_throttled(course: Course) -> bool:
    """Say whether most of what failed was turned away by a limit on calls."""
    return 2 * course.failed.get("429", 0) > sum(course.failed.values())


def _tell_gap(course: Course, found: Saturation) -> list[str]:
    """Say that no whole number of users lies between what was well and what was too much."""
    known = [(step.users, step) for step in course.steps if step.users is not None]
    held = sorted(known, key=lambda each: each[0])
    before = [each for each in held if each[0] <= found.load]
    after = [each for each in held if each[0] > found.load]
    if found.bound is not Bound.EXACT or not (before and after):
        return []
    (well, last), (more, first) = before[-1], after[0]
    is_much = found.cause is Cause.LATENCY or first.failed_ratio >= FAILED_RATIO
    if not is_much or more > well + 1 or more <= well * NEAR_FACTOR:
        return []
    count = "1 user is" if well == 1.0 else f"{well:g} users are"
    rate = tell_figure(last.answered / MINUTE_S).replace(",", "")
    told = f"{count} well and {more:g} too much, with none between: it may carry more than was "
    return [f"{told}found. A rate finds the loads between: --rate --start {rate}."]


def tell_end(course: Course) -> list[str]:
    """Say why a load test ended, and what failed in it: a paragraph each."""
    told = []
    if course.ending is not None and ENDINGS[course.ending]:
        more = f"{find_limit(course)}." if course.ending is Ending.LIMIT else course.trouble
        told.append(f"{ENDINGS[course.ending]} {more}".strip())
    if course.failed:
        counted = sorted(course.failed.items(), key=lambda each: -each[1])
        told.append(
            "Failed: " + "; ".join(f"{count:,} × {_name(cause)}" for cause, count in counted)
        )
    return told


def find_limit(course: Course) -> str | None:
    """Name the option whose hard limit ended a load test; None: none did."""
    if course.ending is Ending.TIME:
        return "--max-time"
    if course.ending is not Ending.LIMIT:
        return None
    by_users = all(step.users is not None for step in course.steps)
    return "--max-users" if by_users and not course.left_out else "--max-rate"


def as_json(
    course: Course, benchmark: Benchmark | None, objective: LatencyObjective | None
) -> Mapping[str, object]:
    """Give what a load test found, for other programs."""
    found = None if benchmark is None else find(benchmark, objective)
    return {
        "benchmark": None if benchmark is None else encode_benchmark(benchmark),
        "saturation": None if found is None else describe_saturation(found),
        "ending": None if course.ending is None else course.ending.value,
        "limit": find_limit(course),
        "failed": dict(course.failed),
        "left_out": list(course.left_out),
        "throttled": _is_throttled(course),
        "elapsed_s": round(course.elapsed_s, 3),
    }


def find(benchmark: Benchmark, objective: LatencyObjective | None) -> Saturation:
    """Find the saturation; an objective whose latency nobody measured, for all failed, is none."""
    measured = any(step.latency_ms for step in benchmark.steps)
    return find_saturation(benchmark, objective if measured else None)


def tell_figure(value: float) -> str:
    """Write a figure: with a decimal where it is small."""
    return f"{value:,.0f}" if value >= TENTH else f"{value:.1f}"


def tell_latency(latency_ms: float) -> str:
    """Write a latency in the unit that suits it."""
    if latency_ms >= TENTH * MS_PER_S:
        return f"{latency_ms / MS_PER_S:.1f} s"
    return f"{latency_ms:,.0f} ms" if latency_ms >= TENTH else f"{latency_ms:.1f} ms"


def describe_saturation(found: Saturation) -> Mapping[str, object]:
    """Give where one instance saturates, for other programs."""
    return {
        "invocations_per_minute": found.invocations,
        "load": found.load,
        "bound": found.bound.value,
        "cause": None if found.cause is None else found.cause.value,
        "bottleneck": found.bottleneck.value,
        "used_ratio": {each.value: used for each, used in found.used_ratio.items()},
        "concurrency": found.concurrency,
        "sentence": found.sentence,
    }


def _quantiles(steps: Sequence[Step]) -> list[float]:
    known = {each for step in steps for each in step.latency_ms}
    return sorted(known or QUANTILES)


def _used(steps: Sequence[Step]) -> list[Resource]:
    return [each for each in Resource if any(each in step.used_ratio for step in steps)]


def _name(cause: str) -> str:
    remedies = {
        BROKEN: "the connection broke",
        DROPPED: "not sent, for --max-users were under way already",
        REFUSED: "the connection was refused",
        TIMED_OUT: "no answer within --timeout",
        UNKNOWN_HOST: "the host was not found",
        UNTRUSTED: "the certificate is not trusted",
        "429": "status 429: somebody allows no more calls than this, whatever the instance carries",
    }
    return remedies.get(cause, f"status {cause}")
